"""Laws of great circles."""

import numpy as np
import pytest

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.weather.sphere import (
    EARTH_RADIUS,
    bearing,
    centred,
    destination,
    displaced,
    displacement,
    great_circle_distance,
    motion,
    track_error,
)

HALF_ROUND = np.pi * EARTH_RADIUS


def positions(seed: int, number: int = 200) -> tuple[FloatArray, FloatArray]:
    """Positions spread evenly over the sphere."""
    rng = np.random.default_rng(seed)
    return np.degrees(np.arcsin(rng.uniform(-1, 1, number))), rng.uniform(-180, 180, number)


def test_distance_is_the_angle_between_unit_vectors() -> None:
    def vectors(lat: FloatArray, lon: FloatArray) -> FloatArray:
        phi, lam = np.radians(lat), np.radians(lon)
        return np.stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)])

    a, b = positions(0), positions(1)
    crossed = np.linalg.norm(np.cross(vectors(*a), vectors(*b), axis=0), axis=0)
    angle = np.arctan2(crossed, (vectors(*a) * vectors(*b)).sum(axis=0))
    np.testing.assert_allclose(great_circle_distance(*a, *b), EARTH_RADIUS * angle, rtol=1e-12)


def test_distance_is_symmetric_and_obeys_the_triangle_inequality() -> None:
    a, b, c = positions(0), positions(1), positions(2)
    there = great_circle_distance(*a, *b)
    np.testing.assert_allclose(there, great_circle_distance(*b, *a), rtol=1e-14)
    detour = great_circle_distance(*a, *c) + great_circle_distance(*c, *b)
    assert np.all(there <= detour + 1e-9)


def test_antipodes_are_half_the_circumference_apart() -> None:
    lat, lon = positions(3)
    np.testing.assert_allclose(great_circle_distance(lat, lon, -lat, lon + 180), HALF_ROUND)


@pytest.mark.parametrize("gap", [1e-3, 1.0])  # km
def test_neighbours_and_near_antipodes_keep_their_precision(gap: float) -> None:
    turn = np.degrees(gap / EARTH_RADIUS)
    assert great_circle_distance(0, 20, 0, 20 + turn) == pytest.approx(gap, rel=1e-9)
    assert HALF_ROUND - great_circle_distance(0, 20, 0, 200 - turn) == pytest.approx(gap, rel=1e-6)


def test_going_somewhere_and_measuring_the_way_agree() -> None:
    lat, lon = positions(4)
    rng = np.random.default_rng(5)
    course, length = rng.uniform(0, 360, lat.size), rng.uniform(1, 15_000, lat.size)
    end = destination(lat, lon, course, length)
    np.testing.assert_allclose(great_circle_distance(lat, lon, *end), length, rtol=1e-9)
    difference = centred(bearing(lat, lon, *end) - course)
    np.testing.assert_allclose(difference, 0, atol=1e-5)


def test_a_displacement_leads_to_the_position_that_it_was_measured_to() -> None:
    a, b = positions(6), positions(7)
    end = displaced(*a, *displacement(*a, *b))
    np.testing.assert_allclose(great_circle_distance(*end, *b), 0, atol=1e-6)


def test_longitudes_of_either_convention_and_across_the_dateline_agree() -> None:
    assert great_circle_distance(10, 179.5, 10, -179.5) == pytest.approx(
        great_circle_distance(10, 0, 10, 1)
    )
    lat, lon = positions(8)
    assert np.allclose(displacement(lat, lon, lat + 0.5, lon + 1).east,
                       displacement(lat, lon % 360, lat + 0.5, lon + 1 - 360).east)  # fmt: skip
    assert destination(0, 179, 90, 400)[1] < -177
    assert centred(180) == -180


def test_turning_the_earth_about_its_axis_changes_no_displacement() -> None:
    a, b = positions(9), positions(10)
    turned = displacement(a[0], a[1] + 77, b[0], b[1] + 77)
    np.testing.assert_allclose(turned, displacement(*a, *b), atol=1e-8)


def test_northward_and_eastward_courses() -> None:
    assert bearing(10, 20, 11, 20) == pytest.approx(0)
    assert bearing(0, 20, 0, 21) == pytest.approx(90)
    assert bearing(0, 20, 0, 19) == pytest.approx(270)
    assert bearing(45, 20, 45, 20) == 0


def test_motion_is_displacement_over_time() -> None:
    degree = np.pi / 180 * EARTH_RADIUS  # km
    moved = motion(0, 0, 0, 1, 6)
    assert moved.east == pytest.approx(degree * 1e3 / (6 * 3600))
    assert moved.north == pytest.approx(0, abs=1e-12)
    with pytest.raises(BadInput, match="sort them by time"):
        motion(0, 0, 0, 1, 0)


def test_error_along_and_across_the_track_has_the_length_of_the_error() -> None:
    """Napier: cos c = cos a cos b in the right-angled triangle of the two parts."""
    start, rng = positions(11), np.random.default_rng(12)
    observed = displaced(*start, *rng.normal(0, 300, (2, 200)))
    forecast = displaced(*start, *rng.normal(0, 300, (2, 200)))
    along, cross = track_error(start, observed, forecast)
    whole = great_circle_distance(*observed, *forecast)
    angle = np.arccos(np.cos(along / EARTH_RADIUS) * np.cos(cross / EARTH_RADIUS))
    np.testing.assert_allclose(EARTH_RADIUS * angle, whole, rtol=1e-6)


def test_a_forecast_too_far_on_the_course_is_ahead_and_one_to_its_right_is_positive() -> None:
    start, observed = (0.0, 0.0), (0.0, 3.0)
    ahead = track_error(start, observed, (0.0, 4.0))
    assert ahead.along == pytest.approx(np.pi / 180 * EARTH_RADIUS)
    assert ahead.cross == pytest.approx(0, abs=1e-9)
    assert track_error(start, observed, (-1.0, 3.0)).cross > 0
    assert track_error(start, observed, (1.0, 3.0)).cross < 0


def test_a_missing_position_gives_a_missing_distance() -> None:
    assert np.isnan(great_circle_distance(np.nan, 0, 1, 1))


def test_a_place_beyond_the_poles_has_no_distance() -> None:
    with pytest.raises(BadInput, match=r"lat: expected degrees from -90 to 90, got 100"):
        great_circle_distance(100.0, 0.0, 0.0, 0.0)
    with pytest.raises(BadInput, match=r"other_lat: .* got -91"):
        great_circle_distance(np.zeros(2), np.zeros(2), np.array([0.0, -91.0]), np.zeros(2))
    assert np.isnan(great_circle_distance(np.nan, 0.0, 90.0, 0.0))
