"""Neighbours against a search by hand, and that nothing is told before it was known."""

import numpy as np
import pytest

from sciml.weather.post_processing.neighbours import (
    LATEST,
    USUAL,
    known_around,
    nearest_stations,
    steps_between,
)
from sciml.weather.sphere import great_circle_distance

LEAD, STATIONS, COUNT = 2.0, 9, 4


@pytest.fixture
def world():
    rng = np.random.default_rng(0)
    day = np.sort(rng.integers(0, 30, 150)).astype(float)
    station = rng.integers(0, STATIONS, 150)
    error = rng.normal(size=150)
    error[rng.random(150) < 0.1] = np.nan
    places = tuple(rng.uniform(*span, STATIONS) for span in ((40, 50), (170, 190), (0, 2000)))
    return day, station, error, places


def test_neighbours_are_the_nearest_others_and_never_the_station_itself(world) -> None:
    north, east, _ = world[3]
    found = nearest_stations(north, east, COUNT)
    for one in range(STATIONS):
        gaps = great_circle_distance(north[one], east[one], north, east)
        gaps[one] = np.inf
        np.testing.assert_array_equal(found[one], np.argsort(gaps)[:COUNT])
    twice = nearest_stations(np.full(5, 47.0), np.full(5, 8.0), 4)
    for one in range(5):
        assert sorted(twice[one]) == [n for n in range(5) if n != one]


def test_what_is_told_is_the_forgetting_mean_of_what_was_known(world) -> None:
    day, station, error, places = world
    found = known_around(day, station, error, places, lead=LEAD, count=COUNT)
    other = nearest_stations(places[0], places[1], COUNT)
    for case in range(len(day)):
        for rank, neighbour in enumerate(other[station[case]]):
            own = (day <= day[case] - LEAD) & (station == neighbour) & ~np.isnan(error)
            age = day[case] - LEAD - day[own]
            usual, latest = np.exp(-age / USUAL), np.exp(-age / LATEST)
            expected = [
                usual @ error[own] / (usual.sum() + 1),
                latest @ error[own] / (latest.sum() + 0.5),
                np.log1p(latest.sum()),
            ]
            np.testing.assert_allclose(found[case, rank, :3], expected, atol=1e-5)


def test_what_comes_later_changes_nothing(world) -> None:
    day, station, error, places = world
    changed = np.where(day > 15, 99.0, error)
    before, after = (
        known_around(day, station, each, places, lead=LEAD, count=COUNT)
        for each in (error, changed)
    )
    same = day <= 15 + LEAD
    np.testing.assert_array_equal(before[same], after[same])
    assert np.any(before[~same] != after[~same])


def test_steps_go_the_short_way_over_the_date_line() -> None:
    places = (np.zeros(2), np.array([179.5, -179.5]), np.array([0.0, 500.0]))
    steps = steps_between(places, np.array([[1], [0]]))
    np.testing.assert_allclose(steps[:, 0], [[1.112, 0, 1], [-1.112, 0, -1]], atol=1e-3)
