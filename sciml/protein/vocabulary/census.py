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

_BLOCK: Final = 1 << 18  # residues that are counted at once
_NONE: Final = -(1 << 40)  # a symbol that makes every word with it negative

Offsets = NDArray[np.int32]  # of each symbol from the first one. Shape (shape, element)


class CensusSettings(Settings):
    """Which words are counted."""

    spelling: Spelling = "letters"
    elements: int = Field(default=4, ge=2, le=5)  # symbols of a word
    widest: int = Field(default=3, ge=1, le=4)  # residues from one symbol to the next at most

    @model_validator(mode="after")
    def _fits(self) -> "CensusSettings":
        """Refuse a table that is too large."""
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
        """How many sets of steps there are."""
        return self.widest ** (self.elements - 1)

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
    known = symbols_of(settings.spelling)
    steps = np.diff(offsets(settings.elements, settings.widest))
    gaps = [tuple(_GAP_OF_STEP[int(step)] for step in one) for one in steps]
    shape, word = np.divmod(places, settings.words)
    sides = (settings.symbols,) * settings.elements
    spelt = np.stack(np.unravel_index(word, sides), axis=1)
    return [
        Pattern(tuple(known[k] for k in row), gaps[number]).key
        for number, row in zip(shape, spelt, strict=True)
    ]


_GAP_OF_STEP: Final = {first: number for number, (first, last) in enumerate(GAPS) if first == last}


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
                offsets(self.settings.elements, self.settings.widest),
                self._number,
                self._seen,
                self.units,
            )

    def table(self) -> Table:
        """What was counted so far."""
        return Table(self.settings, self.units)


def offsets(elements: int, widest: int) -> Offsets:
    """All shapes of words whose steps are not wider than a number of residues.

    Args:
        elements: Symbols of a word.
        widest: The widest step; 1 is the next residue.

    Returns:
        Offsets from the first symbol. Shape (shape, element).
    """
    steps = np.array(list(product(range(1, widest + 1), repeat=elements - 1)), np.int32)
    return np.concatenate([np.zeros((len(steps), 1), np.int32), steps.cumsum(1, np.int32)], axis=1)


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
    shapes: Offsets,
    number: int,
    seen: IntArray,
    found: IntArray,
) -> int:
    """Add proteins, symbols above their numbers, to their words; returns the next free mark."""
    laid, owner = both
    elements = shapes.shape[1]
    starts = np.empty((elements, len(laid)), np.int64)  # words of the first elements
    starts[0] = laid
    for shape in range(len(shapes)):
        # Shape after shape, so that the words of one stay near while they are counted.
        fresh = 1
        while (
            shape > 0 and fresh < elements - 1 and shapes[shape, fresh] == shapes[shape - 1, fresh]
        ):
            fresh += 1
        for element in range(fresh, elements):
            step = shapes[shape, element]
            for place in range(len(laid) - step):
                before = starts[element - 1, place]
                starts[element, place] = before * symbols + laid[place + step]
        table = found[shape]
        for place in range(len(laid) - shapes[shape, -1]):
            word = starts[elements - 1, place]
            if word >= 0:
                mark = number + owner[place]
                if seen[word] != mark:
                    seen[word] = mark
                    table[word] += units[owner[place]]
        number += len(units)
    return number
