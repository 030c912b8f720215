"""Case folders: the templates filled with settings, and the check that a folder still is one."""

import json
from importlib import resources
from pathlib import Path
from string import Template

from sciml.core.errors import BadInput
from sciml.core.locks import LOCK_FILE
from sciml.core.settings import Document, validated
from sciml.core.writing import write_json, write_text
from sciml.hydro.openfoam.mesh import mesh_entries
from sciml.hydro.openfoam.settings import CavitationCase

__all__ = ["case_files", "read_settings", "write_case"]

SETTINGS_FILE = "sciml-case.json"
CONTROL = "system/controlDict"

_TEMPLATES = (
    *("0/U", "0/alpha.water", "0/p_rgh"),
    *("constant/g", "constant/transportProperties", "constant/turbulenceProperties"),
    *("system/blockMeshDict", CONTROL, "system/fvSchemes", "system/fvSolution"),
)
_FIRST_STEP = 1e-4  # D_n / U; the solver adapts it at once


def case_files(settings: CavitationCase) -> dict[str, str]:
    """The dictionaries of a case.

    Args:
        settings: What to simulate.

    Returns:
        Text by the path in the case folder.
    """
    numbers = settings.model_dump() | {
        "ambient_pressure": settings.ambient_pressure,
        "end_time": settings.end_time,
        "write_interval": settings.write_interval,
        "first_step": _FIRST_STEP * settings.transit,
    }
    words = {name: f"{value:.12g}" for name, value in numbers.items()}
    words |= mesh_entries(settings.radius, settings.refinement)
    folder = resources.files("sciml.hydro.openfoam") / "templates"
    return {
        path: Template((folder / path).read_text(encoding="utf-8")).substitute(words)
        for path in _TEMPLATES
    }


def write_case(settings: CavitationCase, folder: Path) -> None:
    """Write a case, or make sure that the folder already holds it.

    A longer duration may be given to a case that is there; everything else must be the same,
    or its history would be one of two different flows.

    Args:
        settings: What to simulate.
        folder: The case folder; it is made.

    Raises:
        BadInput: if the folder holds another case, or one whose dictionaries were edited.
        WriteFailed: if it cannot be written.
    """
    if (folder / SETTINGS_FILE).exists():
        _require_same(settings, folder)
    elif folder.is_dir() and any(path.name != LOCK_FILE for path in folder.iterdir()):
        raise BadInput(f"{folder}: not empty, and no case of ours; choose a new folder")
    for path, text in case_files(settings).items():
        write_text(folder / path, text)
    write_json(folder / SETTINGS_FILE, settings.model_dump())


def read_settings(folder: Path) -> CavitationCase:
    """The settings that a case folder was written with.

    Args:
        folder: From :func:`write_case`.

    Returns:
        The settings.

    Raises:
        BadInput: if there is no case, or its settings file is not readable or has bad values.
    """
    path = folder / SETTINGS_FILE
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInput(
            f"{folder}: no {SETTINGS_FILE}, so no case; make one with write_case"
        ) from None
    except ValueError as error:
        raise BadInput(
            f"{path}: not readable ({error}); write the case into a new folder"
        ) from None
    return validated(CavitationCase, Document(str(path), values, {}))


def _require_same(settings: CavitationCase, folder: Path) -> None:
    """Refuse to mix two cases in a folder."""
    there = read_settings(folder)
    old, new = there.model_dump(), settings.model_dump()
    other = [
        f"{name} {old[name]:g} there, {new[name]:g} asked"
        for name in old
        if old[name] != new[name] and not (name == "duration" and new[name] > old[name])
    ]
    if other:
        raise BadInput(
            f"{folder}: holds another case ({'; '.join(other)}). Choose a new folder, or keep its "
            "settings; only a longer duration continues it."
        )
    for path, text in case_files(there).items():
        if not (folder / path).is_file() or (folder / path).read_text(encoding="utf-8") != text:
            raise BadInput(
                f"{folder / path}: not as write_case left it, so what follows would be another "
                "flow. Undo the change, or write the case into a new folder."
            )
