"""The recipe that looks for the words of a generated grammar in the attention of its model."""

import time
from collections.abc import Sequence
from functools import partial
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
from pydantic import Field, PositiveInt

from sciml.core.axes import IntArray
from sciml.core.writing import sha256_of, write_json
from sciml.protein.alphabet import LETTERS, Codes
from sciml.protein.grammar import GrammarSettings, PlantedWord, speak
from sciml.protein.language.maps import attention
from sciml.protein.language.weights import load_model
from sciml.protein.language_tasks import weights_of
from sciml.protein.vocabulary.counting import Counts, LossyCounter, Sighting
from sciml.protein.vocabulary.keys import GAPS, SYMBOLS, Pattern, from_key, pattern_at
from sciml.protein.vocabulary.significance import significance
from sciml.protein.words.extractor import Extractor, ExtractorSettings, NullSettings, fit_null
from sciml.protein.words.links import Links
from sciml.protein.words.null import Attention
from sciml.training.recipe import Recipe
from sciml.training.run import Outcome, RecipeTask

PATTERNS = "patterns.json"
_ERROR = 1e-4  # of counts, as a share of all proteins


class GrammarWordsRecipe(Recipe):
    """Count what heads link in proteins of the grammar, and judge it by what was planted."""

    weights: str = "protein/grammar"  # recipe whose record has them, or a file
    grammar: GrammarSettings = GrammarSettings()
    proteins: PositiveInt = 200  # of another part than the model has seen
    links: float = Field(default=-2.0, ge=-4, le=-1.5)  # log10 of a link's largest p-value
    fewest: PositiveInt = 4  # proteins that have a pattern
    false_discoveries: float = Field(default=0.01, gt=0, lt=1)


def grammar_words(recipe: GrammarWordsRecipe, folder: Path) -> Outcome:
    """Patterns of three letters that heads link, in more proteins than chance would have it.

    Args:
        recipe: The settings.
        folder: Folder of the run.

    Returns:
        How many of the planted words have a pattern, and how many patterns are of a planted word,
        beside as many of the most frequent patterns with gaps of at most a word's longest one,
        which no model chose; and the file of patterns.

    Raises:
        BadInput: if there is no such record of weights and no such file.
    """
    started = time.perf_counter(), time.process_time()
    name, weights = weights_of(recipe.weights)
    model = load_model(weights)
    spoken = speak(recipe.grammar, recipe.proteins, recipe.seed, part=2)
    counts = linked_triples(partial(attention, model), spoken.proteins, recipe)
    chosen = significant_patterns(counts, spoken.proteins, recipe)
    frequent = frequent_patterns(spoken.proteins, recipe.grammar.longest_gap, len(chosen))
    metrics = {
        **judged(chosen, spoken.words, ""),
        **judged(frequent, spoken.words, "frequent_"),
        "patterns_counted": len(counts.entries),
    }
    told = [
        {
            "pattern": one.spelling,
            "support": counts.support(one.key),
            "words": [k for k, word in enumerate(spoken.words) if matches(one, word)],
        }
        for one in chosen
    ]
    write_json(folder / PATTERNS, {"planted": [spelt(w) for w in spoken.words], "found": told})
    seconds = {"wall": time.perf_counter() - started[0], "cpu": time.process_time() - started[1]}
    sha256 = {name: sha256_of(weights)}
    return Outcome("finished", metrics, sha256, [folder / PATTERNS], seconds)


def linked_triples(
    read: Attention, proteins: Sequence[Codes], recipe: GrammarWordsRecipe
) -> Counts:
    """In how many proteins each pattern of three residues is held together by two links.

    Args:
        read: The model.
        proteins: What is read; a part of it is shuffled for the null model.
        recipe: Which links count.

    Returns:
        Counts by pattern.
    """
    lengths = {int(np.median([len(one) for one in proteins]))}
    settings = ExtractorSettings(null=NullSettings(lengths=tuple(lengths)))
    extractor = Extractor(fit_null(read, proteins[:200], recipe.seed, settings), settings)
    counter = LossyCounter(_ERROR)
    for number, protein in enumerate(proteins):
        links = extractor.read(read, protein).candidates()
        found: dict[int, Sighting] = {}
        for positions in triples(links.chosen(links.log10_p <= recipe.links)):
            pattern = pattern_at(protein, positions, "letters")
            if pattern is not None:
                found.setdefault(pattern.key, Sighting(positions))
        counter.add(str(number), found)
    return counter.counts()


def triples(links: Links) -> set[tuple[int, ...]]:
    """Three residues of which two are linked to the third, by whichever heads."""
    near: dict[int, set[int]] = {}
    for one, other in links.pair.tolist():
        near.setdefault(one, set()).add(other)
        near.setdefault(other, set()).add(one)
    return {
        tuple(sorted((middle, *pair)))
        for middle, around in near.items()
        for pair in combinations(sorted(around), 2)
    }


def significant_patterns(
    counts: Counts, proteins: Sequence[Codes], recipe: GrammarWordsRecipe
) -> list[Pattern]:
    """Patterns in more proteins than their letters explain.

    Args:
        counts: See :func:`linked_triples`.
        proteins: Where they were counted.
        recipe: Fewest proteins and rate of false discoveries.

    Returns:
        The patterns, the most frequent first.
    """
    keys = [key for key in counts.entries if counts.support(key) >= recipe.fewest]
    support = np.array([counts.support(key) for key in keys])
    q = significance(keys, support, proteins, tried=len(counts.entries)).q
    order = np.argsort(-support, kind="stable")
    return [from_key(keys[k]) for k in order if q[k] <= recipe.false_discoveries]


def frequent_patterns(proteins: Sequence[Codes], longest_gap: int, count: int) -> list[Pattern]:
    """The patterns of three letters that are in most proteins, whatever chance says.

    Args:
        proteins: Where they are counted.
        longest_gap: Residues between two letters at most.
        count: How many are wanted.

    Returns:
        The patterns, the most frequent first.
    """
    bins = np.zeros(longest_gap + 2, np.int64)
    for number, (first, _) in enumerate(GAPS):
        bins[first:] = number
    held = [np.unique(_triples_of(protein, bins)) for protein in proteins]
    numbers, support = np.unique(np.concatenate(held), return_counts=True)
    best = np.lexsort((numbers, -support))[:count]
    return [_pattern_of(int(number)) for number in numbers[best]]


def _triples_of(protein: Codes, bins: IntArray) -> IntArray:
    """All patterns of three letters in one protein, as numbers."""
    found, codes = [np.zeros(0, np.int64)], protein.astype(np.int64)
    for one in range(1, len(bins)):
        for other in range(1, len(bins)):
            rest = len(codes) - one - other
            if rest > 0:
                first, second, third = codes[:rest], codes[one : one + rest], codes[one + other :]
                number = ((first * 20 + second) * 20 + third) * 64 + bins[one] * 8 + bins[other]
                found.append(number)
    return np.concatenate(found)


def _pattern_of(number: int) -> Pattern:
    """The pattern of a number of :func:`_triples_of`."""
    letters, gaps = divmod(number, 64)
    symbols = (letters // 400, letters // 20 % 20, letters % 20)
    return Pattern(symbols, (gaps // 8, gaps % 8))


def judged(
    patterns: Sequence[Pattern], words: Sequence[PlantedWord], prefix: str
) -> dict[str, float]:
    """How many planted words have a pattern, and how many patterns are of a planted word."""
    found = {k for k, word in enumerate(words) if any(matches(one, word) for one in patterns)}
    gapped = {k for k, word in enumerate(words) if not word.is_continuous}
    true = sum(any(matches(one, word) for word in words) for one in patterns)
    return {
        f"{prefix}patterns": len(patterns),
        f"{prefix}discontinuous_words_found": len(found & gapped) / len(gapped),
        f"{prefix}continuous_words_found": len(found - gapped) / (len(words) - len(gapped)),
        f"{prefix}patterns_of_a_planted_word": true / max(len(patterns), 1),
    }


def matches(pattern: Pattern, word: PlantedWord) -> bool:
    """Whether a pattern is three or more letters of a word at their distances."""
    for chosen in combinations(range(len(word.letters)), len(pattern.symbols)):
        letters = [LETTERS[word.letters[k]] for k in chosen]
        steps = [int(word.offsets[b] - word.offsets[a]) for a, b in pairwise(chosen)]
        if letters == [SYMBOLS[symbol] for symbol in pattern.symbols] and all(
            GAPS[gap][0] <= step <= GAPS[gap][1]
            for gap, step in zip(pattern.gaps, steps, strict=True)
        ):
            return True
    return False


def spelt(word: PlantedWord) -> str:
    """A word with a point for each residue of its gaps."""
    steps = np.diff(word.offsets, prepend=word.offsets[0] - 1) - 1
    return "".join("." * int(s) + LETTERS[k] for s, k in zip(steps, word.letters, strict=True))


GRAMMAR_TASKS = {"protein/grammar-words": RecipeTask(GrammarWordsRecipe, grammar_words)}
