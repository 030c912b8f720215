"""Whether a pattern is in more proteins than chance would have it.

Chance means that each protein keeps its length and its residues but not their order. Gaps of
several widths give chance more ways, and short proteins fewer places; both are accounted for. What
is called significant in shuffled proteins is no more than the nominal share
(tests/protein/vocabulary/test_significance.py).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from sciml.core.axes import FloatArray, IntArray
from sciml.core.errors import BadInput
from sciml.protein.alphabet import UNKNOWN, Codes
from sciml.protein.vocabulary.keys import GAPS, Pattern, from_key, symbol_members
from sciml.protein.vocabulary.scanner import Scanner


class Significance(NamedTuple):
    """What chance explains of the support of patterns. Shape (pattern,) each."""

    expected: FloatArray  # proteins
    p: FloatArray  # of at least this support
    q: FloatArray  # the share of false ones among all patterns with at most this value


def significance(
    keys: Sequence[int] | IntArray,
    support: Sequence[float] | FloatArray,
    proteins: Sequence[Codes],
    weights: Sequence[float] | FloatArray | None = None,
    tried: int | None = None,
) -> Significance:
    """Judge how many proteins have a pattern anywhere.

    Args:
        keys: Patterns, see :mod:`sciml.protein.vocabulary.keys`.
        support: In how many proteins each occurs, see :func:`scanned_support`; what an extractor
            counted is less, and so judged more severely than needed.
        proteins: Those in which it was counted.
        weights: Of the proteins, at most 1; one over the size of its family where homologues, who
            are not independent, count once. 1 each by default.
        tried: From how many patterns these were chosen by their support in the same proteins; by
            default they were not chosen.

    Returns:
        Expected support, probability and rate of false discoveries.

    Raises:
        BadInput: if supports or weights do not fit.

    Source:
        Benjamini & Hochberg, J. R. Stat. Soc. B 57, 289 (1995), for the rate.
    """
    found = np.asarray(support, float)
    if len(found) != len(keys):
        raise BadInput(f"significance: {len(keys)} patterns but {len(found)} supports")
    weight = _checked_weights(weights, len(proteins))
    expected = expected_support([from_key(int(key)) for key in keys], proteins, weight)
    # P(X >= support) of a Poisson variable; a sum of rare events is never wider than that.
    p = np.where(found > 0, special.gammainc(np.maximum(found, 1e-300), expected), 1.0)
    return Significance(expected, p, false_discovery_rates(p, tried))


def scanned_support(
    keys: Sequence[int] | IntArray,
    proteins: Sequence[Codes],
    weights: Sequence[float] | FloatArray | None = None,
) -> FloatArray:
    """In how many proteins each pattern occurs anywhere.

    Args:
        keys: Patterns.
        proteins: See :func:`sciml.protein.alphabet.encoded`.
        weights: Of the proteins; 1 each by default.

    Returns:
        Sum of the weights of the proteins. Shape (pattern,).
    """
    return Scanner(keys).support(proteins, _checked_weights(weights, len(proteins)))


def expected_support(
    patterns: Sequence[Pattern], proteins: Sequence[Codes], weights: FloatArray
) -> FloatArray:
    """Support of patterns if the residues of each protein stood in random order.

    The residues are drawn without replacement. The places of a gap are taken as independent of each
    other, and so are the first residues. Wide gaps overlap in truth, so that their occurrences come
    together and the support is smaller than this.

    Args:
        patterns: What is looked for.
        proteins: Where.
        weights: Of the proteins. Shape (protein,).

    Returns:
        Expected sum of weights. Shape (pattern,).

    Raises:
        BadInput: if a pattern asks where a protein begins or ends.
    """
    for one in patterns:
        if one.is_anchored:
            raise BadInput(
                f"significance: {one.spelling} stands at an end of proteins, where no order is "
                "random; see sciml.protein.vocabulary.ends"
            )
    members = symbol_members()
    counts = np.array(
        [members @ np.bincount(codes, minlength=UNKNOWN + 1) for codes in proteins], np.int64
    ).reshape(len(proteins), len(members))
    lengths = np.array([len(codes) for codes in proteins], np.int64)
    overlap = (members[:, None] & members).any(-1)
    return np.array([_expected(*_form(one), counts, lengths, weights, overlap) for one in patterns])


def enrichment(
    inside: Sequence[int] | IntArray, everywhere: Sequence[int] | IntArray, size: int, total: int
) -> Significance:
    """Judge whether patterns occur in a labelled part of proteins more than in the others.

    Args:
        inside: Proteins, or families, of the part that have each pattern. Shape (pattern,).
        everywhere: Those of all that have it, the part included.
        size: How many the part has.
        total: How many there are.

    Returns:
        Expected number in the part, probability (hypergeometric) and rate of false discoveries.

    Raises:
        BadInput: if a number in the part exceeds that of all, or the part is larger than all.
    """
    part, whole = np.asarray(inside, np.int64), np.asarray(everywhere, np.int64)
    if np.any(part > whole) or np.any(part > size) or np.any(whole > total) or size > total:
        raise BadInput("enrichment: a part has more than the whole; check inside, size and total")
    p: FloatArray = stats.hypergeom.sf(part - 1, total, whole, size)
    return Significance(whole * (size / total), p, false_discovery_rates(p))


def false_discovery_rates(p: FloatArray, tried: int | None = None) -> FloatArray:
    """Of Benjamini and Hochberg: the least rate at which each hypothesis would be rejected.

    Args:
        p: Probabilities. Shape (pattern,).
        tried: How many hypotheses there are, of which those with large values may be left out.

    Returns:
        Rates. Shape (pattern,).

    Raises:
        BadInput: if fewer hypotheses were tried than there are probabilities.
    """
    total = len(p) if tried is None else tried
    if total < len(p):
        raise BadInput(f"false discoveries: {tried} tried, but there are {len(p)} probabilities")
    order = np.argsort(p, kind="stable")[::-1]
    ranks = np.arange(len(p), 0, -1)
    rates = np.empty(len(p))
    rates[order] = np.minimum(np.minimum.accumulate(p[order] * total / ranks), 1.0)
    return rates


def _checked_weights(weights: Sequence[float] | FloatArray | None, count: int) -> FloatArray:
    """Weights of proteins, if they can be."""
    weight = np.ones(count) if weights is None else np.asarray(weights, float)
    if len(weight) != count or (count and not 0 < weight.min() <= weight.max() <= 1):
        raise BadInput(
            f"weights: {count} proteins need as many weights above 0 and up to 1; "
            f"there are {len(weight)}"
            + (f" from {weight.min()} to {weight.max()}" * bool(len(weight)))
        )
    return weight


def _form(pattern: Pattern) -> tuple[IntArray, IntArray, int]:
    """Symbols, the number of widths of each gap, and the least distance of both ends."""
    widths = [GAPS[gap][1] - GAPS[gap][0] + 1 for gap in pattern.gaps]
    return np.array(pattern.symbols), np.array(widths, np.int64), pattern.spans[0]


@numba.njit(cache=True)
def _expected(
    symbols: IntArray,
    widths: IntArray,
    span: int,
    counts: IntArray,
    lengths: IntArray,
    weights: FloatArray,
    overlap: NDArray[np.bool_],
) -> float:
    """Expected support of one pattern."""
    total, chances = 0.0, np.empty(len(symbols))
    for protein in range(len(lengths)):
        starts = lengths[protein] - span
        if starts < 1:
            continue
        _fill_chances(symbols, counts[protein], lengths[protein], overlap, chances)
        here = chances[-1]
        for element in range(len(symbols) - 2, -1, -1):
            here = chances[element] * (1.0 - (1.0 - here) ** widths[element])
        if here > 0.0:
            nowhere = 0.0 if here >= 1.0 else np.exp(starts * np.log1p(-here))
            total += weights[protein] * (1.0 - nowhere)
    return total


@numba.njit(cache=True)
def _fill_chances(
    symbols: IntArray,
    count: IntArray,
    length: int,
    overlap: NDArray[np.bool_],
    chances: FloatArray,
) -> None:
    """Chance of each element once those before it are drawn and not laid back."""
    for element in range(len(symbols)):
        symbol = symbols[element]
        left = float(count[symbol])
        for before in range(element):
            other = symbols[before]
            if overlap[symbol, other]:
                # The residue drawn before is one of these so often.
                left -= min(count[symbol], count[other]) / max(count[other], 1)
        chances[element] = max(left, 0.0) / (length - element)
