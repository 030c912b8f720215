"""In how many proteins words of few symbols at fixed distances stand: all of them, exactly.

A table holds every possible word, so memory does not grow with the proteins, nothing is forgotten,
and counts of parts add up to the same numbers in whatever order they come.
"""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Final, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from sciml.core.axes import FloatArray, IntArray
from sciml.core.errors import BadInput
from sciml.core.settings import Settings
from sciml.protein.alphabet import CLASS_OF_CODE, CLASSES, LETTERS, Codes
from sciml.protein.vocabulary.counting import UNIT
from sciml.protein.vocabulary.keys import GAPS, Pattern, Spelling, symbols_of

MOST_WORDS: Final = 1 << 25  # of one table: 8 bytes each, and 4 more while it is filled
MOST_PLACINGS: Final = 512  # each costs a pass over all proteins

_BLOCK: Final = 1 << 18  # residues that are counted at once
_NONE: Final = -(1 << 40)  # a symbol that makes every word with it negative

_WIDEST: Final = tuple(last for _, last in GAPS)


class Placings(NamedTuple):
    """All ways in which the symbols of a word can stand; a shape has one for each exact step."""

    offsets: NDArray[np.int32]  # of each symbol from the first one. Shape (placing, element)
    shape: IntArray  # its number, ascending. Shape (placing,)


class CensusSettings(Settings):
    """Which words are counted."""

    spelling: Spelling = "letters"
    elements: int = Field(default=4, ge=2, le=5)  # symbols of a word
    widest: int = 3  # residues from one symbol to the next at most; the end of a gap of patterns

    @model_validator(mode="after")
    def _fits(self) -> "CensusSettings":
        """Refuse a gap that patterns do not have, and a table that is too large."""
        if self.widest not in _WIDEST:
            raise ValueError(f"widest: expected one of {_WIDEST}, got {self.widest}")
        if self.widest ** (self.elements - 1) > MOST_PLACINGS:
            raise ValueError(
                f"{self.elements} elements up to {self.widest} residues apart stand in more than "
                f"{MOST_PLACINGS} ways; ask fewer elements or narrower steps"
            )
        if self.shapes * self.words > MOST_WORDS:
            raise ValueError(
                f"{self.shapes} shapes of {self.words} words are more than {MOST_WORDS}; "
                "ask fewer elements, narrower steps, or classes"
            )
        return self

    @property
    def symbols(self) -> int:
        """How many letters or classes there are."""
        return len(LETTERS if self.spelling == "letters" else CLASSES)

    @property
    def shapes(self) -> int:
        """How many rows of gaps there are."""
        return (_WIDEST.index(self.widest) + 1) ** (self.elements - 1)

    @property
    def longest(self) -> int:
        """From the first residue of a word to the last one at most."""
        return self.widest * (self.elements - 1)

    @property
    def words(self) -> int:
        """How many words a shape has."""
        return self.symbols**self.elements


class Table(NamedTuple):
    """Support of all words of one kind."""

    settings: CensusSettings
    units: IntArray  # summed weights of proteins, in units of counting. Shape (shape, word)

    @property
    def support(self) -> FloatArray:
        """In proteins. Shape (shape, word)."""
        return self.units / UNIT

    def keys(self, places: IntArray) -> list[int]:
        """Keys of words.

        Args:
            places: Of the words in the flat table. Shape (word,).

        Returns:
            See :attr:`sciml.protein.vocabulary.keys.Pattern.key`.
        """
        return keys_of(self.settings, places)


def keys_of(settings: CensusSettings, places: IntArray) -> list[int]:
    """Keys of words by their places in a flat table, see :meth:`Table.keys`.

    Args:
        settings: The kind of words.
        places: Shape (word,).

    Returns:
        Keys.
    """
    return [pattern.key for pattern in patterns_of_words(settings, places)]


def patterns_of_words(settings: CensusSettings, places: IntArray) -> list[Pattern]:
    """Patterns of words by their places in a flat table.

    Args:
        settings: The kind of words.
        places: Shape (word,).

    Returns:
        Patterns.
    """
    known = symbols_of(settings.spelling)
    gaps = _gaps(settings.elements, settings.widest)
    shape, word = np.divmod(places, settings.words)
    sides = (settings.symbols,) * settings.elements
    spelt = np.stack(np.unravel_index(word, sides), axis=1)
    return [
        Pattern(tuple(known[k] for k in row), gaps[number])
        for number, row in zip(shape, spelt, strict=True)
    ]


class Census:
    """Counts words of one kind, some proteins after others."""

    def __init__(self, settings: CensusSettings, units: IntArray | None = None) -> None:
        """Begin, or go on.

        Args:
            settings: Which words.
            units: What was counted before, see :class:`Table`; nothing by default.
        """
        self.settings = settings
        shape = (settings.shapes, settings.words)
        self.units = np.zeros(shape, np.int64) if units is None else units.copy()
        self._seen = np.full(settings.words, -1, np.int64)
        self._number = 0

    def add(self, proteins: Sequence[Codes], weights: Sequence[float] | None = None) -> None:
        """Count the words of each protein once.

        Args:
            proteins: See :func:`sciml.protein.alphabet.encoded`. An unknown letter is in no word.
            weights: How much each counts; 1 by default.

        Raises:
            BadInput: if there are not as many weights as proteins.
        """
        if weights is not None and len(weights) != len(proteins):
            raise BadInput(f"census: {len(proteins)} proteins but {len(weights)} weights")
        units = np.full(len(proteins), UNIT, np.int64)
        if weights is not None:
            units = np.round(np.asarray(weights) * UNIT).astype(np.int64)
        between, symbol = self.settings.longest, symbol_of_code(self.settings.spelling)
        for first, last in _blocks([len(one) + between for one in proteins]):
            laid = np.full(sum(map(len, proteins[first:last])) + between * (last - first), _NONE)
            owner, place = np.zeros(len(laid), np.int64), 0
            for number in range(first, last):
                one = proteins[number]
                laid[place : place + len(one)] = symbol[one]
                owner[place : place + len(one)] = number - first
                place += len(one) + between
            laid[laid >= self.settings.symbols] = _NONE
            self._number = _count(
                np.stack([laid, owner]),
                units[first:last],
                self.settings.symbols,
                placings(self.settings),
                self._number,
                self._seen,
                self.units,
            )

    def table(self) -> Table:
        """What was counted so far."""
        return Table(self.settings, self.units)


def placings(settings: CensusSettings) -> Placings:
    """All ways in which the symbols of the words of a kind can stand.

    Args:
        settings: The kind of words; 1 is a step to the next residue.

    Returns:
        Offsets, those of a shape one after another, and the shape of each.
    """
    gaps = _gaps(settings.elements, settings.widest)
    steps = [list(product(*(range(GAPS[k][0], GAPS[k][1] + 1) for k in row))) for row in gaps]
    each = np.array([one for of_shape in steps for one in of_shape], np.int32)
    found = np.concatenate([np.zeros((len(each), 1), np.int32), each.cumsum(1, np.int32)], axis=1)
    return Placings(found, np.repeat(np.arange(len(gaps)), [len(one) for one in steps]))


def _gaps(elements: int, widest: int) -> list[tuple[int, ...]]:
    """The rows of gaps of all shapes, as numbers in GAPS."""
    return list(product(range(_WIDEST.index(widest) + 1), repeat=elements - 1))


def symbol_of_code(spelling: Spelling) -> Codes:
    """The number of the letter or class of each code.

    Args:
        spelling: Whether words name letters or their classes.

    Returns:
        Numbers; beyond all of them where a letter is unknown. Shape (code,).
    """
    letters = np.arange(len(LETTERS) + 1, dtype=np.uint8)
    return letters if spelling == "letters" else CLASS_OF_CODE


def _blocks(sizes: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Runs of proteins that together fill a block, or one that is longer: first, one after last."""
    first, used = 0, 0
    for number, size in enumerate(sizes):
        if number > first and used + size > _BLOCK:
            yield first, number
            first, used = number, 0
        used += size
    if first < len(sizes):
        yield first, len(sizes)


@numba.njit(cache=True)
def _count(
    both: IntArray,
    units: IntArray,
    symbols: int,
    ways: Placings,
    number: int,
    seen: IntArray,
    found: IntArray,
) -> int:
    """Add proteins, symbols above their numbers, to their words; returns the next free mark."""
    laid, owner = both
    offsets, elements = ways.offsets, ways.offsets.shape[1]
    starts = np.empty((elements, len(laid)), np.int64)  # words of the first elements
    starts[0] = laid
    way = 0
    while way < len(offsets):
        # Shape after shape, so that the words of one stay near while they are counted.
        end = way + 1
        while end < len(offsets) and ways.shape[end] == ways.shape[way]:
            end += 1
        table = found[ways.shape[way]]
        if end > way + 1:
            _count_in_ways(both, units, symbols, offsets[way:end], number, seen, table)
        else:
            _extend(starts, laid, symbols, offsets, way)
            for place in range(len(laid) - offsets[way, -1]):
                word = starts[elements - 1, place]
                if word >= 0:
                    mark = number + owner[place]
                    if seen[word] != mark:
                        seen[word] = mark
                        table[word] += units[owner[place]]
        number, way = number + len(units), end
    return number


@numba.njit(cache=True, inline="always")
def _extend(
    starts: IntArray, laid: IntArray, symbols: int, offsets: NDArray[np.int32], way: int
) -> None:
    """Bring the words of the first elements to a way to stand; the way before it has a part."""
    elements, fresh = offsets.shape[1], 1
    while way > 0 and fresh < elements - 1 and offsets[way, fresh] == offsets[way - 1, fresh]:
        fresh += 1
    for element in range(fresh, elements):
        step = offsets[way, element]
        for place in range(len(laid) - step):
            before = starts[element - 1, place]
            starts[element, place] = before * symbols + laid[place + step]


@numba.njit(cache=True)
def _count_in_ways(
    both: IntArray,
    units: IntArray,
    symbols: int,
    offsets: NDArray[np.int32],
    number: int,
    seen: IntArray,
    table: IntArray,
) -> None:
    """Add the words of a shape whose symbols can stand in several ways."""
    laid, owner = both
    # Place after place, for a protein is told from the one before it only while it is read.
    for place in range(len(laid)):
        for steps in offsets:
            if laid[place] < 0 or place + steps[-1] >= len(laid):
                continue
            word = laid[place]
            for step in steps[1:]:
                word = word * symbols + laid[place + step]
                if word < 0:
                    break
            if word < 0:
                continue
            mark = number + owner[place]
            if seen[word] != mark:
                seen[word] = mark
                table[word] += units[owner[place]]
