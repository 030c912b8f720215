"""The door to the package `scores`, which takes seconds to import and is imported when called.

What it has and we need is taken from it; what we have of our own (CRPS with missing members in
m log m, ranks with gaps, tables that refuse to divide by zero) is tested against it.

Source:
    Leeuwenburg et al., J. Open Source Softw. 9 (2024) 6889.
"""

# Not strict: the package is typed in part.
# pyright: standard
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.weather.scores.checks import complete, same_shape

_SHORTEST_SERIES = 10


class DieboldMariano(NamedTuple):
    """Whether two series of scores differ by more than chance."""

    mean: float  # of the differences, in the unit of the score
    statistic: float  # the mean over its standard error; standard normal if neither is better
    p_value: float  # two-sided


def diebold_mariano(differences: ArrayLike) -> DieboldMariano:
    """Test whether two methods score alike on a regular series of forecasts, errors overlapping.

    That differences which are near in time are alike is taken into account by an exponential law
    that is fitted to their autocovariance. The package starts this fit at a variance of 1; the
    differences are scaled to it, so that the answer does not hang on their unit.

    Args:
        differences: Score of one method minus that of another, in order of time and without a gap.
            Shape (time,).

    Returns:
        Mean, statistic and p-value by the normal law.

    Raises:
        BadInput: if a value is missing, there are fewer than 10, or all are equal.

    Source:
        Hering & Genton, Technometrics 53 (2011) 414-425, after Diebold & Mariano, J. Bus. Econ.
        Stat. 13 (1995) 253-263.
    """
    apart = complete(differences, "time", "differences")
    if len(apart) < _SHORTEST_SERIES:
        raise BadInput(
            f"differences: expected a series of {_SHORTEST_SERIES} or more, got {len(apart)}; "
            "its autocovariance cannot be known"
        )
    scale = float(apart.std())
    if np.ptp(apart) == 0:
        raise BadInput(f"differences: all are {apart[0]:g}, so chance has no part in them")
    from scores.stats.statistical_tests import diebold_mariano as tested

    series = xr.DataArray(
        apart[None] / scale, dims=("pair", "time"), coords={"pair": [0], "h": ("pair", [1])}
    )
    found = tested(series, "pair", "h", method="HG")
    statistic = float(found["dm_test_stat"].item())
    return DieboldMariano(float(apart.mean()), statistic, 2 * NormalDist().cdf(-abs(statistic)))


def fractions_skill(
    forecast: ArrayLike, observation: ArrayLike, threshold: float, window: int
) -> FloatArray:
    """How alike the shares of rainy points are in windows of forecast and observation (FSS).

    A forecast that has the right amount a little beside the right place is given credit for it.

    Args:
        forecast: Shape (time, lat, lon).
        observation: Shape (time, lat, lon).
        threshold: What is exceeded in an event, in the unit of both.
        window: Points along each side of the windows.

    Returns:
        Of each time: 1 is perfect, 0 none in common. Shape (time,).

    Raises:
        BadInput: if shapes differ, a value is missing, the window does not fit, or there is no
            event at all at some time, which leaves its score undefined.

    Source:
        Roberts & Lean, Mon. Weather Rev. 136 (2008) 78-97.
    """
    came = complete(observation, "time lat lon", "observation")
    said = complete(forecast, "time lat lon", "forecast")
    same_shape(said, came, "forecast", "observation")
    if not 1 <= window <= min(came.shape[1:]):
        raise BadInput(f"window: expected 1 to {min(came.shape[1:])} points, got {window}")
    empty = ~((said > threshold) | (came > threshold)).any(axis=(1, 2))
    if empty.any():
        raise BadInput(
            f"threshold: {threshold:g} is never exceeded at {int(empty.sum())} of {len(empty)} "
            f"times, the first at index {int(np.argmax(empty))}; leave those times out"
        )
    from scores.spatial import fss_2d

    axes = ("time", "lat", "lon")
    found = fss_2d(
        xr.DataArray(said, dims=axes),
        xr.DataArray(came, dims=axes),
        event_threshold=threshold,
        window_size=(window, window),
        spatial_dims=("lat", "lon"),
        preserve_dims=["time"],
    )
    return np.asarray(found.values, np.float64)
