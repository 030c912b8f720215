"""Whether words are units of function: sites, bonds and groups whose residues belong together."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numba
import numpy as np

from sciml.core.axes import FloatArray, IntArray
from sciml.core.errors import BadInput
from sciml.protein.evaluation.places import Places, Residues, distinct, thrown
from sciml.protein.sets import Unit

LEAST_JACCARD: Final = 0.5  # residues in common over those of both, from which a word is a unit
# Residues in common at least: else a word of one residue would be half of every bond of two.
LEAST_COMMON: Final = 2


class UnitScore(NamedTuple):
    """How well words and units agree."""

    units: int
    words: int  # distinct ones, in proteins with units
    recall: float  # share of units that some word is
    precision: float  # share of words that are some unit; no number without words


def unit_score(
    places: Places, units: Sequence[Sequence[Unit]], least: float = LEAST_JACCARD
) -> UnitScore:
    """Recall and precision of units.

    Args:
        places: Words.
        units: Of each protein.
        least: Jaccard index from which on a word counts as the unit, if both share two residues.

    Returns:
        The score; words that have the same residues count once, and those in proteins without a
        unit not at all.

    Raises:
        BadInput: if there is no unit.
    """
    overlaps = _overlaps(distinct(places), units)
    if not len(overlaps.of_unit):
        raise BadInput("units: there is none to be found; choose another type or label")
    words = overlaps.of_word
    return UnitScore(
        len(overlaps.of_unit),
        len(words),
        float((overlaps.of_unit >= least).mean()),
        float((words >= least).mean()) if len(words) else float("nan"),
    )


def random_unit_score(
    places: Places,
    units: Sequence[Sequence[Unit]],
    lengths: Sequence[int] | IntArray,
    seed: int = 0,
    throws: int = 5,
) -> UnitScore:
    """The score of words of the same shapes at random places of the same proteins.

    Args:
        places: Words.
        units: Of each protein.
        lengths: Residues of each protein.
        seed: Of the places.
        throws: How often all words are thrown.

    Returns:
        Means over the throws.

    Raises:
        BadInput: if there is no unit.
    """
    generator, once = np.random.default_rng(seed), distinct(places)
    scores = [unit_score(thrown(once, lengths, generator), units) for _ in range(throws)]
    return UnitScore(
        scores[0].units,
        once.size and scores[0].words,
        float(np.mean([one.recall for one in scores])),
        float(np.mean([one.precision for one in scores])),
    )


class _Listed(NamedTuple):
    """Units as columns."""

    begins: IntArray  # the first unit of each protein, and the end. (protein + 1,)
    first: IntArray  # where the residues of each unit begin, and the end. (unit + 1,)
    residues: Residues  # ascending in each unit


class _Overlaps(NamedTuple):
    """The greatest Jaccard index of each unit with a word, and of each word with a unit."""

    of_unit: FloatArray  # (unit,)
    of_word: FloatArray  # of words in proteins with units. (word,)


def _overlaps(places: Places, units: Sequence[Sequence[Unit]]) -> _Overlaps:
    """Compare words with the units of their protein."""
    members = [unit.positions for found in units for unit in found]
    listed = _Listed(
        np.append(0, np.cumsum([len(found) for found in units], dtype=np.int64)),
        np.append(0, np.cumsum([len(one) for one in members], dtype=np.int64)),
        np.concatenate([*members, np.zeros(0, np.int64)]).astype(np.int32),
    )
    of_unit, of_word = np.zeros(len(members)), np.zeros(places.size)
    _compare(places, listed, of_unit, of_word)
    has_units = np.diff(listed.begins) > 0
    return _Overlaps(of_unit, of_word[has_units[places.protein]])


@numba.njit(cache=True)
def _compare(places: Places, units: _Listed, of_unit: FloatArray, of_word: FloatArray) -> None:
    """Fill in the greatest Jaccard indices."""
    for word in range(len(places.protein)):
        here = places.residues[places.first[word] : places.first[word + 1]]
        protein = places.protein[word]
        for unit in range(units.begins[protein], units.begins[protein + 1]):
            there = units.residues[units.first[unit] : units.first[unit + 1]]
            index = _jaccard(here, there)
            of_unit[unit] = max(of_unit[unit], index)
            of_word[word] = max(of_word[word], index)


@numba.njit(cache=True)
def _jaccard(one: Residues, two: Residues) -> float:
    """Residues in common over those of either, of two ascending lists; 0 if hardly any are."""
    common, a, b = 0, 0, 0
    while a < len(one) and b < len(two):
        if one[a] == two[b]:
            common, a, b = common + 1, a + 1, b + 1
        elif one[a] < two[b]:
            a += 1
        else:
            b += 1
    return common / (len(one) + len(two) - common) if common >= LEAST_COMMON else 0.0
