"""Wave loads on a fixed ship section: from the published CSV files to one netCDF file."""

from collections.abc import Mapping
from pathlib import Path

from sciml.hydro.ntnu_files import gathered, read_run, write

SERIES = "2PPH"
CHANNELS = (
    *("WM_Position [m]", "WP_1 [m]", "WP_2 [m]", "WP_3 [m]", "WP_4 [m]", "WP_6 [m]"),
    *("Fx [N]", "Fy [N]", "Fz [N]", "Mx [Nm]", "My [Nm]", "Mz [Nm]"),
)
HEADER = ("", "Time [s]", *CHANNELS)  # the first column numbers the samples


def make(originals: Mapping[str, Path], target: Path) -> None:
    """Build the dataset.

    Args:
        originals: The CSV files by their path in the repository.
        target: The netCDF file to write.

    Raises:
        DamagedFile: if a CSV file has other columns than expected.
        OSError: if the file cannot be written.
    """
    paths = sorted(originals.values(), key=lambda path: path.stem)
    runs = {path.stem: read_run(path, HEADER) for path in paths}
    write(gathered(runs, CHANNELS, SERIES), target)
