"""Members at stations: exact for linear fields, carried to the ground, gaps kept."""

import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import BadInput
from sciml.weather.observation_operator import LAPSE_RATE
from sciml.weather.post_processing.gridded import members_at_stations

TIMES = np.datetime64("2020-01-01", "ns") + np.arange(6) * np.timedelta64(24, "h")
LAT, LON = np.arange(40.0, 51.0, 2.5), np.arange(0.0, 21.0, 2.5)
STATIONS = {"A": (41.0, 3.0, 100.0), "B": (48.3, 17.7, 900.0), "C": (70.0, 3.0, 0.0)}
UNITS = {"units": "K"}


def members() -> xr.DataArray:
    """Temperatures that are linear in place, time and member."""
    member = np.arange(3)[:, None, None, None]
    time = np.arange(len(TIMES))[:, None, None]
    values = 280 - 0.5 * LAT[:, None] + 0.2 * LON + time + 10 * member
    where = {"member": ["X", "Y", "Z"], "time": TIMES, "lat": LAT, "lon": LON}
    return xr.DataArray(values, where, ("member", "time", "lat", "lon"), attrs=UNITS)


def reports() -> xr.DataArray:
    """Reports of three stations, one of which is off the grid."""
    places = np.array(list(STATIONS.values())).T
    names = ("latitude", "longitude", "elevation")
    where = {name: ("station", each) for name, each in zip(names, places, strict=True)}
    values = 270.0 + np.arange(18).reshape(6, 3)
    coordinates = {"time": TIMES, "station": list(STATIONS), **where}
    return xr.DataArray(values, coordinates, ("time", "station"), attrs=UNITS)


def expected(station: str, case: int) -> np.ndarray:
    north, east, _ = STATIONS[station]
    return 280 - 0.5 * north + 0.2 * east + case + 10 * np.arange(3)


def test_linear_fields_are_exact_and_stations_off_the_grid_have_no_case() -> None:
    data = members_at_stations(members(), reports(), lead_hours=48)
    assert sorted(set(data["station"].values)) == ["A", "B"]
    assert data.attrs["lead_hours"] == 48
    for station in "AB":
        own = data.isel(case=(data["station"] == station).values)
        for case in range(6):
            np.testing.assert_allclose(own["forecast"][case], expected(station, case))
        np.testing.assert_array_equal(own["observation"], reports().sel(station=station))
        assert (own["elevation"] == STATIONS[station][2]).all()


def test_temperatures_are_carried_to_the_ground_of_the_station() -> None:
    flat = xr.DataArray(np.full((len(LAT), len(LON)), 400.0), {"lat": LAT, "lon": LON})
    low = members_at_stations(members(), reports(), lead_hours=24)
    data = members_at_stations(members(), reports(), lead_hours=24, grid_elevation=flat)
    step = LAPSE_RATE * (400 - data["elevation"].values)
    gap = data["forecast"].values - low["forecast"].values
    np.testing.assert_allclose(gap, np.tile(step[:, None], 3))


def test_the_order_of_the_axes_does_not_matter_and_missing_members_stay_missing() -> None:
    holes = members().where(~((members()["member"] == "Y") & (members()["time"] == TIMES[2])))
    turned = holes.transpose("lat", "time", "lon", "member")
    data = members_at_stations(turned, reports().transpose("station", "time"), lead_hours=24)
    same = members_at_stations(holes, reports(), lead_hours=24)
    np.testing.assert_array_equal(data["forecast"], same["forecast"])
    gone = np.isnan(data["forecast"].values)
    at = data["time"].values == TIMES[2]
    assert gone[at, 1].all()
    assert gone.sum() == at.sum()


def test_only_common_times_are_cases() -> None:
    data = members_at_stations(members()[:, 2:], reports()[:4], lead_hours=24)
    np.testing.assert_array_equal(np.unique(data["time"]), TIMES[2:4])
    with pytest.raises(BadInput, match="no time in common"):
        members_at_stations(members()[:, :2], reports()[3:], lead_hours=24)


def test_what_cannot_be_is_refused_with_the_remedy() -> None:
    with pytest.raises(BadInput, match="expected dimensions member"):
        members_at_stations(members()[0], reports(), lead_hours=24)
    with pytest.raises(BadInput, match="no coordinate latitude"):
        members_at_stations(members(), reports().drop_vars("latitude"), lead_hours=24)
    with pytest.raises(BadInput, match="all stations are off"):
        members_at_stations(members(), reports().sel(station=["C"]), lead_hours=24)
    flat = xr.DataArray(np.zeros((len(LAT), len(LON))), {"lat": LAT, "lon": LON})
    bare = reports().drop_vars("elevation")
    with pytest.raises(BadInput, match="no coordinate elevation"):
        members_at_stations(members(), bare, lead_hours=24, grid_elevation=flat)
