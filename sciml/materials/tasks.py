"""The recipes that materials can run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from paddle import Tensor, nn
from pydantic import Field, NonNegativeFloat

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.core.settings import Settings
from sciml.data.cards import read_card
from sciml.materials.accuracy import Accuracy, accuracy_by_group
from sciml.materials.ace.file import save_potential
from sciml.materials.ace.frames import Frames, LossSettings
from sciml.materials.ace.layer import AceLayer, loss_of
from sciml.materials.ace.model import AcePotential, AceSettings
from sciml.materials.ace.start import StartKind, start
from sciml.materials.datasets import open_structures
from sciml.materials.label_tasks import TASKS as LABEL_TASKS
from sciml.materials.property_tasks import TASKS as PROPERTY_TASKS
from sciml.materials.splits import Published, SplitSettings, resplit
from sciml.materials.structures import GPA, Structure
from sciml.training.feed import Batch, Feed, to_tensor
from sciml.training.fit import FitSettings, Problem, fit
from sciml.training.recipe import Recipe
from sciml.training.run import Outcome, RecipeTask

TRAIN = "train"
_POTENTIAL = "potential.safetensors"


class PotentialData(Settings):
    """Which structures to learn from, and which to be judged on."""

    source: str  # name of a dataset
    split: SplitSettings = Published()  # how its frames are parted
    validation: str | None = None  # split that chooses the epoch; the last epoch without it
    tests: tuple[str, ...]  # splits that errors are reported for
    group_weights: dict[str, NonNegativeFloat] = Field(default_factory=dict)  # in the loss, else 1
    stress_offset: bool = False  # whether the stress labels may have a constant offset


class PotentialRecipe(Recipe):
    """Train an interatomic potential, and judge its energies, forces and stresses."""

    data: PotentialData
    model: AceSettings = AceSettings()
    loss: LossSettings = LossSettings()
    start: StartKind = "random"  # linear: the least-squares potential, alone or to go on from
    training: FitSettings | None = FitSettings()  # null keeps the start


def potential(recipe: PotentialRecipe, folder: Path) -> Outcome:
    """Start, train, judge on the test splits, and save.

    Args:
        recipe: The settings.
        folder: Folder of the run.

    Returns:
        Errors by split and group, and the potential's file.

    Raises:
        BadInput: if a split is not in the dataset, or a label that is needed is missing.
        DatasetMissing: if the data are not on this machine.
    """
    splits = resplit(open_structures(recipe.data.source), recipe.data.split)
    _require_splits(recipe.data, splits)
    trained, metrics, seconds = _trained(recipe, splits, folder)
    trained = trained.with_grade(splits[TRAIN])
    offset = recipe.data.stress_offset
    for split in recipe.data.tests:
        for group, found in accuracy_by_group(trained, splits[split], offset=offset).items():
            metrics |= _named(f"{split} {group}", found)
    about = {"title": recipe.title, "source": recipe.data.source, "seed": recipe.seed}
    saved = save_potential(folder / _POTENTIAL, trained, about | {"errors": metrics})
    return Outcome("finished", metrics, _data_sha256(recipe.data.source), [saved], seconds)


def _trained(
    recipe: PotentialRecipe, splits: Mapping[str, list[Structure]], folder: Path
) -> tuple[AcePotential, dict[str, Any], dict[str, float]]:
    """The potential, what the training found, and its time."""
    frames = splits[TRAIN]
    weights = _weights(recipe.data, frames)
    begun = start(
        frames,
        recipe.model,
        recipe.loss.at(1.0),
        kind=recipe.start,
        offset=recipe.data.stress_offset,
        weights=weights,
        seed=recipe.seed,
    )
    metrics: dict[str, Any] = {"label stress offset GPa": begun.stress_offset / GPA}
    if recipe.training is None:
        return begun.potential, metrics, {}
    layer = AceLayer(begun.potential)
    source = Frames(frames, begun.potential, recipe.loss, weights)
    feed = _PacedFeed(source, recipe.training, recipe.seed)

    def validate(trained: nn.Layer) -> dict[str, float]:
        assert isinstance(trained, AceLayer)
        assert recipe.data.validation is not None
        return validation_loss(trained.potential(), splits[recipe.data.validation], recipe)

    result = fit(
        Problem(
            layer,
            lambda trained, batch: _loss_now(trained, batch, recipe.loss, begun.stress_offset),
            feed,
            validate if recipe.data.validation else None,
        ),
        recipe.training,
        seed=recipe.seed,
        folder=folder,
        recipe=recipe.model_dump(mode="json"),
    )
    metrics |= {"epochs": result.epochs} | {f"validation {k}": v for k, v in result.best.items()}
    seconds = {"wall": result.wall_seconds, "cpu": result.cpu_seconds}
    return layer.potential(), metrics, seconds


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


def _weights(data: PotentialData, structures: list[Structure]) -> FloatArray:
    """Of each structure in the loss."""
    groups = [str(one.about.get("group", "unnamed")) for one in structures]
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
            f"recipe: {data.source} has no split {missing[0]!r}; it has {sorted(splits)}."
        )


def _named(prefix: str, found: Accuracy) -> dict[str, float]:
    """Errors with what and unit in their names; what has no label has no error."""
    errors = {
        f"{prefix} energy meV/atom": found.energy,
        f"{prefix} forces eV/Å": found.forces,
        f"{prefix} stress GPa": found.stress,
    }
    return {name: error for name, error in errors.items() if np.isfinite(error)}


def _data_sha256(name: str) -> dict[str, str]:
    return {name: read_card(name).built.sha256}


TASKS = {
    "materials/potential": RecipeTask(PotentialRecipe, potential),
    **PROPERTY_TASKS,
    **LABEL_TASKS,
}
