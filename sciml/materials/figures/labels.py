"""The figures of the notebook on labels: what they say of the pressure, and how slips look."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from sciml.core.axes import FloatArray
from sciml.core.errors import DamagedFile
from sciml.core.paths import shown
from sciml.figures.registry import Drawn, figure
from sciml.figures.style import (
    BLACK,
    BLUE,
    COLOURS,
    TWO_COLUMNS,
    VERMILION,
    Panel,
    label_panels,
    new_picture,
)
from sciml.materials.datasets import open_structures
from sciml.materials.labels.pairs import pairs_of
from sciml.materials.labels.planted import SLIPS
from sciml.materials.labels.work import check_work, pressures
from sciml.materials.structures import Structure
from sciml.training.record import read_record
from sciml.training.run import record_folder

ELEMENTS = ("copper", "nickel", "silicon", "molybdenum", "lithium")  # of mlearn
_SHOWN = {"Cu, mlearn": "copper", "Ni, mlearn": "nickel", "Si, mlearn": "silicon"}
_EMBEDDED = "simulated_silicon"
_RIGHT = "as computed"
_BY_FORCES = ", by forces K"  # how the record calls temperatures
_KELVIN = (300, 1000, 3000)  # that are ticked
_SLIPS = ("pressure for stress", "shear in the order of VASP")


@figure(
    "materials/label-pressures",
    title="Pressure of strained cells by their stress labels and by their energies",
    rtol=1e-5,
    atol=1e-4,
    needs=("simulated_silicon",),
)
def pressure_figure() -> Drawn:
    """Do stresses and energies agree on the pressure?

    Returns:
        Panels a to c: copper, nickel and silicon of mlearn, from published records. Panel d:
        crystals of the embedded silicon, checked now. Each mark is a pair of strained cells.
    """
    found = {title: _strained(name) for title, name in _SHOWN.items()}
    offsets = {title: _offset(label_findings(name).values()) for title, name in _SHOWN.items()}
    crystals = _crystals()
    found["Si, embedded"] = pressures(crystals)
    judged = check_work(crystals).findings
    offsets["Si, embedded"] = _offset(one._asdict() for one in judged)
    picture = new_picture(TWO_COLUMNS, 2.3)
    panels = picture.subplots(1, len(found), sharey=True)
    for axis, (title, data) in zip(panels, found.items(), strict=True):
        _draw_pressures(axis, data, offsets[title])
        axis.set_title(title)
    panels[0].set_ylabel("pressure (GPa)")
    panels[0].legend(loc="upper right")
    label_panels(picture)
    together = [
        data.assign_coords(sample=("pair", [title] * data.sizes["pair"]))
        for title, data in found.items()
    ]
    return Drawn(picture, xr.concat(together, "pair").drop_vars("group"))


def _draw_pressures(axis: Panel, data: xr.Dataset, offset: float | None) -> None:
    """Both pressures over volume."""
    axis.plot(data["volume"], data["energies"], ".", color=BLUE, ms=4, label="by energies")
    look: dict[str, Any] = {"color": VERMILION, "mfc": "none", "ms": 4}
    axis.plot(data["volume"], data["labels"], "o", label="by labels", **look)
    axis.set_xlabel("volume (Å³/atom)")
    told = "they agree" if offset is None else f"labels {offset:+.1f} GPa".replace("-", "−")
    axis.text(0.04, 0.04, told, transform=axis.transAxes)


def _offset(findings: Iterable[Mapping[str, Any]]) -> float | None:
    """GPa that labels add to the pressure, if a check found that they do."""
    return next((float(one["value"]) for one in findings if one["what"] == "stress offset"), None)


@figure(
    "materials/label-slips",
    title="Work of stress labels beside what energies ask for, right and with two slips",
    rtol=1e-6,
    atol=1e-6,
    needs=("simulated_silicon",),
)
def slip_figure() -> Drawn:
    """What a slip does to the work between strained cells.

    Returns:
        Panel a: right labels. Panel b: pressure instead of stress. Panel c: shear components in
        another order.
    """
    right = {"train": open_structures(_EMBEDDED)["train"]}
    chosen = {slip.name: slip.make(right) for slip in SLIPS if slip.name in _SLIPS}
    works = {name: _works(splits["train"]) for name, splits in ({_RIGHT: right} | chosen).items()}
    picture = new_picture(TWO_COLUMNS, 2.5)
    panels = picture.subplots(1, len(works), sharex=True, sharey=True)
    for axis, (name, (asked, work)) in zip(panels, works.items(), strict=True):
        axis.axline((0, 0), slope=1, color=BLACK, lw=0.6, ls=":")
        axis.plot(asked, work, ".", color=BLUE if name == _RIGHT else VERMILION, ms=3)
        axis.set(title=name, xlabel="work by energies (eV)")
    panels[0].set_ylabel("work of stress labels (eV)")
    label_panels(picture)
    data = xr.Dataset(
        {
            "asked": ("pair", works[_RIGHT][0], {"units": "eV"}),
            "work": (("labels", "pair"), np.array([w for _, w in works.values()]), {"units": "eV"}),
        },
        {"labels": list(works)},
    )
    return Drawn(picture, data)


@figure(
    "materials/label-temperatures",
    title="Temperature that the forces of published frames imply, beside the one that they say",
    rtol=1e-6,
    atol=1e-6,
)
def temperature_figure() -> Drawn:
    """Are frames as hot as they say?

    Returns:
        Runs of mlearn, from published records; open marks are dynamics with a vacancy.
    """
    runs = [
        (element, *_said(run), kelvin)
        for element in ELEMENTS
        for run, kelvin in label_temperatures(element).items()
    ]
    names = ("element", "group", "said", "by_forces")
    data = xr.Dataset(
        {n: ("run", list(v)) for n, v in zip(names, zip(*runs, strict=True), strict=True)}
    )
    picture = new_picture(height=2.9)
    axis = picture.subplots()
    axis.axline((300, 300), (3000, 3000), color=BLACK, lw=0.6, ls=":")
    for (element, mine), colour in zip(data.groupby("element"), COLOURS, strict=False):
        for vacancy in (False, True):
            look: dict[str, Any] = {"mfc": "none"} if vacancy else {"label": element}
            some = mine.isel(run=(mine["group"] == "Vacancy").values == vacancy)
            axis.plot(some["said"], some["by_forces"], "o", color=colour, ms=5, **look)
    axis.plot([], [], "o", color=BLACK, mfc="none", ms=5, label="with a vacancy")
    axis.legend(loc="upper left", bbox_to_anchor=(0.1, 1.0))
    axis.set(xscale="log", yscale="log", xlabel="temperature that is said (K)")
    axis.set_ylabel("by forces and curvature (K)")
    for along in (axis.xaxis, axis.yaxis):
        along.set_ticks(_KELVIN, [f"{kelvin:g}" for kelvin in _KELVIN])
        along.set_minor_formatter("")
    return Drawn(picture, data)


def _said(run: str) -> tuple[str, float]:
    """Group and temperature of a run's name."""
    group, _, kelvin = run.removesuffix(" K").partition(" at ")
    return group, float(kelvin)


def label_findings(element: str) -> dict[str, Any]:
    """What the published check of an element of mlearn found.

    Args:
        element: One of ``ELEMENTS``.

    Returns:
        By what was found and where, such as ``stress offset in Elastic``, with number and text.

    Raises:
        DamagedFile: if the record cannot be read.
    """
    path = record_folder(f"materials/mlearn-{element}-labels") / "labels.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["findings"]
        return {f"{one['what']} in {one['where']}": one for one in found}
    except (OSError, ValueError, KeyError) as error:
        raise _damaged(path, error) from None


def label_temperatures(element: str) -> dict[str, float]:
    """How hot runs of an element of mlearn are, by their forces and the potential of its recipe.

    Args:
        element: One of ``ELEMENTS``.

    Returns:
        K, by the run and the temperature that it says, such as ``Vacancy at 300 K``; nothing for
        nickel, of which there is no potential.

    Raises:
        BadInput: if there is no record.
        DamagedFile: if the record was changed.
    """
    metrics = read_record(record_folder(f"materials/mlearn-{element}-labels"))["metrics"]
    told = [name for name in metrics if name.endswith(_BY_FORCES)]
    return {name.removesuffix(_BY_FORCES): float(metrics[name]) for name in told}


def _strained(element: str) -> xr.Dataset:
    """The pressures that the published check of an element of mlearn found."""
    path = record_folder(f"materials/mlearn-{element}-labels") / "pressures.nc"
    try:
        with xr.open_dataset(path) as stored:
            return stored.load()
    except (OSError, ValueError) as error:
        raise _damaged(path, error) from None


def _crystals() -> list[Structure]:
    """Those of the embedded silicon."""
    frames = [one for part in open_structures(_EMBEDDED).values() for one in part]
    return [one for one in frames if one.about["group"] == "crystal"]


def _works(frames: list[Structure]) -> tuple[FloatArray, FloatArray]:
    """What energies and forces ask of the stress between strained cells, and what labels do, eV."""
    pairs = pairs_of([one for one in frames if one.about["group"] == "strained"])
    assert pairs is not None
    return pairs.gain + pairs.push, np.einsum("pek,pek->p", pairs.work, pairs.labels)


def _damaged(path: Path, error: Exception) -> DamagedFile:
    """A record that cannot be read."""
    return DamagedFile(
        f"{shown(path)}: cannot be read ({error}); restore it, or run the recipe beside it."
    )
