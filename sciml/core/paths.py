"""Where the project's folders are."""

import os
from pathlib import Path

from sciml.core.errors import BadInput

_MARKS = ("datasets", "notebooks", "recipes")


def project_root() -> Path:
    """The folder that holds ``notebooks/``, ``recipes/`` and ``datasets/``.

    Returns:
        ``$SCIML_HOME`` when it is set, else the first folder above the working folder that has
        the three, else the folder that the package was installed from.

    Raises:
        BadInput: if none of them has the three folders.
    """
    chosen = os.environ.get("SCIML_HOME")
    if chosen:
        root = Path(chosen).expanduser().resolve()
        if not _is_project(root):
            raise BadInput(f"SCIML_HOME: expected a sciml checkout, got {root}")
        return root
    here = Path.cwd()
    candidates = [here, *here.parents, Path(__file__).resolve().parents[2]]
    for folder in candidates:
        if _is_project(folder):
            return folder
    raise BadInput(
        "no sciml checkout found above the working folder; run inside one or point SCIML_HOME at it"
    )


def cache_folder() -> Path:
    """Where downloaded and built data are kept: ``$SCIML_CACHE``, else the user's cache folder."""
    chosen = os.environ.get("SCIML_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "sciml"


def shown(path: Path) -> str:
    """A path as the user would type it: relative to the project where it lies inside."""
    try:
        return str(path.resolve().relative_to(project_root()))
    except (ValueError, BadInput):
        return str(path)


def _is_project(folder: Path) -> bool:
    """Whether a folder looks like a sciml checkout."""
    return all((folder / mark).is_dir() for mark in _MARKS) and (folder / "sciml").is_dir()
