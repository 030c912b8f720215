"""The pairs of many structures as one set of arrays, ready for the compiled sums."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sciml.core.axes import FloatArray, IntArray
from sciml.core.errors import BadInput
from sciml.materials.ace.radial import RadialSettings, radial_functions
from sciml.materials.neighbours import Neighbours, neighbours
from sciml.materials.structures import Structure


class Edges(NamedTuple):
    """All pairs of some structures; floats are of one type throughout.

    They are sorted by centre, and those of one centre by the kind of the far end: the compiled
    sums take pairs of one kind together.
    """

    first: IntArray  # the pairs of atom i are first[i] to first[i + 1], (atom + 1,)
    other: IntArray  # the atom at the far end, (pair,)
    kind: IntArray  # which element the far end is, (pair,)
    unit: NDArray[Any]  # direction from centre to other, (pair, 3)
    distance: NDArray[Any]  # Å, (pair,)
    values: NDArray[Any]  # radial functions, (pair, function)
    slopes: NDArray[Any]  # their derivatives, 1/Å, (pair, function)
    element: IntArray  # which element each atom is, (atom,)
    frame: IntArray  # which structure each atom is of, (atom,)


def edges_of(
    structures: Sequence[Structure],
    elements: Sequence[int],
    settings: RadialSettings,
    dtype: type = np.float64,
) -> Edges:
    """The pairs of structures.

    Args:
        structures: At least one.
        elements: Atomic numbers that are known; an element is called by its place here.
        settings: Cutoff and radial functions.
        dtype: float32 or float64.

    Returns:
        The pairs of all structures one after the other.

    Raises:
        BadInput: if an element is not known or no structure is given.
    """
    if not structures:
        raise BadInput("edges: no structures were given; give at least one.")
    return joined([_edges(structure, elements, settings, dtype) for structure in structures])


def joined(parts: Sequence[Edges]) -> Edges:
    """Several sets of pairs as one; atoms and structures are numbered through."""
    atoms = np.cumsum([0] + [len(part.element) for part in parts])
    pairs = np.cumsum([0] + [len(part.other) for part in parts])
    frames = np.cumsum([0] + [int(part.frame[-1]) + 1 for part in parts])
    whole = {name: np.concatenate([getattr(p, name) for p in parts]) for name in Edges._fields[2:]}
    first = [part.first[:-1] + start for part, start in zip(parts, pairs, strict=False)]
    other = [part.other + start for part, start in zip(parts, atoms, strict=False)]
    frame = [part.frame + start for part, start in zip(parts, frames, strict=False)]
    whole |= {"frame": np.concatenate(frame), "other": np.concatenate(other)}
    return Edges(first=np.concatenate([*first, pairs[-1:]]), **whole)


def _edges(
    structure: Structure, elements: Sequence[int], settings: RadialSettings, dtype: type
) -> Edges:
    """The pairs of one structure."""
    element = element_places(structure, elements)
    found = _by_kind(neighbours(structure, settings.cutoff), element)
    distance = np.linalg.norm(found.vector, axis=1)
    _require_apart(structure, found.centre, found.other, distance)
    values, slopes = radial_functions(distance, settings)
    return Edges(
        first=np.searchsorted(found.centre, np.arange(len(structure) + 1)).astype(np.int64),
        other=found.other,
        kind=element[found.other],
        unit=_typed(found.vector / distance[:, None], dtype),
        distance=_typed(distance, dtype),
        values=_typed(values, dtype),
        slopes=_typed(slopes, dtype),
        element=element,
        frame=np.zeros(len(structure), dtype=np.int64),
    )


def _by_kind(found: Neighbours, element: IntArray) -> Neighbours:
    """Sorted by centre, then by the element of the other atom."""
    if not element.any():  # one kind, as in most crystals that are trained on
        return found
    order = np.lexsort((element[found.other], found.centre))
    centre, other, vector, shift = found
    return Neighbours(centre[order], other[order], vector[order], shift[order])


def element_places(structure: Structure, elements: Sequence[int]) -> IntArray:
    """The place of each atom's element among the known ones, (atom,).

    Raises:
        BadInput: if one is not known.
    """
    known = np.asarray(elements, dtype=np.int64)
    unknown = np.setdiff1d(structure.numbers, known)
    if len(unknown):
        raise BadInput(
            f"{structure.name}: atomic number {unknown[0]} is not among the known "
            f"{sorted(int(z) for z in known)}; use a potential for it, or train one."
        )
    order = np.argsort(known)
    return order[np.searchsorted(known[order], structure.numbers)]


def _require_apart(
    structure: Structure, centre: IntArray, other: IntArray, distance: FloatArray
) -> None:
    """Two atoms in one place have no direction."""
    if len(distance) and distance.min() < 1e-3:
        pair = int(distance.argmin())
        raise BadInput(
            f"{structure.name}: atoms {centre[pair]} and {other[pair]} are "
            f"{distance[pair]:.2g} Å apart; look at positions and cell."
        )


def _typed(values: FloatArray, dtype: type) -> NDArray[Any]:
    return np.ascontiguousarray(values, dtype=dtype)
