from pathlib import Path

import pytest
from ase.build import bulk
from ase.io import write

from sciml.core.errors import BadInput
from sciml.materials.own_crystals import crystal_of

CIF = """data_mixed
_cell_length_a 5.4
_cell_length_b 5.4
_cell_length_c 5.4
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_symmetry_space_group_name_H-M 'P 1'
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_occupancy
Si1 Si 0 0 0 1.0
{rest}
"""


def mixed(folder: Path, rest: str) -> str:
    path = folder / "mixed.cif"
    path.write_text(CIF.format(rest=rest))
    return str(path)


def test_a_file_with_occupancies_of_one_is_read(tmp_path: Path) -> None:
    found = crystal_of(mixed(tmp_path, "Ge1 Ge 0.25 0.25 0.25 1.0"))
    assert found.numbers.tolist() == [14, 32]


@pytest.mark.parametrize(
    "rest", ["Ge1 Ge 0.25 0.25 0.25 0.4", "Ge1 Ge 0.5 0.5 0.5 0.5\nSi2 Si 0.5 0.5 0.5 0.5"]
)
def test_sites_that_are_shared_or_partly_empty_are_refused(tmp_path: Path, rest: str) -> None:
    with pytest.raises(BadInput, match=r"mixed\.cif: a site is occupied by .*Ge 0\.[45]"):
        crystal_of(mixed(tmp_path, rest))


@pytest.mark.parametrize("name", ["a.xyz", "a.extxyz", "a.cif", "a.traj", "POSCAR", "a.nothing"])
def test_files_that_are_not_what_their_name_says_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("3\nnot a crystal\n")
    with pytest.raises(BadInput, match=rf"{name}: ASE cannot read it"):
        crystal_of(str(tmp_path / name))


def test_a_molecule_is_refused(tmp_path: Path) -> None:
    atoms = bulk("Si", cubic=True)
    atoms.pbc = [True, True, False]
    write(tmp_path / "slab.extxyz", atoms)
    with pytest.raises(BadInput, match="repeats in three directions"):
        crystal_of(str(tmp_path / "slab.extxyz"))
