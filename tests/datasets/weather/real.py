"""Weather datasets on this machine, or a reason to skip a test."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from sciml.core.errors import DatasetMissing
from sciml.data.digest import content_digest
from tests.built import all_originals, maker, part


def opened(reader: Callable[[], Any]) -> Any:
    """What a reader gives; read once for all tests, which must not change it."""
    try:
        return _read(reader)
    except DatasetMissing as missing:
        pytest.skip(str(missing))


@cache
def _read(reader: Callable[[], Any]) -> Any:
    return reader()


def made_digest(name: str, folder: Path) -> str:
    """The digest of what is built from the originals."""
    target = folder / f"{name}.nc"
    maker(name).make(all_originals(name), target)
    return content_digest(target)


def joined_digest(name: str, folder: Path) -> str:
    """The digest of what is joined from the part."""
    builder = maker(name)
    target = folder / f"{name}.nc"
    builder.join({builder.PART: part(builder.PART)}, target)
    return content_digest(target)
