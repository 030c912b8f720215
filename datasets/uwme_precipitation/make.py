"""Rain of the UW Mesoscale Ensemble: from the file of the R package to one netCDF file."""

from collections.abc import Mapping
from pathlib import Path

from sciml.weather.sources.r_files import read_r_frame
from sciml.weather.sources.station_ensembles import CODES, UWME_PRECIPITATION, uwme_precipitation
from sciml.weather.sources.stored import write_source
from sciml.weather.sources.tables import read_table

ORIGINAL = "data/prcpDJdata.rda"
PART = "prcpDJ_uwme_precip_48h.csv.gz"


def make(originals: Mapping[str, Path], target: Path) -> None:
    """Build the dataset.

    Args:
        originals: The file of R by its path in the repository.
        target: The netCDF file to write.

    Raises:
        DamagedFile: if the original is not as expected.
        OSError: if the file cannot be written.
    """
    table = read_r_frame(originals[ORIGINAL], "prcpDJdata")
    write_source(UWME_PRECIPITATION, uwme_precipitation(table), target)


def join(parts: Mapping[str, Path], target: Path) -> None:
    """Build the dataset from the table that was converted before.

    Args:
        parts: The table by its name.
        target: The netCDF file to write.

    Raises:
        DamagedFile: if the table is not as expected.
        OSError: if the file cannot be written.
    """
    table = read_table(parts[PART], text=CODES)
    write_source(UWME_PRECIPITATION, uwme_precipitation(table), target)
