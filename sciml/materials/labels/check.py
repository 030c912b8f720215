"""All checks of a dataset."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from sciml.materials.labels.findings import Report, by_group, joined
from sciml.materials.labels.frames import (
    check_copies,
    check_forces,
    check_numbers,
    check_outliers,
    check_totals,
)
from sciml.materials.labels.temperatures import check_temperatures
from sciml.materials.labels.work import check_work
from sciml.materials.structures import Structure

QUICK = 100  # frames of a group that a quick check compares


def check_labels(splits: Mapping[str, Sequence[Structure]]) -> Report:
    """Judge the labels of a dataset without any model of its physics.

    Args:
        splits: Frames by split; those of all splits are judged together.

    Returns:
        What is wrong, and what could not be judged.
    """
    frames = [one for part in splits.values() for one in part]
    totals = check_totals(frames)
    if totals.findings:  # which is told once; the rest is judged as if it were mended
        splits = {name: [_as_total(one) for one in part] for name, part in splits.items()}
        frames = [one for part in splits.values() for one in part]
    by_frame = (check_numbers, check_forces, check_outliers, check_temperatures, check_work)
    return joined([totals, *(check(frames) for check in by_frame), check_copies(splits)])


def quick_check(frames: Sequence[Structure]) -> Report:
    """Judge units, signs, orders and offsets alone, in seconds.

    Args:
        frames: Of all splits; of each group so many are compared as take a second.

    Returns:
        As :func:`check_labels`, of fewer checks.
    """
    totals = check_totals(frames)
    if totals.findings:
        frames = [_as_total(one) for one in frames]
    few = [one for group in by_group(frames).values() for one in _evenly(group)]
    return joined([totals, check_work(few)])


def _evenly(frames: Sequence[Structure]) -> list[Structure]:
    """At most so many frames as are compared quickly, from first to last."""
    places = np.linspace(0, len(frames) - 1, min(len(frames), QUICK)).astype(int)
    return [frames[place] for place in places]


def _as_total(one: Structure) -> Structure:
    """A frame whose energy was told for an atom."""
    return one if one.energy is None else replace(one, energy=one.energy * len(one))
