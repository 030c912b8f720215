"""The potential itself: settings, weights, and its evaluation without Paddle."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveInt

from sciml.core.axes import FloatArray, IntArray
from sciml.core.errors import BadInput
from sciml.core.settings import Settings
from sciml.materials.ace.couplings import CouplingSettings, couplings
from sciml.materials.ace.edges import Edges, edges_of
from sciml.materials.ace.harmonics import LARGEST_DEGREE
from sciml.materials.ace.invariants import Mixing, invariants, mixing_by, moment_slopes
from sciml.materials.ace.moments import moments, pull
from sciml.materials.ace.radial import RadialSettings
from sciml.materials.potential import Evaluation
from sciml.materials.structures import Structure


class AceSettings(Settings):
    """Size of a potential."""

    radial: RadialSettings = RadialSettings()
    couplings: CouplingSettings = CouplingSettings()
    channels: PositiveInt = 32  # radial channels per element and degree
    hidden: PositiveInt = 48  # width of the two hidden layers of the readout


class Weights(NamedTuple):
    """All numbers of a potential. A feature x is (invariant - shift) scale."""

    element_energy: NDArray[Any]  # eV, (element,)
    mixing: NDArray[Any]  # (element, degree, moment, channel)
    shift: NDArray[Any]  # (feature,); invariants count before channels
    scale: NDArray[Any]  # (feature,)
    linear: NDArray[Any]  # eV, (element, feature)
    first: NDArray[Any]  # (feature, hidden)
    first_bias: NDArray[Any]  # (element, hidden)
    second: NDArray[Any]  # (hidden, hidden)
    second_bias: NDArray[Any]  # (hidden,)
    last: NDArray[Any]  # eV, (hidden,)


def weight_shapes(settings: AceSettings, elements: int) -> dict[str, tuple[int, ...]]:
    """The shape of each field of :class:`Weights`."""
    features = couplings(settings.couplings).invariants * settings.channels
    wide, sums = settings.hidden, elements * settings.radial.functions
    return {
        "element_energy": (elements,),
        "mixing": (elements, LARGEST_DEGREE + 1, sums, settings.channels),
        "shift": (features,),
        "scale": (features,),
        "linear": (elements, features),
        "first": (features, wide),
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

    Raises:
        BadInput: if a weight has another shape than the settings ask for.
    """

    settings: AceSettings
    elements: tuple[int, ...]
    weights: Weights

    def __post_init__(self) -> None:
        expected = weight_shapes(self.settings, len(self.elements))
        for name, array in self.weights._asdict().items():
            if array.shape != expected[name]:
                raise BadInput(
                    f"potential: {name} has shape {array.shape}, the settings ask for "
                    f"{expected[name]}; use the settings it was trained with."
                )

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
        edges = edges_of([structure], self.elements, self.settings.radial)
        found = evaluated(edges, self.weights, couplings_mixing(self.settings, self.weights))
        volume = structure.volume if structure.periodic.all() else np.nan
        return Evaluation(
            energy=float(found.atom_energies.sum()),
            forces=found.forces,
            stress=found.strain_energy[0] / volume,
            atom_energies=found.atom_energies,
        )


class Evaluated(NamedTuple):
    """What weights say of the atoms in some structures."""

    atom_energies: NDArray[Any]  # eV, (atom,)
    forces: NDArray[Any]  # eV/Å, (atom, 3)
    strain_energy: NDArray[Any]  # ∂E/∂ε, eV, (frame, 6)


def couplings_mixing(settings: AceSettings, weights: Weights) -> Mixing:
    """The mixing weights with the couplings that the settings name."""
    return mixing_by(weights.mixing, couplings(settings.couplings))


def evaluated(
    edges: Edges, weights: Weights, mixing: Mixing, known: NDArray[Any] | None = None
) -> Evaluated:
    """Energies, forces and strain energies of structures, in the type of the pairs.

    Args:
        edges: Pairs of one or more structures.
        weights: Of the same type as the pairs.
        mixing: From :func:`couplings_mixing`.
        known: The moments, if they were computed before, (atom, component, moment).

    Returns:
        By atom and frame.
    """
    sums = moments(edges, len(mixing.weights)) if known is None else known
    values = invariants(mixing, edges.element, sums)
    energies, slopes = readout(weights, edges.element, values.reshape(len(sums), -1))
    by_moment = moment_slopes(mixing, edges.element, sums, slopes.reshape(values.shape))
    forces, strain_energy = pull(edges, by_moment)
    return Evaluated(energies, forces, strain_energy)


def readout(
    weights: Weights, element: IntArray, values: FloatArray
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Energies of atoms and their slopes by the invariants.

    E = e_z + c_z·x + v·s(W₂ᵀ s(W₁ᵀ x + b_z) + b₂), with s(h) = h / (1 + exp(-h)).

    Args:
        weights: All weights.
        element: Which element each atom is, (atom,).
        values: Invariants, (atom, feature).

    Returns:
        eV, (atom,), and eV, (atom, feature).
    """
    x = (values - weights.shift) * weights.scale
    linear = weights.linear[element]
    hidden, bend = _silu(x @ weights.first + weights.first_bias[element])
    deep, deep_bend = _silu(hidden @ weights.second + weights.second_bias)
    energies = weights.element_energy[element] + np.sum(x * linear, axis=1) + deep @ weights.last
    back = (weights.last * deep_bend) @ weights.second.T * bend
    return energies, (linear + back @ weights.first.T) * weights.scale


def _silu(h: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """H / (1 + exp(-h)) and its slope."""
    gate = 0.5 * (1 + np.tanh(h / 2))
    return h * gate, gate * (1 + h * (1 - gate))
