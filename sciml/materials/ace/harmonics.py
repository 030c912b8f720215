"""Real spherical harmonics as polynomials of a unit vector, compiled.

With x + iy to the power m = a + ib, the two harmonics of degree l and order m are Q_lm(z) a and
Q_lm(z) b. The polynomials Q follow from one another by the recurrence of the associated Legendre
functions, without their factor (1 - z²)^(m/2), which is in a and b.
"""

import math

import numba
import numpy as np

from sciml.core.axes import FloatArray, IntArray

LARGEST_DEGREE = 6
DEGREE: IntArray = np.repeat(
    np.arange(LARGEST_DEGREE + 1), 2 * np.arange(LARGEST_DEGREE + 1) + 1
)  # of each component; those of one degree stand in the order of m = -l .. l

_fast = numba.njit(cache=True, fastmath=True)


def components(degree: int) -> int:
    """How many harmonics there are up to a degree."""
    return (degree + 1) ** 2


def _size(degree: int, order: int) -> float:
    """What an associated Legendre function is multiplied by, √((2 - δ_m0) (l - m)! / (l + m)!)."""
    twice = 1 if order == 0 else 2
    return math.sqrt(twice * math.factorial(degree - order) / math.factorial(degree + order))


def _steps() -> tuple[FloatArray, FloatArray, FloatArray]:
    """Q_mm by order, and u and d of Q_(l+1) = u_lm z Q_l - d_lm Q_(l-1), both (degree, order)."""
    count = LARGEST_DEGREE + 1
    first, up, down = np.zeros(count), np.zeros((count, count)), np.zeros((count, count))
    for m in range(count):
        first[m] = _size(m, m) * math.prod(range(1, 2 * m, 2))
        for degree in range(m, LARGEST_DEGREE):
            share = _size(degree + 1, m) / (degree + 1 - m)
            up[degree, m] = (2 * degree + 1) * share / _size(degree, m)
            if degree > m:
                down[degree, m] = (degree + m) * share / _size(degree - 1, m)
    return first, up, down


_FIRST, _UP, _DOWN = _steps()


@_fast
def _degree_of(count: int) -> int:
    """The largest degree of so many components."""
    return int(math.sqrt(count + 0.5)) - 1


@_fast
def fill_harmonics(x: float, y: float, z: float, values: FloatArray) -> None:
    """Write the harmonics of a unit vector, shape (component,), as many as there is room for.

    They are normalised so that Σ_m Y_lm(a) Y_lm(b) is the Legendre polynomial P_l(a·b).
    """
    largest = _degree_of(len(values))
    a, b = 1.0, 0.0
    for m in range(largest + 1):
        q, before = _FIRST[m], 0.0
        for degree in range(m, largest + 1):
            middle = degree * degree + degree
            values[middle - m] = q * b
            values[middle + m] = q * a
            q, before = _UP[degree, m] * z * q - _DOWN[degree, m] * before, q
        a, b = x * a - y * b, x * b + y * a


@_fast
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
    largest = _degree_of(len(rates))
    a, b, a_rate, b_rate = 1.0, 0.0, 0.0, 0.0
    for m in range(largest + 1):
        q, before, slope, slope_before = _FIRST[m], 0.0, 0.0, 0.0
        for degree in range(m, largest + 1):
            middle = degree * degree + degree
            rates[middle - m] = slope * vz * b + q * b_rate
            rates[middle + m] = slope * vz * a + q * a_rate
            up, down = _UP[degree, m], _DOWN[degree, m]
            slope, slope_before = up * (q + z * slope) - down * slope_before, slope
            q, before = up * z * q - down * before, q
        a_rate, b_rate = (m + 1) * (vx * a - vy * b), (m + 1) * (vx * b + vy * a)
        a, b = x * a - y * b, x * b + y * a


@_fast
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


@_fast
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
    largest = _degree_of(len(slopes))
    gx, gy, gz = 0.0, 0.0, 0.0
    a, b, a_before, b_before = 1.0, 0.0, 0.0, 0.0
    for m in range(largest + 1):
        q, before, slope, slope_before = _FIRST[m], 0.0, 0.0, 0.0
        by_a, by_b = 0.0, 0.0
        for degree in range(m, largest + 1):
            middle = degree * degree + degree
            to_a, to_b = slopes[middle + m], slopes[middle - m]
            gz += slope * (a * to_a + b * to_b)
            by_a += q * to_a
            by_b += q * to_b
            up, down = _UP[degree, m], _DOWN[degree, m]
            slope, slope_before = up * (q + z * slope) - down * slope_before, slope
            q, before = up * z * q - down * before, q
        gx += m * (a_before * by_a + b_before * by_b)
        gy += m * (a_before * by_b - b_before * by_a)
        a_before, b_before = a, b
        a, b = x * a - y * b, x * b + y * a
    along = gx * x + gy * y + gz * z
    return (gx - along * x) * inverse, (gy - along * y) * inverse, (gz - along * z) * inverse


def harmonics(directions: FloatArray, degree: int = LARGEST_DEGREE) -> FloatArray:
    """The harmonics of unit vectors up to a degree.

    Args:
        directions: Unit vectors, shape (direction, 3).
        degree: The largest l, at most ``LARGEST_DEGREE``.

    Returns:
        Dimensionless, shape (direction, component).
    """
    values = np.zeros((len(directions), components(degree)))
    for (x, y, z), row in zip(directions, values, strict=True):
        fill_harmonics(x, y, z, row)
    return values
