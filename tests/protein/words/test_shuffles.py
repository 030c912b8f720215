"""What a shuffle keeps."""

from collections import Counter

import numpy as np
import pytest

from sciml.protein.alphabet import Codes, encoded
from sciml.protein.words.shuffles import shuffled, shuffled_by


def pairs(codes: Codes) -> Counter[tuple[int, int]]:
    return Counter(zip(codes[:-1].tolist(), codes[1:].tolist(), strict=True))


@pytest.mark.parametrize("seed", range(20))
def test_neighbours_are_as_frequent_as_before(seed: int) -> None:
    draw = np.random.default_rng(seed)
    codes = draw.integers(0, draw.integers(2, 21), draw.integers(3, 200)).astype(np.uint8)
    other = shuffled(codes, draw)
    assert pairs(other) == pairs(codes)
    assert (other[0], other[-1]) == (codes[0], codes[-1])


def test_all_orders_are_equally_likely() -> None:
    codes, draw = encoded("ACAGAVA"), np.random.default_rng(0)
    seen = Counter(shuffled(codes, draw).tobytes() for _ in range(6000))
    assert len(seen) == 6  # the three loops from A in any order
    assert max(seen.values()) - min(seen.values()) < 6 * np.sqrt(1000)


@pytest.mark.parametrize("sequence", ["", "A", "AC", "AAAA"])
def test_what_has_one_order_stays(sequence: str) -> None:
    codes = encoded(sequence)
    np.testing.assert_array_equal(shuffled(codes, np.random.default_rng(0)), codes)


@pytest.mark.parametrize("seed", range(20))
def test_quick_shuffles_keep_pairs_and_ends(seed: int) -> None:
    codes = np.random.default_rng(seed).integers(0, 1 + seed, 50 + seed).astype(np.uint8)
    other = shuffled_by(codes, seed)
    assert pairs(other) == pairs(codes)
    assert (other[0], other[-1]) == (codes[0], codes[-1])


def test_quick_shuffles_are_all_alike_probable() -> None:
    codes = np.array([0, 1, 0, 2, 0, 1, 2, 0], np.uint8)
    found = Counter(shuffled_by(codes, seed).tobytes() for seed in range(12_000))
    draw = np.random.default_rng(0)
    assert set(found) == {shuffled(codes, draw).tobytes() for _ in range(2000)}
    assert max(found.values()) - min(found.values()) < 6 * np.sqrt(2000)
