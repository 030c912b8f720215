"""Predictive distributions as equally likely values: the common coin of all experts.

A forecast is a sorted row of values, each as likely as any other: the quantiles at the levels
(i - 1/2) / n. Whatever an expert believes in, a normal law or a heap of old observations, becomes
such a row, and every score, pool and exceedance follows from it. Its CRPS is that of an ensemble,
:func:`sciml.weather.scores.ensemble.crps_of_members`, and equals E|X - y| - E|X - X'| / 2 with
:func:`near` and :func:`apart`.
"""

import numba as nb
import numpy as np

from sciml.core.axes import FloatArray, axes

COUNT = 50  # values of a forecast; the error of the score is about 1 / (6 COUNT²) of the spread


def levels(count: int = COUNT) -> FloatArray:
    """The probability levels of equally likely values.

    Args:
        count: Number of values.

    Returns:
        (i - 1/2) / count. Shape (value,).
    """
    return (np.arange(count) + 0.5) / count


def near(values: FloatArray, observation: FloatArray) -> FloatArray:
    """How far the values lie from what came, E|X - y|.

    Args:
        values: Equally likely values. Shape (case, value).
        observation: Shape (case,).

    Returns:
        Mean distance of each case, in the unit of the values. Shape (case,).
    """
    cases = axes(values, "case value", "values")["case"]
    axes(observation, "case", "observation", case=cases)
    return np.abs(values - observation[:, None]).mean(axis=1)


def apart(one: FloatArray, other: FloatArray) -> FloatArray:
    """How far values of two forecasts lie apart, E|X - Y| for independent X and Y.

    Args:
        one: Sorted equally likely values. Shape (case, value).
        other: The same cases of another forecast, or the same forecast. Shape (case, value).

    Returns:
        Mean distance of each case. Shape (case,).
    """
    cases = axes(one, "case value", "values")["case"]
    axes(other, "case value", "other values", case=cases)
    return _apart(np.ascontiguousarray(one), np.ascontiguousarray(other))


@nb.njit(cache=True)
def _apart(one: FloatArray, other: FloatArray) -> FloatArray:  # pragma: no cover - compiled
    """∫ F (1 - G) + G (1 - F), walking through both sorted rows at once."""
    found = np.empty(len(one))
    n, m = one.shape[1], other.shape[1]
    for case in range(len(one)):
        i = j = 0
        last = min(one[case, 0], other[case, 0])
        total = 0.0
        while i < n or j < m:
            here = (
                one[case, i]
                if j == m or (i < n and one[case, i] <= other[case, j])
                else (other[case, j])
            )
            below, beneath = i / n, j / m
            total += (here - last) * (below * (1 - beneath) + beneath * (1 - below))
            last = here
            if i < n and one[case, i] == here:
                i += 1
            else:
                j += 1
        found[case] = total
    return found


def pooled(values: FloatArray, weights: FloatArray, count: int = COUNT) -> FloatArray:
    """The linear pool of forecasts, again as equally likely values.

    Args:
        values: Values of each expert. Shape (case, expert, value).
        weights: Weights of the experts, each at least 0 and 1 together. Shape (case, expert).
        count: How many values the pool gets.

    Returns:
        Quantiles of the pool at :func:`levels`. Shape (case, count).
    """
    sizes = axes(values, "case expert value", "values")
    axes(weights, "case expert", "weights", case=sizes["case"], expert=sizes["expert"])
    flat = values.reshape(sizes["case"], -1)
    mass = np.repeat(weights / sizes["value"], sizes["value"], axis=1)
    order = np.argsort(flat, axis=1, kind="stable")
    flat = np.take_along_axis(flat, order, axis=1)
    # The level of a value is the middle of its step; between them quantiles go straight.
    mass = np.take_along_axis(mass, order, axis=1)
    middle = np.cumsum(mass, axis=1) - mass / 2
    wanted = levels(count)
    return np.stack([np.interp(wanted, m, v) for m, v in zip(middle, flat, strict=True)])


def exceedance(values: FloatArray, threshold: float | FloatArray) -> FloatArray:
    """How likely a forecast finds it that a threshold is exceeded.

    Between the values the distribution is taken as linear, so that probabilities are not multiples
    of 1 / n; outside of them it is 0 or 1.

    Args:
        values: Sorted equally likely values. Shape (case, value).
        threshold: In the unit of the values, one for all or one for each case.

    Returns:
        P(X > threshold). Shape (case,).
    """
    sizes = axes(values, "case value", "values")
    limits = np.array(np.broadcast_to(np.asarray(threshold, np.float64), sizes["case"]))
    return 1.0 - _below(np.ascontiguousarray(values), limits)


@nb.njit(cache=True)
def _below(values: FloatArray, limits: FloatArray) -> FloatArray:  # pragma: no cover - compiled
    """The distribution function at a limit of each case."""
    found = np.empty(len(values))
    n = values.shape[1]
    for case in range(len(values)):
        row, limit = values[case], limits[case]
        reached = np.searchsorted(row, limit, side="right")
        if reached in (0, n):
            found[case] = reached / n
        elif reached > 1 and row[reached - 2] == limit:
            found[case] = reached / n  # a lump of probability, such as that of no rain
        else:
            gap = row[reached] - row[reached - 1]
            found[case] = (reached - 0.5 + (limit - row[reached - 1]) / gap) / n
    return found
