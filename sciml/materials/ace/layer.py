"""The weights as a Paddle layer, with the energy's rate of change written out.

The loss asks for forces, F = -∂E/∂x. Its gradient by the weights is that of Σ ē E + Ė, where Ė is
the rate of the energy when atoms and cells move along the slopes of the loss by their forces and
stresses. So Paddle differentiates once, and only through matrix products.
"""

from typing import Any

import numpy as np
import paddle
from numpy.typing import NDArray
from paddle import nn
from paddle.autograd import PyLayer

from sciml.materials.ace.couplings import Couplings, couplings
from sciml.materials.ace.frames import LossSettings, edges_in
from sciml.materials.ace.invariants import invariant_rates, mixing_by, weight_slopes
from sciml.materials.ace.model import AcePotential, Weights, couplings_mixing, evaluated
from sciml.materials.ace.moments import push
from sciml.training.feed import Batch, to_tensor

Tensor = paddle.Tensor
LEARNT = ("mixing", "linear", "first", "first_bias", "second", "second_bias", "last")


class AceLayer(nn.Layer):
    """A potential whose weights can be trained, in float32.

    The mixing weights are kept relative to what they were at the start, so that all parameters
    are of order one.
    """

    def __init__(self, potential: AcePotential) -> None:
        super().__init__()
        self._start = potential
        self.settings = potential.settings
        given = potential.weights
        self._unit = np.abs(given.mixing).mean(axis=(0, 3), keepdims=True)
        for name in LEARNT:
            array = getattr(given, name) / (self._unit if name == "mixing" else 1)
            self.add_parameter(name, _parameter(array))
        self._mixing_unit = _tensor(self._unit)
        self._shift, self._scale = _tensor(given.shift), _tensor(given.scale)

    def weights(self, dtype: type = np.float64) -> Weights:
        """All weights as they are now."""
        learnt = {name: getattr(self, name).numpy().astype(dtype) for name in LEARNT}
        learnt["mixing"] *= self._unit.astype(dtype)
        kept = {name: array.astype(dtype) for name, array in self._start.weights._asdict().items()}
        return Weights(**(kept | learnt))

    def potential(self) -> AcePotential:
        """The potential as it is now, in float64."""
        return AcePotential(self.settings, self._start.elements, self.weights())

    def forward(
        self, moments: NDArray[Any], rates: NDArray[Any], element: NDArray[Any]
    ) -> tuple[Tensor, Tensor]:
        """Energies of the atoms without those of the elements, and their rates.

        Args:
            moments: Shape (atom, component, moment).
            rates: Of the moments, same shape.
            element: Which element each atom is, (atom,).

        Returns:
            eV, each of shape (atom,).
        """
        lists = couplings(self.settings.couplings)
        mixing = self.mixing * self._mixing_unit
        values, changes = _Invariants.apply(mixing, lists, element, moments, rates)
        x, dx = (values - self._shift) * self._scale, changes * self._scale
        places = to_tensor(element)
        ones = paddle.ones([x.shape[1], 1])
        linear = paddle.gather(self.linear, places)
        bias = paddle.gather(self.first_bias, places)
        hidden, dhidden = _silu(x @ self.first + bias, dx @ self.first)
        deep, ddeep = _silu(hidden @ self.second + self.second_bias, dhidden @ self.second)
        last = self.last.unsqueeze(1)
        # Sums along rows are products with ones: Paddle's own are slow on the processor.
        energies = (x * linear) @ ones + deep @ last
        energy_rates = (dx * linear) @ ones + ddeep @ last
        return energies[:, 0], energy_rates[:, 0]


def loss_of(layer: AceLayer, batch: Batch, loss: LossSettings, stress_offset: float) -> Tensor:
    """The loss of a batch, with a gradient that needs first derivatives only.

    Args:
        layer: The potential.
        batch: From :class:`sciml.materials.ace.frames.Frames`.
        loss: Weights of the mean squares.
        stress_offset: eV/Å³, what the stress labels have too much in xx, yy and zz.

    Returns:
        A scalar.
    """
    arrays = {name: tensor.numpy() for name, tensor in batch.items()}
    edges, weights = edges_in(arrays), layer.weights(np.float32)
    mixing = couplings_mixing(layer.settings, weights)
    found = evaluated(edges, weights, mixing, arrays["moments"])
    atoms, share = arrays["atoms"], arrays["weight"]
    energy = np.bincount(edges.frame, weights=found.atom_energies.astype(np.float64))
    energy_error = (energy - arrays["energy"]) / atoms
    force_error = found.forces - arrays["forces"]
    stress_error = found.strain_energy / arrays["volume"][:, None] - arrays["stress"]
    stress_error[:, :3] += stress_offset
    by_energy = loss.energy * share / len(atoms)
    by_force = loss.forces * share[edges.frame] / (3 * len(edges.frame))
    by_stress = loss.stress * arrays["stress_weight"] / (6 * len(atoms))
    total = (
        np.sum(by_energy * energy_error**2)
        + np.sum(by_force[:, None] * force_error**2)
        + np.sum(by_stress[:, None] * stress_error**2)
    )
    shift = -2 * by_force[:, None] * force_error
    strain = 2 * by_stress[:, None] * stress_error / arrays["volume"][:, None]
    rates = push(edges, len(weights.mixing), shift, strain)
    energies, energy_rates = layer(arrays["moments"], rates, edges.element)
    slopes = (2 * by_energy * energy_error / atoms)[edges.frame]
    carrier = (energies * _tensor(slopes)).sum() + energy_rates.sum()
    return carrier + (float(total) - carrier.detach())


class _Invariants(PyLayer):
    """Invariants and their rates, with the gradient by the mixing weights."""

    @staticmethod
    def forward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any,
        weights: Tensor,
        lists: Couplings,
        element: NDArray[Any],
        moments: NDArray[Any],
        rates: NDArray[Any],
    ) -> tuple[Tensor, Tensor]:
        mixing = mixing_by(weights.numpy(), lists)
        ctx.given = mixing, element, (moments, rates)
        found = invariant_rates(mixing, element, moments, rates)
        ctx.shape = found[0].shape
        values, changes = (to_tensor(array.reshape(len(array), -1)) for array in found)
        return values, changes

    @staticmethod
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any, by_value: Tensor, by_change: Tensor
    ) -> Tensor:
        mixing, element, pair = ctx.given
        slopes = by_value.numpy().reshape(ctx.shape), by_change.numpy().reshape(ctx.shape)
        return to_tensor(weight_slopes(mixing, element, pair, slopes))


def _silu(h: Tensor, rate: Tensor) -> tuple[Tensor, Tensor]:
    """H / (1 + exp(-h)) and its rate."""
    gate = nn.functional.sigmoid(h)
    return h * gate, (gate + h * gate * (1 - gate)) * rate


def _tensor(array: NDArray[Any]) -> Tensor:
    return paddle.to_tensor(array.astype(np.float32))


def _parameter(array: NDArray[Any]) -> Tensor:
    values = nn.initializer.Assign(array.astype(np.float32))
    return paddle.create_parameter(list(array.shape), "float32", default_initializer=values)
