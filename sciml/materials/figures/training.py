"""The figures of the notebook on training: what least squares and training learn of silicon."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from sciml.core.axes import FloatArray
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
from sciml.materials.ace.file import load_potential
from sciml.materials.datasets import open_structures
from sciml.materials.potential import Potential
from sciml.materials.structures import Structure
from sciml.materials.trained import POTENTIAL_FILE
from sciml.training.record import read_record
from sciml.training.run import record_folder

LEAST_SQUARES, TRAINED = "materials/silicon-fast", "materials/silicon"
METHODS = {"least squares": LEAST_SQUARES, "trained": TRAINED}
QUANTITIES = {"energy": "meV/atom", "forces": "eV/Å", "stress": "GPa"}
PARTS = {
    "crystal": "test crystal",
    "vacancy": "test vacancy",
    "strained": "test strained",
    "liquid": "test liquid",
    "crowded": "test crowded",
    "crystal, beyond": "extrapolation crystal",
    "liquid, beyond": "extrapolation liquid",
}
_SPLITS = ("test", "extrapolation")
_EACH = 5  # of so many force components one is drawn
_GROUPS: dict[str, str] = dict(
    zip(("liquid", "crystal", "vacancy", "strained"), COLOURS, strict=False)
)
_LOOKS: dict[str, dict[str, Any]] = {
    "least squares": {"color": VERMILION, "marker": "o", "mfc": "none"},
    "trained": {"color": BLUE, "marker": "s"},
}


@figure(
    "materials/training-errors",
    title="Errors of energies, forces and stresses by group, of least squares and of training",
    rtol=1e-6,
    atol=1e-9,
    recipe="materials/silicon",
)
def error_figure(record: Path | None = None) -> Drawn:
    """What each way of fitting is good at.

    Args:
        record: Folder of a run of ``materials/silicon``; by default the published one.

    Returns:
        Root mean square errors on the test frames and beyond the trained range. Panel a: energies.
        Panel b: forces. Panel c: stresses.
    """
    records = _records(record)
    data = xr.Dataset(
        {
            what: (("fit", "part"), _errors(records, what, unit), {"units": unit})
            for what, unit in QUANTITIES.items()
        },
        {"fit": list(METHODS), "part": list(PARTS)},
    )
    picture = new_picture(TWO_COLUMNS, 2.5)
    panels = picture.subplots(1, len(QUANTITIES), sharey=True)
    for axis, (what, unit) in zip(panels, QUANTITIES.items(), strict=True):
        _draw_errors(axis, data[what])
        axis.set_xlabel(f"error of {what} ({unit})")
    _name_methods(panels[0], data["energy"])
    label_panels(picture)
    return Drawn(picture, data)


def _name_methods(axis: Panel, errors: xr.DataArray) -> None:
    """Written above and below the marks that lie farthest apart."""
    row = list(PARTS).index("crowded")
    for (method, look), (height, va) in zip(
        _LOOKS.items(), ((5, "bottom"), (-5, "top")), strict=True
    ):
        mark = float(errors.sel(fit=method, part="crowded")), row
        text: dict[str, Any] = {"textcoords": "offset points", "ha": "right", "fontsize": 7}
        axis.annotate(method, mark, (6, height), va=va, color=look["color"], **text)


def _records(trained: Path | None) -> dict[str, Path]:
    """The folder of each method."""
    folders = {method: record_folder(recipe) for method, recipe in METHODS.items()}
    return folders | ({} if trained is None else {"trained": trained})


def _errors(records: Mapping[str, Path], what: str, unit: str) -> FloatArray:
    """By method and part."""
    metrics = [read_record(folder)["metrics"] for folder in records.values()]
    return np.array([[one[f"{part} {what} {unit}"] for part in PARTS.values()] for one in metrics])


def _draw_errors(axis: Panel, errors: xr.DataArray) -> None:
    """Marks on a line for each part."""
    places = np.arange(len(PARTS))
    axis.set_xscale("log")
    for method, look in _LOOKS.items():
        axis.plot(errors.sel(fit=method), places, ls="", label=method, **look)
    axis.hlines(places, *axis.get_xlim(), color=BLACK, lw=0.2, zorder=0)
    axis.set_yticks(places, list(PARTS))
    axis.invert_yaxis()


@figure(
    "materials/training-forces",
    title="Errors of learnt forces, within the trained range and beyond it",
    rtol=1e-4,
    atol=1e-5,
    needs=("simulated_silicon",),
    recipe="materials/silicon",
)
def force_figure(record: Path | None = None) -> Drawn:
    """Forces of single atoms, one by one.

    Args:
        record: Folder of a run of ``materials/silicon``; by default the published one.

    Returns:
        Panel a: errors over the true forces of the test frames, by group. Panel b: the same
        beyond the trained temperatures and pressures. Panel c: the share of all test forces with
        smaller errors.
    """
    potentials = {m: load_potential(f / POTENTIAL_FILE) for m, f in _records(record).items()}
    splits = open_structures("simulated_silicon")
    data = _shares({m: np.abs(_wrong(splits["test"], p)) for m, p in potentials.items()})
    for split in _SPLITS:
        frames = [one for one in splits[split] if _group(one) in _GROUPS]
        data = data.merge(_errors_of_atoms(split, frames, potentials["trained"]))
    picture = new_picture(TWO_COLUMNS, 2.6)
    first, second, third = picture.subplots(1, 3)
    for axis, split in zip((first, second), _SPLITS, strict=True):
        _draw_wrong(axis, split, data)
    second.tick_params(labelleft=False)
    first.set_ylabel("learnt - true (meV/Å)")
    first.legend(loc="upper left", handletextpad=0.1, markerscale=2, ncols=2, columnspacing=0.5)
    for method, look in _LOOKS.items():
        share = 100 * data["share"].sel(fit=method)
        third.plot(data["error"], share, color=look["color"], label=method)
    third.legend(loc="upper left")
    third.set(xscale="log", xlabel="error of a force component (eV/Å)", ylabel="smaller errors (%)")
    label_panels(picture)
    return Drawn(picture, data)


def _errors_of_atoms(split: str, frames: Sequence[Structure], potential: Potential) -> xr.Dataset:
    """True forces, errors and the place of the group, of one in so many components."""
    true = np.concatenate([np.asarray(one.forces).ravel() for one in frames])
    places = [[*_GROUPS].index(_group(one)) for one in frames]
    groups = np.repeat(places, [3 * len(one) for one in frames]).astype(np.int8)
    axis, names = f"{split} component", {"names": list(_GROUPS)}
    return xr.Dataset(
        {
            f"{split} true": (axis, true[::_EACH], {"units": "eV/Å"}),
            f"{split} wrong": (axis, _wrong(frames, potential)[::_EACH], {"units": "eV/Å"}),
            f"{split} group": (axis, groups[::_EACH], names),
        }
    )


def _draw_wrong(axis: Panel, split: str, data: xr.Dataset) -> None:
    """Errors of force components by group."""
    axis.axhline(0, color=BLACK, lw=0.6, ls=":")
    true, wrong = data[f"{split} true"], 1e3 * data[f"{split} wrong"]
    for place, (group, colour) in enumerate(_GROUPS.items()):
        here = (data[f"{split} group"] == place).values
        if here.any():
            axis.plot(true[here], wrong[here], ".", color=colour, ms=2, label=group)
    axis.set(title=split, xlabel="true force (eV/Å)", xlim=(-6, 6), ylim=(-90, 90))


def _wrong(frames: Sequence[Structure], potential: Potential) -> FloatArray:
    """Errors of all force components, eV/Å."""
    found = potential.evaluate(frames)
    true = np.concatenate([np.asarray(one.forces).ravel() for one in frames])
    return np.concatenate([one.forces.ravel() for one in found]) - true


def _group(one: Structure) -> str:
    return str(one.about["group"])


def _shares(errors: Mapping[str, FloatArray]) -> xr.Dataset:
    """The share of errors that are smaller than each of many, by method."""
    limits = np.geomspace(1e-4, 1, 61)
    found = [np.searchsorted(np.sort(each), limits) / len(each) for each in errors.values()]
    return xr.Dataset(
        {"share": (("fit", "error"), np.array(found), {"units": "1"})},
        {"fit": list(errors), "error": ("error", limits, {"units": "eV/Å"})},
    )
