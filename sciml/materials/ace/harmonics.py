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
def fill_rates(
    x: float,
    y: float,
    z: float,
    inverse: float,
    speed: tuple[float, float, float],
    rates: FloatArray,
) -> None:
    """Write how fast the harmonics change when the vector that they are of moves.

    Args:
        x: Its direction, a unit vector.
        y: The same.
        z: The same.
        inverse: One over its length, 1/Å.
        speed: How fast the vector changes, v, Å.
        rates: Gets ∂Y/∂r·v, shape (component,).
    """
    # The polynomials are meant on the sphere only: what points along the vector is taken out.
    vx, vy, vz = speed
    along = vx * x + vy * y + vz * z
    vx, vy, vz = (vx - along * x) * inverse, (vy - along * y) * inverse, (vz - along * z) * inverse
    rates[0] = 0
    rates[1] = vy
    rates[2] = vz
    rates[3] = vx
    rates[4] = _R3 * (y * vx + x * vy)
    rates[5] = _R3 * (z * vy + y * vz)
    rates[6] = 3 * z * vz
    rates[7] = _R3 * (z * vx + x * vz)
    rates[8] = _R3 * (x * vx - y * vy)
    rates[9] = _R58 * (6 * x * y * vx + 3 * (x * x - y * y) * vy)
    rates[10] = _R15 * (y * z * vx + x * z * vy + x * y * vz)
    rates[11] = _R38 * ((5 * z * z - 1) * vy + 10 * y * z * vz)
    rates[12] = (15 * z * z - 3) / 2 * vz
    rates[13] = _R38 * ((5 * z * z - 1) * vx + 10 * x * z * vz)
    rates[14] = _R15 * (z * (x * vx - y * vy) + (x * x - y * y) / 2 * vz)
    rates[15] = _R58 * (3 * (x * x - y * y) * vx - 6 * x * y * vy)


@numba.njit(cache=True, fastmath=True)
def fill_slopes(x: float, y: float, z: float, inverse: float, slopes: FloatArray) -> None:
    """Write the gradients by the vector that the unit vector is the direction of.

    Args:
        x: Unit vector.
        y: Unit vector.
        z: Unit vector.
        inverse: One over the length of the vector, 1/Å.
        slopes: Gets ∂Y/∂r, 1/Å, shape (component, 3).
    """
    fill_rates(x, y, z, inverse, (1.0, 0.0, 0.0), slopes[:, 0])
    fill_rates(x, y, z, inverse, (0.0, 1.0, 0.0), slopes[:, 1])
    fill_rates(x, y, z, inverse, (0.0, 0.0, 1.0), slopes[:, 2])


@numba.njit(cache=True, fastmath=True, inline="always")
def turning(
    x: float, y: float, z: float, inverse: float, slopes: FloatArray
) -> tuple[float, float, float]:
    """Slopes by a vector from those by the harmonics of its direction: the transpose of the rates.

    Args:
        x: Its direction, a unit vector.
        y: The same.
        z: The same.
        inverse: One over its length, 1/Å.
        slopes: Of anything by the harmonics, shape (component,).

    Returns:
        Σ slope ∂Y/∂r, three components.
    """
    s, flat, steep = slopes, x * x - y * y, _R38 * (5 * z * z - 1)
    gx = s[3] + _R3 * (y * s[4] + z * s[7] + x * s[8]) + steep * s[13]
    gx += _R58 * (6 * x * y * s[9] + 3 * flat * s[15]) + _R15 * z * (y * s[10] + x * s[14])
    gy = s[1] + _R3 * (x * s[4] + z * s[5] - y * s[8]) + steep * s[11]
    gy += _R58 * (3 * flat * s[9] - 6 * x * y * s[15]) + _R15 * z * (x * s[10] - y * s[14])
    gz = s[2] + _R3 * (y * s[5] + x * s[7]) + 3 * z * s[6] + (15 * z * z - 3) / 2 * s[12]
    gz += 10 * _R38 * z * (y * s[11] + x * s[13]) + _R15 * (x * y * s[10] + flat / 2 * s[14])
    along = gx * x + gy * y + gz * z
    return (gx - along * x) * inverse, (gy - along * y) * inverse, (gz - along * z) * inverse


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
