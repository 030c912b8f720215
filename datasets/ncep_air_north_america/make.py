"""Air temperature over North America: a converted netCDF file in one form of grid."""

from collections.abc import Mapping
from pathlib import Path

from sciml.data.netcdf import open_netcdf
from sciml.weather.sources.fields import NCEP_AIR, converted_air_temperature
from sciml.weather.sources.stored import write_source

PART = "ncep_air_na_6h_2013_2014.nc"


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
    write_source(NCEP_AIR, converted_air_temperature(open_netcdf(parts[PART])), target)
