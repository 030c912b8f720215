"""Scores of quantiles and of the intervals between them."""

import numpy as np
from numpy.typing import ArrayLike

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.weather.scores.checks import complete, same_shape


def quantile_score(quantile: ArrayLike, observation: ArrayLike, level: float) -> FloatArray:
    """How far a forecast quantile is off, the dear side weighing more (pinball loss).

    level (y - q) where the observation is above the quantile, (1 - level)(q - y) where it is below;
    on average least for the true quantile. At level ½ it is half the absolute error.

    Args:
        quantile: Forecast quantiles q. Shape (...).
        observation: y. Shape (...).
        level: Probability of the quantile, between 0 and 1.

    Returns:
        Score of each case, in the unit of the observation. Shape (...).

    Raises:
        BadInput: if shapes differ, a value is missing, or the level is not between 0 and 1.

    Source:
        Koenker & Bassett, Econometrica 46 (1978) 33-50.
    """
    _require_level(level, "level")
    said, truth = _pair(quantile, observation, "quantile")
    error = truth - said
    return np.maximum(level * error, (level - 1) * error)


def interval_score(
    low: ArrayLike, high: ArrayLike, observation: ArrayLike, share: float
) -> FloatArray:
    """Width of a central interval plus a fine for observations outside of it (Winkler score).

    high - low + 2/α times the distance by which the observation is outside, α = 1 - share.

    Args:
        low: Lower ends. Shape (...).
        high: Upper ends. Shape (...).
        observation: Shape (...).
        share: Probability that the interval claims.

    Returns:
        Score of each case, in the unit of the observation. Shape (...).

    Raises:
        BadInput: if shapes differ, a value is missing, ends are crossed, or the share is not
            between 0 and 1.

    Source:
        Gneiting & Raftery, J. Am. Stat. Assoc. 102 (2007) 359-378, eq. 43.
    """
    _require_level(share, "share")
    lower, upper, truth = _interval(low, high, observation)
    outside = np.maximum(lower - truth, 0) + np.maximum(truth - upper, 0)
    return upper - lower + 2 / (1 - share) * outside


def interval_coverage(low: ArrayLike, high: ArrayLike, observation: ArrayLike) -> float:
    """How often the observation lies within its interval, the ends included.

    Args:
        low: Lower ends. Shape (...).
        high: Upper ends. Shape (...).
        observation: Shape (...).

    Returns:
        Share of the cases; an honest interval has the share that it claims.

    Raises:
        BadInput: if shapes differ, a value is missing, or ends are crossed.
    """
    lower, upper, truth = _interval(low, high, observation)
    return float(np.mean((truth >= lower) & (truth <= upper)))


def _require_level(value: float, name: str) -> None:
    """Refuse what is not strictly between 0 and 1."""
    if not 0 < value < 1:
        raise BadInput(f"{name}: expected a probability between 0 and 1, got {value}")


def _pair(values: ArrayLike, observation: ArrayLike, name: str) -> tuple[FloatArray, FloatArray]:
    """Two complete arrays of the same shape."""
    truth = complete(observation, "...", "observation")
    said = complete(values, "...", name)
    same_shape(said, truth, name, "observation")
    return said, truth


def _interval(
    low: ArrayLike, high: ArrayLike, observation: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The two ends, in order, and the observation."""
    lower, truth = _pair(low, observation, "low")
    upper, _ = _pair(high, observation, "high")
    if np.any(lower > upper):
        raise BadInput(f"low: above high in {int(np.sum(lower > upper))} of {lower.size} cases")
    return lower, upper, truth
