"""Steady relations of an axisymmetric cavity behind a disk, in SI units."""

import numpy as np

from sciml.core.axes import Array
from sciml.core.errors import BadInput
from sciml.core.units import STANDARD_GRAVITY, WATER_DENSITY

# Drag coefficient of a disk at σ = 0, dimensionless; quoted values run from 0.80 to 0.83, and
# computed flow (dataset cfd_disk_cavitation) is 0.8 to 1.3 % above 0.82 (1 + σ) for σ from 0.15 to
# 0.5, and up to 1.6 % on its finest mesh.
DISK_DRAG = 0.82


def cavitation_number(
    pressure: Array, cavity_pressure: Array, speed: Array, density: float = WATER_DENSITY
) -> Array:
    """How close a flow is to keeping its cavity open, σ = (p - p_c) / (½ ρ U²).

    Small σ means a long cavity. At σ of 0 or less nothing closes it: the value is returned, and
    the relations that need a closed cavity refuse it.

    Args:
        pressure: Absolute pressure of the undisturbed water, Pa. Shape (time,) or a number.
        cavity_pressure: Absolute pressure in the cavity, Pa. Shape (time,) or a number.
        speed: Speed of the water past the body, m/s; must not be zero.
        density: Water density, kg/m³; positive.

    Returns:
        σ, dimensionless, of the common shape.

    Raises:
        BadInput: if a pressure is negative, a speed zero or the density not positive.

    Source:
        Franc & Michel, Fundamentals of Cavitation (2004).
    """
    if np.any(np.asarray(speed) == 0):
        raise BadInput("cavitation_number: speed is 0 m/s, so σ is undefined; give a moving flow")
    if not density > 0:
        raise BadInput(f"cavitation_number: density must be positive, got {density} kg/m³")
    for name, value in (("pressure", pressure), ("cavity_pressure", cavity_pressure)):
        if not np.all(np.asarray(value) >= 0):
            raise BadInput(
                f"cavitation_number: {name} must be absolute, 0 Pa or more, got {np.min(value):g} "
                "Pa; add the atmosphere to a gauge pressure"
            )
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


def froude_number(speed: Array, diameter: float, gravity: float = STANDARD_GRAVITY) -> Array:
    """How little gravity matters to the flow past a disk, Fr = V / √(g D_n).

    Args:
        speed: V, m/s.
        diameter: D_n, of the disk, m; positive.
        gravity: g, m/s²; positive.

    Returns:
        Fr, dimensionless, of the shape of the speed.

    Raises:
        BadInput: if diameter or gravity is not positive.
    """
    if not (diameter > 0 and gravity > 0):
        raise BadInput(
            "froude_number: diameter and gravity must be positive, got "
            f"{diameter:g} m and {gravity:g} m/s²"
        )
    return speed / np.sqrt(gravity * diameter)


def gravity_shift(
    position: Array, length: float, speed: float, gravity: float = STANDARD_GRAVITY
) -> Array:
    """How far gravity lifts the axis of a horizontal cavity, h = (g L²/V²) F(x/L).

    The buoyancy of the cavity up to x pushes the water around the section at x, whose added mass
    is that of a circle: dh/dx = g Q(x) / (V² S(x)). For sections like those of an ellipsoid,
    S ~ ξ(1 - ξ), this gives F(ξ) = [ξ² - ξ - ln(1 - ξ)] / 6. Near the closure F diverges and
    the theory of small shifts fails.

    Args:
        position: x, distance from the disk, m; from 0 to below L.
        length: L, m; positive.
        speed: V, m/s; positive.
        gravity: g, m/s²; 0 or more.

    Returns:
        h, m, positive upwards, of the shape of the position.

    Raises:
        BadInput: if length or speed is not positive, or a position is outside [0, L[.

    Source:
        The impulse balance per section; tests/hydro/test_cavity.py integrates it by quadrature.
    """
    if not (length > 0 and speed > 0 and gravity >= 0):
        raise BadInput(
            "gravity_shift: length and speed must be positive and gravity 0 or more, got "
            f"{length:g} m, {speed:g} m/s and {gravity:g} m/s²"
        )
    xi = np.asarray(position) / length
    if not np.all((xi >= 0) & (xi < 1)):
        raise BadInput(
            f"gravity_shift: positions must lie from 0 to below the length {length:g} m; stop "
            "before the closure, where the shift diverges"
        )
    F = (xi**2 - xi - np.log1p(-xi)) / 6.0
    return gravity * length**2 / speed**2 * F
