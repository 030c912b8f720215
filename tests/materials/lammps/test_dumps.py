"""Dumps of LAMMPS as they are written, and what is not one."""

from pathlib import Path

import numpy as np
import pytest

from sciml.core.errors import BadInput, DamagedFile
from sciml.materials.lammps.dumps import read_dump
from sciml.materials.lammps.engine import start_lammps

DUMP = """ITEM: TIMESTEP
250
ITEM: NUMBER OF ATOMS
2
ITEM: BOX BOUNDS pp pp ff
1.0 5.0
2.0 8.0
-1.0 9.0
ITEM: ATOMS id type x y z c_heat
2 1 4.0 7.0 8.0 0.5
1 2 1.5 2.5 0.0 -0.5
"""


def test_atoms_are_sorted_and_the_corner_is_at_the_origin(tmp_path: Path) -> None:
    file = tmp_path / "dump"
    file.write_text(DUMP + DUMP.replace("250", "500"))
    first, second = read_dump(file, ["Si", "C"])
    assert (first.step, second.step) == (250, 500)
    np.testing.assert_array_equal(first.structure.numbers, [6, 14])
    np.testing.assert_allclose(first.structure.positions, [[0.5, 0.5, 1.0], [3.0, 5.0, 9.0]])
    np.testing.assert_allclose(first.structure.cell, np.diag([4.0, 6.0, 10.0]))
    np.testing.assert_array_equal(first.structure.periodic, [True, True, False])
    np.testing.assert_allclose(first.values["c_heat"], [-0.5, 0.5])


def test_a_tilted_cell_of_lammps_itself_comes_back(tmp_path: Path) -> None:
    file = tmp_path / "dump"
    engine = start_lammps()
    for command in (
        "units metal",
        "region box prism -1 4 2 8 0 7 1.5 -0.7 2.1",
        "create_box 1 box",
        "mass 1 28",
        "create_atoms 1 random 5 382 box",
        f'write_dump all custom "{file}" id type xu yu zu modify format float %.12g',
    ):
        engine.command(command)
    expected = np.array(engine.numpy.extract_atom("x"))[np.argsort(engine.numpy.extract_atom("id"))]
    expected = expected - [-1, 2, 0]
    engine.close()
    (frame,) = read_dump(file, ["Si"])
    np.testing.assert_allclose(frame.structure.cell, [[5, 0, 0], [1.5, 6, 0], [-0.7, 2.1, 7]])
    np.testing.assert_allclose(frame.structure.positions, expected, atol=1e-9)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        (DUMP[:-20], DamagedFile, "last frame is cut off"),
        ("ITEM: TIMESTEP\n250\n", DamagedFile, "last frame is cut off"),
        ("Step Temp\n1 300\n", BadInput, "expected a dump as text"),
        (DUMP.replace("id type x", "id type q"), BadInput, "expected id, type and x y z"),
        (DUMP.replace("2 1 4.0", "2 3 4.0"), BadInput, "type 3 has no element"),
    ],
)
def test_what_is_no_dump_is_told(
    tmp_path: Path, text: str, error: type[Exception], message: str
) -> None:
    file = tmp_path / "dump"
    file.write_text(text)
    with pytest.raises(error, match=message):
        list(read_dump(file, ["Si", "C"]))
