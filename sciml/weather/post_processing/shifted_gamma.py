"""Amounts such as rain: a gamma law, shifted and cut off at zero.

The amount is max(G - δ, 0) with G gamma distributed of mean μ and deviation σ, so that zero has a
probability of its own. μ grows linearly with the members, times a factor of season, dry members
and the station's past; σ with √μ, μ and the members' spread.

Source:
    Scheuerer & Hamill, Mon. Wea. Rev. 143 (2015), its CRPS eq. 11 (here with our own slopes, by
    finite differences in the few parameters).
"""

from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.special import beta, gammainc, gammaincinv

from sciml.core.axes import FloatArray
from sciml.weather.post_processing.experts import recency
from sciml.weather.post_processing.table import StationTable
from sciml.weather.values import levels

_FACTORS = ("dry share", "cosine of season", "sine of season", "cosine of hour", "sine of hour",
            "cosine of half a day", "sine of half a day", "latitude", "longitude",
            "elevation")  # fmt: skip
_LEAST_SHAPE, _MOST_SHAPE = 1e-3, 1e4
_BOUNDS = 6.0  # of the logarithms of parameters, in units of the climate


class ShiftedGamma(NamedTuple):
    """Shifted and cut off gamma laws."""

    shape: FloatArray  # k
    scale: FloatArray  # θ, in the unit of the amounts
    shift: FloatArray  # δ, at least 0

    def crps(self, observation: FloatArray) -> FloatArray:
        """Continuous ranked probability score.

        Args:
            observation: Amounts, at least 0. Shape (case,).

        Returns:
            Score of each case. Shape (case,).
        """
        k, start = self.shape, self.shift / self.scale
        end = (observation + self.shift) / self.scale
        below, at = gammainc(k, start), gammainc(k, end)
        score = end * (2 * at - 1) - start * below**2
        score += k * (1 + 2 * below * gammainc(k + 1, start) - below**2 - 2 * gammainc(k + 1, end))
        score -= k / np.pi * beta(0.5, k + 0.5) * (1 - gammainc(2 * k, 2 * start))
        return self.scale * score

    def values(self) -> FloatArray:
        """Equally likely values. Shape (case, value)."""
        gamma = gammaincinv(self.shape[:, None], levels()) * self.scale[:, None]
        return np.maximum(gamma - np.asarray(self.shift)[..., None], 0.0)


class ShiftedGammaRegression:
    """Regression of a shifted gamma law on the members."""

    def __init__(self, days: float) -> None:
        """Choose the memory.

        Args:
            days: Time in which the weight of past cases falls to 1/e.
        """
        self.name = f"shifted gamma, {days:g} days"
        self._days = days
        self._start: FloatArray | None = None

    def fit(self, past: StationTable) -> None:
        """Minimise the CRPS, beginning where the last fit ended."""
        weight = recency(past, self._days)
        weight = weight / weight.sum()
        self._climate = float(weight @ past.observation) + 1e-6
        self._many = len(np.unique(past.series)) > 1
        factors = self._factors(past)
        self._centre, self._scale = factors.mean(axis=0), factors.std(axis=0) + 1e-9
        groups = past.groups.shape[1]
        start = np.zeros(groups + 5 + factors.shape[1])
        start[: groups + 5] = [-2.0, *np.full(groups, -np.log(groups) - 0.2), -0.7, -2, -1.5, -1]
        if self._start is not None and len(self._start) == len(start):
            start = self._start

        def loss(numbers: FloatArray) -> float:
            score = weight @ self._laws(numbers, past).crps(past.observation)
            return score / self._climate + 1e-3 * float((numbers[groups + 5 :] ** 2).sum())

        bounds = [(-_BOUNDS, _BOUNDS)] * len(start)
        self._start = minimize(
            loss, start, method="L-BFGS-B", bounds=bounds, options={"maxiter": 60}
        ).x

    def _factors(self, cases: StationTable) -> FloatArray:
        """What multiplies the mean, in logarithms: dryness, season, place, the station's past."""
        found = [cases.feature(name) for name in _FACTORS if name in cases.names]
        memories = [name for name in cases.names if name.startswith("error over")]
        if self._many:
            found += [cases.feature(name) / self._climate for name in memories[-1:]]
        return np.stack(found, axis=1)

    def _laws(self, numbers: FloatArray, cases: StationTable) -> ShiftedGamma:
        """The laws of cases for given parameters."""
        groups = cases.groups.shape[1]
        offset, by_group = numbers[0], numbers[1 : groups + 1]
        root, whole, spread, shift = np.exp(numbers[groups + 1 : groups + 5])
        factors = np.clip((self._factors(cases) - self._centre) / self._scale, -5, 5)
        mean = np.exp(offset) + cases.groups @ np.exp(by_group) / self._climate
        mean = mean * np.exp(np.clip(factors @ numbers[groups + 5 :], -3, 3))
        deviation = root * np.sqrt(mean) + whole * mean
        deviation += spread * np.exp(cases.feature("log spread")) / self._climate
        shape = np.clip((mean / deviation) ** 2, _LEAST_SHAPE, _MOST_SHAPE)
        return ShiftedGamma(
            shape, self._climate * mean / shape, np.full_like(mean, shift * self._climate)
        )

    def predict(self, cases: StationTable) -> FloatArray:
        """Quantiles of the laws; see :class:`Expert`."""
        assert self._start is not None
        return self._laws(self._start, cases).values()
