"""Records: what was run, on what, with which versions, and what came out."""

import importlib.metadata
import json
import math
import os
import platform
import subprocess
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sciml import __version__
from sciml.core import runtime
from sciml.core.errors import BadInput, DamagedFile
from sciml.core.paths import project_root, shown
from sciml.core.user_files import places_of
from sciml.core.writing import sha256_of, write_json
from sciml.data.listing import card_names

_PACKAGES = ("paddlepaddle", "paddlesci", "numpy", "scipy", "xarray", "netCDF4")
_LOCK = "requirements/lock.txt"
_CODE = ("sciml", "datasets", "requirements", "pyproject.toml", "recipes/*/*.yaml")
RECORD_FILE = "record.json"


def write_record(
    folder: Path,
    *,
    status: str,
    recipe: Mapping[str, Any],
    data: Mapping[str, str],
    metrics: Mapping[str, Any],
    seconds: Mapping[str, float],
    outputs: Iterable[Path] = (),
) -> dict[str, Any]:
    """Write ``record.json``.

    Args:
        folder: Folder of the run.
        status: ``finished``, ``stopped early`` or ``interrupted``.
        recipe: The resolved settings, seed included.
        data: SHA-256 of each dataset by name.
        metrics: Numbers that the run computed.
        seconds: Wall and CPU seconds.
        outputs: Files in the folder that belong to the result.

    Returns:
        The record.

    Raises:
        BadInput: if a metric is not finite: a record holds numbers that can be compared.
    """
    for name, value in metrics.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise BadInput(
                f"metric '{name}' is {value}: the run computed nothing to compare; "
                f"its checkpoints are kept in {shown(folder)}"
            )
    record = {
        "status": status,
        "recipe": dict(recipe),
        "data_sha256": dict(data),
        "metrics": dict(metrics),
        "seconds": {name: round(value, 2) for name, value in seconds.items()},
        "outputs_sha256": {str(path.relative_to(folder)): sha256_of(path) for path in outputs},
        "made_with": surroundings(),
    }
    write_json(folder / RECORD_FILE, record)
    return record


def read_record(folder: Path) -> dict[str, Any]:
    """Read the record of a run.

    Args:
        folder: Folder of the run or of a published record.

    Returns:
        The record; its outputs have been checked against their SHA-256.

    Raises:
        BadInput: if there is no record.
        DamagedFile: if the record or one of its outputs was changed.
    """
    path = folder / RECORD_FILE
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        outputs: dict[str, str] = record["outputs_sha256"]
    except FileNotFoundError:
        raise BadInput(
            f"{shown(path)}: no such record; make it with `sciml run RECIPE --publish`"
        ) from None
    except (ValueError, KeyError):
        raise DamagedFile(f"{shown(path)}: not a record; make it again with `sciml run`") from None
    for name, expected in outputs.items():
        if not (folder / name).is_file() or sha256_of(folder / name) != expected:
            raise DamagedFile(
                f"{shown(folder / name)}: missing or changed since {RECORD_FILE} was written; "
                "take both from the repository again, or run the recipe anew."
            )
    return record


def changed_sources(record: Mapping[str, Any]) -> list[str]:
    """The user's files that a run read and that are other files by now.

    A record names a file as the settings do, or by its last part. It is looked for in the working
    folder first and then in the project, as recipes name files; one that is nowhere counts as
    unchanged, as do datasets, whose checksums their cards hold.

    Args:
        record: As :func:`read_record` gives it.

    Returns:
        The names of the changed files, as the record has them.
    """
    texts, datasets = set(_texts(record["recipe"])), set(card_names())
    return [
        name
        for name, expected in record["data_sha256"].items()
        if name not in datasets
        and (found := _files_named(name, texts))
        and expected not in map(sha256_of, found)
    ]


def _texts(settings: Any) -> Iterator[str]:
    """Every text among nested settings."""
    if isinstance(settings, str):
        yield settings
    elif isinstance(settings, Mapping | list):
        inner = settings.values() if isinstance(settings, Mapping) else settings
        for one in inner:
            yield from _texts(one)


def _files_named(name: str, texts: Collection[str]) -> list[Path]:
    """The files that settings mean by a name: the name itself, or paths that end with it."""
    written = [name] if name in texts else [text for text in texts if Path(text).name == name]
    found: list[Path] = []
    for text in written:
        found += [path for path in places_of(text) if path.is_file()][:1]
    return found


def surroundings() -> dict[str, Any]:
    """The code, versions, processor and process settings that a result depends on."""
    lock = project_root() / _LOCK
    return {
        "sciml": __version__,
        "code": _code_version(),
        "lock_sha256": sha256_of(lock) if lock.is_file() else None,
        "python": platform.python_version(),
        "packages": {name: importlib.metadata.version(name) for name in _PACKAGES},
        "processor": _processor(),
        "cores": os.cpu_count(),
        "runtime": runtime.report(),
    }


def _code_version() -> str:
    """The commit, with a mark when code or settings differ from it; unknown outside a checkout."""
    commit = _git("rev-parse", "--short=10", "HEAD")
    if commit is None:
        return "unknown"
    changed = _git("status", "--porcelain", "--", *_CODE)
    return f"{commit}-changed" if changed else commit


def _git(*arguments: str) -> str | None:
    """What git prints about the project, or None where there is no git or no checkout."""
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=project_root(),
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _processor() -> str:
    """The name of the processor, where the system tells it."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
