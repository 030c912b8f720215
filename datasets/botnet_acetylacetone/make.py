"""Acetylacetone: from the published extended XYZ files to one with splits."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from sciml.materials.extended_xyz import write_structures
from sciml.materials.published_frames import Origin, joined
from sciml.materials.structures import Structure

SCAN = "dihedral"
ORIGINALS = {
    "dataset_acac/train_300K.xyz": Origin("train", "dynamics", 300.0),
    "dataset_acac/isolated_atoms.xyz": Origin("train", "atom"),
    "dataset_acac/train_600K.xyz": Origin("train_600K", "dynamics", 600.0),
    "dataset_acac/test_MD_300K.xyz": Origin("test_300K", "dynamics", 300.0),
    "dataset_acac/test_MD_600K.xyz": Origin("test_600K", "dynamics", 600.0),
    "dataset_acac/test_dihedral.xyz": Origin(SCAN, "dihedral"),
    "dataset_acac/test_H_transfer.xyz": Origin("hydrogen_transfer", "hydrogen transfer"),
}
PARTS = {
    "acac_train_300K.extxyz.gz": Origin("train", "dynamics", 300.0),
    "acac_isolated.extxyz.gz": Origin("train", "atom"),
    "acac_train_600K.extxyz.gz": Origin("train_600K", "dynamics", 600.0),
    "acac_test_MD_300K.extxyz.gz": Origin("test_300K", "dynamics", 300.0),
    "acac_test_MD_600K.extxyz.gz": Origin("test_600K", "dynamics", 600.0),
    "acac_test_dihedral.extxyz.gz": Origin(SCAN, "dihedral"),
    "acac_test_H_transfer.extxyz.gz": Origin("hydrogen_transfer", "hydrogen transfer"),
}


def with_angles(frames: Sequence[Structure]) -> list[Structure]:
    """The frames of the scan with their angle, which goes from 1 to 177 degrees in steps of 4."""
    angles = iter(range(1, 178, 4))
    return [
        replace(one, about={**one.about, "dihedral_deg": float(next(angles))})
        if one.about["split"] == SCAN
        else one
        for one in frames
    ]


def make(originals: Mapping[str, Path], target: Path) -> None:
    """Build the dataset.

    Args:
        originals: Files of extended XYZ by their path in the repository.
        target: The file to write.

    Raises:
        BadInput: if a file is not extended XYZ.
        WriteFailed: if the file cannot be written.
    """
    write_structures(target, with_angles(joined(originals, ORIGINALS)))


def join(parts: Mapping[str, Path], target: Path) -> None:
    """Put the dataset together from files that were converted before.

    Args:
        parts: Extended XYZ files by their name.
        target: The file to write.

    Raises:
        BadInput: if a part is not as expected.
        WriteFailed: if the file cannot be written.
    """
    write_structures(target, with_angles(joined(parts, PARTS)))
