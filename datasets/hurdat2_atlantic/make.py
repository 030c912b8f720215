"""Best tracks of Atlantic storms: from a converted table to one netCDF file."""

from collections.abc import Mapping
from pathlib import Path

from sciml.weather.sources.stored import write_source
from sciml.weather.sources.tables import read_table
from sciml.weather.sources.tracks import HURDAT2, hurdat2_tracks

PART = "hurdat2_atlantic_1851_2023.csv.gz"


def join(parts: Mapping[str, Path], target: Path) -> None:
    """Build the dataset from the table that was converted before.

    Args:
        parts: The table by its name.
        target: The netCDF file to write.

    Raises:
        DamagedFile: if the table is not as expected.
        OSError: if the file cannot be written.
    """
    table = read_table(parts[PART], text=["name", "record_id", "sys_status"])
    write_source(HURDAT2, hurdat2_tracks(table), target)
