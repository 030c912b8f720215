"""Vocabularies of a function: words whose residues are annotated more often than others.

Of every possible word of some kinds it is counted how many residues its occurrences cover and how
many of these are annotated, relatives together as one protein. Words are ranked by the annotated
share, drawn to that of all residues while a word is rare, and the best ones that together cover no
more than a given share of residues are the vocabulary. Whether they tell anything is for proteins
to say that are not related to those that were learnt from (``sciml run
recipes/protein/dedicated.yaml``).
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numba
import numpy as np
from pydantic import Field, PositiveFloat
from scipy import special

from sciml.core.axes import BoolArray, FloatArray, IntArray
from sciml.core.errors import BadInput
from sciml.core.settings import Settings
from sciml.protein.alphabet import Codes
from sciml.protein.relatives import families
from sciml.protein.vocabulary.census import (
    CensusSettings,
    Placings,
    keys_of,
    placings,
    symbol_of_code,
)
from sciml.protein.vocabulary.counting import family_weights
from sciml.protein.vocabulary.ranking import MOST, most_within
from sciml.protein.vocabulary.significance import false_discovery_rates
from sciml.protein.vocabulary.store import VocabularyEntry

SAMPLE: Final = 150  # proteins on which coverage is measured
KINDS: Final = (
    CensusSettings(spelling="classes", elements=4, widest=4),
    CensusSettings(spelling="letters", elements=3, widest=4),
    CensusSettings(spelling="letters", elements=4, widest=3),
)


class DedicatedSettings(Settings):
    """Which words, and how many; chosen on proteins that do not judge."""

    kinds: tuple[CensusSettings, ...] = Field(default=KINDS, min_length=1)
    prior: PositiveFloat = 60.0  # residues as annotated as all, which each word is given beside
    coverage: float = Field(default=0.1, gt=0, le=1)  # share of residues they may cover


class Tally(NamedTuple):
    """What words of one kind cover, in residues of families. Shape (shape, word) each."""

    covered: FloatArray
    annotated: FloatArray
    shares: FloatArray  # of its residues in each protein that are annotated, summed over proteins
    chances: FloatArray  # the same of all residues of the proteins that have it
    proteins: FloatArray  # that have it


def tallied(
    proteins: Sequence[Codes],
    annotated: Sequence[BoolArray],
    weights: Sequence[float] | FloatArray,
    kind: CensusSettings,
) -> Tally:
    """Count what each word covers.

    Args:
        proteins: See :func:`sciml.protein.alphabet.encoded`. Words with an unknown letter do not
            count.
        annotated: For each protein, which residues are annotated. Shape (residue,) each.
        weights: How much each protein counts. Shape (protein,).
        kind: Of the words.

    Returns:
        Residues of all occurrences, one in several occurrences each time; and shares by protein.
    """
    ways = placings(kind)
    tally = Tally(*np.zeros((5, kind.shapes, kind.words)))
    here = np.zeros((2, kind.words), np.int64)
    symbol = symbol_of_code(kind.spelling).astype(np.int64)
    for codes, mask, weight in zip(proteins, annotated, weights, strict=True):
        _tally(symbol[codes], mask, float(weight), kind.symbols, ways, here, tally)
    return tally


def dedicated_words(
    proteins: Sequence[Codes],
    annotated: Sequence[BoolArray],
    settings: DedicatedSettings | None = None,
) -> list[VocabularyEntry]:
    """The vocabulary of a function.

    Args:
        proteins: What is learnt from. Relatives among them count as one protein.
        annotated: For each protein, which residues have the function. Shape (residue,) each.
        settings: Kinds and size of the vocabulary.

    Returns:
        Words, the best first. ``support`` and ``expected`` are annotated residues: those of its
        occurrences, and as many as there would be if the word told nothing. ``q`` asks more: that
        a word prefers annotated residues inside of proteins, each of which is one trial.

    Raises:
        BadInput: if masks do not fit, no or every residue is annotated, or no word is better than
            none.
    """
    settings = settings or DedicatedSettings()
    _require_masks(proteins, annotated)
    weights = np.array(family_weights(families(proteins).tolist()))
    sizes = np.array([[len(mask), mask.sum()] for mask in annotated], float)
    residues, known = weights @ sizes
    rate = float(known / residues)
    if not 0 < rate < 1:
        raise BadInput(
            f"dedicated words: {rate:.0%} of the residues are annotated; expected some but not all"
        )
    parts = [_ranked(proteins, annotated, weights, kind, settings.prior, rate)
             for kind in settings.kinds]  # fmt: skip
    best = _together(parts)
    size = most_within([entry.key for entry in best], proteins[:SAMPLE], settings.coverage)
    if not size:
        raise BadInput(
            "dedicated words: no word has its residues annotated more often than others and fits "
            f"into a coverage of {settings.coverage:g}; give more proteins or more coverage"
        )
    return best[:size]


class _Part(NamedTuple):
    """Words of a kind that are better than none, the best first."""

    keys: list[int]
    score: FloatArray  # Shape (word,)
    numbers: FloatArray  # annotated residues, those expected, rate of false ones. Shape (word, 3)


def _ranked(
    proteins: Sequence[Codes],
    annotated: Sequence[BoolArray],
    weights: FloatArray,
    kind: CensusSettings,
    prior: float,
    rate: float,
) -> _Part:
    """The words of a kind by their annotated share over that of all residues."""
    tally = tallied(proteins, annotated, weights, kind)
    covered, hit = tally.covered.ravel(), tally.annotated.ravel()
    score = (hit + prior * rate) / (covered + prior) / rate
    places = np.flatnonzero(score > 1)
    places = places[np.argsort(-score[places], kind="stable")[:MOST]]
    trials = [each.ravel()[places] for each in (tally.shares, tally.chances, tally.proteins)]
    p = _beyond_chance(*trials)
    q = false_discovery_rates(p, max(int(np.count_nonzero(covered)), len(p)))
    numbers = np.stack([hit[places], rate * covered[places], q], axis=1)
    return _Part(keys_of(kind, places), score[places], numbers)


def _beyond_chance(shares: FloatArray, chances: FloatArray, proteins: FloatArray) -> FloatArray:
    """Probability that so many of some proteins are annotated where they have a word.

    Source:
        Sums of shares exceed a bound no more easily than counts of successes: Hoeffding, J. Am.
        Stat. Assoc. 58, 13 (1963).
    """
    found = np.maximum(shares, 1e-300)
    beyond = np.maximum(proteins - shares, 0.0) + 1.0
    return np.asarray(special.betainc(found, beyond, chances / proteins), float)


def _together(parts: Sequence[_Part]) -> list[VocabularyEntry]:
    """Words of all kinds, the best first; a pattern of two kinds is told once."""
    order = np.argsort(-np.concatenate([part.score for part in parts]), kind="stable")
    keys = [key for part in parts for key in part.keys]
    numbers = np.concatenate([part.numbers for part in parts])
    found: dict[int, VocabularyEntry] = {}
    for k in order:
        support, expected, q = numbers[k].tolist()
        bits = support * float(np.log2(support / expected))
        found.setdefault(keys[k], VocabularyEntry(keys[k], support, expected, q, bits))
    return list(found.values())[:MOST]


def _require_masks(proteins: Sequence[Codes], annotated: Sequence[BoolArray]) -> None:
    """Refuse masks that are not of the proteins."""
    sizes, others = [len(one) for one in proteins], [len(one) for one in annotated]
    if not sizes or sizes != others:
        raise BadInput(
            f"dedicated words: {len(sizes)} proteins of {sum(sizes)} residues but {len(others)} "
            f"masks of {sum(others)}; give a mask of its length for each protein, one at least"
        )


@numba.njit(cache=True)
def _tally(
    symbols: IntArray,
    mask: BoolArray,
    weight: float,
    count: int,
    ways: Placings,
    here: IntArray,
    tally: Tally,
) -> None:
    """Add the words of one protein; ``here`` is empty before and after, shape (2, word)."""
    elements, known = ways.offsets.shape[1], mask.mean() if len(mask) else 0.0
    words, number = np.empty(len(symbols) * np.bincount(ways.shape).max(), np.int64), 0
    for way in range(len(ways.shape)):
        offsets, shape = ways.offsets[way], ways.shape[way]
        for place in range(len(symbols) - offsets[-1]):
            word, marked = 0, 0
            for element in range(elements):
                at = place + offsets[element]
                if symbols[at] >= count:
                    word = -1
                    break
                word = word * count + symbols[at]
                marked += mask[at]
            if word >= 0:
                if here[0, word] == 0:
                    words[number] = word
                    number += 1
                here[0, word] += elements
                here[1, word] += marked
        if way + 1 < len(ways.shape) and ways.shape[way + 1] == shape:
            continue
        for word in words[:number]:
            tally.covered[shape, word] += weight * here[0, word]
            tally.annotated[shape, word] += weight * here[1, word]
            tally.shares[shape, word] += weight * here[1, word] / here[0, word]
            tally.chances[shape, word] += weight * known
            tally.proteins[shape, word] += weight
            here[:, word] = 0
        number = 0
