"""Tracked harmonics: waves that must be forecast exactly, and the Kalman filter as the oracle."""

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.hydro.filters.gaussian import gaussian
from sciml.hydro.filters.models import LinearModel
from sciml.hydro.filters.sequential import run_filter
from sciml.hydro.harmonics import (
    HarmonicSettings,
    seen,
    step_variances,
    track_harmonics,
    transition,
)

RATE = 50.0
LEADS = (1, 10, 50)


def waves(frequency: float | np.ndarray, samples: int = 4000, seed: int = 0) -> np.ndarray:
    """Three channels of three harmonics each, about different means."""
    rng = np.random.default_rng(seed)
    phase = 2 * np.pi * np.cumsum(np.broadcast_to(frequency, samples)) / RATE
    amplitudes = rng.uniform(0.2, 1.0, (3, 3)) / np.array([[1], [3], [9]])
    phases = rng.uniform(0, 2 * np.pi, (3, 3))
    parts = [amplitudes[k] * np.cos((k + 1) * phase[:, None] + phases[k]) for k in range(3)]
    return sum(parts) + np.array([0.0, 2.0, -1.0])


def largest_error(values: np.ndarray, forecast: np.ndarray, settled: int) -> float:
    return max(
        float(np.abs(forecast[settled:-lead, number] - values[settled + lead :]).max())
        for number, lead in enumerate(LEADS)
    )


@pytest.mark.parametrize("frequency", [0.5, 0.97, 1.475, 2.1])
@pytest.mark.parametrize("seed", [0, 1])
def test_waves_without_noise_are_forecast_exactly_once_settled(frequency: float, seed: int) -> None:
    values = waves(frequency, seed=seed)
    found = track_harmonics(values, RATE, LEADS)
    assert largest_error(values, found.forecast, 3000) < 1e-4
    np.testing.assert_allclose(found.frequency[3000:], frequency, rtol=1e-5)


def test_a_trend_of_the_mean_is_followed_at_a_constant_distance() -> None:
    rise = 5e-5  # per sample
    values = waves(1.0) + rise * np.arange(4000)[:, None]
    found = track_harmonics(values, RATE, LEADS)
    for number, lead in enumerate(LEADS):
        gap = values[3000 + lead :] - found.forecast[3000:-lead, number]
        lag = gap.mean() - lead * rise  # what the mean lags behind now
        assert 0 < lag < rise / 2e-3  # its gain is about the root of its step's variance, 0.01
        assert gap.std(axis=0).max() < 0.05 * rise * 4000  # of the whole rise


def test_the_frequency_is_found_again_after_a_jump() -> None:
    jump = np.where(np.arange(6000) < 2500, 0.8, 1.3)
    values = waves(jump, 6000)
    found = track_harmonics(values, RATE, LEADS)
    assert found.frequency[2499] == pytest.approx(0.8, rel=1e-3)
    assert found.frequency[3500] == pytest.approx(1.3, rel=1e-2)  # 20 s later
    assert largest_error(values, found.forecast, 5000) < 1e-4


def test_with_30_percent_missing_the_frequency_and_the_samples_are_found() -> None:
    values = waves(1.1)
    given = np.where(np.random.default_rng(3).random(values.shape) < 0.3, np.nan, values)
    found = track_harmonics(given, RATE, LEADS)
    np.testing.assert_allclose(found.frequency[2000:], 1.1, rtol=1e-3)
    np.testing.assert_allclose(found.filled[2000:], values[2000:], atol=0.01)
    kept = np.isfinite(given)
    np.testing.assert_allclose(found.filled[kept], given[kept], rtol=1e-12, atol=1e-12)
    assert np.all(found.innovation[~kept] == 0)


def test_the_stationary_filter_is_the_limit_of_the_kalman_filter() -> None:
    settings = HarmonicSettings(harmonics=2, lowest=1.0, highest=1.0 + 1e-9)
    values = np.random.default_rng(0).normal(size=(1800, 1)) + waves(1.0, 1800)[:, :1]
    model = LinearModel(
        transition(settings, 1.0, RATE),
        seen(settings)[None],
        np.diag(step_variances(settings)),
        np.eye(1),
    )
    start = gaussian(np.zeros(9), np.eye(9))
    expected = run_filter(model, values[None], start).innovations[0]
    found = track_harmonics(values, RATE, LEADS, settings)
    np.testing.assert_allclose(found.innovation[1600:], expected[1600:], atol=1e-5)


def test_forecasts_are_the_transition_applied_again_and_again() -> None:
    settings = HarmonicSettings(harmonics=2, lowest=1.0, highest=1.0 + 1e-9)
    values = np.random.default_rng(0).normal(size=(1800, 1)) + waves(1.0, 1800)[:, :1]
    F, H = transition(settings, 1.0, RATE), seen(settings)
    model = LinearModel(F, H[None], np.diag(step_variances(settings)), np.eye(1))
    filtered = run_filter(model, values[None], gaussian(np.zeros(9), np.eye(9)))
    found = track_harmonics(values, RATE, LEADS, settings)
    for number, lead in enumerate(LEADS):
        expected = H @ np.linalg.matrix_power(F, lead) @ filtered.means[0, -1]
        assert found.forecast[-1, number, 0] == pytest.approx(expected, abs=1e-5)


def test_channels_in_another_unit_are_forecast_in_it() -> None:
    values = waves(1.2) + 0.1 * np.random.default_rng(1).normal(size=(4000, 3))
    first, second = (track_harmonics(v, RATE, LEADS) for v in (values, 7.0 * values))
    np.testing.assert_allclose(second.forecast, 7.0 * first.forecast, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(second.frequency[50:], first.frequency[50:], rtol=1e-9)


def test_the_future_changes_nothing() -> None:
    values = waves(1.2, 400)
    other = values.copy()
    other[250:] = np.nan
    first, second = (track_harmonics(v, RATE, LEADS) for v in (values, other))
    for before, after in zip(first, second, strict=True):
        np.testing.assert_array_equal(before[:250], after[:250])
    for name in ("forecast", "filled"):
        assert np.any(getattr(first, name)[250:] != getattr(second, name)[250:])


def test_the_clock_alone_tells_the_frequency() -> None:
    values = waves(1.2)
    values[:, 2] = waves(0.7)[:, 2] * 5
    clocked = track_harmonics(values, RATE, LEADS, clock=[0, 1])
    assert clocked.frequency[-1] == pytest.approx(1.2, rel=1e-5)
    assert track_harmonics(values, RATE, LEADS, clock=[2]).frequency[-1] == pytest.approx(
        0.7, rel=1e-5
    )


def test_a_channel_that_goes_with_another_is_guessed_from_it() -> None:
    # Amplitudes wander, so that a harmonic alone cannot know what a channel does while it is away.
    rng = np.random.default_rng(5)
    wander = np.exp(np.cumsum(rng.normal(size=4000)) * 0.03)
    one = wander * waves(1.0)[:, 0]
    values = np.stack([one, 2 * one], axis=1) + 0.01 * rng.normal(size=(4000, 2))
    given = values.copy()
    given[2000:2300, 1] = np.nan
    covariance = np.array([[1.0, 2.0], [2.0, 4.0]]) + 0.01 * np.eye(2)
    alone = track_harmonics(given, RATE, LEADS).filled
    helped = track_harmonics(given, RATE, LEADS, covariance=covariance).filled
    gaps = [np.sqrt(np.mean((x - values)[2000:2300, 1] ** 2)) for x in (alone, helped)]
    assert gaps[1] < 0.3 * gaps[0]


def test_bad_input_is_refused() -> None:
    values = waves(1.0, 30)
    with pytest.raises(BadInput, match="values: infinite; mark a missing sample by NaN"):
        track_harmonics(np.where(values > 1, np.inf, values), RATE, LEADS)
    with pytest.raises(BadInput, match=r"leads: expected at least 1 sample ahead, got \[0, 1\]"):
        track_harmonics(values, RATE, (0, 1))
    for clock in ([], [3], [-1]):
        with pytest.raises(BadInput, match="clock: expected channels from 0 to 2, got"):
            track_harmonics(values, RATE, LEADS, clock=clock)
    with pytest.raises(BadInput, match=r"harmonic 3 of 2.2 Hz is not below half the rate, 6 Hz"):
        track_harmonics(values, 12.0, LEADS)
    with pytest.raises(BadInput, match="covariance"):
        track_harmonics(values, RATE, LEADS, covariance=np.eye(2))


def test_settings_that_make_no_filter_are_refused() -> None:
    with pytest.raises(BadInput, match=r"lowest 3 Hz must be below highest 2\.2 Hz"):
        HarmonicSettings(lowest=3.0)
    with pytest.raises(BadInput, match="trend_memory must be below 1, got 1"):
        HarmonicSettings(trend_memory=1.0)
