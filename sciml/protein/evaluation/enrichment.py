"""Whether words prefer annotated residues to others, and how sure that is.

Enrichment is the covered share of annotated residues over the covered share of all residues of
the same proteins. Words that know nothing have 1 whatever they cover, and so has a vocabulary that
covers everything: coverage alone says nothing.

Enrichment alone does not say that words mean anything either: whoever covers each cysteine and
histidine, and nothing else, prefers binding sites. What words know beyond their letters is the
covered share of annotated residues over the share that would be covered if of each letter as many
residues were covered, but any of them.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sciml.core.axes import BoolArray, FloatArray, IntArray
from sciml.core.errors import BadInput
from sciml.protein.alphabet import UNKNOWN, Codes
from sciml.protein.evaluation.coverage import Counts

DRAWS = 2000  # resamplings
LEVEL = 0.95  # of intervals


class Enrichment(NamedTuple):
    """Enrichment with its bootstrap interval."""

    value: float
    low: float
    high: float
    draws: FloatArray  # of each resampling; methods with one seed are resampled alike. (draw,)


def enrichment(counts: Counts, clusters: IntArray, seed: int = 0, draws: int = DRAWS) -> Enrichment:
    """Enrichment, with an interval over other proteins of the kind.

    Args:
        counts: Residues of each protein.
        clusters: Which proteins are resampled together, as relatives should be. Shape (protein,).
        seed: Of the resampling.
        draws: How often clusters are drawn.

    Returns:
        The value, and the interval that holds 95 % of the resampled ones.

    Raises:
        BadInput: if nothing is annotated or there is one cluster only.

    Source:
        Davison & Hinkley, Bootstrap Methods and their Application (1997), percentile interval of a
        ratio; clusters are drawn as wholes.
    """
    weights = resampled(clusters, draws, seed)
    if counts.annotated.sum() == 0:
        raise BadInput("enrichment: no residue is annotated; choose proteins that are")
    of_all = np.stack(counts, axis=1)
    drawn = _ratio(weights @ of_all)
    low, high = interval(drawn)
    return Enrichment(float(_ratio(of_all.sum(0))), low, high, drawn)


def enrichment_beyond_letters(
    proteins: Sequence[Codes],
    covered: Sequence[BoolArray],
    annotated: Sequence[BoolArray],
    clusters: IntArray,
    seed: int = 0,
    draws: int = DRAWS,
) -> Enrichment:
    """How much more of what is annotated is covered than the letters of what is covered explain.

    Args:
        proteins: See :func:`sciml.protein.alphabet.encoded`.
        covered: For each protein, which residues belong to a word. Shape (residue,) each.
        annotated: For each protein, which residues are annotated. Shape (residue,) each.
        clusters: Which proteins are resampled together. Shape (protein,).
        seed: Of the resampling.
        draws: How often clusters are drawn.

    Returns:
        The value, and the interval that holds 95 % of the resampled ones. Words that cover
        letters wherever they stand have 1.

    Raises:
        BadInput: if there is one cluster only.
    """
    weights = resampled(clusters, draws, seed)
    tables = np.stack(
        [
            _by_letter(proteins, masks)
            for masks in (
                [np.ones(len(one), bool) for one in proteins],
                covered,
                annotated,
                [one & other for one, other in zip(covered, annotated, strict=True)],
            )
        ]
    )  # (all covered annotated both, protein, letter)
    value = _ratio_by_letter(tables.sum(1))
    drawn = np.array([_ratio_by_letter(one @ tables) for one in weights])
    low, high = interval(drawn)
    return Enrichment(value, low, high, drawn)


def resampled(clusters: IntArray, draws: int = DRAWS, seed: int = 0) -> FloatArray:
    """How often each protein is drawn if clusters are drawn with replacement.

    Args:
        clusters: The cluster of each protein. Shape (protein,).
        draws: How often as many clusters as there are are drawn.
        seed: Of the draws.

    Returns:
        Numbers. Shape (draw, protein).

    Raises:
        BadInput: if there is one cluster only, which cannot tell how clusters differ.
    """
    names, number = np.unique(clusters, return_inverse=True)
    if len(names) < 2:
        raise BadInput(
            f"bootstrap: {len(clusters)} proteins are of {len(names)} cluster; at least two are "
            "needed. Resample proteins instead of families."
        )
    chance = np.full(len(names), 1 / len(names))
    times = np.random.default_rng(seed).multinomial(len(names), chance, draws)
    return times[:, number].astype(float)


def interval(drawn: FloatArray, level: float = LEVEL) -> tuple[float, float]:
    """The range that holds a share of resampled values.

    Args:
        drawn: Values; those that are no number are left out. Shape (draw,).
        level: The share.

    Returns:
        Its ends, as many values below as above.
    """
    known = drawn[np.isfinite(drawn)]
    low, high = (
        np.quantile(known, [(1 - level) / 2, (1 + level) / 2]) if len(known) else [np.nan] * 2
    )
    return float(low), float(high)


def _ratio(sums: FloatArray) -> FloatArray:
    """Enrichment of sums of residues, covered, annotated and both. Shape (..., 4)."""
    residues, covered, annotated, both = np.moveaxis(sums, -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return (both / annotated) / (covered / residues)


def _by_letter(proteins: Sequence[Codes], masks: Sequence[BoolArray]) -> FloatArray:
    """How many residues of each letter are marked. Shape (protein, letter)."""
    found = [
        np.bincount(one[mask], minlength=UNKNOWN + 1)
        for one, mask in zip(proteins, masks, strict=True)
    ]
    return np.array(found, float)


def _ratio_by_letter(sums: FloatArray) -> float:
    """Covered annotated residues over those expected by letter. Shape (4, letter)."""
    residues, covered, annotated, both = sums
    expected = (annotated * covered / np.maximum(residues, 1)).sum()
    return float(both.sum() / expected) if expected > 0 else float("nan")
