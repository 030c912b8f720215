"""Tests of seasonal cycles of fields and of the size of errors."""

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.weather.forecasters.seasons import SeasonalCycle, SeasonalSpread, year_phase
from tests.weather.forecaster_laws import drifting_waves

FIELD = drifting_waves(800)
TIMES = FIELD["time"].values


def test_the_year_turns_once_from_january_to_december() -> None:
    times = np.array(["2001-01-01", "2001-07-02T12", "2004-12-31T12"], "datetime64[ns]")
    np.testing.assert_allclose(year_phase(times) / (2 * np.pi), [0, 0.5, 1], atol=2e-3)


@pytest.mark.parametrize("harmonics", [0, 1, 3])
def test_what_is_left_knows_no_season(harmonics: int) -> None:
    left = FIELD.values - SeasonalCycle(harmonics).fit(FIELD).at(TIMES)
    for n in range(harmonics + 1):
        for wave in (np.cos, np.sin):
            sums = np.tensordot(wave(n * year_phase(TIMES)), left, axes=1)
            np.testing.assert_allclose(sums / len(TIMES), 0, atol=1e-9)


def test_each_time_of_day_has_its_own_cycle() -> None:
    times = np.datetime64("2001-01-01", "ns") + np.arange(1600) * np.timedelta64(12, "h")
    daily = np.where(np.arange(1600) % 2 == 0, 10.0, -10.0)
    field = drifting_waves(1600).assign_coords(time=times)
    field = field.copy(data=np.broadcast_to(daily[:, None, None], field.shape))
    cycle = SeasonalCycle().fit(field)
    np.testing.assert_allclose(cycle.at(times), field, atol=1e-9)
    with pytest.raises(BadInput, match="06:00 is not among the times of day"):
        cycle.at(times + np.timedelta64(6, "h"))


def test_a_record_under_a_year_has_no_seasons() -> None:
    with pytest.raises(BadInput, match="spans 299 days, a seasonal cycle needs 330"):
        SeasonalCycle().fit(FIELD[:300])
    np.testing.assert_allclose(
        SeasonalCycle(0).fit(FIELD[:300]).at(TIMES), FIELD[:300].mean("time").values[None]
        + np.zeros((800, 1, 1)),
    )  # fmt: skip


def test_the_spread_follows_the_season_of_the_errors() -> None:
    rng = np.random.default_rng(0)
    size = np.sqrt(4 + 3 * np.cos(year_phase(TIMES)))
    errors = size[:, None, None] * rng.normal(size=(800, 30, 30))
    found = SeasonalSpread().fit(TIMES, errors).at(TIMES)
    np.testing.assert_allclose(found.mean(axis=(1, 2)), size, rtol=0.1)


def test_no_season_is_quieter_than_half_the_mean() -> None:
    winter = np.cos(year_phase(TIMES)) > 0.9
    errors = np.where(winter, 10.0, 0.0)[:, None, None] * np.ones((1, 2, 2))
    found = SeasonalSpread().fit(TIMES, errors).at(TIMES)
    np.testing.assert_allclose(found.min(), np.sqrt(0.25 * np.mean(errors**2)))


def test_what_was_fitted_comes_back_from_its_arrays() -> None:
    cycle = SeasonalCycle(2).fit(FIELD)
    spread = SeasonalSpread().fit(TIMES, FIELD.values - cycle.at(TIMES))
    for one in (cycle, spread):
        again = type(one).from_arrays(one.arrays())
        np.testing.assert_array_equal(again.at(TIMES[:30]), one.at(TIMES[:30]))
