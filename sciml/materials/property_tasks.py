"""The recipe of a potential's properties, beside those of its truth if that is known."""

import shutil
import time
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import xarray as xr
from pydantic import SerializerFunctionWrapHandler, model_serializer, model_validator

from sciml.core.talk import say
from sciml.core.user_files import user_file
from sciml.core.writing import sha256_of, write_bytes, write_with
from sciml.materials.ace.file import load_potential
from sciml.materials.own_crystals import CrystalSettings, crystal_of
from sciml.materials.potential import Potential
from sciml.materials.properties.comparison import (
    LEARNT,
    TRUTH,
    CompressionSettings,
    LiquidSettings,
    PhononSettings,
    common_structure,
    compressions,
    has_truth,
    liquids,
    phonons,
)
from sciml.materials.properties.dynamics import save_motion
from sciml.materials.simulated_crystals import SILICON, SILICON_CARBIDE, crystal
from sciml.materials.structures import Structure
from sciml.materials.trained import POTENTIAL_FILE, trained_file
from sciml.training.recipe import Recipe
from sciml.training.run import Outcome, RecipeTask

_TRUTHS = {"silicon": SILICON, "silicon_carbide": SILICON_CARBIDE}
_CONSTANTS = ("C11", "C12", "C44")


class PropertyRecipe(Recipe):
    """Compute properties by a learnt potential, and by what it has learnt from."""

    potential: str  # a potential's file, or the name of the recipe that trains it
    truth: Literal["silicon", "silicon_carbide"] | None  # by LAMMPS; null if it is not known
    crystal: str | CrystalSettings | None = None  # a file or settings; null takes the truth's
    compression: CompressionSettings | None = CompressionSettings()  # null leaves it out
    phonons: PhononSettings | None = PhononSettings()
    liquid: LiquidSettings | None = None
    keep_motions: bool = False  # whether all frames of the melts are written

    @model_validator(mode="after")
    def _of_some_crystal(self) -> Self:
        if self.truth is None and self.crystal is None:
            raise ValueError(
                "crystal: nothing says which; give a file of its structure, or settings such as "
                "{structure: fcc, elements: [Cu], lattice: 3.61}"
            )
        return self

    @model_serializer(mode="wrap")
    def _without_no_crystal(self, told: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A crystal that is not given is not told: recipes with a truth keep their digests."""
        values: dict[str, Any] = told(self)
        return {k: v for k, v in values.items() if k != "crystal" or v is not None}


def properties(recipe: PropertyRecipe, folder: Path) -> Outcome:
    """Compute properties, write their numbers and draw them.

    Args:
        recipe: The settings.
        folder: Folder of the run.

    Returns:
        Numbers of each potential, and the files: the potential, and a dataset and a picture of
        each group.

    Raises:
        BadInput: if the potential cannot be read or fails, the crystal cannot be read or is not
            cubic where that is needed, or LAMMPS is not installed.
    """
    started = time.perf_counter(), time.process_time()
    source = trained_file(recipe.potential)
    learnt, cube = load_potential(source), _crystal(recipe)
    kept = folder / POTENTIAL_FILE
    write_bytes(kept, source.read_bytes())
    potentials = _truth(recipe) | {LEARNT: learnt}
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
    used = {recipe.potential: sha256_of(source)}
    if isinstance(recipe.crystal, str):
        used[recipe.crystal] = sha256_of(user_file(recipe.crystal, "crystal"))
    return Outcome("finished", metrics, used, outputs, seconds)


def _truth(recipe: PropertyRecipe) -> dict[str, Potential]:
    """What was learnt from, if it is known."""
    return {} if recipe.truth is None else {TRUTH: _TRUTHS[recipe.truth].potential()}


def _crystal(recipe: PropertyRecipe) -> Structure:
    """The crystal that is given, else that of the truth."""
    if recipe.crystal is not None:
        return crystal_of(recipe.crystal)
    assert recipe.truth is not None
    return crystal(_TRUTHS[recipe.truth])


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


def _each(name: str, unit: str, values: xr.DataArray) -> dict[str, float]:
    """A number of each potential, with what and unit in its name."""
    return {
        f"{name} {potential} {unit}".strip(): float(values.sel(potential=potential))
        for potential in values["potential"].values
    }


def _compression_numbers(data: xr.Dataset) -> dict[str, Any]:
    """At rest or as near to it as was asked for, and the largest errors under pressure."""
    numbers = _each("rest volume", "Å³/atom", data["rest_volume"])
    numbers |= _each("rest energy", "eV/atom", data["rest_energy"])
    numbers |= _each("bulk modulus", "GPa", data["bulk_modulus"])
    numbers |= _each("bulk modulus slope", "", data["bulk_modulus_slope"])
    nearest = data["stiffness"].sel(elastic_pressure=0.0, method="nearest")
    pressure = float(nearest["elastic_pressure"])
    where = f" at {pressure:g} GPa" if pressure else ""
    for constant in _CONSTANTS:
        numbers |= _each(f"{constant}{where}", "GPa", nearest.sel(constant=constant))
    if not has_truth(data):
        return numbers
    gap = data.sel(potential=LEARNT) - data.sel(potential=TRUTH)
    shares = gap / data.sel(potential=TRUTH)
    numbers["worst volume under pressure %"] = 100 * float(np.abs(shares["volume"]).max())
    numbers["worst energy under pressure meV/atom"] = 1e3 * float(np.abs(gap["energy"]).max())
    numbers["worst stiffness under pressure %"] = 100 * float(np.abs(shares["stiffness"]).max())
    return numbers


def _phonon_numbers(data: xr.Dataset) -> dict[str, Any]:
    """Frequencies and expansion."""
    numbers = _each("highest frequency", "THz", data["frequency"].max(["share", "mode"]))
    if has_truth(data):
        gap = data["frequency"].sel(potential=LEARNT) - data["frequency"].sel(potential=TRUTH)
        numbers["rms error of frequencies THz"] = float(np.sqrt((gap**2).mean()))
    warm = data["expansion"].sel(temperature=1000.0, method="nearest")
    near = float(warm["temperature"])
    return numbers | _each(f"expansion near {near:g} K", "1e-6/K", 1e6 * warm)


def _liquid_numbers(data: xr.Dataset) -> dict[str, Any]:
    """Structure, density, diffusion and drift."""
    numbers: dict[str, Any] = {}
    if has_truth(data):
        numbers["overlap of radial distributions"] = common_structure(data)
    for name, unit in (("diffusion", "Å²/ps"), ("volume", "Å³/atom"), ("temperature", "K")):
        numbers |= _each(f"liquid {name}", unit, data[name])
        numbers |= _each(f"liquid {name} error", unit, data[f"{name}_error"])
    return numbers | _each("liquid drift", "meV/atom/ps", data["drift"])


_NUMBERS = {
    "compression": _compression_numbers,
    "phonons": _phonon_numbers,
    "liquid": _liquid_numbers,
}

TASKS = {"materials/properties": RecipeTask(PropertyRecipe, properties)}
