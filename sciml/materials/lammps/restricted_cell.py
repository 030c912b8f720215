"""Any cell in the form that LAMMPS takes: first vector along x, second in the plane of x and y."""

from typing import NamedTuple

import numpy as np

from sciml.core.axes import BoolArray, FloatArray
from sciml.core.errors import BadInput
from sciml.materials.structures import Structure, components, matrix

_MARGIN = 1.0  # Å between atoms and the walls of a direction that does not repeat


class RestrictedCell(NamedTuple):
    """The same atoms, turned, wrapped, and boxed in where a direction does not repeat."""

    box: FloatArray  # lattice vectors as rows, lower triangular, Å, (3, 3)
    positions: FloatArray  # Å, inside the box, (atom, 3)
    turn: FloatArray  # orthogonal; a vector v there is turn @ v here, (3, 3)

    def turned_back(self, vectors: FloatArray) -> FloatArray:
        """Vectors in the frame of the structure, shape (atom, 3)."""
        return vectors @ self.turn

    def stress_turned_back(self, stress: FloatArray) -> FloatArray:
        """A symmetric tensor as xx, yy, zz, yz, xz, xy in the frame of the structure."""
        return components(self.turn.T @ matrix(stress) @ self.turn)


def restricted_cell(structure: Structure) -> RestrictedCell:
    """Turn a structure so that its cell is lower triangular with a positive diagonal.

    Forces and stress have to be turned back. A left-handed cell is mirrored as well, which
    changes no energy. Directions that do not repeat get a box of their own around the atoms,
    at right angles to those that do.

    Args:
        structure: Atoms in any cell.

    Returns:
        The same neighbourhoods in LAMMPS' form, with tilts of at most half a vector.

    Raises:
        BadInput: if the vectors of the repeating directions are not independent.
    """
    box, turn = _lower_triangular(_completed(structure))
    box = _least_tilted(box, structure.periodic)
    shares = np.linalg.solve(box.T, (structure.positions @ turn.T).T).T  # (atom, 3)
    for axis in range(3):
        if structure.periodic[axis]:
            shares[:, axis] -= np.floor(shares[:, axis])
        else:  # the vector has length one, so the shares are in Å
            inside = shares[:, axis] - shares[:, axis].min() + _MARGIN
            length = inside.max() + _MARGIN
            box[axis] *= length
            shares[:, axis] = inside / length
    return RestrictedCell(box, shares @ box, turn)


def _completed(structure: Structure) -> FloatArray:
    """The cell with unit vectors, at right angles to the rest, where nothing repeats."""
    if not structure.periodic.any():
        return np.eye(3)
    repeating = structure.cell[structure.periodic]
    if np.linalg.matrix_rank(repeating) < len(repeating):
        raise BadInput(
            f"{structure.name}: the lattice vectors of its {len(repeating)} periodic directions "
            "are not independent; give the lattice vectors, or set periodic to False."
        )
    cell = structure.cell.copy()
    cell[~structure.periodic] = np.linalg.svd(repeating)[2][len(repeating) :]
    return cell


def _lower_triangular(cell: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The turned cell, and the turn as a matrix that acts on column vectors."""
    Q, R = np.linalg.qr(cell.T)  # cell = Rᵀ Qᵀ
    signs: FloatArray = np.where(np.diag(R) < 0, -1.0, 1.0)
    return np.tril(R.T * signs), (Q * signs).T


def _least_tilted(box: FloatArray, periodic: BoolArray) -> FloatArray:
    """The same lattice by vectors that lean as little as they can; LAMMPS is slow otherwise."""
    box = box.copy()
    for row, other in ((2, 1), (1, 0), (2, 0)):
        if periodic[row] and periodic[other]:
            box[row] -= np.round(box[row, other] / box[other, other]) * box[other]
    return box
