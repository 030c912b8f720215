"""mlearn copper: test frames of mlearn, training frames of the older SNAP repository."""

from collections.abc import Mapping
from pathlib import Path

from sciml.materials.extended_xyz import write_structures
from sciml.materials.mlearn_files import mlearn_frames, snap_copper_frames, without_energies_of
from sciml.materials.published_frames import Origin, joined

PARTS = {
    "mlearn_Cu_train_from_snap.extxyz.gz": Origin("train"),
    "mlearn_Cu_test.extxyz.gz": Origin("test"),
}


def make(originals: Mapping[str, Path], target: Path) -> None:
    """Build the dataset; training frames with the energy of a test frame are left out.

    Args:
        originals: The JSON files by their path in the repository.
        target: The file to write.

    Raises:
        DamagedFile: if a JSON file is not as expected.
        WriteFailed: if the file cannot be written.
    """
    test = mlearn_frames("Cu", originals)
    train = without_energies_of(snap_copper_frames(originals), test)
    write_structures(target, [*train, *test])


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
