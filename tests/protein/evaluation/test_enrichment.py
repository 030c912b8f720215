"""Laws of coverage and enrichment: words that know nothing have 1, at the rate that is claimed."""

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.protein.evaluation.coverage import Counts, counts, mean_counts
from sciml.protein.evaluation.enrichment import (
    enrichment,
    enrichment_beyond_letters,
    resampled,
)

Masks = list[np.ndarray[tuple[int], np.dtype[np.bool_]]]


def marked(seed: int, share: float, proteins: int = 60) -> Masks:
    """Residues marked one by one at random."""
    generator = np.random.default_rng(seed)
    lengths = np.random.default_rng(99).integers(50, 150, proteins)
    return [generator.random(length) < share for length in lengths]


def test_words_that_know_nothing_have_one_at_the_nominal_rate() -> None:
    inside = 0
    for trial in range(100):
        found = counts(marked(trial, 0.4), marked(1000 + trial, 0.1))
        result = enrichment(found, np.arange(60), draws=400)
        inside += result.low <= 1 <= result.high
    # Of 100 intervals at 95 %, fewer than 88 hold the truth once in 680 cases (binomial).
    assert inside >= 88


def test_an_interval_without_regard_to_clusters_is_too_narrow() -> None:
    found = counts(marked(1, 0.4, 20), marked(2, 0.1, 20))
    alike = Counts(*(np.repeat(column, 10) for column in found))
    clusters = np.repeat(np.arange(20), 10)
    honest = enrichment(alike, clusters)
    naive = enrichment(alike, np.arange(200))
    once = enrichment(found, np.arange(20))
    assert honest.high - honest.low > 2 * (naive.high - naive.low)
    np.testing.assert_allclose(honest.draws, once.draws)


def test_words_that_are_what_is_annotated_reach_one_over_its_share() -> None:
    annotated = marked(3, 0.2)
    found = counts(annotated, annotated)
    assert found.of_annotated == 1
    share = sum(one.sum() for one in annotated) / sum(map(len, annotated))
    assert enrichment(found, np.arange(60)).value == pytest.approx(1 / share)


def test_words_that_cover_everything_have_one_exactly() -> None:
    everything = [np.ones(len(one), bool) for one in marked(0, 0.5)]
    result = enrichment(counts(everything, marked(4, 0.1)), np.arange(60))
    assert (result.value, result.low, result.high) == (1, 1, 1)


def test_the_order_of_proteins_does_not_matter() -> None:
    words, truth = marked(5, 0.3), marked(6, 0.2)
    order = np.random.default_rng(0).permutation(len(words))
    clusters = np.arange(60) // 3
    one = enrichment(counts(words, truth), clusters)
    other = enrichment(
        counts([words[k] for k in order], [truth[k] for k in order]), clusters[order]
    )
    np.testing.assert_allclose(one.draws, other.draws)
    assert one.value == pytest.approx(other.value)


def test_clusters_are_drawn_as_wholes() -> None:
    weights = resampled(np.array([4, 4, 7, 7, 7]), 50, 0)
    np.testing.assert_array_equal(weights[:, 0], weights[:, 1])
    np.testing.assert_array_equal(weights[:, 2], weights[:, 4])
    np.testing.assert_array_equal(weights[:, 0] + weights[:, 2], 2)


def test_covering_letters_wherever_they_stand_knows_nothing_beyond_them() -> None:
    generator = np.random.default_rng(7)
    proteins = [generator.integers(0, 20, 80).astype(np.uint8) for _ in range(30)]
    covered = [one < 4 for one in proteins]
    annotated = [(one < 8) & (generator.random(80) < 0.3) for one in proteins]
    clusters = np.arange(30)
    found = counts(covered, annotated)
    assert enrichment(found, clusters).low > 1.5
    beyond = enrichment_beyond_letters(proteins, covered, annotated, clusters)
    assert beyond.value == pytest.approx(1)
    assert beyond.high - beyond.low < 1e-9


def test_words_that_know_which_residue_of_a_letter_go_beyond_letters() -> None:
    generator = np.random.default_rng(8)
    proteins = [generator.integers(0, 20, 80).astype(np.uint8) for _ in range(30)]
    annotated = [(one < 4) & (generator.random(80) < 0.5) for one in proteins]
    beyond = enrichment_beyond_letters(proteins, annotated, annotated, np.arange(30))
    assert beyond.value == pytest.approx(2, rel=0.1)
    assert beyond.low > 1.5


def test_the_mean_of_draws_is_taken_by_protein() -> None:
    draws = [counts(marked(seed, 0.3), marked(9, 0.1)) for seed in range(4)]
    np.testing.assert_allclose(
        mean_counts(draws).covered, np.mean([one.covered for one in draws], 0)
    )


def test_what_cannot_be_judged_is_refused() -> None:
    nothing = [np.zeros(5, bool)] * 3
    with pytest.raises(BadInput, match="no residue is annotated"):
        enrichment(counts(nothing, nothing), np.arange(3))
    with pytest.raises(BadInput, match="at least two"):
        enrichment(counts(nothing, nothing), np.zeros(3, int))
    with pytest.raises(BadInput, match="same proteins"):
        counts(nothing, nothing[1:])
