"""Laws of words in proteins: covering, throwing, and leaving out what comes twice."""

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.protein.alphabet import encoded
from sciml.protein.evaluation.places import (
    Places,
    covered,
    distinct,
    places_of_occurrences,
    places_of_spans,
    places_of_words,
    thrown,
)
from sciml.protein.vocabulary.keys import parsed
from sciml.protein.vocabulary.scanner import Scanner
from sciml.protein.word import Word

LENGTHS = [30, 7, 200]


def random_places(seed: int, words: int = 60) -> Places:
    """Words of one to five residues, with gaps, anywhere."""
    generator = np.random.default_rng(seed)
    found: list[list[Word]] = [[], [], []]
    for _ in range(words):
        protein = int(generator.integers(3))
        size = int(generator.integers(1, 6))
        chosen = np.sort(generator.choice(LENGTHS[protein], size, replace=False))
        found[protein].append(Word(tuple(chosen.tolist()), (), 0.0))
    return places_of_words(found)


@pytest.mark.parametrize("seed", range(3))
def test_thrown_words_keep_shape_and_protein(seed: int) -> None:
    places = random_places(seed)
    moved = thrown(places, LENGTHS, np.random.default_rng(seed))
    np.testing.assert_array_equal(moved.protein, places.protein)
    for word in range(places.size):
        here = slice(*places.first[word : word + 2])
        np.testing.assert_array_equal(np.diff(moved.residues[here]), np.diff(places.residues[here]))
    covered(moved, LENGTHS)  # refuses what lies outside


def test_every_place_is_as_likely_for_a_thrown_word() -> None:
    word = places_of_spans([[(2, 5)] * 8000])
    starts = thrown(word, [10], np.random.default_rng(1)).residues[::3]
    counts = np.bincount(starts, minlength=8)
    assert len(counts) == 8  # first residues 0 to 7
    np.testing.assert_allclose(counts, 1000, atol=5 * np.sqrt(1000))


def test_covered_residues_are_those_of_words_and_not_of_gaps() -> None:
    found = covered(places_of_words([[Word((0, 3), (), 0.0)], [Word((1,), (), 0.0)]]), [5, 2])
    assert [one.tolist() for one in found] == [
        [True, False, False, True, False],
        [False, True],
    ]


@pytest.mark.parametrize("seed", range(3))
def test_distinct_words_are_as_python_tells_them_apart(seed: int) -> None:
    places = random_places(seed)
    twice = Places(
        np.concatenate([places.protein, places.protein]),
        np.concatenate([places.first, places.first[1:] + places.first[-1]]),
        np.concatenate([places.residues, places.residues]),
    )
    seen = {
        (int(one), *places.residues[places.first[k] : places.first[k + 1]].tolist())
        for k, one in enumerate(places.protein)
    }
    assert distinct(twice).size == distinct(places).size == len(seen)


def test_occurrences_of_a_vocabulary_cover_what_the_scanner_covers() -> None:
    proteins = [encoded("MCAACDEHHG"), encoded("GGGG"), encoded("CWWC")]
    scanner = Scanner([parsed("CxxC".replace("xx", "x(2)")).key, parsed("HG").key])
    found = places_of_occurrences(scanner.occurrences(proteins))
    for one, other in zip(covered(found, [10, 4, 4]), scanner.covered(proteins), strict=True):
        np.testing.assert_array_equal(one, other)


def test_words_outside_of_a_protein_are_refused() -> None:
    with pytest.raises(BadInput, match="residue 5 of protein 0"):
        covered(places_of_spans([[(4, 6)]]), [5])
    with pytest.raises(BadInput, match="protein 1 does not exist"):
        covered(places_of_spans([[], [(0, 1)]]), [5])
