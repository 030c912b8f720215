"""Residues that a language model is sure of without seeing them, as words with gaps."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from sciml.core.axes import BoolArray, FloatArray
from sciml.protein.alphabet import UNKNOWN, Codes
from sciml.protein.evaluation.places import Places, places_of_residues
from sciml.protein.language.marginals import information, masked_marginals
from sciml.protein.language.network import LanguageModel

SHARE: Final = 0.1  # of the residues of natural proteins that count as sure
STEP: Final = 5  # residues from one of a word to the next at most, as in a census


class Certainty(NamedTuple):
    """When a language model counts as sure of a residue."""

    model: LanguageModel
    usual: FloatArray  # shares of letters. Shape (20,)
    least: float  # bits of information

    def __call__(self, proteins: Sequence[Codes]) -> Places:
        """Words: residues it is sure of, each near to the one before."""
        return places_of_residues(_words(self.sure(one)) for one in proteins)

    def bits(self, codes: Codes) -> FloatArray:
        """How much the rest of a protein says of each residue, bits. Shape (residue,)."""
        return information(masked_marginals(self.model, codes), self.usual)

    def sure(self, codes: Codes) -> BoolArray:
        """At which residues that is enough. Shape (residue,)."""
        return self.bits(codes) > self.least if len(codes) else np.zeros(0, bool)


def certainty(model: LanguageModel, natural: Sequence[Codes], share: float = SHARE) -> Certainty:
    """What counts as sure, so that a share of the residues of natural proteins does.

    Args:
        model: The language model.
        natural: Proteins of one residue or more.
        share: Of their residues.

    Returns:
        A method that finds words of such residues.
    """
    letters = np.concatenate(natural)
    counts = np.bincount(letters[letters < UNKNOWN], minlength=UNKNOWN) + 1.0
    given = Certainty(model, counts / counts.sum(), 0.0)
    bits = np.concatenate([given.bits(one) for one in natural])
    return given._replace(least=float(np.quantile(bits, 1 - share)))


def _words(sure: BoolArray) -> list[tuple[int, ...]]:
    """Residues of each word, ascending."""
    places = np.flatnonzero(sure)
    parts = np.split(places, np.flatnonzero(np.diff(places) > STEP) + 1)
    return [tuple(part.tolist()) for part in parts if len(part)]
