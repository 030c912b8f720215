"""Where the land is: coastlines for maps without a download, and distances to the coast.

Outlines are those of Natural Earth at 1:110 million: islands smaller than Puerto Rico are mostly
missing, and coasts are some tens of kilometres from where they are.
"""

import functools
import json
from importlib.resources import files
from typing import NamedTuple

import numpy as np
from scipy.spatial import KDTree

from sciml.core.axes import Array, BoolArray, FloatArray, IntArray
from sciml.core.errors import DamagedFile
from sciml.weather.sphere import EARTH_RADIUS, centred, displacement

_FILE = "land_110m.json"
_SPACING = 5.0  # km between the points that stand for a coast


class _Segments(NamedTuple):
    """All pieces of all coastlines, each from one end to the other."""

    lon: FloatArray  # (segment,)
    lat: FloatArray
    to_lon: FloatArray
    to_lat: FloatArray


@functools.cache
def coastlines() -> tuple[FloatArray, ...]:
    """Outlines of all continents and larger islands, and of the Caspian Sea.

    Returns:
        Closed rings, each of shape (point, 2): longitude, latitude. A ring that crosses the
        dateline goes on beyond 180 degrees.

    Raises:
        DamagedFile: if the file that comes with the package cannot be read.

    Source:
        Natural Earth 4.1.0, ne_110m_land; public domain.
    """
    try:
        text = files("sciml.weather").joinpath(_FILE).read_text(encoding="utf-8")
        return tuple(np.array(ring, dtype=np.float64) for ring in json.loads(text)["rings"])
    except (OSError, ValueError, KeyError) as error:
        raise DamagedFile(
            f"sciml/weather/{_FILE}: cannot be read ({error}); install sciml again"
        ) from error


def is_land(lat: Array, lon: Array) -> BoolArray:
    """Whether positions are on land.

    Args:
        lat: Latitude, degrees; any shape.
        lon: Longitude, degrees, of any convention; shape of ``lat``.

    Returns:
        True on land, by counting the coasts due north of each position;
        False where a position is NaN.
    """
    latitude, longitude = np.broadcast_arrays(np.asarray(lat, float), centred(lon))
    crossed = _coasts_northward(latitude.ravel(), longitude.ravel())
    odd: BoolArray = (crossed % 2 == 1).reshape(latitude.shape)
    return odd


def distance_to_land(lat: Array, lon: Array) -> FloatArray:
    """How far it is to the nearest coast, negative on land.

    Args:
        lat: Latitude, degrees; any shape.
        lon: Longitude, degrees, of any convention; shape of ``lat``.

    Returns:
        km along the great circle, positive at sea; at most 2.5 km too long, since points 5 km
        apart stand for the coast. NaN where a position is NaN.
    """
    latitude, longitude = np.broadcast_arrays(np.asarray(lat, float), centred(lon))
    known = np.isfinite(latitude) & np.isfinite(longitude)
    distance: FloatArray = np.full(latitude.shape, np.nan)
    if known.any():
        chord, _ = _coast_tree().query(_unit_vectors(latitude[known], longitude[known]))
        distance[known] = 2 * EARTH_RADIUS * np.arcsin(np.minimum(chord / 2, 1))
    side = 1.0 - 2.0 * is_land(latitude, longitude)
    return distance * side


@functools.cache
def _segments() -> _Segments:
    """The pieces of all coastlines."""
    starts = np.concatenate([ring[:-1] for ring in coastlines()])
    ends = np.concatenate([ring[1:] for ring in coastlines()])
    return _Segments(starts[:, 0], starts[:, 1], ends[:, 0], ends[:, 1])


def _coasts_northward(y: FloatArray, x: FloatArray) -> IntArray:
    """How many coasts lie due north of each position."""
    number = np.zeros(y.size, dtype=np.int64)
    for turn in (0, 360):  # the latter for rings that go on beyond the dateline
        lon = x + turn
        belts = np.floor(lon)
        for belt in np.unique(belts[np.isfinite(belts)]).astype(np.int64).tolist():
            inside = np.flatnonzero(belts == belt)
            from_lon, from_lat, to_lon, to_lat = _segments_over(belt)
            east = lon[inside, None]
            spans = (from_lon <= east) != (to_lon <= east)  # (position, segment)
            where, which = np.nonzero(spans)
            share = (lon[inside[where]] - from_lon[which]) / (to_lon[which] - from_lon[which])
            crossing = from_lat[which] + share * (to_lat[which] - from_lat[which])
            northward = inside[where[crossing > y[inside[where]]]]
            number += np.bincount(northward, minlength=y.size)
    return number


@functools.cache
def _segments_over(belt: int) -> _Segments:
    """The pieces of coastlines that touch the longitudes from ``belt`` to one degree on."""
    pieces = _segments()
    west, east = np.minimum(pieces.lon, pieces.to_lon), np.maximum(pieces.lon, pieces.to_lon)
    touch = (west <= belt + 1) & (east >= belt)
    return _Segments(*(part[touch] for part in pieces))


@functools.cache
def _coast_tree() -> KDTree:
    """Points along all coasts, to be searched by their place in space."""
    from_lon, from_lat, to_lon, to_lat = _segments()
    east, north = displacement(from_lat, from_lon, to_lat, to_lon)
    pieces = np.maximum(np.ceil(np.hypot(east, north) / _SPACING), 1).astype(np.int64)
    which = np.repeat(np.arange(pieces.size), pieces)
    step = np.arange(which.size) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    share = step / pieces[which]
    # Straight on the map of latitude and longitude, as is_land sees the coast.
    lat = from_lat[which] + share * (to_lat - from_lat)[which]
    lon = from_lon[which] + share * (to_lon - from_lon)[which]
    return KDTree(_unit_vectors(lat, lon))


def _unit_vectors(lat: FloatArray, lon: FloatArray) -> FloatArray:
    """Positions as vectors from the centre of the Earth, (position, 3)."""
    phi, lam = np.radians(lat), np.radians(lon)
    vectors: FloatArray = np.empty((lat.size, 3))
    vectors[:, 0] = np.cos(phi) * np.cos(lam)
    vectors[:, 1] = np.cos(phi) * np.sin(lam)
    vectors[:, 2] = np.sin(phi)
    return vectors
