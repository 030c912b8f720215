"""The recipe that checks the labels of a dataset."""

import json
from pathlib import Path

from sciml.core.writing import write_text
from sciml.data.cards import read_card
from sciml.materials.datasets import open_structures
from sciml.materials.labels.check import check_labels
from sciml.training.recipe import Recipe
from sciml.training.run import Outcome, RecipeTask


class LabelRecipe(Recipe):
    """Check the labels of a dataset."""

    source: str  # name of a dataset


def label_check(recipe: LabelRecipe, folder: Path) -> Outcome:
    """Judge all frames of a dataset, and write what is wrong as text and as JSON.

    Args:
        recipe: The settings.
        folder: Folder of the run.

    Returns:
        The measured number of each finding, how many there are, and what was not judged.

    Raises:
        DatasetMissing: if the data are not on this machine.
    """
    report = check_labels(open_structures(recipe.source))
    folder.mkdir(parents=True, exist_ok=True)
    text, numbers = folder / "labels.txt", folder / "labels.json"
    write_text(text, report.text())
    write_text(numbers, json.dumps(report.as_json(), indent=1, ensure_ascii=False) + "\n")
    metrics = {f"{one.what} in {one.where}": one.value for one in report.findings}
    metrics |= {"findings": len(report.findings), "not judged": len(report.unjudged)}
    return Outcome(
        "finished",
        metrics,
        {recipe.source: read_card(recipe.source).built.sha256},
        [text, numbers],
        {},
    )


TASKS = {"materials/label-check": RecipeTask(LabelRecipe, label_check)}
