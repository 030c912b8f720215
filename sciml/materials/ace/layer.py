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
from sciml.materials.ace.edges import Edges
from sciml.materials.ace.frames import LossSettings, edges_in
from sciml.materials.ace.invariants import invariant_rates, rate_slopes
from sciml.materials.ace.messages import message_rate_slopes, message_rates
from sciml.materials.ace.mixing import mixed, weight_slopes
from sciml.materials.ace.model import (
    AcePotential,
    Weights,
    channel_of_feature,
    evaluated,
    feature_sizes,
)
from sciml.materials.ace.moments import pair_rates, push
from sciml.training.feed import Batch, to_tensor

Tensor = paddle.Tensor
LOCAL = ("mixing", "linear", "share", "first", "first_bias", "second", "second_bias", "last")
FAR = ("charge_share", "charge", "charge_bias", "message")  # what only messages need
BY_FEATURE = ("linear", "share", "charge_share")  # kept as matrices (invariant, channel)


class AceLayer(nn.Layer):
    """A potential whose weights can be trained.

    The mixing weights are kept relative to what they were at the start, so that all parameters
    are of order one. What counts features is kept as matrices of invariants and channels, one for
    each layer, for an optimiser that treats rows and columns together.

    Args:
        potential: Where to begin; the repulsion of nuclei is no part of the layer.
        dtype: float32 to train, float64 to check derivatives; batches must be of the same type.
    """

    def __init__(self, potential: AcePotential, dtype: type = np.float32) -> None:
        super().__init__()
        self.dtype = dtype
        self._start = potential
        self.settings = potential.settings
        given = potential.weights
        self.units = _units(given, feature_sizes(self.settings))
        channels, messages = given.charge.shape
        each = couplings(self.settings.couplings).invariants
        self._channel = to_tensor(channel_of_feature(channels, messages, each))
        self._tensors = {name: self._tensor(getattr(given, name)) for name in ("shift", "scale")}
        for name in LOCAL + FAR if self.settings.messages else LOCAL:
            self._add(name, getattr(given, name) / self.units[name])
            self._tensors[name] = self._tensor(self.units[name])

    def _add(self, name: str, table: NDArray[Any]) -> None:
        """Make a field of the weights one parameter, or one for each layer."""
        if name not in BY_FEATURE:
            self.add_parameter(name, self._parameter(table))
            return
        channels, messages = self.settings.channels, self.settings.messages
        each = couplings(self.settings.couplings).invariants
        parts = np.split(table, [each * channels], axis=-1)
        for part, matrix, width in zip(("near", "far"), parts, (channels, messages), strict=True):
            if matrix.size:
                shaped = matrix.reshape(*table.shape[:-1], each, width)
                self.add_parameter(f"{name}_{part}", self._parameter(shaped))

    def _tensor(self, array: NDArray[Any]) -> Tensor:
        return paddle.to_tensor(array.astype(self.dtype))

    def _parameter(self, array: NDArray[Any]) -> Tensor:
        start = self._tensor(array)
        values = nn.initializer.Assign(start)
        return paddle.create_parameter(start.shape, start.dtype, default_initializer=values)

    def weights(self, dtype: type = np.float64) -> Weights:
        """All weights as they are now."""
        learnt = {name: tensor.numpy().astype(dtype) for name, tensor in self._now().items()}
        kept = {name: array.astype(dtype) for name, array in self._start.weights._asdict().items()}
        return Weights(**(kept | learnt))

    def _now(self) -> dict[str, Tensor]:
        """What is learnt, in the units of :class:`Weights`."""
        found = dict(self.named_parameters())
        for name in BY_FEATURE:
            parts = [found.pop(f"{name}_{part}", None) for part in ("near", "far")]
            flat = [part.flatten(part.ndim - 2) for part in parts if part is not None]
            if flat:
                found[name] = paddle.concat(flat, axis=-1)
        return {name: each * self._tensors[name] for name, each in found.items()}

    def potential(self) -> AcePotential:
        """The potential as it is now, in float64."""
        return AcePotential(self.settings, self._start.elements, self.weights())

    def forward(
        self, edges: Edges, moments: NDArray[Any], drift: NDArray[Any]
    ) -> tuple[Tensor, Tensor]:
        """Energies of the atoms without those of the elements, and their rates.

        Args:
            edges: Pairs of one or more structures.
            moments: Shape (atom, component, moment).
            drift: How fast the pairs' vectors change, Å, (pair, 3).

        Returns:
            eV, each of shape (atom,).
        """
        now = self._now()
        lists, element = couplings(self.settings.couplings), to_tensor(edges.element)
        rates = push(edges, len(now["mixing"]), self.settings.couplings.degree, drift)
        channels = _Mixed.apply(now["mixing"], edges.element, moments, rates)
        pair = self._features(_Invariants.apply(*channels, lists), 0)
        local = self._channel[: pair[0].shape[1]]
        if self.settings.messages:
            bias = paddle.gather(now["charge_bias"], element)
            table = now["charge_share"].unsqueeze(1) * paddle.gather(now["charge"], local)
            charge = pair[0] @ table + bias, pair[1] @ table
            far = _Messages.apply(*charge, now["message"], edges, drift)
            second = self._features(_Invariants.apply(*far, lists), pair[0].shape[1])
            pair = tuple(paddle.concat(both, axis=1) for both in zip(pair, second, strict=True))
        first = now["share"].unsqueeze(1) * paddle.gather(now["first"], self._channel)
        return _readout(now | {"first": first}, element, *pair)

    def _features(self, pair: tuple[Tensor, Tensor], start: int) -> tuple[Tensor, Tensor]:
        """Features of one layer and their rates, which begin at a place among all."""
        place = slice(start, start + pair[0].shape[1])
        scale = self._tensors["scale"][place]
        return (pair[0] - self._tensors["shift"][place]) * scale, pair[1] * scale


def _readout(
    now: dict[str, Tensor], element: Tensor, x: Tensor, dx: Tensor
) -> tuple[Tensor, Tensor]:
    """Energies and their rates, as :func:`sciml.materials.ace.model.readout` has them."""
    ones = paddle.ones([x.shape[1], 1], x.dtype)
    linear = paddle.gather(now["linear"], element)
    bias = paddle.gather(now["first_bias"], element)
    hidden, dhidden = _silu(x @ now["first"] + bias, dx @ now["first"])
    deep, ddeep = _silu(hidden @ now["second"] + now["second_bias"], dhidden @ now["second"])
    last = now["last"].unsqueeze(1)
    # Sums along rows are products with ones: Paddle's own are slow on the processor.
    energies = (x * linear) @ ones + deep @ last
    energy_rates = (dx * linear) @ ones + ddeep @ last
    return energies[:, 0], energy_rates[:, 0]


def loss_of(layer: AceLayer, batch: Batch, loss: LossSettings, stress_offset: float) -> Tensor:
    """The loss of a batch, with a gradient that needs first derivatives only.

    Args:
        layer: The potential.
        batch: From :class:`sciml.materials.ace.frames.Frames`, of the layer's type.
        loss: Weights of the mean squares, at the present place in the training.
        stress_offset: eV/Å³, what the stress labels have too much in xx, yy and zz.

    Returns:
        A scalar.
    """
    arrays = {name: tensor.numpy() for name, tensor in batch.items()}
    edges, weights = edges_in(arrays), layer.weights(layer.dtype)
    found = evaluated(edges, weights, couplings(layer.settings.couplings), arrays["moments"])
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
    drift = pair_rates(edges, shift, strain)
    energies, energy_rates = layer(edges, arrays["moments"], drift)
    slopes = (2 * by_energy * energy_error / atoms)[edges.frame]
    carrier = (energies * to_tensor(slopes.astype(layer.dtype))).sum() + energy_rates.sum()
    return carrier + (float(total) - carrier.detach())


class _Mixed(PyLayer):
    """Channels and their rates, with the gradient by the mixing weights."""

    @staticmethod
    def forward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any,
        weights: Tensor,
        element: NDArray[Any],
        moments: NDArray[Any],
        rates: NDArray[Any],
    ) -> tuple[Tensor, Tensor]:
        ctx.given = weights.numpy(), element, moments, rates
        channels, changes = (mixed(ctx.given[0], element, each) for each in (moments, rates))
        return to_tensor(channels), to_tensor(changes)

    @staticmethod
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any, by_channel: Tensor, by_rate: Tensor
    ) -> Tensor:
        weights, element, moments, rates = ctx.given
        found = weight_slopes(weights, element, moments, by_channel.numpy())
        return to_tensor(found + weight_slopes(weights, element, rates, by_rate.numpy()))


class _Invariants(PyLayer):
    """Invariants and their rates as rows, with the gradient by channels and their rates."""

    @staticmethod
    def forward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any, channels: Tensor, rates: Tensor, lists: Couplings
    ) -> tuple[Tensor, Tensor]:
        ctx.given = lists, (channels.numpy(), rates.numpy())
        found = invariant_rates(lists, *ctx.given[1])
        ctx.shape = found[0].shape
        values, changes = (to_tensor(array.reshape(len(array), -1)) for array in found)
        return values, changes

    @staticmethod
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any, by_value: Tensor, by_change: Tensor
    ) -> tuple[Tensor, Tensor]:
        slopes = by_value.numpy().reshape(ctx.shape), by_change.numpy().reshape(ctx.shape)
        lists, pair = ctx.given
        by_channel, by_rate = rate_slopes(lists, pair, slopes)
        return to_tensor(by_channel), to_tensor(by_rate)


class _Messages(PyLayer):
    """The second layer's channels and their rates, with the gradient by charges and weights."""

    @staticmethod
    def forward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any,
        charges: Tensor,
        rates: Tensor,
        weights: Tensor,
        edges: Edges,
        drift: NDArray[Any],
    ) -> tuple[Tensor, Tensor]:
        ctx.given = edges, drift, (charges.numpy(), rates.numpy()), weights.numpy()
        channels, changes = message_rates(*ctx.given)
        return to_tensor(channels), to_tensor(changes)

    @staticmethod
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any, by_channel: Tensor, by_rate: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        slopes = by_channel.numpy(), by_rate.numpy()
        edges, drift, charges, weights = ctx.given
        found = message_rate_slopes(edges, drift, charges, weights, slopes)
        by_charge, by_charge_rate, by_weight = (to_tensor(array) for array in found)
        return by_charge, by_charge_rate, by_weight


def _units(weights: Weights, sizes: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """What a parameter of one means: with these, one learning rate suits all weights."""
    features, local, hidden = len(weights.share), len(weights.charge_share), len(weights.last)
    units = {
        name: np.abs(table).mean(axis=(0, 3), keepdims=True)
        for name, table in {"mixing": weights.mixing, "message": weights.message}.items()
        if table.size
    }
    ones = {name: np.array(1.0) for name in LOCAL + FAR}
    return (
        ones
        | units
        | {
            "charge": np.array(1 / np.sqrt(local)),
            "linear": sizes / np.sqrt(features),
            "share": sizes,
            "first": np.array(1 / np.sqrt(features)),
            "second": np.array(1 / np.sqrt(hidden)),
            "last": np.array(1 / np.sqrt(hidden)),
        }
    )


def _silu(h: Tensor, rate: Tensor) -> tuple[Tensor, Tensor]:
    """H / (1 + exp(-h)) and its rate."""
    gate = nn.functional.sigmoid(h)
    return h * gate, (gate + h * gate * (1 - gate)) * rate
