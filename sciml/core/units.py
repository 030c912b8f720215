"""Physical constants in SI units, each with its source."""

# Standard acceleration of free fall, m/s² (3rd CGPM, 1901; exact).
STANDARD_GRAVITY = 9.80665

# Standard atmosphere, Pa (10th CGPM, 1954; exact).
STANDARD_ATMOSPHERE = 101_325.0

# Density of pure water at 20 °C and 101 325 Pa, kg/m³ (IAPWS R6-95(2018)).
WATER_DENSITY = 998.207

# Saturation pressure of water at 20 °C, Pa (IAPWS R7-97(2012), region 4).
WATER_VAPOUR_PRESSURE = 2339.2
