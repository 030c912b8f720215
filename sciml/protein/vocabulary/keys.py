"""Patterns of words: residues or classes of residues, and how far apart they stand.

A pattern is spelt like a motif of PROSITE: ``[DE]x(2)[ST]x(4,6)C`` is an acid, a serine or
threonine three residues on, and a cysteine five to seven residues further. ``<`` is the place
before the first residue of a protein and ``>`` that behind the last one: ``<x(7,14)L`` is a
leucine among the 8th to the 15th residue. Its key is a number of 64 bits which holds the whole
pattern, so two patterns never share one and a key can be read back.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, Literal, NamedTuple

import numpy as np

from sciml.core.errors import BadInput
from sciml.protein.alphabet import CLASSES, LETTERS, UNKNOWN, Codes

# How many positions a residue lies behind the one before it: 1 is its neighbour. Longer steps
# differ more between relatives, hence wider bins. The last bin has an end, for without one a
# pattern would be met by chance in every long protein.
GAPS: Final = ((1, 1), (2, 2), (3, 3), (4, 4), (5, 7), (8, 15), (16, 31), (32, 63))

# What an element of a pattern can be: each letter alone, then the classes of several letters.
SYMBOLS: Final = (*LETTERS, *(members for members in CLASSES if len(members) > 1))

# Elements that are no residue: where a protein begins, and where it ends.
BEGINNING: Final = len(SYMBOLS)
END: Final = BEGINNING + 1
NAMES: Final = (*SYMBOLS, "<", ">")  # of all elements

LONGEST: Final = 8  # elements: their bytes fill a key

Spelling = Literal["letters", "classes"]

_GAP_STARTS: Final = tuple(first for first, _ in GAPS)
_SYMBOL_OF: Final = {frozenset(members): number for number, members in enumerate(NAMES)}
_CLASS_OF_LETTER: Final = {
    letter: _SYMBOL_OF[frozenset(members)] for members in CLASSES for letter in members
}
_SYMBOLS_OF_CODES: Final = {
    "letters": tuple(range(len(LETTERS))),
    "classes": tuple(_CLASS_OF_LETTER[letter] for letter in LETTERS),
}
_ELEMENT: Final = re.compile(r"([A-Z<>]|\[[A-Z]+\])(?:x(?:\((\d+)(?:,(\d+))?\))?)?")


class Pattern(NamedTuple):
    """What a word looks like in any protein."""

    symbols: tuple[int, ...]  # numbers in NAMES, two to LONGEST
    gaps: tuple[int, ...]  # numbers in GAPS, one fewer

    @property
    def key(self) -> int:
        """The pattern as a number: a byte for each element, the first one highest."""
        key = 0
        for symbol, gap in zip(self.symbols, (0, *self.gaps), strict=True):
            key = key << 8 | gap << 5 | (symbol + 1)
        return key << 8 * (LONGEST - len(self.symbols))

    @property
    def spelling(self) -> str:
        """The pattern in letters, as :func:`parsed` reads it."""
        words = [_spelt_symbol(self.symbols[0])]
        for gap, symbol in zip(self.gaps, self.symbols[1:], strict=True):
            words += [_spelt_gap(gap), _spelt_symbol(symbol)]
        return "".join(words)

    @property
    def spans(self) -> tuple[int, int]:
        """The least and the greatest distance from the first element to the last."""
        return sum(GAPS[gap][0] for gap in self.gaps), sum(GAPS[gap][1] for gap in self.gaps)

    @property
    def is_anchored(self) -> bool:
        """Whether it asks where a protein begins or ends."""
        return self.symbols[0] == BEGINNING or self.symbols[-1] == END


def parsed(spelling: str) -> Pattern:
    """Read a spelt pattern.

    Args:
        spelling: For example ``[DE]x(2)[ST]x(4,6)C``. The letters of a class may come in any order.

    Returns:
        The pattern.

    Raises:
        BadInput: if it is not a pattern, names a class or a gap that does not exist, has fewer than
            two or more than eight elements, ``<`` is not the first or ``>`` not the last of them,
            or there is no residue beside them.
    """
    symbols: list[int] = []
    gaps: list[int] = []
    place = 0
    while place < len(spelling):
        element = _ELEMENT.match(spelling, place)
        if element is None:
            raise BadInput(f"pattern {spelling!r}: cannot be read from character {place + 1} on")
        symbols.append(_symbol_of(element[1].strip("[]"), spelling))
        place = element.end()
        if place < len(spelling):
            gaps.append(_gap_of(element, spelling))
        elif "x" in element[0]:
            raise BadInput(f"pattern {spelling!r}: ends in a gap; a residue must follow")
    return _checked(Pattern(tuple(symbols), tuple(gaps)), repr(spelling))


def from_key(key: int) -> Pattern:
    """The pattern of a key.

    Args:
        key: See :attr:`Pattern.key`.

    Returns:
        The pattern.

    Raises:
        BadInput: if the number is the key of no pattern.
    """
    held = int(key).to_bytes(LONGEST, "big") if 0 <= key < 1 << 61 else b""
    elements = held.rstrip(b"\0")
    symbols = tuple((byte & 31) - 1 for byte in elements)
    gaps = tuple(byte >> 5 for byte in elements[1:])
    if any(not 0 <= symbol < len(NAMES) for symbol in symbols):
        raise BadInput(f"key {key}: is of no pattern; take keys from Pattern.key")
    return _checked(Pattern(symbols, gaps), f"key {key}")


def pattern_at(
    codes: Codes, positions: Sequence[int], spelling: Spelling = "classes"
) -> Pattern | None:
    """The pattern of some residues of a protein.

    Args:
        codes: The protein, see :func:`sciml.protein.alphabet.encoded`. Shape (residue,).
        positions: The residues, from 0, ascending.
        spelling: Whether the pattern names each letter or only its class.

    Returns:
        The pattern; none where a letter is unknown, a step is wider than the widest gap, or there
        are fewer than two or more than eight residues.
    """
    if not 2 <= len(positions) <= LONGEST:
        return None
    letters = [int(codes[place]) for place in positions]
    steps = [after - before for before, after in pairwise(positions)]
    if UNKNOWN in letters or min(steps) < 1 or max(steps) > GAPS[-1][1]:
        return None
    symbols = _SYMBOLS_OF_CODES[spelling]
    return Pattern(
        tuple(symbols[letter] for letter in letters),
        tuple(bisect_right(_GAP_STARTS, step) - 1 for step in steps),
    )


def patterns_of(
    codes: Codes,
    positions: Sequence[int],
    spelling: Spelling = "classes",
    sizes: Sequence[int] = (4,),
) -> dict[int, tuple[int, ...]]:
    """The patterns that a word contributes: the whole one and runs of its residues.

    A word that is conserved in part still shares its runs with its relatives.

    Args:
        codes: The protein. Shape (residue,).
        positions: The residues of the word, from 0, ascending.
        spelling: Whether patterns name letters or classes.
        sizes: How many consecutive residues of the word a run has.

    Returns:
        Positions by key; the first ones where a pattern comes twice. A word of more than eight
        residues contributes its runs only.
    """
    runs = [tuple(positions)]
    for size in sizes:
        runs += [tuple(positions[k : k + size]) for k in range(len(positions) - size + 1)]
    found: dict[int, tuple[int, ...]] = {}
    for run in runs:
        pattern = pattern_at(codes, run, spelling)
        if pattern is not None:
            found.setdefault(pattern.key, run)
    return found


def symbols_of(spelling: Spelling) -> tuple[int, ...]:
    """The symbol of each letter, or of each class of one letter or more, in their order."""
    if spelling == "letters":
        return tuple(range(len(LETTERS)))
    return tuple(_SYMBOL_OF[frozenset(members)] for members in CLASSES)


def symbol_members() -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """Which residues each symbol stands for. Shape (symbol, code); unknown belongs to none."""
    members = np.zeros((len(SYMBOLS), UNKNOWN + 1), bool)
    for number, letters in enumerate(SYMBOLS):
        members[number, [LETTERS.index(letter) for letter in letters]] = True
    return members


def _spelt_symbol(symbol: int) -> str:
    """A letter, or the letters of a class in brackets."""
    members = NAMES[symbol]
    return members if len(members) == 1 else f"[{members}]"


def _spelt_gap(gap: int) -> str:
    """How many residues stand between two elements."""
    first, last = GAPS[gap]
    if last == 1:
        return ""
    return f"x({first - 1})" if first == last else f"x({first - 1},{last - 1})"


def _symbol_of(letters: str, spelling: str) -> int:
    """The number of a letter or a class."""
    symbol = _SYMBOL_OF.get(frozenset(letters))
    if symbol is None or len(set(letters)) != len(letters):
        raise BadInput(
            f"pattern {spelling!r}: {letters!r} is neither a residue nor a class; "
            f"classes are {', '.join(members for members in SYMBOLS if len(members) > 1)}"
        )
    return symbol


def _gap_of(element: re.Match[str], spelling: str) -> int:
    """The number of the gap after an element."""
    first = int(element[2] or ("x" in element[0])) + 1
    gap = (first, int(element[3]) + 1 if element[3] else first)
    if gap not in GAPS:
        known = ", ".join(_spelt_gap(number) for number in range(1, len(GAPS)))
        raise BadInput(f"pattern {spelling!r}: no gap {element[0]!r}; gaps are {known}, or none")
    return GAPS.index(gap)


def _checked(pattern: Pattern, name: str) -> Pattern:
    """The pattern, if it has as many elements as one can have, and its ends where they can be."""
    symbols = pattern.symbols
    if not 2 <= len(symbols) <= LONGEST:
        raise BadInput(f"pattern {name}: has {len(symbols)} elements; it can have 2 to {LONGEST}")
    if BEGINNING in symbols[1:] or END in symbols[:-1] or symbols == (BEGINNING, END):
        raise BadInput(
            f"pattern {name}: '<' can only stand first and '>' last, with a residue beside them"
        )
    return pattern
