"""Structures: what is refused, and the way to ASE and pymatgen and back."""

import numpy as np
import pytest
from ase.build import molecule
from pymatgen.core import Lattice, Molecule
from pymatgen.core import Structure as PymatgenStructure

from sciml.core.axes import FloatArray, IntArray
from sciml.core.errors import BadInput
from sciml.materials.structures import (
    Structure,
    components,
    from_atoms,
    from_pymatgen,
    to_atoms,
    to_pymatgen,
)

LABELS = ("numbers", "positions", "cell", "periodic", "energy", "forces", "stress")
CELL = np.array([[4.0, 0, 0], [0.5, 4.1, 0], [0.2, -0.3, 4.2]])


def labelled(periodic: tuple[bool, bool, bool], seed: int = 0) -> Structure:
    random = np.random.default_rng(seed)
    return Structure(
        numbers=np.array([14, 6, 8]),
        positions=random.uniform(-5, 9, size=(3, 3)),  # also outside of the cell
        cell=CELL if any(periodic) else np.zeros((3, 3)),
        periodic=np.array(periodic),
        energy=-3.25,
        forces=random.normal(size=(3, 3)),
        stress=random.normal(size=6) if all(periodic) else None,
        about={"group": "strained", "temperature_K": 300.0, "number": 3, "wet": True},
    )


def assert_same(one: Structure, other: Structure) -> None:
    for label in LABELS:
        left, right = getattr(one, label), getattr(other, label)
        assert (left is None) == (right is None), label
        if left is not None:
            np.testing.assert_allclose(right, left, atol=1e-12, err_msg=label)
    assert dict(one.about) == dict(other.about)


PERIODIC = [(True, True, True), (True, True, False), (False, False, False)]


@pytest.mark.parametrize("periodic", PERIODIC)
@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_lost_on_the_way_to_pymatgen_and_back(
    periodic: tuple[bool, bool, bool], seed: int
) -> None:
    structure = labelled(periodic, seed)
    assert_same(structure, from_pymatgen(to_pymatgen(structure)))


@pytest.mark.parametrize("periodic", PERIODIC)
def test_nothing_is_lost_on_the_way_to_ase_and_back(periodic: tuple[bool, bool, bool]) -> None:
    structure = labelled(periodic)
    assert_same(structure, from_atoms(to_atoms(structure)))


def test_labels_of_atoms_that_have_moved_since_are_not_taken() -> None:
    atoms = to_atoms(labelled((True, True, True)))
    atoms.rattle(0.1, seed=1)
    found = from_atoms(atoms)
    assert (found.energy, found.forces, found.stress) == (None, None, None)


def test_a_molecule_of_pymatgen_is_periodic_nowhere() -> None:
    water = molecule("H2O")
    found = from_pymatgen(
        Molecule(water.get_chemical_symbols(), water.positions), {"group": "water"}
    )
    assert not found.periodic.any()
    assert found.about["group"] == "water"
    assert found.energy is found.forces is found.stress is None
    np.testing.assert_array_equal(found.numbers, [8, 1, 1])
    assert isinstance(to_pymatgen(found), Molecule)


def test_a_crystal_of_pymatgen_keeps_its_places_and_drops_its_charges() -> None:
    salt = PymatgenStructure.from_spacegroup(
        "Fm-3m", Lattice.cubic(5.64), ["Na+", "Cl-"], [[0, 0, 0], [0.5, 0.5, 0.5]]
    )
    found = from_pymatgen(salt)
    assert found.periodic.all()
    assert sorted(found.numbers.tolist()) == [11] * 4 + [17] * 4
    np.testing.assert_allclose(found.positions, salt.cart_coords)
    np.testing.assert_allclose(found.volume, 5.64**3)


def test_stress_is_a_matrix_in_pymatgen_so_that_no_order_is_mistaken() -> None:
    structure = labelled((True, True, True))
    assert structure.stress is not None
    matrix = np.array(to_pymatgen(structure).properties["stress"])
    np.testing.assert_array_equal(matrix, matrix.T)
    np.testing.assert_array_equal(components(matrix), structure.stress)
    assert matrix[1, 2] == structure.stress[3]
    crystal = to_pymatgen(structure)
    crystal.properties["stress"] = structure.stress.tolist()
    with pytest.raises(BadInput, match=r"stress has shape \(6,\); expected \(3, 3\)"):
        from_pymatgen(crystal)


def test_a_shared_site_is_refused() -> None:
    alloy = PymatgenStructure(Lattice.cubic(3.6), [{"Cu": 0.5, "Au": 0.5}], [[0, 0, 0]])
    with pytest.raises(BadInput, match=r"site 0 is .*Cu.*; expected one whole atom"):
        from_pymatgen(alloy)


def test_a_sheet_without_a_third_vector_is_told_what_pymatgen_needs() -> None:
    sheet = Structure(
        np.array([6]), np.zeros((1, 3)), np.diag([2.5, 2.5, 0]), np.array([True, True, False])
    )
    with pytest.raises(BadInput, match="pymatgen needs three lattice vectors"):
        to_pymatgen(sheet)


BAD: dict[str, tuple[IntArray, FloatArray, FloatArray, str]] = {
    "no atoms": (np.zeros(0, int), np.zeros((0, 3)), CELL, "it has no atoms"),
    "no element": (np.array([0]), np.zeros((1, 3)), CELL, "0 is not the atomic number"),
    "too heavy": (np.array([119]), np.zeros((1, 3)), CELL, "expected 1 to 118"),
    "nan": (np.array([6]), np.array([[0, np.nan, 0]]), CELL, "position of row 0"),
    "infinite cell": (np.array([6]), np.zeros((1, 3)), np.full((3, 3), np.inf), "cell of row 0"),
    "flat cell": (np.array([6]), np.zeros((1, 3)), np.diag([3.0, 3, 0]), "volume of the cell is 0"),
}


@pytest.mark.parametrize("bad", BAD)
def test_what_cannot_be_atoms_is_refused_with_its_source(bad: str) -> None:
    numbers, positions, cell, text = BAD[bad]
    with pytest.raises(BadInput, match=rf"^frame 7: .*{text}"):
        Structure(numbers, positions, cell, np.ones(3, bool), about={"source": "frame 7"})
