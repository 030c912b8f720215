"""Whether a forecast probability is what it says: the reliability curve and its slope."""

# Not strict: xarray types its datasets as partly unknown.
# pyright: standard
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from sciml.core.axes import FloatArray, IntArray
from sciml.core.errors import BadInput
from sciml.weather.scores.checks import outcomes, probabilities
from sciml.weather.scores.probability import bins_of

_VALUES_AT_ONCE = 5_000_000  # random numbers held at the same time, 40 MB


def reliability_curve(
    probability: ArrayLike,
    event: ArrayLike,
    bins: int | None = 10,
    *,
    level: float = 0.9,
    draws: int = 1000,
    seed: int,
) -> xr.Dataset:
    """How often an event came among the cases that were given about the same probability.

    The consistency interval says what an honest forecast would show: outcomes are drawn anew from
    the forecast probabilities, which are kept. The confidence interval (Wilson's) says where the
    true frequency may be. Both take the cases as independent; if they are not, days or storms
    being alike, resample them with :mod:`sciml.weather.scores.bootstrap`.

    Args:
        probability: Shape (case,).
        event: Whether it came. Shape (case,).
        bins: Bins of equal width on [0, 1]; None for one for each distinct probability.
        level: Share of the two intervals.
        draws: Number of times that outcomes are drawn.
        seed: Seed of the draws.

    Returns:
        Along ``bin``, empty bins left out: ``probability`` (mean of the forecasts), ``frequency``
        (observed), ``cases``, ``consistency`` and ``confidence`` (the latter two along ``end``,
        low and high).

    Raises:
        BadInput: if a value is missing, not a probability or not an outcome, or a setting is out
            of range.

    Source:
        Bröcker & Smith, Weather Forecast. 22 (2007) 651-661, here with the forecasts kept; Wilson,
        J. Am. Stat. Assoc. 22 (1927) 209-212.
    """
    if not 0 < level < 1 or draws < 1:
        raise BadInput(f"level, draws: expected 0 < level < 1 and draws ≥ 1, got {level}, {draws}")
    came = outcomes(event)
    said = probabilities(probability, case=len(came))
    where = bins_of(said, bins)
    cases = np.bincount(where)
    frequency = np.bincount(where, came) / cases
    consistency = _drawn_frequencies(said, where, draws, seed)
    ends = [(1 - level) / 2, (1 + level) / 2]
    share = {"units": "1"}
    about = share | {"long_name": "mean forecast probability"}
    mean = ("bin", np.bincount(where, said) / cases, about)
    return xr.Dataset(
        {
            "frequency": ("bin", frequency, share | {"long_name": "observed frequency"}),
            "cases": ("bin", cases, share | {"long_name": "number of cases"}),
            "consistency": (("bin", "end"), np.quantile(consistency, ends, axis=0).T, share),
            "confidence": (("bin", "end"), _wilson(frequency, cases, level), share),
        },
        {"probability": mean, "end": ["low", "high"]},
        {"level": level},
    )


def _drawn_frequencies(said: FloatArray, where: IntArray, draws: int, seed: int) -> FloatArray:
    """Frequencies in each bin of outcomes drawn from the forecasts. Shape (draw, bin)."""
    random = np.random.default_rng(seed)
    order = np.argsort(where, kind="stable")
    starts = np.flatnonzero(np.diff(where[order], prepend=-1))
    chunk = max(1, _VALUES_AT_ONCE // len(said))
    found = [
        np.add.reduceat(random.random((size, len(said))) < said[order], starts, axis=1, dtype=int)
        for size in np.diff([*range(0, draws, chunk), draws])
    ]
    return np.concatenate(found) / np.bincount(where)


def _wilson(frequency: FloatArray, cases: IntArray, level: float) -> FloatArray:
    """Wilson's interval of a frequency. Shape (bin, end)."""
    from statistics import NormalDist

    z = NormalDist().inv_cdf((1 + level) / 2)
    centre = (frequency + z**2 / (2 * cases)) / (1 + z**2 / cases)
    half = np.sqrt(frequency * (1 - frequency) / cases + z**2 / (4 * cases**2))
    half *= z / (1 + z**2 / cases)
    return np.stack([np.maximum(centre - half, 0), np.minimum(centre + half, 1)], axis=1)


class ReliabilityLine(NamedTuple):
    """The straight line from forecast probability to observed frequency; honest: slope 1, from 0.

    A slope below 1 means that forecasts are too extreme, above 1 that they are too timid.
    """

    slope: float
    intercept: float


def reliability_line(
    probability: ArrayLike, event: ArrayLike, bins: int | None = None
) -> ReliabilityLine:
    """The line that fits the reliability curve best, bins weighing as many cases as they have.

    slope = Σ n (p̄ - p̅)(ō - o̅) / Σ n (p̄ - p̅)² over bins with n cases, mean probability p̄ and
    observed frequency ō; p̅ and o̅ are the means of all cases. Without bins it is the least-squares
    line from each probability to its outcome 0 or 1, which needs no choice.

    Args:
        probability: Shape (case,).
        event: Whether it came. Shape (case,).
        bins: Bins of equal width on [0, 1]; None for one for each distinct probability.

    Returns:
        The line.

    Raises:
        BadInput: if a value is missing, not a probability or not an outcome, or all bins have the
            same mean probability.
    """
    came = outcomes(event)
    said = probabilities(probability, case=len(came))
    where = bins_of(said, bins)
    cases = np.bincount(where)
    mean_said, mean_came = (np.bincount(where, one) / cases for one in (said, came))
    away = mean_said - said.mean()
    spread = np.sum(cases * away**2)
    if len(cases) == 1 or spread == 0:
        raise BadInput("probability: the same in all cases or bins, so no line can be drawn")
    slope = float(np.sum(cases * away * (mean_came - came.mean())) / spread)
    return ReliabilityLine(slope, float(came.mean() - slope * said.mean()))
