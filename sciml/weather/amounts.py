"""Which quantities are amounts that begin at zero, as rain, wind and snow do."""

import numpy as np
import xarray as xr

_LOWEST = 0.01  # the quantile of the observations that must be near zero
_NEAR = 0.5  # standard deviations of the observations


def begins_at_zero(data: xr.Dataset) -> bool:
    """Whether the quantity of a station ensemble is an amount that is never below zero.

    Args:
        data: A station ensemble.

    Returns:
        True for millimetres; else whether nothing is below zero and a hundredth of the
        observations lies within half a standard deviation of zero. False if no observation is
        known.
    """
    if data["observation"].attrs.get("units") == "mm":
        return True
    observation = data["observation"].values
    known = observation[~np.isnan(observation)]
    if not known.size or np.nanmin(data["forecast"].values) < 0 or known.min() < 0:
        return False
    return bool(np.quantile(known, _LOWEST) < _NEAR * known.std())
