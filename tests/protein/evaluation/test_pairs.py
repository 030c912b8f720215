"""Laws of pairs: random links have the precision of chance, perfect ones that of truth."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from sciml.core.axes import IntArray
from sciml.core.errors import BadInput
from sciml.protein.alphabet import encoded
from sciml.protein.evaluation.pairs import (
    ScoredPairs,
    best_of,
    pair_score,
    pairs_of_letters,
    pairs_of_links,
    pairs_of_units,
    pairs_of_vocabulary,
    pairs_of_words,
)
from sciml.protein.evaluation.places import places_of_words
from sciml.protein.sets import Unit
from sciml.protein.vocabulary.keys import parsed
from sciml.protein.vocabulary.store import VocabularyEntry
from sciml.protein.word import Word
from sciml.protein.words.links import Links

LENGTHS = [25] * 30
CLUSTERS = np.arange(30)


def all_pairs(least: int = 6) -> IntArray:
    """Every pair far enough apart: protein, first and second residue."""
    return np.array(
        [
            (protein, one, other)
            for protein, length in enumerate(LENGTHS)
            for one in range(length)
            for other in range(one + least, length)
        ]
    )


def random_truth(seed: int, count: int = 120) -> IntArray:
    """Some of all pairs."""
    every = all_pairs()
    rows = np.random.default_rng(seed).choice(len(every), count, replace=False)
    return every[np.sort(rows)]


def random_scores(seed: int, share: float = 1.0, levels: int = 50) -> ScoredPairs:
    """Scores without meaning for a share of all pairs; many are equal."""
    generator, every = np.random.default_rng(seed), all_pairs()
    every = every[generator.random(len(every)) < share]
    return ScoredPairs(
        every[:, 0], every[:, 1:], generator.integers(0, levels, len(every)).astype(float)
    )


@pytest.mark.parametrize("share", [1.0, 0.3])
def test_average_precision_is_that_of_scikit_learn(share: float) -> None:
    truth, scored = random_truth(1), random_scores(2, share)
    score = {
        (int(p), *map(int, pair)): s
        for p, pair, s in zip(scored.protein, scored.pair, scored.score, strict=True)
    }
    true = {tuple(row) for row in truth.tolist()}
    candidates = [tuple(row) for row in all_pairs().tolist() if row[0] in set(truth[:, 0])]
    oracle = average_precision_score(
        [one in true for one in candidates], [score.get(one, -1.0) for one in candidates]
    )
    assert pair_score(scored, truth, LENGTHS, CLUSTERS).precision == pytest.approx(oracle)


def test_random_links_have_the_precision_of_prevalence_and_a_ratio_of_one() -> None:
    results = [
        pair_score(random_scores(seed, levels=10**6), random_truth(seed + 50), LENGTHS, CLUSTERS)
        for seed in range(6)
    ]
    mean = np.mean([one.precision for one in results])
    assert mean == pytest.approx(results[0].prevalence, rel=0.2)
    assert np.mean([one.ratio for one in results]) == pytest.approx(1, abs=0.2)
    assert sum(one.low <= 1 <= one.high for one in results) >= 4


def test_links_that_are_the_truth_have_precision_one() -> None:
    truth = random_truth(3)
    result = pair_score(
        ScoredPairs(truth[:, 0], truth[:, 1:], np.ones(len(truth))), truth, LENGTHS, CLUSTERS
    )
    assert result.precision == 1
    assert result.low > 2


def test_links_that_know_only_distances_are_no_better_than_the_null() -> None:
    generator, every = np.random.default_rng(4), all_pairs()
    near = every[every[:, 2] - every[:, 1] <= 10]
    truth = np.unique(near[generator.integers(0, len(near), 200)], axis=0)
    nearness = -(every[:, 2] - every[:, 1]).astype(float)
    result = pair_score(ScoredPairs(every[:, 0], every[:, 1:], nearness), truth, LENGTHS, CLUSTERS)
    assert result.precision > 2 * result.prevalence
    assert result.ratio == pytest.approx(1, abs=0.15)


def test_no_link_at_all_has_the_precision_of_prevalence() -> None:
    nothing = ScoredPairs(np.zeros(0, int), np.zeros((0, 2), int), np.zeros(0))
    truth = random_truth(5)
    result = pair_score(nothing, truth, LENGTHS, CLUSTERS)
    assert result.precision == pytest.approx(result.prevalence)


def test_pairs_of_words_have_the_sum_of_scores() -> None:
    places = places_of_words([[], [Word((1, 4, 9), (), 0.0), Word((4, 9), (), 0.0)]])
    found = pairs_of_words(places, np.array([2.0, 5.0]))
    assert found.pair.tolist() == [[1, 4], [1, 9], [4, 9]]
    assert found.score.tolist() == [2.0, 2.0, 7.0]
    assert found.protein.tolist() == [1, 1, 1]


def test_pairs_of_a_vocabulary_have_the_preferences_of_its_words() -> None:
    words = {"Cx(2)C": (30.0, 6.0), "Cx(2)CH": (6.0, 0.0), "CH": (1.0, 9.0)}
    entries = [VocabularyEntry(parsed(one).key, *known, 0, 0) for one, known in words.items()]
    found = pairs_of_vocabulary(entries, [encoded("ACAACHA"), encoded("AAAA")])
    assert found.pair.tolist() == [[1, 4], [1, 5], [4, 5]]
    assert found.score.tolist() == [4.0, 2.0, 2.0]  # a word rarer than expected counts for nothing
    assert found.protein.tolist() == [0, 0, 0]


def test_pairs_of_links_add_up_over_heads() -> None:
    links = Links(
        np.array([0, 3, 3], np.int32),
        np.array([[2, 9], [2, 9], [0, 7]], np.int32),
        np.array([-2, -3, -4], np.float32),
    )
    found = pairs_of_links([links.chosen(np.zeros(0, np.int64)), links])
    assert found.protein.tolist() == [1, 1]
    assert found.pair.tolist() == [[0, 7], [2, 9]]
    assert found.score.tolist() == [4.0, 5.0]


def test_pairs_of_units_are_far_apart_and_come_once() -> None:
    units = [[Unit(0, np.array(one), "SITE", "", "") for one in ([1, 3, 9], [3, 9, 10])]]
    assert pairs_of_units(units).tolist() == [[0, 1, 9], [0, 3, 9], [0, 3, 10]]


def test_each_pair_keeps_its_highest_score() -> None:
    pairs = ScoredPairs(np.array([0, 0]), np.array([[1, 8], [1, 8]]), np.array([1.0, 3.0]))
    assert best_of(pairs).score.tolist() == [3.0]


def test_without_a_pair_there_is_nothing_to_judge() -> None:
    with pytest.raises(BadInput, match="far enough"):
        pair_score(random_scores(0), np.zeros((0, 3), int), LENGTHS, CLUSTERS)


def test_pairs_of_letters_are_all_pairs_of_them() -> None:
    found = pairs_of_letters([encoded("CAAH"), encoded("AAAA"), encoded("DCH")], "CHD")
    assert found.protein.tolist() == [0, 2, 2, 2]
    assert found.pair.tolist() == [[0, 3], [0, 1], [0, 2], [1, 2]]
    assert len(pairs_of_letters([encoded("AAAA")], "C").score) == 0
