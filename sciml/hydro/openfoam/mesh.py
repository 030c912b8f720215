"""The mesh of a flat wedge around a disk: blocks for blockMesh, and where their cells are.

Lengths are in disk radii R_n. The disk's front face is at x = 0; r is the distance from the axis.
"""

from typing import NamedTuple

import numpy as np

from sciml.core.axes import FloatArray

WEDGE = 5.0  # degrees
SHARE = 360.0 / WEDGE  # how many wedges make the body of revolution

_HALF = np.radians(WEDGE / 2)
# A flat wedge with vertices on the circle is smaller than the sector it stands for. All distances
# from the axis are scaled so that its areas and volumes are those of the sector.
_SCALE = float(np.sqrt(_HALF / np.tan(_HALF)))


class Segment(NamedTuple):
    """Cells along a stretch of an axis whose sizes grow from one end to the other."""

    start: float
    stop: float
    first: float  # size of the first cell at refinement 1
    last: float  # size of the last cell at refinement 1

    @property
    def expansion(self) -> float:
        """Size of the last cell over that of the first, kept under refinement."""
        return self.last / self.first

    def cells(self, refinement: float) -> int:
        """Number of cells: that of a geometric series of these sizes, times the refinement."""
        length = self.stop - self.start
        count = length / self.first
        if self.first != self.last:
            ratio = (length - self.first) / (length - self.last)
            count = 1.0 + np.log(self.expansion) / np.log(ratio)
        return max(round(refinement * count), 1)

    def nodes(self, refinement: float) -> FloatArray:
        """The ends of the cells, as blockMesh places them."""
        count = self.cells(refinement)
        sizes = self.expansion ** (np.arange(count) / max(count - 1, 1))
        steps = np.concatenate([[0.0], np.cumsum(sizes)])
        return self.start + (self.stop - self.start) * steps / steps[-1]


# The outer wall is far away because a tube chokes: at 100 R_n no cavity exists below σ = 0.02.
ALONG = (
    Segment(-60.0, -2.0, 8.0, 0.4),
    Segment(-2.0, 0.0, 0.4, 0.075),
    Segment(0.0, 0.3, 0.075, 0.075),  # the disk
    Segment(0.3, 12.0, 0.075, 0.3),
    Segment(12.0, 30.0, 0.3, 1.0),
    Segment(30.0, 100.0, 1.0, 10.0),
)
ACROSS = (
    Segment(0.0, 1.0, 0.14, 0.06),  # the disk
    Segment(1.0, 3.5, 0.06, 0.25),
    Segment(3.5, 8.0, 0.25, 0.8),
    Segment(8.0, 100.0, 0.8, 12.0),
)
DISK = (2, 0)  # the block that is left out


class Block(NamedTuple):
    """A block of cells: number along the stream, number away from the axis."""

    i: int
    j: int


BLOCKS = tuple(Block(i, j) for j in range(len(ACROSS)) for i in range(len(ALONG)) if (i, j) != DISK)


def cell_count(refinement: float) -> int:
    """Number of cells of the mesh."""
    return sum(
        ALONG[block.i].cells(refinement) * ACROSS[block.j].cells(refinement) for block in BLOCKS
    )


def centres(refinement: float) -> tuple[FloatArray, FloatArray]:
    """Where the centres of mass of the cells are.

    Args:
        refinement: As in the settings.

    Returns:
        Distance x downstream of the disk's face, shape (x,), and r from the axis, shape (r,);
        both in disk radii. The product grid has no cells inside the disk.
    """
    x, r = (_nodes(segments, refinement) for segments in (ALONG, ACROSS))
    near, far = r[:-1], r[1:]
    # A wedge is thin at the axis: its centre of mass lies beyond the middle.
    return (x[1:] + x[:-1]) / 2, 2 / 3 * (near**2 + near * far + far**2) / (near + far)


def gridded(values: FloatArray, refinement: float) -> FloatArray:
    """Values in the order of blockMesh, laid out on the product grid.

    Args:
        values: One value per cell, shape (cell,).
        refinement: As in the settings.

    Returns:
        Shape (r, x); NaN inside the disk.
    """
    columns = _offsets(ALONG, refinement)
    rows = _offsets(ACROSS, refinement)
    grid = np.full((rows[-1], columns[-1]), np.nan)
    begin = 0
    for i, j in BLOCKS:
        part = grid[rows[j] : rows[j + 1], columns[i] : columns[i + 1]]
        part[:] = values[begin : begin + part.size].reshape(part.shape)
        begin += part.size
    return grid


def mesh_entries(radius: float, refinement: float) -> dict[str, str]:
    """The parts of blockMeshDict.

    Args:
        radius: R_n, m.
        refinement: As in the settings.

    Returns:
        ``vertices``, ``blocks`` and the faces of each patch, in the syntax of the dictionary.
    """
    x = [ALONG[0].start, *(segment.stop for segment in ALONG)]
    r = [ACROSS[0].start, *(segment.stop for segment in ACROSS)]
    vertices = [
        _vertex(x[i] * radius, r[j] * radius, side)
        for side, i, j in sorted(_numbers(), key=lambda key: _numbers()[key])
    ]
    return {
        "vertices": _listed(vertices),
        "blocks": _listed([_block_entry(block, refinement) for block in BLOCKS]),
        **{name: _listed(faces) for name, faces in _patches().items()},
    }


def _nodes(segments: tuple[Segment, ...], refinement: float) -> FloatArray:
    """The ends of all cells along an axis."""
    inner = [segment.nodes(refinement)[1:] for segment in segments]
    return np.concatenate([[segments[0].start], *inner])


def _offsets(segments: tuple[Segment, ...], refinement: float) -> list[int]:
    """Where the cells of each segment begin, and their number."""
    counts = [segment.cells(refinement) for segment in segments]
    return [0, *(int(total) for total in np.cumsum(counts))]


def _numbers() -> dict[tuple[int, int, int], int]:
    """The number of the vertex at (side, i, j); the sides share those on the axis."""
    keys = [(side, i, j) for side in (0, 1) for j in range(len(ACROSS) + 1)
            for i in range(len(ALONG) + 1) if side == 0 or j > 0]  # fmt: skip
    return {key: number for number, key in enumerate(keys)}


def _corner(side: int, i: int, j: int) -> int:
    """The number of a vertex."""
    return _numbers()[(0 if j == 0 else side, i, j)]


def _vertex(x: float, r: float, side: int) -> str:
    """The coordinates of a vertex on the lower or the upper face of the wedge."""
    y = _SCALE * r
    z = (2 * side - 1) * y * np.tan(_HALF)
    return f"({x:.12g} {y:.12g} {z + 0.0:.12g})"


def _block_entry(block: Block, refinement: float) -> str:
    """A block: its corners, its numbers of cells and how their sizes grow."""
    i, j = block
    ring = ((i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1))
    corners = " ".join(str(_corner(side, *at)) for side in (0, 1) for at in ring)
    along, across = ALONG[i], ACROSS[j]
    counts = f"({along.cells(refinement)} {across.cells(refinement)} 1)"
    growth = f"({along.expansion:.12g} {across.expansion:.12g} 1)"
    return f"hex ({corners}) {counts} simpleGrading {growth}"


def _patches() -> dict[str, list[str]]:
    """The faces of each patch."""
    columns, rows = len(ALONG), len(ACROSS)
    i, j = DISK
    sides = [
        [_face([(side, b.i, b.j), (side, b.i + 1, b.j), (side, b.i + 1, b.j + 1),
                (side, b.i, b.j + 1)]) for b in BLOCKS]
        for side in (0, 1)
    ]  # fmt: skip
    return {
        "inlet": [_across(0, row) for row in range(rows)],
        "outlet": [_across(columns, row) for row in range(rows)],
        "far": [_along(column, rows) for column in range(columns)],
        "disk": [_across(i, j), _along(i, j + 1), _across(i + 1, j)],
        "lower": sides[0],
        "upper": sides[1],
    }


def _across(i: int, j: int) -> str:
    """A face of constant x between two rows of vertices."""
    return _face([(0, i, j), (1, i, j), (1, i, j + 1), (0, i, j + 1)])


def _along(i: int, j: int) -> str:
    """A face of constant r between two columns of vertices."""
    return _face([(0, i, j), (0, i + 1, j), (1, i + 1, j), (1, i, j)])


def _face(corners: list[tuple[int, int, int]]) -> str:
    """A face by its corners; a wedge's face at the axis repeats one, as blockMesh expects."""
    return "(" + " ".join(str(_corner(*corner)) for corner in corners) + ")"


def _listed(entries: list[str]) -> str:
    """Entries of a list, one a line."""
    return "\n".join(f"    {entry}" for entry in entries)
