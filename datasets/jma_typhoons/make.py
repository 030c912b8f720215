"""Best tracks of RSMC Tokyo: from lines in the centre's format to one netCDF file."""

import gzip
from collections.abc import Mapping
from pathlib import Path

from sciml.core.errors import DamagedFile
from sciml.weather.sources.rsmc_format import rsmc_positions
from sciml.weather.sources.stored import write_source
from sciml.weather.sources.tracks import JMA, jma_tracks

PART = "jma_best_track_2015_2021.txt.gz"


def join(parts: Mapping[str, Path], target: Path) -> None:
    """Build the dataset from the published lines.

    Args:
        parts: The packed text by its name.
        target: The netCDF file to write.

    Raises:
        BadInput: if a line does not follow the format.
        DamagedFile: if the file cannot be unpacked.
        OSError: if the file cannot be written.
    """
    try:
        text = gzip.decompress(parts[PART].read_bytes()).decode("ascii")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise DamagedFile(f"{parts[PART]}: cannot be unpacked ({error}); copy it again") from error
    write_source(JMA, jma_tracks(rsmc_positions(text, PART)), target)
