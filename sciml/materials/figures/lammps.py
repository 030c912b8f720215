"""The figure of the notebook on LAMMPS: expansion by two potentials, and grades in a hot run."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from sciml.core.axes import FloatArray
from sciml.figures.registry import Drawn, figure
from sciml.figures.style import BLACK, BLUE, ORANGE, TWO_COLUMNS, label_panels, new_picture
from sciml.materials.lammps.labelling import LammpsPotential
from sciml.materials.lammps.native import pair_commands
from sciml.materials.simulated_crystals import SILICON, crystal
from sciml.materials.structures import Structure, from_atoms, to_atoms
from sciml.materials.trained import trained_file

RECIPE = "materials/silicon-fast"
TEMPERATURES = (300.0, 600.0, 900.0, 1200.0)  # K
HEATED = (300.0, 4500.0)  # K
REPEATS = 3  # of the cubic cell
_SETTLE, _STEPS, _HEATING = 1000, 3000, 5000
_EVERY, _WINDOW = 25, 250  # steps from one grade to the next, and over which grades are averaged
_LOOKS: dict[str, dict[str, Any]] = {
    "learnt": {"marker": "o", "ms": 3, "color": BLUE},
    "truth": {"marker": "o", "ms": 6, "mfc": "none", "color": BLACK, "ls": "none"},
}
_BESIDE: dict[str, Any] = {"textcoords": "offset points", "va": "bottom", "fontsize": 6}


def learnt(options: str = "") -> LammpsPotential:
    """The published potential of embedded silicon, by ``pair_style sciml``."""
    return LammpsPotential(pair_commands(trained_file(RECIPE), ["Si"], options), ["Si"])


@cache
def expansion() -> xr.Dataset:
    """Volumes and energies of the crystal without pressure, by what was learnt and by the truth.

    Returns:
        ``volume``, Å³ per atom, and ``energy``, eV per atom, by ``potential`` and ``temperature``.
    """
    found = np.array(
        [
            [_means(one, temperature) for temperature in TEMPERATURES]
            for one in (learnt(), SILICON.potential())
        ]
    )
    axes = ("potential", "temperature")
    return xr.Dataset(
        {"volume": (axes, found[..., 0]), "energy": (axes, found[..., 1])},
        {"potential": list(_LOOKS), "temperature": np.array(TEMPERATURES)},
    )


def _means(potential: LammpsPotential, temperature: float) -> FloatArray:
    """Volume and energy of an atom."""
    name, engine = f"silicon at {temperature:g} K", potential.load(_cube())[0]
    potential.command(
        name,
        [
            *_moving(temperature),
            f"fix motion all npt temp {temperature} {temperature} 0.1 iso 0 0 0.5",
            f"run {_SETTLE} post no",
            "variable room equal vol/atoms",
            "variable energy equal pe/atoms",
            "fix means all ave/time 10 1 10 v_room v_energy ave running",
            f"run {_STEPS} post no",
        ],
    )
    found = np.array([engine.extract_fix("means", 0, 1, place, 0) for place in range(2)])
    potential.drop()
    return found


@cache
def heated() -> xr.Dataset:
    """The largest grade of any atom while a crystal is heated until it melts.

    Returns:
        ``grade``, a mean over time, by temperature of the ``bath``, K.
    """
    potential = learnt(f"grade {_EVERY}")
    cold, hot = HEATED
    engine, _ = potential.load(_cube())
    potential.command(
        "heated silicon",
        [
            *_moving(cold),
            "compute most all pair sciml",
            f"fix means all ave/time {_EVERY} {_WINDOW // _EVERY} {_WINDOW} c_most[1]",
            f"fix kept all vector {_WINDOW} f_means",
            f"fix motion all npt temp {cold} {hot} 0.1 iso 0 0 0.5",
            f"run {_HEATING} post no",
        ],
    )
    count = _HEATING // _WINDOW
    grades = [engine.extract_fix("kept", 0, 1, place, 0) for place in range(1, count + 1)]
    potential.drop()
    middles = cold + (hot - cold) * (np.arange(count) + 0.5) / count
    return xr.Dataset({"grade": ("bath", grades)}, {"bath": middles})


def _moving(temperature: float) -> list[str]:
    return [
        "neighbor 1.0 bin",
        "timestep 0.001",
        "thermo_style custom step temp pe press vol",
        f"velocity all create {2 * temperature} 4928 mom yes rot no dist gaussian",
    ]


def _cube() -> Structure:
    return from_atoms(to_atoms(crystal(SILICON)) * (REPEATS, REPEATS, REPEATS))


@figure(
    "materials/dynamics-in-lammps",
    title="Silicon in LAMMPS: thermal expansion, and grades while a crystal melts",
    rtol=1e-3,
    atol=0.1,
    recipe="materials/silicon-fast",
)
def lammps_figure(record: Path | None = None) -> Drawn:
    """Dynamics by ``pair_style sciml`` beside the potential that labelled its training.

    Args:
        record: Not used: the runs are short enough to be made anew.

    Returns:
        Panel a: volume over temperature. Panel b: the largest grade while a crystal is heated.
    """
    del record
    picture = new_picture(TWO_COLUMNS, 2.3)
    left, right = picture.subplots(1, 2)
    volumes, grades = expansion(), heated()
    for name, look in _LOOKS.items():
        one = volumes["volume"].sel(potential=name)
        left.plot(one["temperature"], one, label=name, **look)
    left.set(xlabel="temperature (K)", ylabel="volume (Å³ per atom)")
    left.legend()
    right.plot(grades["bath"], grades["grade"], color=ORANGE)
    right.axhline(1, color=BLACK, lw=0.6, ls=":")
    right.annotate("farthest of the training", (HEATED[0], 1), (0, 3), **_BESIDE)
    right.set(
        xlabel="temperature of the bath (K)", ylabel="largest grade of any atom", ylim=(0, None)
    )
    label_panels(picture)
    return Drawn(picture, xr.merge([volumes, grades]))
