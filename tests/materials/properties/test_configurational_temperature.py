"""The temperature that forces imply: of springs in closed form, and of the embedded silicon."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from ase.units import kB

from sciml.core.errors import BadInput
from sciml.materials.ace.file import load_potential
from sciml.materials.committee import Committee
from sciml.materials.datasets import open_structures
from sciml.materials.potential import Evaluation
from sciml.materials.properties.configurational_temperature import configurational_temperature
from sciml.materials.structures import Structure, from_atoms, to_atoms
from sciml.materials.trained import trained_file
from tests.materials.properties.known_crystals import Springs, spring_crystal, stillinger_weber

STIFFNESS = 4.0  # eV/Å²


class Tethers:
    """Every atom on a spring of its own, to where it stood: positions at T are exactly known."""

    elements = (13,)
    cutoff = 3.0

    def __init__(self, sites: Structure) -> None:
        self.sites = sites.positions

    def evaluate(self, structures: Sequence[Structure]) -> list[Evaluation]:
        return [self._evaluated(one) for one in structures]

    def _evaluated(self, one: Structure) -> Evaluation:
        away = one.positions - self.sites
        energies = STIFFNESS * np.sum(away**2, axis=1) / 2
        return Evaluation(float(energies.sum()), -STIFFNESS * away, np.zeros(6), energies)


def repeated_crystal(times: int) -> Structure:
    return from_atoms(to_atoms(spring_crystal()).repeat(times))


@pytest.mark.parametrize("temperature", [10.0, 300.0, 5000.0])
def test_drawn_positions_have_the_temperature_they_were_drawn_at(temperature: float) -> None:
    sites = repeated_crystal(6)  # 864 atoms
    spread = np.sqrt(kB * temperature / STIFFNESS)
    away = np.random.default_rng(0).normal(size=sites.positions.shape) * spread
    found = configurational_temperature(
        Tethers(sites), replace(sites, positions=sites.positions + away)
    )
    assert found == pytest.approx(temperature, rel=4 * np.sqrt(2 / away.size))


def test_the_curvature_is_that_of_the_springs() -> None:
    # Σ ∂²U/∂x² of a crystal at rest: k for each of the 12 springs of each atom.
    crystal = repeated_crystal(2)
    forces = np.random.default_rng(1).normal(size=crystal.positions.shape)
    found = configurational_temperature(Springs(), replace(crystal, forces=forces), draws=400)
    curvature = 3.0 * 12 * len(crystal)
    assert found == pytest.approx(np.sum(forces**2) / (kB * curvature), rel=0.02)


@pytest.mark.parametrize("group", ["crystal", "vacancy", "liquid"])
def test_embedded_silicon_is_as_hot_as_it_says(group: str) -> None:
    frames = [
        one
        for part in open_structures("simulated_silicon").values()
        for one in part
        if one.about["group"] == group and len(one) > 50
    ]
    ratios = [
        configurational_temperature(stillinger_weber(), one) / float(one.about["temperature_K"])
        for one in frames[::3]
    ]
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.07)


def test_labels_count_before_what_the_potential_says() -> None:
    crystal = repeated_crystal(2)
    assert configurational_temperature(Springs(), crystal) < 1e-6  # at rest
    told = replace(crystal, forces=np.ones_like(crystal.positions))
    assert configurational_temperature(Springs(), told) > 100


def test_a_hilltop_is_refused() -> None:
    crystal = repeated_crystal(2)

    class Upside(Tethers):
        def _evaluated(self, one: Structure) -> Evaluation:
            found = super()._evaluated(one)
            return found._replace(forces=-found.forces)

    with pytest.raises(BadInput, match=r"the energy curves downwards .* give a frame of a motion"):
        configurational_temperature(Upside(crystal), crystal)


# Where a published potential of mlearn has learnt the curvature, and what frames say of their heat.
HEAT = {
    ("silicon", "AIMD-NVT", 300.0): 300.0,
    ("silicon", "AIMD-NVT", 843.0): 843.0,
    ("silicon", "Vacancy", 3374.0): 310.0,
    ("lithium", "AIMD-NVT", 907.0): 907.0,
    ("lithium", "Vacancy", 907.0): 270.0,
    ("molybdenum", "AIMD-NVT", 3000.0): 3000.0,
    ("molybdenum", "Vacancy", 6000.0): 3100.0,
}


@pytest.mark.realdata
@pytest.mark.parametrize(("which", "kelvin"), HEAT.items(), ids=lambda value: str(value))
def test_vacancies_of_mlearn_are_not_as_hot_as_they_say(
    which: tuple[str, str, float], kelvin: float
) -> None:
    element, group, told = which
    frames = [
        one
        for part in open_structures(f"mlearn_{element}").values()
        for one in part
        if one.about["group"] == group and one.about.get("temperature_K") == told
    ]
    potential = load_potential(trained_file(f"materials/mlearn-{element}"))
    assert isinstance(potential, Committee)
    first = potential.members[0]
    found = [configurational_temperature(first, one, draws=3) for one in frames[:12]]
    assert np.median(found) == pytest.approx(kelvin, rel=0.15)
