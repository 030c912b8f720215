"""Looking up a storm's other fixes."""

import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import BadInput
from sciml.weather.cyclones.fixes import ABSENT, StormFixes
from tests.weather.cyclones.storms import straight_storm


def two_storms() -> xr.Dataset:
    """Two storms that live at the same time."""
    return xr.concat([straight_storm("A", 4), straight_storm("B", 3, start=(20, -60))], "fix")


def test_earlier_and_later_are_inverse() -> None:
    fixes = StormFixes(two_storms())
    later = fixes.at(6)
    has = later != ABSENT
    np.testing.assert_array_equal(fixes.at(-6)[later[has]], np.flatnonzero(has))
    assert has.sum() == 5  # all but the last of each storm


def test_a_storm_never_finds_the_fixes_of_another() -> None:
    tracks = two_storms()
    storms = tracks["storm"].values
    for hours in (-18, -6, 6, 12):
        place = StormFixes(tracks).at(hours)
        found = place != ABSENT
        np.testing.assert_array_equal(storms[place[found]], storms[found])


def test_order_of_the_fixes_does_not_matter() -> None:
    tracks = two_storms()
    shuffled = np.random.default_rng(0).permutation(tracks.sizes["fix"])
    turned = StormFixes(tracks.isel(fix=shuffled))
    straight = StormFixes(tracks)
    for name in ("lat", "wind"):
        np.testing.assert_array_equal(turned.value(name, -12), straight.value(name, -12)[shuffled])
    np.testing.assert_array_equal(turned.age(), straight.age()[shuffled])
    np.testing.assert_array_equal(turned.number_before(), straight.number_before()[shuffled])
    np.testing.assert_array_equal(
        turned.highest_so_far("wind"), straight.highest_so_far("wind")[shuffled]
    )


def test_of_two_fixes_at_one_time_the_first_counts() -> None:
    tracks = straight_storm(fixes=3)
    doubled = xr.concat([tracks.isel(fix=[0, 1]), tracks.isel(fix=[1, 2])], "fix")
    doubled["wind"][2] = 99.0
    fixes = StormFixes(doubled)
    assert fixes.value("wind", -6)[3] == 35.0
    assert fixes.number_before().tolist() == [0, 1, 2, 3]


def test_a_fix_off_the_grid_and_a_gap_are_not_taken_for_the_wanted_time() -> None:
    tracks = straight_storm(fixes=4)
    times = tracks["time"].values.copy()
    times[2] += np.timedelta64(2, "h")
    fixes = StormFixes(tracks.assign_coords(time=("fix", times)))
    assert np.isnan(fixes.value("wind", -6)[[2, 3]]).all()
    assert fixes.value("wind", -12)[3] == 35.0


def test_a_storm_with_one_fix_has_no_others() -> None:
    fixes = StormFixes(straight_storm(fixes=1))
    assert fixes.at(6).tolist() == fixes.at(-6).tolist() == [ABSENT]
    assert fixes.age().tolist() == [0]


def test_the_strongest_wind_so_far_passes_over_missing_ones() -> None:
    tracks = straight_storm(fixes=4)
    tracks["wind"].values[:] = [np.nan, 50, np.nan, 40]
    highest = StormFixes(tracks).highest_so_far("wind")
    np.testing.assert_array_equal(highest, [np.nan, 50, 50, 50])


def test_what_cannot_be_looked_up_is_named() -> None:
    tracks = straight_storm()
    with pytest.raises(BadInput, match="missing: storm"):
        StormFixes(tracks.drop_vars("storm"))
    with pytest.raises(BadInput, match=r"no variable 'winds'.*wind"):
        StormFixes(tracks).value("winds")
    with pytest.raises(BadInput, match="there is no fix"):
        StormFixes(tracks.isel(fix=slice(0, 0)))
    times = tracks["time"].values.copy()
    times[1] = np.datetime64("NaT")
    with pytest.raises(BadInput, match="no time"):
        StormFixes(tracks.assign_coords(time=("fix", times)))


def test_ages_are_hours() -> None:
    assert StormFixes(straight_storm(fixes=3)).age().tolist() == [0, 6, 12]
