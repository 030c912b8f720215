"""Between which limits temperatures of air and sea lie, and which scale a number must be in."""

import numpy as np

from sciml.core.axes import FloatArray

FREEZING = 273.15  # K, of water: 0 degC
# Ever measured: 184 to 330 K near the ground; the snow and the winter stratosphere get to 175 K.
# -99 degC, which stands for missing values in many files, lies outside.
PLAUSIBLE = {"K": (175.0, 340.0), "degC": (-98.0, 67.0)}
SCALES = {"K": "kelvin", "degC": "degrees Celsius"}


def implausible(values: FloatArray, units: str) -> FloatArray:
    """Temperatures that no air or sea has.

    Args:
        values: Temperatures; NaN passes. Any shape.
        units: ``K`` or ``degC``.

    Returns:
        Those outside of :data:`PLAUSIBLE`, in their order. Shape (value,).
    """
    low, high = PLAUSIBLE[units]
    return values[(values < low) | (values > high)]


def other_scale(values: FloatArray, units: str) -> str | None:
    """The other scale, if temperatures must be in that one.

    Args:
        values: Temperatures that are implausible in their units. Any shape, one value at least.
        units: ``K`` or ``degC``.

    Returns:
        ``degC`` or ``K``; None: they are plausible in neither.
    """
    other = "degC" if units == "K" else "K"
    low, high = PLAUSIBLE[other]
    return other if bool(np.all((values >= low) & (values <= high))) else None
