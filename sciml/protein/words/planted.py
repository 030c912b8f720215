"""Maps of attention made by a known rule: noise of several kinds, and words that are planted."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from pydantic import Field, NonNegativeInt, PositiveInt

from sciml.core.axes import FloatArray
from sciml.core.settings import Settings
from sciml.protein.alphabet import Codes
from sciml.protein.words.links import Links
from sciml.protein.words.null import Attention, Maps

Positions = tuple[int, ...]


class PlantedSettings(Settings):
    """How noisy the maps are, and what is planted."""

    layers: PositiveInt = 4
    heads: PositiveInt = 8
    speaking: float = Field(default=0.4, ge=0, le=1)  # share of heads that bind words
    words: PositiveInt = 6  # in a protein
    letters: tuple[PositiveInt, PositiveInt] = (4, 8)  # of a word
    span: PositiveInt = 60  # residues from first to last letter at most
    strength: float = Field(default=3.0, ge=0)  # added to logits of a word's pairs
    missed: float = Field(default=0.2, ge=0, lt=1)  # share of its pairs that a head does not bind
    noise: float = Field(default=1.0, gt=0)  # of logits
    keys: NonNegativeInt = 0  # residues that heads which bind words look at from everywhere


class PlantedMaps(NamedTuple):
    """A model that reads proteins, and what it planted."""

    attention: Attention
    truth: Callable[[Codes], list[tuple[int, ...]]]  # words of a protein; none where it is shuffled
    keys: Callable[[Codes], tuple[int, ...]]  # and its key residues


def planted_maps(settings: PlantedSettings, seed: int, *, speak: bool = True) -> PlantedMaps:
    """Maps whose noise is the same with and without words.

    A head is local (it looks to some offset), or broad, or spiky (its noise has heavy tails), or
    it looks at a few residues from everywhere. Speaking heads of all kinds bind words beside.

    Args:
        settings: Noise and words.
        seed: Of the heads. What is drawn for a protein depends on the protein, too.
        speak: Whether words are planted; without, proteins are those of the null model.

    Returns:
        The model and the truth.
    """
    kinds = np.random.default_rng([seed, 0]).random((settings.layers, settings.heads, 3))

    def truth(codes: Codes) -> list[tuple[int, ...]]:
        return _words(settings, codes, seed) if speak else []

    def keys(codes: Codes) -> tuple[int, ...]:
        return _keys(settings, codes, seed) if speak else ()

    def attention(codes: Codes, on_layer: Callable[[int, Maps], None]) -> None:
        words, looked_at = truth(codes), keys(codes)
        for layer in range(settings.layers):
            draw = np.random.default_rng([seed, 1 + layer, *codes[:40].tolist(), len(codes)])
            maps = [
                _map(settings, kind, words, looked_at, len(codes), draw) for kind in kinds[layer]
            ]
            on_layer(layer, np.stack(maps).astype(np.float32))

    return PlantedMaps(attention, truth, keys)


def found_words(truth: Sequence[Positions], words: Sequence[Positions]) -> int:
    """How many planted words one of the words shares at least half of both residues with.

    Args:
        truth: Residues of each planted word.
        words: Residues of each word that was found.

    Returns:
        A number of planted words.
    """
    sets = [set(word) for word in words]
    return sum(
        any(2 * len(set(one) & other) >= len(set(one) | other) for other in sets) for one in truth
    )


def false_links(truth: Sequence[Positions], links: Links) -> int:
    """How many links are not between residues of one planted word."""
    word = {residue: number for number, one in enumerate(truth) for residue in one}
    return sum(word.get(int(a), -1) != word.get(int(b), -2) for a, b in links.pair)


def _words(settings: PlantedSettings, codes: Codes, seed: int) -> list[tuple[int, ...]]:
    """Sets of residues, none in two words."""
    draw = np.random.default_rng([seed, 99, *codes[:40].tolist(), len(codes)])
    free, found = np.ones(len(codes), bool), []
    for _ in range(settings.words):
        count = int(draw.integers(settings.letters[0], settings.letters[1] + 1))
        start = int(draw.integers(0, max(len(codes) - settings.span, 1)))
        there = start + np.flatnonzero(free[start : start + settings.span])
        if len(there) < count:
            continue
        chosen = np.sort(draw.choice(there, count, replace=False))
        free[chosen] = False
        found.append(tuple(int(one) for one in chosen))
    return found


def _keys(settings: PlantedSettings, codes: Codes, seed: int) -> tuple[int, ...]:
    """Residues that are looked at from everywhere."""
    draw = np.random.default_rng([seed, 98, *codes[:40].tolist(), len(codes)])
    chosen = draw.choice(len(codes), min(settings.keys, len(codes)), replace=False)
    return tuple(sorted(int(one) for one in chosen))


def _map(
    settings: PlantedSettings,
    kind: FloatArray,
    words: list[tuple[int, ...]],
    keys: tuple[int, ...],
    residues: int,
    draw: np.random.Generator,
) -> FloatArray:
    """One head: rows over all tokens sum to 1."""
    tokens = residues + 2
    sort, speaking, offset = kind
    logits = draw.normal(0.0, settings.noise, (tokens, tokens))
    if sort < 0.25:  # local: at one offset, and less beside it
        away = np.arange(tokens)[None] - np.arange(tokens)[:, None] - round(20 * offset - 10)
        logits += 4 * np.exp(-np.square(away) / 2)
    elif sort < 0.5:  # spiky
        logits = settings.noise * draw.standard_t(4, (tokens, tokens)).clip(-8, 8)
    elif sort < 0.75:  # a few residues are looked at from everywhere
        logits += 3 * (draw.random(tokens) < 0.03)
    if speaking < settings.speaking:
        for word in words:
            _bind(logits, word, settings, draw)
        logits[:, np.array(keys, np.int64) + 1] += settings.strength
    weights = np.exp(logits - logits.max(1, keepdims=True))
    return weights / weights.sum(1, keepdims=True)


def _bind(
    logits: FloatArray, word: tuple[int, ...], settings: PlantedSettings, draw: np.random.Generator
) -> None:
    """Raise the logits of a word's pairs, but for some that this head does not see."""
    places = np.array(word) + 1
    seen = np.triu(draw.random((len(word), len(word))) >= settings.missed, 1)
    logits[np.ix_(places, places)] += settings.strength * (seen | seen.T)
