"""The repulsion of nuclei beneath the learnt energy: added where it is used, taken from labels.

Training has few atoms that nearly touch. The screened repulsion is known there, so the weights
learn only the difference (``AceSettings.core``). Products of many moments would still grow without
bound where nothing was learnt: as the repulsion of a pair is switched on, its radial functions
are switched off, so that atoms closer than the inner distance do not see one another.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sciml.core.axes import FloatArray, IntArray
from sciml.core.errors import BadInput
from sciml.materials.ace.edges import Edges
from sciml.materials.ace.moments import pull
from sciml.materials.elements import symbol
from sciml.materials.structures import Structure
from sciml.materials.zbl import (
    NuclearRepulsion,
    PairCurve,
    bare_repulsion,
    switch_distances,
    switched_off,
)


class Repelled(NamedTuple):
    """What the repulsion adds."""

    atom_energies: NDArray[Any]  # eV, (atom,)
    forces: NDArray[Any]  # eV/Å, (atom, 3)
    strain_energy: NDArray[Any]  # ∂E/∂ε, eV, (frame, 6)


def faded(edges: Edges, elements: tuple[int, ...], reach: float) -> Edges:
    """The pairs, with the radial functions of atoms that nearly touch taken smoothly to zero.

    Args:
        edges: Pairs of one or more structures.
        elements: Atomic numbers, in the order in which the pairs call them.
        reach: Where the repulsion ends, of the covalent radii of a pair.

    Returns:
        The same pairs if no two atoms are so near.
    """
    close = _close(edges, elements, reach)
    if close is None:
        return edges
    near, distance = close.pair, close.distance
    full = PairCurve(np.ones_like(distance), np.zeros_like(distance))
    core = switched_off(full, distance, close.inner, close.outer)
    left, rise = 1 - core.energy[:, None], -core.slope[:, None]
    values, slopes = edges.values.copy(), edges.slopes.copy()
    values[near] = edges.values[near] * left
    slopes[near] = edges.slopes[near] * left + edges.values[near] * rise
    return edges._replace(values=values, slopes=slopes)


def repelled(edges: Edges, elements: tuple[int, ...], reach: float) -> Repelled | None:
    """The repulsion of pairs that are there already.

    Args:
        edges: Pairs of one or more structures, in float64.
        elements: Atomic numbers, in the order in which the pairs call them.
        reach: As for :func:`faded`.

    Returns:
        None if no two atoms are so near, as is the rule.
    """
    close = _close(edges, elements, reach)
    if close is None:
        return None
    numbers = np.array(elements)
    here, there = numbers[edges.element[close.centre]], numbers[edges.kind[close.pair]]
    bare = bare_repulsion(close.distance, here, there)
    curve = switched_off(bare, close.distance, close.inner, close.outer)
    slopes = np.zeros_like(edges.unit)
    # Half, because each pair comes from both ends.
    slopes[close.pair] = 0.5 * curve.slope[:, None] * edges.unit[close.pair]
    atoms = len(edges.element)
    energies = 0.5 * np.bincount(close.centre, weights=curve.energy, minlength=atoms)
    return Repelled(energies, *pull(edges, slopes))


class _Close(NamedTuple):
    """The pairs that feel their nuclei."""

    pair: IntArray  # which of all pairs
    centre: IntArray  # atom
    distance: FloatArray  # Å
    inner: FloatArray  # Å
    outer: FloatArray  # Å


def _close(edges: Edges, elements: tuple[int, ...], reach: float) -> _Close | None:
    """None if there are no such pairs."""
    inner, outer = switch_distances(elements, reach)
    pair = np.flatnonzero(edges.distance < outer.max())
    if not len(pair):
        return None
    centre = np.searchsorted(edges.first, pair, side="right") - 1
    kinds = edges.element[centre], edges.kind[pair]
    distance = edges.distance[pair].astype(np.float64)
    return _Close(pair, centre, distance, inner[kinds], outer[kinds])


def without_core(structures: Iterable[Structure], reach: float) -> list[Structure]:
    """Structures whose labels are what is left to learn.

    Args:
        structures: With any labels.
        reach: As for :func:`faded`.

    Returns:
        The same atoms, with the repulsion of their nuclei taken from all labels that there are.
    """
    return [_without_core(one, reach) for one in structures]


def _without_core(one: Structure, reach: float) -> Structure:
    kinds = [symbol(number) for number in np.unique(one.numbers)]
    repulsion = NuclearRepulsion(kinds, reach=reach)
    core = repulsion.evaluate([one])[0]
    stress = np.nan_to_num(core.stress)  # NaN without a volume, and then no label has a meaning
    return replace(
        one,
        energy=None if one.energy is None else one.energy - core.energy,
        forces=None if one.forces is None else one.forces - core.forces,
        stress=None if one.stress is None else one.stress - stress,
    )


def require_core_inside(elements: Sequence[int], cutoff: float, reach: float) -> None:
    """Refuse a cutoff within which the repulsion does not end.

    Args:
        elements: Atomic numbers.
        cutoff: Of the radial functions, Å.
        reach: As for :func:`faded`.

    Raises:
        BadInput: if pairs beyond the cutoff would repel.
    """
    outer = switch_distances(tuple(elements), reach)[1].max()
    if outer > cutoff:
        raise BadInput(
            f"potential: the cutoff is {cutoff} Å, but nuclei of {list(map(symbol, elements))} "
            f"repel up to {outer:.3f} Å; raise radial.cutoff, or set core to false."
        )
