"""One form of grid: what is turned into it without loss, and what is refused."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from sciml.core.errors import BadInput
from sciml.weather.sources.grids import centred_grid, centred_longitude, checked_field

PLACES = {"lat": [40.0, 50.0, 60.0], "lon": [-20.0, -10.0, 0.0, 10.0]}


def field(**changed) -> xr.DataArray:
    """A field in the right form, each value different, or with other coordinates."""
    time = np.datetime64("2001-01-01", "ns") + np.arange(5) * np.timedelta64(1, "D")
    coords = {"time": time, **PLACES} | changed
    shape = tuple(len(coords[axis]) for axis in ("time", "lat", "lon"))
    data = 280.0 + np.arange(np.prod(shape)).reshape(shape) / 10
    attributes = {"units": "K", "standard_name": "air_temperature"}
    return xr.DataArray(data, coords, ("time", "lat", "lon"), "t", attributes)


@given(st.floats(-180, 360))
def test_a_longitude_is_centred_to_the_same_meridian(longitude: float) -> None:
    centred = centred_longitude(np.array([longitude]))
    assert -180 <= centred[0] < 180
    turns = (longitude - centred[0]) / 360
    assert turns == pytest.approx(round(turns), abs=1e-8)
    np.testing.assert_array_equal(centred_longitude(centred), centred)


def test_the_date_line_has_one_name() -> None:
    np.testing.assert_array_equal(centred_longitude(np.array([180.0, -180.0])), [-180, -180])


@pytest.mark.parametrize("wrong", [-181.0, 361.0, np.nan, -999.0])
def test_what_is_no_longitude_is_refused(wrong) -> None:
    with pytest.raises(BadInput, match=r"-180 to 360, got"):
        centred_longitude(np.array([0.0, wrong]))


def test_a_field_in_the_right_form_is_unchanged() -> None:
    xr.testing.assert_equal(checked_field(field()), field())


def test_descending_latitudes_other_names_and_another_order_of_axes_are_turned() -> None:
    other = field().sortby("lat", ascending=False).assign_coords(lon=[340.0, 350.0, 0.0, 10.0])
    other = other.rename(lat="latitude", lon="longitude", time="valid_time")
    turned = checked_field(other.transpose("longitude", "valid_time", "latitude"))
    xr.testing.assert_equal(turned, field())
    assert turned.dims == ("time", "lat", "lon")
    assert turned.dtype == np.float64
    assert turned.attrs == field().attrs


def test_a_grid_round_the_earth_from_0_to_360_is_cut_at_the_date_line() -> None:
    round_the_earth = field(lon=np.arange(0.0, 360.0, 30.0))
    turned = checked_field(round_the_earth)
    np.testing.assert_array_equal(turned["lon"], np.arange(-180.0, 180.0, 30.0))
    for east in (30.0, 330.0):
        west = east if east < 180 else east - 360
        np.testing.assert_array_equal(turned.sel(lon=west), round_the_earth.sel(lon=east))


def test_single_precision_of_coordinates_leaves_no_noise() -> None:
    lon = np.array([272.98, 273.02, 273.06], np.float32)
    assert checked_field(field(lon=lon))["lon"].values.tolist() == pytest.approx(
        [-87.02, -86.98, -86.94], abs=2e-5
    )


def test_land_may_be_missing_but_not_at_some_times_only() -> None:
    masked = field()
    masked[:, 0, 1] = np.nan
    xr.testing.assert_equal(checked_field(masked), masked)
    masked[2, 1, 3] = np.nan
    with pytest.raises(BadInput, match=r"1 values are missing .* time 2001-01-03.*lat 50, lon 10"):
        checked_field(masked)
    with pytest.raises(BadInput, match="all values are missing"):
        checked_field(field() * np.nan + masked.isel(time=0) * np.nan)


TIMES = field()["time"].values


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (field(lat=[40.0]), "two values of lat or more, got 1; take more of the grid"),
        (field(lon=[0.0]), "two values of lon"),
        (field(lon=[-180.0, -90.0, 0.0, 180.0]), "lon -180 occurs twice"),
        (field(lat=[40.0, 50.0, 40.0]), "lat 40 occurs twice"),
        (field(lon=[160.0, 170.0, 180.0, 190.0]), "between longitudes -170 and 160; a window"),
        (field(lat=[40.0, 50.0, 95.0]), "latitude 95.0 is outside"),
        (field(time=TIMES[[0, 1, 2, 4]]), "expected a sample every 1 days, but after 2001-01-03"),
        (field(time=TIMES[[0, 1, 1, 2]]), "occurs twice"),
        (field(time=TIMES[[1, 0, 2, 3]]), "comes after"),
        (field().isel(time=0, drop=True), "expected the axes time, lat, lon, got lat, lon"),
        (field().expand_dims(level=[500]), "select one level or member"),
        (field().drop_vars("lat"), "axis lat has no coordinate"),
        (field() - 273.15, "which look like degC"),
    ],
)
def test_a_field_that_forecasts_would_go_wrong_on_is_refused(data, message) -> None:
    data.attrs = field().attrs
    with pytest.raises(BadInput, match=message) as caught:
        checked_field(data, "my.nc")
    assert str(caught.value).startswith("my.nc: ")


def test_a_dataset_without_a_grid_is_refused() -> None:
    with pytest.raises(BadInput, match="expected a coordinate lat"):
        centred_grid(field().drop_vars("lat").to_dataset(name="t"), "my.nc")
