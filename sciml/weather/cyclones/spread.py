"""How sure a track forecast is: an ellipse along and across the course, of calibrated size.

The error of a forecast follows a bivariate Student distribution, with one scale along the forecast
course and one across it: a normal distribution whose tails may be as heavy as those of the errors
are. The scales depend on the length of the way, the latitude and on how far the experts disagree;
what they are is learnt from forecasts of seasons that the experts had not seen.
"""

# Not strict: SciPy types the outcome of its optimiser as unknown.
# pyright: standard
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize

from sciml.core.axes import BoolArray, FloatArray, axes
from sciml.core.errors import BadInput

CALIBRATED_AT = 2 / 3  # share of storms within the ellipse, as in the forecasters' circles
_SMALLEST = 5.0  # km: half the resolution of a best track
_FEWEST = 50  # cases to learn from
_TAILS = (3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 15.0, 20.0, 30.0, 50.0, 100.0, 1000.0)
_LENGTH, _APART = 100.0, 30.0  # km: ways and disagreements much shorter do not matter


class Spread(NamedTuple):
    """Coefficients of the logarithms of both scales at one lead, and the weight of the tails."""

    along: FloatArray  # (term,)
    cross: FloatArray
    stretch: float  # factor on both
    tail: float  # degrees of freedom; infinite is normal

    @classmethod
    def fit(cls, forecast: FloatArray, observed: FloatArray, known: FloatArray) -> "Spread":
        """Learn from forecasts of storms that were not learnt from.

        Args:
            forecast: Displacements, km, shape (case, 2).
            observed: Displacements, km, shape (case, 2).
            known: Latitude and disagreement of the experts (km), shape (case, 2).

        Returns:
            The coefficients that are most likely with normal errors; then the tail that is most
            likely, and the stretch that puts two in three storms inside the ellipse of two thirds.

        Raises:
            BadInput: if there are fewer than 50 cases.
        """
        axes(forecast, "case 2", "forecast")
        if len(forecast) < _FEWEST:
            raise BadInput(f"spread: {len(forecast)} cases; expected {_FEWEST} at least")
        terms = _terms(forecast, known)
        errors = along_and_cross(forecast, observed)
        coefficients = [log_deviation_coefficients(terms, side) for side in errors.T]
        radius = np.hypot(*(errors / np.exp(terms @ np.stack(coefficients, axis=1))).T)
        tail = _likely_tail(radius)
        stretch = np.quantile(radius, CALIBRATED_AT) / radius_of(CALIBRATED_AT, tail)
        return cls(*coefficients, stretch=float(stretch), tail=tail)

    def scales(self, forecast: FloatArray, known: FloatArray) -> FloatArray:
        """Scales along and across the forecast course, km, shape (case, 2)."""
        terms = _terms(forecast, known)
        raw = np.exp(terms @ np.stack([self.along, self.cross], axis=1))
        return np.maximum(self.stretch * raw, _SMALLEST)


def radius_of(share: float, tail: float) -> float:
    """Radius, in scales, of the ellipse that holds a share of the errors.

    Args:
        share: Between 0 and 1.
        tail: Degrees of freedom ν.

    Returns:
        √(ν ((1 - share)^(-2/ν) - 1)), which for large ν is the normal's √(-2 ln(1 - share)).

    Source:
        Kotz & Nadarajah, Multivariate t Distributions and Their Applications (2004): the squared
        radius of a bivariate t, halved, has an F distribution with 2 and ν degrees of freedom.
    """
    return float(np.sqrt(tail * np.expm1(-2 / tail * np.log1p(-share))))


def within(
    forecast: FloatArray, observed: FloatArray, scales: FloatArray, radius: float
) -> BoolArray:
    """Whether storms are inside an ellipse.

    Args:
        forecast: Displacements, km, shape (case, 2).
        observed: Displacements, km, shape (case, 2).
        scales: Along and across, km, shape (case, 2).
        radius: From :func:`radius_of`.

    Returns:
        Shape (case,).
    """
    scaled = along_and_cross(forecast, observed) / scales
    return np.hypot(*scaled.T) <= radius


def along_and_cross(forecast: FloatArray, observed: FloatArray) -> FloatArray:
    """Where the storm is, seen from the forecast: ahead on its course, and to the right of it.

    Args:
        forecast: Displacements, km, shape (case, 2): east, north. One that stands still counts as
            heading north.
        observed: Displacements, km, shape (case, 2).

    Returns:
        km, shape (case, 2), on the plane that touches the start.
    """
    length = np.hypot(*forecast.T)
    east, north = np.where(length > 0, forecast.T / np.where(length > 0, length, 1), [[0.0], [1.0]])
    error = observed - forecast
    along = error[:, 0] * east + error[:, 1] * north
    cross = error[:, 0] * north - error[:, 1] * east
    return np.stack([along, cross], axis=1)


def _terms(forecast: FloatArray, known: FloatArray) -> FloatArray:
    """What the standard deviations depend on, shape (case, term)."""
    lat, apart = known.T
    length = np.hypot(*forecast.T)
    columns = [
        np.ones_like(length),
        np.log1p(length / _LENGTH),
        np.abs(lat) / 30,
        (np.abs(lat) / 30) ** 2,
        np.log1p(apart / _APART),
    ]
    return np.stack(columns, axis=1)


def log_deviation_coefficients(terms: FloatArray, errors: FloatArray) -> FloatArray:
    """Coefficients of log σ that make normal errors of mean zero most likely.

    Args:
        terms: What log σ is a sum of, shape (case, term); the first is constant.
        errors: Shape (case,).

    Returns:
        Shape (term,).
    """

    def cost(coefficients: FloatArray) -> tuple[float, FloatArray]:
        log_sigma = terms @ coefficients
        squares = (errors * np.exp(-log_sigma)) ** 2
        # A whiff of a penalty keeps terms that do not matter near zero.
        slope = terms.T @ (1 - squares) / len(errors) + 1e-4 * coefficients
        value = (log_sigma + squares / 2).mean() + 0.5e-4 * (coefficients**2).sum()
        return float(value), slope

    start = np.zeros(terms.shape[1])
    start[0] = np.log(errors.std() + _SMALLEST)
    return minimize(cost, start, jac=True, method="L-BFGS-B").x


def _likely_tail(radius: FloatArray) -> float:
    """Degrees of freedom of the bivariate t whose radii, up to a factor, are most likely these."""

    def cost(tail: float) -> float:
        # The factor that fits is close to the one that matches the share of two thirds.
        factor = np.quantile(radius, CALIBRATED_AT) / radius_of(CALIBRATED_AT, tail)
        squares = (radius / factor) ** 2
        return float(2 * np.log(factor) + (tail + 2) / 2 * np.log1p(squares / tail).mean())

    return min(_TAILS, key=cost)
