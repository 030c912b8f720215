"""The figures of the notebook on properties: a learnt potential beside its truth."""

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
    GREEN,
    ORANGE,
    TWO_COLUMNS,
    VERMILION,
    Panel,
    label_panels,
    new_picture,
)
from sciml.materials.properties.comparison import LEARNT, TRUTH, has_truth
from sciml.materials.properties.equation_of_state import EquationOfState
from sciml.training.run import record_folder

_RECIPE = "materials/silicon-properties-fast"
_NAMES = {"G": "Γ"}
_TRUTH_LINE: dict[str, Any] = {"color": BLACK, "lw": 0.9}
_LEARNT_LINE: dict[str, Any] = {"color": BLUE, "ls": "--"}
_LOOKS = {TRUTH: _TRUTH_LINE, LEARNT: _LEARNT_LINE}
_CONSTANT_COLOURS = {"C11": BLUE, "C12": ORANGE, "C44": GREEN}


@figure(
    "materials/compression",
    title="Volume, energy and elastic constants under pressure, learnt and true",
    rtol=1e-6,
    atol=1e-9,
    recipe="materials/silicon-properties-fast",
)
def compression_figure(record: Path | None = None) -> Drawn:
    """What a crystal answers to pressure.

    Args:
        record: Folder of a run of ``materials/properties``; by default the published one.

    Returns:
        Panel a: energy over volume. Panel b: errors of volume and enthalpy over pressure, or the
        volume itself without a truth. Panel c: elastic constants over pressure.
    """
    data = _stored(record, "compression")
    picture = new_picture(TWO_COLUMNS, 2.5)
    energy, error, stiffness = picture.subplots(1, 3)
    _draw_energy(energy, data)
    (_draw_errors if has_truth(data) else _draw_volume)(error, data)
    _draw_stiffness(stiffness, data)
    label_panels(picture)
    return Drawn(picture, data)


def _draw_energy(axis: Panel, data: xr.Dataset) -> None:
    """Energy over volume."""
    volumes = np.linspace(float(data["volume"].min()), float(data["volume"].max()), 100)
    line = TRUTH if has_truth(data) else LEARNT
    axis.plot(volumes, _fit(data.sel(potential=line)).energies(volumes), **_TRUTH_LINE)
    learnt = data.sel(potential=LEARNT)
    axis.plot(learnt["volume"], learnt["energy"], "o", color=BLUE)
    axis.legend(["truth" if has_truth(data) else "fit", "learnt"], loc="upper center")
    axis.set(xlabel="volume (Å³/atom)", ylabel="energy (eV/atom)")


def _fit(data: xr.Dataset) -> EquationOfState:
    """The fit that the dataset has the numbers of."""
    names = ("rest_energy", "rest_volume", "bulk_modulus", "bulk_modulus_slope")
    return EquationOfState("vinet", *(float(data[name]) for name in names), residual=0.0)


def _draw_errors(axis: Panel, data: xr.Dataset) -> None:
    """How far the learnt crystal is off."""
    truth, learnt = (data.sel(potential=name) for name in (TRUTH, LEARNT))
    P = data["pressure"]
    axis.axhline(0, color=BLACK, lw=0.6, ls=":")
    volume = 100 * (learnt["volume"] / truth["volume"] - 1)
    enthalpy = 1e3 * (learnt["enthalpy"] - truth["enthalpy"])
    axis.plot(P, volume, "o-", color=VERMILION, label="volume (%)")
    axis.plot(P, enthalpy, "s-", color=GREEN, label="enthalpy (meV/atom)")
    lowest, highest = min(volume.min(), enthalpy.min()), max(volume.max(), enthalpy.max())
    room = 0.35 * max(float(highest - lowest), 0.1)  # for the legend
    axis.set(xlabel="pressure (GPa)", ylabel="learnt - truth")
    axis.set_ylim(float(lowest - room), float(highest + 0.1 * room))
    axis.legend(loc="lower center")


def _draw_volume(axis: Panel, data: xr.Dataset) -> None:
    """Volume over pressure."""
    axis.plot(data["pressure"], data["volume"].sel(potential=LEARNT), "o-", color=BLUE)
    axis.set(xlabel="pressure (GPa)", ylabel="volume (Å³/atom)")


def _draw_stiffness(axis: Panel, data: xr.Dataset) -> None:
    """Three constants, lines for the truth, if there is one, and marks for the learnt."""
    P, line = data["elastic_pressure"], TRUTH if has_truth(data) else LEARNT
    for name, colour in _CONSTANT_COLOURS.items():
        one = data["stiffness"].sel(constant=name)
        axis.plot(P, one.sel(potential=line), color=colour, lw=0.9)
        axis.plot(P, one.sel(potential=LEARNT), "o", color=colour)
        last = one.sel(potential=line).values[-1]
        axis.annotate(
            f"C$_{{{name[1:]}}}$", (P[-1], last), (4, 0), textcoords="offset points", va="center"
        )
    if has_truth(data):
        axis.plot([], [], color=BLACK, lw=0.9, label="truth")
    axis.plot([], [], "o", color=BLACK, label="learnt")
    axis.legend(loc="upper left")
    axis.set(xlabel="pressure (GPa)", ylabel="elastic constant (GPa)", ylim=(0, None))


@figure(
    "materials/phonons",
    title="Phonon bands, density of states and thermal expansion, learnt and true",
    rtol=1e-5,
    atol=1e-6,
    recipe="materials/silicon-properties-fast",
)
def phonon_figure(record: Path | None = None) -> Drawn:
    """How a crystal shakes, and how it widens with heat.

    Args:
        record: Folder of a run of ``materials/properties``; by default the published one.

    Returns:
        Panel a: frequencies along a path. Panel b: density of states. Panel c: linear expansion by
        the quasi-harmonic approximation.
    """
    data = _stored(record, "phonons")
    picture = new_picture(TWO_COLUMNS, 2.6)
    bands, density, expansion = picture.subplots(1, 3, width_ratios=(1.6, 0.6, 1.2))
    _draw_bands(bands, data)
    for name, look in _looks(data).items():
        one = data.sel(potential=name)
        density.plot(one["density"], one["level"], **look)
        expansion.plot(one["temperature"], 1e6 * one["expansion"], label=name, **look)
    density.sharey(bands)
    density.tick_params(labelleft=False)
    density.set(xlabel="states (1/THz)", xlim=(0, None))
    expansion.axhline(0, color=BLACK, lw=0.6, ls=":")
    expansion.set(xlabel="temperature (K)", ylabel="expansion (10$^{-6}$/K)")
    label_panels(picture)
    return Drawn(picture, data)


def _draw_bands(axis: Panel, data: xr.Dataset) -> None:
    """All modes along the path."""
    share = data["share"]
    looks = _looks(data)
    lines = [
        axis.plot(share, data["frequency"].sel(potential=name), **look)[0]
        for name, look in looks.items()
    ]
    corners = np.atleast_1d(data.attrs["corners"])
    for corner in corners[1:-1]:
        axis.axvline(corner, color=BLACK, lw=0.4)
    names = [_NAMES.get(str(name), str(name)) for name in data.attrs["corner_names"]]
    axis.set_xticks(*_merged(corners, names))
    axis.set(xlim=(0, 1), ylim=(0, None), ylabel="frequency (THz)")
    axis.legend(lines, list(looks), loc="lower center")


def _merged(corners: FloatArray, names: list[str]) -> tuple[list[float], list[str]]:
    """Corners at the same place have one name: ``U|K``."""
    places: list[float] = []
    labels: list[str] = []
    for place, name in zip(corners, names, strict=True):
        if places and np.isclose(place, places[-1]):
            labels[-1] += f"|{name}"
        else:
            places.append(float(place))
            labels.append(name)
    return places, labels


@figure(
    "materials/liquid",
    title="Radial distribution and mean square displacement of the melt, learnt and true",
    rtol=1e-6,
    atol=1e-9,
    recipe="materials/silicon-properties-fast",
)
def liquid_figure(record: Path | None = None) -> Drawn:
    """How atoms of a melt stand and wander.

    Args:
        record: Folder of a run of ``materials/properties``; by default the published one.

    Returns:
        Panel a: radial distribution functions. Panel b: mean square displacement and the
        coefficient of diffusion.
    """
    data = _stored(record, "liquid")
    picture = new_picture(TWO_COLUMNS, 2.5)
    shells, paths = picture.subplots(1, 2)
    for name, look in _looks(data).items():
        one = data.sel(potential=name)
        shells.plot(one["distance"], one["density_ratio"], label=name, **look)
        value, error = float(one["diffusion"]), float(one["diffusion_error"])
        label = f"{name}: D = {value:.2f} ± {error:.2f} Å²/ps"
        paths.plot(one["lag"], one["displacement"], label=label, **look)
    shells.axhline(1, color=BLACK, lw=0.6, ls=":")
    shells.set(xlabel="distance (Å)", ylabel="radial distribution g", ylim=(0, None))
    shells.set_xlim(1.5, float(data["distance"].max()))
    shells.legend(loc="upper right")
    paths.set(xlabel="time (ps)", ylabel="mean square displacement (Å²)")
    paths.set(xlim=(0, None), ylim=(0, None))
    paths.legend(loc="upper left")
    label_panels(picture)
    return Drawn(picture, data)


DRAWERS = {
    "compression": compression_figure,
    "phonons": phonon_figure,
    "liquid": liquid_figure,
}


def _looks(data: xr.Dataset) -> dict[str, dict[str, Any]]:
    """How the potentials that are there are drawn."""
    return {name: look for name, look in _LOOKS.items() if name in data["potential"].values}


def _stored(record: Path | None, name: str) -> xr.Dataset:
    """A dataset that a run has written."""
    path = (record or record_folder(_RECIPE)) / f"{name}.nc"
    try:
        with xr.open_dataset(path) as stored:
            return stored.load()
    except (OSError, ValueError) as error:
        raise DamagedFile(
            f"{shown(path)}: cannot be read ({error}); run `sciml run recipes/{_RECIPE}.yaml`."
        ) from None
