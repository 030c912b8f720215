"""Steady relations of an axisymmetric cavity behind a disk, in SI units."""

import numpy as np

from sciml.core.axes import Array
from sciml.core.errors import BadInput
from sciml.core.units import WATER_DENSITY

# Drag coefficient of a disk at σ = 0, dimensionless; quoted values run from 0.80 to 0.83, and
# interPhaseChangeFoam on a disk agrees with 0.82 (1 + σ) to 1 % for σ from 0.2 to 0.5.
DISK_DRAG = 0.82


def cavitation_number(
    pressure: Array, cavity_pressure: Array, speed: Array, density: float = WATER_DENSITY
) -> Array:
    """How close a flow is to keeping its cavity open, σ = (p - p_c) / (½ ρ U²).

    Small σ means a long cavity.

    Args:
        pressure: Pressure of the undisturbed water, Pa. Shape (time,) or a number.
        cavity_pressure: Pressure in the cavity, Pa. Shape (time,) or a number.
        speed: Speed of the water past the body, m/s; must not be zero.
        density: Water density, kg/m³; positive.

    Returns:
        σ, dimensionless, of the common shape.

    Raises:
        BadInput: if a speed is zero or the density is not positive.

    Source:
        Franc & Michel, Fundamentals of Cavitation (2004).
    """
    if np.any(np.asarray(speed) == 0):
        raise BadInput("cavitation_number: speed is 0 m/s, so σ is undefined; give a moving flow")
    if not density > 0:
        raise BadInput(f"cavitation_number: density must be positive, got {density} kg/m³")
    return (pressure - cavity_pressure) / (0.5 * density * speed**2)


def drag_coefficient(cavitation_number: Array, disk_drag: float = DISK_DRAG) -> Array:
    """Drag of a cavitating disk over its area and ½ ρ U², c_x = c_x0 (1 + σ).

    Args:
        cavitation_number: σ, dimensionless, from 0 to about 1.2.
        disk_drag: c_x0, the value at σ = 0.

    Returns:
        c_x, dimensionless, of the shape of σ.

    Raises:
        BadInput: if a σ is negative or not a number.

    Source:
        Usually credited to Reichardt; the value of c_x0 is discussed at DISK_DRAG.
    """
    if not np.all(np.asarray(cavitation_number) >= 0):
        raise BadInput("drag_coefficient: σ must be 0 or more; c_x0 (1 + σ) has no meaning below")
    return disk_drag * (1.0 + cavitation_number)


def garabedian_diameter(cavitation_number: Array, drag_coefficient: Array) -> Array:
    """Largest cavity diameter over disk diameter for small σ, D_c / D_n = √(c_x / σ).

    Args:
        cavitation_number: σ, dimensionless; positive.
        drag_coefficient: c_x, dimensionless.

    Returns:
        D_c / D_n, dimensionless, of the common shape.

    Raises:
        BadInput: if a σ is not positive.

    Source:
        Usually credited to Garabedian (1956).
    """
    if not np.all(np.asarray(cavitation_number) > 0):
        raise BadInput("garabedian_diameter: σ must be positive; at σ = 0 the cavity never closes")
    return np.sqrt(drag_coefficient / cavitation_number)


def garabedian_length(cavitation_number: Array, drag_coefficient: Array) -> Array:
    """Cavity length over disk diameter for small σ, L / D_n = √(c_x ln 1/σ) / σ.

    Args:
        cavitation_number: σ, dimensionless; between 0 and 1, both excluded.
        drag_coefficient: c_x, dimensionless.

    Returns:
        L / D_n, dimensionless, of the common shape.

    Raises:
        BadInput: if a σ is outside ]0, 1[, where the asymptotic form does not exist.

    Source:
        Usually credited to Garabedian (1956).
    """
    sigma = np.asarray(cavitation_number)
    if not np.all((sigma > 0) & (sigma < 1)):
        raise BadInput("garabedian_length: σ must lie between 0 and 1; the form is asymptotic in σ")
    return np.sqrt(drag_coefficient * np.log(1.0 / cavitation_number)) / cavitation_number
