"""Words that relatives keep are told from those that drift."""

from itertools import product

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.protein.alphabet import Codes
from sciml.protein.relatives import RunIndex
from sciml.protein.vocabulary.census import CensusSettings, Table, placings
from sciml.protein.vocabulary.counting import UNIT
from sciml.protein.vocabulary.kept import (
    PARTNERS,
    KeptTables,
    Pairs,
    kept_words,
    no_kept_words,
    pairs_of,
)
from sciml.protein.vocabulary.ranking import BY_RELATIVES, Counted, PartSettings, Question, ranked

KIND = CensusSettings(elements=2, widest=2)
HELD, MOTIF = 19, (4, 7)  # a letter that hardly changes; two letters held where they are neighbours


def family(draw: np.random.Generator, members: int = 3, length: int = 150) -> list[Codes]:
    """Relatives that share half of their letters, all of one letter, and all of a motif."""
    first = draw.integers(0, 20, length).astype(np.uint8)
    first[30:120:40], first[31:121:40] = MOTIF
    fixed = first == HELD
    fixed[30:120:40] = fixed[31:121:40] = True
    fixed[:20] = True  # where relatives are recognised
    found = [first]
    for _ in range(members - 1):
        other = first.copy()
        drifts = ~fixed & (draw.random(length) < 0.75)
        other[drifts] = draw.integers(0, 20, drifts.sum())
        found.append(other)
    return found


def many(families: int = 120) -> list[Codes]:
    draw = np.random.default_rng(2)
    return [one for _ in range(families) for one in family(draw)]


PROTEINS = many()
WEIGHTS = [1 / 3] * len(PROTEINS)
PAIRS = pairs_of(PROTEINS, WEIGHTS)
TABLES = kept_words(PAIRS, KIND)


def by_hand(pairs: Pairs, settings: CensusSettings) -> np.ndarray:
    """Kept words, one at a time."""
    found = np.zeros((settings.shapes, settings.words), np.int64)
    ways = placings(settings)
    for way, pair in product(range(len(ways.shape)), range(len(pairs.one))):
        for start in range(pairs.length[pair] - ways.offsets[way][-1]):
            places = start + ways.offsets[way]
            one, two = pairs.flat[pairs.one[pair] + places], pairs.flat[pairs.two[pair] + places]
            if (one == two).all():
                word = int(one[0]) * settings.symbols + int(one[1])
                found[ways.shape[way], word] += int(pairs.weight[pair] * UNIT)
    return found


def owners(places: np.ndarray) -> np.ndarray:
    """The numbers of the proteins that residues belong to."""
    return np.searchsorted(np.cumsum([len(one) for one in PROTEINS]), places, "right")


def test_each_protein_counts_as_much_as_its_weight() -> None:
    read = len(np.unique(owners(PAIRS.one)))
    assert PAIRS.weight.sum() == pytest.approx(read / 3)
    assert read > 0.8 * len(PROTEINS)
    assert np.bincount(owners(PAIRS.one)).max() <= PARTNERS


def test_stretches_lie_on_relatives() -> None:
    owner, other = owners(PAIRS.one), owners(PAIRS.two)
    assert (owner != other).all()
    assert np.mean(owner // 3 == other // 3) > 0.99
    assert (owner == owners(PAIRS.one + PAIRS.length - 1)).all()
    assert (other == owners(PAIRS.two + PAIRS.length - 1)).all()


@pytest.mark.parametrize("kind", [KIND, CensusSettings(elements=2, widest=15)])
def test_kept_words_are_those_that_both_have(kind: CensusSettings) -> None:
    few = pairs_of(PROTEINS[:30], WEIGHTS[:30])
    assert np.array_equal(kept_words(few, kind).kept, by_hand(few, kind))


def ranks(by: Question) -> dict[tuple[int, int], int]:
    """The rank of each pair of neighbours."""
    counted = Counted(Table(KIND, TABLES.kept), Table(KIND, TABLES.kept), np.zeros(21, np.int64))
    part = PartSettings(census=KIND, by=by, support=1, rate=1, words=1)
    places = ranked(counted._replace(kept=TABLES), part).places
    near = places[places < KIND.words]
    return {divmod(int(one), 20): rank for rank, one in enumerate(near)}


@pytest.mark.parametrize("by", BY_RELATIVES)
def test_what_is_held_together_comes_first(by: Question) -> None:
    assert ranks(by)[MOTIF] == 0


def test_a_letter_that_is_kept_anyhow_makes_words_only_if_letters_do_not_count() -> None:
    plain, beyond = ranks("kept"), ranks("kept_beyond_letters")
    words = [(HELD, other) for other in range(20) if (HELD, other) in plain]
    middle = len(plain) / 2
    assert np.mean([plain[one] for one in words]) < 0.5 * middle
    assert np.mean([beyond[one] for one in words]) > 0.8 * middle


def test_words_of_letters_that_drift_are_kept_as_expected() -> None:
    """Without a motif or a held letter: kept over expected is 1 within its own error."""
    draw = np.random.default_rng(5)
    proteins = []
    for _ in range(150):
        first = draw.integers(0, 20, 150).astype(np.uint8)
        second = first.copy()
        drifts = draw.random(150) < 0.55
        drifts[:15] = False
        second[drifts] = draw.integers(0, 20, drifts.sum())
        proteins += [first, second]
    tables = kept_words(pairs_of(proteins, [0.5] * 300), KIND)
    for expected in (tables.by_place, tables.by_letter):
        assert tables.kept.sum() / expected.sum() == pytest.approx(1, abs=0.1)


def test_parts_add_up() -> None:
    nothing = no_kept_words(KIND)
    for one, other in zip(nothing.joined(TABLES), TABLES, strict=True):
        assert np.array_equal(one, other)
    twice = TABLES.joined(TABLES)
    assert isinstance(twice, KeptTables)
    assert np.array_equal(twice.kept, 2 * TABLES.kept)


def test_proteins_without_relatives_keep_nothing() -> None:
    draw = np.random.default_rng(0)
    alone = [draw.integers(0, 20, 80).astype(np.uint8) for _ in range(20)]
    assert not any(one.any() for one in kept_words(pairs_of(alone, [1.0] * 20), KIND))
    assert len(RunIndex(alone).stretches(alone[3]).other) == 1  # itself


def test_a_question_that_was_not_counted_is_refused() -> None:
    empty = Table(KIND, no_kept_words(KIND).kept)
    with pytest.raises(BadInput, match="relatives"):
        ranked(Counted(empty, empty, np.zeros(21, np.int64)), PartSettings(by="kept", words=1))
