"""Tracks: what is turned into one form, and what is refused."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from sciml.core.errors import BadInput, DamagedFile
from sciml.weather.sources.rsmc_format import rsmc_positions
from sciml.weather.sources.tracks import (
    QUADRANTS,
    WIND_THRESHOLDS,
    checked_tracks,
    fixes_of,
    hurdat2_tracks,
    jma_tracks,
    longer_storms,
)
from tests.weather.sources.rsmc_example import LINES, text


def tracks(storms="AABBC", hours=(0, 6, 0, 6, 0), wind=50.0) -> xr.Dataset:
    """Three storms; the last has one fix."""
    size = len(storms)
    places = {
        "storm": np.array(list(storms)),
        "time": np.datetime64("2001-08-01", "ns") + np.array(hours) * np.timedelta64(1, "h"),
        "lat": np.linspace(10, 20, size),
        "lon": np.linspace(-80, -70, size),
    }
    return fixes_of(places, np.full(size, wind), np.full(size, 990.0))


def hurdat2_table() -> pd.DataFrame:
    """Two fixes with the columns of the converted table; radii tell quadrant and wind."""
    table = pd.DataFrame(
        {
            "id": ["AL011851", "AL011851"],
            "name": ["UNNAMED", "UNNAMED"],
            "datetime": ["1851-06-25 00:00:00", "1851-06-25 06:30:00"],
            "record_id": [np.nan, "L"],
            "sys_status": ["TD", "HU"],
            "lat": [28.0, 28.1],
            "lon": [-94.8, -95.4],
            "wind_max_sus": [-99, 80],
            "min_pres": [np.nan, 980.0],
            "wind_max_radius": [np.nan, 20.0],
        }
    )
    for wind in WIND_THRESHOLDS:
        for number, quadrant in enumerate(QUADRANTS):
            table[f"wind_{wind}kt_{quadrant}"] = [np.nan, wind * 10 + number]
    return table


def test_one_meridian_has_one_longitude() -> None:
    east = tracks().assign_coords(lon=("fix", [-80.0, 280.0, 10.0, 11.0, 180.0]))
    checked = checked_tracks(east)
    np.testing.assert_array_equal(checked["lon"], [-80, -80, 10, 11, -180])


def test_storms_with_one_fix_are_left_out_and_counted_where_a_motion_is_needed() -> None:
    longer = longer_storms(tracks())
    assert longer["storm"].values.tolist() == ["A", "A", "B", "B"]
    assert longer.attrs["storms_left_out"] == 1
    assert longer_storms(longer).attrs["storms_left_out"] == 0
    with pytest.raises(BadInput, match="none of 3 storms has 3 fixes"):
        longer_storms(tracks(), 3)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (tracks("ABABC"), "fixes of storm 'A' are not together"),
        (tracks(hours=(6, 0, 0, 6, 0)), "storm 'A' has a fix at .* after"),
        (tracks(hours=(0, 0, 0, 6, 0)), "storm 'A' has a fix at .* twice"),
        (tracks(wind=-99.0), "wind -99 kt is impossible; set it to NaN"),
        (tracks().assign_coords(lon=("fix", [999.0] * 5)), "-180 to 360, got 999"),
        (tracks().assign_coords(lat=("fix", [91.0] * 5)), "latitude is missing or outside"),
        (tracks().assign_coords(lat=("fix", [np.nan] * 5)), "latitude is missing or outside"),
        (tracks().drop_vars("time"), "missing: time"),
        (tracks().drop_vars("wind"), "missing: wind in kt"),
        (tracks().assign(wind=tracks()["wind"].assign_attrs(units="m s-1")), "wind in kt"),
    ],
)
def test_tracks_that_scores_would_go_wrong_on_are_refused(wrong, message) -> None:
    with pytest.raises(BadInput, match=message):
        checked_tracks(wrong, "mine.csv")


def test_two_fixes_at_one_time_pass_where_they_are_published() -> None:
    twice = tracks(hours=(0, 0, 0, 6, 0))
    assert checked_tracks(twice, repeats=True).sizes["fix"] == 5
    with pytest.raises(BadInput, match="after"):
        checked_tracks(tracks(hours=(6, 0, 0, 6, 0)), repeats=True)


def test_what_hurdat2_does_not_know_is_missing() -> None:
    found = hurdat2_tracks(hurdat2_table())
    assert checked_tracks(found).sizes["fix"] == 2
    np.testing.assert_array_equal(found["wind"], [np.nan, 80])
    np.testing.assert_array_equal(found["pressure"], [np.nan, 980])
    assert found["record"].values.tolist() == ["", "L"]
    assert found["status"].values.tolist() == ["TD", "HU"]
    assert found["time"].values[1] == np.datetime64("1851-06-25T06:30")
    for wind in WIND_THRESHOLDS:
        for number, quadrant in enumerate(QUADRANTS):
            radius = found["wind_radius"].sel(threshold=wind, quadrant=quadrant)
            np.testing.assert_array_equal(radius, [np.nan, wind * 10 + number])


def test_a_column_that_hurdat2_lacks_is_named() -> None:
    with pytest.raises(DamagedFile, match="hurdat2_atlantic: no column min_pres"):
        hurdat2_tracks(hurdat2_table().drop(columns="min_pres"))


def test_positions_of_tokyo_become_fixes() -> None:
    found = jma_tracks(rsmc_positions(text(*LINES), "bst.txt"))
    assert isinstance(checked_tracks(found), xr.Dataset)
    np.testing.assert_allclose(found["lon"], [142.9, 141.7, -170.2])  # 189.8 is beyond 180
    np.testing.assert_array_equal(found["wind"], [np.nan, 35, 90])
    np.testing.assert_array_equal(found["shortest_radius_50kt"], [np.nan, 0, 50])
    assert found["grade"].values.tolist() == [2, 3, 5]
    assert found["landfall"].values.tolist() == [0, 1, 0]


def test_a_file_without_storms_is_refused() -> None:
    with pytest.raises(BadInput, match="has no storm"):
        jma_tracks([])
