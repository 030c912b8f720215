"""Long proteins in windows that overlap, and proteins of like length side by side."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from pydantic import PositiveInt, model_validator

from sciml.core.axes import IntArray
from sciml.core.errors import BadInput
from sciml.core.settings import Settings


class CutSettings(Settings):
    """How a protein that is too long for a model is cut."""

    longest: PositiveInt = 1022  # residues that a model sees at once: 1024 tokens without two
    overlap: PositiveInt = 256  # residues that neighbouring windows share at least

    @model_validator(mode="after")
    def _goes_on(self) -> "CutSettings":
        if self.overlap >= self.longest:
            raise ValueError("overlap: expected fewer residues than longest")
        return self


class Window(NamedTuple):
    """A part of a protein, and the residues of it that no other window answers for."""

    start: int  # first residue
    stop: int  # the one after the last
    owned_start: int  # the first residue that this window answers for
    owned_stop: int

    def owns(self, residue: float) -> bool:
        """Whether this window, and no other one, answers for a residue or a place between two."""
        return self.owned_start <= residue < self.owned_stop


def windows(length: int, settings: CutSettings) -> list[Window]:
    """Windows over a protein: as few as can be, at equal distances.

    Each residue is owned by the one window in which it is farthest from a border, so that what is
    found near the border of a window, where half of its surroundings are not seen, is taken from
    the neighbour.

    Args:
        length: Residues of the protein.
        settings: How long windows are, and how much they overlap.

    Returns:
        One window of the whole protein where it is short enough, none where it is empty.

    Raises:
        BadInput: if the length is negative.
    """
    if length < 0:
        raise BadInput(f"windows: expected a length of 0 or more, got {length}")
    if length == 0:
        return []
    spare = max(length - settings.longest, 0)
    count = 1 + -(-spare // (settings.longest - settings.overlap))
    starts = [spare * number // max(count - 1, 1) for number in range(count)]
    stops = [min(start + settings.longest, length) for start in starts]
    # Half-way through each overlap one window hands over to the next one.
    edges = [(stop + start) // 2 for stop, start in zip(stops[:-1], starts[1:], strict=True)]
    return [Window(*one) for one in zip(starts, stops, [0, *edges], [*edges, length], strict=True)]


def length_buckets(lengths: Sequence[int], residues: int) -> list[IntArray]:
    """Proteins of like length in buckets, so that little of a batch is padding.

    Args:
        lengths: Residues of each protein.
        residues: Of a bucket at most, each protein counted as the longest of its bucket; a protein
            that is longer is alone.

    Returns:
        Numbers of proteins; together each number once, from short to long.

    Raises:
        BadInput: if ``residues`` is not positive.
    """
    if residues <= 0:
        raise BadInput(f"length_buckets: expected at least 1 residue, got {residues}")
    buckets: list[list[int]] = []
    for number in np.argsort(np.asarray(lengths, np.int64), kind="stable").tolist():
        if buckets and (len(buckets[-1]) + 1) * lengths[number] <= residues:
            buckets[-1].append(number)
        else:
            buckets.append([number])
    return [np.array(bucket, np.int64) for bucket in buckets]
