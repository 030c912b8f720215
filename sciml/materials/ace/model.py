"""The potential itself: settings, weights, and its evaluation without Paddle."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from sciml.core.axes import FloatArray, IntArray
from sciml.core.errors import BadInput
from sciml.core.settings import Settings
from sciml.materials.ace.core import faded, repelled, require_core_inside
from sciml.materials.ace.couplings import Couplings, CouplingSettings, couplings
from sciml.materials.ace.edges import Edges, edges_of
from sciml.materials.ace.grade import Grade, graded, require_atoms
from sciml.materials.ace.invariants import channel_slopes, invariant_rates, invariants
from sciml.materials.ace.messages import message_rates, message_slopes, messages
from sciml.materials.ace.mixing import mixed, moment_slopes
from sciml.materials.ace.moments import Pulled, moments, pair_slopes, pull, push
from sciml.materials.ace.radial import RadialSettings
from sciml.materials.potential import Evaluation
from sciml.materials.structures import Structure
from sciml.materials.zbl import REACH


class AceSettings(Settings):
    """Size of a potential."""

    radial: RadialSettings = RadialSettings()
    couplings: CouplingSettings = CouplingSettings()
    channels: PositiveInt = 32  # radial channels per element and degree
    messages: NonNegativeInt = 0  # channels of a second layer; 0 keeps it strictly local
    smoothness: NonNegativeFloat = 2.0  # power by which fine radial functions begin smaller
    hidden: PositiveInt = 16  # width of the two hidden layers of the readout
    core: bool = True  # whether bare nuclei repel beneath what is learnt
    core_reach: PositiveFloat = REACH  # where that ends, of the covalent radii of a pair


class Weights(NamedTuple):
    """All numbers of a potential. A feature x is (invariant - shift) scale.

    The features of the first layer count before those of the second.
    """

    element_energy: NDArray[Any]  # eV, (element,)
    mixing: NDArray[Any]  # (element, degree, moment, channel)
    shift: NDArray[Any]  # (feature,); invariants count before channels
    scale: NDArray[Any]  # (feature,)
    charge_share: NDArray[Any]  # (feature of the first layer,)
    charge: NDArray[Any]  # (channel, message)
    charge_bias: NDArray[Any]  # (element, message)
    message: NDArray[Any]  # (element, degree, moment, message)
    linear: NDArray[Any]  # eV, (element, feature)
    share: NDArray[Any]  # of each feature in its channel's sum, (feature,)
    first: NDArray[Any]  # (channel of either layer, hidden)
    first_bias: NDArray[Any]  # (element, hidden)
    second: NDArray[Any]  # (hidden, hidden)
    second_bias: NDArray[Any]  # (hidden,)
    last: NDArray[Any]  # eV, (hidden,)


def weight_shapes(settings: AceSettings, elements: int) -> dict[str, tuple[int, ...]]:
    """The shape of each field of :class:`Weights`."""
    each, degrees = couplings(settings.couplings).invariants, settings.couplings.degree + 1
    local, wide = each * settings.channels, settings.hidden
    features = local + each * settings.messages
    sums = elements * settings.radial.functions
    return {
        "element_energy": (elements,),
        "mixing": (elements, degrees, sums, settings.channels),
        "shift": (features,),
        "scale": (features,),
        "charge_share": (local,),
        "charge": (settings.channels, settings.messages),
        "charge_bias": (elements, settings.messages),
        "message": (elements, degrees, sums, settings.messages),
        "linear": (elements, features),
        "share": (features,),
        "first": (settings.channels + settings.messages, wide),
        "first_bias": (elements, wide),
        "second": (wide, wide),
        "second_bias": (wide,),
        "last": (wide,),
    }


@dataclass(frozen=True, eq=False)
class AcePotential:
    """A trained potential: it obeys :class:`sciml.materials.potential.Potential`.

    Attributes:
        settings: Its size.
        elements: Atomic numbers that it knows; an element is called by its place here.
        weights: All numbers, float64.
        grade: What its training has seen; evaluations have no grades without it.

    Raises:
        BadInput: if a weight has another shape than the settings ask for, or the cutoff is too
            short for the repulsion of nuclei.
    """

    settings: AceSettings
    elements: tuple[int, ...]
    weights: Weights
    grade: Grade | None = None

    def __post_init__(self) -> None:
        expected = weight_shapes(self.settings, len(self.elements))
        for name, array in self.weights._asdict().items():
            if array.shape != expected[name]:
                raise BadInput(
                    f"potential: {name} has shape {array.shape}, the settings ask for "
                    f"{expected[name]}; use the settings it was trained with."
                )
        if self.settings.core:
            require_core_inside(self.elements, self.cutoff, self.settings.core_reach)

    @property
    def cutoff(self) -> float:
        """Å."""
        return self.settings.radial.cutoff

    def evaluate(self, structures: Sequence[Structure]) -> list[Evaluation]:
        """Energies, forces and stresses in float64.

        Args:
            structures: Of elements that the potential knows.

        Returns:
            One evaluation each.

        Raises:
            BadInput: if an element is not known.
        """
        return [self._evaluated(structure) for structure in structures]

    def _evaluated(self, structure: Structure) -> Evaluation:
        edges = pairs_of([structure], self.elements, self.settings)
        found = layers(edges, self.weights, couplings(self.settings.couplings))
        return self.of_layers(structure, edges, found)

    def of_layers(self, structure: Structure, edges: Edges, found: "Layers") -> Evaluation:
        """The evaluation of a structure whose pairs and layers are known."""
        lists, reach = couplings(self.settings.couplings), self.settings.core_reach
        whole = evaluated_layers(edges, self.weights, lists, found)
        core = repelled(edges, self.elements, reach) if self.settings.core else None
        if core is not None:
            added = {name: getattr(whole, name) + part for name, part in core._asdict().items()}
            whole = whole._replace(**added)
        volume = structure.volume if structure.periodic.all() else np.nan
        return Evaluation(
            energy=float(whole.atom_energies.sum()),
            forces=whole.forces,
            stress=whole.strain_energy[0] / volume,
            atom_energies=whole.atom_energies,
            grades=self.grade and self.grade.of(whole.sums, edges.element),
        )

    def with_grade(self, structures: Sequence[Structure]) -> "AcePotential":
        """The potential with the grade that structures define, as a rule those of its training.

        Raises:
            BadInput: if the structures have fewer than two atoms of an element.
        """
        require_atoms(structures, self.elements)
        edges = pairs_of(structures, self.elements, self.settings)
        found = layers(edges, self.weights, couplings(self.settings.couplings))
        sums = channel_sums(self.weights, found.features)
        return replace(self, grade=graded(sums, edges.element, len(self.elements)))


def pairs_of(
    structures: Sequence[Structure],
    elements: tuple[int, ...],
    settings: AceSettings,
    dtype: type = np.float64,
) -> Edges:
    """The pairs of structures as a potential of these settings sees them.

    Args:
        structures: At least one.
        elements: Atomic numbers that are known; an element is called by its place here.
        settings: Of the potential.
        dtype: float32 or float64.

    Returns:
        The pairs of all structures one after the other.

    Raises:
        BadInput: if an element is not known, two atoms are in one place, or there is no structure.
    """
    found = edges_of(structures, elements, settings.radial, dtype)
    return faded(found, elements, settings.core_reach) if settings.core else found


class Evaluated(NamedTuple):
    """What weights say of the atoms in some structures."""

    atom_energies: NDArray[Any]  # eV, (atom,)
    forces: NDArray[Any]  # eV/Å, (atom, 3)
    strain_energy: NDArray[Any]  # ∂E/∂ε, eV, (frame, 6)
    sums: NDArray[Any]  # channel sums, (atom, channel of either layer)


class Layers(NamedTuple):
    """What the two layers make of some structures; the second is empty if there is none."""

    channels: NDArray[Any]  # of the first layer, (atom, component, channel)
    charges: NDArray[Any]  # (atom, message)
    messages: NDArray[Any]  # channels of the second layer, (atom, component, message)
    features: NDArray[Any]  # (atom, feature)


def layers(
    edges: Edges, weights: Weights, lists: Couplings, known: NDArray[Any] | None = None
) -> Layers:
    """Channels and features of both layers; arguments as of :func:`evaluated`."""
    elements, degrees = weights.mixing.shape[:2]
    sums = moments(edges, elements, degrees - 1) if known is None else known
    channels = mixed(weights.mixing, edges.element, sums)
    local = _features(lists, channels, weights.shift, weights.scale)
    charges = local @ _charge(weights) + weights.charge_bias[edges.element]
    if not charges.shape[1]:
        return Layers(channels, charges, channels[:, :, :0], local)
    far = messages(edges, charges, weights.message)
    split = local.shape[1]
    second = _features(lists, far, weights.shift[split:], weights.scale[split:])
    return Layers(channels, charges, far, np.concatenate([local, second], axis=1))


def _features(
    lists: Couplings, channels: NDArray[Any], shift: NDArray[Any], scale: NDArray[Any]
) -> NDArray[Any]:
    """Features of one layer; shift and scale may go on with those of the next."""
    values = invariants(lists, channels).reshape(len(channels), -1)
    return (values - shift[: values.shape[1]]) * scale[: values.shape[1]]


def feature_rates(
    edges: Edges, weights: Weights, lists: Couplings, drift: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Features of both layers, and how fast they change when the pairs' vectors change.

    Args:
        edges: Pairs of one or more structures.
        weights: Of the same type as the pairs.
        lists: Products and sums.
        drift: Rates of the pairs' vectors, Å, (pair, 3).

    Returns:
        Both of shape (atom, feature).
    """
    split, kinds = len(weights.charge_share), (len(weights.mixing), weights.mixing.shape[1] - 1)
    sums = moments(edges, *kinds), push(edges, *kinds, drift)
    channels = [mixed(weights.mixing, edges.element, each) for each in sums]
    local = _feature_pair(lists, channels, weights, slice(0, split))
    if not weights.charge.shape[1]:
        return local
    bias = weights.charge_bias[edges.element]
    charges = local[0] @ _charge(weights) + bias, local[1] @ _charge(weights)
    far = message_rates(edges, drift, charges, weights.message)
    second = _feature_pair(lists, far, weights, slice(split, None))
    return np.hstack([local[0], second[0]]), np.hstack([local[1], second[1]])


def _feature_pair(
    lists: Couplings, pair: Sequence[NDArray[Any]], weights: Weights, place: slice
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Features of one layer and their rates, from channels and their rates."""
    values, rates = (x.reshape(len(x), -1) for x in invariant_rates(lists, *pair))
    return (values - weights.shift[place]) * weights.scale[place], rates * weights.scale[place]


def evaluated(
    edges: Edges, weights: Weights, lists: Couplings, known: NDArray[Any] | None = None
) -> Evaluated:
    """Energies, forces and strain energies of structures, in the type of the pairs.

    Args:
        edges: Pairs of one or more structures.
        weights: Of the same type as the pairs.
        lists: Products and sums.
        known: The moments, if they were computed before, (atom, component, moment).

    Returns:
        By atom and frame.
    """
    return evaluated_layers(edges, weights, lists, layers(edges, weights, lists, known))


def evaluated_layers(edges: Edges, weights: Weights, lists: Couplings, found: Layers) -> Evaluated:
    """As :func:`evaluated`, of layers that are known."""
    energies, slopes = readout(weights, edges.element, found.features)
    forces, strain_energy = pulled(edges, weights, lists, found, slopes)
    return Evaluated(energies, forces, strain_energy, channel_sums(weights, found.features))


def pulled(
    edges: Edges, weights: Weights, lists: Couplings, found: Layers, slopes: NDArray[Any]
) -> Pulled:
    """Forces and strain energies from slopes of an energy by the features.

    Args:
        edges: As for :func:`evaluated`.
        weights: As for :func:`evaluated`; its readout plays no part.
        lists: As for :func:`evaluated`.
        found: From :func:`layers`.
        slopes: eV, (atom, feature).

    Returns:
        By atom and frame.
    """
    split = len(weights.charge_share)
    by_local, by_pair = slopes[:, :split], 0.0
    if found.charges.shape[1]:
        by_far = _by_channel(lists, found.messages, slopes[:, split:] * weights.scale[split:])
        by_charge, by_pair = message_slopes(edges, found.charges, weights.message, by_far)
        by_local = by_local + by_charge @ _charge(weights).T
    by_channel = _by_channel(lists, found.channels, by_local * weights.scale[:split])
    by_moment = moment_slopes(weights.mixing, edges.element, by_channel)
    return pull(edges, pair_slopes(edges, by_moment) + by_pair)


def _by_channel(lists: Couplings, channels: NDArray[Any], slopes: NDArray[Any]) -> NDArray[Any]:
    """Slopes by channels from those by invariants, (atom, feature)."""
    shape = (len(channels), lists.invariants, channels.shape[2])
    return channel_slopes(lists, channels, np.ascontiguousarray(slopes).reshape(shape))


def channel_of_feature(channels: int, messages: int, invariants: int) -> IntArray:
    """The channel that each feature is of, those of the second layer after those of the first."""
    return np.concatenate(
        [
            np.tile(np.arange(channels), invariants),
            channels + np.tile(np.arange(messages), invariants),
        ]
    )


def channel_sums(weights: Weights, x: NDArray[Any]) -> NDArray[Any]:
    """y_k = Σ_i w_ik x_ik, what the hidden layers see, (atom, channel of either layer)."""
    channels, messages = weights.charge.shape
    split = len(weights.charge_share)
    shared = x * weights.share
    parts = shared[:, :split].reshape(len(x), -1, channels), shared[:, split:]
    far = parts[1].reshape(len(x), split // channels, messages)
    return np.concatenate([parts[0].sum(axis=1), far.sum(axis=1)], axis=1)


def feature_sizes(settings: AceSettings) -> FloatArray:
    """How large the weights of features are meant to be: half for each further factor."""
    by_invariant = 0.5 ** couplings(settings.couplings).factors
    parts = [np.repeat(by_invariant, count) for count in (settings.channels, settings.messages)]
    sizes = np.concatenate(parts)
    return sizes / np.sqrt(np.mean(sizes**2))


def _charge(weights: Weights) -> NDArray[Any]:
    """What each feature of the first layer adds to each charge."""
    channels = len(weights.charge)
    places = np.arange(len(weights.charge_share)) % channels
    return weights.charge_share[:, None] * weights.charge[places]


def _first(weights: Weights) -> NDArray[Any]:
    """What each feature adds to each hidden unit: the features of a channel are first summed."""
    channels, messages = weights.charge.shape
    each = len(weights.charge_share) // channels
    places = channel_of_feature(channels, messages, each)
    return weights.share[:, None] * weights.first[places]


def readout(
    weights: Weights, element: IntArray, x: FloatArray
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Energies of atoms and their slopes by the features.

    E = e_z + c_z·x + v·s(W₂ᵀ s(W₁ᵀ y + b_z) + b₂), with s(h) = h / (1 + exp(-h)) and
    y_k = Σ_i w_ik x_ik, one number a channel k: far fewer weights than a full matrix, and
    smaller errors on structures that were not trained on.

    Args:
        weights: All weights.
        element: Which element each atom is, (atom,).
        x: Features, (atom, feature).

    Returns:
        eV, (atom,), and eV, (atom, feature).
    """
    linear = weights.linear[element]
    sums = channel_sums(weights, x)
    hidden, bend = _silu(sums @ weights.first + weights.first_bias[element])
    deep, deep_bend = _silu(hidden @ weights.second + weights.second_bias)
    energies = weights.element_energy[element] + np.sum(x * linear, axis=1) + deep @ weights.last
    back = (weights.last * deep_bend) @ weights.second.T * bend
    return energies, linear + back @ _first(weights).T


def _silu(h: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """H / (1 + exp(-h)) and its slope."""
    gate = 0.5 * (1 + np.tanh(h / 2))
    return h * gate, gate * (1 + h * (1 - gate))
