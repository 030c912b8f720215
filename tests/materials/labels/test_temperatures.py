"""Temperatures that contradict the forces are named, with what they look like."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from sciml.materials.datasets import open_structures
from sciml.materials.labels.findings import Finding
from sciml.materials.labels.temperatures import (
    FEWEST_ATOMS,
    FEWEST_FRAMES,
    Run,
    check_heat,
    check_temperatures,
)
from sciml.materials.structures import Structure

CURVATURE = 1e-3  # (eV/Å)² a kelvin


def frames(
    group: str,
    told: float,
    true: float,
    count: int = 10,
    *,
    atoms: int = 64,
    element: int = 14,
    seed: int = 0,
) -> list[Structure]:
    """Frames that say a temperature, with forces of another one."""
    rng = np.random.default_rng(seed)
    forces = rng.normal(size=(count, atoms, 3)) * np.sqrt(CURVATURE * true)
    return [
        Structure(
            numbers=np.full(atoms, element),
            positions=np.zeros((atoms, 3)),
            cell=10 * np.eye(3),
            periodic=np.ones(3, dtype=bool),
            energy=0.0,
            forces=one,
            about={"group": group, "temperature_K": told, "source": f"{group} {number}"},
        )
        for number, one in enumerate(forces)
    ]


def crystals() -> list[Structure]:
    return [one for t in (300.0, 900.0, 2700.0) for one in frames("crystal", t, t)]


def found_in(structures: list[Structure]) -> dict[tuple[str, str], Finding]:
    return {(one.what, one.where): one for one in check_temperatures(structures).findings}


def test_right_temperatures_pass() -> None:
    assert found_in([*crystals(), *frames("vacancy", 900.0, 900.0 * 1.4)]) == {}
    assert found_in([]) == {}


def test_two_runs_that_were_exchanged_are_both_named() -> None:
    runs = [*frames("vacancy", 300.0, 2700.0), *frames("vacancy", 2700.0, 300.0)]
    found = found_in([*crystals(), *runs])
    assert set(found) == {
        ("temperature", "vacancy at 300 K"),
        ("temperature", "vacancy at 2700 K"),
    }
    hot = found["temperature", "vacancy at 300 K"]
    assert hot.value == pytest.approx(9, rel=0.2)
    assert hot.measured.endswith("of crystal at 300 K, nearest to those of crystal at 2700 K")
    assert "unsure: [GROUP]" in hot.next_step


def test_two_wrong_groups_at_one_temperature_are_both_named() -> None:
    hot, cold = frames("vacancy", 900.0, 2700.0), frames("surface", 900.0, 100.0)
    found = found_in([*crystals(), *hot, *cold])
    assert {where for _, where in found} == {"vacancy at 900 K", "surface at 900 K"}


def test_a_stray_frame_is_named() -> None:
    run = frames("vacancy", 300.0, 300.0, FEWEST_FRAMES)
    stray = frames("vacancy", 300.0, 2700.0, 1, seed=1)
    found = found_in([*run, *stray])[("temperature of frames", "vacancy at 300 K")]
    assert found.value == 1
    assert f"1 of {FEWEST_FRAMES + 1} frames (vacancy 0)" in found.measured


@pytest.mark.parametrize(
    "alone",
    [
        frames("vacancy", 600.0, 60.0),  # nothing else is at this temperature
        frames("vacancy", 300.0, 2700.0, atoms=FEWEST_ATOMS - 1),
        [*frames("vacancy", 300.0, 300.0, 3), *frames("vacancy", 300.0, 2700.0, 1)],
        frames("vacancy", 300.0, 0.0),
        [replace(one, forces=None) for one in frames("vacancy", 300.0, 2700.0)],
        frames("vacancy", 0.0, 300.0),
        frames("vacancy", 300.0, 2700.0, element=6),
    ],
    ids=[
        "no other",
        "few atoms",
        "few frames",
        "at rest",
        "no forces",
        "no temperature",
        "another element",
    ],
)
def test_what_cannot_be_compared_is_left_alone(alone: list[Structure]) -> None:
    assert found_in([*crystals(), *alone]) == {}


def test_heat_within_the_room_is_no_finding() -> None:
    runs = {Run("a", 300.0, (14,)): 300 * 1.4, Run("b", 300.0, (14,)): 300 / 1.6}
    found = check_heat(runs).findings
    assert [(one.where, one.value) for one in found] == [("b at 300 K", 187.5)]
    assert found[0].measured == "188 K"


# In each of the five sets of mlearn, dynamics with a vacancy was not as hot as it says.
WRONG: Mapping[str, set[float]] = {
    "silicon": {300.0, 3374.0},
    "molybdenum": {6000.0},
    "copper": {300.0, 3000.0},
    "lithium": {907.0},
    "nickel": {300.0, 3000.0},
}


@pytest.mark.realdata
@pytest.mark.parametrize("element", WRONG)
def test_vacancies_of_mlearn_have_other_temperatures(element: str) -> None:
    splits = open_structures(f"mlearn_{element}")
    found = found_in([one for part in splits.values() for one in part])
    assert {where for what, where in found if what == "temperature"} == {
        f"Vacancy at {told:g} K" for told in WRONG[element]
    }
