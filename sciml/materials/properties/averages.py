"""Means of series whose neighbours are alike, with honest errors."""

from typing import NamedTuple

import numpy as np

from sciml.core.axes import FloatArray, axes
from sciml.core.errors import BadInput

BLOCKS = 8


class Mean(NamedTuple):
    """A mean and its standard error, in the unit of the values."""

    value: float
    error: float

    def __str__(self) -> str:
        """Such as ``1.23 ± 0.05``."""
        return f"{self.value:.4g} ± {self.error:.2g}"


def mean_of(series: FloatArray, blocks: int = BLOCKS) -> Mean:
    """The mean of a series, with an error from the means of its blocks.

    Neighbours in a simulation are alike, so that their number says nothing of the error; blocks
    that are longer than the memory of the series are independent of one another.

    Args:
        series: Values at equal times, shape (time,).
        blocks: How many; too many are too short and make the error too small.

    Returns:
        Mean and standard error.

    Raises:
        BadInput: if there are fewer values than blocks, or fewer than two blocks.

    Source:
        Flyvbjerg & Petersen, J. Chem. Phys. 91, 461 (1989).
    """
    axes(series, "time", "series")
    if not 2 <= blocks <= len(series):
        raise BadInput(f"mean_of: {len(series)} values in {blocks} blocks; give 2 blocks or more.")
    each = np.array([block.mean() for block in np.array_split(series, blocks)])
    return Mean(float(series.mean()), float(each.std(ddof=1) / np.sqrt(blocks)))


def slope_of(x: FloatArray, y: FloatArray, errors: FloatArray) -> Mean:
    """The slope of a straight line through values of known errors.

    Args:
        x: Shape (point,), at least two different.
        y: Shape (point,).
        errors: Standard errors of y, above zero, shape (point,).

    Returns:
        Slope and standard error by weighted least squares.

    Raises:
        BadInput: if a shape differs, an error is not positive, or all x are equal.
    """
    sizes = axes(x, "point", "x")
    axes(y, "point", "y", **sizes)
    axes(errors, "point", "errors", **sizes)
    if not (errors > 0).all() or np.ptp(x) == 0:
        raise BadInput("slope_of: errors must be above zero and x must differ.")
    weight = errors**-2.0
    centre = float(np.average(x, weights=weight))
    spread = float(np.sum(weight * (x - centre) ** 2))
    return Mean(float(np.sum(weight * (x - centre) * y) / spread), spread**-0.5)


def thermal_expansion(temperatures: FloatArray, volumes: FloatArray, errors: FloatArray) -> Mean:
    """Linear thermal expansion (dV/dT) / (3 V) from mean volumes at some temperatures.

    Args:
        temperatures: K, shape (point,).
        volumes: In any unit, shape (point,).
        errors: Standard errors of the volumes, shape (point,).

    Returns:
        1/K, the mean over the temperatures, with its standard error.

    Raises:
        BadInput: as :func:`slope_of`.
    """
    slope = slope_of(temperatures, volumes, errors)
    scale = 1 / (3 * float(volumes.mean()))
    return Mean(slope.value * scale, slope.error * scale)
