"""Which words of a census a vocabulary holds: several questions, each with a share of its own.

No single question finds all that words are good for. Words that shuffled proteins, which keep every
pair of neighbours, hardly have are motifs. Words that letters drawn alone hardly make are of
stretches with an unusual composition; those whose number exceeds what letters make by most are the
frequent ones among them. Words that relatives keep are held by something, see
:mod:`sciml.protein.vocabulary.kept`. Words near the ends of proteins belong to their place, see
:mod:`sciml.protein.vocabulary.ends`. And the words that most proteins have are none of these. A
vocabulary is put together of parts, each the best words by one question, as many as cover a given
share of residues; so a part of long words is not drowned by one of short words. No label of any
residue is looked at.
"""

from collections.abc import Sequence
from functools import reduce
from typing import Final, Literal, NamedTuple

import numpy as np
from pydantic import Field, NonNegativeFloat, PositiveInt, model_validator
from scipy import special

from sciml.core.axes import FloatArray, IntArray
from sciml.core.errors import BadInput
from sciml.core.settings import Settings
from sciml.protein.alphabet import CLASS_OF_CODE, CLASSES, UNKNOWN, Codes
from sciml.protein.vocabulary.census import MOST_WORDS, CensusSettings, Table, placings
from sciml.protein.vocabulary.counting import UNIT
from sciml.protein.vocabulary.ends import SIDES, EndTables, Side, keys_near
from sciml.protein.vocabulary.kept import KeptTables
from sciml.protein.vocabulary.scanner import Scanner
from sciml.protein.vocabulary.significance import false_discovery_rates
from sciml.protein.vocabulary.store import PSEUDO, VocabularyEntry

_LEAST_EXPECTED: Final = 1.0  # proteins; what no shuffle showed is not impossible
MOST: Final = 50_000  # words of a part

# Support over that in shuffled proteins; over that by letters alone; how many standard deviations
# it exceeds the latter; how often relatives keep a word, over all words alike or over its letters;
# support near the beginning or the end of proteins over that at as many other places; or support
# itself.
Question = Literal[
    "order", "composition", "excess", "kept", "kept_beyond_letters", "beginning", "end", "support"
]
BY_RELATIVES: Final = ("kept", "kept_beyond_letters")


class PartSettings(Settings):
    """A part of a vocabulary: the words that are best by one question."""

    census: CensusSettings = CensusSettings()
    by: Question = "order"
    support: NonNegativeFloat = 10.0  # least of a word, proteins; those that keep it, if asked
    rate: float = Field(default=0.01, gt=0, le=1)  # of false discoveries; support asks none
    coverage: float | None = Field(default=None, gt=0, le=1)  # share of residues they may cover
    words: PositiveInt | None = None  # how many they may be

    @model_validator(mode="after")
    def _ends(self) -> "PartSettings":
        """Refuse a part without a size, or with two."""
        if (self.coverage is None) == (self.words is None):
            raise ValueError("a part needs either coverage or words")
        if self.by in SIDES and self.census.shapes * self.census.words > MOST_WORDS // 16:
            raise ValueError(f"too many words to count near the {self.by}; ask fewer elements")
        return self


class Counted(NamedTuple):
    """What a census counted of words of one kind."""

    seen: Table
    shuffled: Table  # the same of proteins shuffled with their pairs of neighbours
    letters: IntArray  # summed weights of residues, in units of counting. Shape (code,)
    shuffles: int = 1  # of each protein, all counted together
    kept: KeptTables | None = None  # by relatives, where it was counted
    ends: EndTables | None = None  # near the ends of proteins, where it was counted

    def keys(self, by: Question, places: IntArray) -> list[int]:
        """Keys of ranked words.

        Args:
            by: The question.
            places: See :class:`Ranked`.

        Returns:
            See :attr:`sciml.protein.vocabulary.keys.Pattern.key`.
        """
        if by == "beginning" or by == "end":
            return keys_near(self.seen.settings, by, places)
        return self.seen.keys(places)


class Ranked(NamedTuple):
    """Words in the order of a question. Shape (word,) each."""

    places: IntArray  # in the flat table
    support: FloatArray
    expected: FloatArray  # by chance as the question has it
    q: FloatArray  # rate of false discoveries


def ranked(counted: Counted, part: PartSettings) -> Ranked:
    """The words of a kind that may belong to a part, the best first.

    Args:
        counted: What was counted.
        part: The question.

    Returns:
        Words with enough support whose rate of false discoveries among all possible words is low
        enough; of equals, those that come first in the table.
    """
    support, expected = _seen_and_expected(counted, part.by)
    tried = len(support)
    places = np.flatnonzero((support >= part.support) & (support > 0))
    support, expected = support[places], expected[places]
    if part.by in ("order", "support"):
        p = _beyond_shuffled(support, expected, counted.shuffles)
    else:
        p = special.gammainc(support, expected)
    q = false_discovery_rates(p, tried)
    kept = q <= (1.0 if part.by == "support" else part.rate)
    order = np.argsort(-_score(part.by, support[kept], expected[kept]), kind="stable")
    best = np.flatnonzero(kept)[order]
    return Ranked(places[best], support[best], expected[best], q[best])


def _seen_and_expected(counted: Counted, by: Question) -> tuple[FloatArray, FloatArray]:
    """Support of all words and what chance would have it, as a question sees it."""
    if by in BY_RELATIVES:
        return _kept_and_expected(counted.kept, by)
    if by == "beginning" or by == "end":
        return _near_and_expected(counted.ends, by)
    support = counted.seen.support.ravel()
    if by in ("composition", "excess"):
        ways = np.bincount(placings(counted.seen.settings).shape)
        return support, np.multiply.outer(ways, by_letters(counted)).ravel()
    return support, counted.shuffled.support.ravel() / counted.shuffles


def _kept_and_expected(tables: KeptTables | None, by: Question) -> tuple[FloatArray, FloatArray]:
    """In how many proteins words are kept, and would be if all words of the kind were alike.

    Letters that are kept stand together, so that words are kept more often than their letters by
    themselves would have it: what is expected is raised until it has the sum of what is kept.
    """
    if tables is None:
        raise BadInput(f"vocabulary: {by} asks for relatives, which were not counted")
    kept = tables.kept.ravel() / UNIT
    expected = (tables.by_place if by == "kept" else tables.by_letter).ravel() / UNIT
    return kept, expected * (kept.sum() / max(expected.sum(), 1e-300))


def _near_and_expected(tables: EndTables | None, side: Side) -> tuple[FloatArray, FloatArray]:
    """In how many proteins words stand near an end, and would if they stood anywhere."""
    if tables is None:
        raise BadInput(f"vocabulary: words near the {side} of proteins were not counted")
    return tables.support(side).ravel(), tables.expected(side).ravel()


def _score(by: Question, support: FloatArray, expected: FloatArray) -> FloatArray:
    """What words are ranked by."""
    if by == "support":
        return support
    if by == "excess":
        return (support - expected) / np.sqrt(expected + 1.0)
    return np.log2((support + PSEUDO) / (expected + PSEUDO))


def _beyond_shuffled(support: FloatArray, expected: FloatArray, shuffles: int) -> FloatArray:
    """Probability of such a support if proteins and their shuffles had a word alike often.

    Both are counts; given their sum, one is binomial. So what a few shuffles show by chance is not
    taken for the truth.

    Source:
        Przyborowski & Wilenski, Homogeneity of results in testing samples from Poisson series,
        Biometrika 31, 313 (1940).
    """
    return np.asarray(
        special.betainc(support, shuffles * expected + 1.0, 1 / (1 + shuffles)), float
    )


def by_letters(counted: Counted) -> FloatArray:
    """Occurrences of words if residues were drawn alone, for each way to stand. Shape (word,)."""
    settings = counted.seen.settings
    letters = counted.letters[:UNKNOWN] / UNIT
    if settings.spelling == "classes":
        letters = np.bincount(CLASS_OF_CODE[:UNKNOWN], letters, len(CLASSES))
    share = letters / max(letters.sum(), 1e-300)
    chance = reduce(np.multiply.outer, [share] * settings.elements)
    return np.asarray(chance, float).ravel() * letters.sum()


def entries_of(
    counted: Counted, part: PartSettings, sample: Sequence[Codes]
) -> list[VocabularyEntry]:
    """A part of a vocabulary.

    Args:
        counted: What was counted.
        part: The question, and the size.
        sample: Proteins on which coverage is measured.

    Returns:
        Its words, the best first.

    Raises:
        BadInput: if no word qualifies, or already the first one covers more than the share.
    """
    found = ranked(counted, part)
    keys = counted.keys(part.by, found.places[: part.words or MOST])
    size = len(keys) if part.coverage is None else most_within(keys, sample, part.coverage)
    if not size:
        raise BadInput(
            f"vocabulary: no word by {part.by} with support {part.support:g} fits; ask less "
            "support or more coverage"
        )
    ratio = found.support / np.maximum(found.expected, _LEAST_EXPECTED)
    told = found.support * np.maximum(np.log2(ratio), 0)
    columns = (keys, found.support, found.expected, found.q, told)
    return [
        VocabularyEntry(key, float(support), float(expected), float(q), float(bits))
        for key, support, expected, q, bits in zip(*(one[:size] for one in columns), strict=True)
    ]


def joined(parts: Sequence[Sequence[VocabularyEntry]]) -> tuple[VocabularyEntry, ...]:
    """Parts as one vocabulary: each pattern once, as the first part that has it tells it."""
    found: dict[int, VocabularyEntry] = {}
    for part in parts:
        for entry in part:
            found.setdefault(entry.key, entry)
    return tuple(found.values())


def covered_share(keys: Sequence[int], proteins: Sequence[Codes]) -> float:
    """Share of the residues of proteins that belong to an occurrence of a pattern."""
    if not keys or not proteins:
        return 0.0
    covered = Scanner(keys).covered(proteins)
    return sum(int(one.sum()) for one in covered) / max(sum(map(len, covered)), 1)


def most_within(keys: Sequence[int], proteins: Sequence[Codes], share: float) -> int:
    """How many of the first words cover no more than a share of residues.

    Args:
        keys: Patterns, the best first.
        proteins: Whose residues are covered.
        share: Of the residues, at most.

    Returns:
        The number of patterns.
    """
    within, beyond = 0, len(keys) + 1
    tried = min(1024, len(keys))
    while beyond - within > 1:
        if covered_share(keys[:tried], proteins) <= share:
            within = tried
        else:
            beyond = tried
        # Doubling first, for most parts are far smaller than all that qualifies.
        tried = min(2 * within, len(keys)) if beyond > len(keys) else (within + beyond) // 2
        if within == len(keys):
            break
    return within
