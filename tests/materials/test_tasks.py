"""The recipe of a potential, from settings to its file, and every recipe there is."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.core.paths import project_root
from sciml.materials import datasets
from sciml.materials.ace.file import load_potential
from sciml.materials.ace.heads import Heads, HeadSettings
from sciml.materials.committee import Committee
from sciml.materials.datasets import open_structures
from sciml.materials.structures import Structure
from sciml.materials.tasks import PotentialRecipe, potential
from sciml.training.listing import listed_recipes
from sciml.training.recipe import merged_document, read_recipe
from sciml.training.run import find_task

RECIPES = [recipe for recipe in listed_recipes() if recipe.name.startswith("materials/")]


def few_structures(_: str) -> dict[str, list[Structure]]:
    splits = open_structures("simulated_silicon")
    strained = [one for one in splits["train"] if one.about["group"] == "strained"]
    return {"train": strained, "test": strained[:3], "validation": strained[3:5]}


def recipe(**data: Any) -> PotentialRecipe:
    return PotentialRecipe.model_validate(
        {
            "task": "materials/potential",
            "title": "A test",
            "data": {"source": "simulated_silicon", "tests": ["test"]} | data,
            "model": {
                "radial": {"cutoff": 4.0, "functions": 4},
                "couplings": {"factors": 2},
                "channels": 3,
                "hidden": 4,
            },
            "training": {"epochs": 2, "batch_size": 8},
        }
    )


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "open_structures", few_structures)


@pytest.mark.usefixtures("small")
def test_a_recipe_ends_with_errors_and_the_potential_that_has_them(tmp_path: Path) -> None:
    outcome = potential(recipe(validation="validation"), tmp_path)
    assert outcome.metrics["epochs"] == 2
    loaded = load_potential(outcome.outputs[0])
    test = few_structures("")["test"]
    errors = [
        (found.forces - one.forces).ravel()
        for one, found in zip(test, loaded.evaluate(test), strict=True)
        if one.forces is not None
    ]
    rms = np.sqrt(np.mean(np.concatenate(errors) ** 2))
    assert outcome.metrics["test all forces eV/Å"] == pytest.approx(rms, rel=1e-9)


@pytest.mark.usefixtures("small")
def test_a_training_that_ran_out_of_patience_says_so(tmp_path: Path) -> None:
    hasty = recipe(validation="validation").model_dump()
    hasty["training"] |= {"epochs": 50, "patience": 1, "optimiser": {"learning_rate": 1.0}}
    asked = PotentialRecipe.model_validate(hasty)
    outcome = potential(asked, tmp_path)
    assert outcome.status == "stopped early"
    assert outcome.metrics["epochs"] < 50
    assert potential(asked, tmp_path).status == "stopped early"  # as kept


@pytest.mark.usefixtures("small")
def test_a_validation_without_weight_is_refused(tmp_path: Path) -> None:
    asked = recipe(validation="validation", group_weights={"strained": 0.0})
    with pytest.raises(BadInput, match="gives the weight 0 to all 2 frames of 'validation'"):
        potential(asked, tmp_path)


@pytest.mark.usefixtures("small")
def test_training_makes_the_loss_smaller_than_least_squares_left_it(tmp_path: Path) -> None:
    longer = recipe().model_dump()
    longer["training"] |= {"epochs": 30, "optimiser": {"learning_rate": 0.003}}
    trained = potential(PotentialRecipe.model_validate(longer), tmp_path / "trained")
    linear = PotentialRecipe.model_validate(longer | {"training": None})
    solved = potential(linear, tmp_path / "solved")
    name = "test all forces eV/Å"
    assert trained.metrics[name] < 0.9 * solved.metrics[name]


@pytest.mark.usefixtures("small")
def test_several_members_are_a_committee_that_is_judged_with_them(tmp_path: Path) -> None:
    outcome = potential(recipe().model_copy(update={"members": 2}), tmp_path / "both")
    loaded = load_potential(outcome.outputs[0])
    assert isinstance(loaded, Committee)
    name = "test all forces eV/Å"
    errors = [outcome.metrics[f"member {number}: {name}"] for number in (1, 2)]
    assert errors[0] != errors[1]
    assert outcome.metrics[name] < np.mean(errors)
    offset = "label stress offset GPa"
    assert {f"member 1: {offset}", f"member 2: {offset}"} <= set(outcome.metrics)
    assert offset not in outcome.metrics
    alone = potential(recipe().model_copy(update={"seed": recipe().seed + 1}), tmp_path / "alone")
    assert alone.metrics[name] == errors[1]


@pytest.mark.usefixtures("small")
def test_heads_change_no_prediction_and_tell_a_spread(tmp_path: Path) -> None:
    plain = potential(recipe(), tmp_path / "run")
    asked = recipe().model_copy(update={"heads": HeadSettings(count=3)})
    outcome = potential(asked, tmp_path / "run")  # goes on from the same training
    name = "test all forces eV/Å"
    assert outcome.metrics[name] == pytest.approx(plain.metrics[name], rel=1e-9)
    loaded = load_potential(outcome.outputs[0])
    assert isinstance(loaded, Heads)
    spread = loaded.evaluate(few_structures("")["test"])[0].spread
    assert spread is not None
    assert spread.min() > 0


def test_a_committee_is_of_trainings_or_of_heads() -> None:
    with pytest.raises(ValueError, match="either of several trainings or of the heads of one"):
        PotentialRecipe.model_validate(recipe().model_dump() | {"members": 2, "heads": {}})


@pytest.mark.usefixtures("small")
def test_a_recipe_may_split_anew(tmp_path: Path) -> None:
    split = {"kind": "held_out", "share": 0.5}
    solved = recipe(tests=["held_out"], split=split).model_copy(update={"training": None})
    outcome = potential(solved, tmp_path)
    assert outcome.metrics["held_out all forces eV/Å"] > 0


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"tests": ["tset"]}, "no split 'tset'"),
        ({"group_weights": {"melt": 2.0}}, "names 'melt'"),
    ],
)
def test_names_that_are_not_there_are_told(tmp_path: Path, data: dict, text: str) -> None:
    with pytest.raises(BadInput, match=text):
        potential(recipe(**data), tmp_path)


@pytest.mark.parametrize("listed", RECIPES, ids=lambda listed: listed.name)
def test_every_recipe_is_valid(listed: Any) -> None:
    path = project_root() / "recipes" / f"{listed.name}.yaml"
    task = find_task(str(merged_document(path).values["task"]), path)
    assert read_recipe(path, task.settings).title
