"""Who is near whom: the one place that asks a library for neighbour lists."""

from typing import NamedTuple

import numpy as np
from vesin import NeighborList

from sciml.core.axes import FloatArray, IntArray
from sciml.core.errors import BadInput
from sciml.materials.structures import Structure


class Neighbours(NamedTuple):
    """Ordered pairs of atoms within a cutoff; each pair appears from both its ends.

    An atom is a neighbour of its own images. Pairs are sorted by ``centre``.
    """

    centre: IntArray  # (pair,)
    other: IntArray  # (pair,)
    vector: FloatArray  # from centre to other, Å, (pair, 3)
    shift: IntArray  # cells that the other is away, (pair, 3)


def neighbours(structure: Structure, cutoff: float) -> Neighbours:
    """All pairs nearer than a cutoff, over as many periodic images as it takes.

    Args:
        structure: Atoms, in any cell and with any mix of periodic directions.
        cutoff: Å; pairs at this distance or beyond are left out.

    Returns:
        The pairs, sorted by centre, then other, then shift.

    Raises:
        BadInput: if the cutoff is not positive.
    """
    if not cutoff > 0:
        raise BadInput(f"neighbours: cutoff is {cutoff} Å; it must be positive.")
    finder = NeighborList(cutoff=cutoff, full_list=True)
    centre, other, shift, vector = finder.compute(
        structure.positions, _box(structure), structure.periodic, "ijSD"
    )
    inside = np.flatnonzero(np.sum(vector**2, axis=1) < cutoff**2)
    keys = np.stack([*shift.T[::-1], other, centre])[:, inside].astype(np.int64)
    order = inside[np.lexsort(keys)]
    return Neighbours(
        centre[order].astype(np.int64),
        other[order].astype(np.int64),
        np.ascontiguousarray(vector[order]),
        shift[order].astype(np.int64),
    )


def _box(structure: Structure) -> FloatArray:
    """The cell, with directions of length one across those that have none."""
    box = structure.cell.copy()
    for axis in np.flatnonzero(~structure.periodic):
        others = np.delete(box, axis, axis=0)
        across = np.linalg.svd(others)[2][np.linalg.matrix_rank(others) :]
        if not box[axis].any():
            box[axis] = across[0]
    return box
