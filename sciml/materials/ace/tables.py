"""The radial functions as a table, for readers that would rather look up than compute."""

from typing import NamedTuple

import numpy as np

from sciml.core.axes import FloatArray
from sciml.materials.ace.radial import RadialSettings, radial_functions

INTERVALS = 700  # from 0 to the cutoff
NEAREST = 0.5  # Å; closer atoms have the repulsion of their nuclei, so errors are judged from here


class RadialTable(NamedTuple):
    """Values and slopes on even distances from 0 to the cutoff, both included."""

    values: FloatArray  # (distance, function)
    slopes: FloatArray  # 1/Å, (distance, function)
    spacing: float  # Å


def radial_table(settings: RadialSettings) -> RadialTable:
    """The table of the radial functions."""
    distances = np.linspace(0, settings.cutoff, INTERVALS + 1)
    values, slopes = radial_functions(distances, settings)
    return RadialTable(values, slopes, settings.cutoff / INTERVALS)


def interpolated(table: RadialTable, distance: FloatArray) -> FloatArray:
    """What the table says between its distances: the cubic with its values and slopes.

    Args:
        table: Of any functions.
        distance: Å, below the cutoff, (pair,).

    Returns:
        Values, and slopes in 1/Å, shape (2, pair, function).
    """
    place = np.minimum((distance / table.spacing).astype(np.int64), len(table.values) - 2)
    t = (distance / table.spacing - place)[:, None]
    h = table.spacing
    low, high = table.values[place], table.values[place + 1]
    low_slope, high_slope = h * table.slopes[place], h * table.slopes[place + 1]
    bend = 3 * (high - low) - 2 * low_slope - high_slope
    turn = 2 * (low - high) + low_slope + high_slope
    values = low + t * (low_slope + t * (bend + t * turn))
    return np.stack([values, (low_slope + t * (2 * bend + 3 * t * turn)) / h])


def interpolation_errors(settings: RadialSettings, nearest: float) -> tuple[float, float]:
    """Largest errors of the table between its distances.

    Args:
        settings: Of the radial functions.
        nearest: Å; from here to the cutoff.

    Returns:
        Of the values and of the slopes, each as a share of the largest there is.
    """
    table = radial_table(settings)
    places = np.arange(INTERVALS)[:, None] + np.array([0.2, 0.35, 0.5, 0.65, 0.8])
    distances = table.spacing * places.ravel()
    distances = distances[distances >= nearest]
    exact = radial_functions(distances, settings)
    errors = np.abs(interpolated(table, distances) - exact)
    return tuple(errors.max(axis=(1, 2)) / np.abs(exact).max(axis=(1, 2)))
