"""Letters of proteins as small numbers, and the classes of residues that words are spelt in."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint8]  # (residue,)

# In the order of ESM-2, whose token of a letter is its code + 4.
LETTERS: Final = "LAGVSERTIDPKQNFYMHWC"
UNKNOWN: Final = len(LETTERS)  # the code of X and of every letter that is none of the twenty

# Residues that replace each other often. The partition of Chen et al. (2026), Adv. Sci.,
# 10.1002/advs.202521970, so that words can be compared with theirs.
CLASSES: Final = ("ILV", "AG", "FW", "ST", "NQ", "DE", "KR", "M", "Y", "C", "H", "P")

# Selenocysteine and pyrrolysine stand where a cysteine and a lysine would.
_STANDS_FOR = {"U": "C", "O": "K"}


def _code_table() -> Codes:
    """Code of each byte; letters in lower case have that of the upper one."""
    table = np.full(256, UNKNOWN, np.uint8)
    for code, letter in enumerate(LETTERS):
        table[ord(letter)] = table[ord(letter.lower())] = code
    for letter, other in _STANDS_FOR.items():
        table[ord(letter)] = table[ord(letter.lower())] = LETTERS.index(other)
    return table


def _class_table() -> Codes:
    """Class of each code; the unknown letter has the number after the last class."""
    table = np.full(UNKNOWN + 1, len(CLASSES), np.uint8)
    for number, members in enumerate(CLASSES):
        for letter in members:
            table[LETTERS.index(letter)] = number
    return table


_CODE_OF_BYTE: Final = _code_table()
CLASS_OF_CODE: Final = _class_table()
_LETTER_OF_CODE: Final = np.frombuffer((LETTERS + "X").encode(), np.uint8)


def encoded(sequence: str) -> Codes:
    """A sequence as codes.

    Args:
        sequence: One-letter residues, upper or lower case. U counts as C and O as K; every other
            character that is none of the twenty letters is unknown.

    Returns:
        Codes 0 to 20, where 20 is unknown. Shape (residue,).
    """
    return _CODE_OF_BYTE[np.frombuffer(sequence.encode("ascii", "replace"), np.uint8)]


def decoded(codes: Codes) -> str:
    """The letters of codes; X where unknown."""
    return _LETTER_OF_CODE[codes].tobytes().decode()


def classes_of(codes: Codes) -> Codes:
    """Classes of residues.

    Args:
        codes: See :func:`encoded`. Shape (residue,).

    Returns:
        Number of the class in :data:`CLASSES`, or their count where unknown. Shape (residue,).
    """
    return CLASS_OF_CODE[codes]
