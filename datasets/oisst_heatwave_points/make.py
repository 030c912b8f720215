"""The sea at three points: from a converted table to one netCDF file."""

from collections.abc import Mapping
from pathlib import Path

from sciml.weather.sources.series import OISST, sea_point_series
from sciml.weather.sources.stored import write_source
from sciml.weather.sources.tables import read_table

PART = "oisst_mhw_series_daily.csv.gz"


def join(parts: Mapping[str, Path], target: Path) -> None:
    """Build the dataset from the table that was converted before.

    Args:
        parts: The table by its name.
        target: The netCDF file to write.

    Raises:
        DamagedFile: if the table is not as expected.
        OSError: if the file cannot be written.
    """
    write_source(OISST, sea_point_series(read_table(parts[PART])), target)
