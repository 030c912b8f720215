"""Simple methods that words from attention have to beat.

The only door to tokenizers.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer

from sciml.core.errors import BadInput
from sciml.protein.alphabet import CLASSES, LETTERS, UNKNOWN, Codes, classes_of, decoded, encoded
from sciml.protein.evaluation.places import (
    Finder,
    Places,
    places_of_occurrences,
    places_of_spans,
)
from sciml.protein.evaluation.spaced import (
    SpacedWords,
    Table,
    best,
    expected,
    offsets,
    preference,
    support,
)
from sciml.protein.sources import PeerWords
from sciml.protein.vocabulary.scanner import Scanner

SIZE: Final = 10_000  # words of each baseline


class BytePairs:
    """Words without gaps, merged from the most frequent neighbours (byte-pair encoding)."""

    def __init__(self, proteins: Sequence[Codes], size: int = SIZE) -> None:
        """Learn the merges; the same proteins give the same ones.

        Args:
            proteins: What is learnt from.
            size: Words, single letters included.

        Raises:
            BadInput: if there is no protein.

        Source:
            Sennrich, Haddow & Birch, ACL (2016).
        """
        if not len(proteins):
            raise BadInput("byte pairs: no protein to learn from")
        self._tokenizer = Tokenizer(BPE())
        trainer = BpeTrainer(
            vocab_size=size, initial_alphabet=list(LETTERS), show_progress=False, special_tokens=[]
        )
        self._tokenizer.train_from_iterator((decoded(one) for one in proteins), trainer)

    def words(self) -> list[str]:
        """All words, in alphabetical order."""
        return sorted(self._tokenizer.get_vocab())

    def longer(self, letters: int) -> Finder:
        """The method that counts only words of so many letters.

        Args:
            letters: The least number.

        Returns:
            Where such words stand when proteins are cut into words.
        """

        def find(proteins: Sequence[Codes]) -> Places:
            return places_of_spans([self._spans(one, letters) for one in proteins])

        return find

    def _spans(self, codes: Codes, letters: int) -> list[tuple[int, int]]:
        """First residue, and the one after the last, of the words of a protein."""
        cuts = self._tokenizer.encode(decoded(codes)).offsets
        return [
            (start, end)
            for start, end in cuts
            if end - start >= letters and (codes[start:end] < UNKNOWN).all()
        ]


def letters_alone(letters: str) -> Finder:
    """The method that covers some letters wherever they stand: words of one letter.

    What it reaches needs no word at all, so that words should reach more.

    Args:
        letters: For example ``CH``.

    Returns:
        Where they stand.
    """
    chosen = encoded(letters)

    def find(proteins: Sequence[Codes]) -> Places:
        return places_of_spans(
            [
                [(int(k), int(k) + 1) for k in np.flatnonzero(np.isin(one, chosen))]
                for one in proteins
            ]
        )

    return find


def first_residues(count: int) -> Finder:
    """The method that covers where proteins begin, whatever stands there.

    What words near the beginning reach should not be what any word there would.

    Args:
        count: Residues from the first one on.

    Returns:
        Those of each protein.
    """
    return lambda proteins: places_of_spans([[(0, min(count, len(one)))] for one in proteins])


def frequent_spaced_words(proteins: Sequence[Codes], size: int = SIZE) -> SpacedWords:
    """The words of four letters, with up to two residues between any two, that most proteins have.

    Args:
        proteins: What is learnt from.
        size: Words.

    Returns:
        The vocabulary.
    """
    shapes = offsets()
    return best(support(proteins, shapes), shapes, size)


def preferred_spaced_words(
    proteins: Sequence[Codes], size: int = SIZE, at_least: float = 10
) -> SpacedWords:
    """Words of four letters that proteins have more often than their composition explains.

    Args:
        proteins: What is learnt from.
        size: Words.
        at_least: Proteins that must have a word.

    Returns:
        The vocabulary: words with the highest ratio of support to what chance explains.
    """
    shapes = offsets()
    seen = support(proteins, shapes)
    return best(_if_supported(preference(seen, expected(proteins)), seen, at_least), shapes, size)


def _if_supported(scores: Table, seen: Table, at_least: float) -> Table:
    """Scores, lowest where support is less than a number."""
    scores[seen < at_least] = -100.0
    return scores


class PeerStrings:
    """The peer's words without gaps, looked for as strings of classes wherever they stand.

    A weak port: their own method finds words from maps of attention of a model of 650 million
    parameters and asks for the context too. What is tested here is the vocabulary alone.

    Source:
        Chen et al. (2026), Adv. Sci., 10.1002/advs.202521970, words of 1,000 proteins.
    """

    def __init__(self, found: PeerWords) -> None:
        """Spell the words.

        Args:
            found: Proteins and the peer's words in them.
        """
        self._strings: dict[int, set[bytes]] = {}
        for protein, words in zip(found.proteins, found.words, strict=True):
            classes = classes_of(encoded(protein.sequence))
            for word in words:
                if word.is_continuous:
                    spelt = classes[list(word.positions)].tobytes()
                    if len(CLASSES) not in spelt:
                        self._strings.setdefault(len(spelt), set()).add(spelt)

    def __len__(self) -> int:
        """The number of words."""
        return sum(map(len, self._strings.values()))

    def __call__(self, proteins: Sequence[Codes]) -> Places:
        """Where the words stand.

        Args:
            proteins: See :func:`sciml.protein.alphabet.encoded`.

        Returns:
            All words, protein after protein.
        """
        return places_of_spans([self._spans(one) for one in proteins])

    def _spans(self, codes: Codes) -> list[tuple[int, int]]:
        """First residue, and the one after the last, of the words of a protein."""
        classes = classes_of(codes).tobytes()
        return [
            (start, start + size)
            for size, strings in sorted(self._strings.items())
            for start in range(len(classes) - size + 1)
            if classes[start : start + size] in strings
        ]


def patterns(keys: Sequence[int]) -> Finder:
    """The method that looks for the patterns of a vocabulary.

    Args:
        keys: See :attr:`sciml.protein.vocabulary.keys.Pattern.key`.

    Returns:
        Where they occur.

    Raises:
        BadInput: if there is no pattern, one comes twice, or a number is no key.
    """
    scanner = Scanner(keys)
    return lambda proteins: places_of_occurrences(scanner.occurrences(proteins))
