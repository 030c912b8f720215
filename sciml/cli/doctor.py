"""`sciml doctor`: what is right with this installation, what is wrong, and what to do."""

import importlib.util
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from sciml.core import runtime
from sciml.core.environment import LOCK, drift
from sciml.core.errors import SciMLError
from sciml.core.paths import cache_folder, project_root

RIGHT, NOTE, WRONG = "right", "note", "wrong"

_PADDLE_CHECK = """
import time; start = time.process_time()
import sciml, paddle
a = paddle.ones([64, 64]); value = (a @ a).sum().item()
assert value == 64**3, value
print(paddle.__version__, f"{time.process_time() - start:.1f}")
"""


class Finding(NamedTuple):
    """One thing that was looked at."""

    what: str
    state: str  # right, note or wrong
    detail: str


def examine() -> list[Finding]:
    """Look at everything that the project needs.

    Returns:
        A finding for each; one that is wrong says what to do.
    """
    checks: dict[str, Callable[[], tuple[str, str]]] = {
        "Python": _python,
        "project": _project,
        "lock": _lock,
        "Paddle": _paddle,
        "PaddleScience": _ppsci,
        "notebook kernel": _kernel,
        "compiler": _compiler,
        "LAMMPS": _lammps,
        "disk": _disk,
        "datasets": _datasets,
    }
    findings = [Finding(what, *_looked(check)) for what, check in checks.items()]
    settings = [Finding(f"setting {k}", RIGHT, v) for k, v in runtime.report().items()]
    return [*findings, *settings]


def _looked(check: Callable[[], tuple[str, str]]) -> tuple[str, str]:
    """The outcome of a check; one that fails is wrong."""
    try:
        return check()
    except (SciMLError, OSError, subprocess.SubprocessError) as error:
        return WRONG, " ".join(str(error).split())


def _python() -> tuple[str, str]:
    version = platform.python_version()
    if (3, 11) <= sys.version_info < (3, 13):
        return RIGHT, version
    return (
        WRONG,
        f"{version}; 3.11 or 3.12 is needed: make clean, then make setup PYTHON=python3.11",
    )


def _project() -> tuple[str, str]:
    return RIGHT, str(project_root())


def _lock() -> tuple[str, str]:
    drifts = drift(project_root() / LOCK)
    if not drifts:
        return RIGHT, "installed versions are the locked ones"
    shown = ", ".join(
        f"{d.name} {d.installed or 'missing'} (locked {d.locked})" for d in drifts[:4]
    )
    return WRONG, f"{len(drifts)} differ: {shown}; run `make setup`"


def _paddle() -> tuple[str, str]:
    done = subprocess.run(
        [sys.executable, "-c", _PADDLE_CHECK], capture_output=True, text=True, timeout=120
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        return WRONG, f"does not work: {last}; run `make clean setup`"
    version, seconds = done.stdout.split()
    return RIGHT, f"{version}, imports and multiplies in {seconds} s of CPU time"


def _ppsci() -> tuple[str, str]:
    if importlib.util.find_spec("ppsci") is None:
        return WRONG, "not installed; run `make setup`"
    return RIGHT, "installed; imported only when it is used"


def _kernel() -> tuple[str, str]:
    if importlib.util.find_spec("ipykernel") is None:
        return WRONG, "ipykernel is not installed; run `make setup`"
    return RIGHT, "python3, of this environment"


def _compiler() -> tuple[str, str]:
    found = shutil.which("g++") or shutil.which("clang++")
    if found:
        return RIGHT, Path(found).name
    return NOTE, "no C++ compiler; `pair_style sciml` of LAMMPS needs one"


def _lammps() -> tuple[str, str]:
    from sciml.materials.lammps.build import built_folder, library_file

    try:
        file = library_file()
    except SciMLError as error:
        return NOTE, str(error)
    if built_folder():
        return RIGHT, f"pair_style sciml in {file.parent}"
    return NOTE, "pair_style sciml is compiled at its first use, or by `sciml lammps build`"


def _disk() -> tuple[str, str]:
    folder = cache_folder()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free / 1e9
    state = RIGHT if free > 1 else WRONG
    return state, f"{free:.0f} GB free for the cache {cache_folder()}"


def _datasets() -> tuple[str, str]:
    from sciml.cli.data import list_datasets

    started = time.perf_counter()
    rows = list_datasets()
    missing = [row["name"] for row in rows if str(row["where"]).startswith("not here")]
    if missing:
        return NOTE, f"not on this machine: {', '.join(missing)}; `sciml data get NAME` gets one"
    return RIGHT, f"all {len(rows)} found and checked in {time.perf_counter() - started:.1f} s"
