"""Any file of extended XYZ is checked as a dataset is."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import BadInput
from sciml.core.writing import sha256_of
from sciml.materials.datasets import open_structures
from sciml.materials.extended_xyz import write_structures
from sciml.materials.label_tasks import LabelRecipe, label_check
from sciml.materials.structures import GPA, Structure
from sciml.training.run import Outcome

SILICON = open_structures("simulated_silicon")


def strained(split: str = "train") -> list[Structure]:
    """Strained cells of one split that do not say which."""
    return [
        replace(one, about={"group": "strained"})
        for one in SILICON[split]
        if one.about["group"] == "strained"
    ]


def checked(folder: Path, **settings: object) -> Outcome:
    recipe = {"task": "materials/label-check", "title": "A test"} | settings
    return label_check(LabelRecipe.model_validate(recipe), folder)


def test_a_file_with_pressures_in_kbar_is_told_so(tmp_path: Path) -> None:
    wrong = [replace(one, stress=-np.asarray(one.stress) * 10 / GPA) for one in strained()]
    path = write_structures(tmp_path / "mine.extxyz.gz", wrong)
    outcome = checked(tmp_path / "run", source=str(path))
    assert set(outcome.metrics) == {
        "stress sign in strained",
        "stress unit in strained",
        "findings",
        "not judged",
    }
    assert outcome.data_sha256 == {str(path): sha256_of(path)}
    assert "The labels are in kbar" in (tmp_path / "run" / "labels.txt").read_text()
    assert len(json.loads((tmp_path / "run" / "labels.json").read_text())["findings"]) == 2


def test_right_labels_of_a_file_have_the_pressures_of_their_energies(tmp_path: Path) -> None:
    path = write_structures(tmp_path / "mine.xyz", strained())
    outcome = checked(tmp_path / "run", source=str(path))
    assert outcome.metrics["findings"] == 0
    with xr.open_dataset(tmp_path / "run" / "pressures.nc") as stored:
        gaps = (stored["labels"] - stored["energies"]).values
        assert np.median(np.abs(gaps)) < 0.5
        assert float(stored["labels"].max() - stored["labels"].min()) > 10


def test_files_by_split_are_searched_for_twins(tmp_path: Path) -> None:
    train = write_structures(tmp_path / "a.xyz", strained())
    test = write_structures(tmp_path / "b.xyz", [strained()[3], *strained("test")])
    outcome = checked(tmp_path / "run", source={"train": str(train), "test": str(test)})
    assert outcome.metrics["twin of a training frame in test"] == 1


def test_labels_under_other_names_are_read(tmp_path: Path) -> None:
    path = write_structures(tmp_path / "mine.xyz", strained())
    path.write_text(path.read_text().replace(" energy=", " dft_energy="))
    outcome = checked(tmp_path / "a", source=str(path), labels={"energy": "dft_energy"})
    assert outcome.metrics["findings"] == 0
    with pytest.raises(BadInput, match="has dft_energy"):
        checked(tmp_path / "b", source=str(path))


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"none\.extxyz: no such file"):
        checked(tmp_path, source=str(tmp_path / "none.extxyz"))


def test_a_potential_tells_how_hot_frames_are(tmp_path: Path) -> None:
    cold = [
        one
        for part in SILICON.values()
        for one in part
        if one.about["group"] == "crystal" and one.about["temperature_K"] == 300.0
    ]
    told = [replace(one, about={"group": "hot", "temperature_K": 1500.0}) for one in cold[::2]]
    path = write_structures(tmp_path / "mine.extxyz", [*cold, *told])
    outcome = checked(tmp_path / "run", source=str(path), potential="materials/silicon")
    for run in ("crystal at 300 K", "hot at 1500 K"):
        assert outcome.metrics[f"{run}, by forces K"] == pytest.approx(300, rel=0.15)
    assert [name for name in outcome.metrics if name.startswith("temperature")] == [
        "temperature by forces in hot at 1500 K"
    ]
    assert set(outcome.data_sha256) == {str(path), "materials/silicon"}
