"""Daily series: from tables and files to one form, and what is refused."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from sciml.core.errors import BadInput, DamagedFile
from sciml.weather.sources.series import (
    CITY_VARIABLES,
    algiers_series,
    checked_series,
    city_series,
    sea_point_series,
    station_series,
)

DAYS = ["1961-01-01", "1961-01-02"]


def cities(names=tuple(CITY_VARIABLES), value=0.0) -> xr.Dataset:
    """Two places on two days with one value everywhere."""
    coords = {
        "time": np.array(DAYS, "datetime64[ns]"),
        "location": ["Halifax", "Victoria"],
        "lat": ("location", np.float32([44.5, 48.5])),
        "lon": ("location", np.float32([296.6, -123.15])),
    }
    content = {name: (("location", "time"), np.full((2, 2), value)) for name in names}
    return xr.Dataset(content, coords)


def test_algiers_has_two_temperatures() -> None:
    table = pd.DataFrame({"t": DAYS, "tMax": [17.6, 13.1], "tMin": [5.5, 8.0]})
    data = checked_series(algiers_series(table))
    np.testing.assert_array_equal(data["maximum_temperature"], [17.6, 13.1])
    np.testing.assert_array_equal(data["minimum_temperature"], [5.5, 8.0])
    assert data["time"].values[1] == np.datetime64("1961-01-02")


def test_the_sea_has_three_places() -> None:
    columns = {"sst_WA": [20.9, 21.2], "sst_NW_Atl": [7.4, 7.5], "sst_Med": [13.8, 13.9]}
    data = checked_series(sea_point_series(pd.DataFrame({"t": DAYS, **columns})))
    sea = data["sea_surface_temperature"].sel(station="Northwest Atlantic")
    np.testing.assert_array_equal(sea, [7.4, 7.5])
    assert (float(sea["lat"]), float(sea["lon"])) == (43.125, -66.875)


@pytest.mark.parametrize("builder", [algiers_series, sea_point_series])
def test_a_missing_column_is_named(builder) -> None:
    with pytest.raises(DamagedFile, match="no column"):
        builder(pd.DataFrame({"t": DAYS}))


def test_a_calendar_without_leap_days_gets_them_as_missing_days() -> None:
    time = xr.date_range("2000-02-27", periods=4, calendar="noleap", use_cftime=True)
    file = cities(("tasmax", "pr")).isel(time=[0, 0, 1, 1])
    file = file.assign_coords(time=time) + xr.DataArray(np.arange(4.0), dims="time")
    data = checked_series(station_series(file))
    assert data["time"].dt.day.values.tolist() == [27, 28, 29, 1, 2]
    rain = data["precipitation"].sel(station="Halifax")
    np.testing.assert_array_equal(rain, [0, 1, np.nan, 2, 3])


def test_cities_have_places_from_minus_180_and_no_negative_rain() -> None:
    data = city_series(cities(value=-1e-10))
    np.testing.assert_allclose(data["lon"], [-63.4, -123.15])
    assert float(data["pr"].min()) == float(data["prsn"].min()) == 0
    assert float(data["evspsblpot"].min()) < 0  # dew
    assert data["hurs"].attrs["units"] == "1"


GOOD = algiers_series(pd.DataFrame({"t": DAYS, "tMax": [17.6, 13.1], "tMin": [5.5, 8.0]}))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (GOOD.drop_vars("time"), "expected a coordinate time"),
        (GOOD.isel(time=[1, 0]), "comes after"),
        (GOOD.isel(time=[0, 0]), "occurs twice"),
        (GOOD.map(lambda one: one.copy(data=one.values * np.nan)), "has no value; leave it out"),
        (GOOD.map(lambda one: one.copy(data=one.values + 273)), "which look like K"),
    ],
)
def test_series_that_heatwaves_would_go_wrong_on_are_refused(data, message) -> None:
    with pytest.raises(BadInput, match=message):
        checked_series(data, "mine.csv")
