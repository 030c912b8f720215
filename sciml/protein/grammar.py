"""A language whose words are known: motifs, continuous and with gaps, in random proteins.

It comes with the project, so that extraction, vocabulary and evaluation run without a download
and are judged by what was planted.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveInt, model_validator

from sciml.core.axes import IntArray
from sciml.core.errors import BadInput
from sciml.core.settings import Settings
from sciml.protein.alphabet import LETTERS, Codes

# Share of each letter in UniProtKB/Swiss-Prot, in percent (release statistics,
# 2024).
_SHARES = {
    "L": 9.64, "A": 8.25, "G": 7.07, "V": 6.85, "S": 6.65, "E": 6.72, "R": 5.53, "T": 5.35,
    "I": 5.91, "D": 5.46, "P": 4.74, "K": 5.80, "Q": 3.93, "N": 4.06, "F": 3.86, "Y": 2.92,
    "M": 2.41, "H": 2.27, "W": 1.10, "C": 1.38,
}  # fmt: skip


# No two words begin with the same two letters at the same distance; neighbours have 20 · 19 ways.
_MOST_WORDS = 190
_TRIES = 100_000  # words that are drawn until one fits


class GrammarSettings(Settings):
    """Which words there are and how often they are spoken."""

    continuous: PositiveInt = 2  # words without a gap
    gapped: PositiveInt = 10  # words with gaps
    letters: tuple[PositiveInt, PositiveInt] = (4, 6)  # of a word, least and most
    longest_gap: int = Field(default=12, ge=2)  # residues between two letters of a word
    length: tuple[PositiveInt, PositiveInt] = (60, 90)  # residues of a protein
    words: tuple[int, int] = (2, 4)  # in a protein
    misspelt: float = Field(default=0.05, ge=0, lt=1)  # share of a word's letters

    @model_validator(mode="after")
    def _fits(self) -> "GrammarSettings":
        ranges = {"letters": self.letters, "length": self.length, "words": self.words}
        for name, (least, most) in ranges.items():
            if least > most:
                raise ValueError(f"{name}: expected the least and the most, got {least}, {most}")
        if self.words[0] < 0:
            raise ValueError(f"words: expected 0 or more in a protein, got {self.words[0]}")
        if not 2 <= self.letters[0] <= self.letters[1] <= len(LETTERS):
            raise ValueError(
                f"letters: expected 2 to {len(LETTERS)} different ones, got {self.letters}"
            )
        if self.continuous + self.gapped > _MOST_WORDS:
            raise ValueError(f"continuous and gapped: expected at most {_MOST_WORDS} words in all")
        if self.letters[1] + 1 >= self.length[0] // 2:
            raise ValueError("letters: a word with a gap is longer than half the shortest protein")
        longest = self.letters[1] + (self.letters[1] - 1) * self.longest_gap
        if self.words[1] * self.letters[1] > self.length[0] // 2:
            raise ValueError("words would fill more than half of the shortest protein")
        if longest > 4 * self.length[0]:
            raise ValueError("longest_gap: words are far longer than proteins")
        return self


class PlantedWord(NamedTuple):
    """A word of the grammar."""

    letters: Codes  # (letter,)
    offsets: IntArray  # of its letters from the first one, residues; (letter,)

    @property
    def is_continuous(self) -> bool:
        """Whether its letters are neighbours."""
        return int(self.offsets[-1]) == len(self.offsets) - 1


class Occurrence(NamedTuple):
    """Where a word was planted."""

    protein: int
    word: int
    positions: IntArray  # of its letters in the protein


class Spoken(NamedTuple):
    """Proteins of the grammar, and the truth about them."""

    words: list[PlantedWord]
    proteins: list[Codes]
    occurrences: list[Occurrence]


def composition() -> NDArray[np.float64]:
    """How often each letter is found in natural proteins. Shape (20,), sums to 1."""
    shares = np.array([_SHARES[letter] for letter in LETTERS])
    return shares / shares.sum()


def grammar_words(settings: GrammarSettings, seed: int) -> list[PlantedWord]:
    """The words of a grammar: the continuous ones first.

    Args:
        settings: How many there are and how long they are.
        seed: Which ones.

    Returns:
        Words; no two begin with the same two letters at the same distance.

    Raises:
        BadInput: if words with such gaps hardly ever fit into half of the shortest protein.
    """
    draw, found, begun = np.random.default_rng([seed, 0]), [], set()
    while len(found) < settings.continuous + settings.gapped:
        one = _drawn_word(settings, draw, gapped=len(found) >= settings.continuous)
        beginning = (*one.letters[:2].tolist(), int(one.offsets[1]))
        if beginning not in begun:
            begun.add(beginning)
            found.append(one)
    return found


def _drawn_word(
    settings: GrammarSettings, draw: np.random.Generator, *, gapped: bool
) -> PlantedWord:
    """A word that fits into the shortest protein."""
    count = int(draw.integers(settings.letters[0], settings.letters[1] + 1))
    letters = draw.choice(len(LETTERS), count, replace=False).astype(np.uint8)
    for _ in range(_TRIES):
        gaps = draw.integers(0, settings.longest_gap + 1, count - 1) if gapped else 0
        offsets = np.append(0, np.cumsum(np.broadcast_to(gaps, count - 1) + 1))
        fits = offsets[-1] < settings.length[0] // 2
        if fits and (not gapped or np.max(gaps) >= 2):
            return PlantedWord(letters, offsets)
    raise BadInput(
        f"grammar: no word of {count} letters with gaps of up to {settings.longest_gap} fits into "
        f"half of {settings.length[0]} residues; lower longest_gap or letters, or raise length"
    )


def speak(settings: GrammarSettings, proteins: int, seed: int, part: int = 0) -> Spoken:
    """Proteins of random letters into which words are planted.

    Args:
        settings: The grammar.
        proteins: How many.
        seed: Of the grammar; proteins of all parts share its words.
        part: Another part has other proteins, for training and for judging.

    Returns:
        Words, proteins and where the words are. Words do not overlap.
    """
    words, draw = grammar_words(settings, seed), np.random.default_rng([seed, 1, part])
    spoken: list[Codes] = []
    occurrences: list[Occurrence] = []
    for number in range(proteins):
        length = int(draw.integers(settings.length[0], settings.length[1] + 1))
        protein = draw.choice(len(LETTERS), length, p=composition()).astype(np.uint8)
        free = np.ones(length, bool)
        for word in draw.integers(0, len(words), draw.integers(*settings.words, endpoint=True)):
            positions = _planted(words[word], protein, free, settings, draw)
            if positions is not None:
                occurrences.append(Occurrence(number, int(word), positions))
        spoken.append(protein)
    return Spoken(words, spoken, occurrences)


def _planted(
    word: PlantedWord,
    protein: Codes,
    free: NDArray[np.bool_],
    settings: GrammarSettings,
    draw: np.random.Generator,
) -> IntArray | None:
    """Write a word over free residues; None where no place was found in ten draws."""
    for _ in range(10):
        positions = word.offsets + int(draw.integers(0, len(protein) - int(word.offsets[-1])))
        if free[positions].all():
            free[positions] = False
            right = draw.random(len(positions)) >= settings.misspelt
            protein[positions[right]] = word.letters[right]
            return positions
    return None
