"""Sea level pressure over the North Atlantic: from the file of the R package to one netCDF file."""

from collections.abc import Mapping
from pathlib import Path

from sciml.data.netcdf import open_netcdf
from sciml.weather.sources.fields import NCEP_SLP, converted_pressure, published_pressure
from sciml.weather.sources.r_files import read_r_object
from sciml.weather.sources.stored import write_source

ORIGINAL = "data/NCEP_slp_2001_2010.rda"
PART = "ncep_slp_natl_daily_2001_2010.nc"


def make(originals: Mapping[str, Path], target: Path) -> None:
    """Build the dataset.

    Args:
        originals: The file of R by its path in the repository.
        target: The netCDF file to write.

    Raises:
        DamagedFile: if the original is not as expected.
        OSError: if the file cannot be written.
    """
    content = read_r_object(originals[ORIGINAL], "NCEP_slp_2001_2010")
    write_source(NCEP_SLP, published_pressure(content), target)


def join(parts: Mapping[str, Path], target: Path) -> None:
    """Build the dataset from the file that was converted before.

    Args:
        parts: The netCDF file by its name.
        target: The netCDF file to write.

    Raises:
        DamagedFile: if the file cannot be read.
        OSError: if the file cannot be written.
    """
    write_source(NCEP_SLP, converted_pressure(open_netcdf(parts[PART])), target)
