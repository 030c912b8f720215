"""Global fields: names, order of axes and units of published files in one form."""

import numpy as np
import xarray as xr

from sciml.weather.sources.reanalysis import (
    converted_height_anomaly,
    converted_members,
    converted_sea,
    converted_state,
)

LAT, LON = np.array([90.0, 0.0, -90.0]), np.arange(0.0, 360.0, 90.0)
MONTHS = np.array(["2010-01-01", "2010-02-01"], "datetime64[ns]")


def test_a_state_has_level_lat_and_lon_in_this_order() -> None:
    rng = np.random.default_rng(0)
    dims = ("level", "longitude", "latitude")
    names = ["u_component_of_wind", "v_component_of_wind", "geopotential", "temperature"]
    names += ["specific_humidity", "specific_cloud_ice_water_content"]
    names += ["specific_cloud_liquid_water_content"]
    coords = {"level": [500, 850], "longitude": LON, "latitude": LAT[::-1], "time": MONTHS[0]}
    file = xr.Dataset({name: (dims, rng.normal(size=(2, 4, 3))) for name in names}, coords)
    surface = (("longitude", "latitude"), np.full((4, 3), 280.0))
    file = file.assign(sea_surface_temperature=surface, sea_ice_cover=surface)
    state = converted_state(file)
    assert state["temperature"].dims == ("level", "lat", "lon")
    assert state["sea_ice_cover"].dims == ("lat", "lon")
    for lon in LON:
        ours = state["geopotential"].sel(level=850, lat=90, lon=lon if lon < 180 else lon - 360)
        theirs = file["geopotential"].sel(level=850, latitude=90, longitude=lon)
        assert float(ours) == float(theirs)


def test_levels_of_members_ascend_in_pressure() -> None:
    dims = ("number", "time", "isobaricInhPa", "latitude", "longitude")
    values = np.arange(96.0).reshape(2, 2, 2, 3, 4)
    coords = {"number": [0, 1], "time": MONTHS, "isobaricInhPa": [850.0, 500.0]}
    coords |= {"latitude": LAT, "longitude": LON}
    members = converted_members(xr.Dataset({"z": (dims, values), "t": (dims, values)}, coords))
    assert members["geopotential"].dims == ("member", "time", "level", "lat", "lon")
    np.testing.assert_array_equal(members["level"], [500, 850])
    assert (
        float(members["geopotential"].sel(level=850, lat=90, lon=0)[1, 1]) == values[1, 1, 0, 0, 0]
    )
    assert members["level"].attrs["units"] == "hPa"


def test_the_height_anomaly_and_the_sea_keep_their_numbers() -> None:
    values = np.arange(24.0).reshape(2, 3, 4)
    dims = ("time", "latitude", "longitude")
    coords = {"time": MONTHS, "latitude": LAT, "longitude": LON}
    height = converted_height_anomaly(xr.Dataset({"anom": (dims, values)}, coords))
    sea = converted_sea(
        xr.Dataset(
            {"sst": (("time", "lat", "lon"), values)}, {"time": MONTHS, "lat": LAT, "lon": LON}
        )
    )
    for field in (height["geopotential_height_anomaly"], sea["sea_surface_temperature"]):
        np.testing.assert_array_equal(field.sel(lat=90, lon=[0, 90, -180, -90]), values[:, 0])
    assert sea.attrs["source"].startswith("NOAA")
