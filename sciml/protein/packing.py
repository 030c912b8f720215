"""Text files that may be packed: what a file is, its first bytes say."""

import gzip
import lzma
import zlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final, Literal, TextIO

from sciml.core.errors import BadInput, DamagedFile
from sciml.core.paths import shown

# What reading a packed file raises where it was cut off or altered.
FAILURES: Final = (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile)

_PACKED: Final = {b"\x1f\x8b": gzip.open, b"\xfd7zXZ\x00": lzma.open}
_ENDINGS: Final = (".gz", ".xz")


def opened(
    path: Path, errors: Literal["strict", "replace"] = "strict", newline: str | None = None
) -> AbstractContextManager[TextIO]:
    """A file as text, unpacked where it is packed.

    Args:
        path: The file, plain or packed with gzip or xz.
        errors: What becomes of a byte that is no UTF-8.
        newline: Where lines end, see :func:`open`.

    Returns:
        The text, without the mark at its head that some editors write.

    Raises:
        BadInput: if there is no such file.
        DamagedFile: if it does not begin as its name says.
    """
    if not path.is_file():
        raise BadInput(f"{path}: no such file; correct the name")
    return _opener(path)(path, "rt", encoding="utf-8-sig", errors=errors, newline=newline)


def _opener(path: Path) -> Callable[..., AbstractContextManager[TextIO]]:
    """What opens a file, by its first bytes."""
    with path.open("rb") as file:
        head = file.read(6)
    for magic, opener in _PACKED.items():
        if head.startswith(magic):
            return opener
    if head and path.suffix in _ENDINGS:
        raise DamagedFile(
            f"{shown(path)}: does not begin like a file packed as '{path.suffix}', got {head!r}; "
            "get it again, or give it the name of what it is"
        )
    return open
