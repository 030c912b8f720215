"""Cases: what was known beside what came."""

import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import BadInput, DatasetMissing
from sciml.weather.cyclones.cases import (
    LEADS,
    cases_of,
    earlier_storms,
    known,
    published,
    table_cases,
    together,
    wind_change,
)
from sciml.weather.sources import open_cyclone_fusion
from tests.weather.cyclones.storms import curving_storms, straight_storm


def test_what_came_later_is_the_storm_so_many_hours_on() -> None:
    tracks = straight_storm(fixes=12)
    cases = cases_of(tracks)
    np.testing.assert_array_equal(
        cases["later_lat"].sel(lead=24).values[:8], tracks["lat"].values[4:]
    )
    np.testing.assert_array_equal(wind_change(cases, 12)[:10], 10)


def test_beyond_the_end_of_the_record_nothing_is_known() -> None:
    cases = cases_of(straight_storm(fixes=3))
    assert known(cases, 6).tolist() == [True, True, False]
    assert not known(cases, 48).any()


def test_leads_must_lie_ahead() -> None:
    with pytest.raises(BadInput, match="hours ahead"):
        cases_of(straight_storm(), (0, 6))


def test_earlier_storms_are_cut_to_seasons_hours_and_window() -> None:
    tracks = curving_storms(0)
    chosen = earlier_storms(tracks, 2001, 2003)
    assert set(chosen["season"].values) == {2001, 2002, 2003}
    assert chosen["lat"].max() <= 50
    assert chosen["lon"].min() >= -100
    with pytest.raises(BadInput, match="no storm from 1900 to 1901"):
        earlier_storms(tracks, 1900, 1901)


def test_a_storm_over_new_year_belongs_to_the_season_in_which_it_began() -> None:
    begins = np.datetime64("2005-12-30T00", "ns")
    tracks = earlier_storms(straight_storm(begins=begins, fixes=16), 2005, 2005)
    assert tracks.sizes["fix"] == 16
    assert set(cases_of(tracks)["season"].values) == {2005}


def test_sources_join_and_lack_what_they_lack() -> None:
    plain = straight_storm(fixes=3)
    rich = plain.assign(u10=("fix", np.ones(3)))
    both = together(cases_of(rich, LEADS, ("u10",)), cases_of(plain))
    assert both.sizes["case"] == 6
    u10 = both["predictors"].sel(predictor="u10").values
    np.testing.assert_array_equal(u10, [1, 1, 1, np.nan, np.nan, np.nan])
    lat = both["predictors"].sel(predictor="lat").values
    np.testing.assert_array_equal(lat[:3], lat[3:])


def test_fixes_in_any_order_give_the_same_cases() -> None:
    tracks = curving_storms(1, storms=3)
    shuffled = np.random.default_rng(0).permutation(tracks.sizes["fix"])
    turned, straight = cases_of(tracks.isel(fix=shuffled)), cases_of(tracks)
    xr.testing.assert_identical(turned, straight.isel(case=shuffled))


@pytest.mark.realdata
def test_the_published_scores_count_these_cases() -> None:
    """README of smehedi35/ibtracs-era5-tc-benchmark: 1984, 1729 and 1285 at 6, 12 and 24 h."""
    try:
        table = open_cyclone_fusion()
    except DatasetMissing as missing:
        pytest.skip(str(missing))
    cases = table_cases(table)
    assert [published(cases, lead, "test").sum() for lead in (6, 12, 24)] == [1984, 1729, 1285]
    change = wind_change(cases, 24)
    counted = np.isfinite(change) & (cases["season"].values >= 2022)
    assert (counted.sum(), (change[counted] >= 30).sum()) == (1408, 67)
    off = ~cases["on_time"].sel(lead=24).values & published(cases, 24, "test")
    assert off.sum() == 13
