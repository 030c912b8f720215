"""Diffusion of walkers whose coefficient is known."""

import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import BadInput
from sciml.materials.properties.diffusion import (
    diffusion,
    diffusion_of_windows,
    mean_square_displacement,
)


def walk(seed: int, coefficient: float = 0.7, frames: int = 800, atoms: int = 60) -> xr.Dataset:
    random = np.random.default_rng(seed)
    step = 0.05  # ps
    jumps = np.sqrt(2 * coefficient * step) * random.normal(size=(frames, atoms, 3))
    return xr.Dataset(
        {
            "position": (("time", "atom", "axis"), jumps.cumsum(axis=0)),
            "cell": (("time", "vector", "axis"), np.tile(10 * np.eye(3), (frames, 1, 1))),
        },
        {"time": step * np.arange(frames)},
    )


def test_random_walkers_have_the_coefficient_that_made_them() -> None:
    found = [diffusion(walk(seed)).coefficient for seed in range(20)]
    values = np.array([one.value for one in found])
    # The centre that is taken out walks too: (N - 1)/N of the motion is left.
    assert values.mean() == pytest.approx(0.7 * 59 / 60, rel=0.02)
    assert values.std() == pytest.approx(np.mean([one.error for one in found]), rel=0.5)


def test_the_displacement_is_that_of_the_slow_obvious_sum() -> None:
    positions = walk(3, frames=40, atoms=5)["position"].values + 1000.0
    slow = [
        np.mean(np.sum((positions[lag:] - positions[: len(positions) - lag]) ** 2, axis=2))
        for lag in range(len(positions))
    ]
    np.testing.assert_allclose(mean_square_displacement(positions), slow, atol=1e-9)


def test_a_wind_and_a_breathing_cell_are_no_diffusion() -> None:
    still = walk(1, coefficient=1e-12)
    wind = still["position"] + xr.DataArray(np.arange(800.0), dims="time")
    assert diffusion(still.assign(position=wind)).coefficient.value < 1e-9
    swell = xr.DataArray(1 + 0.1 * np.sin(np.arange(800.0)), dims="time")
    sites = xr.DataArray(np.random.default_rng(0).uniform(0, 10, (60, 3)), dims=("atom", "axis"))
    breathing = still.assign(
        position=(sites * swell).transpose("time", "atom", "axis"),
        cell=still["cell"] * swell,
        volume=1000 * swell**3,
    )
    assert diffusion(breathing).coefficient.value < 1e-9


def test_too_short_a_motion_is_told() -> None:
    with pytest.raises(BadInput, match="30 frames in 4 blocks"):
        diffusion(walk(1, frames=30))


def test_windows_of_one_origin_have_it_too() -> None:
    found = []
    for seed in range(20):
        motion = walk(seed)
        parts = motion["position"].values.reshape(8, 100, 60, 3)
        moved = np.mean(np.sum((parts - parts[:, :1]) ** 2, axis=3), axis=2)
        found.append(diffusion_of_windows(motion["time"].values[:100], moved).coefficient)
    values = np.array([one.value for one in found])
    assert values.mean() == pytest.approx(0.7, rel=0.03)
    assert values.std() == pytest.approx(np.mean([one.error for one in found]), rel=0.5)
    with pytest.raises(BadInput, match="2 windows of 10 lags"):
        diffusion_of_windows(np.arange(20.0), np.ones((1, 20)))
