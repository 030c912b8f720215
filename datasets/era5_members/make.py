"""Members of ERA5: a converted netCDF file in one form of grid."""

from collections.abc import Mapping
from pathlib import Path

from sciml.data.netcdf import open_netcdf
from sciml.weather.sources.reanalysis import ERA5_MEMBERS, converted_members
from sciml.weather.sources.stored import write_source

PART = "era5_eda_members_z_t.nc"


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
    write_source(ERA5_MEMBERS, converted_members(open_netcdf(parts[PART])), target)
