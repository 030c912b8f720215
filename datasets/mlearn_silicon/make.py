"""mlearn silicon: from the published JSON files to one file of extended XYZ."""

from collections.abc import Mapping
from pathlib import Path

from sciml.materials.extended_xyz import write_structures
from sciml.materials.mlearn_files import mlearn_frames
from sciml.materials.published_frames import Origin, joined

PARTS = {
    "mlearn_Si_train.extxyz.gz": Origin("train"),
    "mlearn_Si_test.extxyz.gz": Origin("test"),
}


def make(originals: Mapping[str, Path], target: Path) -> None:
    """Build the dataset.

    Args:
        originals: The JSON files by their path in the repository.
        target: The file to write.

    Raises:
        DamagedFile: if a JSON file is not as expected.
        WriteFailed: if the file cannot be written.
    """
    write_structures(target, mlearn_frames("Si", originals))


def join(parts: Mapping[str, Path], target: Path) -> None:
    """Put the dataset together from files that were converted before.

    Args:
        parts: Extended XYZ files by their name.
        target: The file to write.

    Raises:
        BadInput: if a part is not as expected.
        WriteFailed: if the file cannot be written.
    """
    write_structures(target, joined(parts, PARTS))
