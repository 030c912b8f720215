"""Physical constants in SI units, each with its source, and the conversions used at the edges."""

import math

# Standard acceleration of free fall, m/s² (3rd CGPM, 1901; exact).
STANDARD_GRAVITY = 9.80665

# Standard atmosphere, Pa (10th CGPM, 1954; exact).
STANDARD_ATMOSPHERE = 101_325.0

# Density of pure water at 20 °C and 101 325 Pa, kg/m³ (IAPWS R6-95(2018)).
WATER_DENSITY = 998.207

# Saturation pressure of water at 20 °C, Pa (IAPWS R7-97(2012), region 4).
WATER_VAPOUR_PRESSURE = 2339.2

MILLISECONDS_PER_SECOND = 1e3


def hertz_from_period(period: float) -> float:
    """Frequency of an oscillation with the given period.

    Args:
        period: Duration of one oscillation, s; positive.

    Returns:
        Frequency, Hz.

    Raises:
        ValueError: if the period is not positive.
    """
    if not period > 0 or math.isinf(period):
        raise ValueError(f"hertz_from_period: period must be positive and finite, got {period} s")
    return 1.0 / period
