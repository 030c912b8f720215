"""One's own files are trained on as a dataset is."""

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.io import iread, write

from sciml.core import user_files
from sciml.core.errors import BadInput
from sciml.core.paths import project_root
from sciml.core.writing import sha256_of
from sciml.materials.ace.file import load_potential
from sciml.materials.calculator import PotentialCalculator
from sciml.materials.datasets import LabelNames, checksums, open_source, own_files
from sciml.materials.potential_training import opened
from sciml.materials.tasks import PotentialRecipe, potential
from sciml.training.recipe import read_recipe

TEMPLATE = project_root() / "recipes/materials/own-potential.yaml"
TINY = ("model.channels=8", "model.radial.functions=8", "model.radial.cutoff=4.5")
SOLVED = ("training=null", "start=linear")  # least squares alone


def alloy(seed: int, elements: tuple[int, ...] = (13, 29)) -> Atoms:
    """Copper and aluminium on a strained and rattled lattice, labelled by effective medium."""
    rng = np.random.default_rng(seed)
    atoms = bulk("Cu", a=rng.uniform(3.6, 4.0), cubic=True)
    atoms.numbers = rng.choice(elements, len(atoms))
    stretch = np.eye(3) + 0.02 * rng.normal(size=(3, 3))
    atoms.set_cell(atoms.cell @ (stretch + stretch.T) / 2, scale_atoms=True)
    atoms.rattle(0.06, rng=rng)
    atoms.calc = EMT()
    atoms.get_stress()
    return atoms


def written(path: Path, count: int, elements: tuple[int, ...] = (13, 29)) -> Path:
    write(path, [alloy(seed, elements) for seed in range(count)])
    return path


def asked(path: Path, *overrides: str) -> PotentialRecipe:
    """The template of a recipe for one's own files."""
    return read_recipe(TEMPLATE, PotentialRecipe, [f"data.source={path}", *TINY, *overrides])


def test_a_file_gives_a_potential_that_ase_can_use(tmp_path: Path) -> None:
    path = written(tmp_path / "alloy.extxyz", 60)
    recipe = asked(path, "data.split.share=0.2", *SOLVED)
    outcome = potential(recipe, tmp_path / "run")
    assert outcome.data_sha256 == {str(path): sha256_of(path)}
    unseen = alloy(1000)
    truth, true_energy = unseen.get_forces(), unseen.get_potential_energy()
    spread = np.std([atoms.get_forces() for atoms in iread(path)])
    assert outcome.metrics["held_out all forces eV/Å"] < 0.1 * spread
    unseen.calc = PotentialCalculator(load_potential(str(outcome.outputs[0])))
    assert np.std(unseen.get_forces() - truth) < 0.1 * spread
    assert unseen.get_potential_energy() == pytest.approx(true_energy, abs=0.02 * len(unseen))


def test_names_of_labels_are_told_to_the_training(tmp_path: Path) -> None:
    path = written(tmp_path / "alloy.extxyz", 10)
    path.write_text(path.read_text().replace(" energy=", " REF_energy="))
    with pytest.raises(BadInput, match=r"has REF_energy: .* \(data\.labels\.energy to train\)"):
        potential(asked(path, *SOLVED), tmp_path / "run")
    recipe = asked(path, "data.labels.energy=REF_energy", *SOLVED)
    assert potential(recipe, tmp_path / "run").metrics["held_out all forces eV/Å"] > 0


def test_wrong_labels_are_told_before_the_training_and_right_ones_are_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path / "alloy.extxyz", 40, elements=(29,))
    opened(asked(path).data)
    assert capsys.readouterr().err == ""
    frames = list(iread(path))
    for atoms in frames:
        assert atoms.calc is not None
        atoms.calc.results["stress"] *= -1602.2  # kbar, positive in compression
    write(path, frames)
    opened(asked(path).data)
    told = capsys.readouterr().err
    assert "stress sign in unnamed" in told
    assert "The labels are in kbar" in told


def test_an_element_of_one_atom_is_named_before_the_training(tmp_path: Path) -> None:
    frames = [alloy(seed, (29,)) for seed in range(5)]
    frames[2].numbers[1] = 13
    frames[2].get_stress()
    write(tmp_path / "alloy.extxyz", frames)
    recipe = asked(tmp_path / "alloy.extxyz", "data.split={kind: published}", "data.tests=[]")
    with pytest.raises(BadInput, match="Al has 1 atom in training, expected 2"):
        potential(recipe, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_usual_names_of_labels_leave_the_digest_of_a_recipe_alone(tmp_path: Path) -> None:
    path = tmp_path / "any.extxyz"
    assert "labels" not in asked(path).model_dump()["data"]
    assert asked(path, "data.labels.six=xx yy zz xy yz xz").digest() != asked(path).digest()


def test_frames_that_say_their_split_are_in_it(tmp_path: Path) -> None:
    frames = [alloy(seed) for seed in range(3)]
    frames[1].info["split"] = "test"
    write(tmp_path / "a.xyz", frames)
    splits = open_source({"train": str(tmp_path / "a.xyz")}, LabelNames())
    assert {name: len(part) for name, part in splits.items()} == {"train": 2, "test": 1}


def test_files_are_found_from_the_working_folder_and_then_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, project = tmp_path / "here", tmp_path / "project"
    for folder, names in {here: ("mine.xyz",), project: ("mine.xyz", "shared.xyz")}.items():
        folder.mkdir()
        for name in names:
            (folder / name).write_text(f"{folder.name}/{name}")
    monkeypatch.chdir(here)
    monkeypatch.setattr(user_files, "project_root", lambda: project)
    assert checksums({"train": "mine.xyz", "test": "shared.xyz"}) == {
        "mine.xyz": sha256_of(here / "mine.xyz"),
        "shared.xyz": sha256_of(project / "shared.xyz"),
    }


def test_another_ending_is_told_which_are_read(tmp_path: Path) -> None:
    for name in ("mine.traj", "OUTCAR"):
        (tmp_path / name).touch()
        with pytest.raises(BadInput, match=r"another ending than \.xyz, .*ase convert"):
            own_files(str(tmp_path / name))
    assert own_files("simulated_silicon") == {}
