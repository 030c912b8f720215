"""Where the potential of a recipe is."""

from pathlib import Path

import pytest

from sciml.core.errors import BadInput
from sciml.materials import trained
from sciml.materials.trained import trained_file
from sciml.training import run


def test_a_published_potential_comes_before_a_new_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trained, "record_folder", lambda name: tmp_path / name)
    monkeypatch.setattr(trained, "run_recipe", lambda p: run.Run({}, tmp_path / f"new {p.stem}"))
    name = "materials/any"
    assert trained_file(name) == tmp_path / "new any" / "potential.safetensors"
    (tmp_path / name).mkdir(parents=True)
    (tmp_path / name / "potential.safetensors").touch()
    assert trained_file(name) == tmp_path / name / "potential.safetensors"


def test_a_file_that_is_not_there_is_told() -> None:
    with pytest.raises(BadInput, match=r"lost\.safetensors: no such file"):
        trained_file("lost.safetensors")
