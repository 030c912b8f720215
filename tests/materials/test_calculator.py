import numpy as np
import pytest
from ase.build import bulk, molecule
from ase.calculators.calculator import PropertyNotImplementedError
from ase.calculators.test import gradient_test
from ase.md.verlet import VelocityVerlet

from sciml.core.errors import BadInput
from sciml.materials.calculator import PotentialCalculator
from tests.materials.ace.test_model import potential


def crystal(seed: int = 0):
    atoms = bulk("SiC", "zincblende", a=4.36, cubic=True)
    atoms.rattle(0.1, seed=seed)
    atoms.calc = PotentialCalculator(potential())
    return atoms


def test_forces_are_slopes_of_the_energy() -> None:
    by_force, by_energy = gradient_test(crystal(), [0, 5])
    np.testing.assert_allclose(by_force, by_energy, atol=1e-5)


def test_stress_is_what_ase_finds_by_strain() -> None:
    from ase.calculators.fd import calculate_numerical_stress

    atoms = crystal()
    np.testing.assert_allclose(
        atoms.get_stress(voigt=True), calculate_numerical_stress(atoms, eps=1e-5), atol=1e-6
    )


def test_energies_of_atoms_add_up_and_follow_changes() -> None:
    atoms = crystal()
    before = atoms.get_potential_energy()
    assert atoms.get_potential_energies().sum() == pytest.approx(before)
    atoms.positions[0] += 0.1
    assert atoms.get_potential_energy() != before


def test_dynamics_keep_the_energy() -> None:
    """The drift falls with the square of the step, as it does for the slopes of an energy."""
    drifts = []
    for femtoseconds in (1.0, 0.5):
        atoms = crystal(1)
        start = atoms.get_total_energy()
        VelocityVerlet(atoms, femtoseconds * 0.09822694788464063).run(round(10 / femtoseconds))
        drifts.append(abs(atoms.get_total_energy() - start))
    assert drifts[1] == pytest.approx(drifts[0] / 4, rel=0.01)


def test_a_molecule_has_no_stress_and_strangers_are_named() -> None:
    atoms = molecule("SiH4")
    atoms.calc = PotentialCalculator(potential())
    with pytest.raises(BadInput, match="atomic number 1 is not among the known"):
        atoms.get_potential_energy()
    del atoms[[atom.index for atom in atoms if atom.symbol == "H"]]
    atoms.calc = PotentialCalculator(potential())
    with pytest.raises(PropertyNotImplementedError):
        atoms.get_stress()
