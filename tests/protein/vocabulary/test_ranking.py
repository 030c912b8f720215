"""Parts of a vocabulary answer their questions and keep to their shares."""

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.protein.alphabet import Codes
from sciml.protein.vocabulary.census import Census, CensusSettings
from sciml.protein.vocabulary.counting import UNIT
from sciml.protein.vocabulary.ranking import (
    Counted,
    PartSettings,
    Question,
    by_letters,
    covered_share,
    entries_of,
    joined,
    ranked,
)
from sciml.protein.words.shuffles import shuffled_by

WORD = (3, 7, 11)  # letters planted two residues apart
KIND = CensusSettings(elements=3, widest=2)


def counted_of(proteins: list[Codes], shuffles: int = 1) -> Counted:
    """Censuses of proteins and of their shuffles."""
    seen, shuffled = Census(KIND), Census(KIND)
    seen.add(proteins)
    for turn in range(shuffles):
        marks = range(turn * len(proteins), (turn + 1) * len(proteins))
        shuffled.add([shuffled_by(one, mark) for mark, one in zip(marks, proteins, strict=True)])
    letters = np.bincount(np.concatenate(proteins), minlength=21) * UNIT
    return Counted(seen.table(), shuffled.table(), letters, shuffles)


def planted(seed: int) -> list[Codes]:
    """Proteins by chance, half of which have a word with gaps."""
    draw = np.random.default_rng(seed)
    proteins = [draw.integers(0, 20, 60).astype(np.uint8) for _ in range(300)]
    for one in proteins[::2]:
        place = int(draw.integers(0, 55))
        one[place : place + 5 : 2] = WORD
    return proteins


PLANTED = planted(0)
COUNTED = counted_of(PLANTED)


@pytest.mark.parametrize("by", ["order", "composition", "excess"])
def test_a_planted_word_is_first(by: Question) -> None:
    entries = entries_of(COUNTED, PartSettings(census=KIND, by=by, words=5), PLANTED)
    assert entries[0].key == COUNTED.seen.keys(ranked_places(by))[0]
    letters = COUNTED.seen.keys(np.array([(3 * 400 + 7 * 20 + 11) + 3 * 8000]))[0]
    assert entries[0].key == letters
    assert entries[0].support >= 150 > 5 * entries[0].expected


def ranked_places(by: Question) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Places of the words of a question."""
    return ranked(COUNTED, PartSettings(census=KIND, by=by, words=5)).places


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("by", ["order", "composition", "excess"])
def test_proteins_by_chance_have_hardly_a_significant_word(by: Question, seed: int) -> None:
    draw = np.random.default_rng(seed)
    proteins = [draw.integers(0, 20, 60).astype(np.uint8) for _ in range(300)]
    part = PartSettings(census=KIND, by=by, support=1, words=5)
    for shuffles in (1, 4):
        assert len(ranked(counted_of(proteins, shuffles), part).places) <= 3  # of 32,000


def test_more_shuffles_expect_the_same_and_tell_more_words_from_chance() -> None:
    more = counted_of(PLANTED, 8)
    part = PartSettings(census=KIND, support=0, rate=1.0, words=1)
    one, other = ranked(COUNTED, part), ranked(more, part)
    assert one.expected.mean() == pytest.approx(other.expected.mean(), rel=0.02)
    first = np.flatnonzero(other.places == one.places[0])[0]
    assert other.q[first] < one.q[0]


def test_support_ranks_by_support_alone() -> None:
    found = ranked(COUNTED, PartSettings(census=KIND, by="support", support=0, words=1))
    assert (np.diff(found.support) <= 0).all()
    assert found.support[0] == COUNTED.seen.support.max()


@pytest.mark.parametrize("share", [0.04, 0.1, 0.4])
def test_a_part_covers_its_share_and_not_more(share: float) -> None:
    part = PartSettings(census=KIND, by="support", support=0, coverage=share)
    keys = [one.key for one in entries_of(COUNTED, part, PLANTED)]
    assert 0.8 * share < covered_share(keys, PLANTED) <= share


def test_letters_alone_expect_as_much_as_they_have_places() -> None:
    assert by_letters(COUNTED).sum() == pytest.approx(sum(map(len, PLANTED)))


def test_a_pattern_of_two_parts_is_one_entry() -> None:
    part = entries_of(COUNTED, PartSettings(census=KIND, words=1), PLANTED)
    assert joined([part, part]) == tuple(part)


def test_a_part_without_words_is_refused() -> None:
    with pytest.raises(BadInput, match="ask less"):
        entries_of(COUNTED, PartSettings(census=KIND, support=1e6, words=5), PLANTED)
    with pytest.raises(ValueError, match="either coverage or words"):
        PartSettings(census=KIND)
