"""Distances, courses and displacements on a spherical Earth.

Latitudes and longitudes are in degrees, distances in km, courses in degrees clockwise from north.
All functions take arrays that broadcast against each other, and longitudes of any convention; a
position that is NaN gives NaN. Longitudes come back from -180 up to, but without, 180.
"""

from typing import NamedTuple

import numpy as np

from sciml.core.axes import Array, FloatArray
from sciml.core.errors import BadInput

EARTH_RADIUS = 6371.0  # km: of the sphere that the published scores are computed on
KM_PER_NAUTICAL_MILE = 1.852
_SECONDS_PER_HOUR = 3600.0
_POLE = 90.0 + 1e-6  # degrees; that much is rounding in single precision


class Displacement(NamedTuple):
    """The way from one position to another, laid out on the plane that touches the first."""

    east: FloatArray  # km
    north: FloatArray  # km


class TrackError(NamedTuple):
    """A forecast position beside the observed one, seen along the observed course."""

    along: FloatArray  # km; positive ahead of the storm
    cross: FloatArray  # km; positive to the right of its course


def great_circle_distance(lat: Array, lon: Array, other_lat: Array, other_lon: Array) -> FloatArray:
    """Length of the shortest way between two positions.

    Args:
        lat: Latitude of the first position.
        lon: Its longitude.
        other_lat: Latitude of the second.
        other_lon: Its longitude.

    Returns:
        km, from 0 to half the Earth's circumference.

    Raises:
        BadInput: if a latitude lies beyond a pole.

    Source:
        Sinnott, Virtues of the haversine, Sky & Telescope 68 (1984). The complement is written as
        a sum of squares too, so that antipodes are as exact as neighbours.
    """
    _require_latitudes("lat", lat)
    _require_latitudes("other_lat", other_lat)
    phi, other_phi = _radians(lat), _radians(other_lat)
    half = (_radians(other_lon) - _radians(lon)) / 2
    width = np.cos(phi) * np.cos(other_phi)
    near = np.sin((other_phi - phi) / 2) ** 2 + width * np.sin(half) ** 2
    far = np.sin((other_phi + phi) / 2) ** 2 + width * np.cos(half) ** 2
    return 2 * EARTH_RADIUS * np.arctan2(np.sqrt(near), np.sqrt(far))


def bearing(lat: Array, lon: Array, other_lat: Array, other_lon: Array) -> FloatArray:
    """Course at the first position of the great circle to the second.

    Args:
        lat: Latitude of the first position.
        lon: Its longitude.
        other_lat: Latitude of the second.
        other_lon: Its longitude.

    Returns:
        Degrees from 0 to 360; 0 where both positions are the same.
    """
    phi, other_phi = _radians(lat), _radians(other_lat)
    turn = _radians(other_lon) - _radians(lon)
    east = np.sin(turn) * np.cos(other_phi)
    # The textbook's cos φ sin φ' - sin φ cos φ' cos Δλ cancels between neighbours; this does not.
    north = np.sin(other_phi - phi) + 2 * np.sin(phi) * np.cos(other_phi) * np.sin(turn / 2) ** 2
    return np.mod(np.degrees(np.arctan2(east, north)), 360.0)


def destination(
    lat: Array, lon: Array, course: Array, distance: Array
) -> tuple[FloatArray, FloatArray]:
    """Where a great circle leads.

    Args:
        lat: Latitude of the start.
        lon: Longitude of the start.
        course: Degrees clockwise from north, at the start.
        distance: km.

    Returns:
        Latitude and longitude of the end.
    """
    phi, theta = _radians(lat), _radians(course)
    angle = np.divide(distance, EARTH_RADIUS)
    ahead = np.sin(angle) * np.cos(theta)
    sine = np.sin(phi) * np.cos(angle) + np.cos(phi) * ahead
    across = np.sin(angle) * np.sin(theta)
    inwards = np.cos(phi) * np.cos(angle) - np.sin(phi) * ahead
    end = np.degrees(np.arctan2(sine, np.hypot(inwards, across)))
    turn = np.degrees(np.arctan2(across, inwards))
    return end, centred(np.add(lon, turn))


def displacement(lat: Array, lon: Array, other_lat: Array, other_lon: Array) -> Displacement:
    """The way to another position as a vector: as long as the great circle, and on its course.

    Args:
        lat: Latitude of the first position.
        lon: Its longitude.
        other_lat: Latitude of the second.
        other_lon: Its longitude.

    Returns:
        East and north in the azimuthal equidistant projection about the first position.
    """
    length = great_circle_distance(lat, lon, other_lat, other_lon)
    theta = np.radians(bearing(lat, lon, other_lat, other_lon))
    return Displacement(length * np.sin(theta), length * np.cos(theta))


def displaced(lat: Array, lon: Array, east: Array, north: Array) -> tuple[FloatArray, FloatArray]:
    """Where a displacement leads: the inverse of :func:`displacement`.

    Args:
        lat: Latitude of the start.
        lon: Longitude of the start.
        east: km.
        north: km.

    Returns:
        Latitude and longitude of the end.
    """
    course = np.degrees(np.arctan2(east, north))
    return destination(lat, lon, course, np.hypot(east, north))


def motion(
    lat: Array, lon: Array, later_lat: Array, later_lon: Array, hours: Array
) -> Displacement:
    """Velocity of a storm between two fixes, as it leaves the first.

    Args:
        lat: Latitude of the earlier fix.
        lon: Its longitude.
        later_lat: Latitude of the later fix.
        later_lon: Its longitude.
        hours: Time between them, h.

    Returns:
        Eastward and northward, m/s.

    Raises:
        BadInput: if the later fix is not later.
    """
    if np.any(np.asarray(hours) <= 0):
        raise BadInput(
            f"motion: {np.min(hours):g} h between fixes; sort them by time and leave out repeats"
        )
    seconds = np.multiply(hours, _SECONDS_PER_HOUR)
    way = displacement(lat, lon, later_lat, later_lon)
    return Displacement(way.east * 1e3 / seconds, way.north * 1e3 / seconds)


def track_error(
    start: tuple[Array, Array], observed: tuple[Array, Array], forecast: tuple[Array, Array]
) -> TrackError:
    """How far a forecast lies ahead of the storm and to the right of its course.

    Args:
        start: Latitude and longitude at which the forecast was issued.
        observed: Where the storm was when the forecast was for. Where it had not moved at all,
            its course counts as northward.
        forecast: Where it was said to be.

    Returns:
        Distances along the great circle from ``start`` through ``observed``, and from it.

    Source:
        Cross-track and along-track distance of great-circle sailing (Napier's rules).
    """
    way = great_circle_distance(*start, *observed)
    angle = great_circle_distance(*start, *forecast) / EARTH_RADIUS
    turn = np.radians(bearing(*start, *forecast) - bearing(*start, *observed))
    cross = np.arcsin(np.clip(np.sin(angle) * np.sin(turn), -1, 1))
    along = np.arctan2(np.sin(angle) * np.cos(turn), np.cos(angle))
    return TrackError(EARTH_RADIUS * along - way, EARTH_RADIUS * cross)


def centred(lon: Array) -> FloatArray:
    """The same longitudes, from -180 up to, but without, 180."""
    return np.mod(np.asarray(lon, np.float64) + 180.0, 360.0) - 180.0


def _require_latitudes(name: str, degrees: Array) -> None:
    """Refuse places beyond the poles; NaN passes."""
    latitude = np.asarray(degrees, np.float64)
    beyond = latitude[np.abs(latitude) > _POLE]
    if beyond.size:
        raise BadInput(
            f"great_circle_distance: {name}: expected degrees from -90 to 90, got {beyond[0]:g}; "
            "latitude comes before longitude"
        )


def _radians(degrees: Array) -> FloatArray:
    """Degrees as radians."""
    return np.asarray(degrees, np.float64) * (np.pi / 180)
