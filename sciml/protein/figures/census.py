"""The figure of the third notebook: what a census finds in a generated grammar."""

# Not strict: xarray types coordinates and attributes as unknown.
# pyright: standard
from itertools import combinations
from typing import Final, NamedTuple

import numpy as np
import xarray as xr

from sciml.core.axes import BoolArray, IntArray
from sciml.figures.registry import Drawn, figure
from sciml.figures.style import (
    BLACK,
    BLUE,
    TWO_COLUMNS,
    VERMILION,
    Panel,
    label_panels,
    new_picture,
)
from sciml.protein.alphabet import UNKNOWN, Codes
from sciml.protein.grammar import GrammarSettings, Spoken, speak
from sciml.protein.grammar_tasks import matches
from sciml.protein.vocabulary.census import Census, CensusSettings
from sciml.protein.vocabulary.counting import UNIT
from sciml.protein.vocabulary.keys import GAPS, Pattern, from_key
from sciml.protein.vocabulary.ranking import Counted, PartSettings, ranked
from sciml.protein.words.shuffles import shuffled_by

PROTEINS: Final = (50, 100, 200, 400, 800, 1600)
SHUFFLES: Final = (1, 8)  # of each protein
_SEED: Final = 1
_KIND: Final = CensusSettings(elements=3, widest=4)
_PART: Final = PartSettings(census=_KIND, support=3, rate=0.01, words=1)
_SHOWN: Final = 60  # least support of a word that is drawn


class Judged(NamedTuple):
    """What a part of a vocabulary found of the grammar."""

    found: float  # share of the patterns of planted words
    riding: float  # share of the part with two letters of a planted word, and any third one
    false: float  # share of the part without two letters of any planted word


def counted_grammar(spoken: Spoken, count: int, shuffles: int) -> Counted:
    """All words of three letters in some proteins of a grammar, and in their shuffles.

    Args:
        spoken: The grammar and its proteins.
        count: How many of the proteins.
        shuffles: Of each protein.

    Returns:
        What a part of a vocabulary is chosen from.
    """
    proteins, seen, others = spoken.proteins[:count], Census(_KIND), Census(_KIND)
    seen.add(proteins)
    for turn in range(shuffles):
        others.add([shuffled_by(one, turn * count + k) for k, one in enumerate(proteins)])
    letters = np.bincount(np.concatenate(proteins), minlength=UNKNOWN + 1) * UNIT
    return Counted(seen.table(), others.table(), letters, shuffles)


def of_planted_words(counted: Counted, spoken: Spoken, places: IntArray) -> BoolArray:
    """Which patterns are letters of a planted word at their distances. Shape (word,)."""
    patterns = [from_key(key) for key in counted.seen.keys(places)]
    return np.array([any(matches(one, word) for word in spoken.words) for one in patterns], bool)


@figure(
    "protein/census-words",
    title="Words of a generated grammar in a census: support and chance, and how many are found",
    rtol=1e-6,
    atol=1e-6,
)
def words_of_a_census() -> Drawn:
    """Support over that in shuffled proteins, and what is found in fewer proteins.

    Returns:
        Panel a: words of many of 1,600 proteins, those of planted words apart. Panel b: share of
        the patterns of planted words that is significant, and share of the significant ones that
        has no two letters of one, over the number of proteins and of shuffles.
    """
    spoken = speak(GrammarSettings(), PROTEINS[-1], _SEED)
    counted = {
        (count, shuffles): counted_grammar(spoken, count, shuffles)
        for count in PROTEINS
        for shuffles in SHUFFLES
    }
    every = counted[PROTEINS[-1], 1]
    shown = np.flatnonzero(every.seen.support.ravel() >= _SHOWN)
    planted = of_planted_words(every, spoken, shown)
    judged = [
        [_judged(counted[count, shuffles], spoken, shown[planted]) for count in PROTEINS]
        for shuffles in SHUFFLES
    ]
    data = xr.Dataset(
        {
            "support": ("word", every.seen.support.ravel()[shown]),
            "shuffled": ("word", every.shuffled.support.ravel()[shown]),
            "planted": ("word", planted.astype(int)),
            "found": (("shuffles", "proteins"), [[one.found for one in row] for row in judged]),
            "riding": (("shuffles", "proteins"), [[one.riding for one in row] for row in judged]),
            "false": (("shuffles", "proteins"), [[one.false for one in row] for row in judged]),
        },
        coords={"shuffles": list(SHUFFLES), "proteins": list(PROTEINS)},
        attrs={"nominal": _PART.rate},
    )
    picture = new_picture(TWO_COLUMNS, 2.8)
    left, right = picture.subplots(1, 2)
    _draw_support(left, data)
    _draw_found(right, data)
    label_panels(picture)
    return Drawn(picture, data)


def _judged(counted: Counted, spoken: Spoken, true: IntArray) -> Judged:
    """What is significant, beside the truth."""
    places = ranked(counted, _PART).places
    right, found = of_planted_words(counted, spoken, places), np.isin(true, places).mean()
    pairs = {pair for word in spoken.words for pair in _pairs(word.letters, word.offsets)}
    patterns = [from_key(key) for key in counted.seen.keys(places)]
    with_pair = np.array([not pairs.isdisjoint(_pairs_of(one)) for one in patterns], bool)
    size = max(len(places), 1)
    return Judged(float(found), (with_pair & ~right).sum() / size, (~with_pair).sum() / size)


def _pairs(letters: Codes, offsets: IntArray) -> set[tuple[int, int, int]]:
    """Any two letters of a word and their distance."""
    return {
        (int(letters[a]), int(letters[b]), int(offsets[b] - offsets[a]))
        for a, b in combinations(range(len(letters)), 2)
    }


def _pairs_of(pattern: Pattern) -> set[tuple[int, int, int]]:
    """Any two letters of a pattern without wide gaps and their distance."""
    steps = [GAPS[gap][0] for gap in pattern.gaps]
    return _pairs(np.array(pattern.symbols, np.uint8), np.cumsum([0, *steps]))


def _draw_found(panel: Panel, data: xr.Dataset) -> None:
    """What is found and what is false, for few and for many shuffles."""
    for shuffles, style, inside in zip(SHUFFLES, ("o--", "s-"), ("white", None), strict=True):
        one = data.sel(shuffles=shuffles)
        name = f"{shuffles} shuffle" + "s" * (shuffles > 1)
        for what, colour in (("found", BLUE), ("false", VERMILION)):
            look = {"ms": 4, "mfc": inside, "color": colour, "label": f"{what}, {name}"}
            panel.plot(one["proteins"], one[what], style, **look)
    panel.axhline(data.attrs["nominal"], color=BLACK, lw=0.5)
    panel.set(xscale="log", xlabel="proteins", ylabel="share", ylim=(-0.03, 1.05))
    panel.set_xticks(PROTEINS, [str(one) for one in PROTEINS])
    panel.minorticks_off()
    panel.legend(loc="center right")


def _draw_support(panel: Panel, data: xr.Dataset) -> None:
    """Each word as a point."""
    planted = data["planted"].values > 0
    for which, colour, size, name in (
        (~planted, BLACK, 2.0, "others"),
        (planted, BLUE, 5.0, "of a planted word"),
    ):
        x, y = data["shuffled"].values[which] + 0.5, data["support"].values[which]
        panel.scatter(x, y, s=size, color=colour, lw=0, label=name, rasterized=True)
    highest = float(data["support"].max())
    panel.plot([_SHOWN, highest], [_SHOWN, highest], color=BLACK, lw=0.5)
    panel.set(xscale="log", yscale="log", ylim=(0.9 * _SHOWN, 1.5 * highest))
    panel.set(xlabel="proteins after shuffling + ½", ylabel="proteins")
    panel.legend(loc="lower right")
