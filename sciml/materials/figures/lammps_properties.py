"""The figure of the notebook on melting, expansion and flow in LAMMPS."""

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from sciml.core.errors import DamagedFile
from sciml.core.paths import shown
from sciml.figures.registry import Drawn, figure
from sciml.figures.style import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    TWO_COLUMNS,
    Panel,
    label_panels,
    new_picture,
)
from sciml.materials.lammps_tasks import MEASURED
from sciml.materials.properties.comparison import LEARNT, TRUTH
from sciml.training.run import record_folder

RECIPE = "materials/silicon-lammps"
_LOOKS: dict[str, dict[str, Any]] = {
    TRUTH: {"color": BLACK, "lw": 0.9},
    LEARNT: {"color": BLUE, "ls": "--"},
}
_PRESSURES = (BLUE, ORANGE, GREEN)
_WINDOW = 20  # means of so many temperatures are drawn


@figure(
    "materials/flow-in-lammps",
    title="Silicon in LAMMPS: expansion, melting, diffusion and viscosity, learnt and true",
    rtol=1e-6,
    atol=1e-9,
    recipe="materials/silicon-lammps",
)
def flow_figure(record: Path | None = None) -> Drawn:
    """A learnt potential beside its truth in long runs of LAMMPS.

    Args:
        record: Folder of a run of ``materials/lammps``; by default the published one.

    Returns:
        Panel a: volume over temperature at several pressures; dots are learnt, lines true, bars two
        standard errors. Panel b: temperature of a crystal beside its melt, means of short spells.
        Panel c: mean square displacement in the melt. Panel d: integral of the correlation of the
        stress, whose plateau is the viscosity; bands are two standard errors.
    """
    path = (record or record_folder(RECIPE)) / MEASURED
    if not path.is_file():
        raise DamagedFile(f"{shown(path)} is missing: run `sciml run recipes/{RECIPE}.yaml`.")
    with xr.open_dataset(path) as stored:
        data = stored.load()
    picture = new_picture(TWO_COLUMNS, 4.2)
    (volume, melting), (displacement, viscosity) = picture.subplots(2, 2)
    _draw_volume(volume, data)
    _draw_melting(melting, data)
    _draw_displacement(displacement, data)
    _draw_viscosity(viscosity, data)
    label_panels(picture)
    return Drawn(picture, data)


def _draw_volume(panel: Panel, data: xr.Dataset) -> None:
    """Over temperature, by pressure."""
    for colour, pressure in zip(_PRESSURES, data["pressure"].values, strict=False):
        one = data.sel(pressure=pressure)
        true, learnt = (one.sel(potential=name) for name in (TRUTH, LEARNT))
        panel.plot(one["temperature"], true["volume"], color=colour, lw=0.9)
        panel.errorbar(
            one["temperature"], learnt["volume"], 2 * learnt["volume_error"], fmt="o", color=colour
        )
        place = (float(one["temperature"][-1]), float(true["volume"][-1]))
        panel.annotate(
            f"{pressure:g} GPa",
            place,
            (6, 0),
            textcoords="offset points",
            color=colour,
            va="center",
        )
    low, high = float(data["temperature"].min()), float(data["temperature"].max())
    panel.set(
        xlabel="temperature (K)",
        ylabel="volume (Å³/atom)",
        xlim=(low - 60, high + 0.3 * (high - low)),
    )


def _draw_melting(panel: Panel, data: xr.Dataset) -> None:
    """Spells of the temperature, and the mean with its error."""
    for name, look in _LOOKS.items():
        one = data.sel(potential=name)
        spells = one["coexisting"].coarsen(time=_WINDOW, boundary="trim").mean()
        level, error = float(one["melting"]), float(one["melting_error"])
        label = f"{name}: {level:.0f} ± {error:.0f} K"
        panel.plot(spells["time"], spells, label=label, **look)
    panel.set(xlabel="time (ps)", ylabel="temperature of crystal\nbeside melt (K)")
    panel.legend(loc="best")


def _draw_displacement(panel: Panel, data: xr.Dataset) -> None:
    """Mean square displacements."""
    for name, look in _LOOKS.items():
        one = data.sel(potential=name)
        level, error = float(one["diffusion"]), float(one["diffusion_error"])
        label = f"{name}: {level:.3f} ± {error:.3f} Å²/ps"
        panel.plot(one["lag"], one["displacement"], label=label, **look)
    panel.set(xlabel="time (ps)", ylabel="mean square\ndisplacement (Å²)", xlim=(0, None))
    panel.legend(loc="upper left")


def _draw_viscosity(panel: Panel, data: xr.Dataset) -> None:
    """Running integrals."""
    for name, look in _LOOKS.items():
        one = data.sel(potential=name)
        level, error = float(one["viscosity"]), float(one["viscosity_error"])
        panel.plot(
            one["delay"], one["integral"], label=f"{name}: {level:.2f} ± {error:.2f}", **look
        )
        low, high = (one["integral"] + sign * 2 * one["integral_error"] for sign in (-1, 1))
        panel.fill_between(one["delay"], low, high, color=look["color"], alpha=0.15, lw=0)
    longest = float(np.max(data["delay"]))
    panel.set(xlabel="delay (ps)", ylabel="viscosity up to\nthat delay (mPa s)", xlim=(0, longest))
    panel.legend(loc="lower right", title="plateau, mPa s", title_fontsize=7)
