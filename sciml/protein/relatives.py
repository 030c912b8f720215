"""Which proteins are related, so that what is judged has no relative in what was learnt from.

Two proteins count as related when, at one shift of one against the other, runs of at least five
equal letters hold twelve letters together. A protein of 300 residues finds such a partner by chance
among thirty million residues once in a hundred cases, while one that shares half of its letters,
at random places, is found in nineteen of twenty cases (tests/protein/test_relatives.py). Longer
proteins are found more often and shorter ones less: of those that share half of 100 residues one
in four is found, of those that share two fifths of 300 residues one in three. Runs of one or two
different letters count for nothing, for stretches of low complexity are alike in unrelated
proteins.

So close relatives are found and remote ones are not: proteins of which two fifths of eighty
residues without a gap are equal may count as unrelated.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from sciml.core.axes import FloatArray, IntArray
from sciml.core.errors import BadInput
from sciml.protein.alphabet import UNKNOWN, Codes

RUN = 5  # letters
SHARED_LETTERS = 12  # in such runs at one shift
_RUNS = UNKNOWN**RUN  # possible ones
_NONE = _RUNS  # the number of a run that counts for nothing
_PLACE_BITS = 20  # of a place in the query, whose residues are fewer than a million
_PLACES = 1 << _PLACE_BITS
_CROWD = 2000  # places of one run that are read, the first ones, where every protein is asked for
# Of a stretch in which two relatives lie on one another: an equal letter is worth as much as three
# others cost, so that stretches go on while a quarter of the letters is shared.
_EQUAL, _OTHER = 3, -1
SHORTEST: Final = 30  # residues of a stretch


class Stretches(NamedTuple):
    """Local alignments without gaps of a protein and its relatives.

    Source:
        Karlin & Altschul, Methods for assessing the statistical significance of molecular sequence
        features, PNAS 87, 2264 (1990): the segment pair of the highest score.
    """

    other: IntArray  # the number of the relative. Shape (stretch,) each
    shift: IntArray  # what to add to a place in the protein for the place in the relative
    first: IntArray  # place in the protein
    end: IntArray  # the place behind the last one
    equal: IntArray  # how many letters are shared

    @property
    def identity(self) -> FloatArray:
        """Share of the letters that are shared. Shape (stretch,)."""
        return self.equal / (self.end - self.first)


class RunIndex:
    """Where each run of five letters stands in a set of proteins."""

    def __init__(self, proteins: Sequence[Codes]) -> None:
        """Sort the runs of all proteins, 5 bytes for each residue and 13 MB beside."""
        self.count = len(proteins)
        self._starts = np.cumsum([0, *(len(one) for one in proteins)])
        self._flat = np.concatenate(proteins) if proteins else np.zeros(0, np.uint8)
        runs = np.concatenate([_runs(one) for one in proteins]) if proteins else np.zeros(0, "i4")
        self._first, self._places = _sorted_places(runs)

    def relatives(self, query: Codes, most: int | None = None) -> IntArray:
        """The proteins of the set that are related to one, itself included where it is there.

        Args:
            query: A protein, see :func:`sciml.protein.alphabet.encoded`. Shape (residue,).
            most: Places of one run that are read, the first ones; none: all of them.

        Returns:
            Their numbers, ascending. A protein of fewer than twelve letters has no relative, not
            even itself.

        Raises:
            BadInput: if the protein has more than 1,048,576 residues.
        """
        return np.unique(self._laid(query, most)[:, 0])

    def stretches(self, query: Codes) -> Stretches:
        """Where a protein is like its relatives.

        Args:
            query: A protein. Shape (residue,).

        Returns:
            For each relative and each shift at which enough letters are shared, see above, the one
            stretch of at least thirty residues that shares most. The protein itself is among its
            relatives where it is in the set. Of a run that stands at more than 2,000 places the
            first ones are read.

        Raises:
            BadInput: if the protein has more than 1,048,576 residues.
        """
        return Stretches(*_alike(self._laid(query, _CROWD), query, self._flat, self._starts).T)

    def _laid(self, query: Codes, most: int | None) -> IntArray:
        """Relatives, and where the query starts in all proteins. Shape (relative, 2)."""
        if len(query) > _PLACES:
            raise BadInput(
                f"relatives: expected a protein of at most {_PLACES:,} residues, got "
                f"{len(query):,}; is it a genome?"
            )
        every = len(self._places) if most is None else most
        return _shared(_hits(_runs(query), self._first, self._places, every), self._starts)


def families(proteins: Sequence[Codes]) -> IntArray:
    """Proteins that are linked by a chain of relatives share a number.

    Of a run that stands at more than 2,000 places the first ones are read, so that all copies of
    one protein, however many, are linked by the first of them.

    Args:
        proteins: See :func:`sciml.protein.alphabet.encoded`.

    Returns:
        For each protein the number of the first one of its family. Shape (protein,).
    """
    index, family = RunIndex(proteins), np.arange(len(proteins))
    for number, protein in enumerate(proteins):
        _join(family, number, index.relatives(protein, _CROWD))
    return np.array([_root(family, number) for number in range(len(proteins))], np.int64)


def without_relatives(proteins: Sequence[Codes], judged: Sequence[Codes]) -> NDArray[np.bool_]:
    """Which proteins have no relative among those to be judged.

    Args:
        proteins: What could be learnt from.
        judged: What is to be judged.

    Returns:
        True where there is none. Shape (protein,).
    """
    index, free = RunIndex(proteins), np.ones(len(proteins), bool)
    for one in judged:
        free[index.relatives(one)] = False
    return free


@numba.njit(cache=True)
def _runs(codes: Codes) -> NDArray[np.int32]:
    """The number of the run that starts at each residue. Shape (residue,)."""
    found = np.full(len(codes), _NONE, np.int32)
    for start in range(len(codes) - RUN + 1):
        number, first, second, kinds = 0, codes[start], codes[start], 1
        for place in range(start, start + RUN):
            code = codes[place]
            if code >= UNKNOWN:
                kinds = 0
                break
            number = number * UNKNOWN + code
            if kinds == 1 and code != first:
                second, kinds = code, 2
            elif kinds == 2 and code != first and code != second:
                kinds = 3
        if kinds == 3:
            found[start] = number
    return found


@numba.njit(cache=True)
def _sorted_places(runs: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Places of runs, sorted by run: from ``first[run]`` to before ``first[run + 1]``."""
    first = np.zeros(_RUNS + 2, np.int32)
    for run in runs:
        first[run + 1] += 1
    for run in range(_RUNS + 1):
        first[run + 1] += first[run]
    upto, places = first[:-1].copy(), np.empty(len(runs), np.int32)
    for place in range(len(runs)):
        places[upto[runs[place]]] = place
        upto[runs[place]] += 1
    return first, places


@numba.njit(cache=True)
def _hits(
    runs: NDArray[np.int32], first: NDArray[np.int32], places: NDArray[np.int32], most: int
) -> IntArray:
    """For each equal run, where the query would start if it were laid there."""
    count = 0
    for run in runs:
        if run != _NONE:
            count += min(first[run + 1] - first[run], most)
    found, number = np.empty(count, np.int64), 0
    for place in range(len(runs)):
        run = runs[place]
        if run != _NONE:
            for k in range(first[run], min(first[run + 1], first[run] + most)):
                # What stands at two shifts is told apart by the place, so it is kept beside.
                found[number] = (places[k] - place) * _PLACES + place
                number += 1
    return np.sort(found)


@numba.njit(cache=True)
def _shared(hits: IntArray, starts: IntArray) -> IntArray:
    """Proteins with enough equal letters at one shift, and the shift. Shape (found, 2)."""
    found, number, begin = np.empty((len(hits), 2), np.int64), 0, 0
    while begin < len(hits):
        shift, protein, letters, last = hits[begin] >> _PLACE_BITS, -1, 0, -RUN
        while begin < len(hits) and hits[begin] >> _PLACE_BITS == shift:
            place = hits[begin] & (_PLACES - 1)
            # At one shift the query can lie over the ends of several proteins of the set.
            here = np.searchsorted(starts, shift + place, side="right") - 1
            if here != protein:
                protein, letters, last = here, 0, -RUN
            before = letters
            letters += min(RUN, place - last)
            last = place
            if before < SHARED_LETTERS <= letters:
                found[number] = protein, shift
                number += 1
            begin += 1
    return found[:number]


@numba.njit(cache=True)
def _alike(laid: IntArray, query: Codes, flat: Codes, starts: IntArray) -> IntArray:
    """The best stretch of each relative and shift, see :class:`Stretches`. Shape (stretch, 5)."""
    found, number = np.empty((len(laid), 5), np.int64), 0
    for protein, shift in laid:
        first, end = max(0, starts[protein] - shift), min(len(query), starts[protein + 1] - shift)
        best, worth, begin, best_first, best_end = 0, 0, first, first, first
        for place in range(first, end):
            equal = query[place] == flat[shift + place] and query[place] < UNKNOWN
            worth += _EQUAL if equal else _OTHER
            if worth <= 0:
                worth, begin = 0, place + 1
            elif worth > best:
                best, best_first, best_end = worth, begin, place + 1
        if best_end - best_first >= SHORTEST:
            # What is worth so much holds so many letters that are equal.
            equals = (best - _OTHER * (best_end - best_first)) // (_EQUAL - _OTHER)
            found[number] = protein, shift - starts[protein], best_first, best_end, equals
            number += 1
    return found[:number]


def _join(family: IntArray, number: int, others: IntArray) -> None:
    """Put a protein and others into one family, which has the number of its first protein."""
    for other in others:
        one, two = _root(family, number), _root(family, int(other))
        family[max(one, two)] = min(one, two)


def _root(family: IntArray, number: int) -> int:
    """The first protein of a family."""
    while family[number] != number:
        family[number] = family[family[number]]
        number = int(family[number])
    return number
