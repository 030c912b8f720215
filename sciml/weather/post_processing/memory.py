"""What past errors say: forgetting means of what was known when a forecast was issued.

A forecast for time t with a lead of L days is issued at t - L; errors up to then are known.
"""

import numba as nb
import numpy as np
import scipy.sparse as sparse
from scipy.spatial import KDTree

from sciml.core.axes import FloatArray, IntArray, axes
from sciml.weather.sphere import EARTH_RADIUS


def station_memory(
    day: FloatArray,
    station: IntArray,
    values: FloatArray,
    *,
    lead: float,
    days: float,
    prior: float,
) -> tuple[FloatArray, FloatArray]:
    """The forgetting mean of a station's past values, drawn to zero by a prior.

    Args:
        day: Valid time of each case, days; ascending. Shape (case,).
        station: Number of the station. Shape (case,).
        values: What is remembered; NaN is skipped. Shape (case,).
        lead: Days between issue and valid time: later values are not known yet.
        days: Time in which a value's weight falls to 1/e.
        prior: Weight of zero, in values.

    Returns:
        Σ w v / (Σ w + prior) and Σ w for each case. Shape (case,) each.
    """
    cases = axes(day, "case", "day")["case"]
    axes(station, "case", "station", case=cases)
    axes(values, "case", "values", case=cases)
    return _remembered(day, station, values, lead, days, prior)


@nb.njit(cache=True)
def _remembered(  # pragma: no cover - compiled
    day: FloatArray,
    station: IntArray,
    values: FloatArray,
    lead: float,
    days: float,
    prior: float,
) -> tuple[FloatArray, FloatArray]:
    """Two pointers: one asks, the other adds what has become known."""
    count = station.max() + 1
    total, weight, last = np.zeros(count), np.zeros(count), np.zeros(count)
    mean, known = np.empty(len(day)), np.empty(len(day))
    added = 0
    for case in range(len(day)):
        while day[added] <= day[case] - lead + 1e-9:
            s = station[added]
            if not np.isnan(values[added]):
                fade = np.exp(-(day[added] - last[s]) / days)
                total[s] = total[s] * fade + values[added]
                weight[s] = weight[s] * fade + 1
                last[s] = day[added]
            added += 1
        s = station[case]
        fade = np.exp(-(day[case] - lead - last[s]) / days)
        known[case] = weight[s] * fade
        below = known[case] + prior
        mean[case] = total[s] * fade / below if below > 0 else 0.0
    return mean, known


def regional_memory(
    day: FloatArray,
    station: IntArray,
    values: FloatArray,
    neighbours: sparse.csr_matrix,
    *,
    lead: float,
    days: float,
    prior: float,
) -> FloatArray:
    """The forgetting mean of past values around a station.

    Args:
        day: Valid time of each case, days; ascending. Shape (case,).
        station: Number of the station. Shape (case,).
        values: What is remembered; NaN is skipped. Shape (case,).
        neighbours: How much stations count for each other, see :func:`neighbourhood`.
        lead: Days between issue and valid time.
        days: Time in which a value's weight falls to 1/e.
        prior: Weight of zero, in values.

    Returns:
        For each case. Shape (case,).
    """
    known = np.where(np.isnan(values), 0.0, values)
    here = (~np.isnan(values)).astype(np.float64)
    count = len(neighbours.indptr) - 1
    total, weight, now = np.zeros(count), np.zeros(count), 0.0
    found = np.empty(len(day))
    starts = np.flatnonzero(np.diff(day, prepend=-np.inf))
    added = 0
    for first, end in zip(starts, [*starts[1:], len(day)], strict=True):
        issue = day[first] - lead
        until = int(np.searchsorted(day, issue + 1e-9, side="right"))
        fade = np.exp(-(issue - now) / days) if until else 1.0
        total, weight, now = total * fade, weight * fade, issue if until else now
        new = slice(added, until)
        strength = np.exp(-(issue - day[new]) / days)
        total += np.bincount(station[new], strength * known[new], count)
        weight += np.bincount(station[new], strength * here[new], count)
        added = until
        mean = (neighbours @ total) / (neighbours @ weight + prior)
        found[first:end] = mean[station[first:end]]
    return found


def neighbourhood(latitude: FloatArray, longitude: FloatArray, reach: float) -> sparse.csr_matrix:
    """How much stations count for each other, exp(-d² / 2 reach²), up to three times the reach.

    Args:
        latitude: Degrees north. Shape (station,).
        longitude: Degrees east. Shape (station,).
        reach: km.

    Returns:
        A symmetric sparse matrix with ones on its diagonal. Shape (station, station).
    """
    axes(longitude, "station", "longitude", **axes(latitude, "station", "latitude"))
    north, east = np.radians(latitude), np.radians(longitude)
    points = np.stack(
        [np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)], axis=1
    )
    tree = KDTree(EARTH_RADIUS * points)
    pairs = tree.sparse_distance_matrix(tree, 3 * reach, output_type="coo_matrix")
    found = sparse.csr_matrix(
        (np.exp(-(pairs.data**2) / (2 * reach**2)), (pairs.row, pairs.col)), shape=pairs.shape
    )
    # Pairs at distance zero are not stored as distances.
    found.setdiag(1.0)
    return found
