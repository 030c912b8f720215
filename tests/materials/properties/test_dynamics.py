"""Motion: what it keeps, how hot it is, and what pressure it finds."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from ase import units

from sciml.core.errors import BadInput
from sciml.materials.properties.averages import mean_of
from sciml.materials.properties.dynamics import (
    MotionSettings,
    drift,
    frames_of,
    move,
    save_motion,
)
from sciml.materials.structures import GPA, Structure
from tests.materials.properties.known_crystals import EDGE, Springs, spring_crystal


def repeated(structure: Structure, repeats: int = 2) -> Structure:
    corners = np.array(list(np.ndindex(repeats, repeats, repeats)))
    shifts = corners @ structure.cell
    return replace(
        structure,
        numbers=np.tile(structure.numbers, len(corners)),
        positions=(shifts[:, None] + structure.positions).reshape(-1, 3),
        cell=structure.cell * repeats,
    )


def run(seed: int = 1, structure: Structure | None = None, **settings) -> xr.Dataset:
    plan = MotionSettings.model_validate({"temperature": 200.0, "settling": 200} | settings)
    return move(Springs(), structure or repeated(spring_crystal()), plan, seed)


@pytest.mark.slow
@pytest.mark.parametrize("ensemble", ["nve", "nvt", "npt"])
def test_what_the_equations_keep_is_kept_better_by_shorter_steps(ensemble: str) -> None:
    """The ripple falls with the square of the step."""
    plan = {"ensemble": ensemble, "settling": 0}  # so that both start alike
    drifts = [
        drift(run(step=step, steps=round(0.8 / step), every=round(0.02 / step), **plan))
        for step in (0.004, 0.002)
    ]
    assert drifts[1].ripple < 0.4 * drifts[0].ripple
    assert abs(drifts[1].slope) < 0.4 * abs(drifts[0].slope) + 0.01


@pytest.mark.slow
def test_a_thermostat_gives_its_temperature_and_energy_to_each_direction() -> None:
    motion = run(ensemble="nvt", temperature=300.0, steps=4000)
    temperature = mean_of(motion["temperature"].values)
    assert temperature.value == pytest.approx(300, abs=4 * temperature.error)
    assert temperature.error < 12
    # Harmonic atoms hold as much potential as kinetic energy.
    atoms = motion.sizes["atom"]
    rest = Springs().evaluate([repeated(spring_crystal())])[0].energy
    potential = mean_of(motion["potential_energy"].values - rest)
    kinetic = 1.5 * (atoms - 1) * units.kB * 300
    assert potential.value == pytest.approx(kinetic, rel=0.06)


@pytest.mark.slow
def test_a_piston_finds_its_pressure_at_the_volume_that_gives_it() -> None:
    motion = run(ensemble="npt", temperature=50.0, pressure=5.0, steps=2000)
    pressure = mean_of(motion["pressure"].values)
    assert pressure.value == pytest.approx(5.0, abs=max(4 * pressure.error, 0.1))
    bulk = 1.0884 * 3.0 / 3.0  # 4 k / (3 a), eV/Å³
    volume = float(motion["volume"].mean())
    assert volume / (2 * EDGE) ** 3 == pytest.approx(1 - 5.0 * GPA / bulk, abs=0.004)


def test_the_pressure_of_atoms_that_hardly_touch_is_that_of_a_gas() -> None:
    thin = repeated(spring_crystal(stretch=1.25), 1)
    motion = run(structure=thin, temperature=100.0, settling=0, steps=4, every=2)
    atoms, volume = motion.sizes["atom"], float(motion["volume"][0])
    expected = 2 / 3 * float(motion["kinetic_energy"][0]) / volume / GPA
    assert float(motion["pressure"][0]) == pytest.approx(expected, rel=1e-6)
    shared = 2 * float(motion["kinetic_energy"][0]) / (3 * (atoms - 1) * units.kB)
    assert float(motion["temperature"][0]) == pytest.approx(shared)


def test_the_same_seed_moves_alike_and_the_whole_stays() -> None:
    first, second, other = (run(seed, steps=40) for seed in (1, 1, 2))
    xr.testing.assert_allclose(first, second, rtol=1e-9)  # sums depend on where arrays lie
    assert not np.allclose(first["position"], other["position"])
    centres = first["position"].mean("atom")
    np.testing.assert_allclose(centres - centres[0], 0, atol=1e-9)


def test_a_motion_is_written_and_read_and_is_made_of_frames(tmp_path: Path) -> None:
    motion = run(steps=40, every=20)
    path = save_motion(tmp_path / "motion.nc", motion)
    with xr.open_dataset(path) as stored:
        frames = frames_of(stored.load())
    assert len(frames) == 3
    np.testing.assert_array_equal(frames[-1].positions, motion["position"][-1])
    assert frames[0].periodic.all()
    energy = Springs().evaluate([frames[-1]])[0].energy
    assert energy == pytest.approx(float(motion["potential_energy"][-1]))


def test_atoms_that_run_away_are_told_with_time_and_temperature() -> None:
    with pytest.raises(BadInput, match=r"after .* ps the temperature is"):
        run(ensemble="nve", step=0.02, steps=2000, settling=0, temperature=2000.0)


def test_what_cannot_move_is_told() -> None:
    molecule = replace(spring_crystal(), periodic=np.zeros(3, dtype=np.bool_))
    with pytest.raises(BadInput, match="npt needs a cell"):
        run(structure=molecule, ensemble="npt")
    one = spring_crystal(cubic=False)
    with pytest.raises(BadInput, match="no temperature"):
        run(structure=one)
    with pytest.raises(BadInput, match="2 frames have none"):
        drift(run(structure=molecule, steps=10, every=10, settling=0))
