"""The digest of what a file says, whichever library wrote or packed it."""

import gzip
import hashlib
import lzma
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
from numpy.typing import NDArray

from sciml.core.errors import DamagedFile
from sciml.core.writing import sha256_of
from sciml.data.netcdf import unreadable

_BLOCK = 1 << 20  # bytes read at a time
_PACKED = (".gz", ".xz")


def content_digest(path: Path) -> str:
    """The SHA-256 of what is in a file.

    Two netCDF files have the same digest when their dimensions and the names, types, dimensions
    and stored values of all variables agree; attributes, compression and byte order do not count.
    Of a ``.gz`` or ``.xz`` file the unpacked bytes count, of any other file its bytes.

    Args:
        path: The file.

    Returns:
        64 hexadecimal digits.

    Raises:
        DamagedFile: if it cannot be unpacked or is not readable netCDF.
    """
    if path.suffix == ".nc":
        return _netcdf_digest(path)
    if path.suffix in _PACKED:
        return _unpacked_digest(path)
    return sha256_of(path)


def _unpacked_digest(path: Path) -> str:
    """The digest of the bytes inside a packed file."""
    digest = hashlib.sha256()
    try:
        with gzip.open(path) if path.suffix == ".gz" else lzma.open(path) as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        raise DamagedFile(
            f"{path}: cannot be unpacked ({error}). "
            "It is damaged or was cut off; fetch or build it again."
        ) from error
    return digest.hexdigest()


def _netcdf_digest(path: Path) -> str:
    """The digest of the variables of a netCDF file."""
    digest = hashlib.sha256()
    try:
        with netCDF4.Dataset(path) as file:
            file.set_auto_maskandscale(False)  # the values as stored
            for part in _group_content(file):
                digest.update(part)
    except (OSError, RuntimeError) as error:  # the netCDF library uses both
        raise unreadable(path, error) from error
    return digest.hexdigest()


def _group_content(group: Any) -> Iterator[bytes]:
    """Dimensions, variables and inner groups, each in alphabetical order."""
    for name, dimension in sorted(group.dimensions.items()):
        yield _words("dimension", group.path, name, str(len(dimension)))
    for name, variable in sorted(group.variables.items()):
        values = _normalised(np.asarray(variable[...]))
        yield _words("variable", group.path, name, values.dtype.str, *variable.dimensions)
        yield values.tobytes()
    for _, inner in sorted(group.groups.items()):
        yield from _group_content(inner)


def _normalised(values: NDArray[Any]) -> NDArray[Any]:
    """Numbers in little-endian order, text as UTF-8 of equal width."""
    if values.dtype.kind in "OU":
        return np.char.encode(values.astype(str), "utf-8")
    return values.astype(values.dtype.newbyteorder("<"), copy=False)


def _words(*words: str) -> bytes:
    """Words as bytes, with their lengths, so that no two lists of words give the same."""
    contents = [word.encode("utf-8") for word in words]
    return b"".join(len(content).to_bytes(8, "little") + content for content in contents)
