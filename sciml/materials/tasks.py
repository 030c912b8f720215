"""The recipes that materials can run."""

from pathlib import Path

from sciml.materials.distillation_tasks import TASKS as DISTILLATION_TASKS
from sciml.materials.judging_tasks import TASKS as JUDGING_TASKS
from sciml.materials.label_tasks import TASKS as LABEL_TASKS
from sciml.materials.lammps_tasks import TASKS as LAMMPS_TASKS
from sciml.materials.potential_training import (
    PotentialRecipe,
    committee_of,
    judged,
    lesson_of,
    opened,
    outcome,
    trained_members,
)
from sciml.materials.property_tasks import TASKS as PROPERTY_TASKS
from sciml.training.run import Outcome, RecipeTask


def potential(recipe: PotentialRecipe, folder: Path) -> Outcome:
    """Start, train, judge on the test splits, and save.

    Args:
        recipe: The settings.
        folder: Folder of the run.

    Returns:
        Errors by split and group, of each member of a committee too, and the potential's file.

    Raises:
        BadInput: if a split is not in the dataset, a label that is needed is missing, or the
            potential to go on from has another `model`.
        DatasetMissing: if the data are not on this machine.
    """
    splits = opened(recipe.data)
    members = trained_members(recipe, lesson_of(recipe.data, splits), folder)
    found = committee_of(members)
    metrics = found.metrics | judged(recipe.data, found.potential, splits)
    if len(members) > 1:
        for number, one in enumerate(members, 1):
            metrics |= judged(recipe.data, one.potential, splits, f"member {number}: ")
    return outcome(recipe, found, metrics, folder)


TASKS = {
    "materials/potential": RecipeTask(PotentialRecipe, potential),
    **DISTILLATION_TASKS,
    **JUDGING_TASKS,
    **PROPERTY_TASKS,
    **LABEL_TASKS,
    **LAMMPS_TASKS,
}
