"""Silicon over temperature and pressure, simulated and labelled by a known potential."""

from collections.abc import Mapping
from pathlib import Path

from sciml.materials.simulated_crystals import SILICON, simulated_frames, write_frames


def make(originals: Mapping[str, Path], target: Path) -> None:
    """Build the dataset, which takes 20 s on one core and needs LAMMPS.

    Args:
        originals: Not used: the data are simulated.
        target: The packed extended XYZ file to write.

    Raises:
        BadInput: if LAMMPS is not installed.
        OSError: if the file cannot be written.
    """
    assert not originals
    write_frames(target, simulated_frames(SILICON))
