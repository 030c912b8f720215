"""Proteins as batches of equal length, so that no place of a batch is padding."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveInt

from sciml.core.axes import IntArray
from sciml.core.errors import BadInput
from sciml.core.settings import Settings
from sciml.protein.alphabet import Codes
from sciml.protein.language.tokens import tokens_of


class BatchSettings(Settings):
    """How proteins are cut and put together."""

    tokens: PositiveInt = 6144  # of a batch
    window: PositiveInt = 256  # tokens of a protein that are seen at once
    windows: PositiveInt = 1  # of a longer protein at most


class EqualLengths:
    """A source whose samples are whole batches: windows of one length, tokens of shape (1, ...)."""

    def __init__(self, proteins: Sequence[Codes], settings: BatchSettings, seed: int) -> None:
        """Cut the proteins and sort the windows by length.

        Args:
            proteins: See :func:`sciml.protein.alphabet.encoded`.
            settings: Sizes.
            seed: Of the places of windows and of which windows share a batch.

        Raises:
            BadInput: if there is no protein.
        """
        draw, windows = np.random.default_rng(seed), defaultdict(list)
        for protein in proteins:
            for window in _windows(tokens_of(protein), settings, draw):
                windows[len(window)].append(window.astype(np.uint8))
        if not windows:
            raise BadInput("language model: no protein to learn from")
        self._batches: list[NDArray[np.uint8]] = []
        for length in sorted(windows):
            rows = np.stack(windows[length])[draw.permutation(len(windows[length]))]
            size = max(settings.tokens // length, 1)
            self._batches += [rows[k : k + size] for k in range(0, len(rows), size)]

    def __len__(self) -> int:
        """The number of batches."""
        return len(self._batches)

    def gather(self, indices: IntArray) -> Mapping[str, NDArray[Any]]:
        """Tokens of one batch. Shape (1, window, token)."""
        (index,) = indices
        return {"tokens": self._batches[index].astype(np.int64)[None]}


def _windows(
    tokens: IntArray, settings: BatchSettings, draw: np.random.Generator
) -> Iterator[IntArray]:
    """The whole protein, or windows of it that do not overlap, at drawn places."""
    window = settings.window
    spare = len(tokens) - window
    if spare <= 0:
        yield tokens
        return
    count = min(settings.windows, len(tokens) // window)
    free = np.sort(draw.integers(0, len(tokens) - count * window + 1, count))
    for number, extra in enumerate(free):
        start = number * window + int(extra)
        yield tokens[start : start + window]
