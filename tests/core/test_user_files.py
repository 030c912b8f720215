"""Files that a user names: the working folder comes before the project."""

from pathlib import Path

import pytest

from sciml.core.errors import BadInput
from sciml.core.paths import project_root
from sciml.core.user_files import user_file


def test_the_working_folder_comes_before_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_project = project_root() / "README.md"
    assert user_file("README.md", "own.sequences") == in_project
    monkeypatch.setenv("SCIML_HOME", str(project_root()))
    monkeypatch.chdir(tmp_path)
    assert user_file("README.md", "own.sequences") == in_project
    (tmp_path / "README.md").write_text("mine")
    assert user_file("README.md", "own.sequences") == tmp_path / "README.md"
    assert user_file(str(in_project), "own.sequences") == in_project


def test_the_home_folder_may_be_abbreviated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mine.fasta").write_text(">a\nMK\n")
    assert user_file("~/mine.fasta", "own.sequences") == tmp_path / "mine.fasta"


def test_what_is_no_file_is_named_with_its_setting(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"own\.sequences: .*mine\.fasta: no such file"):
        user_file(str(tmp_path / "mine.fasta"), "own.sequences")
    with pytest.raises(BadInput, match=r"own\.annotations: .*: is a folder"):
        user_file(str(tmp_path), "own.annotations")
