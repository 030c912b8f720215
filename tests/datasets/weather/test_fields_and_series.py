"""Fields and series: their axes, units and a few facts that everybody can check."""

import numpy as np
import pytest
import xarray as xr

from sciml.weather.sources import (
    checked_field,
    open_algiers,
    open_canada_cities,
    open_canada_stations,
    open_era5_members,
    open_era5_state,
    open_era5_z500,
    open_ersst,
    open_mrms,
    open_ncep_air,
    open_ncep_slp,
    open_oisst,
    split_years,
)
from tests.datasets.weather.real import opened

pytestmark = pytest.mark.realdata


@pytest.mark.parametrize(
    ("reader", "shape", "units", "first", "last"),
    [
        (open_ncep_slp, (3652, 17, 33), "Pa", "2001-01-01", "2010-12-31"),
        (open_ncep_air, (2920, 25, 53), "K", "2013-01-01", "2014-12-31T18"),
        (open_mrms, (36, 128, 128), "mm h-1", "2019-06-10", "2019-06-10T01:10"),
        (open_ersst, (128, 89, 180), "degC", "2010-01-01", "2020-08-01"),
        (open_era5_z500, (11, 181, 360), "m", "2016-10-02", "2016-10-12"),
    ],
)
def test_a_field_has_the_form_of_all_fields(reader, shape, units, first, last) -> None:
    field = opened(reader)
    assert (field.dims, field.shape) == (("time", "lat", "lon"), shape)
    assert field.dtype == np.float64
    assert field.attrs["units"] == units
    assert field.attrs["standard_name"]
    assert field["time"].values[[0, -1]].tolist() == [
        np.datetime64(date, "ns").astype(int) for date in (first, last)
    ]
    for axis in ("lat", "lon"):
        assert (np.diff(field[axis]) > 0).all()
    assert -180 <= float(field["lon"].min()) < float(field["lon"].max()) < 180
    xr.testing.assert_identical(checked_field(field), field)


def test_pressure_is_low_at_iceland_and_high_at_the_azores() -> None:
    mean = opened(open_ncep_slp).mean("time")
    low, high = mean.sel(lat=62.5, lon=-25), mean.sel(lat=37.5, lon=-27.5)
    assert float(high - low) > 1000  # Pa
    assert split_years("ncep_slp_north_atlantic")["validation"] == (2008,)


def test_it_is_warmer_in_the_south_and_in_summer() -> None:
    air = opened(open_ncep_air)
    by_lat = air.mean(["time", "lon"])
    assert float(by_lat.sel(lat=15) - by_lat.sel(lat=75)) > 30
    season = air.sel(lat=50, lon=-100).groupby("time.month").mean()
    assert int(season.idxmax("month")) in (7, 8)


def test_the_sea_is_warmest_near_the_equator_and_land_is_missing() -> None:
    sea = opened(open_ersst)
    assert abs(float(sea.mean(["time", "lon"]).idxmax("lat"))) < 15
    assert bool(sea.sel(lat=50, lon=100).isnull().all())
    assert bool(sea.sel(lat=0, lon=-140).notnull().all())


def test_rain_is_never_negative() -> None:
    assert float(opened(open_mrms).min()) == 0
    assert float(opened(open_canada_cities)["pr"].min()) == 0


def test_the_members_are_in_hydrostatic_balance_and_differ_little() -> None:
    members = opened(open_era5_members)
    assert dict(members.sizes) == {"member": 10, "time": 4, "level": 2, "lat": 61, "lon": 120}
    apart = members["geopotential"].sel(level=500) - members["geopotential"].sel(level=850)
    hypsometric = 287.05 * members["temperature"].mean("level") * np.log(850 / 500)
    # The mean of two levels stands for the layer; high land below 850 hPa errs most.
    assert float(abs(apart / hypsometric - 1).mean()) < 0.01
    height = members["geopotential"] / 9.80665
    assert 0.1 < float(height.std("member").mean()) < 20  # m


def test_a_state_is_nearly_in_geostrophic_balance_in_the_middle_latitudes() -> None:
    state = opened(open_era5_state)
    assert dict(state.sizes) == {"level": 37, "lat": 32, "lon": 64}
    at = state.sel(level=500)
    lat = np.radians(at["lat"])
    slope = at["geopotential"].differentiate("lat") * np.degrees(1) / 6.371e6
    wind = -slope / (2 * 7.292e-5 * np.sin(lat))
    middle = (abs(at["lat"]) > 35) & (abs(at["lat"]) < 65)
    ours, theirs = (one.where(middle, drop=True) for one in (wind, at["u_component_of_wind"]))
    assert float(xr.corr(ours, theirs)) > 0.9


def test_the_series_have_every_day() -> None:
    assert opened(open_algiers).sizes["time"] == 16436
    assert opened(open_oisst)["sea_surface_temperature"].shape == (14975, 3)
    for reader in (open_algiers, open_oisst):
        data = opened(reader)
        assert not any(bool(variable.isnull().any()) for variable in data.data_vars.values())
    algiers = opened(open_algiers)
    assert bool((algiers["maximum_temperature"] >= algiers["minimum_temperature"]).all())


def test_the_heatwave_of_western_australia_peaks_on_its_published_day() -> None:
    """heatwaveR, detection and visualisation: event 52 peaks on 2011-02-28."""
    sea = opened(open_oisst)["sea_surface_temperature"].sel(station="Western Australia")
    assert sea.idxmax("time").values == np.datetime64("2011-02-28")


def test_every_29_february_of_the_stations_is_there_and_missing() -> None:
    data = opened(open_canada_stations)
    assert data["maximum_temperature"].shape == (23376, 3)
    leap = (data["time"].dt.month == 2) & (data["time"].dt.day == 29)
    assert int(leap.sum()) == 16
    assert bool(data["maximum_temperature"][leap.values].isnull().all())


def test_the_cities_have_24_variables_that_agree() -> None:
    data = opened(open_canada_cities)
    assert len(data.data_vars) == 24
    assert bool((data["tasmin"] <= data["tas"]).all())
    assert bool((data["tas"] <= data["tasmax"]).all())
    assert bool((data["prsn"] <= data["pr"] + 1e-4).all())
    # Longwave comes down as from a black body that is colder than the air at the ground.
    assert bool((data["rlds"] < 5.67e-8 * data["tasmax"] ** 4 * 1.05).all())
