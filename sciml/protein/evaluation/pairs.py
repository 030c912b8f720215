"""Whether linked residues that lie far apart in the sequence belong to one unit of function.

Residues that are neighbours are linked by any method, and the nearer two are the more often they
share a unit. So only pairs at least six residues apart are judged, and beside the truth stands a
truth of no meaning: as many pairs, at the same separations, at other places of the same proteins.
Of those that fall on one another one counts, so that the truth of no meaning has a few pairs
less where the true ones are dense (paratopes), and ratios are as much too large there.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import Final, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from sciml.core.axes import FloatArray, IntArray
from sciml.core.errors import BadInput
from sciml.protein.alphabet import Codes, encoded
from sciml.protein.evaluation.enrichment import interval, resampled
from sciml.protein.evaluation.places import Places, Residues, places_of_occurrences
from sciml.protein.sets import Unit
from sciml.protein.vocabulary.scanner import Scanner
from sciml.protein.vocabulary.store import VocabularyEntry
from sciml.protein.words.links import Links

LEAST_SEPARATION: Final = 6  # residues between which a pair is discontinuous
NULLS: Final = 20  # draws of a truth without meaning
_DRAWS: Final = 400  # resamplings of proteins


class ScoredPairs(NamedTuple):
    """Pairs of residues with a score, as columns; pairs that are not there have the lowest."""

    protein: IntArray  # (pair,)
    pair: IntArray  # residues, the first before the second. Shape (pair, 2)
    score: FloatArray  # more is better. (pair,)


class PairScore(NamedTuple):
    """How well scores find pairs of one unit."""

    pairs: int  # to be found
    prevalence: float  # their share of all pairs
    precision: float  # average precision: area under precision over recall
    null: float  # the same for a truth without meaning, matched in separation; mean
    ratio: float  # of both
    low: float  # of the ratio's 95 % interval over proteins
    high: float


def best_of(pairs: ScoredPairs) -> ScoredPairs:
    """Each pair once, with its highest score.

    Args:
        pairs: In any order.

    Returns:
        Sorted by protein and residues.
    """
    chosen, number = _numbered(pairs.protein, pairs.pair)
    score = np.full(len(chosen), -np.inf)
    np.maximum.at(score, number, pairs.score)
    return ScoredPairs(pairs.protein[chosen], pairs.pair[chosen], score)


def pairs_of_words(places: Places, scores: FloatArray) -> ScoredPairs:
    """Pairs of residues that words hold together.

    Args:
        places: Words.
        scores: Of the words. Shape (word,).

    Returns:
        Each pair of residues of a word, with the sum over all words that have both.
    """
    rows, values = _listed_pairs(places.protein, places.first, places.residues, scores)
    chosen, number = _numbered(rows[:, 0], rows[:, 1:])
    total = np.bincount(number, values, len(chosen)).astype(float)
    return ScoredPairs(rows[chosen, 0], rows[chosen, 1:], total)


def pairs_of_vocabulary(
    entries: Sequence[VocabularyEntry], proteins: Sequence[Codes]
) -> ScoredPairs:
    """Pairs of residues that the words of a vocabulary hold together.

    Args:
        entries: The vocabulary.
        proteins: See :func:`sciml.protein.alphabet.encoded`.

    Returns:
        Each pair with the sum of the preferences, see
        :attr:`sciml.protein.vocabulary.store.VocabularyEntry.preference`, of all words that have
        both; a word that is rarer than expected counts for nothing.
    """
    found = Scanner([entry.key for entry in entries]).occurrences(proteins)
    preference = np.array([max(entry.preference, 0.0) for entry in entries])
    return pairs_of_words(places_of_occurrences(found), preference[found.pattern])


def pairs_of_letters(proteins: Sequence[Codes], letters: str) -> ScoredPairs:
    """Pairs of residues that both have one of some letters: what needs no word.

    Args:
        proteins: See :func:`sciml.protein.alphabet.encoded`.
        letters: Such as ``CHDE``, which bind metals.

    Returns:
        All such pairs, with one score.
    """
    wanted = encoded(letters)
    rows = [
        (number, one, other)
        for number, codes in enumerate(proteins)
        for one, other in combinations(np.flatnonzero(np.isin(codes, wanted)).tolist(), 2)
    ]
    columns = np.array(rows, np.int64).reshape(-1, 3)
    return ScoredPairs(columns[:, 0], columns[:, 1:], np.ones(len(columns)))


def pairs_of_links(links: Sequence[Links]) -> ScoredPairs:
    """Pairs of residues that heads of attention link.

    Args:
        links: Of each protein.

    Returns:
        Each pair with the sum of -log10 p over the heads that link it.
    """
    protein = np.repeat(np.arange(len(links)), [len(one.head) for one in links])
    pair = np.concatenate([*(one.pair for one in links), np.zeros((0, 2), np.int32)]).astype("i8")
    score = -np.concatenate([*(one.log10_p for one in links), np.zeros(0, np.float32)])
    chosen, number = _numbered(protein, pair)
    total = np.bincount(number, score.astype(float), len(chosen)).astype(float)
    return ScoredPairs(protein[chosen], pair[chosen], total)


def pairs_of_units(units: Sequence[Sequence[Unit]], least: int = LEAST_SEPARATION) -> IntArray:
    """Pairs of residues of one unit that lie far apart.

    Args:
        units: Of each protein.
        least: Separation from which on a pair counts.

    Returns:
        Protein, first and second residue, each pair once. Shape (pair, 3).
    """
    rows = {
        (number, one, other)
        for number, found in enumerate(units)
        for unit in found
        for one, other in combinations(unit.positions.tolist(), 2)
        if other - one >= least
    }
    return np.array(sorted(rows), np.int64).reshape(-1, 3)


def pair_score(
    scored: ScoredPairs,
    truth: IntArray,
    lengths: Sequence[int] | IntArray,
    clusters: IntArray,
    seed: int = 0,
    least: int = LEAST_SEPARATION,
) -> PairScore:
    """Average precision of scored pairs, and that of a truth matched in separation.

    Args:
        scored: Pairs of a method; those nearer than ``least`` are left out.
        truth: See :func:`pairs_of_units`.
        lengths: Residues of each protein. Proteins without a true pair do not count.
        clusters: Which proteins are resampled together. Shape (protein,).
        seed: Of the null and the resampling.
        least: Separation from which on a pair counts.

    Returns:
        The score; all pairs without one rank last together.

    Raises:
        BadInput: if there is nothing to be found.

    Source:
        Average precision as in Boyd, Eng & Page, ECML (2013): steps, nothing interpolated.
    """
    if not len(truth):
        raise BadInput("pairs: no unit has residues far enough apart; choose another type")
    ranked = _Ranked(scored, truth, lengths, least)
    generator = np.random.default_rng(seed)
    nulls = [ranked.labelled(_elsewhere(truth, lengths, generator)) for _ in range(NULLS)]
    real, alone = ranked.labelled(truth), np.ones(len(lengths))
    precision = ranked.precision(real, alone)
    null = float(np.mean([ranked.precision(one, alone) for one in nulls]))
    low, high = interval(_ratios(ranked, real, nulls, clusters, seed))
    prevalence = len(truth) / ranked.candidates.sum()
    return PairScore(len(truth), prevalence, precision, null, precision / null, low, high)


class _Labels(NamedTuple):
    """Which ranked pairs are true, and how many true pairs of each protein are ranked nowhere."""

    true: NDArray[np.bool_]  # (ranked pair,)
    missed: FloatArray  # (protein,)


class _Ranked:
    """Pairs far enough apart in the order of their scores."""

    def __init__(
        self, scored: ScoredPairs, truth: IntArray, lengths: Sequence[int] | IntArray, least: int
    ) -> None:
        sizes = np.asarray(lengths, np.int64)
        self._widest = int(sizes.max()) + 1
        judged = np.zeros(len(sizes), bool)
        judged[truth[:, 0]] = True
        far = np.maximum(sizes - least, 0)
        self.candidates: FloatArray = (far * (far + 1) // 2 * judged).astype(float)
        once = best_of(scored)
        kept = (once.pair[:, 1] - once.pair[:, 0] >= least) & judged[once.protein]
        order = np.argsort(-once.score[kept], kind="stable")
        self._protein = once.protein[kept][order]
        self._keys = self._keyed(self._protein, once.pair[kept][order])
        score = once.score[kept][order]
        self._last = np.append(np.flatnonzero(np.diff(score)), len(score) - 1)  # of equal scores
        self._ranked = np.bincount(self._protein, minlength=len(sizes)).astype(float)

    def labelled(self, truth: IntArray) -> _Labels:
        """Which of the pairs are in a truth."""
        known = self._keyed(truth[:, 0], truth[:, 1:])
        missed = truth[~np.isin(known, self._keys), 0]
        return _Labels(
            np.isin(self._keys, known),
            np.bincount(missed, minlength=len(self.candidates)).astype(float),
        )

    def precision(self, labels: _Labels, weights: FloatArray) -> float:
        """Average precision if each protein counts so many times."""
        weight = weights[self._protein]
        if len(weight):
            seen = np.cumsum(weight)[self._last]
            true = np.cumsum(weight * labels.true)[self._last]
        else:
            seen = true = np.zeros(0)
        missed = float(weights @ labels.missed)
        found = float(true[-1]) if len(true) else 0.0
        everything = float(weights @ self.candidates)
        if found + missed == 0:
            return float("nan")
        true, seen = np.append(true, found + missed), np.append(seen, everything)
        steps = np.diff(true, prepend=0.0)
        return float((steps * true / np.maximum(seen, 1e-300)).sum() / (found + missed))

    def _keyed(self, protein: IntArray, pair: IntArray) -> IntArray:
        """A number for each pair."""
        return (protein * self._widest + pair[:, 0]) * self._widest + pair[:, 1]


def _elsewhere(
    truth: IntArray, lengths: Sequence[int] | IntArray, generator: np.random.Generator
) -> IntArray:
    """As many pairs of the same separations at other places; of equal ones one, see the module."""
    gaps = truth[:, 2] - truth[:, 1]
    room = np.asarray(lengths, np.int64)[truth[:, 0]] - gaps
    starts = (generator.random(len(truth)) * room).astype(np.int64)
    return np.unique(np.stack([truth[:, 0], starts, starts + gaps], axis=1), axis=0)


def _ratios(
    ranked: _Ranked, real: _Labels, nulls: Sequence[_Labels], clusters: IntArray, seed: int
) -> FloatArray:
    """Ratios of average precisions when clusters of proteins are drawn anew."""
    has_truth = ranked.candidates > 0
    names, number = np.unique(clusters[has_truth], return_inverse=True)
    if len(names) < 2:
        return np.zeros(0)
    weights = np.zeros((_DRAWS, len(clusters)))
    weights[:, has_truth] = resampled(number, _DRAWS, seed)
    few = nulls[:5]  # the null varies less than the truth does
    return np.array(
        [
            ranked.precision(real, one) / np.mean([ranked.precision(null, one) for null in few])
            for one in weights
        ]
    )


def _numbered(protein: IntArray, pair: IntArray) -> tuple[IntArray, IntArray]:
    """The first row of each distinct pair, sorted, and for each row the number of its pair."""
    widest = int(pair.max(initial=0)) + 1
    keys = (protein * widest + pair[:, 0]) * widest + pair[:, 1]
    _, chosen, number = np.unique(keys, return_index=True, return_inverse=True)
    return chosen, number.ravel()


@numba.njit(cache=True)
def _listed_pairs(
    protein: IntArray, first: IntArray, residues: Residues, scores: FloatArray
) -> tuple[IntArray, FloatArray]:
    """Protein and residues of each pair of each word, and the word's score. Shape (pair, 3)."""
    sizes = first[1:] - first[:-1]
    count = int((sizes * (sizes - 1) // 2).sum())
    rows, values, row = np.empty((count, 3), np.int64), np.empty(count), 0
    for word in range(len(protein)):
        for one in range(first[word], first[word + 1]):
            for other in range(one + 1, first[word + 1]):
                rows[row, 0] = protein[word]
                rows[row, 1], rows[row, 2] = residues[one], residues[other]
                values[row] = scores[word]
                row += 1
    return rows, values
