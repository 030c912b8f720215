"""Forecasts from best tracks alone."""

import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import BadInput, DatasetMissing
from sciml.weather.cyclones.best_tracks import (
    ANYWHERE,
    ATLANTIC_LEADS,
    OFFICIAL_TWO_THIRDS,
    atlantic_cases,
    cliper,
    counted_cases,
    mirrored,
    portable_makers,
    typhoon_cases,
)
from sciml.weather.cyclones.cases import cases_of, known
from sciml.weather.cyclones.features import chosen
from sciml.weather.cyclones.track import observed_displacement, track_errors
from sciml.weather.sources import open_hurdat2
from sciml.weather.sphere import KM_PER_NAUTICAL_MILE
from tests.weather.cyclones.storms import curving_storms, straight_storm

# Mean errors of an independent regression, of degrees instead of km: n mi, 2018 to 2022.
MEASURED = (42.99, 98.85, 157.66, 215.65, 323.04, 413.22, 492.87)
CASES = (1755, 1548, 1360, 1197, 915, 690, 507)


def test_only_fixes_that_count_start_or_verify_a_forecast() -> None:
    tracks = straight_storm(fixes=8)
    counted = np.array([1, 1, 1, 1, 0, 1, 1, 1], bool)
    cases = counted_cases(tracks, counted, (6, 12))
    assert cases["fixes_before"].values.tolist() == [2, 3, 5, 6, 7]
    assert known(cases, 6).tolist() == [True, False, True, True, False]
    with pytest.raises(BadInput, match="no fix that counts"):
        counted_cases(tracks, np.zeros(8, bool), (6,))


def test_storms_are_chosen_by_status_grade_and_year() -> None:
    tracks = straight_storm(fixes=6)
    status = np.array(["TS", "TS", "TS", "EX", "TS", "TS"])
    atlantic = atlantic_cases(tracks.assign(status=("fix", status)), 2001, 2001)
    assert atlantic["fixes_before"].values.tolist() == [2, 4, 5]
    grade = np.array([3, 3, 3, 6, 5, 5])
    assert typhoon_cases(tracks.assign(grade=("fix", grade)), 2001, 2001).sizes["case"] == 3
    with pytest.raises(BadInput):
        atlantic_cases(tracks.assign(status=("fix", status)), 1990, 1991)


def test_what_is_portable_does_not_depend_on_longitude_season_or_year() -> None:
    here = straight_storm(start=(15.0, -50.0))
    there = straight_storm(start=(15.0, 140.0), begins=np.datetime64("2015-10-05T06", "ns"))
    a, b = (chosen(cases_of(one)["predictors"], ANYWHERE) for one in (here, there))
    np.testing.assert_allclose(a, b, atol=1e-4)


@pytest.mark.parametrize("name", portable_makers())
def test_a_southern_storm_is_forecast_as_its_mirror_image(name: str) -> None:
    expert = portable_makers()[name]()
    expert.fit(cases_of(curving_storms(0, storms=20)), (24,), 0)
    north = curving_storms(1, storms=3)
    south = north.assign_coords(lat=("fix", -north["lat"].values))
    xr.testing.assert_allclose(mirrored(south), north)
    np.testing.assert_array_equal(
        expert.predict(cases_of(mirrored(south))), expert.predict(cases_of(north))
    )


def test_mirroring_turns_the_observed_way_over() -> None:
    tracks = curving_storms(2, storms=2)
    south = tracks.assign_coords(lat=("fix", -tracks["lat"].values))
    way = observed_displacement(cases_of(tracks), (24,))
    np.testing.assert_allclose(observed_displacement(cases_of(south), (24,)), way * [1, -1])


@pytest.mark.realdata
def test_cliper_reproduces_the_errors_that_were_measured_before() -> None:
    try:
        tracks = open_hurdat2()
    except DatasetMissing as missing:
        pytest.skip(str(missing))
    expert, asked = cliper(), atlantic_cases(tracks, 2018, 2022)
    expert.fit(atlantic_cases(tracks, 1980, 2014), ATLANTIC_LEADS, 0)
    errors = track_errors(asked, expert.predict(asked), ATLANTIC_LEADS) / KM_PER_NAUTICAL_MILE
    assert np.isfinite(errors).sum(axis=0).tolist() == list(CASES)
    np.testing.assert_allclose(np.nanmean(errors, axis=0), MEASURED, rtol=0.02)
    official = np.array([OFFICIAL_TWO_THIRDS[lead] for lead in ATLANTIC_LEADS])
    assert (np.nanquantile(errors, 2 / 3, axis=0) > 1.5 * official).all()
