"""Patterns of the grammar: what counts as found."""

import numpy as np

from sciml.protein.alphabet import LETTERS, encoded
from sciml.protein.grammar import GrammarSettings, PlantedWord, speak
from sciml.protein.grammar_tasks import (
    frequent_patterns,
    judged,
    matches,
    spelt,
    triples,
)
from sciml.protein.vocabulary.keys import parsed
from sciml.protein.words.links import Links

WORD = PlantedWord(encoded("CHWY"), np.array([0, 1, 4, 10]))
CONTINUOUS = PlantedWord(encoded("MKVL"), np.arange(4))


def test_a_pattern_is_of_a_word_when_letters_and_distances_are() -> None:
    assert matches(parsed("CHx(2)W"), WORD)
    assert matches(parsed("Cx(3)Wx(4,6)Y"), WORD)
    assert matches(parsed("Hx(7,14)Y"), WORD)
    assert not matches(parsed("CHx(1)W"), WORD)
    assert not matches(parsed("CHx(2)F"), WORD)
    assert not matches(parsed("HC"), WORD)


def test_shares_are_of_words_and_of_patterns() -> None:
    found = judged([parsed("CHx(2)W"), parsed("AAA")], [CONTINUOUS, WORD], "")
    assert found == {
        "patterns": 2,
        "discontinuous_words_found": 1.0,
        "continuous_words_found": 0.0,
        "patterns_of_a_planted_word": 0.5,
    }
    assert judged([], [CONTINUOUS, WORD], "")["patterns_of_a_planted_word"] == 0


def test_a_word_is_spelt_with_a_point_for_each_residue_of_its_gaps() -> None:
    assert spelt(WORD) == "CH..W.....Y"
    assert spelt(CONTINUOUS) == "MKVL"


def test_triples_are_residues_that_two_links_hold_together() -> None:
    pair = np.array([[0, 5], [5, 9], [20, 30]], np.int32)
    links = Links(np.zeros(3, np.int32), pair, np.zeros(3, np.float32))
    assert triples(links) == {(0, 5, 9)}


def test_the_most_frequent_patterns_are_counted_once_in_each_protein() -> None:
    proteins = [encoded("AAAAAAA"), encoded("ACDACD"), encoded("ACDW")]
    (best,) = frequent_patterns(proteins, 2, 1)
    assert best == parsed("ACD")  # in two proteins; AAA is in one, many times


def test_frequent_patterns_are_those_of_a_count_by_hand() -> None:
    spoken = speak(GrammarSettings(), 6, 0)
    found = frequent_patterns(spoken.proteins, 0, 5)
    texts = ["".join(LETTERS[c] for c in p) for p in spoken.proteins]
    count = {t: sum(t in one for one in texts) for one in texts for t in
             (one[k : k + 3] for k in range(len(one) - 2))}  # fmt: skip
    supports = [count[one.spelling] for one in found]
    assert supports == sorted(count.values(), reverse=True)[:5]
