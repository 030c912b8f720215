"""Land, sea and the distance between a place and the coast."""

import numpy as np
import pytest

from sciml.weather.land import coastlines, distance_to_land, is_land
from sciml.weather.sphere import great_circle_distance

LAND = {"Chad": (15.0, 18.0), "Kansas": (38.5, -98.0), "Cuba": (22.0, -79.0), "Tibet": (32, 88)}
SEA = {"Sargasso": (28.0, -60.0), "Gulf": (25.0, -90.0), "Dateline": (0, 180), "Caspian": (41, 51)}
ACROSS = {"Chukotka": (67.0, -178.0), "Wrangel": (71.2, -179.0), "South Pole": (-90, 0)}


@pytest.mark.parametrize("place", (LAND | ACROSS).values(), ids=(LAND | ACROSS).keys())
def test_places_on_land(place: tuple[float, float]) -> None:
    assert is_land(*place)
    assert distance_to_land(*place) < 0


@pytest.mark.parametrize("place", SEA.values(), ids=SEA.keys())
def test_places_at_sea(place: tuple[float, float]) -> None:
    assert not is_land(*place)
    assert distance_to_land(*place) > 0


def test_share_of_land_is_that_of_the_earth() -> None:
    """29 % of the surface are land (CIA World Factbook: 148.94 of 510.07 million km²)."""
    rng = np.random.default_rng(0)
    lat, lon = np.degrees(np.arcsin(rng.uniform(-1, 1, 20_000))), rng.uniform(-180, 180, 20_000)
    assert is_land(lat, lon).mean() == pytest.approx(0.29, abs=0.015)


def test_distance_changes_no_faster_than_one_moves() -> None:
    rng = np.random.default_rng(1)
    lat, lon = rng.uniform(-60, 60, 500), rng.uniform(-180, 180, 500)
    there = lat + rng.normal(0, 1, 500), lon + rng.normal(0, 1, 500)
    change = np.abs(distance_to_land(lat, lon) - distance_to_land(*there))
    assert np.all(change <= great_circle_distance(lat, lon, *there) + 5)  # km of spacing


def test_a_point_of_the_coast_is_at_the_coast() -> None:
    points = np.concatenate(coastlines())[::20]
    assert np.abs(distance_to_land(points[:, 1], points[:, 0])).max() < 1e-6


def test_longitudes_of_either_convention_agree() -> None:
    lon = np.linspace(-180, 179, 50)
    np.testing.assert_allclose(distance_to_land(20, lon), distance_to_land(20, lon % 360))


def test_a_missing_position_has_no_distance() -> None:
    assert np.isnan(distance_to_land(np.nan, 10))
    assert not is_land(np.nan, 10)


def test_rings_are_closed_and_do_not_jump() -> None:
    for ring in coastlines():
        np.testing.assert_array_equal(ring[0], ring[-1])
        assert ring[:, 0].min() >= -180
        at_pole = ring[1:, 1] == -90
        assert np.abs(np.diff(ring[:, 0]))[~at_pole].max() < 20  # nothing is drawn across a map
        assert np.abs(ring[:, 1]).max() <= 90
