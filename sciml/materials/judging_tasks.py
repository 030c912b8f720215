"""The recipe that judges published potentials on the frames that ours are judged on."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from sciml.core.settings import Settings
from sciml.materials.datasets import checksums
from sciml.materials.lammps.published import zuo_potential
from sciml.materials.potential_training import PotentialData, judged, opened
from sciml.training.recipe import Recipe
from sciml.training.run import Outcome, RecipeTask


class ZuoPotential(Settings):
    """A SNAP potential that comes with LAMMPS."""

    element: str
    form: Literal["linear", "quadratic"]


class JudgementRecipe(Recipe):
    """Judge energies, forces and stresses of published potentials."""

    data: PotentialData
    potentials: dict[str, ZuoPotential] = Field(min_length=1)  # by the name that errors begin with


def judgement(recipe: JudgementRecipe, folder: Path) -> Outcome:
    """Errors of published potentials, by test split and group.

    Args:
        recipe: The settings.
        folder: Folder of the run; nothing is written there.

    Returns:
        Errors with the potential, what and unit in their names.

    Raises:
        BadInput: if a split is not in the dataset, or LAMMPS is not installed.
        DatasetMissing: if the data are not on this machine.
    """
    del folder
    splits = opened(recipe.data)
    metrics: dict[str, float] = {}
    for name, settings in recipe.potentials.items():
        potential = zuo_potential(settings.element, settings.form)
        metrics |= judged(recipe.data, potential, splits, f"{name}: ")
    return Outcome("finished", metrics, checksums(recipe.data.source), [], {})


TASKS = {"materials/judgement": RecipeTask(JudgementRecipe, judgement)}
