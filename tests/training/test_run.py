"""Running a recipe: once, on after a stop, anew when asked, and never with a wrong record."""

import fcntl
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import paddle
import pytest
from paddle import nn

from sciml.core.errors import BadInput, DamagedFile, Interrupted
from sciml.core.writing import sha256_of
from sciml.hydro import tasks
from sciml.training.checkpoint import write_weights
from sciml.training.feed import Arrays, Batch, Feed
from sciml.training.fit import FitSettings, Problem, fit
from sciml.training.optimiser import layer_arrays
from sciml.training.recipe import Recipe
from sciml.training.record import read_record
from sciml.training.run import (
    Outcome,
    RecipeTask,
    find_task,
    publish_record,
    record_folder,
    run_recipe,
)

TEXT = """\
task: hydro/toy
title: A line through points
training: {epochs: 3, batch_size: 10, checkpoint_steps: 2}
"""
STEPS = 12  # 3 epochs of 4 batches
X = np.random.default_rng(0).normal(size=(40, 2)).astype(np.float32)


class Toy(Recipe):
    training: FitSettings = FitSettings()
    data: str | None = None


class Stage:
    """Counts the steps of all runs, and stops or breaks a run at one of them."""

    def __init__(self) -> None:
        self.steps = 0
        self.interrupt_at = self.break_at = 0
        self.source = self.named = ""  # a file that runs read, and its name in their records

    def run(self, recipe: Toy, folder: Path) -> Outcome:
        paddle.seed(recipe.seed)
        layer = nn.Sequential(nn.Linear(2, 4), nn.Dropout(0.3), nn.Linear(4, 1))

        def loss(layer: nn.Layer, batch: Batch) -> paddle.Tensor:
            self.steps += 1
            if self.steps == self.interrupt_at:
                os.kill(os.getpid(), signal.SIGINT)
            if self.steps == self.break_at:
                raise RuntimeError("the power went out")
            return nn.functional.mse_loss(layer(batch["x"]), batch["x"][:, :1])

        problem = Problem(layer, loss, Feed(Arrays(x=X), recipe.training.batch_size, recipe.seed))
        settings = recipe.model_dump(mode="json")
        result = fit(problem, recipe.training, seed=recipe.seed, folder=folder, recipe=settings)
        write_weights(folder / "model.safetensors", layer_arrays(layer))
        seconds = {"wall": result.wall_seconds, "cpu": result.cpu_seconds}
        outputs = [folder / "model.safetensors"]
        read = {self.named: sha256_of(Path(self.source))} if self.named else {"points": "0" * 64}
        return Outcome(result.end.value, {"steps": result.steps}, read, outputs, seconds)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one recipe."""
    for folder in ("datasets", "notebooks", "recipes/hydro", "sciml/hydro"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "sciml/hydro/tasks.py").touch()
    (tmp_path / "recipes/hydro/toy.yaml").write_text(TEXT)
    monkeypatch.setenv("SCIML_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def recipe(home: Path) -> Path:
    return home / "recipes/hydro/toy.yaml"


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    stage = Stage()
    monkeypatch.setitem(tasks.TASKS, "hydro/toy", RecipeTask(Toy, stage.run))
    return stage


def weights_sha256(record: dict[str, Any]) -> str:
    return record["outputs_sha256"]["model.safetensors"]


def test_a_run_leaves_its_record_in_a_folder_named_after_its_settings(
    home: Path, recipe: Path, stage: Stage
) -> None:
    record, folder = run_recipe(recipe)
    assert folder.parent == home / "runs/hydro"
    assert folder.name.startswith("toy-")
    assert read_record(folder) == record
    assert (record["status"], record["metrics"], stage.steps) == ("finished", {"steps": 12}, STEPS)
    assert record["recipe"]["training"]["epochs"] == 3
    assert record["data_sha256"] == {"points": "0" * 64}
    _, other = run_recipe(recipe, ["training.epochs=1"])
    assert other.parent == folder.parent
    assert other != folder


def test_a_finished_run_is_not_run_again_unless_asked(
    recipe: Path, stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    record, folder = run_recipe(recipe)
    assert run_recipe(recipe) == (record, folder)
    assert stage.steps == STEPS
    assert "finished before; --fresh runs it again" in capsys.readouterr().err
    (folder / "note.txt").touch()
    fresh, same = run_recipe(recipe, fresh=True)
    assert (same, stage.steps) == (folder, 2 * STEPS)
    assert not (folder / "note.txt").exists()
    assert weights_sha256(fresh) == weights_sha256(record)


def test_ctrl_c_leaves_a_record_that_says_so_and_the_next_run_ends_as_if_nothing_had_been(
    recipe: Path, stage: Stage
) -> None:
    expected = weights_sha256(run_recipe(recipe).record)
    stage.steps, stage.interrupt_at = 0, 7
    with pytest.raises(Interrupted, match="stopped at epoch 2, step 7; run the same command"):
        run_recipe(recipe, fresh=True)
    folder = next((recipe.parents[2] / "runs/hydro").iterdir())
    interrupted = read_record(folder)
    assert (interrupted["status"], interrupted["outputs_sha256"]) == ("interrupted", {})
    record, same = run_recipe(recipe)
    assert (record["status"], same, stage.steps) == ("finished", folder, STEPS)
    assert weights_sha256(record) == expected


def test_a_run_that_broke_leaves_no_record_and_goes_on_from_its_checkpoint(
    recipe: Path, stage: Stage
) -> None:
    stage.break_at = 8
    with pytest.raises(RuntimeError, match="the power went out"):
        run_recipe(recipe)
    folder = next((recipe.parents[2] / "runs/hydro").iterdir())
    assert not (folder / "record.json").exists()
    record, _ = run_recipe(recipe)
    assert stage.steps == STEPS + 2  # seven done, one broken; the checkpoint was at step 6
    stage.break_at = 0
    assert weights_sha256(run_recipe(recipe, fresh=True).record) == weights_sha256(record)


def test_fresh_forgets_an_interrupted_run(recipe: Path, stage: Stage) -> None:
    stage.interrupt_at = 5
    with pytest.raises(Interrupted):
        run_recipe(recipe)
    run_recipe(recipe, fresh=True)
    assert stage.steps == 5 + STEPS


def test_a_finished_run_whose_output_was_changed_is_refused(recipe: Path, stage: Stage) -> None:
    _, folder = run_recipe(recipe)
    (folder / "model.safetensors").write_bytes(b"other")
    with pytest.raises(DamagedFile, match=r"model\.safetensors: missing or changed since"):
        run_recipe(recipe)
    assert run_recipe(recipe, fresh=True).record["status"] == "finished"


def test_a_recipe_that_another_process_runs_is_refused_and_its_run_is_left_alone(
    recipe: Path, stage: Stage
) -> None:
    _, folder = run_recipe(recipe)
    (folder / "note.txt").touch()
    with (folder / ".lock").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(BadInput) as error:
            run_recipe(recipe, fresh=True)
    told = f"another process runs this recipe in runs/hydro/{folder.name}; "
    assert str(error.value) == told + "wait for it or change a setting"
    assert (folder / "note.txt").exists()
    assert stage.steps == STEPS
    assert run_recipe(recipe, fresh=True).folder == folder


def test_a_file_of_the_user_that_changed_is_run_on_again(
    home: Path,
    recipe: Path,
    stage: Stage,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    stage.source = "inner/mine.csv"
    for folder, text in (("here", "1"), ("there", "2")):
        (home / folder / "inner").mkdir(parents=True)
        (home / folder / stage.source).write_text(text)
    recipe.write_text(TEXT + f"data: {stage.source}\n")
    monkeypatch.chdir(home / "here")
    for name in (stage.source, "mine.csv"):  # as the settings name it, or by its last part
        stage.named, stage.steps = name, 0
        run_recipe(recipe, fresh=True)
        run_recipe(recipe)
        assert stage.steps == STEPS
        (home / "here" / stage.source).write_text(f"changed for {name}")
        _, folder = run_recipe(recipe)
        assert stage.steps == 2 * STEPS
        assert f"finished before with another {name}; running again" in capsys.readouterr().err
    monkeypatch.chdir(home / "there")  # another file of the same name
    run_recipe(recipe)
    assert stage.steps == 3 * STEPS
    assert len((folder / "history.jsonl").read_text().splitlines()) == STEPS
    (home / "there" / stage.source).unlink()
    run_recipe(recipe)
    assert stage.steps == 3 * STEPS


def test_a_published_record_is_a_copy_that_can_be_checked(recipe: Path, stage: Stage) -> None:
    record, folder = run_recipe(recipe, publish=True)
    target = record_folder("hydro/toy")
    assert target == recipe.parent / "toy.record"
    assert read_record(target) == record
    assert {path.name for path in target.iterdir()} == {"record.json", "model.safetensors"}
    run_recipe(recipe, ["seed=1"], publish=True)  # replaces the former
    assert read_record(target)["recipe"]["seed"] == 1
    (folder / "model.safetensors").write_bytes(b"other")
    with pytest.raises(DamagedFile):
        publish_record(folder, target)
    assert read_record(target)["recipe"]["seed"] == 1


@pytest.mark.usefixtures("stage")
def test_an_unknown_task_is_named_with_the_nearest(recipe: Path) -> None:
    recipe.write_text(TEXT.replace("hydro/toy", "hydro/forcast"))
    with pytest.raises(BadInput) as error:
        run_recipe(recipe)
    assert str(error.value) == f"{recipe}: task 'hydro/forcast': did you mean 'hydro/forecast'?"


def test_a_recipe_without_a_task_is_told_the_key(recipe: Path) -> None:
    recipe.write_text("title: x\n")
    with pytest.raises(BadInput, match=r"toy\.yaml: key 'task' is missing; add it, such as"):
        run_recipe(recipe)


@pytest.mark.parametrize("name", ["hydra/forecast", "", "forecast"])
def test_an_unknown_domain_is_refused_with_those_there_are(recipe: Path, name: str) -> None:
    with pytest.raises(BadInput, match=r"toy\.yaml: task '.*hydro.*\(domain/what\)"):
        find_task(name, recipe)


@pytest.mark.usefixtures("stage")
def test_an_unknown_key_names_line_and_nearest_key_before_anything_runs(
    home: Path, recipe: Path
) -> None:
    recipe.write_text(TEXT.replace("epochs", "epocs"))
    with pytest.raises(BadInput) as error:
        run_recipe(recipe)
    expected = f"{recipe}:3: unknown key 'training.epocs'; did you mean 'epochs'?"
    assert str(error.value) == expected
    assert not (home / "runs").exists()


@pytest.mark.usefixtures("home")
def test_a_recipe_that_is_not_there_is_refused(recipe: Path) -> None:
    with pytest.raises(BadInput, match=r"none\.yaml: no such file; `sciml list` shows"):
        run_recipe(recipe.with_name("none.yaml"))
