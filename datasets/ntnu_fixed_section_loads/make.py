"""Wave loads on a fixed ship section: from the published CSV files to one netCDF file.

Source of names, periods and heights: README.md and docs/experimental_setup.md of the repository
that card.yaml names.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sciml.core.errors import DamagedFile
from sciml.data.netcdf import write_netcdf

SAMPLING_RATE = 200.0  # Hz
SAMPLING_INTERVAL = 0.005  # s; times are its multiples, which differ from n / 200 in the last bit
CHANNELS = (
    *("WM_Position [m]", "WP_1 [m]", "WP_2 [m]", "WP_3 [m]", "WP_4 [m]", "WP_6 [m]"),
    *("Fx [N]", "Fy [N]", "Fz [N]", "Mx [Nm]", "My [Nm]", "Mz [Nm]"),
)
HEADER = ("", "Time [s]", *CHANNELS)

# A run 2PPH_R is series 2, wave period number PP, wave height number H, repetition R.
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

# The mantissa of a float32 has 23 bits; 5 significant digits need ⌈5 log2(10)⌉ + 1 = 18 of them.
SIGNIFICANT_DIGITS = 5
DROPPED_BITS = np.uint32(0b11111)

# Word for word those of the released file, so that a build can equal it byte for byte.
ATTRIBUTES = {
    "title": "Measured wave loads/motions on a 2D ship section, NTNU flume, series 2PPH",
    "license": "CC0-1.0",
    "source": "github:KRSundsdal1/2D-ship-cross-section-in-regular-waves "
    "@2465ceee234b7ad6973cb7d00d918546c57d8111",
    "sampling_hz": SAMPLING_RATE,
    "citation": "Sundsdal, Greco, Hanssen, Lugni (2025), Ocean Engineering (see README of source)",
    "note": "float32, 5 significant digits kept; gaps at the end are NaN. "
    "Subset: the runs whose blobs were in the stored snapshot.",
}


def make(originals: Mapping[str, Path], target: Path) -> None:
    """Build the dataset.

    Args:
        originals: The CSV files by their path in the repository.
        target: The netCDF file to write.

    Raises:
        DamagedFile: if a CSV file has other columns than expected.
        OSError: if the file cannot be written.
    """
    paths = sorted(originals.values(), key=lambda path: path.stem)
    write(section_loads({path.stem: read_run(path) for path in paths}), target)


def read_run(path: Path) -> NDArray[np.float32]:
    """The signals of one run.

    Args:
        path: A CSV file: sample number, time and the channels.

    Returns:
        Values in m, N and N m, shape (channel, time).

    Raises:
        DamagedFile: if the columns are not the expected ones.
    """
    with path.open(encoding="utf-8") as file:
        header = tuple(file.readline().rstrip("\n").split(","))
        if header != HEADER:
            raise DamagedFile(f"{path}: expected the columns {HEADER}, got {header}")
        table = np.loadtxt(file, delimiter=",", usecols=range(2, len(HEADER)), ndmin=2)
    return table.T.astype(np.float32)


def section_loads(runs: Mapping[str, NDArray[np.float32]]) -> xr.Dataset:
    """All runs in one array, the shorter ones padded with NaN.

    Args:
        runs: Signals of each run, shape (channel, time), by its name.

    Returns:
        Signals rounded to 5 significant digits, with the wave period and height of each run.
    """
    names = list(runs)
    lengths = [run.shape[1] for run in runs.values()]
    signal = np.full((len(runs), len(CHANNELS), max(lengths)), np.nan, np.float32)
    for index, run in enumerate(runs.values()):
        signal[index, :, : run.shape[1]] = run
    return xr.Dataset(
        {
            "signal": (("run", "channel", "time"), groomed(signal)),
            "wave_period_s": ("run", [WAVE_PERIOD[int(name[1:3])] for name in names]),
            "wave_height_m": ("run", [WAVE_HEIGHT[int(name[3])] for name in names]),
            "n_samples": ("run", np.array(lengths, np.int32)),
        },
        coords={
            "run": names,
            "channel": list(CHANNELS),
            "time": np.arange(max(lengths)) * SAMPLING_INTERVAL,
        },
        attrs=ATTRIBUTES,
    )


def groomed(signal: NDArray[np.float32]) -> NDArray[np.float32]:
    """Values with 5 significant digits: the last bits cleared and set in turn.

    Clearing alone would make every value smaller; in turn, the mean stays.

    Args:
        signal: Values, any shape; the turns follow the order of storage.

    Returns:
        Values within 4e-6 of the given ones; zero and NaN stay as they are.

    Source:
        BitGroom: Zender, Geosci. Model Dev. 9, 3199 (2016), as in the netCDF library.
    """
    bits = signal.ravel().view(np.uint32).copy()
    kept = (signal.ravel() == 0) | np.isnan(signal.ravel())
    bits[::2] = np.where(kept[::2], bits[::2], bits[::2] & ~DROPPED_BITS)
    bits[1::2] = np.where(kept[1::2], bits[1::2], bits[1::2] | DROPPED_BITS)
    return bits.view(np.float32).reshape(signal.shape)


def write(dataset: xr.Dataset, target: Path) -> None:
    """Write the dataset; the same packages give the same bytes.

    Args:
        dataset: From :func:`section_loads`.
        target: The netCDF file.
    """
    # The note that the netCDF library leaves when it does the rounding itself.
    note = {"_QuantizeBitGroomNumberOfSignificantDigits": np.int32(SIGNIFICANT_DIGITS)}
    noted = dataset.assign(signal=dataset["signal"].assign_attrs(note))
    write_netcdf(target, noted, encoding={"signal": {"zlib": True, "complevel": 9}})
