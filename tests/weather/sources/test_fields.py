"""Fields of published files: the same numbers in one form, whoever converted them."""

import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import DamagedFile
from sciml.weather.sources.fields import (
    converted_air_temperature,
    converted_pressure,
    published_pressure,
)
from sciml.weather.sources.radar import converted_rain

DAYS = ("2001-01-01", "2001-01-02", "2001-01-03")
PRESSURE = 101000.0 + 2.5 * np.arange(24.0).reshape(3, 2, 4)


def r_list() -> dict:
    return {
        "Data": PRESSURE,
        "xyCoords": {"x": np.array([-70.0, -67.5, -65.0, -62.5]), "y": np.array([30.0, 32.5])},
        "Dates": {"start": [f"{day} GMT" for day in DAYS]},
    }


def converted() -> xr.Dataset:
    coords = {
        "time": np.array(DAYS, "datetime64[ns]"),
        "lat": np.array([30.0, 32.5], np.float32),
        "lon": np.array([-70.0, -67.5, -65.0, -62.5], np.float32),
    }
    return xr.Dataset({"msl": (("time", "lat", "lon"), PRESSURE)}, coords)


def test_original_and_converted_pressure_are_the_same() -> None:
    ours = published_pressure(r_list())
    assert ours.identical(converted_pressure(converted()))
    np.testing.assert_array_equal(ours["sea_level_pressure"], PRESSURE)
    assert ours["sea_level_pressure"].attrs["units"] == "Pa"


@pytest.mark.parametrize("key", ["Data", "xyCoords", "Dates"])
def test_a_list_that_is_not_as_published_is_refused(key) -> None:
    content = r_list()
    del content[key]
    with pytest.raises(DamagedFile, match="NCEP_slp_2001_2010: not as published"):
        published_pressure(content)


def test_packing_in_16_bits_loses_nothing(tmp_path) -> None:
    ours = published_pressure(r_list())
    ours.to_netcdf(tmp_path / "slp.nc")
    with xr.open_dataset(tmp_path / "slp.nc") as read:
        assert read["sea_level_pressure"].encoding["dtype"] == np.int16
        np.testing.assert_array_equal(read["sea_level_pressure"], PRESSURE)


def test_latitudes_and_longitudes_of_the_air_ascend() -> None:
    file = converted().rename(msl="t_sig995") / 360
    turned = file.assign_coords(lon=file["lon"] + 360).sortby("lat", ascending=False)
    ours = converted_air_temperature(turned)["air_temperature"]
    assert ours.attrs["units"] == "K"
    np.testing.assert_array_equal(ours["lat"], [30, 32.5])
    np.testing.assert_array_equal(ours["lon"], [-70, -67.5, -65, -62.5])
    np.testing.assert_array_equal(ours, PRESSURE / 360)


def test_rain_of_radars_stands_where_it_fell() -> None:
    lat, lon = np.float32([47.94, 47.90, 47.86]), np.float32([272.98, 273.02])
    rain = np.arange(12.0).reshape(2, 3, 2) / 100
    time = np.array(["2019-06-10T00:00", "2019-06-10T00:02"], "datetime64[ns]")
    file = xr.Dataset(
        {"rainfall_rate": (("time", "lat", "lon"), rain)}, {"time": time, "lat": lat, "lon": lon}
    )
    ours = converted_rain(file)["rainfall_rate"]
    np.testing.assert_allclose(ours["lat"], [47.86, 47.90, 47.94], atol=2e-5)
    np.testing.assert_allclose(ours["lon"], [-87.02, -86.98], atol=2e-5)
    np.testing.assert_array_equal(ours.isel(lat=2), rain[:, 0])
