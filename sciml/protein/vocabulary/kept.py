"""Which words relatives keep: what evolution does not change, without any label.

Two relatives (homologs) that are aligned without a gap share some of their letters. A word is kept
(conserved) where both have it at the same places. Words that are kept more often than all letters
alike would have it, or more often than their own letters are kept, are held by something: a fold
that needs them, or a function. Pairs of relatives tell that of words as such, so a vocabulary of
kept words finds them in proteins that have no relative at all.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numba
import numpy as np

from sciml.core.axes import FloatArray, IntArray
from sciml.protein.alphabet import Codes
from sciml.protein.relatives import RunIndex, Stretches
from sciml.protein.vocabulary.census import CensusSettings, Placings, placings, symbol_of_code
from sciml.protein.vocabulary.counting import UNIT

# Closer relatives have had no time to change, and of farther ones hardly any is found.
CLOSEST: Final = 0.6  # share of letters
FARTHEST: Final = 0.25
PARTNERS: Final = 4  # stretches of each protein, so that large families do not take all the time

_BANDS: Final = 5  # of identity, in which letters are kept alike often


class KeptTables(NamedTuple):
    """How often words are kept, summed weights of proteins in units of counting."""

    kept: IntArray  # shape (shape, word) each
    by_place: IntArray  # expected if all letters were kept alike often
    by_letter: IntArray  # expected if each letter were kept as often as it is

    def joined(self, other: "KeptTables") -> "KeptTables":
        """These and those of other proteins."""
        return KeptTables(*(one + two for one, two in zip(self, other, strict=True)))


class Pairs(NamedTuple):
    """Stretches of proteins and relatives, all letters one after another."""

    flat: Codes  # (residue,)
    one: IntArray  # place of the first residue of a stretch in the protein. Shape (stretch,)
    two: IntArray  # the same in the relative
    length: IntArray
    weight: FloatArray  # of the protein, shared among its stretches
    band: IntArray  # of identity


def no_kept_words(settings: CensusSettings) -> KeptTables:
    """Before any protein was read.

    Args:
        settings: Which words.

    Returns:
        Tables of zeros.
    """
    return KeptTables(*np.zeros((3, settings.shapes, settings.words), np.int64))


def pairs_of(proteins: Sequence[Codes], weights: Sequence[float]) -> Pairs:
    """Where proteins are like their relatives, but not too much so.

    Args:
        proteins: See :func:`sciml.protein.alphabet.encoded`.
        weights: How much each counts, see
            :func:`sciml.protein.vocabulary.counting.family_weights`.

    Returns:
        At most four stretches of each protein that share a quarter to three fifths of their
        letters, taken evenly from all of them.
    """
    index = RunIndex(proteins)
    starts = np.cumsum([0, *map(len, proteins)])
    found = [_taken(index.stretches(one)) for one in proteins]
    counts = np.array([len(one.other) for one in found], np.int64)
    number = np.repeat(np.arange(len(proteins)), counts)
    joined = Stretches(*(np.concatenate(parts) for parts in zip(*found, strict=True)))
    share = np.asarray(weights, float)[number] / counts[number]
    return Pairs(
        np.concatenate(proteins),
        starts[number] + joined.first,
        starts[joined.other] + joined.shift + joined.first,
        joined.end - joined.first,
        share,
        _bands(joined.identity),
    )


def kept_words(pairs: Pairs, settings: CensusSettings) -> KeptTables:
    """Count kept words.

    Args:
        pairs: See :func:`pairs_of`.
        settings: Which words.

    Returns:
        How often each is kept and would be. A stretch is read once from each of its two sides.
    """
    tables = no_kept_words(settings)
    symbol = symbol_of_code(settings.spelling).astype(np.int64)
    rates = _rates(pairs, symbol[pairs.flat], settings.symbols)
    ways = placings(settings)
    _count_kept(pairs, symbol[pairs.flat], settings.symbols, ways, *rates, tables)
    return tables


def _taken(found: Stretches) -> Stretches:
    """Those of one protein that count."""
    identity = found.identity
    places = np.flatnonzero((identity >= FARTHEST) & (identity <= CLOSEST))
    if len(places) > PARTNERS:
        places = places[np.linspace(0, len(places) - 1, PARTNERS).round().astype(np.int64)]
    return Stretches(*(one[places] for one in found))


def _bands(identity: FloatArray) -> IntArray:
    """The band of each share of letters."""
    place = (identity - FARTHEST) / (CLOSEST - FARTHEST) * _BANDS
    return np.clip(place.astype(np.int64), 0, _BANDS - 1)


def _rates(pairs: Pairs, symbols: IntArray, count: int) -> tuple[FloatArray, FloatArray]:
    """How often symbols are kept in each band: all alike (band,), each (band, symbol)."""
    seen, kept = _count_symbols(pairs, symbols, count)
    alike = kept.sum(1) / np.maximum(seen.sum(1), 1e-9)
    return alike, kept / np.maximum(seen, 1e-9)


@numba.njit(cache=True)
def _count_symbols(pairs: Pairs, symbols: IntArray, count: int) -> tuple[FloatArray, FloatArray]:
    """Weights of symbols in each band, and of those that are kept. Shape (band, symbol)."""
    seen, kept = np.zeros((_BANDS, count)), np.zeros((_BANDS, count))
    for pair in range(len(pairs.one)):
        band, weight = pairs.band[pair], pairs.weight[pair]
        for step in range(pairs.length[pair]):
            symbol = symbols[pairs.one[pair] + step]
            if symbol < count:
                seen[band, symbol] += weight
                if symbols[pairs.two[pair] + step] == symbol:
                    kept[band, symbol] += weight
    return seen, kept


@numba.njit(cache=True)
def _count_kept(
    pairs: Pairs,
    symbols: IntArray,
    count: int,
    ways: Placings,
    alike: FloatArray,
    rates: FloatArray,
    tables: KeptTables,
) -> None:
    """Add the words of all stretches to tables."""
    elements = ways.offsets.shape[1]
    # Shape after shape, so that the words of one stay near while they are counted.
    for offsets, shape in zip(ways.offsets, ways.shape):  # noqa: B905 - numba
        kept, by_place, by_letter = (
            tables.kept[shape],
            tables.by_place[shape],
            tables.by_letter[shape],
        )
        for pair in range(len(pairs.one)):
            one, two = pairs.one[pair], pairs.two[pair]
            band, units = pairs.band[pair], pairs.weight[pair] * UNIT
            expected = np.int64(units * alike[band] ** elements)
            for start in range(pairs.length[pair] - offsets[-1]):
                word, same, chance = 0, True, units
                for element in range(elements):
                    step = start + offsets[element]
                    symbol = symbols[one + step]
                    if symbol >= count:
                        word = -1
                        break
                    word = word * count + symbol
                    chance *= rates[band, symbol]
                    same = same and symbols[two + step] == symbol
                if word >= 0:
                    by_place[word] += expected
                    by_letter[word] += np.int64(chance)
                    if same:
                        kept[word] += np.int64(units)
