import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.materials.calculator import PotentialCalculator
from sciml.materials.committee import Committee
from tests.materials.ace.test_kernels import crystal
from tests.materials.ace.test_model import potential


def test_a_committee_is_the_mean_of_its_members() -> None:
    members = (potential(1), potential(2), potential(3))
    found = Committee(members).evaluate([crystal(0)])[0]
    parts = [member.evaluate([crystal(0)])[0] for member in members]
    assert found.energy == pytest.approx(np.mean([part.energy for part in parts]))
    assert found.atom_energies.sum() == pytest.approx(found.energy)
    forces = np.stack([part.forces for part in parts])
    np.testing.assert_allclose(found.forces, forces.mean(axis=0))
    far = np.linalg.norm(forces - forces.mean(axis=0), axis=2)
    np.testing.assert_allclose(found.spread, np.sqrt(np.mean(far**2, axis=0)))


def test_members_that_agree_have_no_spread() -> None:
    found = Committee((potential(1), potential(1))).evaluate([crystal(0)])[0]
    np.testing.assert_allclose(found.spread, 0, atol=1e-12)


def test_the_calculator_gives_spread_and_grades() -> None:
    known = potential(1).with_grade([crystal(0), crystal(1)])
    structure = crystal(2)
    calculator = PotentialCalculator(Committee((known, potential(2))))
    from sciml.materials.structures import to_atoms

    atoms = to_atoms(structure)
    atoms.calc = calculator
    atoms.get_potential_energy()
    assert calculator.results["spread"].shape == (5,)
    np.testing.assert_allclose(
        calculator.results["grades"], known.evaluate([structure])[0].grades, rtol=1e-9
    )


def test_one_potential_is_no_committee() -> None:
    with pytest.raises(BadInput, match="expected two or more potentials"):
        Committee((potential(),))
