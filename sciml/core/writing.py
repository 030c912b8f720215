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

from sciml.core.errors import SciMLError, WriteFailed

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
    with failures_explained(path):
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

    An old folder is set aside before the new one takes its name, so that a kill between the two
    loses neither; the next write of the folder then begins by putting the old one back.

    Args:
        path: The folder to make; an old one of that name is replaced.

    Yields:
        A temporary folder beside it, renamed to ``path`` when the block ends without an error.

    Raises:
        WriteFailed: if writing fails for want of space or rights.
    """
    with failures_explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        _put_back(path)
        part = Path(tempfile.mkdtemp(dir=path.parent, prefix=PART_PREFIX))
        try:
            yield part
            for file in part.rglob("*"):
                if file.is_file():
                    sync_file(file)
            sync_folder(part)
            part.chmod(0o755)
            _swap(path, part)
        finally:
            shutil.rmtree(part, ignore_errors=True)
        sync_folder(path.parent)


def _swap(path: Path, part: Path) -> None:
    """Give a new folder the name of an old one, if there is one; a failure leaves the old one."""
    aside = _aside(path)
    if path.exists():
        shutil.rmtree(aside, ignore_errors=True)
        path.rename(aside)
    try:
        part.rename(path)
    except OSError:
        _put_back(path)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _put_back(path: Path) -> None:
    """Give an old folder its name back if a kill came before the new one had it."""
    aside = _aside(path)
    if aside.exists() and not path.exists():
        aside.rename(path)


def _aside(path: Path) -> Path:
    """Where the old folder waits until the new one has its name."""
    return path.with_name(f"{PART_PREFIX}{path.name}.old")


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
def failures_explained(path: Path) -> Iterator[None]:
    """Turn a failure to write into an error that says what to do.

    Args:
        path: The file or folder that is being written.

    Raises:
        WriteFailed: in place of an error of the system about this path or a folder above it; an
            error about another path, such as a source that is read meanwhile, is not touched.
    """
    try:
        yield
    except SciMLError:
        raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise WriteFailed(
                f"{path}: the disk is full; what was there before is kept. "
                "Make room and run the same command again."
            ) from error
        if not _is_about(error, path):
            raise
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise WriteFailed(
                f"{path}: not allowed to write here; choose another folder or change its rights."
            ) from error
        raise WriteFailed(
            f"{path}: cannot be written: {error.strerror}; choose another folder or mend this one."
        ) from error


def _is_about(error: OSError, path: Path) -> bool:
    """Whether an error of the system is about a path, its neighbours or a folder above it."""
    if error.errno is None:
        return False
    if not isinstance(error.filename, str | bytes | os.PathLike):
        return True  # the system names no file: it is the one that is being written
    named, folder = Path(os.fsdecode(error.filename)).absolute(), path.absolute().parent
    return named.is_relative_to(folder) or folder.is_relative_to(named)
