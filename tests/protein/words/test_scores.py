"""Scores of pairs against sums written out."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sciml.core.errors import BadInput
from sciml.protein.words.scores import (
    BIN_STARTS,
    above,
    bin_of,
    checked_maps,
    corrected,
    received,
)


def random_map(seed: int, residues: int) -> NDArray[np.float32]:
    draw = np.random.default_rng(seed)
    weights = np.exp(2 * draw.normal(size=(residues + 2, residues + 2)))
    return (weights / weights.sum(1, keepdims=True)).astype(np.float32)


def slow_scores(tokens: NDArray[Any]) -> NDArray[np.float64]:
    inner = np.asarray(tokens, float)[1:-1, 1:-1]
    inner = inner / inner.mean(1, keepdims=True)
    both = inner + inner.T
    return both - np.outer(both.sum(0), both.sum(1)) / both.sum()


@pytest.mark.parametrize("residues", [1, 2, 31, 32, 33, 100])
def test_scores_are_symmetric_and_corrected_for_what_residues_do_anyway(residues: int) -> None:
    tokens = random_map(residues, residues)
    np.testing.assert_allclose(corrected(tokens), slow_scores(tokens), atol=2e-4)


def test_even_attention_scores_nothing() -> None:
    np.testing.assert_allclose(corrected(np.full((52, 52), 1 / 52, np.float32)), 0, atol=1e-5)


def test_what_one_residue_draws_from_all_is_taken_off() -> None:
    tokens = np.full((42, 42), 0.01, np.float32)
    tokens[:, 20] = 0.59
    scores = corrected(tokens)
    others = np.delete(np.arange(40), 19)
    # Its row gives what its column takes: half of the excess is symmetric and cannot be told.
    assert np.abs(scores[19, others]).max() < 0.3 * (40 * 0.59)
    assert np.ptp(scores[19, others]) < 1e-4


@pytest.mark.parametrize("residues", [2, 40, 70])
def test_all_pairs_above_the_limit_of_their_bin_are_found(residues: int) -> None:
    tokens = random_map(7, residues)
    limits = np.linspace(0.0, 1.0, len(BIN_STARTS)).astype(np.float32)
    pairs, scores = above(tokens, limits)
    everything, bins = corrected(tokens), bin_of(residues)
    expected = {
        (i, j)
        for i in range(residues)
        for j in range(i + 1, residues)
        if everything[i, j] >= limits[bins[j - i]]
    }
    assert {(int(i), int(j)) for i, j in pairs} == expected
    np.testing.assert_allclose(scores, everything[pairs[:, 0], pairs[:, 1]], atol=1e-4)


def test_attention_received_is_the_mean_of_what_rows_give_up_to_three_shares() -> None:
    tokens = random_map(8, 30)
    rows = tokens[1:-1, 1:-1].astype(float)
    shares = 30 * rows / rows.sum(1, keepdims=True)
    assert (shares > 3).any()
    np.testing.assert_allclose(received(tokens), shares.clip(max=3).mean(0), rtol=1e-4)


def test_bins_begin_where_they_say() -> None:
    found = bin_of(30)
    for number, start in enumerate(BIN_STARTS):
        assert found[start] == number
        assert start == 1 or found[start - 1] == number - 1


@pytest.mark.parametrize("wrong", [np.nan, -1.0])
def test_maps_that_are_none_are_refused(wrong: float) -> None:
    maps = random_map(0, 5)[None].copy()
    maps[0, 2, 3] = wrong
    with pytest.raises(BadInput, match="negative or no number"):
        checked_maps(maps, 5)
    with pytest.raises(BadInput, match=r"expected shape \(head, \(8, 8\)\)"):
        checked_maps(random_map(0, 5)[None], 6)
