"""The figure of the notebook on accuracy: errors of ours and of others on the same frames."""

import json
from functools import cache
from typing import Any

import numpy as np
import xarray as xr

from sciml.core.errors import DamagedFile
from sciml.core.paths import project_root, shown
from sciml.figures.registry import Drawn, figure
from sciml.figures.style import (
    BLACK,
    BLUE,
    GREEN,
    ONE_COLUMN,
    ORANGE,
    SKY,
    TWO_COLUMNS,
    VERMILION,
    Panel,
    label_panels,
    new_picture,
)
from sciml.training.record import read_record
from sciml.training.run import record_folder

ELEMENTS = {"lithium": "Li", "copper": "Cu", "silicon": "Si", "molybdenum": "Mo"}
QUANTITIES = {"forces": "eV/Å", "energy": "meV/atom", "stress": "GPa"}
SEEDS = tuple(f"seed {number}" for number in range(1, 10))  # fewer of some elements
COMMITTEE = "committee"
OTHERS = ("SNAP", "qSNAP")
_LOOKS: dict[str, dict[str, Any]] = {
    "SNAP": {"marker": "s", "color": ORANGE},
    "qSNAP": {"marker": "^", "color": VERMILION},
    **{seed: {"marker": ".", "color": BLUE, "ms": 4} for seed in SEEDS},
    COMMITTEE: {"marker": "D", "color": BLACK, "ms": 3},
}


@cache
def errors(group: str = "all", split: str = "test") -> xr.DataArray:
    """Root mean square errors on the tests of mlearn, from the published records.

    Args:
        group: Of frames, such as ``Surface``, or all.
        split: Of the dataset.

    Returns:
        By ``quantity``, ``element`` and ``potential``; in the units of ``QUANTITIES``. NaN for
        seeds that a committee does not have.

    Raises:
        BadInput: if a record is not there.
        DamagedFile: if a record was changed or lacks a number.
    """
    potentials = (*OTHERS, *SEEDS, COMMITTEE)
    names = {COMMITTEE: ""} | {name: f"{name}: " for name in OTHERS}
    names |= {seed: f"member {number}: " for number, seed in enumerate(SEEDS, 1)}
    table = np.array(
        [
            [
                [
                    _number(element, who, f"{names[who]}{split} {group} {what} {unit}")
                    for who in potentials
                ]
                for element in ELEMENTS
            ]
            for what, unit in QUANTITIES.items()
        ]
    )
    places = {
        "quantity": list(QUANTITIES),
        "element": list(ELEMENTS.values()),
        "potential": list(potentials),
    }
    return xr.DataArray(table, places, name="error")


def _number(element: str, who: str, name: str) -> float:
    recipe = f"mlearn-{element}" + ("-published" if who in OTHERS else "")
    if who in SEEDS[members(element) :]:
        return np.nan
    try:
        return float(_record(recipe)["metrics"][name])
    except KeyError:
        raise DamagedFile(
            f"record of {recipe}: has no '{name}'; run `sciml run "
            f"recipes/materials/{recipe}.yaml --publish`."
        ) from None


def members(element: str) -> int:
    """How many potentials the committee of an element is of; elements by name."""
    return int(_record(f"mlearn-{element}")["recipe"]["members"])


@cache
def _record(recipe: str) -> dict[str, Any]:
    return read_record(record_folder(f"materials/{recipe}"))


@figure(
    "materials/accuracy",
    title="Errors of forces, energies and stresses on the mlearn tests, beside SNAP and qSNAP",
    rtol=1e-6,
    atol=1e-12,
)
def accuracy_figure() -> Drawn:
    """How far potentials are from the labels of four elements.

    Returns:
        Panels a to c: errors of forces, energies and stresses by element.
    """
    data = errors()
    picture = new_picture(TWO_COLUMNS, 2.5)
    panels = picture.subplots(1, 3)
    for axis, (what, unit) in zip(panels, QUANTITIES.items(), strict=True):
        _draw(axis, data.sel(quantity=what))
        axis.set(ylabel=f"rms error of {what} ({unit})", yscale="log")
    handles = panels[0].get_legend_handles_labels()
    picture.legend(*handles, loc="outside upper right", ncols=len(handles[0]))
    label_panels(picture)
    points = data.stack(point=data.dims).dropna("point").reset_index("point")
    return Drawn(picture, points.to_dataset())


@figure(
    "materials/cost",
    title="Error of forces over the cost of an evaluation, silicon",
    rtol=1e-6,
    atol=1e-12,
)
def cost_figure() -> Drawn:
    """What accuracy costs, beside MACE, SNAP and qSNAP.

    Returns:
        The error on the mlearn tests of silicon over the processor time that energy, forces and
        stress of 512 atoms take in Python.
    """
    table, costs = errors().sel(quantity="forces", element="Si"), _benchmark("materials_cost")
    single, count = costs["inference in Python, 512 atoms"], members("silicon")
    curve = _benchmark("materials_training_time")["curves"]["Si"]["mace"]
    best = min((p for p in curve if p["kind"] == "branch"), key=lambda p: p["forces"])
    points = {
        "SNAP": (costs["SNAP of LAMMPS, 512 atoms"], table.sel(potential="SNAP")),
        "qSNAP": (costs["quadratic SNAP of LAMMPS, 512 atoms"], table.sel(potential="qSNAP")),
        "ours": (single, table.sel(potential=list(SEEDS)).mean()),
        "ours, local": (
            costs["inference in Python, one layer, 512 atoms"],
            _local_error(),
        ),
        f"ours, committee of {count}": (count * single, table.sel(potential=COMMITTEE)),
        f"MACE, {best['minutes']:.0f} min of training": (
            costs["MACE 32x0e, 2 layers, 512 atoms"],
            best["forces"],
        ),
    }
    data = xr.Dataset(
        {
            "cost": ("potential", [float(cost) for cost, _ in points.values()]),
            "error": ("potential", [float(error) for _, error in points.values()]),
        },
        {"potential": list(points)},
    )
    picture = new_picture(ONE_COLUMN, 2.6)
    axis = picture.subplots()
    colours = (ORANGE, VERMILION, BLUE, SKY, BLACK, GREEN)
    for name, colour in zip(points, colours, strict=True):
        one = data.sel(potential=name)
        axis.plot(one["cost"], one["error"], "o", color=colour)
        place = (float(one["cost"]), float(one["error"]))
        below = name.startswith("ours, ")  # those of ours are side by side
        shift = (0, -13 if below else 5)
        axis.annotate(name, place, shift, textcoords="offset points", ha="center")
    axis.set(xscale="log", xlabel="cost (µs/atom, one core)", ylabel="rms error of forces (eV/Å)")
    axis.set(xlim=(12, 8000), ylim=(0, 1.15 * float(data["error"].max())))
    return Drawn(picture, data)


def _local_error() -> float:
    """Mean over the seeds of the strictly local potentials of silicon, forces, eV/Å."""
    seeds = [f"member {number}: test all forces eV/Å" for number in range(1, 4)]
    return float(np.mean([_number("silicon-local", "ours", name) for name in seeds]))


def _benchmark(name: str) -> dict[str, Any]:
    """The record of a benchmark."""
    path = project_root() / "benchmarks" / "records" / f"{name}.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DamagedFile(
            f"{shown(path)}: cannot be read ({error}); run `python benchmarks/{name}.py`."
        ) from None


def _draw(axis: Panel, table: xr.DataArray) -> None:
    """One mark for each potential above its element."""
    for who, look in _LOOKS.items():
        label = {"seed 1": "ours, each seed", COMMITTEE: "ours, committee"}.get(who, who)
        axis.plot(
            table["element"],
            table.sel(potential=who),
            ls="none",
            label=None if who in SEEDS[1:] else label,
            **look,
        )
    axis.margins(x=0.15)
