import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sciml.core.errors import BadInput
from sciml.protein.alphabet import encoded
from sciml.protein.vocabulary.keys import (
    BEGINNING,
    END,
    GAPS,
    LONGEST,
    SYMBOLS,
    Pattern,
    from_key,
    parsed,
    pattern_at,
    patterns_of,
)


@st.composite
def patterns(draw: st.DrawFn) -> Pattern:
    size = draw(st.integers(2, LONGEST))
    symbol, gap = st.integers(0, len(SYMBOLS) - 1), st.integers(0, len(GAPS) - 1)
    symbols = draw(st.lists(symbol, min_size=size, max_size=size))
    symbols[0] = draw(st.sampled_from([symbols[0], BEGINNING]))
    if size > 2 or symbols[0] != BEGINNING:
        symbols[-1] = draw(st.sampled_from([symbols[-1], END]))
    gaps = draw(st.lists(gap, min_size=size - 1, max_size=size - 1))
    return Pattern(tuple(symbols), tuple(gaps))


@given(patterns())
def test_reading_undoes_spelling(pattern: Pattern) -> None:
    assert parsed(pattern.spelling) == pattern
    assert parsed(pattern.spelling).spelling == pattern.spelling


@given(patterns())
def test_a_key_holds_the_whole_pattern_in_a_positive_number_of_64_bits(pattern: Pattern) -> None:
    assert 0 < pattern.key < 1 << 63
    assert from_key(pattern.key) == pattern


@given(patterns(), patterns())
def test_keys_sort_as_their_elements(one: Pattern, two: Pattern) -> None:
    elements = [list(zip(p.symbols, (0, *p.gaps), strict=True)) for p in (one, two)]
    ranks = [[(gap, symbol) for symbol, gap in each] for each in elements]
    assert (one.key < two.key) == (ranks[0] < ranks[1])


def test_bins_of_gaps_follow_each_other_without_a_hole() -> None:
    assert [first for first, _ in GAPS[1:]] == [last + 1 for _, last in GAPS[:-1]]


@pytest.mark.parametrize("distance", range(1, 64))
def test_a_spelt_gap_counts_the_residues_between(distance: int) -> None:
    codes = encoded("D" + "A" * (distance - 1) + "C")
    pattern = pattern_at(codes, (0, distance))
    assert pattern is not None
    least, most = pattern.spans
    assert least <= distance <= most
    between = (
        "" if most == 1 else f"x({least - 1})" if least == most else f"x({least - 1},{most - 1})"
    )
    assert pattern.spelling == f"[DE]{between}C"


def test_a_class_may_be_spelt_in_any_order() -> None:
    assert parsed("[VLI]x[ED]") == parsed("[ILV]x(1)[DE]")


def test_a_word_gives_itself_and_its_runs() -> None:
    codes = encoded("DAKCWSY")
    found = patterns_of(codes, (0, 2, 3, 4, 6), sizes=(3, 4))
    assert list(found.values()) == [
        (0, 2, 3, 4, 6),
        (0, 2, 3),
        (2, 3, 4),
        (3, 4, 6),
        (0, 2, 3, 4),
        (2, 3, 4, 6),
    ]
    assert [from_key(key).spelling for key in found][:2] == [
        "[DE]x(1)[KR]C[FW]x(1)Y",
        "[DE]x(1)[KR]C",
    ]


def test_relatives_share_classes_but_not_letters() -> None:
    one, two = encoded("DIKC"), encoded("EVRC")
    places = (0, 1, 2, 3)
    assert patterns_of(one, places) == patterns_of(two, places)
    assert (
        not patterns_of(one, places, "letters").keys() & patterns_of(two, places, "letters").keys()
    )


@pytest.mark.parametrize("positions", [(0, 64), (0,), (0, 2), (1, 1), tuple(range(3, 12))])
def test_what_cannot_be_a_pattern_is_none(positions: tuple[int, ...]) -> None:
    codes = encoded("DDX" + "A" * 70)
    assert pattern_at(codes, positions) is None


@pytest.mark.parametrize(
    "spelling",
    [
        *("", "D", "Dx(2)", "x(2)D", "[DK]C", "Dx(5,7)C", "D-C", "[DD]C", "BC", "D" * 9),
        *("<", "<>", "D<", ">D", "D<C", "[<D]", "<<D"),
    ],
)
def test_what_is_not_a_pattern_is_refused_by_name(spelling: str) -> None:
    with pytest.raises(BadInput, match="pattern"):
        parsed(spelling)


@pytest.mark.parametrize("key", [0, -1, 1 << 61, 1 << 56, 31 << 56 | 1 << 48, 1 << 56 | 1])
def test_a_number_that_is_no_key_is_refused(key: int) -> None:
    with pytest.raises(BadInput, match="key"):
        from_key(key)


def test_patterns_name_the_ends_of_proteins_as_prosite_does() -> None:
    pattern = parsed("<x(7,14)[DE]C")
    assert pattern.symbols[0] == BEGINNING
    assert pattern.gaps == (GAPS.index((8, 15)), 0)
    assert pattern.is_anchored
    assert parsed("Cx(1)>").symbols[-1] == END
    assert not parsed("CC").is_anchored


def test_keys_of_arrays_are_read_like_those_of_python() -> None:
    pattern = parsed("[DE]x(4,6)C")
    assert from_key(np.array([pattern.key])[0]) == pattern
