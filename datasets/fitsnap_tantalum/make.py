"""Tantalum of FitSNAP: a converted file to one with splits."""

from collections.abc import Mapping
from pathlib import Path

from sciml.materials.extended_xyz import write_structures
from sciml.materials.published_frames import Origin, joined

PARTS = {
    "fitsnap_Ta.extxyz.gz": Origin("train"),
}


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
