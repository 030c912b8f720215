"""Runs of the ship section in the wave flume of NTNU: from the published CSV files to one netCDF.

Source of names, periods and heights: README.md and docs/experimental_setup.md of the repository
https://github.com/KRSundsdal1/2D-ship-cross-section-in-regular-waves.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sciml.core.errors import DamagedFile
from sciml.data.grooming import groomed
from sciml.data.netcdf import write_netcdf

SAMPLING_RATE = 200.0  # Hz
SAMPLING_INTERVAL = 0.005  # s; times are its multiples, which differ from n / 200 in the last bit
SIGNIFICANT_DIGITS = 5
TIME = "Time [s]"

# A run SPPH_R is series S, wave period number PP, wave height number H, repetition R.
WAVE_PERIOD = {
    1: 1.516,
    2: 1.269,
    3: 1.238,
    4: 1.210,
    5: 1.183,
    6: 1.158,
    7: 1.113,
    8: 1.072,
    9: 1.036,
    10: 0.897,
    11: 0.802,
    12: 0.733,
    13: 0.678,
    14: 0.634,
}  # s
WAVE_HEIGHT = {1: 0.024, 2: 0.040}  # m

# Word for word those of the released files, so that a build can equal them byte for byte.
_ATTRIBUTES = {
    "license": "CC0-1.0",
    "source": "github:KRSundsdal1/2D-ship-cross-section-in-regular-waves "
    "@2465ceee234b7ad6973cb7d00d918546c57d8111",
    "sampling_hz": SAMPLING_RATE,
    "citation": "Sundsdal, Greco, Hanssen, Lugni (2025), Ocean Engineering (see README of source)",
    "note": "float32, 5 significant digits kept; gaps at the end are NaN. "
    "Subset: the runs whose blobs were in the stored snapshot.",
}


def wave_period(run: str) -> float:
    """How long a wave of a run lasts.

    Args:
        run: Name of the run, such as ``2091_1``.

    Returns:
        The period that was asked of the wavemaker, s.
    """
    return WAVE_PERIOD[int(run[1:3])]


def wave_height(run: str) -> float:
    """How high the waves of a run are.

    Args:
        run: Name of the run, such as ``2091_1``.

    Returns:
        The height from crest to trough that was asked of the wavemaker, m.
    """
    return WAVE_HEIGHT[int(run[3])]


def read_run(path: Path, header: Sequence[str]) -> NDArray[np.float32]:
    """The signals of one run.

    Args:
        path: A CSV file.
        header: The columns that it has; the channels are those after the time.

    Returns:
        Values in the units of the channels, shape (channel, time).

    Raises:
        DamagedFile: if the columns are not the expected ones.
    """
    with path.open(encoding="utf-8") as file:
        found = tuple(file.readline().rstrip("\n").split(","))
        if found != tuple(header):
            raise DamagedFile(f"{path}: expected the columns {tuple(header)}, got {found}")
        channels = range(found.index(TIME) + 1, len(found))
        table = np.loadtxt(file, delimiter=",", usecols=channels, ndmin=2)
    return table.T.astype(np.float32)


def gathered(
    runs: Mapping[str, NDArray[np.float32]], channels: Sequence[str], series: str
) -> xr.Dataset:
    """All runs in one array, the shorter ones padded with NaN.

    Args:
        runs: Signals of each run, shape (channel, time), by its name.
        channels: Names of the channels.
        series: What the title says of the runs.

    Returns:
        Signals rounded to 5 significant digits, with the wave period and height of each run.
    """
    names = list(runs)
    lengths = [run.shape[1] for run in runs.values()]
    signal = np.full((len(runs), len(channels), max(lengths)), np.nan, np.float32)
    for index, run in enumerate(runs.values()):
        signal[index, :, : run.shape[1]] = run
    title = f"Measured wave loads/motions on a 2D ship section, NTNU flume, series {series}"
    return xr.Dataset(
        {
            "signal": (("run", "channel", "time"), groomed(signal, SIGNIFICANT_DIGITS)),
            "wave_period_s": ("run", [wave_period(name) for name in names]),
            "wave_height_m": ("run", [wave_height(name) for name in names]),
            "n_samples": ("run", np.array(lengths, np.int32)),
        },
        coords={
            "run": names,
            "channel": list(channels),
            "time": np.arange(max(lengths)) * SAMPLING_INTERVAL,
        },
        attrs={"title": title} | _ATTRIBUTES,
    )


def write(dataset: xr.Dataset, target: Path) -> None:
    """Write the dataset; the same packages give the same bytes.

    Args:
        dataset: From :func:`gathered`.
        target: The netCDF file.

    Raises:
        OSError: if the file cannot be written.
    """
    # The note that the netCDF library leaves when it does the rounding itself.
    note = {"_QuantizeBitGroomNumberOfSignificantDigits": np.int32(SIGNIFICANT_DIGITS)}
    noted = dataset.assign(signal=dataset["signal"].assign_attrs(note))
    write_netcdf(target, noted, encoding={"signal": {"zlib": True, "complevel": 9}})
