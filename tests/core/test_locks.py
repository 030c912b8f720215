"""A folder is worked in by one process at a time."""

import fcntl
from pathlib import Path

import pytest

from sciml.core.errors import BadInput, WriteFailed
from sciml.core.locks import LOCK_FILE, locked


def test_a_folder_that_is_held_is_refused_until_it_is_left(tmp_path: Path) -> None:
    with (
        locked(tmp_path / "run", "first"),
        pytest.raises(BadInput, match=r"^wait$"),
        locked(tmp_path / "run", "wait"),
    ):
        pass
    with locked(tmp_path / "run", "wait"):
        pass


def test_the_lock_ends_with_the_file_that_holds_it(tmp_path: Path) -> None:
    with locked(tmp_path, "first"):
        pass
    with (tmp_path / LOCK_FILE).open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(BadInput, match="wait"), locked(tmp_path, "wait"):
            pass
    with locked(tmp_path, "wait"):
        pass


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(WriteFailed, match=r"file/run/\.lock: cannot be written"),
        locked(tmp_path / "file" / "run", "wait"),
    ):
        pass
