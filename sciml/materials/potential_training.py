"""Training a potential as a recipe asks: what its recipe and that of a student have in common."""

import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Self

import numpy as np
from paddle import Tensor, nn
from pydantic import (
    Field,
    NonNegativeFloat,
    PositiveInt,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.core.paths import shown
from sciml.core.settings import Settings
from sciml.core.talk import say
from sciml.core.writing import sha256_of, write_json
from sciml.materials.accuracy import Accuracy, accuracy_by_group
from sciml.materials.ace.file import load_potential, load_single, save_potential
from sciml.materials.ace.fine_tuning import continued, with_refitted_energies
from sciml.materials.ace.frames import Frames, LossSettings
from sciml.materials.ace.grade import require_atoms
from sciml.materials.ace.heads import HeadSettings, headed
from sciml.materials.ace.layer import AceLayer, loss_of
from sciml.materials.ace.model import AcePotential, AceSettings
from sciml.materials.ace.refit import RefitSettings, refitted
from sciml.materials.ace.start import Start, StartKind, start
from sciml.materials.committee import Committee
from sciml.materials.datasets import LabelNames, Source, checksums, open_source, own_files
from sciml.materials.labels.check import quick_check
from sciml.materials.potential import Potential
from sciml.materials.splits import TRAIN, Published, SplitSettings, resplit
from sciml.materials.structures import GPA, Structure
from sciml.materials.trained import POTENTIAL_FILE, trained_file
from sciml.training.feed import Batch, Feed, to_tensor
from sciml.training.fit import FitEnd, FitSettings, Problem, fit
from sciml.training.recipe import Recipe
from sciml.training.run import Outcome

# In the folder of a run or member: the potential of a training that came to its end, and the rest.
_KEPT: Final = "trained.safetensors"
_ACCOUNT: Final = "trained.json"


class PotentialData(Settings):
    """Which structures to learn from, and which to be judged on."""

    source: Source  # name of a dataset, a file of extended XYZ, or files by split
    labels: LabelNames = LabelNames()  # for files
    split: SplitSettings = Published()  # how its frames are parted
    validation: str | None = None  # split that chooses the epoch; the last epoch without it
    tests: tuple[str, ...]  # splits that errors are reported for
    group_weights: dict[str, NonNegativeFloat] = Field(default_factory=dict)  # in the loss, else 1
    stress_offset: bool = False  # whether the stress labels may have a constant offset

    @model_serializer(mode="wrap")
    def _without_usual_names(self, told: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Usual names are not told, so that recipes of datasets keep the digests they had."""
        values: dict[str, Any] = told(self)
        return {k: v for k, v in values.items() if k != "labels" or self.labels != LabelNames()}


class FromPotential(Settings):
    """Go on from a trained potential of the same `model`; its elements may differ."""

    potential: str  # a potential's file, or the name of the recipe that trains it


class PotentialRecipe(Recipe):
    """Train an interatomic potential, and judge its energies, forces and stresses."""

    data: PotentialData
    model: AceSettings = AceSettings()
    loss: LossSettings = LossSettings()
    start: StartKind | FromPotential = "random"  # linear: the least-squares potential
    training: FitSettings | None = FitSettings()  # null keeps the start
    refit: RefitSettings | None = None  # of the linear part after training; null leaves it
    heads: HeadSettings | None = None  # a committee of one training; null for none
    members: PositiveInt = 1  # trained alike from other random numbers; several are a committee

    @model_validator(mode="after")
    def _one_kind_of_committee(self) -> Self:
        if self.heads and self.members > 1:
            raise ValueError(
                f"members: is {self.members} beside heads; a committee is either of several "
                "trainings or of the heads of one"
            )
        return self


class Lesson(NamedTuple):
    """What a potential is trained on."""

    frames: list[Structure]
    weights: FloatArray  # of each in the loss, (frame,)
    validation: list[Structure]  # choose the epoch; none, and the last epoch is kept
    sources: Mapping[str, str] = MappingProxyType({})  # sha256 of files that made the frames


class Trained(NamedTuple):
    """What a training gave."""

    potential: AcePotential | Committee
    metrics: dict[str, Any]
    seconds: dict[str, float]
    sources: dict[str, str]  # sha256 of the files that it made use of
    end: str = FitEnd.FINISHED.value  # why it ended


def opened(data: PotentialData) -> dict[str, list[Structure]]:
    """The parts of the dataset or files that a recipe names, split as it asks for.

    Raises:
        BadInput: if a split is not in the dataset, or a file cannot be read.
        DatasetMissing: if the data are not on this machine.
    """
    found = open_source(data.source, data.labels)
    if own_files(data.source):
        _say_what_looks_wrong([one for part in found.values() for one in part])
    splits = resplit(found, data.split)
    _require_splits(data, splits)
    return splits


def _say_what_looks_wrong(frames: Sequence[Structure]) -> None:
    """Tell what the quick checks find in labels that nobody may have looked at yet."""
    report = quick_check(frames)
    for one in report.findings:
        say(f"data.source: {one.text()}")
    if report.findings:
        say("data.source: check all labels with `task: materials/label-check` before you train")


def lesson_of(data: PotentialData, splits: Mapping[str, list[Structure]]) -> Lesson:
    """The training frames of a dataset or of one's own files.

    Raises:
        BadInput: if a group that has a weight is not among them, or all frames of the validation
            have the weight 0.
    """
    frames = splits[TRAIN]
    validation = splits[data.validation] if data.validation else []
    if validation and not any(data.group_weights.get(one.group, 1.0) for one in validation):
        raise BadInput(
            f"recipe: data.group_weights gives the weight 0 to all {len(validation)} frames of "
            f"{data.validation!r}, which choose the epoch; give one of their groups a weight, or "
            "set data.validation to null."
        )
    own = checksums(data.source) if own_files(data.source) else {}
    return Lesson(frames, frame_weights(data, frames), validation, own)


def trained(recipe: PotentialRecipe, lesson: Lesson, folder: Path) -> Trained:
    """Start and train a potential, and let its grade know what it has seen.

    Energies of the elements, and the other weights that energies are linear in, are fitted once
    more after the training: least squares is exact where a training stops short. A training that
    came to its end in this folder before, with the same settings and sources, is not done again.

    Args:
        recipe: The settings.
        lesson: What it is trained on.
        folder: Folder of the checkpoints; one that was made from other sources is refused.

    Returns:
        The potential, and the training's numbers.

    Raises:
        BadInput: if a label that is needed is missing, an element has fewer than two atoms, or the
            potential to go on from differs.
    """
    require_atoms(lesson.frames, sorted({int(z) for one in lesson.frames for z in one.numbers}))
    begun, source = _begun(recipe, lesson)
    used = {**lesson.sources, **source}
    settings = recipe.model_dump(mode="json")
    if (before := _kept(folder, settings | used)) is not None:
        return before
    found = _trained(recipe, lesson, folder, begun, used)
    _keep(folder, settings | used, found)
    return found


def _trained(
    recipe: PotentialRecipe, lesson: Lesson, folder: Path, begun: Start, used: dict[str, str]
) -> Trained:
    """Train a potential that has begun."""
    metrics: dict[str, Any] = {"label stress offset GPa": begun.stress_offset / GPA}
    if recipe.training is None:
        return _finished(recipe, lesson, begun, Trained(begun.potential, metrics, {}, used))
    layer = AceLayer(begun.potential)
    frames = Frames(lesson.frames, begun.potential, recipe.loss, lesson.weights)

    def validate(trained: nn.Layer) -> dict[str, float]:
        assert isinstance(trained, AceLayer)
        return validation_loss(trained.potential(), lesson.validation, recipe)

    result = fit(
        Problem(
            layer,
            lambda trained, batch: _loss_now(trained, batch, recipe.loss, begun.stress_offset),
            _PacedFeed(frames, recipe.training, recipe.seed),
            validate if lesson.validation else None,
        ),
        recipe.training,
        seed=recipe.seed,
        folder=folder,
        recipe=recipe.model_dump(mode="json", exclude={"refit", "heads"}) | used,
    )
    metrics |= {"epochs": result.epochs} | {f"validation {k}": v for k, v in result.best.items()}
    seconds = {"wall": result.wall_seconds, "cpu": result.cpu_seconds}
    found = with_refitted_energies(layer.potential(), lesson.frames, lesson.weights)
    done = Trained(found, metrics, seconds, used, result.end.value)
    return _finished(recipe, lesson, begun, done)


def _kept(folder: Path, settings: dict[str, Any]) -> Trained | None:
    """A training that came to its end in a folder, if it was the same."""
    potential, account = folder / _KEPT, folder / _ACCOUNT
    if not (potential.is_file() and account.is_file()):
        return None
    told = json.loads(account.read_text(encoding="utf-8"))
    if told["settings"] != settings or told["sha256"] != sha256_of(potential):
        return None
    say(f"{shown(folder)}: trained before")
    numbers = {name: told[name] for name in Trained._fields if name in told}
    return Trained(load_potential(potential), **numbers)


def _keep(folder: Path, settings: dict[str, Any], found: Trained) -> None:
    """Write what a training gave, so that a committee that is interrupted goes on from there."""
    potential = save_potential(folder / _KEPT, found.potential, {})
    account = {k: v for k, v in found._asdict().items() if k != "potential"}
    write_json(folder / _ACCOUNT, account | {"settings": settings, "sha256": sha256_of(potential)})


def _finished(recipe: PotentialRecipe, lesson: Lesson, begun: Start, found: Trained) -> Trained:
    """What a recipe asks for after its training: a refit, the grade, and heads."""
    wall, cpu = time.perf_counter(), time.process_time()
    potential, metrics, seconds = found.potential, dict(found.metrics), Counter(found.seconds)
    assert isinstance(potential, AcePotential)
    given = (lesson.frames, recipe.loss, lesson.weights)
    more: Any = {"stress_offset": begun.stress_offset, "seed": recipe.seed}
    if recipe.refit is not None:
        refit = refitted(potential, *given, settings=recipe.refit, **more)
        metrics["refit: share of the loss that is gone"] = refit.gain
        potential = refit.potential
    potential = potential.with_grade(lesson.frames)
    if recipe.heads is not None:
        potential = headed(potential, *given, settings=recipe.heads, **more)
    if recipe.refit is not None or recipe.heads is not None:
        seconds.update({"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu})
    return found._replace(potential=potential, metrics=metrics, seconds=dict(seconds))


def trained_members(recipe: PotentialRecipe, lesson: Lesson, folder: Path) -> list[Trained]:
    """As many potentials as a recipe asks for, with seeds that follow its own.

    Args:
        recipe: The settings.
        lesson: What they are trained on.
        folder: Folder of the run; each of several members has its own in it.

    Returns:
        What :func:`trained` returns, of each.
    """
    if recipe.members == 1:
        return [trained(recipe, lesson, folder)]
    seeds = range(recipe.seed, recipe.seed + recipe.members)
    return [
        trained(
            recipe.model_copy(update={"seed": seed, "members": 1}), lesson, folder / f"seed-{seed}"
        )
        for seed in seeds
    ]


def committee_of(members: Sequence[Trained]) -> Trained:
    """Several trainings as one: their committee with the numbers of each, or the only one as it is.

    It has stopped early if one of them has.
    """
    if len(members) == 1:
        return members[0]
    potentials = [p for one in members if isinstance(p := one.potential, AcePotential)]
    seconds = Counter[str]()
    for one in members:
        seconds.update(one.seconds)
    metrics = {
        f"member {number}: {name}": value
        for number, one in enumerate(members, 1)
        for name, value in one.metrics.items()
    }
    ends = {one.end for one in members} - {FitEnd.FINISHED.value}
    return members[0]._replace(
        potential=Committee(tuple(potentials)),
        metrics=metrics,
        seconds=dict(seconds),
        end=min(ends, default=FitEnd.FINISHED.value),
    )


def judged(
    data: PotentialData,
    potential: Potential,
    splits: Mapping[str, list[Structure]],
    who: str = "",
) -> dict[str, float]:
    """Errors by test split and group.

    Args:
        data: Names the tests.
        potential: What is judged.
        splits: From :func:`opened`.
        who: What names begin with, if several potentials are judged.

    Returns:
        Errors with what and unit in their names.
    """
    metrics: dict[str, float] = {}
    for split in data.tests:
        by_group = accuracy_by_group(potential, splits[split], offset=data.stress_offset)
        for group, found in by_group.items():
            metrics |= _named(f"{who}{split} {group}", found)
    return metrics


def outcome(
    recipe: PotentialRecipe, found: Trained, metrics: Mapping[str, Any], folder: Path
) -> Outcome:
    """Save a potential with its errors, and tell what the run has made.

    Args:
        recipe: The settings.
        found: From :func:`trained`.
        metrics: What the record keeps.
        folder: Folder of the run.

    Returns:
        As a task returns it.
    """
    source = recipe.data.source
    about = {"title": recipe.title, "source": source, "seed": recipe.seed, "errors": metrics}
    saved = save_potential(folder / POTENTIAL_FILE, found.potential, about)
    data = checksums(source) | found.sources
    return Outcome(found.end, metrics, data, [saved], found.seconds)


def _begun(recipe: PotentialRecipe, lesson: Lesson) -> tuple[Start, dict[str, str]]:
    """What the training goes on from, and the sha256 of its file if it has one."""
    asked = recipe.start
    fresh = start(
        lesson.frames,
        recipe.model,
        recipe.loss.at(1.0),
        kind=asked if isinstance(asked, str) else "random",
        offset=recipe.data.stress_offset,
        weights=lesson.weights,
        seed=recipe.seed,
    )
    if isinstance(asked, str):
        return fresh, {}
    file = trained_file(asked.potential)
    begun = continued(load_single(file), lesson.frames, recipe.model, lesson.weights)
    return fresh._replace(potential=begun), {asked.potential: sha256_of(file)}


class _PacedFeed(Feed):
    """Batches that know how much of the training is done."""

    def __init__(self, source: Frames, training: FitSettings, seed: int) -> None:
        super().__init__(source, training.batch_size, seed)
        self._epochs = training.epochs

    def batch(self, epoch: int, index: int) -> Batch:
        """As of a feed, with the share of epochs that are over."""
        done = np.array(epoch / self._epochs)
        return super().batch(epoch, index) | {"progress": to_tensor(done)}


def _loss_now(layer: nn.Layer, batch: Batch, loss: LossSettings, offset: float) -> Tensor:
    """The loss with its weights of the moment."""
    assert isinstance(layer, AceLayer)
    return loss_of(layer, batch, loss.at(float(batch.pop("progress"))), offset)


def validation_loss(
    trained: AcePotential, structures: list[Structure], recipe: PotentialRecipe
) -> dict[str, float]:
    """The loss over structures, with energies, forces and stresses weighed as in training."""
    found = accuracy_by_group(trained, structures, offset=recipe.data.stress_offset)
    weights = {name: recipe.data.group_weights.get(name, 1.0) for name in found if name != "all"}
    frames = sum(found[name].frames * weight for name, weight in weights.items())
    total = sum(
        found[name].frames * weight * _loss(found[name], recipe.loss.at(1.0))
        for name, weight in weights.items()
    )
    return {"loss": total / frames}


def _loss(found: Accuracy, loss: LossSettings) -> float:
    """Of mean squares in eV and Å."""
    stress = 0.0 if np.isnan(found.stress) else (found.stress * GPA) ** 2
    energy, forces = (found.energy / 1e3) ** 2, found.forces**2
    return loss.energy * energy + loss.forces * forces + loss.stress * stress


def frame_weights(data: PotentialData, structures: list[Structure]) -> FloatArray:
    """The weight of each structure in the loss, by its group, (frame,).

    Raises:
        BadInput: if a group that has a weight is not among them.
    """
    groups = [one.group for one in structures]
    unknown = sorted(set(data.group_weights) - set(groups))
    if unknown:
        raise BadInput(
            f"recipe: data.group_weights names {unknown[0]!r}, which no training structure is of; "
            f"there are {sorted(set(groups))}."
        )
    return np.array([data.group_weights.get(group, 1.0) for group in groups])


def _require_splits(data: PotentialData, splits: Mapping[str, list[Structure]]) -> None:
    wanted = [TRAIN, *([data.validation] if data.validation else []), *data.tests]
    missing = [name for name in wanted if name not in splits]
    if missing:
        raise BadInput(
            f"recipe: {data.source} has no split {missing[0]!r}; it has {sorted(splits)}. Name one "
            "of these, or hold frames out with data.split: {kind: held_out}."
        )


def _named(prefix: str, found: Accuracy) -> dict[str, float]:
    """Errors with what and unit in their names; what has no label has no error."""
    errors = {
        f"{prefix} energy meV/atom": found.energy,
        f"{prefix} forces eV/Å": found.forces,
        f"{prefix} stress GPa": found.stress,
    }
    return {name: error for name, error in errors.items() if np.isfinite(error)}
