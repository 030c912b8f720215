"""What one closed-loop step of a trained LSTM costs, compiled and by Paddle's eager cell.

The networks are those of the published records. Both sides take one sample in its units, as an
array, and give the forecasts in their units, as an array; they take turns in short bursts in one
process, and the median burst counts.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import sciml  # noqa: F401 - makes the process settings, which must precede Paddle

# isort: split
import numpy as np
import paddle
from paddle import nn
from reporting import Row, report

from sciml.core.axes import FloatArray
from sciml.hydro.lstm import LSTMForecaster
from sciml.hydro.lstm_step import CompiledLSTM
from sciml.training.optimiser import layer_arrays
from sciml.training.run import record_folder

RECORDS = ("hydro/wave-loads-lstm", "hydro/cavity-pressure-lstm")
BAR = 50.0  # µs for a step
BURST = 200  # steps
AGREEMENT = 1e-5  # largest deviation from Paddle, over the spread of the targets

Step = Callable[[FloatArray], FloatArray]


def paddle_step(forecaster: LSTMForecaster) -> Step:
    """The same step by hand: scaling, ``LSTMCell``, head, scaling back."""
    layer, scaling, targets, window, model = forecaster.trained
    arrays, outputs = layer_arrays(layer), scaling.only(targets)
    cell = nn.LSTMCell(len(scaling.channels), model.hidden)
    for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        getattr(cell, name).set_value(arrays[f"recurrent.{name}_l0"])
    shape = (len(window.leads), len(targets))
    memory = [None]

    def step(sample: FloatArray) -> FloatArray:
        with paddle.no_grad():
            inputs = paddle.to_tensor(scaling.apply(sample)[None].astype(np.float32))
            hidden, memory[0] = cell(inputs, memory[0])
            scaled = layer.head(hidden).numpy().astype(np.float64)
        return outputs.invert(scaled.reshape(shape))

    return step


def microseconds(step: Step, samples: FloatArray) -> float:
    """Mean time of a step in a burst."""
    started = time.perf_counter()
    for sample in samples:
        step(sample)
    return 1e6 * (time.perf_counter() - started) / len(samples)


def compared(record: str, bursts: int) -> list[Row]:
    """The rows of one network."""
    forecaster = LSTMForecaster.load(record_folder(record))
    _, scaling, targets, _, model = forecaster.trained
    noise = np.random.default_rng(0).normal(size=(BURST, len(scaling.channels)))
    samples = scaling.invert(noise)
    single, double = (CompiledLSTM.from_forecaster(forecaster, t) for t in (np.float32, np.float64))
    eager = paddle_step(forecaster)
    spread = scaling.only(targets).std
    gaps = [np.abs((single.step(sample) - eager(sample)) / spread).max() for sample in samples]
    double.read(samples)
    times: dict[str, list[float]] = {"single": [], "double": [], "eager": []}
    for _ in range(bursts):
        times["single"].append(microseconds(single.step, samples))
        times["double"].append(microseconds(double.step, samples))
        times["eager"].append(microseconds(eager, samples))
    median = {name: statistics.median(values) for name, values in times.items()}
    what = f"hidden {model.hidden}"
    return [
        Row(f"LSTM closed-loop step, {what}", median["single"], "µs", BAR, "less", median["eager"]),
        Row(f"the same in double precision, {what}", median["double"], "µs", BAR),
        Row(f"largest deviation from Paddle, {what}", max(gaps), "of spread", AGREEMENT),
    ]


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bursts", type=int, default=21)
    bursts = parser.parse_args().bursts
    rows = [row for record in RECORDS for row in compared(record, bursts)]
    report(
        f"closed-loop step of a trained LSTM, {bursts} bursts of {BURST} steps; peer: Paddle", rows
    )


if __name__ == "__main__":
    main()
