"""A census counts every word exactly, in whatever parts it is taken."""

from itertools import product

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.protein.alphabet import UNKNOWN, Codes
from sciml.protein.vocabulary.census import Census, CensusSettings, placings
from sciml.protein.vocabulary.counting import UNIT
from sciml.protein.vocabulary.keys import Spelling, from_key, pattern_at
from sciml.protein.vocabulary.significance import scanned_support


def proteins_by_chance(seed: int, count: int = 30) -> list[Codes]:
    """Proteins of a few letters, some unknown, of all lengths from none on."""
    draw = np.random.default_rng(seed)
    return [draw.integers(0, 6, n).astype(np.uint8) for n in draw.integers(0, 40, count)] + [
        np.array([0, UNKNOWN, 1, 2, UNKNOWN, 3, 4], np.uint8)
    ]


@pytest.mark.parametrize(
    ("spelling", "elements", "widest"),
    [
        ("letters", 3, 2),
        ("classes", 4, 3),
        ("letters", 2, 4),
        ("classes", 5, 1),
        ("letters", 2, 31),
        ("letters", 3, 7),
    ],
)
def test_support_is_that_of_a_search_for_every_word(
    spelling: Spelling, elements: int, widest: int
) -> None:
    proteins = proteins_by_chance(0)
    census = Census(CensusSettings(spelling=spelling, elements=elements, widest=widest))
    census.add(proteins)
    table = census.table()
    places = np.flatnonzero(table.units)
    keys = table.keys(places)
    np.testing.assert_array_equal(table.support.ravel()[places], scanned_support(keys, proteins))
    spelt = {
        pattern.key
        for one in proteins
        for start in range(len(one))
        for steps in product(range(1, widest + 1), repeat=elements - 1)
        if start + sum(steps) < len(one)
        and (pattern := pattern_at(one, [start, *(start + np.cumsum(steps)).tolist()], spelling))
    }
    assert spelt == set(keys)


@pytest.mark.parametrize("seed", range(3))
def test_parts_in_any_order_give_the_same_table(seed: int) -> None:
    proteins, settings = proteins_by_chance(seed), CensusSettings(elements=3)
    weights = np.random.default_rng(seed).random(len(proteins)).tolist()
    whole = Census(settings)
    whole.add(proteins, weights)
    parts = Census(settings)
    parts.add(proteins[20:], weights[20:])
    further = Census(settings, parts.units)
    further.add(proteins[:20], weights[:20])
    np.testing.assert_array_equal(whole.units, further.units)


def test_a_word_counts_once_in_a_protein_with_its_weight() -> None:
    census = Census(CensusSettings(elements=2, widest=1))
    census.add([np.zeros(9, np.uint8), np.zeros(9, np.uint8)], [0.5, 0.25])
    assert census.units.sum() == census.units[0, 0] == 0.75 * UNIT
    assert from_key(census.table().keys(np.array([0]))[0]).spelling == "LL"


def test_words_do_not_reach_from_one_protein_into_the_next() -> None:
    census = Census(CensusSettings(elements=2, widest=4))
    census.add([np.array([k], np.uint8) for k in range(10)])
    assert census.units.sum() == 0


def test_words_stand_at_all_steps_up_to_the_widest() -> None:
    ways = placings(CensusSettings(elements=3, widest=2))
    assert ways.offsets.tolist() == [[0, 1, 2], [0, 1, 3], [0, 2, 3], [0, 2, 4]]
    assert ways.shape.tolist() == [0, 1, 2, 3]


def test_steps_within_a_gap_are_of_one_shape() -> None:
    ways = placings(CensusSettings(elements=2, widest=15))
    assert ways.offsets[:, 1].tolist() == list(range(1, 16))
    assert ways.shape.tolist() == [0, 1, 2, 3, *[4] * 3, *[5] * 8]


def test_weights_that_do_not_fit_and_tables_that_are_too_large_are_refused() -> None:
    with pytest.raises(BadInput, match="30 proteins but 1 weights"):
        Census(CensusSettings(elements=2)).add(proteins_by_chance(0)[:30], [1.0])
    with pytest.raises(ValueError, match="ask fewer elements"):
        CensusSettings(elements=5, widest=4)
    with pytest.raises(ValueError, match="in more than 512 ways"):
        CensusSettings(elements=3, widest=31)
    with pytest.raises(ValueError, match=r"widest: expected one of .*, got 5"):
        CensusSettings(elements=2, widest=5)
