"""Stations of Canada: a published netCDF file on the standard calendar."""

from collections.abc import Mapping
from pathlib import Path

from sciml.data.netcdf import open_netcdf
from sciml.weather.sources.series import CANADA_STATIONS, station_series
from sciml.weather.sources.stored import write_source

PART = "ahccd_station_tasmax_pr_1950_2013.nc"


def join(parts: Mapping[str, Path], target: Path) -> None:
    """Build the dataset from the file that was converted before.

    Args:
        parts: The netCDF file by its name.
        target: The netCDF file to write.

    Raises:
        BadInput: if its grid or times are not sound.
        DamagedFile: if the file cannot be read.
        OSError: if the file cannot be written.
    """
    write_source(CANADA_STATIONS, station_series(open_netcdf(parts[PART])), target)
