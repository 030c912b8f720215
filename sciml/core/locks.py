"""Folders that only one process works in at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sciml.core.errors import BadInput
from sciml.core.writing import failures_explained

LOCK_FILE = ".lock"


@contextmanager
def locked(folder: Path, refusal: str) -> Iterator[None]:
    """Keep other processes out of a folder; the system lifts the lock when the process ends.

    Args:
        folder: The folder; it is made.
        refusal: What to tell the user when another process has it, and what to do then.

    Raises:
        BadInput: with the refusal, at once, if another process has the folder.
        WriteFailed: if the folder cannot be written.
    """
    import fcntl

    path = folder / LOCK_FILE
    with failures_explained(path):
        folder.mkdir(parents=True, exist_ok=True)
        lock = path.open("w")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BadInput(refusal) from None
        yield
