"""3BPA: from the published extended XYZ files to one with splits."""

from collections.abc import Mapping
from pathlib import Path

from sciml.materials.extended_xyz import write_structures
from sciml.materials.published_frames import Origin, joined

ORIGINALS = {
    "dataset_3BPA/train_300K.xyz": Origin("train", "dynamics", 300.0),
    "dataset_3BPA/iso_atoms.xyz": Origin("train", "atom"),
}
PARTS = {
    "3bpa_train_300K.extxyz.gz": Origin("train", "dynamics", 300.0),
    "3bpa_isolated.extxyz.gz": Origin("train", "atom"),
}


def make(originals: Mapping[str, Path], target: Path) -> None:
    """Build the dataset.

    Args:
        originals: Files of extended XYZ by their path in the repository.
        target: The file to write.

    Raises:
        BadInput: if a file is not extended XYZ.
        WriteFailed: if the file cannot be written.
    """
    write_structures(target, joined(originals, ORIGINALS))


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
