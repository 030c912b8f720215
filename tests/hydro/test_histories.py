"""Simulated cavities: a run at rest stays at rest, a swing is seen, noise is as declared."""

import numpy as np
import pytest
import xarray as xr

from sciml.hydro.cases import INSIDE, OUTSIDE, TRAIN, Splits
from sciml.hydro.histories import (
    AMBIENT_PRESSURE,
    CAVITATION_NUMBER,
    CHANNELS,
    DURATION,
    NOISE,
    RATE,
    SETTLING,
    TARGETS,
    TUNNEL,
    Swing,
    cavity_history,
    simulated_cavities,
)

REST = Swing(1.0, 0.0, 1.0, 0.0)
SWING = Swing(4.0, 0.1, 1.0, 0.0)
SETTLED = slice(round(SETTLING * RATE), None)
SIGMA_NOISE = NOISE * AMBIENT_PRESSURE  # Pa


@pytest.fixture(scope="module")
def splits() -> Splits:
    return simulated_cavities(seed=3)


@pytest.fixture(scope="module")
def swinging() -> xr.Dataset:
    return cavity_history(SWING, seed=0)


def amplitude(values: np.ndarray, frequency: float) -> float:
    """Of the sine of a frequency in a record that holds whole periods of it."""
    phase = 2j * np.pi * frequency * np.arange(len(values)) / RATE
    return float(2 * np.abs(np.mean(values * np.exp(-phase))))


def test_without_a_swing_the_cavity_stays_at_its_steady_state() -> None:
    run = cavity_history(REST, seed=1)
    gap = CAVITATION_NUMBER * TUNNEL.dynamic_pressure
    for name, steady in [
        ("ambient_pressure", AMBIENT_PRESSURE),
        ("cavity_pressure", AMBIENT_PRESSURE - gap),
    ]:
        noise = run[name].values - steady
        count = len(noise)
        assert abs(noise.mean()) < 5 * SIGMA_NOISE / np.sqrt(count)
        assert noise.std() == pytest.approx(SIGMA_NOISE, rel=5 / np.sqrt(2 * count))
        # White: neighbours are unrelated.
        assert abs(np.corrcoef(noise[1:], noise[:-1])[0, 1]) < 5 / np.sqrt(count)


def test_runs_have_the_declared_rate_and_length(swinging: xr.Dataset) -> None:
    assert swinging.sizes["time"] == DURATION * RATE
    np.testing.assert_allclose(np.diff(swinging["time"]), 1 / RATE, rtol=1e-9)


def test_the_swing_has_the_frequency_and_amplitude_asked_for(swinging: xr.Dataset) -> None:
    settled = swinging["ambient_pressure"].values[SETTLED]
    expected = SWING.amplitude * AMBIENT_PRESSURE
    assert amplitude(settled, SWING.frequency) == pytest.approx(expected, rel=0.02)
    for other in (2.0, 6.0, 10.0):
        assert amplitude(settled, other) < 0.02 * expected
    start = swinging["ambient_pressure"].values[: round(0.05 * RATE)]
    assert np.abs(start - AMBIENT_PRESSURE).max() < 6 * SIGMA_NOISE  # it rises slowly


def test_the_cavity_follows_the_swing(swinging: xr.Dataset) -> None:
    response = amplitude(swinging["cavity_pressure"].values[SETTLED], SWING.frequency)
    assert response > 10 * SIGMA_NOISE / np.sqrt(DURATION * RATE)


def test_noise_is_on_the_two_pressures_alone_and_follows_the_seed(swinging: xr.Dataset) -> None:
    same, other = cavity_history(SWING, seed=0), cavity_history(SWING, seed=1)
    assert same.equals(swinging)
    differing = [name for name in swinging if not other[name].equals(swinging[name])]
    assert sorted(map(str, differing)) == ["ambient_pressure", "cavity_pressure"]
    for name in differing:
        gap = (other[name] - swinging[name]).std().item()
        assert gap == pytest.approx(np.sqrt(2) * SIGMA_NOISE, rel=0.1)
    noises = [(other[name] - swinging[name]).values for name in differing]
    assert abs(np.corrcoef(*noises)[0, 1]) < 0.15


def test_swings_inside_lie_between_those_trained_and_swings_outside_are_faster(
    splits: Splits,
) -> None:
    hertz = {p: {float(name.split()[0]) for name in runs.cases} for p, runs in splits.items()}
    assert min(hertz[TRAIN]) < min(hertz[INSIDE]) < max(hertz[INSIDE]) < max(hertz[TRAIN])
    assert max(hertz[TRAIN]) < min(hertz[OUTSIDE])
    assert not hertz[TRAIN] & hertz[INSIDE]


def test_runs_are_whole_and_judged_once_settled(splits: Splits) -> None:
    for runs in splits.values():
        assert (runs.channels, runs.targets, runs.rate) == (CHANNELS, TARGETS, RATE)
        for name, case in runs.cases.items():
            assert case.values.shape == (DURATION * RATE, len(CHANNELS))
            assert case.active == case.judged == slice(SETTLING * RATE, DURATION * RATE)
            assert np.isfinite(case.values).all()
            # The channels stand where their names say: ambient pressure swings as the run's name.
            ambient = case.values[SETTLED, CHANNELS.index("ambient_pressure")]
            spectrum = np.abs(np.fft.rfft(ambient - ambient.mean()))
            peak = np.argmax(spectrum) / (len(ambient) / RATE)
            assert peak == pytest.approx(float(name.split()[0]), abs=0.5)


def test_the_seed_decides_the_runs(splits: Splits) -> None:
    again, other = simulated_cavities(seed=3), simulated_cavities(seed=4)
    for part, runs in splits.items():
        for name, case in runs.cases.items():
            np.testing.assert_array_equal(again[part].cases[name].values, case.values)
            assert np.abs(other[part].cases[name].values - case.values).max() > SIGMA_NOISE
