"""Cities of Canada: a published netCDF file with names and units of CF."""

from collections.abc import Mapping
from pathlib import Path

from sciml.data.netcdf import open_netcdf
from sciml.weather.sources.series import CANADA_CITIES, city_series
from sciml.weather.sources.stored import write_source

PART = "era5_daily_canada_cities_1990_1993.nc"


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
    write_source(CANADA_CITIES, city_series(open_netcdf(parts[PART])), target)
