"""The figures of the first notebook: words that were planted, in maps and in proteins."""

# Not strict: xarray types coordinates and attributes as unknown.
# pyright: standard
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr

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
from sciml.protein.alphabet import Codes
from sciml.protein.grammar_tasks import PATTERNS
from sciml.protein.words.extractor import (
    Extractor,
    ExtractorSettings,
    NullSettings,
    fit_null,
    informative_heads,
)
from sciml.protein.words.null import NullTables, heads_of
from sciml.protein.words.planted import (
    PlantedMaps,
    PlantedSettings,
    false_links,
    found_words,
    planted_maps,
)
from sciml.protein.words.scores import corrected
from sciml.training.run import record_folder

STRENGTHS = (2.0, 2.5, 3.0, 3.5, 4.0)  # added to logits of a word's pairs
SHOWN = 3.0
_SEED, _RESIDUES, _PROTEINS, _KNOWN = 1, 150, 6, 12
_SETTINGS = ExtractorSettings(null=NullSettings(lengths=(_RESIDUES,), tails=9000, links=9000))


class _Found(NamedTuple):
    """What was found in some proteins."""

    recall: float  # of planted words
    false: float  # share of links


def _proteins(seed: int, count: int) -> list[Codes]:
    """Random proteins."""
    draw = np.random.default_rng([_SEED, seed])
    return [draw.integers(0, 20, _RESIDUES).astype(np.uint8) for _ in range(count)]


def _extractor(null: list[NullTables], model: PlantedMaps) -> Extractor:
    """With the heads that speak."""
    heads = informative_heads(model.attention, _proteins(1, _KNOWN), null, _SETTINGS)
    return Extractor(null, _SETTINGS, heads.used)


def _judged(null: list[NullTables], model: PlantedMaps) -> _Found:
    """Recall and false links of one strength."""
    extractor, found, planted, false, claimed = _extractor(null, model), 0, 0, 0, 0
    for protein in _proteins(2, _PROTEINS):
        reading, truth = extractor.read(model.attention, protein), model.truth(protein)
        links, words = reading.links(), [word.positions for word in reading.words()]
        found += found_words(truth, words)
        planted += len(truth)
        false += false_links(truth, links)
        claimed += len(links.head)
    return _Found(found / planted, false / max(claimed, 1))


@figure(
    "protein/planted-maps",
    title="Words planted in noisy maps of attention: one head, the links found, and what is missed",
    rtol=1e-3,
    atol=1e-3,
)
def planted_in_maps() -> Drawn:
    """A head of noisy maps, the links that pass, and recall over strength.

    Returns:
        Panel a: scores of the head with most links, in one protein. Panel b: pairs of planted
        words above the diagonal, links found in any head below. Panel c: share of planted words
        found and share of links that are false, over what binding adds to logits.
    """
    settings = PlantedSettings()
    null = fit_null(
        planted_maps(settings, _SEED, speak=False).attention, _proteins(0, 20), _SEED, _SETTINGS
    )
    models = {
        strength: planted_maps(settings.model_copy(update={"strength": strength}), _SEED)
        for strength in STRENGTHS
    }
    found = [_judged(null, models[strength]) for strength in STRENGTHS]
    shown, protein = models[SHOWN], _proteins(2, 1)[0]
    links = _extractor(null, shown).read(shown.attention, protein).links()
    head = int(np.bincount(links.head).argmax())
    scores = next(corrected(m) for k, m in heads_of(shown.attention, protein) if k == head)
    pairs = np.array([(a, b) for word in shown.truth(protein) for a in word for b in word if a < b])
    data = xr.Dataset(
        {
            "score": (("residue", "other"), np.where(np.eye(_RESIDUES) > 0, 0, scores)),
            "planted": (("planted_pair", "end"), pairs),
            "linked": (("link", "end"), np.unique(links.pair, axis=0)),
            "recall": ("strength", [one.recall for one in found]),
            "false_links": ("strength", [one.false for one in found]),
        },
        coords={"strength": list(STRENGTHS)},
        attrs={"nominal": _SETTINGS.link.false_discoveries},
    )
    picture = new_picture(TWO_COLUMNS, 2.5)
    left, middle, right = picture.subplots(1, 3)
    _draw_scores(left, data)
    _draw_links(middle, data)
    _draw_recall(right, data)
    label_panels(picture)
    return Drawn(picture, data)


def _draw_scores(panel: Panel, data: xr.Dataset) -> None:
    """One head, from what means nothing to its strongest pairs."""
    highest = float(np.quantile(data["score"], 0.999))
    panel.imshow(data["score"], cmap="Blues", vmin=0, vmax=highest, origin="lower")
    panel.set(xlabel="residue", ylabel="residue", title="one head")


def _draw_links(panel: Panel, data: xr.Dataset) -> None:
    """Truth above the diagonal, what was found below it."""
    planted, linked = data["planted"].values, data["linked"].values
    panel.plot(planted[:, 0], planted[:, 1], "s", ms=2, color=BLACK, label="planted")
    panel.plot(linked[:, 1], linked[:, 0], "o", ms=2, color=BLUE, label="found")
    panel.plot([0, _RESIDUES], [0, _RESIDUES], color=BLACK, lw=0.5)
    panel.set(xlabel="residue", xlim=(0, _RESIDUES), ylim=(0, _RESIDUES), aspect="equal")
    panel.set_title("planted (above), found (below)")


def _draw_recall(panel: Panel, data: xr.Dataset) -> None:
    """What is found and what is false."""
    strength = data["strength"]
    panel.plot(strength, data["recall"], "o-", color=BLUE, label="words found")
    panel.plot(strength, data["false_links"], "s-", color=VERMILION, label="links that are false")
    panel.axhline(data.attrs["nominal"], color=VERMILION, lw=0.7, ls="--", label="nominal")
    panel.set(xlabel="added to logits", ylabel="share", ylim=(-0.03, 1.05))
    panel.legend(loc="center right")


@figure(
    "protein/grammar-words",
    title="Words of a generated grammar, and the patterns that its model's attention gives of each",
    rtol=1e-6,
    atol=1e-6,
    recipe="protein/grammar-words-fast",
)
def words_of_the_grammar(record: Path | None = None) -> Drawn:
    """How many patterns tell of each planted word.

    Args:
        record: Folder of the run; the published one by default.

    Returns:
        Patterns of three letters for each word of the grammar, and the number that are of none.
    """
    folder = record or record_folder("protein/grammar-words-fast")
    told = json.loads((folder / PATTERNS).read_text(encoding="utf-8"))
    words, count = told["planted"], np.zeros(len(told["planted"]), int)
    for one in told["found"]:
        count[one["words"]] += 1
    none = sum(not one["words"] for one in told["found"])
    possible = [_triples(len(word.replace(".", ""))) for word in words]
    data = xr.Dataset(
        {
            "patterns": ("word", count),
            "possible": ("word", possible),
            "of_no_word": ((), none),
        },
        coords={"word": words},
    )
    picture = new_picture(TWO_COLUMNS, 2.9)
    panel = picture.subplots()
    place = np.arange(len(words))
    panel.barh(place, possible, color="none", edgecolor=BLACK, lw=0.7, label="there are")
    panel.barh(place, count, color=BLUE, alpha=0.85, label="found")
    panel.set_yticks(place, words, family="monospace")
    panel.invert_yaxis()
    panel.set(xlabel="patterns of three letters of the word", xticks=range(0, 21, 5))
    panel.legend(loc="center right")
    return Drawn(picture, data)


def _triples(letters: int) -> int:
    """Ways to take three of some letters."""
    return letters * (letters - 1) * (letters - 2) // 6
