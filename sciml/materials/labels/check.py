"""All checks of a dataset."""

from collections.abc import Mapping, Sequence

from sciml.materials.labels.findings import Report, joined
from sciml.materials.labels.frames import (
    check_copies,
    check_forces,
    check_numbers,
    check_outliers,
    check_totals,
)
from sciml.materials.labels.strained_cells import check_stresses
from sciml.materials.structures import Structure


def check_labels(splits: Mapping[str, Sequence[Structure]]) -> Report:
    """Judge the labels of a dataset without any model of its physics.

    Args:
        splits: Frames by split; those of all splits are judged together.

    Returns:
        What is wrong, and what could not be judged.
    """
    frames = [one for part in splits.values() for one in part]
    by_frame = (check_numbers, check_forces, check_totals, check_outliers, check_stresses)
    return joined([*(check(frames) for check in by_frame), check_copies(splits)])
