"""The recipe that checks the labels of a dataset, or of any file of extended XYZ."""

import json
from pathlib import Path

from sciml.core.talk import say
from sciml.core.writing import sha256_of, write_text, write_with
from sciml.materials.ace.file import load_potential
from sciml.materials.committee import Committee
from sciml.materials.datasets import LabelNames, Source, checksums, open_source
from sciml.materials.labels.check import check_labels
from sciml.materials.labels.findings import joined
from sciml.materials.labels.temperatures import check_heat, temperatures
from sciml.materials.labels.work import pressures
from sciml.materials.potential import Potential
from sciml.materials.trained import trained_file
from sciml.training.recipe import Recipe
from sciml.training.run import Outcome, RecipeTask


class LabelRecipe(Recipe):
    """Check labels."""

    source: Source  # name of a dataset, a file of extended XYZ, or files by split
    labels: LabelNames = LabelNames()  # for files
    potential: str | None = None  # a potential's file, or its recipe: tells how hot frames are


def label_check(recipe: LabelRecipe, folder: Path) -> Outcome:
    """Judge all frames, and write what is wrong as text and as JSON, and pressures as netCDF.

    Args:
        recipe: The settings.
        folder: Folder of the run.

    Returns:
        The measured number of each finding, how many there are, and what was not judged; with a
        potential also the temperature of each run.

    Raises:
        BadInput: if a file is missing or is not extended XYZ, or the potential does not know it.
        DatasetMissing: if the data are not on this machine.
    """
    splits = open_source(recipe.source, recipe.labels)
    frames = [one for part in splits.values() for one in part]
    report, heat, used = check_labels(splits), {}, {}
    if recipe.potential is not None:
        file = trained_file(recipe.potential)
        used, heat = {recipe.potential: sha256_of(file)}, temperatures(frames, _first(file))
        report = joined([report, check_heat(heat)])
    for line in report.text().splitlines():
        say(line)
    folder.mkdir(parents=True, exist_ok=True)
    text, numbers = folder / "labels.txt", folder / "labels.json"
    write_text(text, report.text())
    write_text(numbers, json.dumps(report.as_json(), indent=1, ensure_ascii=False) + "\n")
    outputs = [text, numbers]
    strained = pressures(frames)
    if strained:
        outputs.append(folder / "pressures.nc")
        write_with(outputs[-1], lambda part: strained.to_netcdf(part, engine="netcdf4"))
    metrics = {f"{one.what} in {one.where}": one.value for one in report.findings}
    metrics |= {f"{run}, by forces K": kelvin for run, kelvin in heat.items()}
    metrics |= {"findings": len(report.findings), "not judged": len(report.unjudged)}
    return Outcome("finished", metrics, checksums(recipe.source) | used, outputs, {})


def _first(file: Path) -> Potential:
    """A potential, or the first of a committee: curvatures need no second opinion."""
    found = load_potential(file)
    return found.members[0] if isinstance(found, Committee) else found


TASKS = {"materials/label-check": RecipeTask(LabelRecipe, label_check)}
