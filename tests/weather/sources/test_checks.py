"""Bad times, units and values: each is refused with a text that names it."""

import itertools

import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import BadInput
from sciml.weather.sources.checks import (
    LIMITS,
    require_plausible,
    require_regular,
    require_times,
)

ONE_QUANTITY_IN_TWO_UNITS = [
    (name, *pair)
    for name, units in LIMITS.items()
    if "precipitation" not in name
    for pair in itertools.combinations(units, 2)
    if name != "wind_speed"
]


def dates(*texts: str) -> xr.DataArray:
    return xr.DataArray(np.array(texts, "datetime64[ns]"), dims="time")


def values(numbers, units: str | None = "K", name: str = "air_temperature") -> xr.DataArray:
    attributes = {"standard_name": name} | ({"units": units} if units else {})
    data = np.asarray(numbers, float)
    time = np.datetime64("2001-01-01", "ns") + np.arange(data.size) * np.timedelta64(1, "D")
    return xr.DataArray(data, dims="time", coords={"time": time}, name="t2m", attrs=attributes)


@pytest.mark.parametrize(("name", "one", "other"), ONE_QUANTITY_IN_TWO_UNITS)
def test_the_ranges_of_two_units_do_not_overlap(name, one, other) -> None:
    (low, high), (low_other, high_other) = LIMITS[name][one], LIMITS[name][other]
    assert high < low_other or high_other < low


def test_equal_steps_and_whole_months_are_regular() -> None:
    require_regular(dates("2001-01-01", "2001-01-02", "2001-01-03"), "days")
    require_regular(dates("2000-01-01", "2000-02-01", "2000-03-01", "2000-04-01"), "months")
    require_regular(dates("2001-01-01"), "one")


@pytest.mark.parametrize(
    ("times", "message"),
    [
        (["2001-01-01", "2001-01-01"], "2001-01-01T00:00 occurs twice; keep one"),
        (["2001-01-02", "2001-01-01"], "2001-01-01T00:00 comes after 2001-01-02T00:00; sort"),
        (["2001-01-01", "NaT"], "time number 1 is missing"),
        (
            ["2001-01-01", "2001-01-02", "2001-01-03", "2001-01-06"],
            "every 1 days, but after 2001-01-03T00:00 comes 2001-01-06T00:00; fill the gap",
        ),
        (
            ["2001-01-01T00", "2001-01-01T06", "2001-01-01T12", "2001-01-01T13"],
            "every 6 hours, but after 2001-01-01T12:00 comes 2001-01-01T13:00",
        ),
        (["2000-01-01", "2000-02-01", "2000-04-01"], "after 2000-0"),
    ],
)
def test_irregular_times_are_named(times, message) -> None:
    with pytest.raises(BadInput, match=message) as caught:
        require_regular(dates(*times), "field 'x'")
    assert str(caught.value).startswith("field 'x'")


def test_a_calendar_without_leap_days_is_named() -> None:
    times = xr.date_range("2000-02-27", periods=3, calendar="noleap", use_cftime=True)
    with pytest.raises(BadInput, match="calendar 'noleap'; convert"):
        require_times(xr.DataArray(times, dims="time"), "model")


def test_numbers_are_no_dates() -> None:
    with pytest.raises(BadInput, match="dates of the standard calendar, got values such as"):
        require_times(xr.DataArray([0.0, 1.0], dims="time"), "model")


def test_missing_values_and_unknown_quantities_pass() -> None:
    require_plausible(values([280.0, np.nan]), "x")
    require_plausible(values([np.nan, np.nan]), "x")
    require_plausible(values([-1e9], "furlong", "made_up"), "x")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (values([12.0, -3.0]), "in K. has values from -3 to 12, which look like degC; convert"),
        (values([285.0, 270.0], "degC"), "which look like K"),
        (values([1013.0], "Pa", "air_pressure_at_mean_sea_level"), "which look like hPa"),
        (values([280.0], None), "'t2m' has no attribute units"),
        (values([45.0], "degF"), "is in 'degF'; expected K or degC"),
        (values([280.0, np.inf]), "has 1 infinite value"),
        (values([280.0, -9999.0]), "expected 140 to 360; the first outside at time 2001-01-02"),
        (
            values([0.0, 3.0, -0.2, -0.1], "mm", "precipitation_amount"),
            "has 2 negative values, the least -0.2, the first at time 2001-01-03T00:00; it cannot",
        ),
    ],
)
def test_implausible_values_are_named_with_what_to_do(data, message) -> None:
    with pytest.raises(BadInput, match=message):
        require_plausible(data, "stations.csv")
