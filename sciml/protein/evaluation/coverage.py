"""How much of proteins, and of what is annotated in them, words cover."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sciml.core.axes import BoolArray, FloatArray
from sciml.core.errors import BadInput


class Counts(NamedTuple):
    """Numbers of residues of each protein. Shape (protein,) each.

    Averages over random draws need not be whole.
    """

    residues: FloatArray
    covered: FloatArray
    annotated: FloatArray
    both: FloatArray  # annotated and covered

    @property
    def base(self) -> float:
        """Share of all residues that is covered."""
        return float(self.covered.sum() / self.residues.sum())

    @property
    def of_annotated(self) -> float:
        """Share of annotated residues that is covered."""
        return float(self.both.sum() / self.annotated.sum())


def counts(covered: Sequence[BoolArray], annotated: Sequence[BoolArray]) -> Counts:
    """Count residues.

    Args:
        covered: For each protein, which residues belong to a word. Shape (residue,) each.
        annotated: For each protein, which residues are annotated. Shape (residue,) each.

    Returns:
        Numbers for each protein.

    Raises:
        BadInput: if the two do not fit each other.
    """
    sizes, others = [len(one) for one in covered], [len(one) for one in annotated]
    if sizes != others:
        raise BadInput(
            f"coverage: proteins of {sizes[:5]}... residues are covered but proteins of "
            f"{others[:5]}... are annotated; give the same proteins in the same order"
        )
    both = [one & other for one, other in zip(covered, annotated, strict=True)]
    return Counts(np.array(sizes, float), _sums(covered), _sums(annotated), _sums(both))


def mean_counts(draws: Sequence[Counts]) -> Counts:
    """The mean of several draws of words at random places."""
    return Counts(*(np.mean(column, axis=0) for column in zip(*draws, strict=True)))


def _sums(masks: Sequence[BoolArray]) -> FloatArray:
    """How many residues of each protein are marked."""
    return np.array([one.sum() for one in masks], float)
