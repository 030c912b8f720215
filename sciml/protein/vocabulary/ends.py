"""Which words stand near the beginning or the end of proteins more often than elsewhere.

A chain begins with what the ribosome, a protease or an experimenter put there: a methionine, a
signal that takes it through a membrane, a tag. It ends with tails and signals of its own. Such
words belong to their place, so their patterns name it: ``<x(7,14)LL`` are two leucines from the 8th
to the 15th residue on. That a word belongs to a place is seen without any label: it stands there
more often than in the rest of the same proteins.
"""

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from sciml.core.axes import FloatArray, IntArray
from sciml.protein.alphabet import Codes
from sciml.protein.vocabulary.census import (
    CensusSettings,
    Placings,
    patterns_of_words,
    placings,
    symbol_of_code,
)
from sciml.protein.vocabulary.counting import UNIT
from sciml.protein.vocabulary.keys import BEGINNING, END, GAPS, Pattern

Side = Literal["beginning", "end"]
SIDES: Final[tuple[Side, Side]] = ("beginning", "end")

# How far from an end a word may stand: 31 residues, as a signal peptide is long.
DISTANCES: Final = GAPS[:-1]

_DISTANCE: IntArray = np.repeat(
    np.arange(len(DISTANCES)), [last - first + 1 for first, last in DISTANCES]
)


class EndTables(NamedTuple):
    """Words near both ends, summed weights of proteins in units of counting."""

    near: IntArray  # of proteins that have a word there. Shape (side, distance, shape, word)
    starts: IntArray  # places where a word can stand there. Shape (side, distance, shape)
    everywhere: IntArray  # occurrences at any place. Shape (shape, word)
    places: IntArray  # at which a word can stand. Shape (shape,)

    def joined(self, other: "EndTables") -> "EndTables":
        """These and those of other proteins."""
        return EndTables(*(one + two for one, two in zip(self, other, strict=True)))

    def support(self, side: Side) -> FloatArray:
        """In how many proteins words stand near an end. Shape (distance, shape, word)."""
        return self.near[SIDES.index(side)] / UNIT

    def expected(self, side: Side) -> FloatArray:
        """The same if words stood as often there as anywhere.

        Occurrences are expected, of which a protein can have several; so words that repeat
        themselves are judged severely. Shape (distance, shape, word).
        """
        rate = self.everywhere / np.maximum(self.places, 1)[:, None]
        return self.starts[SIDES.index(side)][..., None] / UNIT * rate


def no_words_near_ends(settings: CensusSettings) -> EndTables:
    """Before any protein was read.

    Args:
        settings: Which words.

    Returns:
        Tables of zeros.
    """
    both = (len(SIDES), len(DISTANCES), settings.shapes)
    return EndTables(
        np.zeros((*both, settings.words), np.int64),
        np.zeros(both, np.int64),
        np.zeros((settings.shapes, settings.words), np.int64),
        np.zeros(settings.shapes, np.int64),
    )


def words_near_ends(
    proteins: Sequence[Codes], weights: Sequence[float], settings: CensusSettings
) -> EndTables:
    """Count words near the ends of proteins, and everywhere.

    Args:
        proteins: See :func:`sciml.protein.alphabet.encoded`. An unknown letter is in no word.
        weights: How much each counts.
        settings: Which words.

    Returns:
        Counts.
    """
    tables, ways = no_words_near_ends(settings), placings(settings)
    symbol = symbol_of_code(settings.spelling).astype(np.int64)
    seen = np.full(tables.near.shape, -1, np.int32)
    for number, (codes, weight) in enumerate(zip(proteins, weights, strict=True)):
        units = round(weight * UNIT)
        _count(symbol[codes], units, number, settings.symbols, ways, seen, tables)
    return tables


def keys_near(settings: CensusSettings, side: Side, places: IntArray) -> list[int]:
    """Keys of words near an end.

    Args:
        settings: The kind of words.
        side: Which end.
        places: Of the words in a flat table of shape (distance, shape, word).

    Returns:
        Keys of patterns that name the end.
    """
    found = []
    distance, word = np.divmod(places, settings.shapes * settings.words)
    words = patterns_of_words(settings, word)
    for gap, (symbols, gaps) in zip(distance.tolist(), words, strict=True):
        if side == "beginning":
            found.append(Pattern((BEGINNING, *symbols), (gap, *gaps)).key)
        else:
            found.append(Pattern((*symbols, END), (*gaps, gap)).key)
    return found


@numba.njit(cache=True)
def _count(
    symbols: IntArray,
    units: int,
    number: int,
    count: int,
    ways: Placings,
    seen: NDArray[np.int32],
    tables: EndTables,
) -> None:
    """Add the words of one protein; ``seen`` holds the last protein that had each."""
    elements = ways.offsets.shape[1]
    for way in range(len(ways.shape)):
        offsets, shape = ways.offsets[way], ways.shape[way]
        last = len(symbols) - offsets[-1]
        for start in range(last):
            word = 0
            for element in range(elements):
                symbol = symbols[start + offsets[element]]
                if symbol >= count:
                    word = -1
                    break
                word = word * count + symbol
            if word < 0:
                continue
            tables.everywhere[shape, word] += units
            tables.places[shape] += units
            for side in range(2):
                between = start if side == 0 else last - 1 - start  # residues to the end
                if between >= len(_DISTANCE):
                    continue
                here = _DISTANCE[between]
                tables.starts[side, here, shape] += units
                if seen[side, here, shape, word] != number:
                    seen[side, here, shape, word] = number
                    tables.near[side, here, shape, word] += units
