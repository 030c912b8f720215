"""The null model: tails, p-values and the file they are kept in."""

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from sciml.core.errors import BadInput, DamagedFile
from sciml.protein.alphabet import Codes
from sciml.protein.words.null import (
    KNOTS,
    NullTables,
    OnLayer,
    fit_tails,
    limits,
    load_null,
    log10_p_values,
    nearest,
    save_null,
    shuffles_of,
    tail_of,
)
from sciml.protein.words.scores import BIN_STARTS

LAWS = {
    "exponential": stats.expon(scale=0.3),
    "normal": stats.norm(scale=0.1),
    "heavy": stats.genpareto(0.3, scale=0.2),
}


@pytest.mark.parametrize("name", list(LAWS))
def test_p_values_are_right_where_they_were_seen_and_beyond(name: str) -> None:
    law = LAWS[name]
    drawn = law.rvs(200_000, random_state=1).astype(np.float32)
    knots, last, scale, shape = tail_of(drawn)
    one = (knots[None], np.array([last]), np.array([scale]), np.array([shape]))
    truth = np.array([-1.5, -2.5, -3.0, -4.0, -5.0])
    scores = law.isf(10.0**truth).astype(np.float32)
    found = log10_p_values(scores, np.zeros(5, np.int64), *one)
    np.testing.assert_allclose(found[:3], truth[:3], atol=0.1)
    np.testing.assert_allclose(found[3:], truth[3:], atol=0.8)  # a power of ten, unseen
    assert (np.diff(found) < 0).all()


@pytest.mark.parametrize("power", [0.5, 1])
def test_no_score_is_certain_even_where_a_tail_seems_to_end(power: float) -> None:
    drawn = 1 - np.random.default_rng(0).random(5000).astype(np.float32) ** power  # all below 1
    knots, last, scale, shape = tail_of(drawn)
    one = (knots[None], np.array([last]), np.array([scale]), np.array([shape]))
    found = log10_p_values(np.array([1.01], np.float32), np.zeros(1, np.int64), *one)
    assert -8 < found[0] < -3  # one in 5000 at most, and not a power that no sample can tell


@pytest.mark.parametrize("count", [0, 20, 100, 300, 500])
def test_too_few_pairs_make_nothing_significant(count: int) -> None:
    knots, last, scale, shape = tail_of(np.linspace(0, 1, count, dtype=np.float32))
    one = (knots[None], np.array([last]), np.array([scale]), np.array([shape]))
    found = log10_p_values(np.array([1e9], np.float32), np.zeros(1, np.int64), *one)
    np.testing.assert_array_equal(found, 0)


def test_proteins_too_few_for_any_tail_are_refused() -> None:
    def even(codes: Codes, on_layer: OnLayer) -> None:
        tokens = len(codes) + 2
        on_layer(0, np.full((1, tokens, tokens), 1 / tokens, np.float32))

    few, enough = ([np.zeros(30, np.uint8)] * count for count in (1, 20))
    with pytest.raises(BadInput, match=r"expected 600\. .* more or longer shuffled proteins"):
        fit_tails(even, few)
    assert fit_tails(even, enough).heads == 1


def tables(length: int = 100, heads: int = 2) -> NullTables:
    draw, bins = np.random.default_rng(0), len(BIN_STARTS)
    scores = np.sort(draw.random((heads, bins, len(KNOTS)))).astype(np.float32)
    last = np.full((heads, bins), len(KNOTS) - 1)
    ones = np.ones((heads, bins))
    tails = (scores, last, ones, 0 * ones)
    alone = (each[:, :1] for each in tails)
    return NullTables(length, *tails, draw.random((heads, 4)), *alone)


def test_limits_are_the_scores_of_the_asked_share() -> None:
    known = tables()
    np.testing.assert_array_equal(limits(known, -2.0), known.scores[:, :, 10])
    np.testing.assert_array_equal(limits(known, -1.0), known.scores[:, :, 0])


def test_tables_survive_their_file(tmp_path: Path) -> None:
    null = [tables(64), tables(512)]
    path = save_null(tmp_path / "null.safetensors", null)
    for found, given in zip(load_null(path), null, strict=True):
        for one, other in zip(found, given, strict=True):
            np.testing.assert_array_equal(one, other)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(DamagedFile, match="fit the null model anew"):
        load_null(path)
    with pytest.raises(BadInput, match="no such file"):
        load_null(tmp_path / "nothing")


def test_shuffles_have_the_asked_length_and_need_proteins() -> None:
    given = [np.arange(20, dtype=np.uint8), np.zeros(5, np.uint8)]
    assert [len(one) for one in shuffles_of(given, 70, 3, 0)] == [70] * 3
    with pytest.raises(BadInput, match="no protein to shuffle"):
        shuffles_of([], 70, 3, 0)


@pytest.mark.parametrize(("residues", "expected"), [(0, 64), (90, 64), (91, 128), (9999, 512)])
def test_the_length_that_is_nearest_in_ratio_counts(residues: int, expected: int) -> None:
    assert nearest([tables(64), tables(128), tables(512)], residues).length == expected
