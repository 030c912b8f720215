"""Laws of units: what is the unit is found, chance is what it is, order does not matter."""

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.protein.evaluation.places import places_of_words
from sciml.protein.evaluation.units import random_unit_score, unit_score
from sciml.protein.sets import Unit
from sciml.protein.word import Word


def unit(protein: int, *positions: int) -> Unit:
    """A unit of some residues."""
    return Unit(protein, np.array(positions, np.int64), "SITE", "", "1")


def word(*positions: int) -> Word:
    """A word of some residues."""
    return Word(positions, (), 0.0)


def test_words_that_are_the_units_have_recall_and_precision_one() -> None:
    units = [[unit(0, 3, 9, 40), unit(0, 1, 2)], [unit(1, 0, 30)]]
    words = [[Word(tuple(one.positions.tolist()), (), 0.0) for one in found] for found in units]
    score = unit_score(places_of_words(words), units)
    assert score == (3, 3, 1.0, 1.0)


@pytest.mark.parametrize("seed", range(5))
def test_scores_are_those_of_sets(seed: int) -> None:
    generator = np.random.default_rng(seed)
    units = [
        [unit(k, *np.sort(generator.choice(12, 3, replace=False))) for _ in range(3)]
        for k in range(4)
    ]
    words = [
        [word(*np.sort(generator.choice(12, 4, replace=False)).tolist()) for _ in range(6)]
        for _ in range(4)
    ]

    def alike(one: Word, other: Unit) -> bool:
        here, there = set(one.positions), set(other.positions.tolist())
        return len(here & there) >= 2 and len(here & there) / len(here | there) >= 0.5

    pairs = list(zip(units, words, strict=True))
    found = [any(alike(w, u) for w in ws) for us, ws in pairs for u in us]
    right = {
        (k, w.positions): any(alike(w, u) for u in us)
        for k, (us, ws) in enumerate(pairs)
        for w in ws
    }
    score = unit_score(places_of_words(words), units)
    assert score.recall == pytest.approx(np.mean(found))
    assert score.precision == pytest.approx(np.mean(list(right.values())))


def test_a_word_in_a_protein_without_units_does_not_count() -> None:
    units = [[unit(0, 1, 5)], []]
    places = places_of_words([[word(1, 5)], [word(2, 3)]])
    assert unit_score(places, units) == (1, 1, 1.0, 1.0)


def test_a_word_of_one_residue_is_no_bond_of_two() -> None:
    score = unit_score(places_of_words([[word(10)]]), [[unit(0, 10, 15)]])
    assert (score.recall, score.precision) == (0, 0)


def test_chance_finds_a_pair_as_often_as_there_are_places() -> None:
    units = [[unit(k, 10, 15)] for k in range(400)]
    places = places_of_words([[word(0, 5)]] * 400)
    score = random_unit_score(places, units, [26] * 400, throws=10)
    # 21 places of the word, at one of which it is the unit; overlaps of one residue are a third.
    assert score.recall == pytest.approx(1 / 21, rel=0.3)


def test_without_units_there_is_nothing_to_judge() -> None:
    with pytest.raises(BadInput, match="none to be found"):
        unit_score(places_of_words([[word(1, 2)]]), [[]])
