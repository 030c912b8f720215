"""The recipe that compares the properties of a potential with those of its truth."""

import shutil
import time
from pathlib import Path
from typing import Any, Literal

import numpy as np
import xarray as xr

from sciml.core.talk import say
from sciml.core.writing import sha256_of, write_bytes, write_with
from sciml.materials.ace.file import load_potential
from sciml.materials.properties.comparison import (
    LEARNT,
    TRUTH,
    CompressionSettings,
    LiquidSettings,
    PhononSettings,
    common_structure,
    compressions,
    liquids,
    phonons,
)
from sciml.materials.properties.dynamics import save_motion
from sciml.materials.simulated_crystals import SILICON, SILICON_CARBIDE, crystal
from sciml.materials.trained import POTENTIAL_FILE, trained_file
from sciml.training.recipe import Recipe
from sciml.training.run import Outcome, RecipeTask

_TRUTHS = {"silicon": SILICON, "silicon_carbide": SILICON_CARBIDE}
_CONSTANTS = ("C11", "C12", "C44")


class PropertyRecipe(Recipe):
    """Compute properties by a learnt potential and by what it has learnt from."""

    potential: str  # a potential's file, or the name of the recipe that trains it
    truth: Literal["silicon", "silicon_carbide"]  # by LAMMPS; says the crystal too
    compression: CompressionSettings | None = CompressionSettings()  # null leaves it out
    phonons: PhononSettings | None = PhononSettings()
    liquid: LiquidSettings | None = None
    keep_motions: bool = False  # whether all frames of the melts are written


def properties(recipe: PropertyRecipe, folder: Path) -> Outcome:
    """Compute properties by both, write their numbers and draw them.

    Args:
        recipe: The settings.
        folder: Folder of the run.

    Returns:
        Numbers of both, and the files: the potential, and a dataset and a picture of each group.

    Raises:
        BadInput: if the potential cannot be read or fails, or LAMMPS is not installed.
    """
    started = time.perf_counter(), time.process_time()
    source = trained_file(recipe.potential)
    learnt = load_potential(source)
    kept = folder / POTENTIAL_FILE
    write_bytes(kept, source.read_bytes())
    ensemble = _TRUTHS[recipe.truth]
    potentials = {TRUTH: ensemble.potential(), LEARNT: learnt}
    cube = crystal(ensemble)
    found: dict[str, xr.Dataset] = {}
    outputs = [kept]
    if recipe.compression is not None:
        say("compression")
        found["compression"] = compressions(potentials, cube, recipe.compression)
    if recipe.phonons is not None:
        say("phonons")
        found["phonons"] = phonons(potentials, cube, recipe.phonons)
    if recipe.liquid is not None:
        say("liquid")
        found["liquid"], motions = liquids(potentials, cube, recipe.liquid, recipe.seed)
        if recipe.keep_motions:
            outputs += [save_motion(folder / f"motion-{n}.nc", m) for n, m in motions.items()]
    outputs += [path for name, data in found.items() for path in _shown(folder, name, data)]
    metrics = {k: v for name, data in found.items() for k, v in _NUMBERS[name](data).items()}
    seconds = {
        "wall": time.perf_counter() - started[0],
        "cpu": time.process_time() - started[1],
    }
    return Outcome("finished", metrics, {recipe.potential: sha256_of(source)}, outputs, seconds)


def _shown(folder: Path, name: str, data: xr.Dataset) -> list[Path]:
    """Write a dataset and the figure that shows it."""
    from sciml.materials.figures.properties import DRAWERS

    path = folder / f"{name}.nc"
    write_with(path, lambda part: data.to_netcdf(part, engine="netcdf4"))
    pictures = folder / "figures"
    DRAWERS[name](record=folder).save(pictures, vector=False)
    shutil.move(pictures / f"{name}.png", folder / f"{name}.png")
    shutil.rmtree(pictures)
    return [path, folder / f"{name}.png"]


def _both(name: str, unit: str, values: xr.DataArray) -> dict[str, float]:
    """A number of both potentials, with what and unit in its name."""
    return {
        f"{name} {potential} {unit}".strip(): float(values.sel(potential=potential))
        for potential in (TRUTH, LEARNT)
    }


def _compression_numbers(data: xr.Dataset) -> dict[str, Any]:
    """At rest, and the largest errors under pressure."""
    numbers = _both("rest volume", "Å³/atom", data["rest_volume"])
    numbers |= _both("rest energy", "eV/atom", data["rest_energy"])
    numbers |= _both("bulk modulus", "GPa", data["bulk_modulus"])
    numbers |= _both("bulk modulus slope", "", data["bulk_modulus_slope"])
    at_rest = data["stiffness"].sel(elastic_pressure=0.0, method="nearest")
    for constant in _CONSTANTS:
        numbers |= _both(constant, "GPa", at_rest.sel(constant=constant))
    gap = data.sel(potential=LEARNT) - data.sel(potential=TRUTH)
    shares = gap / data.sel(potential=TRUTH)
    numbers["worst volume under pressure %"] = 100 * float(np.abs(shares["volume"]).max())
    numbers["worst energy under pressure meV/atom"] = 1e3 * float(np.abs(gap["energy"]).max())
    numbers["worst stiffness under pressure %"] = 100 * float(np.abs(shares["stiffness"]).max())
    return numbers


def _phonon_numbers(data: xr.Dataset) -> dict[str, Any]:
    """Frequencies and expansion."""
    gap = data["frequency"].sel(potential=LEARNT) - data["frequency"].sel(potential=TRUTH)
    numbers = _both("highest frequency", "THz", data["frequency"].max(["share", "mode"]))
    numbers["rms error of frequencies THz"] = float(np.sqrt((gap**2).mean()))
    warm = data["expansion"].sel(temperature=1000.0, method="nearest")
    return numbers | _both("expansion near 1000 K", "1e-6/K", 1e6 * warm)


def _liquid_numbers(data: xr.Dataset) -> dict[str, Any]:
    """Structure, density, diffusion and drift."""
    numbers: dict[str, Any] = {"overlap of radial distributions": common_structure(data)}
    for name, unit in (("diffusion", "Å²/ps"), ("volume", "Å³/atom"), ("temperature", "K")):
        numbers |= _both(f"liquid {name}", unit, data[name])
        numbers |= _both(f"liquid {name} error", unit, data[f"{name}_error"])
    return numbers | _both("liquid drift", "meV/atom/ps", data["drift"])


_NUMBERS = {
    "compression": _compression_numbers,
    "phonons": _phonon_numbers,
    "liquid": _liquid_numbers,
}

TASKS = {"materials/properties": RecipeTask(PropertyRecipe, properties)}
