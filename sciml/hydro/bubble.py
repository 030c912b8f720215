"""Times, tones and pressures of bubbles: what a collapsing pocket of a cavity does."""

import math

from sciml.core.errors import BadInput
from sciml.core.units import WATER_DENSITY

# Collapse time of an empty sphere in units of R₀ √(ρ/Δp): √(π/6) Γ(5/6) / Γ(4/3) = 0.91468.
RAYLEIGH_FACTOR = math.sqrt(math.pi / 6.0) * math.gamma(5.0 / 6.0) / math.gamma(4.0 / 3.0)
# Ratio of specific heats of air, dimensionless.
AIR_HEAT_RATIO = 1.4
# Speed of sound in pure water at 20 °C, m/s (Del Grosso & Mader 1972, from memory).
WATER_SOUND_SPEED = 1482.0


def collapse_time(radius: float, pressure_gap: float, density: float = WATER_DENSITY) -> float:
    """Time in which an empty sphere in water at rest collapses, t_c = 0.91468 R₀ √(ρ/Δp).

    Args:
        radius: R₀, m.
        pressure_gap: Δp, pressure far away less that in the sphere, Pa.
        density: ρ, of the water, kg/m³.

    Returns:
        t_c, s.

    Raises:
        BadInput: if an argument is not positive.

    Source:
        Rayleigh, Phil. Mag. 34, 94 (1917).
    """
    _require_positive(radius=radius, pressure_gap=pressure_gap, density=density)
    return RAYLEIGH_FACTOR * radius * math.sqrt(density / pressure_gap)


def bubble_frequency(
    radius: float,
    pressure: float,
    heat_ratio: float = AIR_HEAT_RATIO,
    density: float = WATER_DENSITY,
) -> float:
    """Tone of a gas bubble, f = √(3 κ p / ρ) / (2π R), without surface tension.

    Args:
        radius: R, m.
        pressure: p, Pa.
        heat_ratio: κ; 1 for an isothermal bubble.
        density: ρ, of the water, kg/m³.

    Returns:
        f, Hz.

    Raises:
        BadInput: if an argument is not positive.

    Source:
        Minnaert, Phil. Mag. 16, 235 (1933).
    """
    _require_positive(radius=radius, pressure=pressure, heat_ratio=heat_ratio, density=density)
    return math.sqrt(3.0 * heat_ratio * pressure / density) / (2.0 * math.pi * radius)


def water_hammer(
    speed: float, density: float = WATER_DENSITY, sound_speed: float = WATER_SOUND_SPEED
) -> float:
    """Pressure where a jet is stopped by a rigid wall, Δp = ρ c u; an order of magnitude.

    Args:
        speed: u, of the jet, m/s.
        density: ρ, of the water, kg/m³.
        sound_speed: c, in the water, m/s.

    Returns:
        Δp, Pa.

    Raises:
        BadInput: if an argument is not positive.

    Source:
        Usually credited to Joukowsky (1898).
    """
    _require_positive(speed=speed, density=density, sound_speed=sound_speed)
    return density * sound_speed * speed


def _require_positive(**quantities: float) -> None:
    """Name the first quantity that is not positive and finite."""
    for name, value in quantities.items():
        if not (value > 0 and math.isfinite(value)):
            raise BadInput(f"{name} must be positive and finite, got {value:g}")
