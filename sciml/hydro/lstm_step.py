"""A trained LSTM forecaster as a compiled step: one new sample in, the forecasts out.

The network was trained on windows, each read from an empty state, and that is how
:meth:`sciml.hydro.lstm.LSTMForecaster.predict` uses it: every forecast reads a whole *rolling
window* anew. A step keeps a *running state* instead: it reads the new sample alone, and what it
knows of the past is in the state. After as many steps as the window is long the two agree; with
every further step the state has read more than any window in training, so the forecasts differ,
for the better or the worse. :meth:`CompiledLSTM.read` on an emptied state is the rolling window.
"""

import math
from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import DTypeLike, NDArray

from sciml.core.axes import FloatArray, axes
from sciml.core.errors import BadInput
from sciml.data.checks import numbers
from sciml.hydro.lstm import LSTMForecaster
from sciml.training.optimiser import layer_arrays

Real = NDArray[np.floating[Any]]


class _Network(NamedTuple):
    """Weights with the outputs along the rows, so that the inner loops run over neighbours."""

    feeding: Real  # (layer, input, 4 hidden), zero rows where a layer has fewer inputs
    recurring: Real  # (layer, hidden, 4 hidden)
    bias: Real  # (layer, 4 hidden)
    head: Real  # (hidden, lead x target)
    head_bias: Real  # (lead x target,)
    mean: FloatArray  # (channel,)
    std: FloatArray  # (channel,)
    targets: NDArray[np.int64]  # numbers of the target channels
    next_row: int  # row of the forecast one sample ahead; -1 if there is none


class _Memory(NamedTuple):
    """What changes from step to step."""

    hidden: Real  # (layer, hidden)
    cell: Real  # (layer, hidden)
    gates: Real  # (4 hidden,)
    inputs: Real  # (channel,), the last scaled sample
    outputs: Real  # (lead x target,), the last scaled forecast


# Nothing here is ever NaN or infinite: tanh cannot overflow where exp could.
@numba.njit(cache=True, fastmath=True)
def _update(network: _Network, memory: _Memory, layer: int, inputs: Real) -> None:
    """One cell: input, forget, candidate and output gates, then the new state."""
    gates, hidden, cell = memory.gates, memory.hidden[layer], memory.cell[layer]
    width, size = len(gates), len(hidden)
    for j in range(width):
        gates[j] = network.bias[layer, j]
    for k in range(len(inputs)):
        value, row = inputs[k], network.feeding[layer, k]
        for j in range(width):
            gates[j] += value * row[j]
    for k in range(size):
        value, row = hidden[k], network.recurring[layer, k]
        for j in range(width):
            gates[j] += value * row[j]
    half = gates.dtype.type(0.5)
    for j in range(size):  # half + half tanh(x/2) is the logistic function
        enter = half + half * math.tanh(half * gates[j])
        keep = half + half * math.tanh(half * gates[size + j])
        leave = half + half * math.tanh(half * gates[3 * size + j])
        cell[j] = keep * cell[j] + enter * math.tanh(gates[2 * size + j])
        hidden[j] = leave * math.tanh(cell[j])


@numba.njit(cache=True)  # without fastmath: NaN marks a gap
def _take_in(network: _Network, memory: _Memory, sample: FloatArray) -> bool:
    """Scale a sample; a gap keeps the last value, or for a target takes the forecast of it."""
    for value in sample:
        if math.isinf(value):
            return False
    if network.next_row < 0:
        for target in network.targets:
            if math.isnan(sample[target]):
                return False
    for channel in range(len(sample)):
        if not math.isnan(sample[channel]):
            scaled = (sample[channel] - network.mean[channel]) / network.std[channel]
            memory.inputs[channel] = scaled
    for index in range(len(network.targets)):
        target = network.targets[index]
        if math.isnan(sample[target]):
            memory.inputs[target] = memory.outputs[network.next_row + index]
    return True


@numba.njit(cache=True)
def _read(network: _Network, memory: _Memory, samples: FloatArray) -> int:
    """Take in samples one after another; the number of those that could be."""
    outputs, last = memory.outputs, len(memory.hidden) - 1
    for number in range(len(samples)):
        if not _take_in(network, memory, samples[number]):
            return number
        _update(network, memory, 0, memory.inputs)
        for layer in range(1, last + 1):
            _update(network, memory, layer, memory.hidden[layer - 1])
        outputs[:] = network.head_bias
        for k in range(memory.hidden.shape[1]):
            value, row = memory.hidden[last, k], network.head[k]
            for j in range(len(outputs)):
                outputs[j] += value * row[j]
    return len(samples)


class CompiledLSTM:
    """A trained network that takes one sample at a time, in closed loop where samples are missing.

    Source:
        Hochreiter & Schmidhuber, Neural Computation 9 (1997) 1735-1780.
    """

    def __init__(self, network: _Network, leads: tuple[int, ...], targets: tuple[str, ...]) -> None:
        """See :meth:`from_forecaster`."""
        self._network, self.leads, self.targets = network, leads, targets
        count = len(targets)
        self._shape = (len(leads), count)
        self._mean = np.tile(network.mean[network.targets], len(leads))
        self._std = np.tile(network.std[network.targets], len(leads))
        self.reset()

    @classmethod
    def from_forecaster(
        cls, forecaster: LSTMForecaster, dtype: DTypeLike = np.float32
    ) -> "CompiledLSTM":
        """Copy the weights of a trained forecaster.

        Args:
            forecaster: A forecaster that was fitted or loaded.
            dtype: Precision of the arithmetic: float32 as in training, or float64.

        Returns:
            The compiled network with an empty state.

        Raises:
            BadInput: if the precision is another one.
        """
        if np.dtype(dtype) not in (np.dtype(np.float32), np.dtype(np.float64)):
            raise BadInput(f"dtype: expected float32 or float64, got {np.dtype(dtype)}")
        layer, scaling, targets, window, model = forecaster.trained
        arrays = {name: array.astype(dtype) for name, array in layer_arrays(layer).items()}
        widest = max(len(scaling.channels), model.hidden if model.layers > 1 else 0)
        feeding = np.zeros((model.layers, widest, 4 * model.hidden), dtype)
        for number in range(model.layers):
            weights = arrays[f"recurrent.weight_ih_l{number}"].T
            feeding[number, : len(weights)] = weights
        layers = range(model.layers)
        recurring = np.stack([arrays[f"recurrent.weight_hh_l{n}"].T for n in layers])
        biases = [
            np.add(arrays[f"recurrent.bias_ih_l{n}"], arrays[f"recurrent.bias_hh_l{n}"])
            for n in layers
        ]
        network = _Network(
            feeding,
            np.ascontiguousarray(recurring),  # np.stack keeps the order of what it stacks
            np.stack(biases),
            np.ascontiguousarray(arrays["head.weight"]),
            arrays["head.bias"],
            scaling.mean,
            scaling.std,
            np.array([scaling.channels.index(name) for name in targets], np.int64),
            window.leads.index(1) * len(targets) if 1 in window.leads else -1,
        )
        return cls(network, window.leads, targets)

    def reset(self) -> None:
        """Empty the state, as at the start of a window."""
        layers, hidden, width = self._network.recurring.shape
        dtype = self._network.recurring.dtype
        self._memory = _Memory(
            np.zeros((layers, hidden), dtype),
            np.zeros((layers, hidden), dtype),
            np.zeros(width, dtype),
            np.zeros(len(self._network.mean), dtype),
            np.zeros(len(self._mean), dtype),
        )

    def step(self, sample: FloatArray) -> FloatArray:
        """Take in one sample and forecast; one update of the cells, whatever the window.

        Args:
            sample: All channels, in their units; NaN or masked where a value is missing. A missing
                target is replaced by its own forecast one sample before (closed loop), any other
                missing channel keeps its last value. Shape (channel,).

        Returns:
            The forecast in the units of the targets. Shape (lead, target).

        Raises:
            BadInput: if the number of channels differs, a value is infinite, or a target is missing
                and the network has no forecast one sample ahead.
        """
        return self.read(sample[None])

    def read(self, samples: FloatArray) -> FloatArray:
        """Take in samples one after another; see :meth:`step`.

        Args:
            samples: All channels, in their units. Shape (time, channel).

        Returns:
            The forecast after the last sample, in the units of the targets. Shape (lead, target).

        Raises:
            BadInput: as in :meth:`step`, or if there is no sample.
        """
        if samples.ndim != 2 or samples.shape[1] != len(self._network.mean) or len(samples) == 0:
            axes(samples, "time channel", "samples", channel=len(self._network.mean))
            raise BadInput("samples: expected at least one, got none")
        if isinstance(samples, np.ma.MaskedArray):  # asked first: a plain step takes microseconds
            samples = numbers(samples, "samples")
        samples = np.asarray(samples, np.float64)
        done = int(_read(self._network, self._memory, samples))
        if done < len(samples) and np.isinf(samples[done]).any():
            raise BadInput(
                f"LSTM: a value is infinite at sample {done}; mark a missing value by NaN"
            )
        if done < len(samples):
            raise BadInput(
                f"LSTM: a target is missing at sample {done}, and the network has no forecast one "
                f"sample ahead to stand for it; its leads are {self.leads}. Train it with lead 1."
            )
        return (self._memory.outputs * self._std + self._mean).reshape(self._shape)
