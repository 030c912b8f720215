"""Rain at Frankfurt airport: from a converted table to one netCDF file."""

from collections.abc import Mapping
from pathlib import Path

from sciml.weather.sources.station_ensembles import (
    FRANKFURT_PRECIPITATION,
    frankfurt_precipitation,
)
from sciml.weather.sources.stored import write_source
from sciml.weather.sources.tables import read_table

PART = "frankfurt_ecmwf_precip_24h.csv.gz"


def join(parts: Mapping[str, Path], target: Path) -> None:
    """Build the dataset from the table that was converted before.

    Args:
        parts: The table by its name.
        target: The netCDF file to write.

    Raises:
        DamagedFile: if the table is not as expected.
        OSError: if the file cannot be written.
    """
    table = read_table(parts[PART], text=["date"])
    write_source(FRANKFURT_PRECIPITATION, frankfurt_precipitation(table), target)
