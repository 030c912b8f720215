"""A write is whole or it is not there, whatever happens."""

import errno
import json
from pathlib import Path

import pytest

from sciml.core import writing
from sciml.core.errors import WriteFailed


def full_disk(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_keeps_the_old_file_and_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "record.json"
    writing.write_json(path, {"loss": 1.0})
    monkeypatch.setattr(writing, "sync_file", full_disk)
    with pytest.raises(WriteFailed) as error:
        writing.write_json(path, {"loss": 2.0})
    assert str(error.value) == (
        f"{path}: the disk is full; what was there before is kept. "
        "Make room and run the same command again."
    )
    assert json.loads(path.read_text()) == {"loss": 1.0}
    assert list(tmp_path.iterdir()) == [path]


def test_a_crash_in_the_middle_of_a_folder_leaves_the_old_folder(tmp_path: Path) -> None:
    path = tmp_path / "step-1"
    with writing.whole_folder(path) as part:
        (part / "a").write_text("old")

    def crash() -> None:
        with writing.whole_folder(path) as part:
            (part / "a").write_text("new")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        crash()
    assert (path / "a").read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "step-1"
    for name in ("first", "second"):
        with writing.whole_folder(path) as part:
            (part / name).write_text(name)
    assert [file.name for file in path.iterdir()] == ["second"]


def test_not_a_number_is_not_json(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        writing.write_json(tmp_path / "a.json", {"loss": float("nan")})


def test_a_folder_without_rights_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(writing, "sync_file", forbidden)
    with pytest.raises(WriteFailed, match="not allowed to write here; choose another folder"):
        writing.write_text(tmp_path / "a", "text")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "inner" / "a"
    with pytest.raises(WriteFailed, match=r"inner/a: cannot be written: .*; choose another folder"):
        writing.write_text(path, "text")
    with (
        pytest.raises(WriteFailed, match=r"inner/a: cannot be written: .*; choose another folder"),
        writing.whole_folder(path),
    ):
        pass


def test_a_source_that_is_missing_is_no_failure_to_write(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), writing.whole_folder(tmp_path / "inner" / "new"):
        (tmp_path / "elsewhere" / "source").read_bytes()


def test_a_kill_between_the_old_folder_and_the_new_loses_neither(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "toy.record"
    with writing.whole_folder(path) as part:
        (part / "a").write_text("old")
    (tmp_path / ".part-toy.record.old").mkdir()  # of a kill long ago

    class Killed(BaseException):
        pass

    rename = Path.rename

    def killed(self: Path, target: Path) -> None:
        if target == path:
            raise Killed
        rename(self, target)

    monkeypatch.setattr(Path, "rename", killed)
    with pytest.raises(Killed), writing.whole_folder(path) as part:
        (part / "a").write_text("new")
    monkeypatch.setattr(Path, "rename", rename)
    kept = [file.read_text() for file in tmp_path.rglob("a")]
    assert "old" in kept
    with pytest.raises(RuntimeError), writing.whole_folder(path):
        raise RuntimeError
    assert (path / "a").read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
