"""The figure of the fourth notebook: enrichment of vocabularies and their rivals on all sets."""

# Not strict: xarray types coordinates and attributes as unknown.
# pyright: standard
from pathlib import Path
from typing import Final

import numpy as np
import xarray as xr

from sciml.data.netcdf import open_netcdf
from sciml.figures.registry import Drawn, figure
from sciml.figures.style import BLACK, TWO_COLUMNS, Panel, new_picture
from sciml.protein.evaluation_tasks import TABLE
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
