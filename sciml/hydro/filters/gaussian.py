"""A Gaussian as a mean and a square root of its covariance, P = S Sᵀ, for a batch of members."""

from typing import NamedTuple

import numpy as np

from sciml.core.axes import FloatArray, axes
from sciml.core.errors import BadInput
from sciml.data.checks import numbers
from sciml.hydro.filters import kernels

# Of a covariance in units of its standard deviations: rounding of whoever computed it.
ASYMMETRY_TOLERANCE = 1e-8
NEGATIVE_TOLERANCE = 1e-9
# A smaller eigenvalue of a correlation matrix is zero in floating point.
SINGULAR_TOLERANCE = 1e-14


class Gaussian(NamedTuple):
    """Means (batch, state) and factors S (batch, state, state) of the covariances S Sᵀ."""

    mean: FloatArray
    factor: FloatArray

    @property
    def covariance(self) -> FloatArray:
        """S Sᵀ, shape (batch, state, state)."""
        return self.factor @ self.factor.swapaxes(-1, -2)

    @property
    def deviation(self) -> FloatArray:
        """Standard deviations, shape (batch, state)."""
        return row_lengths(self.factor)


def row_lengths(factor: FloatArray) -> FloatArray:
    """Standard deviations that belong to a factor: the lengths of its rows.

    Args:
        factor: Shape (..., row, column).

    Returns:
        Shape (..., row).
    """
    return np.sqrt(np.einsum("...ij,...ij->...i", factor, factor))


def gaussian(mean: FloatArray, covariance: FloatArray) -> Gaussian:
    """A Gaussian from its mean and covariance.

    Args:
        mean: Shape (state,) or (batch, state).
        covariance: Positive semidefinite. Shape (state, state) or (batch, state, state).

    Returns:
        Means and factors, with an axis ``batch`` in front even if it is 1.

    Raises:
        BadInput: if a shape differs, a number is complex or not finite, or the covariance is not
            symmetric or not positive semidefinite.
    """
    means = np.atleast_2d(numbers(mean, "mean").astype(float, copy=False))
    covariances = numbers(covariance, "covariance").astype(float, copy=False)
    n = axes(means, "batch state", "mean")
    axes(covariances, "... state state", "covariance", state=n["state"])
    factors = covariance_factor(covariances, "covariance")
    if factors.ndim == 2:
        factors = factors[None]
    if factors.ndim != 3 or (len(factors) != len(means) and 1 not in {len(factors), len(means)}):
        raise BadInput(
            f"covariance: expected axes (batch={len(means)}, state, state), "
            f"got shape {covariances.shape}"
        )
    check_finite(means, "mean")
    batch = max(len(means), len(factors))
    return Gaussian(
        np.broadcast_to(means, (batch, n["state"])).copy(),
        np.broadcast_to(factors, (batch, *factors.shape[1:])).copy(),
    )


def check_finite(values: FloatArray, name: str) -> None:
    """Refuse NaN and infinity.

    Args:
        values: Any shape.
        name: What the caller calls them.

    Raises:
        BadInput: with the place of the first that is not finite.
    """
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        place = tuple(int(i) for i in bad[0])
        raise BadInput(f"{name}: all numbers must be finite, got {values[place]} at {place}")


def covariance_factor(covariance: FloatArray, name: str, definite: bool = False) -> FloatArray:
    """The lower triangular root S of a covariance, P = S Sᵀ, each state in its own unit.

    The eigenvalues are those of the correlation matrix, so states in different units do not
    disturb each other; rounding below zero is cut off.

    Args:
        covariance: Shape (..., row, row).
        name: What the caller calls it.
        definite: Whether it must be positive definite.

    Returns:
        Shape of the covariance.

    Raises:
        BadInput: if it is not finite, symmetric and positive (semi)definite.
    """
    axes(covariance, "... row row", name)
    check_finite(covariance, name)
    variances = np.einsum("...ii->...i", covariance)
    if np.any(variances < 0):
        raise BadInput(f"{name}: a variance is negative, {variances.min():.6g}")
    sd = np.sqrt(variances)
    units = np.where(sd > 0, sd, 1.0)
    correlation = covariance / units[..., :, None] / units[..., None, :]
    gap = float(np.abs(correlation - correlation.swapaxes(-1, -2)).max(initial=0.0))
    if gap > ASYMMETRY_TOLERANCE:
        raise BadInput(
            f"{name}: not symmetric, P and Pᵀ differ by {gap:.3g} standard deviations; "
            "pass (P + Pᵀ) / 2 if that is meant"
        )
    values, vectors = np.linalg.eigh((correlation + correlation.swapaxes(-1, -2)) / 2)
    least = float(values.min(initial=np.inf))
    if least < -NEGATIVE_TOLERANCE:
        kind = "definite" if definite else "semidefinite"
        raise BadInput(
            f"{name}: not positive {kind}, the least eigenvalue of its correlation matrix is "
            f"{least:.3g}"
        )
    if definite and least <= SINGULAR_TOLERANCE:
        raise BadInput(
            f"{name}: must be positive definite but is singular, the least eigenvalue of its "
            f"correlation matrix is {least:.3g}; give each sensor some noise of its own"
        )
    lengths = np.sqrt(np.maximum(values, 0.0))
    roots = np.einsum("...i,...ij,...j->...ij", units, vectors, lengths)
    size = covariance.shape[-1]
    piled = np.ascontiguousarray(roots.reshape(-1, size, size))
    return kernels.triangles(piled, np.zeros((1, size, 0))).reshape(covariance.shape)
