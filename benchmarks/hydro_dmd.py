"""Dynamic modes with control: recovery from short runs, time of a fit, errors on planned controls.

The peer, PyDMD, is measured when it can be imported. It takes one series, so that short runs can
only be given to it end to end, and it has no forecast of a run under new controls.
"""

import argparse
import importlib
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from reporting import Row, report

from sciml.core.axes import FloatArray
from sciml.hydro.cases import INSIDE, OUTSIDE, TRAIN, Case, Cases, Splits
from sciml.hydro.dmd import DynamicModes
from sciml.hydro.forecast import normalised_errors
from sciml.hydro.histories import simulated_cavities

CONTROLS = ("ambient_pressure", "ventilation")
DELAYS, RANK, RIDGE = 50, 20, 1e-3
LEADS = (1, 10, 50)  # 2, 20, 100 ms
A = np.array([[0.9, 0.2, 0.0], [-0.3, 0.8, 0.1], [0.0, 0.05, 0.7]])
B = np.array([[0.0, 1.0], [0.4, 0.0], [-0.2, 3.0]])
EXACT = 1e-11  # largest error of an element of A


def short_runs(count: int = 6, samples: int = 12) -> list[FloatArray]:
    """Runs of x' = A x + B u without noise. Each of shape (time, state and control)."""
    runs = []
    for number in range(count):
        generator = np.random.default_rng(number)
        u, x = generator.normal(size=(samples, 2)), np.empty((samples, 3))
        x[0] = generator.normal(size=3)
        for t in range(samples - 1):
            x[t + 1] = A @ x[t] + B @ u[t]
        runs.append(np.concatenate([x, u], axis=1))
    return runs


def our_error() -> float:
    """Largest error of A from the short runs."""
    whole = {str(n): Case(run, slice(0, 12), slice(0, 12)) for n, run in enumerate(short_runs())}
    modes = DynamicModes(controls=["u", "v"])
    modes.fit(Cases(whole, ("x", "y", "z", "u", "v"), ("x", "y", "z"), 1.0))
    return float(np.abs(modes.operators()["A"].values - A).max())


def peer_error(pydmd: Any) -> float:
    """The same of PyDMD, from the runs end to end."""
    joined = np.concatenate(short_runs())
    found = pydmd.DMDc(svd_rank=-1)
    found.fit(joined[:, :3].T, joined[:-1, 3:].T)
    lifted = found.basis @ found.operator.as_numpy_array @ found.basis.conj().T
    return float(np.abs(lifted - A).max())


def milliseconds(call: Callable[[], Any], repetitions: int) -> float:
    """Median time of a call."""
    times = []
    for _ in range(repetitions):
        started = time.perf_counter()
        call()
        times.append(1e3 * (time.perf_counter() - started))
    return statistics.median(times)


def cavity_modes() -> DynamicModes:
    """What is fitted to the simulated cavities."""
    return DynamicModes(
        DELAYS, controls=CONTROLS, control_delays=DELAYS, rank=RANK, ridge=RIDGE, stable=True
    )


def peer_fit(pydmd: Any, run: FloatArray) -> None:
    """Fit PyDMD to one scaled run, delay-embedded by hand."""
    windows = np.lib.stride_tricks.sliding_window_view(run, DELAYS, axis=0)
    state = windows[:, 0].T
    controls = windows[:-1, 1:].reshape(len(windows) - 1, -1).T
    pydmd.DMDc(svd_rank=RANK).fit(state, controls)


def error_rows(splits: Splits) -> list[Row]:
    """Normalised errors when the controls' future is told and when it is not."""
    modes, rows = cavity_modes(), []
    modes.fit(splits[TRAIN])
    for part in (INSIDE, OUTSIDE):
        told, held = (
            normalised_errors(modes, splits[part], LEADS, plan).values for plan in (CONTROLS, ())
        )
        for index, lead in enumerate(LEADS):
            name = f"normalised error, {part}, {2 * lead} ms"
            rows.append(Row(f"{name}, planned", float(told[index]), "1"))
            rows.append(Row(f"{name}, held", float(held[index]), "1"))
    return rows


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=7)
    repetitions = parser.parse_args().repetitions
    try:
        pydmd = importlib.import_module("pydmd")
    except ImportError:
        pydmd = None
    splits = simulated_cavities()
    one = splits[TRAIN].chosen(["3 Hz"])
    case = one.cases["3 Hz"]
    scaled = one.scaling().apply(case.values[case.active])
    single = milliseconds(lambda: cavity_modes().fit(one), repetitions)
    peer = milliseconds(lambda: peer_fit(pydmd, scaled), repetitions) if pydmd else None
    every = milliseconds(lambda: cavity_modes().fit(splits[TRAIN]), repetitions)
    wrong = peer_error(pydmd) if pydmd else None
    report(
        "dynamic modes with control; peer: PyDMD",
        [
            Row("error of A from 6 runs of 12 samples", our_error(), "1", EXACT, "less", wrong),
            Row("fit of 1 run of 1250 samples", single, "ms", None, "less", peer),
            Row(f"fit of {len(splits[TRAIN].cases)} such runs", every, "ms"),
            *error_rows(splits),
        ],
    )


if __name__ == "__main__":
    main()
