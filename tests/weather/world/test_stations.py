"""Stations of the world: the field with faults whose sizes are known."""

import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import BadInput
from sciml.weather.observation_operator import LAPSE_RATE, operator_for
from sciml.weather.world.atmosphere import (
    MEAN_STATE,
    NORMAL_TEMPERATURE,
    forcing,
    normal_temperature,
    rain_field,
    rain_rate,
    temperature_field,
    winter,
)
from sciml.weather.world.stations import (
    GAUGE,
    MISSING,
    POOL_DEPTH,
    TRACE,
    cold_pool,
    random_stations,
    reported_rain,
    reported_temperature,
)


def dates(first: str, number: int) -> xr.DataArray:
    days = np.datetime64(first, "ns") + np.timedelta64(1, "D") * np.arange(number)
    return xr.DataArray(days, {"time": days}, ("time",))


def normal_days(first: str, number: int) -> xr.DataArray:
    """Fields without weather: X at its mean."""
    time = dates(first, number)
    return temperature_field(np.full((number, 36), MEAN_STATE), time)


STATIONS = random_stations(40, 0)


def test_winter_is_on_its_coldest_day_and_half_a_year_later_it_is_summer() -> None:
    year = winter(dates("2001-01-01", 365)).values
    assert int(np.argmax(year)) + 1 == 20
    assert year.max() == pytest.approx(1.0, abs=1e-3)
    assert 200 < int(np.argmin(year)) + 1 < 205
    assert float(forcing(dates("2001-01-20", 1))[0]) > float(forcing(dates("2001-07-20", 1))[0])
    np.testing.assert_array_equal(forcing(dates("2001-01-20", 9), seasonal=False), 12.0)


def test_without_weather_the_field_is_normal_and_the_same_around_the_globe() -> None:
    field = normal_days("2001-04-20", 3)
    assert field.dims == ("time", "lat", "lon")
    assert float(field.std("lon").max()) < 1e-10
    year = normal_temperature(dates("2001-01-01", 365), field["lat"]).mean("time")
    assert float(year.sel(lat=45.0)) == pytest.approx(NORMAL_TEMPERATURE, abs=0.1)
    assert np.all(np.diff(year) < 0)  # colder to the north


def test_warm_air_is_felt_most_on_the_ring() -> None:
    time = dates("2001-06-01", 1)
    warm = temperature_field(np.full((1, 36), MEAN_STATE + 1), time) - normal_days("2001-06-01", 1)
    by_latitude = warm.isel(time=0, lon=0)
    assert float(by_latitude.idxmax()) == 45.0
    assert float(by_latitude.sel(lat=45.0)) == pytest.approx(1.5)
    np.testing.assert_allclose(by_latitude, by_latitude[::-1], atol=1e-12)


def test_rain_begins_at_its_threshold_and_grows_ever_faster() -> None:
    U = np.array([-1.0, 2.0, 3.0, 4.0, 5.0])
    np.testing.assert_allclose(rain_rate(U), [0.0, 0.0, 8.0, 8.0 * 2**1.5, 8.0 * 3**1.5])
    assert rain_rate(np.array([1.9]), dry_below=1.8)[0] > 0


def test_reports_are_the_field_at_the_ground_but_for_noise() -> None:
    field = normal_days("2001-06-01", 400)
    level = operator_for(field, STATIONS)(field)
    report = reported_temperature(field, STATIONS, 1)
    error = report - (level - LAPSE_RATE * STATIONS["elevation"]) + cold_pool(level, STATIONS)
    np.testing.assert_allclose(error.mean("time"), 0.0, atol=0.25)
    np.testing.assert_allclose(error.std("time"), STATIONS["noise"], rtol=0.15)
    assert float(report.isnull().mean()) == pytest.approx(MISSING, abs=0.005)
    assert report.attrs["units"] == "K"


def test_cold_air_pools_on_calm_winter_days_in_sheltered_places_only() -> None:
    cold, warm = (
        operator_for(field, STATIONS)(field)
        for field in (normal_days("2001-01-20", 1) - 8.0, normal_days("2001-01-20", 1) + 8.0)
    )
    np.testing.assert_allclose(
        cold_pool(cold, STATIONS)[0], POOL_DEPTH * STATIONS["sheltered"], rtol=1e-3
    )
    assert float(cold_pool(warm, STATIONS).max()) == 0.0
    summer = normal_days("2001-07-20", 1) - 8.0
    assert float(cold_pool(operator_for(summer, STATIONS)(summer), STATIONS).max()) == 0.0


def test_gauges_catch_the_rain_of_the_field_on_average_and_more_of_it_higher_up() -> None:
    field = rain_field(np.full((3000, 36), 10.0), dates("2001-01-01", 3000))
    report = reported_rain(field, STATIONS, 2)
    around = operator_for(field, STATIONS)(field).isel(time=0)
    expected = around * (1 + 0.4 * STATIONS["elevation"] / 1000)
    np.testing.assert_allclose(report.mean("time"), expected, rtol=0.06)
    positive = report.values[report.values > 0]
    assert positive.min() >= TRACE
    np.testing.assert_allclose(positive / GAUGE, np.round(positive / GAUGE), atol=1e-9)
    assert 0.08 < float((report == 0).mean()) < 0.12  # showers that missed


def test_a_dry_field_gives_dry_gauges() -> None:
    report = reported_rain(rain_field(np.zeros((50, 36)), dates("2001-01-01", 50)), STATIONS, 3)
    assert set(np.unique(report.values[np.isfinite(report.values)])) == {0.0}


def test_stations_and_reports_belong_to_their_seeds() -> None:
    xr.testing.assert_identical(random_stations(5, 1), random_stations(5, 1))
    field = normal_days("2001-01-01", 3)
    first, again, other = (reported_temperature(field, STATIONS, seed) for seed in (0, 0, 1))
    xr.testing.assert_identical(first, again)
    assert not first.equals(other)


def test_no_station_is_refused() -> None:
    with pytest.raises(BadInput, match="at least one station, got 0"):
        random_stations(0, 0)
