"""Where a method finds its words: one form for every method, so that the same code judges all."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from sciml.core.axes import BoolArray, IntArray
from sciml.core.errors import BadInput
from sciml.protein.alphabet import Codes
from sciml.protein.vocabulary.scanner import Occurrences
from sciml.protein.word import Word

Residues = NDArray[np.int32]


class Places(NamedTuple):
    """Words as columns; those of word ``w`` are ``residues[first[w]:first[w + 1]]``."""

    protein: IntArray  # number of the protein. Shape (word,)
    first: IntArray  # where the residues of each word begin, and the end. Shape (word + 1,)
    residues: Residues  # from 0, ascending in each word. Shape (residue of a word,)

    @property
    def size(self) -> int:
        """The number of words."""
        return len(self.protein)

    def chosen(self, which: BoolArray) -> "Places":
        """Some of the words.

        Args:
            which: Shape (word,).

        Returns:
            Those words, in their order.
        """
        sizes = np.diff(self.first)
        first = np.append(0, np.cumsum(sizes[which]))
        return Places(self.protein[which], first, self.residues[np.repeat(which, sizes)])


# A method: it is shown proteins and says where its words are.
Finder = Callable[[Sequence[Codes]], Places]


def places_of_words(words: Iterable[Sequence[Word]]) -> Places:
    """Places of the words that an extractor found.

    Args:
        words: Of each protein.

    Returns:
        All words, in their order.
    """
    return places_of_residues([word.positions for word in found] for found in words)


def places_of_residues(words: Iterable[Sequence[Sequence[int]]]) -> Places:
    """Places of words that are told by their residues.

    Args:
        words: Of each protein; residues from 0, ascending.

    Returns:
        All words, in their order.
    """
    listed = [(number, word) for number, found in enumerate(words) for word in found]
    return _joined([number for number, _ in listed], [word for _, word in listed])


def places_of_spans(spans: Iterable[Sequence[tuple[int, int]]]) -> Places:
    """Places of words without gaps.

    Args:
        spans: Of each protein: first residue from 0, and the one after the last.

    Returns:
        All words, in their order.
    """
    listed = [(number, *span) for number, found in enumerate(spans) for span in found]
    return _joined([one[0] for one in listed], [range(one[1], one[2]) for one in listed])


def places_of_occurrences(found: Occurrences) -> Places:
    """Places of the occurrences of a vocabulary.

    Args:
        found: See :meth:`sciml.protein.vocabulary.scanner.Scanner.occurrences`.

    Returns:
        All words, in their order.
    """
    held = found.positions >= 0
    first = np.append(0, np.cumsum(held.sum(1)))
    return Places(found.protein.astype(np.int64), first, found.positions[held])


def covered(places: Places, lengths: Sequence[int] | IntArray) -> list[BoolArray]:
    """Which residues belong to a word; what stands in the gaps of a word does not.

    Args:
        places: Words.
        lengths: Residues of each protein.

    Returns:
        For each protein shape (residue,).

    Raises:
        BadInput: if a word lies outside of its protein.
    """
    begins = _begins(places, lengths)
    mask = np.zeros(begins[-1], bool)
    mask[_flat(places, begins)] = True
    return np.split(mask, begins[1:-1]) if len(begins) > 1 else []


def distinct(places: Places) -> Places:
    """Words without those that have the same residues as an earlier one.

    Args:
        places: Words.

    Returns:
        The first word of each set of residues.
    """
    # Marks of 64 bits: that two of a million words share one by chance happens once in 10^7 runs.
    _, chosen = np.unique(_marks(*places), return_index=True)
    which = np.zeros(places.size, bool)
    which[chosen] = True
    return places.chosen(which)


def thrown(
    places: Places, lengths: Sequence[int] | IntArray, generator: np.random.Generator
) -> Places:
    """Words of the same shapes at random places of the same proteins.

    Args:
        places: Words.
        lengths: Residues of each protein.
        generator: Of random numbers.

    Returns:
        Each word moved so that every place inside of its protein is as likely.

    Raises:
        BadInput: if a word lies outside of its protein.
    """
    _begins(places, lengths)
    if not places.size:
        return places
    starts = places.residues[places.first[:-1]]
    spans = places.residues[places.first[1:] - 1] - starts
    room = np.asarray(lengths, np.int64)[places.protein] - spans
    moves = (generator.random(places.size) * room).astype(np.int32) - starts
    return places._replace(residues=places.residues + np.repeat(moves, np.diff(places.first)))


def _joined(proteins: Sequence[int], words: Sequence[Sequence[int]]) -> Places:
    """Columns of listed words."""
    first = np.append(0, np.cumsum([len(word) for word in words], dtype=np.int64))
    residues = np.fromiter((place for word in words for place in word), np.int32, int(first[-1]))
    return Places(np.array(proteins, np.int64), first, residues)


def _begins(places: Places, lengths: Sequence[int] | IntArray) -> IntArray:
    """Where proteins begin if they are laid end to end; refuses words outside of them."""
    sizes = np.asarray(lengths, np.int64)
    owner = np.repeat(places.protein, np.diff(places.first))
    known = (owner >= 0) & (owner < len(sizes))
    inside = known & (places.residues >= 0) & (places.residues < sizes[np.where(known, owner, 0)])
    if not inside.all():
        wrong = int(np.argmin(inside))
        raise BadInput(
            f"places: residue {places.residues[wrong]} of protein {owner[wrong]} does not exist; "
            f"there are {len(sizes)} proteins. Find the words in the proteins that are judged."
        )
    return np.append(0, np.cumsum(sizes))


def _flat(places: Places, begins: IntArray) -> IntArray:
    """Numbers of the residues of all words if proteins are laid end to end."""
    return begins[np.repeat(places.protein, np.diff(places.first))] + places.residues


@numba.njit(cache=True)
def _marks(protein: IntArray, first: IntArray, residues: Residues) -> NDArray[np.uint64]:
    """A number of 64 bits for each word that depends on its protein and residues."""
    found = np.empty(len(protein), np.uint64)
    for word in range(len(protein)):
        mark = _mixed(np.uint64(protein[word]))
        for place in range(first[word], first[word + 1]):
            mark = _mixed(mark ^ np.uint64(residues[place] + 1))
        found[word] = mark
    return found


@numba.njit(cache=True)
def _mixed(number: np.uint64) -> np.uint64:
    """The finaliser of splitmix64 (Steele et al. 2014): every bit depends on every other."""
    number = number + np.uint64(0x9E3779B97F4A7C15)
    number = (number ^ (number >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    number = (number ^ (number >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return number ^ (number >> np.uint64(31))
