"""A mixture of experts for stations: a gate on the situation, then calibration of the pool.

Gate and calibration learn from forecasts that the experts made of cases that they had not seen.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sciml.core.axes import BoolArray, FloatArray
from sciml.weather.pooling import Gate, GateSettings, fit_gate
from sciml.weather.post_processing.table import StationTable
from sciml.weather.values import apart, near, pooled

GATE_FEATURES = ("log spread", "log size of errors", "log known", "cosine of season",
                 "sine of season", "cosine of hour", "sine of hour", "cosine of half a day",
                 "sine of half a day", "elevation", "dry share")  # fmt: skip
_LEAST_CASES = 30  # before the gate leaves equal weights
_PRIOR = 100  # cases for which the pool is taken as right before errors are counted


class Seen(NamedTuple):
    """Forecasts that experts made without having seen what came."""

    table: StationTable  # the cases
    values: FloatArray  # (case, expert, value)
    near: FloatArray  # E|X - y|; NaN where the observation is unknown. Shape (case, expert)
    apart: FloatArray  # E|X - X'|. Shape (case, expert, expert)

    def take(self, where: BoolArray) -> "Seen":
        """Some of the cases."""
        return Seen(self.table.take(where), self.values[where], self.near[where], self.apart[where])


def seen(table: StationTable, values: FloatArray) -> Seen:
    """Forecasts with the tables that a gate needs.

    Args:
        table: The cases.
        values: Equally likely values of each expert. Shape (case, expert, value).

    Returns:
        Forecasts and their distances from what came and from each other.
    """
    experts = range(values.shape[1])
    gaps = np.empty((len(values), len(experts), len(experts)))
    for one in experts:
        for other in range(one + 1):
            gaps[:, one, other] = gaps[:, other, one] = apart(values[:, one], values[:, other])
    close = np.stack([near(values[:, one], table.observation) for one in experts], axis=1)
    return Seen(table, values, close, gaps)


class Mixture(NamedTuple):
    """A trained mixture."""

    gate: Gate | None  # None: equal weights
    centre: FloatArray  # of the gate's features
    scale: FloatArray
    factor: float  # stretches the pool's deviation from its mean; of amounts, all of the pool

    def weights(self, table: StationTable, experts: int) -> FloatArray:
        """The experts' weights. Shape (case, expert)."""
        if self.gate is None:
            return np.full((len(table.day), experts), 1 / experts)
        return self.gate.weights(_gate_inputs(table, self.centre, self.scale))

    def values(self, given: Seen) -> tuple[FloatArray, FloatArray]:
        """The calibrated pool of the experts' forecasts.

        Args:
            given: Their forecasts.

        Returns:
            Equally likely values (case, value) and weights (case, expert).
        """
        weights = self.weights(given.table, given.values.shape[1])
        values = pooled(given.values, weights)
        if given.table.nonnegative:
            return self.factor * values, weights
        return stretched(values, self.factor), weights


def stretched(values: FloatArray, factor: float) -> FloatArray:
    """Values moved away from their mean, or towards it.

    Args:
        values: Equally likely values. Shape (case, value).
        factor: Of the distance from the mean.

    Returns:
        Shape (case, value).
    """
    mean = values.mean(axis=1, keepdims=True)
    return mean + factor * (values - mean)


def fit_mixture(past: Seen, settings: GateSettings, days: float) -> Mixture:
    """Train gate and calibration.

    Args:
        past: Forecasts made without having seen what came, and their cases.
        settings: Of the gate.
        days: Time in which the weight of past cases falls to 1/e.

    Returns:
        The mixture; with few cases, equal weights and the pool as it is.
    """
    past = past.take(past.table.known)
    blank = np.zeros(0)
    if len(past.near) < _LEAST_CASES:
        return Mixture(None, blank, blank, 1.0)
    raw = _raw_inputs(past.table)
    centre, scale = raw.mean(axis=0), raw.std(axis=0) + 1e-9
    importance = np.exp((past.table.day - past.table.day.max()) / days)
    inputs = _gate_inputs(past.table, centre, scale)
    gate = fit_gate(past.near, past.apart, inputs, settings, importance)
    trained = Mixture(gate, centre, scale, 1.0)
    values, _ = trained.values(past)
    fitted = amount_factor if past.table.nonnegative else spread_factor
    return trained._replace(factor=fitted(values, past.table.observation, importance))


def amount_factor(values: FloatArray, observation: FloatArray, importance: FloatArray) -> float:
    """By how much amounts must be multiplied for their mean to be that of what came.

    Args:
        values: Equally likely values, none below 0. Shape (case, value).
        observation: Shape (case,).
        importance: How much each case counts. Shape (case,).

    Returns:
        Sum of what came over the sum of the means, drawn to 1 while cases are few, and never less
        than a half or more than two: where hardly any rain fell, the past tells nothing.
    """
    mean = values.mean(axis=1)
    prior = _PRIOR * float(np.average(mean, weights=importance)) + 1e-300
    ratio = (importance @ observation + prior) / (importance @ mean + prior)
    return float(np.clip(ratio, 0.5, 2.0))


def spread_factor(values: FloatArray, observation: FloatArray, importance: FloatArray) -> float:
    """How much wider the forecasts must be for their spread to be the size of their errors.

    Args:
        values: Equally likely values. Shape (case, value).
        observation: Shape (case,).
        importance: How much each case counts. Shape (case,).

    Returns:
        √(mean squared error of the mean / mean variance), drawn to 1 while cases are few.
    """
    variance, error = values.var(axis=1), observation - values.mean(axis=1)
    prior = _PRIOR * float(np.average(variance, weights=importance))
    return float(
        np.sqrt((importance @ error**2 + prior) / (importance @ variance + prior + 1e-300))
    )


def _raw_inputs(table: StationTable) -> FloatArray:
    """Those features that weights may depend on. Shape (case, feature)."""
    chosen: Sequence[str] = [name for name in GATE_FEATURES if name in table.names]
    return np.stack([table.feature(name) for name in chosen], axis=1)


def _gate_inputs(table: StationTable, centre: FloatArray, scale: FloatArray) -> FloatArray:
    """A column of ones and the scaled features."""
    scaled = np.clip((_raw_inputs(table) - centre) / scale, -3, 3)
    return np.concatenate([np.ones((len(scaled), 1)), scaled], axis=1)
