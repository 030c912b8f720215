"""Residues to which a head attends from everywhere, more than chance would.

They need no partner, so that no word can hold them: what is judged is the attention that a residue
gets from all others, against what residues of shuffled proteins get in the same head.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sciml.protein.words.null import NullTables, log10_p_values
from sciml.protein.words.scores import Scores


class KeyResidues(NamedTuple):
    """Residues of one protein; one that several heads attend to comes with each."""

    head: NDArray[np.int32]  # over all layers; (key,)
    residue: NDArray[np.int32]  # from 0; (key,)
    log10_p: Scores  # (key,)


def received_log10_p(received: Scores, tables: NullTables) -> Scores:
    """Logarithms of p-values of the attention that residues get.

    Args:
        received: In multiples of an even share. Shape (head, residue).
        tables: The null model.

    Returns:
        Shape (head, residue).
    """
    alone = np.zeros(received.shape[1], np.int64)
    found = [
        log10_p_values(
            row,
            alone,
            tables.received[head],
            tables.received_last[head],
            tables.received_scale[head],
            tables.received_shape[head],
        )
        for head, row in enumerate(received)
    ]
    return np.array(found, np.float32).reshape(received.shape)


def significant_keys(log10_p: Scores, rate: float) -> KeyResidues:
    """Residues among which no more than a share is expected by chance.

    A residue is judged by the head that attends to it most, times the number of heads, so that
    the share is one of residues, however many heads agree on the others.

    Args:
        log10_p: Of all heads. Shape (head, residue).
        rate: Share of false discoveries.

    Returns:
        In the order of heads and residues.

    Source:
        Benjamini & Hochberg, J. R. Stat. Soc. B 57, 289 (1995).
    """
    heads, residues = log10_p.shape
    corrected = log10_p + np.log10(max(heads, 1))
    ranked = np.sort(corrected.min(0, initial=0.0))
    allowed = np.log10(rate * np.arange(1, residues + 1) / max(residues, 1))
    good = np.flatnonzero(ranked <= allowed)
    limit = ranked[good[-1]] if len(good) else -np.inf
    head, residue = np.nonzero(corrected <= limit)
    return KeyResidues(head.astype(np.int32), residue.astype(np.int32), log10_p[head, residue])
