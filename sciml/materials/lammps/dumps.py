"""What LAMMPS dumps as text, frame by frame."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sciml.core.axes import FloatArray, IntArray
from sciml.core.errors import BadInput, DamagedFile
from sciml.core.paths import shown
from sciml.materials.elements import atomic_number
from sciml.materials.structures import Structure

_PLACES = (("x", "y", "z"), ("xu", "yu", "zu"))
_ATOMS, _BOX = "ITEM: ATOMS", "ITEM: BOX BOUNDS"


class Frame(NamedTuple):
    """One frame of a dump."""

    step: int
    structure: Structure  # atoms in the order of their ids, the cell's corner at the origin
    values: Mapping[str, FloatArray]  # by column, other than ids, types and places, (atom,)


def read_dump(path: Path, elements: Sequence[str]) -> Iterator[Frame]:
    """Frames of a dump with ``id type`` and ``x y z`` or ``xu yu zu`` among its columns.

    Args:
        path: As `dump custom` writes it, as text.
        elements: The symbol of each atom type, in their order.

    Yields:
        The frames, one at a time.

    Raises:
        BadInput: if a column is missing, or an atom's type has no element.
        DamagedFile: if a frame is cut off.
    """
    numbers = np.array([atomic_number(name) for name in elements])
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip() != "ITEM: TIMESTEP":
                raise BadInput(
                    f"{shown(path)}: expected a dump as text, got {line.strip()[:40]!r}."
                )
            try:
                yield _frame(path, lines, numbers)
            except (StopIteration, ValueError, IndexError) as error:
                if isinstance(error, BadInput):
                    raise
                raise DamagedFile(
                    f"{shown(path)}: its last frame is cut off; run longer, or remove it."
                ) from None


def _frame(path: Path, lines: Iterator[str], numbers: IntArray) -> Frame:
    """The rest of a frame, whose first line has been read."""
    step = int(next(lines))
    next(lines)
    count = int(next(lines))
    repeats = next(lines).removeprefix(_BOX).split()
    bounds = np.array([next(lines).split() for _ in range(3)], dtype=np.float64)
    columns = next(lines).removeprefix(_ATOMS).split()
    table = np.array([next(lines).split() for _ in range(count)], dtype=np.float64)
    by_name = dict(zip(columns, table.reshape(count, len(columns)).T, strict=True))
    places = next((names for names in _PLACES if set(names) <= set(columns)), None)
    if places is None or not {"id", "type"} <= set(columns):
        raise BadInput(
            f"{shown(path)}: columns are {' '.join(columns)}; expected id, type and x y z or "
            "xu yu zu among them."
        )
    order = np.argsort(by_name.pop("id"))
    kinds = by_name.pop("type")[order].astype(int)
    if kinds.max(initial=0) > len(numbers):
        raise BadInput(f"{shown(path)}: type {kinds.max()} has no element; give {kinds.max()}.")
    cell, corner = _cell(bounds)
    positions = np.stack([by_name.pop(name)[order] for name in places], axis=1) - corner
    periodic = np.array([word == "pp" for word in repeats[-3:]])
    structure = Structure(numbers[kinds - 1], positions, cell, periodic)
    return Frame(step, structure, {name: values[order] for name, values in by_name.items()})


def _cell(bounds: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Lattice vectors and the corner; LAMMPS gives the box that surrounds a tilted cell."""
    if bounds.shape[1] == 2:
        return np.diag(bounds[:, 1] - bounds[:, 0]), bounds[:, 0]
    xy, xz, yz = bounds[:, 2]
    low = bounds[:, 0] - [min(0, xy, xz, xy + xz), min(0, yz), 0]
    high = bounds[:, 1] - [max(0, xy, xz, xy + xz), max(0, yz), 0]
    x, y, z = high - low
    return np.array([[x, 0, 0], [xy, y, 0], [xz, yz, z]]), low
