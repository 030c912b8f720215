"""The contract of experts: learn from past cases, answer with equally likely values."""

from typing import Protocol

import numpy as np
from scipy.optimize import minimize
from scipy.special import erf, ndtri

from sciml.core.axes import FloatArray
from sciml.weather.post_processing.table import StationTable
from sciml.weather.values import levels


class Expert(Protocol):
    """Whatever turns the members of a case into a distribution."""

    name: str

    def fit(self, past: StationTable) -> None:
        """Learn from cases whose observations are known.

        Args:
            past: Cases that came before those that will be asked for.
        """
        ...

    def predict(self, cases: StationTable) -> FloatArray:
        """Forecast cases.

        Args:
            cases: Their observations are not looked at.

        Returns:
            Sorted equally likely values; see :mod:`sciml.weather.values`. Shape (case, value).
        """
        ...


def normal_values(mean: FloatArray, deviation: FloatArray) -> FloatArray:
    """Normal laws as equally likely values.

    Args:
        mean: Shape (case,).
        deviation: Standard deviations. Shape (case,).

    Returns:
        Shape (case, value).
    """
    return mean[:, None] + deviation[:, None] * ndtri(levels())


def recency(past: StationTable, days: float) -> FloatArray:
    """How much past cases count: less, the older they are.

    Args:
        past: The cases.
        days: Time in which the weight falls to 1/e.

    Returns:
        Weights from 0 to 1. Shape (case,).
    """
    return np.exp((past.day - past.day.max()) / days)


def normal_crps(deviation: FloatArray, error: FloatArray) -> tuple[FloatArray, FloatArray]:
    """CRPS of normal laws, and its slope by the deviation.

    Args:
        deviation: σ, above 0. Shape (case,).
        error: Observation less mean. Shape (case,).

    Returns:
        Score σ [z (2Φ(z) - 1) + 2φ(z) - 1/√π] and slope 2φ(z) - 1/√π with z = error / σ.

    Source:
        Gneiting, Raftery, Westveld & Goldman, Mon. Wea. Rev. 133 (2005), eq. 5.
    """
    z = error / deviation
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    slope = 2 * density - 1 / np.sqrt(np.pi)
    return deviation * (z * erf(z / np.sqrt(2)) + slope), slope


def fitted_deviation(predictors: FloatArray, error: FloatArray, weight: FloatArray) -> FloatArray:
    """Coefficients of the logarithm of a normal law's deviation, by the least CRPS.

    Args:
        predictors: A column of ones, then logarithms of sizes. Shape (case, predictor).
        error: Observation less mean. Shape (case,).
        weight: How much each case counts. Shape (case,).

    Returns:
        Coefficients: the deviation is exp(predictors @ coefficients). Shape (predictor,).
    """
    share = weight / weight.sum()
    typical = np.sqrt(share @ error**2) + 1e-12
    start = np.zeros(predictors.shape[1])
    start[0] = np.log(typical)
    start[1:2] = 0.5
    start[0] -= 0.5 * float(share @ predictors[:, 1]) if len(start) > 1 else 0.0

    def loss(coefficients: FloatArray) -> tuple[float, FloatArray]:
        deviation = np.exp(np.clip(predictors @ coefficients, -20, 20))
        score, slope = normal_crps(deviation, error)
        penalty = 1e-3 * typical * coefficients[1:]
        gradient = predictors.T @ (share * slope * deviation)
        gradient[1:] += 2 * penalty
        return float(share @ score + penalty @ coefficients[1:]), gradient

    return minimize(loss, start, jac=True, method="L-BFGS-B").x
