"""Simulated cavities in a tunnel whose pressure swings: the ensemble of forecasters in a file."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import xarray as xr

from sciml.data.grooming import groomed
from sciml.data.netcdf import write_netcdf
from sciml.hydro.histories import NOISE, RATE, SETTLING, planned_runs, quiet_history, with_noise

SIGNIFICANT_DIGITS = 5  # more would store the digits of the noise
TRUE_PRESSURE = "true_cavity_pressure"
CURVES = ("cavity_pressure", TRUE_PRESSURE, "ambient_pressure", "ventilation", "length")
SWING = {
    "frequency": ("frequency of the swing of the ambient pressure", "Hz"),
    "amplitude": ("amplitude of the swing of the ambient pressure over its mean", "1"),
    "gas_frequency": ("frequency of the swing of the ventilation", "Hz"),
    "gas_amplitude": ("amplitude of the swing of the ventilation over its mean", "1"),
}
COMPRESSION = {"zlib": True, "complevel": 9, "shuffle": True}


def make(originals: Mapping[str, Path], target: Path) -> None:
    """Build the dataset, which takes a second.

    Args:
        originals: Not used: the data are simulated.
        target: The netCDF file to write.

    Raises:
        OSError: if the file cannot be written.
    """
    assert not originals
    encoding: dict[str, dict[str, bool | int]] = dict.fromkeys((*CURVES, "time"), COMPRESSION)
    write_netcdf(target, packed(ensemble()), encoding=encoding)


def ensemble() -> xr.Dataset:
    """All runs, simulated now.

    Returns:
        ``CURVES`` along ``case`` and ``time``, and the numbers of each swing along ``case``.
    """
    plan = list(planned_runs())
    runs: list[xr.Dataset] = []
    for planned in plan:
        quiet = quiet_history(planned.swing)
        noisy = with_noise(quiet, planned.noise_seed)
        runs.append(noisy.assign({TRUE_PRESSURE: quiet["cavity_pressure"]})[list(CURVES)])
    names = xr.DataArray(
        [planned.name for planned in plan], dims="case", name="case", attrs={"long_name": "run"}
    )
    data = xr.concat(runs, names, combine_attrs="identical")
    for name, (meaning, units) in SWING.items():
        values = [getattr(planned.swing, name) for planned in plan]
        data[name] = ("case", values, {"long_name": meaning, "units": units})
    return described(data, runs[0])


def described(data: xr.Dataset, run: xr.Dataset) -> xr.Dataset:
    """The dataset with CF attributes.

    Args:
        data: The runs.
        run: One of them, with the attributes of the simulation.

    Returns:
        The same values.
    """
    meanings = {
        "cavity_pressure": ("pressure in the cavity, with the noise of a sensor", "Pa"),
        TRUE_PRESSURE: ("pressure in the cavity, without noise", "Pa"),
        "ambient_pressure": ("pressure of the undisturbed water, with the noise of a sensor", "Pa"),
        "ventilation": ("gas supplied, at the reference pressure", "m3 s-1"),
        "length": ("length of the attached cavity", "m"),
    }
    for name, (meaning, units) in meanings.items():
        data[name].attrs = {"long_name": meaning, "units": units}
    data.attrs = run.attrs | {
        "title": "Simulated ventilated cavities in a tunnel whose pressure swings",
        "license": "CC0-1.0",
        "sampling_hz": RATE,
        "settling_s": SETTLING,
        "noise_over_mean_ambient_pressure": NOISE,
    }
    return data


def packed(data: xr.Dataset) -> xr.Dataset:
    """The curves in single precision with 5 significant digits.

    Args:
        data: From :func:`ensemble`.

    Returns:
        Curves within 4e-6 of the given ones; the rest unchanged.
    """
    small = {
        name: data[name].copy(
            data=groomed(data[name].values.astype(np.float32), SIGNIFICANT_DIGITS)
        )
        for name in CURVES
    }
    return data.assign(small)
