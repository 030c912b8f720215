"""Words of four letters at fixed distances, counted in one table: vocabularies without a model.

Every word is a place in a table (shape of the word, four letters), so a vocabulary of any size is
looked up in the same time.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from sciml.core.axes import BoolArray, FloatArray
from sciml.core.errors import BadInput
from sciml.protein.alphabet import UNKNOWN, Codes
from sciml.protein.evaluation.places import Places
from sciml.protein.vocabulary.census import Census, CensusSettings, placings

ELEMENTS: Final = 4  # letters of a word
WORDS_OF_A_SHAPE: Final = UNKNOWN**ELEMENTS
_PSEUDO: Final = 2.0  # proteins that support each word whatever is seen, so that rare ones rank low

Offsets = NDArray[np.int32]  # of each letter from the first one. Shape (shape, ELEMENTS)
Table = NDArray[np.float32]  # a number for each word. Shape (shape, WORDS_OF_A_SHAPE)


def offsets(widest: int = 3) -> Offsets:
    """All shapes of four letters whose steps are not wider than a number of residues.

    Args:
        widest: The widest step; 1 is the next residue.

    Returns:
        Offsets from the first letter. Shape (shape, 4).
    """
    return placings(CensusSettings(elements=ELEMENTS, widest=widest)).offsets


class SpacedWords(NamedTuple):
    """A vocabulary: the words whose table says so."""

    offsets: Offsets
    held: BoolArray  # shape (shape, WORDS_OF_A_SHAPE)

    @property
    def size(self) -> int:
        """The number of words."""
        return int(self.held.sum())

    def __call__(self, proteins: Sequence[Codes]) -> Places:
        """Where its words stand.

        Args:
            proteins: See :func:`sciml.protein.alphabet.encoded`.

        Returns:
            All words, protein after protein.
        """
        found = [_stand(one, self.offsets, self.held) for one in proteins]
        residues = np.concatenate([*found, np.zeros((0, ELEMENTS), np.int32)])
        numbers = np.repeat(np.arange(len(proteins)), [len(one) for one in found])
        first = np.arange(0, ELEMENTS * len(residues) + 1, ELEMENTS)
        return Places(numbers, first, residues.ravel())


def best(scores: Table, shapes: Offsets, size: int) -> SpacedWords:
    """The vocabulary of the words with the highest scores.

    Args:
        scores: Of each word.
        shapes: Of the table.
        size: How many words; of equal scores those that come first in the table.

    Returns:
        The vocabulary.

    Raises:
        BadInput: if the table does not have so many words.
    """
    if not 0 < size <= scores.size:
        raise BadInput(f"spaced words: {size} asked for, but the table has {scores.size}")
    chosen = np.argsort(-scores.ravel(), kind="stable")[:size]
    held = np.zeros(scores.size, bool)
    held[chosen] = True
    return SpacedWords(shapes, held.reshape(scores.shape))


def support(proteins: Sequence[Codes], shapes: Offsets, weights: FloatArray | None = None) -> Table:
    """In how many proteins each word stands.

    Args:
        proteins: See :func:`sciml.protein.alphabet.encoded`.
        shapes: Of the words, as :func:`offsets` gives them.
        weights: Of the proteins, for example one over the size of the family; 1 by default.

    Returns:
        Sums of weights.
    """
    widest = int(shapes[:, 1].max())  # all shapes up to it are counted
    census = Census(CensusSettings(elements=ELEMENTS, widest=widest))
    census.add(proteins, None if weights is None else weights.tolist())
    return census.table().support.astype(np.float32)


def expected(proteins: Sequence[Codes], weights: FloatArray | None = None) -> NDArray[np.float32]:
    """How often words of four letters stand in proteins whose residues are in random order.

    Args:
        proteins: See :func:`sciml.protein.alphabet.encoded`.
        weights: Of the proteins; 1 by default.

    Returns:
        Expected occurrences, to good approximation the expected support of rare words; the same
        for every shape. Shape (WORDS_OF_A_SHAPE,).
    """
    weight = np.ones(len(proteins)) if weights is None else weights
    shares = np.array(
        [np.bincount(one, minlength=UNKNOWN + 1)[:UNKNOWN] / max(len(one), 1) for one in proteins]
    ).reshape(len(proteins), UNKNOWN)
    times = weight * np.array([max(len(one) - ELEMENTS + 1, 0) for one in proteins], float)
    pairs = (shares[:, :, None] * shares[:, None]).reshape(len(proteins), -1)
    return ((pairs * times[:, None]).T @ pairs).ravel().astype(np.float32)


def preference(seen: Table, by_chance: NDArray[np.float32]) -> Table:
    """How much more often words stand in proteins than chance would have it, as a logarithm.

    Args:
        seen: Support, see :func:`support`.
        by_chance: See :func:`expected`.

    Returns:
        log2 of the ratio, with two proteins added to both.
    """
    return np.log2((seen + np.float32(_PSEUDO)) / (by_chance + np.float32(_PSEUDO)))


@numba.njit(cache=True)
def _stand(codes: Codes, shapes: Offsets, held: BoolArray) -> NDArray[np.int32]:
    """Residues of the words of a vocabulary in a protein. Shape (word, ELEMENTS)."""
    found, count = np.empty((256, ELEMENTS), np.int32), 0
    for shape in range(len(shapes)):
        for start in range(len(codes) - shapes[shape, -1]):
            word = _word(codes, start, shapes[shape])
            if word >= 0 and held[shape, word]:
                if count == len(found):
                    found = np.concatenate((found, np.empty_like(found)))
                found[count] = shapes[shape] + start
                count += 1
    return found[:count].copy()


@numba.njit(cache=True)
def _word(codes: Codes, start: int, steps: NDArray[np.int32]) -> int:
    """The number of four letters in the table, or -1 where one of them is unknown."""
    word = 0
    for element in range(ELEMENTS):
        code = codes[start + steps[element]]
        if code >= UNKNOWN:
            return -1
        word = word * UNKNOWN + int(code)
    return word
