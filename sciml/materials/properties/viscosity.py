"""Viscosity of a melt by the relation of Green and Kubo."""

from typing import NamedTuple

import numpy as np
import xarray as xr

from sciml.core.axes import FloatArray, axes
from sciml.core.errors import BadInput
from sciml.materials.properties.averages import Mean

PLATEAU = 0.5  # of the longest lag: from there on the integral should not grow any more
_BOLTZMANN = 1.380649e-23  # J/K
_BAR, _PICOSECOND, _CUBIC_ANGSTROM = 1e5, 1e-12, 1e-30  # in SI units


class Viscosity(NamedTuple):
    """How a melt resists shear."""

    coefficient: Mean  # mPa s, the mean over the plateau
    integral: xr.DataArray  # mPa s, by the lag (ps) up to which is integrated
    error: xr.DataArray  # of the integral, mPa s, by lag


def viscosity(
    correlations: FloatArray, spacing: float, temperature: float, volume: float
) -> Viscosity:
    """Viscosity as V / (k T) times the integral of the autocorrelation of the shear stress.

    An isotropic liquid has five independent components of the shear stress: xy, xz, yz,
    (xx - yy) / 2 and (yy - zz) / 2, which all have the same correlation.

    Args:
        correlations: bar², shape (window, component, lag); windows follow each other in time.
        spacing: From one lag to the next, ps.
        temperature: K.
        volume: Of the cell, Å³.

    Returns:
        The coefficient and the running integral. Integrals of the windows and components tell the
        errors; a plateau that is not one is seen in the integral, not in the error.

    Raises:
        BadInput: if a number is not above zero, or there are fewer than two curves or four lags.

    Source:
        Alfè & Gillan, Phys. Rev. Lett. 81, 5161 (1998), for the five components.
    """
    sizes = axes(correlations, "window component lag", "correlations")
    if min(spacing, temperature, volume) <= 0:
        raise BadInput(
            "viscosity: spacing, temperature and volume must be above zero, got "
            f"{spacing} ps, {temperature} K and {volume} Å³."
        )
    if sizes["window"] * sizes["component"] < 2 or sizes["lag"] < 4:
        raise BadInput(f"viscosity: expected two curves of four lags at least, got {sizes}.")
    curves = correlations.reshape(-1, sizes["lag"])
    steps = 0.5 * (curves[:, 1:] + curves[:, :-1]) * spacing
    running = np.concatenate([np.zeros((len(curves), 1)), np.cumsum(steps, axis=1)], axis=1)
    running *= _BAR**2 * _PICOSECOND * _CUBIC_ANGSTROM * volume / (_BOLTZMANN * temperature) * 1e3
    lag = {"lag": ("lag", spacing * np.arange(sizes["lag"]), {"units": "ps"})}
    mean, error = running.mean(axis=0), _standard_error(running)
    level = running[:, round(PLATEAU * sizes["lag"]) :].mean(axis=1, keepdims=True)
    return Viscosity(
        Mean(float(level.mean()), float(_standard_error(level)[0])),
        xr.DataArray(mean, lag, "lag", attrs={"units": "mPa s"}),
        xr.DataArray(error, lag, "lag", attrs={"units": "mPa s"}),
    )


def _standard_error(curves: FloatArray) -> FloatArray:
    """Of the mean of curves."""
    return curves.std(axis=0, ddof=1) / np.sqrt(len(curves))
