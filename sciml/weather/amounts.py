"""Which quantities are amounts that begin at zero, as rain, wind and snow do."""

import numpy as np
import xarray as xr

from sciml.core.axes import FloatArray

_SIGNED = {"mm": True, "K": False, "degC": False}  # whether amounts from zero on, by the unit
_NO_UNITS = "1"
_LOWEST = 0.01  # the quantile of the observations that must be near zero
_NEAR = 0.5  # standard deviations of the observations
_ZEROS = 0.005  # share of exact zeros that makes an amount; of temperatures around zero, a tenth
_SKEWED = 0.5  # skewness; seasons give temperatures less, Rayleigh's law gives wind 0.63


def begins_at_zero(data: xr.Dataset) -> bool:
    """Whether the quantity of a station ensemble is an amount that is never below zero.

    Args:
        data: A station ensemble.

    Returns:
        True for millimetres, False for temperatures; else whether nothing is below zero and a
        hundredth of the observations lies within half a standard deviation of zero. Where the
        unit is not given this might be a warm place's degrees Celsius, so that zeros must be
        frequent, or large values much further from the mean than small ones, too. False if no
        observation is known.
    """
    units = data["observation"].attrs.get("units", _NO_UNITS)
    if units in _SIGNED:
        return _SIGNED[units]
    observation = data["observation"].values
    known = observation[~np.isnan(observation)]
    if not known.size or np.nanmin(data["forecast"].values) < 0 or known.min() < 0:
        return False
    near_zero = bool(np.quantile(known, _LOWEST) < _NEAR * known.std())
    return near_zero and (units != _NO_UNITS or _like_amounts(known))


def _like_amounts(known: FloatArray) -> bool:
    """Whether exact zeros are frequent, or the distribution has a long upper tail."""
    deviation = known.std()
    skewness = np.mean((known - known.mean()) ** 3) / deviation**3 if deviation > 0 else 0.0
    return bool(np.mean(known == 0) >= _ZEROS or skewness > _SKEWED)
