"""Which patterns a vocabulary holds: those that make proteins shorter to write down.

A residue costs as many bits as its letter is rare. Where a pattern occurs, its name is written
once instead of what it tells about its residues. A pattern is worth the bits that it saves, less
those that its own entry costs; what an entry chosen before has told is not told again. Unlike the
share of residues that are covered, this does not reward patterns that are met everywhere.

Source:
    Rissanen, Modeling by shortest data description, Automatica 14, 465 (1978).
"""

import heapq
from collections.abc import Sequence
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveInt

from sciml.core.axes import BoolArray, FloatArray, IntArray
from sciml.core.errors import BadInput
from sciml.core.settings import Settings
from sciml.protein.alphabet import UNKNOWN, Codes
from sciml.protein.vocabulary.keys import GAPS, SYMBOLS, Pattern, symbol_members
from sciml.protein.vocabulary.scanner import Scanner
from sciml.protein.vocabulary.significance import enrichment

# Bits are counted in whole parts, so that the choice is the same on every machine.
_PARTS = 1024

_FREE, _TOLD, _HELD = 0, 1, 2  # of residues; held by an occurrence while a gain is summed


class SelectionSettings(Settings):
    """How large a vocabulary may become."""

    entries: PositiveInt = 50_000
    # Share of all residues that may be covered; a selective vocabulary leaves most of them out.
    coverage: float = Field(default=1.0, gt=0, le=1)


class Selection(NamedTuple):
    """The entries in the order of their choice. Shape (entry,) each."""

    keys: IntArray
    gain: FloatArray  # bits saved beyond all entries before
    coverage: FloatArray  # share of residues that are covered with it


class _Candidates(NamedTuple):
    """Where each candidate occurs, and what that is worth."""

    first: IntArray  # the first of its occurrences, which stand together. Shape (candidate + 1,)
    residues: IntArray  # numbered through all proteins; none after the last
    told: IntArray  # parts of a bit that each of its elements tells. Shape (candidate, element)
    named: IntArray  # parts of a bit that naming one occurrence costs. Shape (candidate,)
    entry: IntArray  # parts of a bit of its entry. Shape (candidate,)


def select(
    keys: Sequence[int] | IntArray, proteins: Sequence[Codes], settings: SelectionSettings
) -> Selection:
    """Choose a vocabulary, always the pattern that saves most beyond those chosen before.

    Args:
        keys: Candidates, see :mod:`sciml.protein.vocabulary.keys`; at best those that are
            significant.
        proteins: What is to be written down. All occurrences of all candidates are held at once,
            more than 100 bytes each, so with wide gaps and many candidates take a sample.
        settings: Size and coverage.

    Returns:
        Entries that each save bits; fewer than asked where no other one does.

    Raises:
        BadInput: if there is no candidate, or no residue in the proteins.
    """
    residues = sum(len(one) for one in proteins)
    if residues == 0:
        raise BadInput("selection: the proteins have no residue; give those to be described")
    ordered = np.unique(np.asarray(keys, np.int64))
    candidates = _candidates(Scanner(ordered), proteins)
    chosen = _chosen(candidates, residues, settings)
    return Selection(
        ordered[[number for number, _, _ in chosen]],
        np.array([gain / _PARTS for _, gain, _ in chosen]),
        np.array([covered / residues for _, _, covered in chosen]),
    )


def select_dedicated(
    keys: Sequence[int] | IntArray,
    proteins: Sequence[Codes],
    labelled: BoolArray,
    settings: SelectionSettings,
    rate: float = 0.01,
) -> Selection:
    """Choose a vocabulary of a family or of a function.

    Args:
        keys: Candidates.
        proteins: With the label and without, at best one of each family, for homologues are not
            independent.
        labelled: Which have the label. Shape (protein,).
        settings: Size and coverage of the labelled proteins.
        rate: Of false discoveries among the patterns that are more frequent under the label.

    Returns:
        Entries that are enriched and save bits in the labelled proteins; none where none is.

    Raises:
        BadInput: if there are not as many labels as proteins, or all or none have the label.
    """
    if len(labelled) != len(proteins) or not 0 < np.sum(labelled) < len(proteins):
        raise BadInput(
            f"selection: {len(proteins)} proteins need as many labels, some true and some false; "
            f"{int(np.sum(labelled))} of {len(labelled)} are true"
        )
    ordered = np.unique(np.asarray(keys, np.int64))
    scanner = Scanner(ordered)
    inside = scanner.support(proteins, labelled.astype(float)).astype(np.int64)
    everywhere = scanner.support(proteins, np.ones(len(proteins))).astype(np.int64)
    judged = enrichment(inside, everywhere, int(np.sum(labelled)), len(proteins))
    enriched = ordered[judged.q <= rate]
    if not len(enriched):
        return Selection(enriched, np.zeros(0), np.zeros(0))
    part = [codes for codes, is_labelled in zip(proteins, labelled, strict=True) if is_labelled]
    return select(enriched, part, settings)


def _candidates(scanner: Scanner, proteins: Sequence[Codes]) -> _Candidates:
    """All occurrences, sorted by pattern and by place."""
    found = scanner.occurrences(proteins)
    starts = np.cumsum([0, *(len(one) for one in proteins)])
    order = np.lexsort((found.positions[:, 0], found.protein, found.pattern))
    places = found.positions[order].astype(np.int64)
    shift = starts[found.protein[order]][:, None]
    counts = np.bincount(found.pattern, minlength=len(scanner.patterns))
    bits, free = _symbol_bits(proteins), int(starts[-1])
    rows = [
        _worth(one, int(n), free, bits) for one, n in zip(scanner.patterns, counts, strict=True)
    ]
    told = np.zeros((len(rows), places.shape[1]), np.int64)
    for number, (elements, _, _) in enumerate(rows):
        told[number, : len(elements)] = elements
    return _Candidates(
        np.concatenate([[0], np.cumsum(counts)]),
        np.where(places >= 0, places + shift, -1),
        told,
        np.array([named for _, named, _ in rows], np.int64),
        np.array([entry for _, _, entry in rows], np.int64),
    )


def _symbol_bits(proteins: Sequence[Codes]) -> FloatArray:
    """Bits that each symbol tells under the composition of the proteins. Shape (symbol,)."""
    letters = np.bincount(np.concatenate(list(proteins)), minlength=UNKNOWN + 1)[:UNKNOWN]
    # Half a count, so that a letter that never occurs has a finite price.
    share = (letters + 0.5) / np.sum(letters + 0.5)
    return -np.log2(symbol_members()[:, :UNKNOWN] @ share)


def _worth(
    pattern: Pattern, count: int, residues: int, bits: FloatArray
) -> tuple[list[int], int, int]:
    """Parts of a bit that elements tell, that a name costs, and that the entry costs."""
    told = [round(float(bits[symbol]) * _PARTS) for symbol in pattern.symbols]
    widths = sum(np.log2(GAPS[gap][1] - GAPS[gap][0] + 1) for gap in pattern.gaps)
    # The rarer a name, the longer it is; and where a gap has several widths, one must be told.
    named = np.log2(residues / max(count, 1)) + widths
    entry = len(pattern.symbols) * np.log2(len(SYMBOLS)) + len(pattern.gaps) * np.log2(len(GAPS))
    return told, round(float(named) * _PARTS), round(float(entry) * _PARTS)


def _chosen(
    candidates: _Candidates, residues: int, settings: SelectionSettings
) -> list[tuple[int, int, int]]:
    """Candidate, gain and covered residues of each entry.

    Gains shrink as more is told, so one that is still the largest after it was computed anew is
    taken, and the others need not be looked at. (Where a pattern overlaps itself, what was told can
    free its next occurrence, and a gain grow by less than one occurrence is worth.)
    """
    told, covered = np.zeros(residues, np.uint8), np.zeros(residues, np.bool_)
    count = len(candidates.named)
    heap = [(-_gain(candidates, number, told, _FREE), number) for number in range(count)]
    heapq.heapify(heap)
    chosen: list[tuple[int, int, int]] = []
    total = 0
    while heap and len(chosen) < settings.entries and heap[0][0] < 0:
        _, number = heapq.heappop(heap)
        gain = _gain(candidates, number, told, _FREE)
        if heap and (-gain, number) > heap[0]:
            heapq.heappush(heap, (-gain, number))
            continue
        rows = candidates.residues[candidates.first[number] : candidates.first[number + 1]]
        here = np.unique(rows[rows >= 0])
        fresh = int(np.sum(~covered[here]))
        if gain > 0 and total + fresh <= settings.coverage * residues:
            _gain(candidates, number, told, _TOLD)
            covered[here] = True
            total += fresh
            chosen.append((number, gain, total))
    return chosen


@numba.njit(cache=True)
def _gain(candidates: _Candidates, number: int, told: NDArray[np.uint8], after: int) -> int:
    """Parts of a bit that a candidate saves; the residues it tells are left in a state."""
    gain = -candidates.entry[number]
    rows = candidates.residues[candidates.first[number] : candidates.first[number + 1]]
    worth = candidates.told[number]
    for row in rows:
        saved = -candidates.named[number]
        for element in range(len(row)):
            if row[element] >= 0 and told[row[element]] == _FREE:
                saved += worth[element]
        if saved > 0:
            gain += saved
            _leave(row, told, _FREE, _HELD)
    for row in rows:
        _leave(row, told, _HELD, after)
    return int(gain)


@numba.njit(cache=True)
def _leave(row: IntArray, told: NDArray[np.uint8], before: int, after: int) -> None:
    """Bring the residues of an occurrence from one state into another."""
    for residue in row:
        if residue >= 0 and told[residue] == before:
            told[residue] = after
