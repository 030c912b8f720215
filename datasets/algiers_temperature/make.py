"""Temperatures of Algiers: from a converted table to one netCDF file."""

from collections.abc import Mapping
from pathlib import Path

from sciml.weather.sources.series import ALGIERS, algiers_series
from sciml.weather.sources.stored import write_source
from sciml.weather.sources.tables import read_table

PART = "algiers_tmax_tmin_daily_1961_2005.csv.gz"


def join(parts: Mapping[str, Path], target: Path) -> None:
    """Build the dataset from the table that was converted before.

    Args:
        parts: The table by its name.
        target: The netCDF file to write.

    Raises:
        DamagedFile: if the table is not as expected.
        OSError: if the file cannot be written.
    """
    write_source(ALGIERS, algiers_series(read_table(parts[PART])), target)
