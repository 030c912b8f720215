"""What an extractor finds in a protein: words, with their residues, heads and significance."""

from typing import NamedTuple


class Word(NamedTuple):
    """Residues that heads of attention bind to each other more than chance would.

    They need not be neighbours in the sequence: gaps are part of a word.
    """

    positions: tuple[int, ...]  # of the residues in the sequence, from 0, ascending
    heads: tuple[int, ...]  # layer * heads of a layer + head, ascending
    log10_p: float  # logarithm of how likely its weakest link is without meaning; 0 or less

    @property
    def is_continuous(self) -> bool:
        """Whether its residues are neighbours in the sequence."""
        return self.positions[-1] - self.positions[0] == len(self.positions) - 1
