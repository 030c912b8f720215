"""Red noise around a seasonal cycle: temperatures whose heatwaves can be counted by theory.

The anomaly of a day is φ times that of the day before plus fresh noise, a Markov chain, so that the
rate of events and their duration follow from integrals over one day's anomaly at a time.
"""

# Not strict: xarray types coordinates and attributes as unknown.
# pyright: standard
import math
from typing import NamedTuple

import numpy as np
import xarray as xr
from scipy.signal import lfilter
from scipy.special import ndtri

from sciml.core.axes import FloatArray, IntArray
from sciml.core.errors import BadInput
from sciml.weather.heatwaves import MARINE, EventRule
from sciml.weather.percentiles import DAYS, day_of_leap_year

_NODES = 80  # of the quadrature on each side of the threshold
_FARTHEST = 8.0  # standard deviations; beyond, the probability is 1e-15
_MEAN, _SWING, _HOTTEST = 20.0, 5.0, 46  # degC, K, day of the year of the generated cycle
_DAYS_PER_YEAR = 365.2425


def red_noise(memory: float, days: int, places: int, seed: int) -> FloatArray:
    """Gaussian noise that forgets by a factor of e in some days.

    Args:
        memory: Days τ, φ = exp(-1/τ); 0 for independent days.
        days: Length.
        places: Number of independent series.
        seed: Seed.

    Returns:
        Mean 0, variance 1, stationary from the first day. Shape (time, place).

    Raises:
        BadInput: if the memory is negative.
    """
    phi = _correlation(memory)
    fresh = np.random.default_rng(seed).normal(0.0, 1.0, (days, places))
    fresh[1:] *= math.sqrt(1 - phi**2)
    return np.asarray(lfilter([1.0], [1.0, -phi], fresh, axis=0), np.float64)


def generated_temperature(
    memory: float, years: int, places: int, seed: int, deviation: float = 1.0
) -> xr.DataArray:
    """Daily temperatures with a seasonal cycle of 5 K and red noise, from 1981 on.

    Args:
        memory: Days in which an anomaly falls to 1/e.
        years: Length.
        places: Number of independent places, all with the same cycle.
        seed: Seed.
        deviation: Standard deviation of the anomalies, K.

    Returns:
        Temperature in degC. Shape (time, place).

    Raises:
        BadInput: if the memory is negative.
    """
    days = np.arange("1981-01-01", f"{1981 + years}-01-01", dtype="datetime64[D]")
    cycle = _cycle(day_of_leap_year(days))
    values = cycle[:, None] + deviation * red_noise(memory, len(days), places, seed)
    return xr.DataArray(
        values,
        {"time": days.astype("datetime64[ns]"), "place": np.arange(places)},
        ("time", "place"),
        name="temperature",
        attrs={"units": "degC", "standard_name": "sea_surface_temperature"},
    )


def known_threshold(share: float = 0.1, deviation: float = 1.0) -> xr.Dataset:
    """Climatology and threshold of :func:`generated_temperature` as they truly are.

    Args:
        share: Share of the days above the threshold.
        deviation: Standard deviation of the anomalies, K.

    Returns:
        As :func:`sciml.weather.percentiles.climatology_and_threshold` estimates them, the same at
        all places. Shape (dayofyear,).

    Raises:
        BadInput: if the share is not between 0 and 1.
    """
    cycle = _cycle(np.arange(1, DAYS + 1))
    limit = cycle + deviation * _quantile(share)
    degrees = {"units": "degC"}
    return xr.Dataset(
        {
            "climatology": ("dayofyear", cycle, degrees),
            "threshold": ("dayofyear", limit, degrees),
        },
        {"dayofyear": np.arange(1, DAYS + 1)},
    )


def _cycle(day: IntArray) -> FloatArray:
    """The generated cycle on days of a leap year, degC."""
    return _MEAN + _SWING * np.cos(2 * np.pi * (day - _HOTTEST) / DAYS)


def _quantile(share: float) -> float:
    """The value of a standard normal law that a share exceeds."""
    if not 0 < share < 1:
        raise BadInput(f"share: expected between 0 and 1, got {share}")
    return float(ndtri(1 - share))


class ExpectedEvents(NamedTuple):
    """What theory says of the events of red noise."""

    per_year: float
    duration: float  # mean, days; gaps that are bridged included


def expected_events(memory: float, share: float = 0.1, rule: EventRule = MARINE) -> ExpectedEvents:
    """How many events red noise has above a threshold, and how long they last.

    With A the step from a day above to a day above, and so on for below (B), the density of days
    that complete a run of L hot days is v = A^(L-1) (B→A) π. Its integral is the rate of runs; the
    rate of two runs with g cool days between is ∫ A^(L-1) (B→A) B^(g-1) (A→B) (1 - A)⁻¹ v; and
    events are runs less joins.

    Args:
        memory: Days in which an anomaly falls to 1/e.
        share: Share of the days above the threshold.
        rule: Shortest duration and longest gap, of 2 days at most: a longer one may hold short
            runs.

    Returns:
        Events in a year and their mean duration.

    Raises:
        BadInput: if the memory is negative, the share is not between 0 and 1, or the gap too long.
    """
    if rule.longest_gap > 2:
        raise BadInput(f"longest_gap: theory holds for gaps up to 2 days, got {rule.longest_gap}")
    step = _steps(_correlation(memory), _quantile(share))
    stay = np.linalg.matrix_power(step.hot_hot, rule.shortest - 1)
    start = stay @ step.cool_hot  # a run begins after a cool day and becomes long enough
    complete = start @ step.cool_now
    lasting = np.linalg.solve(np.eye(len(complete)) - step.hot_hot, complete)
    runs, hot_days = complete.sum(), (rule.shortest - 1) * complete.sum() + lasting.sum()
    joins = gap_days = 0.0
    cool = step.hot_cool @ lasting  # a long run has ended
    for gap in range(1, rule.longest_gap + 1):
        rate = float((start @ cool).sum())
        joins, gap_days = joins + rate, gap_days + gap * rate
        cool = step.cool_cool @ cool
    events = float(runs - joins)
    return ExpectedEvents(_DAYS_PER_YEAR * events, float(hot_days + gap_days) / events)


class _Steps(NamedTuple):
    """Masses of one day's anomaly carried to the next, between both sides of the threshold."""

    hot_hot: FloatArray
    hot_cool: FloatArray
    cool_hot: FloatArray
    cool_cool: FloatArray
    cool_now: FloatArray  # masses of a day that is not hot


def _steps(phi: float, threshold: float) -> _Steps:
    """The chain on the nodes of a quadrature; columns are the day before, rows the day after."""
    node, weight = np.polynomial.legendre.leggauss(_NODES)
    half = (threshold + _FARTHEST) / 2, (_FARTHEST - threshold) / 2
    x = np.concatenate([half[0] * (node + 1) - _FARTHEST, half[1] * (node + 1) + threshold])
    w = np.concatenate([half[0] * weight, half[1] * weight])
    spread = math.sqrt(1 - phi**2)
    z = (x[:, None] - phi * x) / spread
    kernel = w[:, None] * np.exp(-(z**2) / 2) / (spread * math.sqrt(2 * math.pi))
    mass = w * np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)
    cool, hot = slice(0, _NODES), slice(_NODES, None)
    return _Steps(
        kernel[hot, hot], kernel[cool, hot], kernel[hot, cool], kernel[cool, cool], mass[cool]
    )


def _correlation(memory: float) -> float:
    """φ of a memory in days."""
    if not memory >= 0:
        raise BadInput(f"memory: expected 0 days or more, got {memory}")
    return math.exp(-1 / memory) if memory > 0 else 0.0
