"""What the input scripts leave, read and judged: expansion, melting, diffusion, viscosity.

Each function runs a script of ``recipes/materials/lammps`` in a folder and makes a dataset of its
tables, with standard errors.
"""

import itertools
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import xarray as xr
from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from sciml.core.axes import FloatArray
from sciml.core.settings import Settings
from sciml.core.writing import write_json
from sciml.materials.lammps.dumps import read_dump
from sciml.materials.lammps.scripts import run_recipe_script
from sciml.materials.properties.averages import Mean, mean_of
from sciml.materials.properties.coexistence import coexistence, ordered_share
from sciml.materials.properties.diffusion import diffusion_of_windows
from sciml.materials.properties.viscosity import viscosity

SLICES = 24  # of the cell in which a crystal melts
_NEIGHBOURS = 4  # of an atom in the diamond structure


class RunSettings(Settings):
    """What all runs of a script are told."""

    cells: PositiveInt = 3  # cubic cells of eight atoms along an edge
    settle: PositiveInt = 2000  # steps of each stage before anything is kept
    steps: PositiveInt = 10000
    step: PositiveFloat = 0.001  # ps

    def variables(self) -> dict[str, object]:
        """Those that every script knows."""
        return self.model_dump(include={"cells", "settle", "steps", "step"})


class ExpansionSettings(RunSettings):
    """Volume over temperature and pressure."""

    temperatures: tuple[PositiveFloat, ...] = (300.0, 600.0, 900.0, 1200.0)  # K
    pressures: tuple[float, ...] = (0.0, 5.0, 10.0)  # GPa


class MeltingSettings(RunSettings):
    """A crystal beside its melt."""

    start: PositiveFloat  # K, near where it is thought to melt
    melt: PositiveFloat = 3500.0  # K, for the half that melts first


class MeltSettings(RunSettings):
    """Flow of the melt."""

    temperature: PositiveFloat  # K
    melt: PositiveFloat = 4000.0  # K, at which the crystal melts first
    windows: int = Field(default=5, ge=2)

    @model_validator(mode="after")
    def _whole_windows(self) -> Self:
        if self.steps % self.windows:
            raise ValueError(
                f"steps: {self.steps} are not {self.windows} windows of the same length; take "
                f"{self.steps - self.steps % self.windows} steps or another number of windows"
            )
        return self


class Place(NamedTuple):
    """A potential, as the scripts are told of it, and a folder for what they leave."""

    potential: Mapping[str, object]
    folder: Path
    sha256: str  # of the potential's file; a script that ended with another one is run again

    def run(self, script: str, settings: RunSettings, **told: object) -> Path:
        """Run a script, unless it has been run here with the same variables; returns its table."""
        self.folder.mkdir(parents=True, exist_ok=True)
        variables = {**self.potential, **settings.variables(), **told}
        asked = {name: str(value) for name, value in variables.items()} | {"sha256": self.sha256}
        table, mark = self.folder / f"{script}.txt", self._mark(script)
        if mark.is_file() and json.loads(mark.read_text(encoding="utf-8"))["told"] == asked:
            return table
        started = time.perf_counter()
        table = run_recipe_script(script, self.folder, variables)
        write_json(mark, {"told": asked, "seconds": time.perf_counter() - started})
        return table

    def seconds(self) -> float:
        """How long all scripts have run here."""
        marks = sorted(self.folder.glob(self._mark("*").name))
        return sum(json.loads(mark.read_text(encoding="utf-8"))["seconds"] for mark in marks)

    def _mark(self, script: str) -> Path:
        """What says that a script has ended."""
        return self.folder / f"{script}.done.json"


def expansion(place: Place, settings: ExpansionSettings) -> xr.Dataset:
    """Volume of the crystal over temperature and pressure.

    Args:
        place: The potential, and where to run.
        settings: The grid, and how long to run.

    Returns:
        ``volume`` and ``volume_error``, Å³ per atom, by ``temperature``, K, and ``pressure``, GPa.

    Raises:
        BadInput: if LAMMPS gives up.
    """
    pressures = [f"{1e4 * one:g}" for one in settings.pressures]
    temperatures = [f"{one:g}" for one in settings.temperatures]
    told = {"temperatures": " ".join(temperatures), "pressures": " ".join(pressures)}
    place.run("npt", settings, **told)
    means = [
        mean_of(np.loadtxt(place.folder / f"npt-{t}-{p}.txt")[:, 1])
        for t, p in itertools.product(temperatures, pressures)
    ]
    shape = (len(temperatures), len(pressures))
    coordinates = {"temperature": list(settings.temperatures), "pressure": list(settings.pressures)}
    return _with_errors("volume", means, shape, coordinates)


def melting(place: Place, settings: MeltingSettings) -> xr.Dataset:
    """Temperature of a crystal beside its melt at constant enthalpy.

    Args:
        place: The potential, and where to run.
        settings: Where to start, and how long to run.

    Returns:
        ``melting`` and ``melting_error``, K; ``melting_drift`` and its error, K/ps;
        ``both_phases``, whether crystal and melt are there at the end; the ``coexisting``
        temperature by ``time``, ps; the share of ``ordered`` atoms by ``frame``, ps, and ``height``
        along the cell.

    Raises:
        BadInput: if LAMMPS gives up, half of the crystal does not melt, or the run is too short.
    """
    told = {"temperature": settings.start, "melt": settings.melt}
    table = np.loadtxt(place.run("melting", settings, **told))
    times, temperature = settings.step * table[1:, 0], table[1:, 1]
    frames, shares = _ordered(place.folder / "melting.dump")
    found = coexistence(times, temperature, shares)
    return xr.Dataset(
        {
            "melting": found.temperature.value,
            "melting_error": found.temperature.error,
            "melting_drift": found.drift.value,
            "melting_drift_error": found.drift.error,
            "both_phases": found.both,
            "coexisting": ("time", temperature),
            "ordered": (("frame", "height"), shares),
            "crystal": ("frame", found.crystal),
        },
        {
            "time": times,
            "frame": settings.step * frames,
            "height": (np.arange(SLICES) + 0.5) / SLICES,
        },
    )


def _ordered(dump: Path) -> tuple[FloatArray, FloatArray]:
    """Steps of the frames, and shares of atoms with as many neighbours as in the crystal."""
    steps: list[int] = []
    shares: list[FloatArray] = []
    for frame in read_dump(dump, ["Si"]):
        height = frame.structure.positions[:, 2] / frame.structure.cell[2, 2]
        ordered = frame.values["c_neighbours"] == _NEIGHBOURS
        steps.append(frame.step)
        shares.append(ordered_share(height, ordered, SLICES))
    return np.array(steps, dtype=np.float64), np.array(shares)


def melt_diffusion(place: Place, settings: MeltSettings) -> xr.Dataset:
    """How far atoms of the melt wander.

    Args:
        place: The potential, and where to run.
        settings: How hot, and how long to run.

    Returns:
        ``diffusion`` and ``diffusion_error``, Å²/ps, and the mean square ``displacement``, Å², by
        ``lag``, ps.

    Raises:
        BadInput: if LAMMPS gives up, or the windows are too short.
    """
    told = {"temperature": settings.temperature, "melt": settings.melt, "windows": settings.windows}
    table = np.loadtxt(place.run("diffusion", settings, **told)).reshape(settings.windows, -1, 3)
    found = diffusion_of_windows(table[0, :, 1], table[:, :, 2])
    return xr.Dataset(
        {
            "diffusion": found.coefficient.value,
            "diffusion_error": found.coefficient.error,
            "displacement": found.displacement,
        }
    )


def melt_viscosity(place: Place, settings: MeltSettings) -> xr.Dataset:
    """How the melt resists shear.

    Args:
        place: The potential, and where to run.
        settings: How hot, and how long to run.

    Returns:
        ``viscosity`` and ``viscosity_error``, mPa s; the running ``integral`` and its error by
        ``delay``, ps; the mean temperature of the ``melt``, K.

    Raises:
        BadInput: if LAMMPS gives up.
    """
    told = {"temperature": settings.temperature, "melt": settings.melt, "windows": settings.windows}
    curves, spacing = _correlations(place.run("viscosity", settings, **told), settings.step)
    state = np.loadtxt(place.folder / "viscosity-state.txt")[:, 1:].mean(axis=0)
    found = viscosity(curves, spacing, *map(float, state))
    names = {"lag": "delay"}
    return xr.Dataset(
        {
            "viscosity": found.coefficient.value,
            "viscosity_error": found.coefficient.error,
            "integral": found.integral.rename(names),
            "integral_error": found.error.rename(names),
            "melt": float(state[0]),
        }
    )


def _correlations(table: Path, step: float) -> tuple[FloatArray, float]:
    """By window, component and lag, bar²; and from one lag to the next, ps."""
    lines = [line.split() for line in table.read_text().splitlines() if not line.startswith("#")]
    lags = int(lines[0][1])
    blocks = np.array([row for row in lines if len(row) > 2], dtype=np.float64)
    windows = blocks.reshape(-1, lags, blocks.shape[1])[1:]  # the first holds a single step
    return np.moveaxis(windows[:, :, 3:], 2, 1), step * float(windows[0, 1, 1])


def _with_errors(
    name: str, means: list[Mean], shape: tuple[int, ...], coordinates: Mapping[str, Any]
) -> xr.Dataset:
    """Means and their errors on a grid."""
    table = np.array(means).reshape(*shape, 2)
    axes = tuple(coordinates)
    return xr.Dataset(
        {name: (axes, table[..., 0]), f"{name}_error": (axes, table[..., 1])}, coordinates
    )
