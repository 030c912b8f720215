"""Centres forecast the world: without faults they are right, and each fault is seen."""

import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import BadInput
from sciml.weather.world.atmosphere import winter
from sciml.weather.world.ensemble import (
    CENTRES,
    Centre,
    closures,
    simulated_station_ensemble,
    simulated_truth,
)
from sciml.weather.world.models import ForecastModel

DAYS = 120
BEST = ForecastModel(analysis_error=0.0)
PLAIN = Centre(dynamics=BEST, relief=1.0)


def forecast(**centres: Centre) -> xr.Dataset:
    return simulated_station_ensemble(DAYS, every=2, stations=6, centres=centres)


@pytest.fixture(scope="module")
def plain() -> xr.Dataset:
    return forecast(plain=PLAIN)


def test_the_truth_has_seasons_and_four_times_a_day() -> None:
    truth = simulated_truth(20, 0)
    assert np.all(np.diff(truth.slow["time"].values) == np.timedelta64(6, "h"))
    assert truth.slow.sizes == truth.unresolved.sizes
    assert np.datetime64("2001-01-20T12") in truth.slow["time"].values


def test_a_longer_truth_begins_as_a_shorter_one() -> None:
    short, long = (simulated_truth(days, 3).slow for days in (5, 9))
    np.testing.assert_array_equal(short, long[: len(short)])


def test_closures_of_higher_degree_leave_less() -> None:
    fitted = closures(simulated_truth(60, 1), {0, 1, 4})
    assert fitted[0].deviation > fitted[1].deviation > fitted[4].deviation > 0.2
    assert 0.0 < fitted[4].memory < 1.0


def test_all_is_along_time_station_and_member(plain: xr.Dataset) -> None:
    assert plain["temperature_forecast"].dims == ("time", "station", "member")
    assert plain["precipitation_observation"].dims == ("time", "station")
    assert plain.sizes == {"station": 6, "time": 60, "member": 1}
    assert np.unique(plain["time"].dt.hour).tolist() == [12]
    assert np.all(np.diff(plain["time"].values) == np.timedelta64(48, "h"))


def test_a_bias_is_a_bias_and_a_low_orography_is_too_warm(plain: xr.Dataset) -> None:
    faulty = forecast(
        plain=PLAIN.model_copy(update={"warmth": 1.5, "relief": 0.4, "season_error": 2.0})
    )
    gap = (faulty - plain)["temperature_forecast"].isel(member=0)
    expected = 1.5 + 0.0065 * 0.6 * plain["elevation"] + 2.0 * winter(plain["time"])
    np.testing.assert_allclose(*np.broadcast_arrays(gap.fillna(expected), expected.T), atol=1e-9)


def test_drizzle_and_wetness_change_the_rain(plain: xr.Dataset) -> None:
    rain = plain["precipitation_forecast"]
    double = forecast(plain=PLAIN.model_copy(update={"wetness": 1.6}))["precipitation_forecast"]
    np.testing.assert_allclose(double, 2 * rain)
    drizzly = forecast(plain=PLAIN.model_copy(update={"drizzle": 1.0}))["precipitation_forecast"]
    assert float((drizzly > 0).mean()) > float((rain > 0).mean())
    assert float(rain.min()) == 0.0


def test_the_same_centre_forecasts_the_same_whoever_else_does(plain: xr.Dataset) -> None:
    both = forecast(plain=PLAIN, other=CENTRES["linear"])
    xr.testing.assert_identical(
        both["temperature_forecast"].sel(member="plain", drop=True),
        plain["temperature_forecast"].sel(member="plain", drop=True),
    )


def test_a_centre_that_began_later_is_missing_before(plain: xr.Dataset) -> None:
    late = forecast(plain=PLAIN.model_copy(update={"began": "2001-02-01"}))["temperature_forecast"]
    there = plain["time"] >= np.datetime64("2001-02-01")
    assert late.where(~there).isnull().all()
    xr.testing.assert_equal(late.sel(time=there), plain["temperature_forecast"].sel(time=there))


def test_a_model_with_larger_faults_errs_more() -> None:
    worse = forecast(
        best=PLAIN,
        blind=Centre(dynamics=ForecastModel(degree=0, analysis_error=1.5), relief=1.0),
    )
    error = worse["temperature_forecast"] - worse["temperature_observation"]
    size = error.std(["time", "station"])
    assert float(size.sel(member="blind")) > 1.2 * float(size.sel(member="best"))


def test_a_world_belongs_to_its_seed(plain: xr.Dataset) -> None:
    xr.testing.assert_identical(forecast(plain=PLAIN), plain)
    other = simulated_station_ensemble(DAYS, every=2, stations=6, centres={"plain": PLAIN}, seed=1)
    assert not other["temperature_observation"].equals(plain["temperature_observation"])


def test_no_day_is_refused() -> None:
    with pytest.raises(BadInput, match="at least one day, got 0"):
        simulated_truth(0, 0)
