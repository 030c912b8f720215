"""Words near the ends of proteins are counted exactly, and only what belongs there stands out."""

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.protein.alphabet import UNKNOWN, Codes, encoded
from sciml.protein.vocabulary.census import Census, CensusSettings, Table
from sciml.protein.vocabulary.counting import UNIT
from sciml.protein.vocabulary.ends import (
    SIDES,
    EndTables,
    Side,
    keys_near,
    no_words_near_ends,
    words_near_ends,
)
from sciml.protein.vocabulary.keys import from_key
from sciml.protein.vocabulary.ranking import Counted, PartSettings, Ranked, ranked
from sciml.protein.vocabulary.significance import scanned_support

KIND = CensusSettings(elements=2, widest=2)


def proteins_by_chance(seed: int, count: int = 400, letters: int = 20) -> list[Codes]:
    draw = np.random.default_rng(seed)
    return [draw.integers(0, letters, n).astype(np.uint8) for n in draw.integers(40, 160, count)]


def asked(proteins: list[Codes], side: Side, support: float = 5) -> tuple[Counted, Ranked]:
    """The words of a part near an end."""
    census = Census(KIND)
    census.add(proteins)
    tables = words_near_ends(proteins, [1.0] * len(proteins), KIND)
    seen = census.table()
    counted = Counted(seen, seen, np.zeros(21, np.int64), ends=tables)
    return counted, ranked(counted, PartSettings(census=KIND, by=side, support=support, words=1))


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("kind", [KIND, CensusSettings(spelling="classes", elements=2, widest=7)])
def test_support_is_that_of_a_search_for_every_word(kind: CensusSettings, side: Side) -> None:
    draw = np.random.default_rng(1)
    proteins = [draw.integers(0, 6, n).astype(np.uint8) for n in draw.integers(0, 50, 40)]
    proteins.append(np.array([0, UNKNOWN, 1, 2, UNKNOWN, 3], np.uint8))
    weights = np.round(draw.random(len(proteins)) * 8 + 1) / 16  # exact in units
    tables = words_near_ends(proteins, weights.tolist(), kind)
    support = tables.support(side).ravel()
    places = np.flatnonzero(support)
    keys = keys_near(kind, side, places)
    assert len(set(keys)) == len(keys) > 100
    np.testing.assert_allclose(support[places], scanned_support(keys, proteins, weights.tolist()))


def test_every_place_counts_once_everywhere_and_once_near_an_end_within_reach() -> None:
    proteins = [np.zeros(n, np.uint8) for n in (1, 2, 20, 100)]
    tables = words_near_ends(proteins, [1.0] * 4, CensusSettings(elements=2, widest=1))
    assert tables.places[0] == (0 + 1 + 19 + 99) * UNIT
    assert tables.everywhere.sum() == tables.places[0]
    assert (tables.starts.sum((1, 2)) == (1 + 19 + 31) * UNIT).all()
    assert tables.near.max() == 3 * UNIT  # a protein counts once


def test_words_that_stand_anywhere_are_expected_as_often_as_they_come() -> None:
    tables = words_near_ends(proteins_by_chance(2, 2000), [1.0] * 2000, KIND)
    for side in SIDES:
        ratio = tables.support(side).sum((1, 2)) / tables.expected(side).sum((1, 2))
        assert (ratio <= 1 + 1e-9).all()
        assert (ratio > 0.97).all()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("side", SIDES)
def test_proteins_by_chance_have_hardly_a_significant_word(side: Side, seed: int) -> None:
    assert len(asked(proteins_by_chance(seed), side, 1)[1].places) <= 2  # of 5,600


def test_a_word_planted_at_an_end_is_first_there_and_nowhere_else() -> None:
    proteins, word = proteins_by_chance(3), encoded("WH")
    for one in proteins[:80]:
        one[[9, 11]] = word
    for one in proteins[100:200]:
        one[[-1, -2]] = word
    for one in proteins[200:]:
        one[len(one) // 2 : len(one) // 2 + 2] = word
    begun, first = asked(proteins, "beginning")
    assert from_key(begun.keys("beginning", first.places)[0]).spelling == "<x(7,14)Wx(1)H"
    assert first.q[0] < 1e-9
    ended, last = asked(proteins, "end")
    assert from_key(ended.keys("end", last.places)[0]).spelling == "HW>"
    spelt = [from_key(key).spelling for key in begun.keys("beginning", first.places)]
    assert not any("WH" in one for one in spelt)


def test_parts_add_up() -> None:
    proteins = proteins_by_chance(4, 60)
    whole = words_near_ends(proteins, [1.0] * 60, KIND)
    parts = no_words_near_ends(KIND)
    for some in (proteins[:20], proteins[20:]):
        parts = parts.joined(words_near_ends(some, [1.0] * len(some), KIND))
    assert isinstance(parts, EndTables)
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_was_not_counted_or_is_too_much_is_refused() -> None:
    empty = Table(KIND, np.zeros((KIND.shapes, KIND.words), np.int64))
    with pytest.raises(BadInput, match="near the end of proteins were not counted"):
        ranked(
            Counted(empty, empty, np.zeros(21, np.int64)),
            PartSettings(census=KIND, by="end", words=1),
        )
    with pytest.raises(ValueError, match="too many words to count near the beginning"):
        PartSettings(census=CensusSettings(elements=4, widest=3), by="beginning", words=1)
