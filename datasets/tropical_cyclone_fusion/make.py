"""Atlantic storms with the weather around them: from the published table to one netCDF file."""

from collections.abc import Mapping
from pathlib import Path

from sciml.weather.sources.cyclone_fusion import CYCLONE_FUSION, cyclone_fusion_tracks
from sciml.weather.sources.stored import write_source
from sciml.weather.sources.tables import read_parquet, read_table

ORIGINAL = "outputs/model_ready_2000_2024_v2.parquet"
PART = "model_ready_2000_2024_v2.csv.gz"


def make(originals: Mapping[str, Path], target: Path) -> None:
    """Build the dataset.

    Args:
        originals: The parquet file by its path in the repository.
        target: The netCDF file to write.

    Raises:
        DamagedFile: if the original is not as expected.
        OSError: if the file cannot be written.
    """
    write_source(CYCLONE_FUSION, cyclone_fusion_tracks(read_parquet(originals[ORIGINAL])), target)


def join(parts: Mapping[str, Path], target: Path) -> None:
    """Build the dataset from the table that was converted before.

    Args:
        parts: The table by its name.
        target: The netCDF file to write.

    Raises:
        DamagedFile: if the table is not as expected.
        OSError: if the file cannot be written.
    """
    write_source(CYCLONE_FUSION, cyclone_fusion_tracks(read_table(parts[PART])), target)
