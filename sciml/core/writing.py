"""Writes that are whole or not there at all: temporary file, fsync, rename."""

import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sciml.core.errors import WriteFailed

PART_PREFIX = ".part-"  # of what is not whole yet

_BLOCK = 1 << 20  # bytes read at a time


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file so that a crash leaves either the old content or the new one.

    Args:
        path: The file; its folder is made.
        content: The bytes.

    Raises:
        WriteFailed: if the disk is full or the folder cannot be written; the old file is kept.
    """

    def write(target: Path) -> None:
        with target.open("wb") as file:
            file.write(content)

    write_with(path, write)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text atomically; see :func:`write_bytes`."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, value: Any) -> None:
    """Write a value as indented JSON atomically; not-a-number is refused."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def write_with(path: Path, write: Callable[[Path], None]) -> None:
    """Let a library write a file atomically.

    Args:
        path: The file; its folder is made.
        write: Called with a temporary path in the same folder, with the same ending.

    Raises:
        WriteFailed: if writing fails for want of space or rights; the old file is kept.
    """
    with _failures_explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=PART_PREFIX, suffix=path.suffix)
        os.close(handle)
        part = Path(name)
        try:
            write(part)
            sync_file(part)
            part.chmod(0o644)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        sync_folder(path.parent)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Fill a new folder so that it appears complete or not at all.

    Args:
        path: The folder to make; an old one of that name is replaced.

    Yields:
        A temporary folder beside it, renamed to ``path`` when the block ends without an error.

    Raises:
        WriteFailed: if writing fails for want of space or rights.
    """
    with _failures_explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(dir=path.parent, prefix=PART_PREFIX))
        try:
            yield part
            for file in part.rglob("*"):
                if file.is_file():
                    sync_file(file)
            sync_folder(part)
            if path.exists():
                shutil.rmtree(path)
            part.chmod(0o755)
            part.rename(path)
        finally:
            shutil.rmtree(part, ignore_errors=True)
        sync_folder(path.parent)


def sync_file(path: Path) -> None:
    """Have the content of a file on the disk before going on."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(path: Path) -> None:
    """Have the names in a folder on the disk before going on."""
    sync_file(path)


@contextmanager
def _failures_explained(path: Path) -> Iterator[None]:
    """Turn a failure of the disk into an error that says what to do."""
    try:
        yield
    except WriteFailed:
        raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise WriteFailed(
                f"{path}: the disk is full; what was there before is kept. "
                "Make room and run the same command again."
            ) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise WriteFailed(
                f"{path}: not allowed to write here; choose another folder or change its rights."
            ) from error
        raise
