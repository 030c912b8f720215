"""Normal forecasts whose stations have biases of their own, shrunk as their variances say.

Regression of the error of the ensemble mean on the members' differences, the temperature and the
place, plus a random effect of each station, with weights that forget: backfitting between the
fixed part (ridge) and the effects (best linear unbiased prediction). How strongly effects are
shrunk follows from the variance between and within stations.

Source:
    Random effects: Henderson, Biometrics 31 (1975); ensemble regression: Gneiting et al. (2005).
"""

import numpy as np

from sciml.core.axes import FloatArray, IntArray
from sciml.weather.post_processing.experts import (
    fitted_deviation,
    normal_values,
    recency,
)
from sciml.weather.post_processing.table import StationTable

RIDGE = 0.03  # penalty on squared coefficients of scaled features, over the sum of weights
PASSES = 6  # of the backfitting; the effects settle to a thousandth
SCALE_PRIOR = 6.0  # cases; how strongly a station's error size is drawn to that of all


class StationEffects:
    """A regression with a bias of each station, at each of a few hours of the day."""

    def __init__(self, days: float) -> None:
        """Choose the memory.

        Args:
            days: Time in which the weight of past cases falls to 1/e.
        """
        self.name = f"station effects, {days:g} days"
        self._days = days

    def fit(self, past: StationTable) -> None:
        """Alternate between coefficients and effects, then fit the size of errors."""
        weight = recency(past, self._days)
        raw = _fixed_features(past)
        self._centre, self._scale = raw.mean(axis=0), raw.std(axis=0) + 1e-9
        X = self._scaled(past)
        target = past.observation - past.mean
        count = int(past.series.max()) + 1
        seen = np.bincount(past.series, weight, count)
        effect, between, within = np.zeros(count), 0.0, 1.0
        penalty = RIDGE * weight.sum() * np.eye(X.shape[1])
        penalty[0, 0] = 1e-9
        gram = X.T @ (X * weight[:, None]) + penalty
        for _ in range(PASSES):
            rest = target - effect[past.series]
            self._coefficients = np.linalg.solve(gram, X.T @ (weight * rest))
            rest = target - X @ self._coefficients
            between, within = _variances(rest, past.series, weight)
            mean = np.bincount(past.series, weight * rest, count) / np.maximum(seen, 1e-12)
            effect = mean * seen * between / (seen * between + within)
        self._effect, self._seen = effect, seen
        self._between, self._within = between, within
        error = target - X @ self._coefficients - effect[past.series]
        size = np.bincount(past.series, weight * error**2, count)
        self._variance = (size + SCALE_PRIOR * within) / (seen + SCALE_PRIOR)
        # In the past each effect had seen the case itself; to forecast, it is less certain.
        inside = self._log_sizes(past, self._variance[past.series])
        self._deviation = fitted_deviation(inside, error, weight)

    def _scaled(self, cases: StationTable) -> FloatArray:
        """A column of ones and the scaled features."""
        scaled = (_fixed_features(cases) - self._centre) / self._scale
        return np.concatenate([np.ones((len(scaled), 1)), scaled], axis=1)

    def _log_sizes(self, cases: StationTable, variance: FloatArray) -> FloatArray:
        """Predictors of the logarithm of the deviation."""
        spread = cases.feature("log spread")
        return np.stack([np.ones_like(spread), np.log(variance) / 2, spread], axis=1)

    def predict(self, cases: StationTable) -> FloatArray:
        """Normal laws around regression and effect; see :class:`Expert`."""
        new = cases.series >= len(self._effect)
        station = np.where(new, 0, cases.series)
        effect = np.where(new, 0.0, self._effect[station])
        seen = np.where(new, 0.0, self._seen[station])
        variance = np.where(new, self._within, self._variance[station])
        unsure = self._between * self._within / (seen * self._between + self._within)
        sizes = self._log_sizes(cases, variance + unsure)
        mean = cases.mean + self._scaled(cases) @ self._coefficients + effect
        return normal_values(mean, np.exp(np.clip(sizes @ self._deviation, -20, 20)))


def _fixed_features(cases: StationTable) -> FloatArray:
    """The members' differences, the mean, place, season and hour, and how they go together."""
    wanted = ("mean", "group ", "latitude", "longitude", "elevation", "cosine", "sine")
    chosen = [n for n, name in enumerate(cases.names) if name.startswith(wanted)]
    found = [cases.features[:, chosen]]
    if "elevation" in cases.names:
        found.append((cases.feature("elevation") * cases.mean)[:, None])
    return np.concatenate(found, axis=1)


def _variances(rest: FloatArray, station: IntArray, weight: FloatArray) -> tuple[float, float]:
    """Variance between stations and within them, by moments (Henderson's method one)."""
    count = int(station.max()) + 1
    seen = np.bincount(station, weight, count)
    there = seen > 0
    mean = np.bincount(station, weight * rest, count)[there] / seen[there]
    squares = np.bincount(station, weight * rest**2, count)[there] / seen[there]
    cases = np.bincount(station, minlength=count)[there]
    kish = seen[there] ** 2 / np.bincount(station, weight**2, count)[there]
    spread = (squares - mean**2) * cases / np.maximum(cases - 1, 1)
    twice = cases > 1
    shares = seen[there]
    if twice.any():
        within = float(np.average(spread[twice], weights=shares[twice]))
    else:
        within = float(np.average(squares, weights=shares))
    overall = np.average(mean, weights=shares)
    between = np.average((mean - overall) ** 2 - within / kish, weights=shares)
    within = max(within, 1e-9)
    return max(float(between), 1e-3 * within), within
