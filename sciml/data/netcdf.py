"""The door to netCDF files: read whole with readable errors, written alike on every run."""

# Not strict: xarray types its reader and writer as partly unknown.
# pyright: standard
import errno
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import xarray as xr

from sciml.core.errors import BadInput, DamagedFile


def open_netcdf(path: Path) -> xr.Dataset:
    """Read a netCDF file into memory.

    Args:
        path: The file.

    Returns:
        The dataset, with all values loaded and the file closed.

    Raises:
        BadInput: if there is no such file.
        DamagedFile: if it is cut off or not netCDF.
    """
    if not path.is_file():
        raise BadInput(f"{path}: no such file")
    try:
        with xr.open_dataset(path, engine="netcdf4", decode_timedelta=False) as dataset:
            return dataset.load()
    except (OSError, RuntimeError) as error:  # the netCDF library uses both
        raise unreadable(path, error) from error


def unreadable(path: Path, error: Exception) -> DamagedFile:
    """The error for a file that the netCDF library cannot read.

    Args:
        path: The file.
        error: What the library said.

    Returns:
        An error to raise.
    """
    return DamagedFile(
        f"{path}: cannot be read as netCDF ({error}). "
        f"It is damaged or was cut off at {path.stat().st_size} bytes; fetch or build it again."
    )


def write_netcdf(
    path: Path, dataset: xr.Dataset, encoding: Mapping[str, Mapping[str, Any]] | None = None
) -> None:
    """Write a netCDF-4 file; the same packages give the same bytes.

    To have it whole or not at all, call it inside :func:`sciml.core.writing.write_with`.

    Args:
        path: The file.
        dataset: What to write.
        encoding: Compression and storage type of variables, as xarray takes them.

    Raises:
        OSError: if the file cannot be written, with ``ENOSPC`` on a full disk.
    """
    try:
        dataset.to_netcdf(path, engine="netcdf4", format="NETCDF4", encoding=encoding)
    except RuntimeError as error:
        # On a full disk the HDF5 library says no more than "HDF error".
        if shutil.disk_usage(path.parent).free < dataset.nbytes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path)) from error
        raise OSError(errno.EIO, str(error), str(path)) from error
