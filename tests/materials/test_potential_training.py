"""Going on from a potential by recipe, and what every training leaves behind."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sciml.core.writing import sha256_of
from sciml.materials import potential_training
from sciml.materials.accuracy import accuracy
from sciml.materials.ace.file import save_potential
from sciml.materials.ace.model import AcePotential
from sciml.materials.datasets import open_structures
from sciml.materials.potential_training import Lesson, PotentialRecipe, Trained, trained
from sciml.materials.structures import Structure

SILICON = open_structures("simulated_silicon")
COLD, HOT = (0, 900), (1500, 9999)  # K


def motion(split: str, between: tuple[int, int]) -> list[Structure]:
    """Frames of dynamics at some temperatures."""
    low, high = between
    return [
        one for one in SILICON[split] if low <= float(one.about.get("temperature_K", -1)) <= high
    ]


def run(
    folder: Path,
    frames: Sequence[Structure],
    start: Any = "random",
    epochs: int = 20,
    refit: Any = None,
) -> Trained:
    recipe = PotentialRecipe.model_validate(
        {
            "task": "materials/potential",
            "title": "A test",
            "data": {"source": "simulated_silicon", "tests": []},
            "model": {
                "radial": {"cutoff": 4.0, "functions": 8},
                "couplings": {"factors": 3},
                "channels": 8,
                "hidden": 8,
            },
            "start": start,
            "refit": refit,
            "training": {
                "epochs": epochs,
                "batch_size": 4,
                "optimiser": {"method": "soap", "learning_rate": 0.03, "warmup_steps": 10},
            },
        }
    )
    return trained(recipe, Lesson(list(frames), np.ones(len(frames)), []), folder)


def test_what_came_to_its_end_is_not_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    frames, refit = motion("train", COLD)[:6], {"ridge": 1e-6}
    first = run(tmp_path, frames, epochs=2, refit=refit)
    asked: list[str] = []
    monkeypatch.setattr(potential_training, "_trained", lambda *_: asked.append("again") or first)
    again = run(tmp_path, frames, epochs=2, refit=refit)
    assert not asked
    assert "trained before" in capsys.readouterr().err
    assert again._replace(potential=first.potential) == first
    for one in frames[:2]:
        ours, theirs = (found.potential.evaluate([one])[0] for found in (again, first))
        assert ours.energy == theirs.energy
        np.testing.assert_array_equal(ours.forces, theirs.forces)
        np.testing.assert_array_equal(ours.grades, theirs.grades)
    for changed in ({"epochs": 2, "refit": {"ridge": 1e-5}}, {"epochs": 3, "refit": refit}):
        run(tmp_path, frames, **changed)
    assert asked == ["again", "again"]


def saved(path: Path, found: Trained) -> Path:
    return save_potential(path, found.potential, {})


@pytest.mark.slow
def test_few_hot_frames_teach_more_to_a_potential_that_knows_cold_ones(tmp_path: Path) -> None:
    known = saved(tmp_path / "cold.safetensors", run(tmp_path / "cold", motion("train", COLD)[::2]))
    few, test = motion("train", HOT)[::2], motion("test", HOT)
    start = {"potential": str(known)}
    tuned, fresh = (
        run(tmp_path / name, few, begin).potential
        for name, begin in {"tuned": start, "fresh": "random"}.items()
    )
    assert accuracy(tuned, test).forces < 0.95 * accuracy(fresh, test).forces
    assert accuracy(tuned, test).energy < 0.9 * accuracy(fresh, test).energy


def test_a_training_names_the_file_that_it_goes_on_from(tmp_path: Path) -> None:
    frames = motion("train", COLD)[:4]
    first = saved(tmp_path / "first.safetensors", run(tmp_path / "first", frames, epochs=1))
    found = run(tmp_path / "second", frames, {"potential": str(first)}, epochs=1)
    assert found.sources == {str(first): sha256_of(first)}


def test_a_refit_takes_up_the_training_that_is_there(tmp_path: Path) -> None:
    """Only the linear part moves, so another refit needs no other training."""
    frames = motion("train", COLD)[:8]
    plain, better = (
        run(tmp_path / "one", frames, epochs=2, refit=refit) for refit in (None, {"ridge": 1e-8})
    )
    before, after = (accuracy(found.potential, frames) for found in (plain, better))
    assert isinstance(plain.potential, AcePotential)
    assert isinstance(better.potential, AcePotential)
    np.testing.assert_array_equal(better.potential.weights.mixing, plain.potential.weights.mixing)
    assert after.forces < 0.9 * before.forces
    assert 0.1 < better.metrics["refit: share of the loss that is gone"] < 1
    assert better.potential.grade is not None
    assert better.seconds["cpu"] > 0


def test_a_training_leaves_no_error_that_all_atoms_share(tmp_path: Path) -> None:
    frames = motion("train", COLD)[:6]
    potential = run(tmp_path, frames, epochs=1).potential
    errors = [
        (found.energy - (one.energy or 0.0)) / len(one)
        for one, found in zip(frames, potential.evaluate(frames), strict=True)
    ]
    assert np.mean(errors) == pytest.approx(0, abs=1e-9)  # eV/atom
    assert np.std(errors) > 1e-6


def test_a_name_of_a_recipe_is_a_potential_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = motion("train", COLD)[:4]
    first = saved(tmp_path / "first.safetensors", run(tmp_path / "first", frames, epochs=1))
    monkeypatch.setattr(potential_training, "trained_file", {"materials/first": first}.__getitem__)
    found = run(tmp_path / "second", frames, {"potential": "materials/first"}, epochs=1)
    assert found.sources == {"materials/first": sha256_of(first)}
