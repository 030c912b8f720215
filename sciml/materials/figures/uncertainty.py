"""The figure of the notebook on uncertainty: forecasts of the error beside the error."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from sciml.core.axes import FloatArray
from sciml.figures.registry import Drawn, figure
from sciml.figures.style import (
    BLACK,
    BLUE,
    ORANGE,
    TWO_COLUMNS,
    VERMILION,
    Panel,
    by_decades,
    label_panels,
    new_picture,
)
from sciml.materials.ace.file import load_potential
from sciml.materials.ace.frames import LossSettings
from sciml.materials.ace.heads import HeadSettings, headed
from sciml.materials.ace.model import AcePotential
from sciml.materials.calibration import (
    ForecastKind,
    error_per_forecast,
    force_errors,
    forecasts,
    reliability,
)
from sciml.materials.committee import Committee
from sciml.materials.datasets import open_structures
from sciml.materials.potential import Potential
from sciml.materials.simulated_crystals import SILICON, crystal
from sciml.materials.structures import Structure
from sciml.materials.trained import trained_file

RECIPE = "materials/silicon-committee-fast"
SCALES = np.linspace(0.84, 1.16, 33)  # of the lattice, for what no training frame has
KINDS: tuple[ForecastKind, ...] = ("spread", "grades")
_SHAKEN = 0.05  # Å, so that forces are not zero by symmetry
_MIDDLE: dict[str, Any] = {"ha": "center", "va": "top"}
_PARTS = {"test": BLUE, "extrapolation": VERMILION}


@cache
def committee() -> Potential:
    """The published committee, or one trained now."""
    return load_potential(trained_file(RECIPE))


@cache
def heads() -> Potential:
    """The first member of the committee with heads of its own, by the frames of its training."""
    found = committee()
    assert isinstance(found, Committee)
    first = found.members[0]
    assert isinstance(first, AcePotential)
    frames = open_structures("simulated_silicon")["train"]
    return headed(first, frames, LossSettings(), np.ones(len(frames)), settings=HeadSettings())


def judged(
    kind: ForecastKind, part: str, of: Callable[[], Potential] = committee
) -> tuple[FloatArray, FloatArray]:
    """Forecasts in eV/Å and errors of all atoms in a part of the data.

    The factor that makes an error of a forecast is that of the validation frames.

    Args:
        kind: Spread or grades.
        part: Of the dataset.
        of: Gives what is judged: :func:`committee` or :func:`heads`.

    Returns:
        Both of shape (atom,), eV/Å.
    """
    known, asked = (_raw(kind, name, of) for name in ("validation", part))
    return error_per_forecast(*known) * asked[0], asked[1]


@cache
def _raw(
    kind: ForecastKind, part: str, of: Callable[[], Potential]
) -> tuple[FloatArray, FloatArray]:
    frames = open_structures("simulated_silicon")[part]
    found = of().evaluate(frames)
    return forecasts(found, kind), force_errors(frames, found)


def stretched() -> xr.Dataset:
    """Errors and their forecasts in crystals that are compressed and stretched.

    Returns:
        Root mean squares over the atoms by ``scale`` of the lattice: ``error`` (eV/Å) and each
        forecast as the committee gives it.
    """
    truth, cube = SILICON.potential(), crystal(SILICON)
    frames = []
    for scale in SCALES:
        positions = scale * cube.positions
        shaken = np.random.default_rng(0).normal(scale=_SHAKEN, size=positions.shape)
        frames.append(Structure(cube.numbers, positions + shaken, scale * cube.cell, cube.periodic))
    pairs = zip(frames, truth.evaluate(frames), strict=True)
    labelled = [replace(one, forces=found.forces) for one, found in pairs]
    found = committee().evaluate(labelled)
    atoms = len(cube)
    columns = {"error": force_errors(labelled, found)}
    columns |= {kind: forecasts(found, kind) for kind in KINDS}
    means = {
        name: ("scale", np.sqrt(np.mean(values.reshape(-1, atoms) ** 2, axis=1)))
        for name, values in columns.items()
    }
    return xr.Dataset(means, {"scale": SCALES})


@figure(
    "materials/uncertainty",
    title="Spread of a committee and extrapolation grade beside the true error of forces",
    rtol=1e-3,
    atol=1e-6,
    recipe="materials/silicon-committee-fast",
)
def uncertainty_figure(record: Path | None = None) -> Drawn:
    """Whether a potential knows where it is wrong.

    Args:
        record: Folder of a run of the committee's recipe; by default the published one.

    Returns:
        Panel a: error over spread, atom by atom. Panel b: error over forecast for groups of atoms.
        Panel c: error and grade in a crystal that is compressed and stretched.
    """
    del record  # the committee is small enough to be judged anew
    picture = new_picture(TWO_COLUMNS, 2.5)
    atoms, groups, lattice = picture.subplots(1, 3)
    tables = {}
    for part, colour in _PARTS.items():
        forecast, error = judged("spread", part)
        atoms.plot(forecast, error, ".", color=colour, ms=1.5, alpha=0.4, mew=0, rasterized=True)
        for kind, mark in zip(KINDS, "os", strict=True):
            table = reliability(*judged(kind, part), bins=8)
            label = f"{kind.rstrip('s')}, {part}"
            groups.plot(table["forecast"], table["error"], f"{mark}-", color=colour, label=label)
            tables[part, kind] = table
    for axis in (atoms, groups):
        _draw_ideal(axis)
    groups.legend(loc="upper left", fontsize=6)
    atoms.plot([], [], ".", color=BLUE, label="test")
    atoms.plot([], [], ".", color=VERMILION, label="extrapolation")
    atoms.legend(loc="upper left")
    atoms.set(xlabel="scaled spread (eV/Å)", ylabel="error of the force (eV/Å)")
    groups.set(xlabel="scaled forecast (eV/Å)", ylabel="rms error (eV/Å)")
    scales = stretched()
    _draw_scales(lattice, scales)
    label_panels(picture)
    return Drawn(picture, xr.merge([scales, _stacked(tables)]))


def _stacked(tables: dict[tuple[str, ForecastKind], xr.Dataset]) -> xr.Dataset:
    """The groups of atoms by part and kind."""
    parts = [
        xr.concat([tables[part, kind] for kind in KINDS], xr.Variable("kind", list(KINDS)))
        for part in _PARTS
    ]
    whole = xr.concat(parts, xr.Variable("part", list(_PARTS)))
    return whole.rename(forecast="group_forecast", error="group_error")


def _draw_ideal(axis: Panel) -> None:
    """Both axes alike, and the line on which forecasts are right."""
    by_decades(axis)
    low = 10 ** np.floor(np.log10(min(axis.get_xlim()[0], axis.get_ylim()[0])))
    high = 10 ** np.ceil(np.log10(max(axis.get_xlim()[1], axis.get_ylim()[1])))
    axis.plot([low, high], [low, high], color=BLACK, lw=0.8, ls=":")
    axis.set(xlim=(low, high), ylim=(low, high))


def _draw_scales(axis: Panel, data: xr.Dataset) -> None:
    """Error and grade over the scale of the lattice, and where training frames are."""
    trained = [
        float(one.about["scale"])  # pyright: ignore[reportArgumentType]
        for one in open_structures("simulated_silicon")["train"]
        if one.about.get("group") == "crystal" and "scale" in one.about
    ]
    if trained:
        axis.axvspan(min(trained), max(trained), color=BLACK, alpha=0.08, lw=0)
        axis.annotate(
            "trained", (np.mean(trained), 0.97), xycoords=("data", "axes fraction"), **_MIDDLE
        )
    lines = {"error": BLACK, "spread": BLUE, "grades": ORANGE}
    for name, colour in lines.items():
        axis.plot(data["scale"], data[name], color=colour)
        end = (SCALES[-1], float(data[name][-1]))
        label = name.rstrip("s")
        axis.annotate(label, end, (3, 0), textcoords="offset points", va="center", color=colour)
    axis.axhline(1, color=ORANGE, lw=0.6, ls=":")
    axis.set(xlabel="scale of the lattice", ylabel="eV/Å; grade: no unit", yscale="log")
    axis.set_xlim(SCALES[0], SCALES[-1] + 0.11)
    axis.set_ylim(top=8)  # above what is drawn, room for a word
