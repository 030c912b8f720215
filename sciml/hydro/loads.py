"""Measured wave loads on a fixed ship section, and the protocol by which forecasts are judged.

The protocol, at 50 Hz: loads are scaled by mean and standard deviation of the training runs; a
run is *active* while waves load the section; forecasts are judged from 2 s after the onset, when
the start-up of the waves is over, to the end of the active part.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import xarray as xr

from sciml.core.axes import FloatArray, axes
from sciml.core.errors import BadInput
from sciml.data.checks import require_finite
from sciml.data.files import find
from sciml.data.netcdf import open_netcdf

DATASET = "ntnu_fixed_section_loads"

RATE = 50.0  # Hz, of the forecasts: blocks of 4 samples; the waves have less than 1.6 Hz
LEADS = (1, 5, 10, 25, 50)  # samples: 20, 100, 200, 500 and 1000 ms
ACTIVE_LEVEL = 0.3  # mean of the three scaled loads' magnitudes, dimensionless
SETTLING = 100  # samples: 2 s after the onset

LOADS = ("force_y", "force_z", "moment_x")  # in the plane of the section
PROBES = (1, 2, 3, 4, 6)  # the model stands where probe 5 was
CHANNELS = (
    *(f"wave_elevation_{probe}" for probe in PROBES),
    *("force_x", "force_y", "force_z", "moment_x", "moment_y", "moment_z"),
)

# x is along the section, across the flume; y along the flume; z vertical.
_VARIABLES = {
    "wavemaker_position": ("WM_Position [m]", "m", "position of the wavemaker"),
    "force_x": ("Fx [N]", "N", "force along the section, across the flume"),
    "force_y": ("Fy [N]", "N", "sway force, along the flume"),
    "force_z": ("Fz [N]", "N", "heave force, vertical"),
    "moment_x": ("Mx [Nm]", "N m", "roll moment about the force transducer"),
    "moment_y": ("My [Nm]", "N m", "pitch moment about the force transducer"),
    "moment_z": ("Mz [Nm]", "N m", "yaw moment about the force transducer"),
}
_PROBE_CHANNELS = [f"WP_{probe} [m]" for probe in PROBES]
_COORDINATES = {
    "case": {"long_name": "run of the experiment", "cf_role": "timeseries_id"},
    "time": {"long_name": "time since the start of the record", "units": "s", "axis": "T"},
    "probe": {"long_name": "number of the wave probe"},
    "wave_period": {"long_name": "nominal period of the incident waves", "units": "s"},
    "wave_height": {"long_name": "nominal height of the incident waves", "units": "m"},
}
_TITLE = "Wave loads on a fixed ship section in regular waves"


def read_section_loads(path: Path | None = None) -> xr.Dataset:
    """Read the measured loads, wave elevations and wavemaker position.

    Args:
        path: The built file; found by name when not given.

    Returns:
        Loads in N and N m, shape (case, time), and ``wave_elevation`` in m, shape (case, probe,
        time), with CF metadata. Runs differ in length: ``sample_count`` says how many samples of
        a case were measured, the rest is NaN.

    Raises:
        DatasetMissing: if the file is not on this machine.
        DamagedFile: if it is not the released file or not netCDF.
        BadInput: if it has other variables than expected, or a NaN inside a run.

    Source:
        Sundsdal, Greco, Hanssen & Lugni, Ocean Engineering (2025).
    """
    source = find(DATASET) if path is None else path
    raw = open_netcdf(source)
    _require_layout(raw, source)
    coordinates = {
        "wave_period": ("case", raw["wave_period_s"].values),
        "wave_height": ("case", raw["wave_height_m"].values),
        "sample_count": ("case", raw["n_samples"].values),
    }
    loads = xr.Dataset(_variables(raw["signal"]), attrs=_attributes(raw))
    loads = loads.assign_coords(coordinates)
    for name, attributes in _COORDINATES.items():
        loads[name].attrs.update(attributes)
    loads["sample_count"].attrs.update(long_name="number of measured samples", units="1")
    require_finite(loads.where(_measured(loads), 0.0), str(source))
    return loads


def resampled(loads: xr.Dataset, rate: float = RATE) -> xr.Dataset:
    """Loads at a lower rate, each sample the mean of a block.

    The mean keeps impulses; a last block that is not full is dropped.

    Args:
        loads: From :func:`read_section_loads`, 200 Hz.
        rate: The wanted rate, Hz; the rate of the data must be a whole multiple.

    Returns:
        The same variables in double precision; times are those of the middles of the blocks.

    Raises:
        BadInput: if the rate does not divide that of the data.
    """
    interval = float(loads["time"][1] - loads["time"][0])
    block = round(1 / (interval * rate))
    if block < 1 or abs(block * interval * rate - 1) > 1e-9:
        raise BadInput(f"rate: {1 / interval:g} Hz is not a whole multiple of {rate:g} Hz")
    count = loads["sample_count"] // block
    blocks = loads.astype(np.float64).coarsen(time=block, boundary="trim")
    coarse = blocks.mean(keep_attrs=True)  # pyright: ignore[reportAttributeAccessIssue]
    coarse = coarse.assign_coords(sample_count=count.assign_attrs(loads["sample_count"].attrs))
    coarse["time"].attrs.update(loads["time"].attrs)
    return coarse.where(_measured(coarse)).isel(time=slice(0, int(count.max())))


def load_case_series(loads: xr.Dataset) -> dict[str, FloatArray]:
    """The measured samples of each case as plain arrays.

    Args:
        loads: From :func:`read_section_loads` or :func:`resampled`.

    Returns:
        For each case an array of shape (time, channel), with the channels in the order of
        ``CHANNELS``: m, N and N m.
    """
    probes = [loads["wave_elevation"].sel(probe=probe, drop=True) for probe in PROBES]
    others = [loads[name] for name in CHANNELS[len(PROBES) :]]
    stacked = np.stack([one.transpose("case", "time").values for one in (*probes, *others)], -1)
    counts = loads["sample_count"].values
    return {
        str(case): np.ascontiguousarray(stacked[index, : counts[index]], np.float64)
        for index, case in enumerate(loads["case"].values)
    }


def active_part(scaled_loads: FloatArray) -> slice:
    """The part of a run in which waves load the section.

    Args:
        scaled_loads: The three loads in units of their standard deviation over the training
            runs, about their mean; shape (time, load).

    Returns:
        From the first to the last sample at which the mean magnitude of the loads exceeds
        ``ACTIVE_LEVEL``.

    Raises:
        BadInput: if it never does.
    """
    axes(scaled_loads, "time load", "scaled_loads")
    active = np.flatnonzero(np.abs(scaled_loads).mean(axis=1) > ACTIVE_LEVEL)
    if active.size == 0:
        raise BadInput(f"scaled_loads: never above {ACTIVE_LEVEL}; is this a run with waves?")
    return slice(int(active[0]), int(active[-1]) + 1)


def judged_part(scaled_loads: FloatArray) -> slice:
    """The samples at which forecasts are judged: the active part without its first 2 s.

    Args:
        scaled_loads: As for :func:`active_part`, at 50 Hz.

    Returns:
        Samples of the run; a forecast counts if the time it is *for* is among them.
    """
    active = active_part(scaled_loads)
    return slice(active.start + SETTLING, active.stop)


def _variables(signal: xr.DataArray) -> dict[str, xr.DataArray]:
    """The loads, the wavemaker position and the wave elevations with names and units."""
    signal = signal.rename(run="case").drop_attrs()
    variables = {
        name: signal.sel(channel=channel, drop=True).assign_attrs(units=units, long_name=text)
        for name, (channel, units, text) in _VARIABLES.items()
    }
    elevation = signal.sel(channel=_PROBE_CHANNELS).rename(channel="probe")
    variables["wave_elevation"] = elevation.assign_coords(probe=list(PROBES)).assign_attrs(
        units="m", long_name="elevation of the water surface above its level at rest"
    )
    return variables


def _measured(loads: xr.Dataset) -> xr.DataArray:
    """Which samples were measured, not padded; shape (case, time)."""
    number = xr.DataArray(np.arange(loads.sizes["time"]), dims="time")
    return number < loads["sample_count"]


def _require_layout(raw: xr.Dataset, source: Path) -> None:
    """Refuse a file without the expected signals."""
    variables = {"signal", "wave_period_s", "wave_height_m", "n_samples"} - set(raw.variables)
    if variables:
        raise BadInput(f"{source}: expected variable '{min(variables)}'; is it {DATASET}?")
    expected = {*_PROBE_CHANNELS, *(channel for channel, _, _ in _VARIABLES.values())}
    missing = sorted(expected - set(raw["channel"].values.tolist()))
    if missing:
        raise BadInput(f"{source}: expected a channel '{missing[0]}'; is it {DATASET}?")


def _attributes(raw: xr.Dataset) -> Mapping[str, str]:
    """The CF attributes of the whole dataset."""
    return {
        "Conventions": "CF-1.11",
        "featureType": "timeSeries",
        "title": _TITLE,
        "institution": "Department of Marine Technology, NTNU",
        "source": str(raw.attrs.get("source", "")),
        "references": str(raw.attrs.get("citation", "")),
        "license": str(raw.attrs.get("license", "")),
    }
