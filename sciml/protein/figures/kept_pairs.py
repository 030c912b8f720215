"""A figure of the fourth notebook: pairs of letters that relatives keep together, near and far."""

# Not strict: xarray types coordinates and attributes as unknown.
# pyright: standard
from pathlib import Path
from typing import Final

import numpy as np
import xarray as xr

from sciml.figures.registry import Drawn, figure
from sciml.figures.style import (
    BLACK,
    BLUE,
    COLOURS,
    ORANGE,
    TWO_COLUMNS,
    Panel,
    label_panels,
    new_picture,
)
from sciml.protein.vocabulary.keys import GAPS, NAMES, from_key
from sciml.protein.vocabulary.store import read_vocabulary
from sciml.protein.vocabulary_tasks import VOCABULARY_FILE
from sciml.training.record import read_record
from sciml.training.run import record_folder

SHOWN: Final = ("CC", "QQ", "HH", "SS", "AA", "EE")  # letters, the first before the second
_KINDS: Final = ("metal sites", "disulfides")
_METHODS: Final = {"pairs": ("pairs kept together", BLUE), "letters": ("letters alone", ORANGE)}
_ENDS: Final = ("ratio", "low", "high")


@figure(
    "protein/kept-pairs",
    title="Pairs of letters that relatives keep together, and what they tell of bonds",
    rtol=1e-6,
    atol=1e-6,
    recipe="protein/vocabulary-pairs",
)
def kept_pairs(record: Path | None = None) -> Drawn:
    """How much more often pairs are kept than their letters are, and what such pairs find.

    Args:
        record: Folder of a run of the recipe of pairs; the published one by default. What they
            find is always that of the published evaluation.

    Returns:
        Bits by pair and gap, 0 where a pair is not kept significantly often; and by kind of site
        and method, average precision over that of a truth matched in separation, with its
        95 % interval.
    """
    data = xr.Dataset(
        {
            "preference": _preferences(record or record_folder("protein/vocabulary-pairs")),
            "precision": _precisions(read_record(record_folder("protein/evaluate"))["metrics"]),
        }
    )
    picture = new_picture(TWO_COLUMNS, 2.5)
    left, right = picture.subplots(1, 2, width_ratios=(1.6, 1))
    _draw_preferences(left, data["preference"])
    _draw_precisions(right, data["precision"])
    label_panels(picture)
    return Drawn(picture, data)


def _preferences(record: Path) -> xr.DataArray:
    """Bits of the pairs that are shown."""
    values = np.zeros((len(SHOWN), len(GAPS)))
    for entry in read_vocabulary(record / VOCABULARY_FILE).entries:
        pattern = from_key(entry.key)
        name = "".join(NAMES[symbol] for symbol in pattern.symbols)
        if name in SHOWN:
            values[SHOWN.index(name), pattern.gaps[0]] = entry.preference
    notes = {"units": "bit", "long_name": "kept together over what the letters explain"}
    steps = [first for first, _ in GAPS]
    return xr.DataArray(values, {"pair": list(SHOWN), "step": steps}, ("pair", "step"), attrs=notes)


def _precisions(metrics: dict[str, float]) -> xr.DataArray:
    """What pairs of a method find."""
    values = [
        [
            [metrics[f"pairs.{kind.replace(' ', '_')}.{method}.{end}"] for end in _ENDS]
            for method in _METHODS
        ]
        for kind in _KINDS
    ]
    notes = {"units": "1", "long_name": "average precision over that of matched pairs"}
    axes = {"kind": list(_KINDS), "scorer": list(_METHODS), "end": list(_ENDS)}
    return xr.DataArray(values, axes, tuple(axes), attrs=notes)


def _draw_preferences(panel: Panel, preference: xr.DataArray) -> None:
    """A line for each pair, over the gaps."""
    places = np.arange(len(GAPS))
    for number, name in enumerate(SHOWN):
        values = preference.sel(pair=name).values
        values = np.where(values > 0, values, np.nan)
        panel.plot(places, values, "o-", color=COLOURS[number], label=f"{name[0]}…{name[1]}")
    panel.set_xticks(places, [f"{a}" if a == b else f"{a}–{b}" for a, b in GAPS])
    panel.set_xlabel("residues from one letter to the other")
    panel.set_ylabel("kept over expected, bits")
    panel.set_ylim(0)
    panel.legend(ncols=3)


def _draw_precisions(panel: Panel, precision: xr.DataArray) -> None:
    """A point with its interval for each kind of site and method."""
    for number, (method, (label, colour)) in enumerate(_METHODS.items()):
        value, low, high = precision.sel(scorer=method).values.T
        places = np.arange(len(_KINDS)) + 0.24 * (number - 0.5)
        panel.errorbar(
            places,
            value,
            yerr=[value - low, high - value],
            fmt="o",
            color=colour,
            label=label,
            lw=1,
        )
    panel.axhline(1, color=BLACK, lw=0.6)
    panel.set_yscale("log")
    panel.set_xticks(range(len(_KINDS)), list(_KINDS))
    panel.set_xlim(-0.5, len(_KINDS) - 0.5)
    panel.set_ylabel("precision over matched pairs")
    panel.legend(loc="upper left")
