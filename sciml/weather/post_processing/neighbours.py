"""What is known at the stations around one when a forecast is issued."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from sciml.core.axes import FloatArray, IntArray, axes
from sciml.weather.sphere import EARTH_RADIUS

FEATURES = 6  # usual error, latest error, how much is known, steps east, north and up
USUAL, LATEST = 20.0, 2.0  # days; how long errors are remembered
_PRIOR = (1.0, 0.5)  # weight of zero in each memory, in errors
_REACH, _HEIGHT = 100.0, 500.0  # km, m; steps of order 1


def nearest_stations(latitude: FloatArray, longitude: FloatArray, count: int) -> IntArray:
    """The nearest other stations of each station.

    Args:
        latitude: Degrees north. Shape (station,).
        longitude: Degrees east. Shape (station,).
        count: How many; fewer where there are not so many others.

    Returns:
        Numbers of stations, the nearest first. Shape (station, neighbour).
    """
    axes(longitude, "station", "longitude", **axes(latitude, "station", "latitude"))
    north, east = np.radians(latitude), np.radians(longitude)
    points = np.stack(
        [np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)], axis=1
    )
    count = min(count, len(points) - 1)
    found = np.asarray(KDTree(points).query(points, k=count + 1)[1])
    # Two stations at one place may each be called the nearest of the other: a station never hears
    # of itself, whatever its rank.
    own = found == np.arange(len(points))[:, None]
    own[:, -1] |= ~own.any(axis=1)
    return found[~own].reshape(len(points), count).astype(np.int64)


def steps_between(places: tuple[FloatArray, FloatArray, FloatArray], other: IntArray) -> FloatArray:
    """Where other stations lie as seen from each station.

    Args:
        places: Latitude, longitude (degrees) and elevation (m) of the stations. Shape (station,).
        other: Numbers of stations. Shape (station, neighbour).

    Returns:
        Steps to the east and north in 100 km, and up in 500 m. Shape (station, neighbour, 3).
    """
    latitude, longitude, elevation = places
    north = np.radians(latitude[other] - latitude[:, None])
    turn = (longitude[other] - longitude[:, None] + 180.0) % 360.0 - 180.0
    east = np.radians(turn) * np.cos(np.radians(latitude))[:, None]
    up = (elevation[other] - elevation[:, None]) / _HEIGHT
    return np.stack([east * EARTH_RADIUS / _REACH, north * EARTH_RADIUS / _REACH, up], axis=2)


def known_around(
    day: FloatArray,
    station: IntArray,
    error: FloatArray,
    places: tuple[FloatArray, FloatArray, FloatArray],
    *,
    lead: float,
    count: int,
) -> NDArray[np.float32]:
    """What each case knew of the errors around its station when it was issued.

    Args:
        day: Valid time of each case, days; ascending. Shape (case,).
        station: Number of the station. Shape (case,).
        error: Observation less ensemble mean; NaN is skipped. Shape (case,).
        places: Latitude, longitude (degrees) and elevation (m) of the stations. Shape (station,).
        lead: Days between issue and valid time: later errors are not known yet.
        count: Neighbours of a station.

    Returns:
        Forgetting means of the neighbour's errors over 20 days and over 2 days, the logarithm of
        one more than the weight of the latter, and the steps to it. Shape (case, neighbour, 6).
    """
    other = nearest_stations(places[0], places[1], count)
    found = np.empty((len(day), other.shape[1], FEATURES), np.float32)
    found[:, :, 3:] = steps_between(places, other)[station]
    memory = np.zeros((2, 2, len(other)))  # sums of errors and weights by length of the memory
    added, now = 0, -np.inf
    starts = np.flatnonzero(np.diff(day, prepend=-np.inf))
    for first, end in zip(starts, [*starts[1:], len(day)], strict=True):
        issue = float(day[first]) - lead
        until = int(np.searchsorted(day, issue + 1e-9, side="right"))
        new = slice(added, until)
        _remember(memory, issue - now, (issue - day[new], station[new], error[new]))
        added, now = until, issue
        means = memory[:, 0] / (memory[:, 1] + np.array(_PRIOR)[:, None])
        asked = other[station[first:end]]
        found[first:end, :, 0], found[first:end, :, 1] = means[0][asked], means[1][asked]
        found[first:end, :, 2] = np.log1p(memory[1, 1])[asked]
    return found


def _remember(
    memory: FloatArray, passed: float, new: tuple[FloatArray, IntArray, FloatArray]
) -> None:
    """Let the memories fade and add what has become known: ages, stations and errors."""
    age, station, error = new
    known = ~np.isnan(error)
    for number, days in enumerate((USUAL, LATEST)):
        memory[number] *= np.exp(-passed / days) if np.isfinite(passed) else 0.0
        fade = np.exp(-age[known] / days)
        size = memory.shape[2]
        memory[number, 0] += np.bincount(station[known], fade * error[known], size)
        memory[number, 1] += np.bincount(station[known], fade, size)
