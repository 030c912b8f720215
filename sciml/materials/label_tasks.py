"""The recipe that checks the labels of a dataset, or of any file of extended XYZ."""

import json
from pathlib import Path

from sciml.core.settings import Settings
from sciml.core.talk import say
from sciml.core.writing import sha256_of, write_text, write_with
from sciml.data.cards import read_card
from sciml.materials.datasets import open_structures
from sciml.materials.extended_xyz import Labels, read_structures
from sciml.materials.labels.check import check_labels
from sciml.materials.labels.work import pressures
from sciml.materials.splits import TRAIN, Splits
from sciml.training.recipe import Recipe
from sciml.training.run import Outcome, RecipeTask

ENDINGS = (".xyz", ".extxyz", ".xyz.gz", ".extxyz.gz")
_PLAIN = Labels()


class LabelNames(Settings):
    """What a file calls its labels."""

    energy: str = _PLAIN.energy  # of all atoms together, eV
    forces: str = _PLAIN.forces  # eV/Å
    stress: str = _PLAIN.stress  # eV/Å³, positive in tension
    virial: str = _PLAIN.virial  # eV
    six: str | None = None  # the order of six components, such as "xx yy zz xy yz xz"


class LabelRecipe(Recipe):
    """Check labels."""

    source: str | dict[str, str]  # name of a dataset, a file of extended XYZ, or files by split
    labels: LabelNames = LabelNames()  # for files


def label_check(recipe: LabelRecipe, folder: Path) -> Outcome:
    """Judge all frames, and write what is wrong as text and as JSON, and pressures as netCDF.

    Args:
        recipe: The settings.
        folder: Folder of the run.

    Returns:
        The measured number of each finding, how many there are, and what was not judged.

    Raises:
        BadInput: if a file is missing or is not extended XYZ.
        DatasetMissing: if the data are not on this machine.
    """
    splits, sha256 = _opened(recipe)
    report = check_labels(splits)
    for line in report.text().splitlines():
        say(line)
    folder.mkdir(parents=True, exist_ok=True)
    text, numbers = folder / "labels.txt", folder / "labels.json"
    write_text(text, report.text())
    write_text(numbers, json.dumps(report.as_json(), indent=1, ensure_ascii=False) + "\n")
    outputs = [text, numbers]
    strained = pressures([one for part in splits.values() for one in part])
    if strained:
        outputs.append(folder / "pressures.nc")
        write_with(outputs[-1], lambda part: strained.to_netcdf(part, engine="netcdf4"))
    metrics = {f"{one.what} in {one.where}": one.value for one in report.findings}
    metrics |= {"findings": len(report.findings), "not judged": len(report.unjudged)}
    return Outcome("finished", metrics, sha256, outputs, {})


def _opened(recipe: LabelRecipe) -> tuple[Splits, dict[str, str]]:
    """The frames by split, and the sha256 of where they are from."""
    source = recipe.source
    if isinstance(source, str) and not source.endswith(ENDINGS):
        return open_structures(source), {source: read_card(source).built.sha256}
    files = {TRAIN: source} if isinstance(source, str) else source
    labels = Labels(**recipe.labels.model_dump())
    splits: Splits = {}
    for split, file in files.items():
        for frame in read_structures(Path(file), ("energy",), labels):
            splits.setdefault(str(frame.about.get("split", split)), []).append(frame)
    return splits, {file: sha256_of(Path(file)) for file in files.values()}


TASKS = {"materials/label-check": RecipeTask(LabelRecipe, label_check)}
