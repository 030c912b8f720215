"""The recipe of a student: what teachers add, and what they must not."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.core.writing import sha256_of
from sciml.materials import datasets, distillation_tasks, potential_training
from sciml.materials.ace.file import load_potential, load_single, save_potential
from sciml.materials.ace.frames import LossSettings
from sciml.materials.ace.model import AceSettings
from sciml.materials.ace.start import start
from sciml.materials.datasets import open_structures
from sciml.materials.distillation_tasks import DistillationRecipe, distillation
from sciml.materials.potential_training import Lesson, PotentialRecipe, Trained
from sciml.materials.structures import Structure

MODEL = {
    "radial": {"cutoff": 4.0, "functions": 6},
    "couplings": {"factors": 3},
    "channels": 4,
    "hidden": 4,
}
pytestmark = pytest.mark.slow
FEW = 8  # frames that the student has labels of
FORCES = "test all forces eV/Å"


def strained(_: str = "simulated_silicon") -> dict[str, list[Structure]]:
    """Small cells under strain: a few to train on, and many."""
    splits = {
        name: [one for one in frames if one.about["group"] == "strained"]
        for name, frames in open_structures("simulated_silicon").items()
    }
    return {"train": splits["train"][:FEW], "many": splits["train"], "test": splits["test"]}


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "open_structures", strained)


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Least squares on many frames."""
    many, settings = strained()["many"], AceSettings.model_validate(MODEL)
    found = start(many, settings, LossSettings().at(1.0), kind="linear", seed=5).potential
    path = tmp_path_factory.mktemp("teacher") / "teacher.safetensors"
    return save_potential(path, found.with_grade(many), {})


def recipe(*teachers: Path, **settings: Any) -> DistillationRecipe:
    """A linear student, so that a test takes no time."""
    return DistillationRecipe.model_validate(
        {
            "task": "materials/distillation",
            "title": "A test",
            "data": {"source": "simulated_silicon", "tests": ["test"]},
            "model": MODEL,
            "start": "linear",
            "training": None,
            "teachers": [str(path) for path in teachers],
            "teaching": {"copies": 3, "rattle": 0.05, "strain": 0.03},
        }
        | settings
    )


def test_few_labels_and_a_teacher_are_better_than_the_labels_alone(
    teacher: Path, tmp_path: Path
) -> None:
    outcome = distillation(recipe(teacher), tmp_path)
    alone = outcome.metrics[f"without teacher: {FORCES}"]
    assert outcome.metrics[FORCES] < 0.8 * alone
    assert outcome.metrics[f"teacher: {FORCES}"] < 0.8 * alone
    counts = ("teacher's frames", "left out for their grade")
    assert sum(outcome.metrics[name] for name in counts) == 3 * FEW
    assert outcome.data_sha256[str(teacher)] == sha256_of(teacher)
    test = strained()["test"]
    found = load_potential(outcome.outputs[0]).evaluate(test)
    pairs = zip(found, test, strict=True)
    errors = [(one.forces - true.forces).ravel() for one, true in pairs if true.forces is not None]
    rms = np.sqrt(np.mean(np.concatenate(errors) ** 2))
    assert rms == pytest.approx(outcome.metrics[FORCES], rel=1e-9)


def same(one: Mapping[str, float], other: Mapping[str, float]) -> None:
    assert dict(one) == pytest.approx(dict(other), rel=1e-5, abs=1e-5)


def test_a_teacher_may_count_energies_from_another_zero(teacher: Path, tmp_path: Path) -> None:
    given = load_single(teacher)
    weights = given.weights._replace(element_energy=given.weights.element_energy - 250.0)
    other = save_potential(tmp_path / "x.safetensors", replace(given, weights=weights), {})
    one, two = (distillation(recipe(path), tmp_path / path.stem) for path in (teacher, other))
    same(one.metrics, two.metrics)


def test_teachers_that_agree_are_as_one(teacher: Path, tmp_path: Path) -> None:
    one = distillation(recipe(teacher, compare=False), tmp_path / "one")
    two = distillation(recipe(teacher, teacher, compare=False), tmp_path / "two")
    same(one.metrics, two.metrics)


def test_the_student_without_a_teacher_takes_as_many_steps(
    teacher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = []
    plain = potential_training.trained_members

    def counted(asked: PotentialRecipe, lesson: Lesson, folder: Path) -> list[Trained]:
        assert asked.training is not None
        batches = -(-len(lesson.frames) // asked.training.batch_size)
        steps.append(batches * asked.training.epochs)
        return plain(asked, lesson, folder)

    monkeypatch.setattr(distillation_tasks, "trained_members", counted)
    training = {"epochs": 2, "batch_size": 4}
    distillation(recipe(teacher, training=training), tmp_path)
    with_teacher, alone = steps
    assert alone == with_teacher > 2 * 2


def test_what_is_no_potential_cannot_teach(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such file"):
        distillation(recipe(tmp_path / "lost.safetensors"), tmp_path)


def test_a_run_that_goes_on_does_not_ask_the_teacher_again(
    teacher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = distillation(recipe(teacher, compare=False), tmp_path)

    def asked_again(*_: object, **__: object) -> None:
        raise AssertionError("asked again")

    monkeypatch.setattr(distillation_tasks, "taught", asked_again)
    again = distillation(recipe(teacher, compare=False), tmp_path)
    assert first.metrics == again.metrics
    with pytest.raises(AssertionError, match="asked again"):
        distillation(recipe(teacher, compare=False, seed=9), tmp_path)
