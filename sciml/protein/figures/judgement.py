"""The figures of the fourth notebook: enrichment of vocabularies and their rivals on all sets."""

# Not strict: xarray types coordinates and attributes as unknown.
# pyright: standard
from pathlib import Path
from typing import Final

import numpy as np
import xarray as xr

from sciml.data.netcdf import open_netcdf
from sciml.figures.registry import Drawn, figure
from sciml.figures.style import (
    BLACK,
    BLUE,
    ORANGE,
    TWO_COLUMNS,
    Panel,
    label_panels,
    new_picture,
)
from sciml.protein.dedicated_tasks import DEDICATED, RUNS
from sciml.protein.dedicated_tasks import TABLE as DEDICATED_TABLE
from sciml.protein.evaluation_tasks import RIVALS, TABLE
from sciml.training.run import record_folder

_WIDEST: Final = 1.5  # of the scale: log2 of the enrichment


def judged_table(record: Path | None = None) -> xr.Dataset:
    """Methods on the sets that are annotated by residue.

    Args:
        record: Folder of a run of the recipe ``protein/evaluate``; the published one by default.

    Returns:
        See :func:`sciml.protein.evaluation.table.evaluation_table`.
    """
    table = open_netcdf((record or record_folder("protein/evaluate")) / TABLE)
    counts = table["counts"].values.astype(bool) & (table["annotated_residues"].values > 0)
    return table.isel(line=counts)


@figure(
    "protein/evaluation",
    title="Enrichment of annotated residues in words, for vocabularies and what they have to beat",
    rtol=1e-6,
    atol=1e-6,
    recipe="protein/evaluate",
)
def enrichment_on_sets(record: Path | None = None) -> Drawn:
    """A field for each method and set.

    Args:
        record: Folder of a run of the evaluation's recipe; the published one by default.

    Returns:
        Enrichment, whether its interval is above 1, and whether what is left beyond letters is.
    """
    table = judged_table(record)
    above = (table["low"] > 1).astype(int)
    beyond = (table["beyond_low"] > 1).astype(int)
    data = xr.Dataset(
        {
            "enrichment": table["enrichment"],
            "base": table["base"].mean("line"),
            "above_one": above,
            "beyond_letters": beyond,
        }
    )
    picture = new_picture(TWO_COLUMNS, 3.4)
    panel: Panel = picture.subplots()
    image = panel.imshow(
        np.log2(np.maximum(data["enrichment"].values, 0.05)),
        cmap="RdBu",
        vmin=-_WIDEST,
        vmax=_WIDEST,
        aspect="auto",
    )
    _write_fields(panel, data)
    names = [str(one).replace("_", " ") for one in data["line"].values]
    panel.set_xticks(range(len(names)), names, rotation=40, ha="right")
    rows = [
        f"{name}  {float(base):.2f}"
        for name, base in zip(data["finder"].values, data["base"].values, strict=True)
    ]
    panel.set_yticks(range(len(rows)), rows)
    panel.set_title("method, mean base coverage; * interval above 1, ** also beyond letters")
    picture.colorbar(image, ax=panel, label="log2 of the enrichment", pad=0.01)
    return Drawn(picture, data)


def _write_fields(panel: Panel, data: xr.Dataset) -> None:
    """The number of each field, and what is certain about it."""
    for row in range(data.sizes["finder"]):
        for column in range(data.sizes["line"]):
            field = data.isel(finder=row, line=column)
            value, above = float(field["enrichment"]), int(field["above_one"])
            stars = "*" * (above + above * int(field["beyond_letters"]))
            dark = abs(np.log2(max(value, 0.05))) > 0.75 * _WIDEST
            colour = "white" if dark else BLACK
            text = f"{value:.2f}{stars}"
            panel.text(column, row, text, ha="center", va="center", color=colour, fontsize=5.5)


@figure(
    "protein/dedicated-words",
    title="Enrichment of annotated residues in vocabularies of one function each",
    rtol=1e-6,
    atol=1e-6,
    recipe="protein/dedicated",
)
def dedicated_on_sets(record: Path | None = None) -> Drawn:
    """Vocabularies that were learnt of a function's labels, on proteins without a relative there.

    Args:
        record: Folder of a run of the recipe of dedicated vocabularies; the published one by
            default.

    Returns:
        Enrichment with its 95 % interval of words with and without gaps, what is left of it beyond
        letters, and the enrichment of the best rival that knows no label.
    """
    table = open_netcdf((record or record_folder("protein/dedicated")) / DEDICATED_TABLE)
    order = np.argsort(table["enrichment"].sel(finder=DEDICATED).values)
    table = table.isel(line=order)
    ours = table.sel(finder=[DEDICATED, RUNS])
    best = table["enrichment"].sel(finder=list(RIVALS)).max("finder")
    data = ours[["enrichment", "low", "high", "beyond_letters", "beyond_low", "beyond_high"]]
    data = data.assign(best_rival=best)
    picture = new_picture(TWO_COLUMNS, 2.9)
    left, right = picture.subplots(1, 2, sharey=True)
    _draw_intervals(left, data, ("enrichment", "low", "high"))
    left.plot(best, range(len(order)), "|", color=BLACK, ms=9, label="best without labels")
    _draw_intervals(right, data, ("beyond_letters", "beyond_low", "beyond_high"))
    left.set_yticks(range(len(order)), [str(n).replace("_", " ") for n in data["line"].values])
    left.set_xlabel("enrichment")
    right.set_xlabel("enrichment beyond letters")
    for panel in (left, right):
        panel.axvline(1, color=BLACK, lw=0.6)
        panel.set_xscale("log")
        panel.set_xticks([1, 2, 4], ["1", "2", "4"])
        panel.minorticks_off()
    picture.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    label_panels(picture)
    return Drawn(picture, data)


def _draw_intervals(panel: Panel, data: xr.Dataset, names: tuple[str, str, str]) -> None:
    """Values with their intervals, words with gaps above those without."""
    looks = {
        DEDICATED: (BLUE, 0.12, "words learnt from labels"),
        RUNS: (ORANGE, -0.12, "without gaps"),
    }
    for finder, (colour, move, label) in looks.items():
        value, low, high = (data[name].sel(finder=finder).values for name in names)
        places = np.arange(len(value)) + move
        panel.errorbar(
            value, places, xerr=[value - low, high - value], fmt="o", color=colour, ms=3,
            lw=1, label=label,
        )  # fmt: skip
