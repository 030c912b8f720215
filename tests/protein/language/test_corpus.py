"""Windows of proteins: no padding, nothing twice, nothing invented."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sciml.core.errors import BadInput
from sciml.protein.language.corpus import BatchSettings, EqualLengths
from sciml.protein.language.tokens import END, START, tokens_of

SETTINGS = BatchSettings(tokens=64, window=16, windows=2)


def proteins(seed: int, count: int = 30) -> list[NDArray[Any]]:
    draw = np.random.default_rng(seed)
    return [draw.integers(0, 20, draw.integers(1, 60)).astype(np.uint8) for _ in range(count)]


def batches(source: EqualLengths) -> list[NDArray[Any]]:
    return [source.gather(np.array([k]))["tokens"][0] for k in range(len(source))]


def test_whole_proteins_come_once_and_windows_are_parts_of_longer_ones() -> None:
    given = proteins(0)
    whole = [tokens_of(one).tolist() for one in given]
    found = [row.tolist() for batch in batches(EqualLengths(given, SETTINGS, 1)) for row in batch]
    short = sorted(one for one in whole if len(one) <= SETTINGS.window)
    assert sorted(row for row in found if row[0] == START and row[-1] == END) >= short
    for row in found:
        assert len(row) <= SETTINGS.window
        assert any(row == one[k : k + len(row)] for one in whole for k in range(len(one)))
    windows = sum(min(SETTINGS.windows, len(w) // 16) for w in whole if len(w) > 16)
    assert len(found) == len(short) + windows


def test_windows_of_one_protein_do_not_overlap() -> None:
    long = np.arange(62) % 20  # each stretch of 16 tells where it is from its first letter
    rows = np.concatenate(batches(EqualLengths([long.astype(np.uint8)], SETTINGS, 3)))
    full = tokens_of(long.astype(np.uint8)).tolist()
    starts = sorted(
        k for row in rows.tolist() for k in range(len(full) - 15) if full[k : k + 16] == row
    )
    assert len(rows) == 2
    assert starts[-1] - starts[0] >= 16


def test_a_batch_holds_no_more_tokens_than_asked() -> None:
    for batch in batches(EqualLengths(proteins(1, 200), SETTINGS, 0)):
        assert batch.size <= SETTINGS.tokens


def test_the_same_seed_gives_the_same_batches() -> None:
    one, two = (batches(EqualLengths(proteins(2), SETTINGS, 5)) for _ in range(2))
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a, b)


def test_nothing_to_learn_from_is_refused() -> None:
    with pytest.raises(BadInput, match="no protein to learn from"):
        EqualLengths([], SETTINGS, 0)
