"""Normal forecasts from a regression on what past errors say.

The error of the ensemble mean is regressed on the members' differences and on the memories of the
station's and the region's errors (:mod:`sciml.weather.post_processing.memory`), which were known
when each forecast was issued; one set of coefficients serves all stations, old and new.
"""

import numpy as np

from sciml.core.axes import FloatArray
from sciml.weather.post_processing.experts import fitted_deviation, normal_values, recency
from sciml.weather.post_processing.table import StationTable

RIDGE = 0.02  # penalty on squared coefficients of scaled features, over the sum of weights


class ErrorMemory:
    """A regression on memories of errors."""

    def __init__(self, days: float) -> None:
        """Choose the memory of the coefficients.

        Args:
            days: Time in which the weight of past cases falls to 1/e.
        """
        self.name = f"error memory, {days:g} days"
        self._days = days

    def fit(self, past: StationTable) -> None:
        """Solve the ridge regression, then fit the size of errors."""
        weight = recency(past, self._days)
        self._centre = past.features.mean(axis=0)
        self._scale = past.features.std(axis=0) + 1e-9
        X = self._scaled(past)
        penalty = RIDGE * weight.sum() * np.eye(X.shape[1])
        penalty[0, 0] = 1e-9
        target = past.observation - past.mean
        gram = X.T @ (X * weight[:, None]) + penalty
        self._coefficients = np.linalg.solve(gram, X.T @ (weight * target))
        error = target - X @ self._coefficients
        self._deviation = fitted_deviation(_sizes(past), error, weight)

    def _scaled(self, cases: StationTable) -> FloatArray:
        """A column of ones and the scaled features."""
        # A feature that was constant in the past says nothing about the future.
        scaled = np.clip((cases.features - self._centre) / self._scale, -8, 8)
        return np.concatenate([np.ones((len(scaled), 1)), scaled], axis=1)

    def predict(self, cases: StationTable) -> FloatArray:
        """Normal laws around the regression; see :class:`Expert`."""
        mean = cases.mean + self._scaled(cases) @ self._coefficients
        return normal_values(mean, np.exp(np.clip(_sizes(cases) @ self._deviation, -20, 20)))


def _sizes(cases: StationTable) -> FloatArray:
    """Predictors of the logarithm of the deviation."""
    size, spread = cases.feature("log size of errors"), cases.feature("log spread")
    return np.stack([np.ones_like(size), size, spread], axis=1)
