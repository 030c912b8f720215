"""Proteins as tokens of ESM-2."""

from typing import Final

import numpy as np

from sciml.core.axes import IntArray
from sciml.protein.alphabet import LETTERS, UNKNOWN, Codes

# Of the alphabet of ESM-2 (Lin et al., 2023): special tokens stand before and after the letters.
START, PAD, END, FIRST_LETTER, ANY, MASK, TOKENS = 0, 1, 2, 4, 24, 32, 33

_TOKEN_OF_CODE: Final = np.append(np.arange(len(LETTERS)) + FIRST_LETTER, ANY)


def tokens_of(codes: Codes) -> IntArray:
    """A whole protein as tokens, between a start and an end.

    Args:
        codes: See :func:`sciml.protein.alphabet.encoded`; unknown letters become X. Shape
            (residue,).

    Returns:
        Tokens. Shape (residue + 2,).
    """
    assert codes.max(initial=0) <= UNKNOWN
    return np.concatenate([[START], _TOKEN_OF_CODE[codes], [END]])
