import re
from collections.abc import Sequence

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.protein.alphabet import UNKNOWN, Codes, decoded, encoded
from sciml.protein.vocabulary.keys import BEGINNING, END, GAPS, LONGEST, SYMBOLS, Pattern, parsed
from sciml.protein.vocabulary.scanner import Scanner

Found = set[tuple[int, int, tuple[int, ...]]]


def expression(pattern: Pattern) -> re.Pattern[str]:
    """The pattern as a regular expression that prefers near residues and can overlap itself."""
    text, ends = "", {BEGINNING: "^", END: "$"}
    for gap, symbol in zip((None, *pattern.gaps), pattern.symbols, strict=True):
        if gap is not None:
            first, last = GAPS[gap]
            text += f".{{{first - 1},{last - 1}}}?"
        text += ends.get(symbol) or f"([{SYMBOLS[symbol]}])"
    return re.compile(f"(?={text})")


def searched(patterns: Sequence[Pattern], proteins: Sequence[Codes]) -> Found:
    return {
        (number, which, tuple(hit.start(k + 1) for k in range(len(hit.groups()))))
        for which, pattern in enumerate(patterns)
        for number, codes in enumerate(proteins)
        for hit in expression(pattern).finditer(decoded(codes))
    }


def scanned(patterns: Sequence[Pattern], proteins: Sequence[Codes]) -> Found:
    found = Scanner([pattern.key for pattern in patterns]).occurrences(proteins)
    rows = [
        (int(protein), int(pattern), tuple(int(place) for place in places if place >= 0))
        for protein, pattern, places in zip(*found, strict=True)
    ]
    assert len(set(rows)) == len(rows)
    return set(rows)


def random_patterns(draw: np.random.Generator, count: int, gaps: int = len(GAPS)) -> list[Pattern]:
    made: set[Pattern] = set()
    while len(made) < count:
        size = int(draw.integers(2, LONGEST + 1))
        # Few symbols, so that long patterns occur and backtracking is needed.
        symbols = draw.choice([0, 1, 20, 21, 25], size)
        made.add(Pattern(tuple(symbols.tolist()), tuple(draw.integers(0, gaps, size - 1).tolist())))
    return sorted(made)


def with_ends(draw: np.random.Generator, patterns: Sequence[Pattern]) -> list[Pattern]:
    """Some of the patterns, each with the beginning of a protein, its end, or both, in turn."""
    found = set[Pattern]()
    for number, (symbols, gaps) in enumerate(patterns):
        gap = tuple(draw.integers(0, len(GAPS), 2).tolist())
        size = LONGEST - (number % 3 == 2) - 1
        inner, steps = symbols[:size], gaps[: size - 1]
        before, behind = number % 3 != 1, number % 3 != 0
        found.add(
            Pattern(
                (BEGINNING,) * before + inner + (END,) * behind,
                gap[:1] * before + steps + gap[1:] * behind,
            )
        )
    return sorted(found)


def random_proteins(draw: np.random.Generator, lengths: Sequence[int]) -> list[Codes]:
    letters = encoded("LAGIDEKVVSX")
    return [draw.choice(letters, length) for length in lengths]


@pytest.mark.parametrize("seed", range(8))
def test_the_scanner_finds_what_a_regular_expression_finds(seed: int) -> None:
    draw = np.random.default_rng(seed)
    patterns = random_patterns(draw, 60)
    proteins = random_proteins(draw, [0, 1, 63, 64, 65, 128, *draw.integers(2, 400, 14).tolist()])
    found = searched(patterns, proteins)
    assert len(found) > 1000
    assert scanned(patterns, proteins) == found


@pytest.mark.parametrize("seed", range(8))
def test_patterns_at_the_ends_of_proteins_are_found(seed: int) -> None:
    draw = np.random.default_rng(seed)
    plain = random_patterns(draw, 60)
    short = [Pattern(one.symbols[:1], ()) for one in plain]
    patterns = sorted({*with_ends(draw, plain), *with_ends(draw, short), *plain[:10]})
    lengths = [0, 1, 2, 3, 63, 64, 65, 128, *draw.integers(2, 100, 200).tolist(), 5000]
    proteins = random_proteins(draw, lengths)
    found = searched(patterns, proteins)
    assert len(found) > 1000
    assert scanned(patterns, proteins) == found
    scanner = Scanner([pattern.key for pattern in patterns])
    masks = [np.zeros(len(codes), bool) for codes in proteins]
    for number, _, places in found:
        masks[number][list(places)] = True
    for ours, theirs in zip(scanner.covered(proteins), masks, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    support = np.zeros(len(patterns))
    for which, _ in {(which, number) for number, which, _ in found}:
        support[which] += 1
    np.testing.assert_array_equal(scanner.support(proteins, np.ones(len(proteins))), support)


@pytest.mark.parametrize("seed", range(3))
def test_proteins_longer_than_what_is_scanned_at_once_are_found_whole(seed: int) -> None:
    draw = np.random.default_rng(seed)
    patterns = random_patterns(draw, 10)
    proteins = random_proteins(draw, [50, 9000, 30, 4096, 4033])
    assert scanned(patterns, proteins) == searched(patterns, proteins)


@pytest.mark.parametrize("gaps", [1, 2, 5, 8])
def test_no_occurrence_spans_two_proteins(gaps: int) -> None:
    draw = np.random.default_rng(gaps)
    patterns = random_patterns(draw, 30, gaps)[:30]
    proteins = random_proteins(draw, [3] * 300)
    assert scanned(patterns, proteins) == searched(patterns, proteins)


@pytest.mark.parametrize("seed", range(3))
def test_covered_are_the_residues_of_all_occurrences(seed: int) -> None:
    draw = np.random.default_rng(seed)
    patterns, proteins = random_patterns(draw, 20), random_proteins(draw, [200, 0, 5000, 77])
    masks = [np.zeros(len(codes), bool) for codes in proteins]
    for number, _, places in searched(patterns, proteins):
        masks[number][list(places)] = True
    covered = Scanner([pattern.key for pattern in patterns]).covered(proteins)
    for ours, theirs in zip(covered, masks, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("seed", range(3))
def test_support_is_the_weight_of_the_proteins_with_an_occurrence(seed: int) -> None:
    draw = np.random.default_rng(seed)
    patterns = random_patterns(draw, 20)
    proteins = random_proteins(draw, draw.integers(2, 60, 700).tolist())
    weights = draw.random(len(proteins))
    expected = np.zeros(len(patterns))
    for which, number in {(which, number) for number, which, _ in searched(patterns, proteins)}:
        expected[which] += weights[number]
    support = Scanner([pattern.key for pattern in patterns]).support(proteins, weights)
    np.testing.assert_allclose(support, expected, rtol=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_rare_letters_and_frequent_classes_are_found_alike(seed: int) -> None:
    draw = np.random.default_rng(seed)
    symbols, gaps = draw.integers(0, len(SYMBOLS), (300, 4)), draw.integers(0, len(GAPS), (300, 3))
    patterns = sorted(
        {
            Pattern(tuple(one.tolist()), tuple(two.tolist()))
            for one, two in zip(symbols, gaps, strict=True)
        }
    )
    proteins = [draw.integers(0, 21, n).astype("u1") for n in draw.integers(2, 600, 30)]
    assert scanned(patterns, proteins) == searched(patterns, proteins)


def test_unknown_letters_match_nothing() -> None:
    scanner = Scanner([parsed("[AG][AG]").key, parsed("LL").key])
    found = scanner.occurrences([np.full(100, UNKNOWN, np.uint8)])
    assert found.protein.size == 0


def test_a_stream_gives_the_same_whatever_is_held_at_once() -> None:
    draw = np.random.default_rng(0)
    proteins = random_proteins(draw, draw.integers(1, 300, 40).tolist())
    scanner = Scanner([pattern.key for pattern in random_patterns(draw, 20)])
    named = [(f"protein {n}", codes) for n, codes in enumerate(proteins)]
    seen: list[set[tuple[str, int, tuple[int, ...]]]] = []
    for held in (1, 1000, 10**9):
        seen.append(
            {
                (names[protein], int(pattern), tuple(places.tolist()))
                for names, found in scanner.stream(iter(named), held)
                for protein, pattern, places in zip(*found, strict=True)
            }
        )
    assert seen[0] == seen[1] == seen[2] != set()


def test_no_protein_gives_no_occurrence() -> None:
    scanner = Scanner([parsed("LL").key])
    assert scanner.occurrences([]).protein.size == 0
    assert scanner.covered([]) == []


def test_what_is_no_vocabulary_or_no_protein_is_refused() -> None:
    with pytest.raises(BadInput, match="empty"):
        Scanner([])
    with pytest.raises(BadInput, match="twice"):
        Scanner([parsed("LL").key] * 2)
    with pytest.raises(BadInput, match="code"):
        Scanner([parsed("LL").key]).covered([np.array([21], np.uint8)])
