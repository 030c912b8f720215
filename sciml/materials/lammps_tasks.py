"""The recipe that measures a potential in LAMMPS by the project's input scripts."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import xarray as xr

from sciml.core.talk import say
from sciml.core.writing import sha256_of, write_with
from sciml.materials.lammps.engine import with_shipped_files
from sciml.materials.lammps.measures import (
    ExpansionSettings,
    MeltingSettings,
    MeltSettings,
    Place,
    expansion,
    melt_diffusion,
    melt_viscosity,
    melting,
)
from sciml.materials.properties.averages import thermal_expansion
from sciml.materials.properties.comparison import LEARNT, TRUTH
from sciml.materials.trained import trained_file
from sciml.training.recipe import Recipe
from sciml.training.run import Outcome, RecipeTask

MEASURED = "lammps.nc"  # file of a run, and of a record
_STILLINGER_WEBER = {"style": "sw", "masses": 28.0855}  # g/mol


class LammpsRecipe(Recipe):
    """Measure a potential in LAMMPS, and beside it what it has learnt from."""

    potential: str  # a potential's file, or the name of the recipe that trains it
    truth: Literal["silicon"] | None = None  # Stillinger's and Weber's potential
    lattice: float = 5.431  # Å, to start from
    expansion: ExpansionSettings | None = None  # null leaves it out
    melting: MeltingSettings | None = None
    diffusion: MeltSettings | None = None
    viscosity: MeltSettings | None = None


def lammps_properties(recipe: LammpsRecipe, folder: Path) -> Outcome:
    """Run the input scripts for one potential or two.

    Args:
        recipe: The settings.
        folder: Folder of the run; tables that LAMMPS writes are kept there.

    Returns:
        Numbers with errors, and a dataset of all by ``potential``. A run that was killed goes on
        with the script that had not ended.

    Raises:
        BadInput: if the potential cannot be read or fails, or LAMMPS is not installed.
    """
    source = trained_file(recipe.potential)
    found: list[xr.Dataset] = []
    seconds: dict[str, float] = {}
    potentials = _potentials(recipe, source)
    for name, told in potentials.items():
        common = {"lattice": recipe.lattice, "seed": recipe.seed}
        digest = sha256_of(Path(str(told["potential"])))
        place = Place({**told, **common}, folder / name, digest)
        found.append(_measured(recipe, place))
        seconds[f"{name} wall"] = place.seconds()
    data = xr.concat(found, xr.DataArray(list(potentials), dims="potential", name="potential"))
    write_with(folder / MEASURED, lambda part: data.to_netcdf(part, engine="netcdf4"))
    seconds["wall"] = sum(seconds.values())
    used = {recipe.potential: sha256_of(source)}
    return Outcome("finished", _numbers(data), used, [folder / MEASURED], seconds)


def _potentials(recipe: LammpsRecipe, source: Path) -> dict[str, Mapping[str, object]]:
    """As the scripts are told of them."""
    found: dict[str, Mapping[str, object]] = {LEARNT: {"potential": source.resolve()}}
    if recipe.truth is not None:
        shipped = with_shipped_files("Si.sw").strip('"')
        found[TRUTH] = _STILLINGER_WEBER | {"potential": shipped}
    return found


def _measured(recipe: LammpsRecipe, place: Place) -> xr.Dataset:
    """All that is asked for."""
    measures: list[tuple[Any, Callable[[Place, Any], xr.Dataset]]] = [
        (recipe.expansion, expansion),
        (recipe.melting, melting),
        (recipe.diffusion, melt_diffusion),
        (recipe.viscosity, melt_viscosity),
    ]
    parts: list[xr.Dataset] = []
    for settings, measure in measures:
        if settings is not None:
            say(f"{place.folder.name}: {measure.__name__.replace('_', ' ')}")
            parts.append(measure(place, settings))
    return xr.merge(parts)


def _numbers(data: xr.Dataset) -> dict[str, Any]:
    """Each with its error."""
    numbers: dict[str, Any] = {}
    for name in data["potential"].values:
        one = data.sel(potential=name)
        for measure, unit in (
            ("melting", "K"),
            ("melting_drift", "K/ps"),
            ("diffusion", "Å²/ps"),
            ("viscosity", "mPa s"),
        ):
            if measure in one:
                title = measure.replace("_", " ")
                numbers[f"{title} {name} {unit}"] = float(one[measure])
                numbers[f"{title} error {name} {unit}"] = float(one[f"{measure}_error"])
        if "both_phases" in one:
            numbers[f"crystal and melt at the end {name}"] = bool(one["both_phases"])
        if "volume" in one and one.sizes["temperature"] > 1:
            numbers |= _expansion_numbers(str(name), one.isel(pressure=0))
    return numbers


def _expansion_numbers(name: str, data: xr.Dataset) -> dict[str, float]:
    """Along the temperatures at the first pressure."""
    columns = (data[key].values for key in ("temperature", "volume", "volume_error"))
    found = thermal_expansion(*(np.asarray(column, dtype=np.float64) for column in columns))
    return {
        f"expansion {name} 1e-6/K": 1e6 * found.value,
        f"expansion error {name} 1e-6/K": 1e6 * found.error,
    }


TASKS = {"materials/lammps": RecipeTask(LammpsRecipe, lammps_properties)}
