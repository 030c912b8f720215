"""The repulsion of nuclei beneath the learnt energy: added where it is used, taken from labels.

Training has few atoms that nearly touch, and what it learns there from others is anything. The
screened repulsion is known; so the weights learn only the difference (``AceSettings.core``).
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sciml.core.errors import BadInput
from sciml.materials.ace.edges import Edges
from sciml.materials.ace.moments import pull
from sciml.materials.elements import symbol
from sciml.materials.structures import Structure
from sciml.materials.zbl import NuclearRepulsion, bare_repulsion, switch_distances, switched_off


class Repelled(NamedTuple):
    """What the repulsion adds."""

    atom_energies: NDArray[Any]  # eV, (atom,)
    forces: NDArray[Any]  # eV/Å, (atom, 3)
    strain_energy: NDArray[Any]  # ∂E/∂ε, eV, (frame, 6)


def repelled(edges: Edges, elements: tuple[int, ...]) -> Repelled | None:
    """The repulsion of pairs that are there already.

    Args:
        edges: Pairs of one or more structures, in float64.
        elements: Atomic numbers, in the order in which the pairs call them.

    Returns:
        None if no two atoms are so near, as is the rule.
    """
    inner, outer = switch_distances(elements)
    near = np.flatnonzero(edges.distance < outer.max())
    if not len(near):
        return None
    centre = np.searchsorted(edges.first, near, side="right") - 1
    here, there = edges.element[centre], edges.kind[near]
    numbers, distance = np.array(elements), edges.distance[near]
    bare = bare_repulsion(distance, numbers[here], numbers[there])
    curve = switched_off(bare, distance, inner[here, there], outer[here, there])
    slopes = np.zeros_like(edges.unit)
    slopes[near] = 0.5 * curve.slope[:, None] * edges.unit[near]  # a pair comes from both ends
    atoms = len(edges.element)
    energies = 0.5 * np.bincount(centre, weights=curve.energy, minlength=atoms)
    return Repelled(energies, *pull(edges, slopes))


def without_core(structures: Iterable[Structure]) -> list[Structure]:
    """Structures whose labels are what is left to learn.

    Args:
        structures: With any labels.

    Returns:
        The same atoms, with the repulsion of their nuclei taken from all labels that there are.
    """
    return [_without_core(one) for one in structures]


def _without_core(one: Structure) -> Structure:
    repulsion = NuclearRepulsion([symbol(number) for number in np.unique(one.numbers)])
    core = repulsion.evaluate([one])[0]
    stress = np.nan_to_num(core.stress)  # NaN without a volume, and then no label has a meaning
    return replace(
        one,
        energy=None if one.energy is None else one.energy - core.energy,
        forces=None if one.forces is None else one.forces - core.forces,
        stress=None if one.stress is None else one.stress - stress,
    )


def require_core_inside(elements: Sequence[int], cutoff: float) -> None:
    """Refuse a cutoff within which the repulsion does not end.

    Args:
        elements: Atomic numbers.
        cutoff: Of the radial functions, Å.

    Raises:
        BadInput: if pairs beyond the cutoff would repel.
    """
    outer = switch_distances(tuple(elements))[1].max()
    if outer > cutoff:
        raise BadInput(
            f"potential: the cutoff is {cutoff} Å, but nuclei of {list(map(symbol, elements))} "
            f"repel up to {outer:.3f} Å; raise radial.cutoff, or set core to false."
        )
