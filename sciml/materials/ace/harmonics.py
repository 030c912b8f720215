"""Real spherical harmonics up to l = 3 as polynomials of a unit vector, compiled."""

import math

import numba
import numpy as np

from sciml.core.axes import FloatArray, IntArray

LARGEST_DEGREE = 3
COMPONENTS = 16  # (l, m) for l = 0 to 3
DEGREE: IntArray = np.repeat(np.arange(LARGEST_DEGREE + 1), [1, 3, 5, 7])

_R3, _R15 = math.sqrt(3), math.sqrt(15)
_R58, _R38 = math.sqrt(5 / 8), math.sqrt(3 / 8)


@numba.njit(cache=True, fastmath=True, inline="always")
def fill_harmonics(x: float, y: float, z: float, values: FloatArray) -> None:
    """Write the harmonics of a unit vector, shape (component,).

    They are normalised so that Σ_m Y_lm(a) Y_lm(b) is the Legendre polynomial P_l(a·b).
    """
    values[0] = 1
    values[1] = y
    values[2] = z
    values[3] = x
    values[4] = _R3 * x * y
    values[5] = _R3 * y * z
    values[6] = (3 * z * z - 1) / 2
    values[7] = _R3 * x * z
    values[8] = _R3 / 2 * (x * x - y * y)
    values[9] = _R58 * y * (3 * x * x - y * y)
    values[10] = _R15 * x * y * z
    values[11] = _R38 * y * (5 * z * z - 1)
    values[12] = z * (5 * z * z - 3) / 2
    values[13] = _R38 * x * (5 * z * z - 1)
    values[14] = _R15 / 2 * z * (x * x - y * y)
    values[15] = _R58 * x * (x * x - 3 * y * y)


@numba.njit(cache=True, fastmath=True, inline="always")
def fill_slopes(x: float, y: float, z: float, inverse: float, slopes: FloatArray) -> None:
    """Write the gradients by the vector that the unit vector is the direction of.

    Args:
        x: Unit vector.
        y: Unit vector.
        z: Unit vector.
        inverse: One over the length of the vector, 1/Å.
        slopes: Gets ∂Y/∂r, 1/Å, shape (component, 3).
    """
    slopes[:] = 0
    slopes[1, 1] = 1
    slopes[2, 2] = 1
    slopes[3, 0] = 1
    slopes[4, 0], slopes[4, 1] = _R3 * y, _R3 * x
    slopes[5, 1], slopes[5, 2] = _R3 * z, _R3 * y
    slopes[6, 2] = 3 * z
    slopes[7, 0], slopes[7, 2] = _R3 * z, _R3 * x
    slopes[8, 0], slopes[8, 1] = _R3 * x, -_R3 * y
    slopes[9, 0], slopes[9, 1] = 6 * _R58 * x * y, 3 * _R58 * (x * x - y * y)
    slopes[10, 0], slopes[10, 1], slopes[10, 2] = _R15 * y * z, _R15 * x * z, _R15 * x * y
    slopes[11, 1], slopes[11, 2] = _R38 * (5 * z * z - 1), 10 * _R38 * y * z
    slopes[12, 2] = (15 * z * z - 3) / 2
    slopes[13, 0], slopes[13, 2] = _R38 * (5 * z * z - 1), 10 * _R38 * x * z
    slopes[14, 0], slopes[14, 1] = _R15 * z * x, -_R15 * z * y
    slopes[14, 2] = _R15 / 2 * (x * x - y * y)
    slopes[15, 0], slopes[15, 1] = 3 * _R58 * (x * x - y * y), -6 * _R58 * x * y
    for component in range(COMPONENTS):
        # The polynomial is meant on the sphere only: what points along the vector is taken out.
        along = slopes[component, 0] * x + slopes[component, 1] * y + slopes[component, 2] * z
        slopes[component, 0] = (slopes[component, 0] - along * x) * inverse
        slopes[component, 1] = (slopes[component, 1] - along * y) * inverse
        slopes[component, 2] = (slopes[component, 2] - along * z) * inverse


def harmonics(directions: FloatArray) -> FloatArray:
    """The harmonics of unit vectors.

    Args:
        directions: Unit vectors, shape (direction, 3).

    Returns:
        Dimensionless, shape (direction, component).
    """
    values = np.zeros((len(directions), COMPONENTS))
    for (x, y, z), row in zip(directions, values, strict=True):
        fill_harmonics(x, y, z, row)
    return values
