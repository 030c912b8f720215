"""Theory of hot spells in red noise: known limits, and what is counted in long records."""

import numpy as np
import pytest
import xarray as xr
from scipy.special import ndtri

from sciml.core.errors import BadInput
from sciml.weather.heatwaves import EventRule, days_in_events
from sciml.weather.percentiles import exceeds
from sciml.weather.red_noise import (
    expected_events,
    generated_temperature,
    known_threshold,
    red_noise,
)

ALONE = EventRule(shortest=5, longest_gap=0)


def test_the_noise_is_standard_and_forgets_as_fast_as_told() -> None:
    x = red_noise(5.0, 20_000, 4, seed=0)
    np.testing.assert_allclose(x.var(), 1, atol=0.05)
    np.testing.assert_allclose(x[0].std(), 1, atol=1)  # stationary from the start
    for lag in (1, 5):
        correlation = np.mean(x[lag:] * x[:-lag])
        np.testing.assert_allclose(correlation, np.exp(-lag / 5), atol=0.04)


def test_without_memory_runs_are_powers_of_the_share() -> None:
    p, rule = 0.1, ALONE
    found = expected_events(0.0, p, rule)
    np.testing.assert_allclose(found.per_year, 365.2425 * (1 - p) * p**5, rtol=1e-9)
    np.testing.assert_allclose(found.duration, 5 + p / (1 - p), rtol=1e-9)


def test_runs_of_one_day_and_more_hold_every_hot_day() -> None:
    for memory in (1.0, 10.0):
        found = expected_events(memory, 0.1, EventRule(shortest=1, longest_gap=0))
        np.testing.assert_allclose(found.per_year * found.duration, 36.52425, rtol=1e-6)


def test_joining_gaps_makes_events_fewer_and_longer() -> None:
    alone, joined = (expected_events(8.0, 0.1, EventRule(longest_gap=g)) for g in (0, 2))
    assert joined.per_year < alone.per_year
    assert joined.duration > alone.duration


@pytest.mark.parametrize(("memory", "shortest", "gap"), [(2.0, 3, 1), (8.0, 5, 2), (20.0, 10, 0)])
def test_events_counted_in_a_long_record_are_those_of_theory(
    memory: float, shortest: int, gap: int
) -> None:
    days, places, rule = 8000, 60, EventRule(shortest=shortest, longest_gap=gap)
    hot = red_noise(memory, days, places, seed=3) > ndtri(0.9)
    time = (np.datetime64("1981-01-01") + np.arange(days)).astype("datetime64[ns]")
    above = xr.DataArray(hot, {"time": time}, ("time", "place"))
    inside = days_in_events(above, rule).values.astype(int)
    starts = (np.diff(inside, axis=0, prepend=0) == 1).sum()
    expected = expected_events(memory, 0.1, rule)
    counted = starts / (days * places) * 365.2425
    np.testing.assert_allclose(counted, expected.per_year, rtol=4 / np.sqrt(starts))
    np.testing.assert_allclose(inside.sum() / starts, expected.duration, rtol=4 / np.sqrt(starts))


def test_the_generated_series_is_daily_and_has_its_cycle() -> None:
    series = generated_temperature(3.0, 20, 10, seed=1, deviation=0.5)
    by_month = series.groupby("time.month").mean().mean("place")
    np.testing.assert_allclose(float(by_month.max() - by_month.min()), 10, atol=0.6)
    assert series.sizes == {"time": 7305, "place": 10}
    assert int(by_month.argmax("month")) == 1  # February, as off Western Australia


def test_the_known_threshold_is_exceeded_by_its_share_on_every_day_of_the_year() -> None:
    series = generated_temperature(1.0, 40, 30, seed=2, deviation=2.0)
    above = exceeds(series, known_threshold(0.2, deviation=2.0))
    by_month = above.groupby("time.month").mean().mean("place")
    np.testing.assert_allclose(by_month, 0.2, atol=0.02)


def test_what_theory_does_not_cover_is_refused() -> None:
    with pytest.raises(BadInput, match="memory: expected 0 days or more"):
        red_noise(-1.0, 10, 1, seed=0)
    with pytest.raises(BadInput, match="gaps up to 2 days"):
        expected_events(5.0, 0.1, EventRule(longest_gap=3))
    with pytest.raises(BadInput, match="share"):
        expected_events(5.0, 0.0)
