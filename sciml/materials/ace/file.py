"""A potential as one file that describes itself: safetensors with a JSON header.

The header has the format's version, units, elements, all settings and the sha256 of the numbers;
couplings and radial functions follow from the settings by the formulas of this package. Nothing in
it can run code.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from sciml.core.errors import BadInput, DamagedFile
from sciml.core.paths import shown
from sciml.core.writing import write_with
from sciml.materials.ace.grade import Grade
from sciml.materials.ace.model import AcePotential, AceSettings, Weights

FORMAT, VERSION = "sciml-ace", 1
UNITS = {"energy": "eV", "length": "Å", "stress": "eV/Å³, tension positive"}


def save_potential(path: Path, potential: AcePotential, about: Mapping[str, Any]) -> Path:
    """Write a potential.

    Args:
        path: The file, ending in ``.safetensors``.
        potential: What to write.
        about: What else a reader should know, as JSON has it: data, errors, citation.

    Returns:
        The file.

    Raises:
        WriteFailed: if the disk is full; the old file is kept.
    """
    arrays = {
        name: np.ascontiguousarray(array, dtype=np.float64)
        for name, array in _named(potential).items()
    }
    header = {
        "format": FORMAT,
        "version": VERSION,
        "units": UNITS,
        "elements": list(potential.elements),
        "settings": potential.settings.model_dump(mode="json"),
        "sha256": _digest(arrays),
        "about": dict(about),
    }
    metadata = {FORMAT: json.dumps(header, sort_keys=True)}
    write_with(path, lambda part: save_file(arrays, part, metadata=metadata))
    return path


def load_potential(path: Path) -> AcePotential:
    """Read a potential.

    Args:
        path: A file that :func:`save_potential` wrote.

    Returns:
        The potential.

    Raises:
        BadInput: if there is no such file, it is something else, or of a newer format.
        DamagedFile: if it is cut short or its numbers are not those that were written.
    """
    header, arrays = _read(path)
    if header["version"] > VERSION:
        raise BadInput(
            f"{shown(path)}: is of format version {header['version']}, this sciml reads up to "
            f"{VERSION}; update sciml, or save the potential with this version."
        )
    if _digest(arrays) != header["sha256"]:
        raise DamagedFile(
            f"{shown(path)}: its numbers do not have the sha256 of its header; copy it again."
        )
    settings = AceSettings.model_validate(header["settings"])
    grade = [arrays.pop(f"grade_{name}") for name in Grade._fields if f"grade_{name}" in arrays]
    known = Grade(*grade) if grade else None
    return AcePotential(settings, tuple(header["elements"]), Weights(**arrays), known)


def _named(potential: AcePotential) -> dict[str, NDArray[Any]]:
    """All arrays by name."""
    grade = potential.grade._asdict() if potential.grade else {}
    extra = {f"grade_{name}": array for name, array in grade.items()}
    return potential.weights._asdict() | extra


def _read(path: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Header and numbers of a file."""
    if not path.is_file():
        raise BadInput(f"{shown(path)}: no such file; train a potential or name another one.")
    try:
        with safe_open(path, framework="numpy") as content:
            metadata = content.metadata() or {}
            arrays = {name: content.get_tensor(name) for name in content.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise DamagedFile(
            f"{shown(path)}: not a whole safetensors file ({error}); copy it again."
        ) from None
    names = set(Weights._fields)
    graded = names | {f"grade_{name}" for name in Grade._fields}
    if FORMAT not in metadata or set(arrays) not in (names, graded):
        raise BadInput(f"{shown(path)}: is not a potential of sciml; name another file.")
    return json.loads(metadata[FORMAT]), arrays


def _digest(arrays: Mapping[str, NDArray[Any]]) -> str:
    """sha256 over names, shapes and numbers."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(f"{name} {arrays[name].shape} ".encode())
        digest.update(np.ascontiguousarray(arrays[name], dtype="<f8").tobytes())
    return digest.hexdigest()
