"""Which proteins are related, so that what is judged has no relative in what was learnt from.

Two proteins count as related when, at one shift of one against the other, runs of at least five
equal letters hold twelve letters together. A protein of 300 residues finds such a partner by chance
among thirty million residues once in a hundred cases, while one that shares half of its letters,
at random places, is found in nineteen of twenty cases (tests/protein/test_relatives.py). Longer
proteins are found more often and shorter ones less: of those that share half of 100 residues one
in four is found, of those that share two fifths of 300 residues one in three. Runs of one or two
different letters count for nothing, for stretches of low complexity are alike in unrelated
proteins.
"""

from collections.abc import Sequence

import numba
import numpy as np
from numpy.typing import NDArray

from sciml.core.axes import IntArray
from sciml.core.errors import BadInput
from sciml.protein.alphabet import UNKNOWN, Codes

RUN = 5  # letters
SHARED_LETTERS = 12  # in such runs at one shift
_RUNS = UNKNOWN**RUN  # possible ones
_NONE = _RUNS  # the number of a run that counts for nothing
_PLACE_BITS = 20  # of a place in the query, whose residues are fewer than a million
_PLACES = 1 << _PLACE_BITS
_CROWD = 2000  # places of one run beyond which it is too common to tell anything


class RunIndex:
    """Where each run of five letters stands in a set of proteins."""

    def __init__(self, proteins: Sequence[Codes]) -> None:
        """Sort the runs of all proteins, 4 bytes for each residue and 13 MB beside."""
        self.count = len(proteins)
        self._starts = np.cumsum([0, *(len(one) for one in proteins)])
        runs = np.concatenate([_runs(one) for one in proteins]) if proteins else np.zeros(0, "i4")
        self._first, self._places = _sorted_places(runs)

    def relatives(self, query: Codes) -> IntArray:
        """The proteins of the set that are related to one, itself included where it is there.

        Args:
            query: A protein, see :func:`sciml.protein.alphabet.encoded`. Shape (residue,).

        Returns:
            Their numbers, ascending. A protein of fewer than twelve letters has no relative, not
            even itself.

        Raises:
            BadInput: if the protein has more than 1,048,576 residues.
        """
        if len(query) > _PLACES:
            raise BadInput(
                f"relatives: expected a protein of at most {_PLACES:,} residues, got "
                f"{len(query):,}; is it a genome?"
            )
        hits = _hits(_runs(query), self._first, self._places)
        return _shared(hits, self._starts)


def families(proteins: Sequence[Codes]) -> IntArray:
    """Proteins that are linked by a chain of relatives share a number.

    Args:
        proteins: See :func:`sciml.protein.alphabet.encoded`.

    Returns:
        For each protein the number of the first one of its family. Shape (protein,).
    """
    index, family = RunIndex(proteins), np.arange(len(proteins))
    for number, protein in enumerate(proteins):
        _join(family, number, index.relatives(protein))
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
def _sorted_places(runs: NDArray[np.int32]) -> tuple[IntArray, NDArray[np.int32]]:
    """Places of runs, sorted by run: from ``first[run]`` to before ``first[run + 1]``."""
    first = np.zeros(_RUNS + 2, np.int64)
    for run in runs:
        first[run + 1] += 1
    first = np.cumsum(first)
    upto, places = first[:-1].copy(), np.empty(len(runs), np.int32)
    for place in range(len(runs)):
        places[upto[runs[place]]] = place
        upto[runs[place]] += 1
    return first, places


@numba.njit(cache=True)
def _hits(runs: NDArray[np.int32], first: IntArray, places: NDArray[np.int32]) -> IntArray:
    """For each equal run, where the query would start if it were laid there."""
    count = 0
    for run in runs:
        if run != _NONE and first[run + 1] - first[run] <= _CROWD:
            count += first[run + 1] - first[run]
    found, number = np.empty(count, np.int64), 0
    for place in range(len(runs)):
        run = runs[place]
        if run != _NONE and first[run + 1] - first[run] <= _CROWD:
            for k in range(first[run], first[run + 1]):
                # What stands at two shifts is told apart by the place, so it is kept beside.
                found[number] = (places[k] - place) * _PLACES + place
                number += 1
    return np.sort(found)


@numba.njit(cache=True)
def _shared(hits: IntArray, starts: IntArray) -> IntArray:
    """Proteins with enough equal letters at one shift."""
    found, number, begin = np.empty(len(hits), np.int64), 0, 0
    while begin < len(hits):
        shift, protein, letters, last = hits[begin] >> _PLACE_BITS, -1, 0, -RUN
        while begin < len(hits) and hits[begin] >> _PLACE_BITS == shift:
            place = hits[begin] & (_PLACES - 1)
            # At one shift the query can lie over the ends of several proteins of the set.
            here = np.searchsorted(starts, shift + place, side="right") - 1
            if here != protein:
                protein, letters, last = here, 0, -RUN
            letters += min(RUN, place - last)
            last = place
            if letters >= SHARED_LETTERS:
                found[number] = protein
                number += 1
            begin += 1
    return np.unique(found[:number])


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
