"""A potential as one file that describes itself: safetensors with a JSON header.

Whoever has the file needs nothing else: the header says in formulas how energies follow from the
arrays, among which are the coupling lists and a table of the radial functions. ``reference``
evaluates a potential in that way alone. Nothing in a file can run code.
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
from sciml.materials.ace.couplings import Couplings, couplings
from sciml.materials.ace.description import COUPLING_ARRAYS, description, tables
from sciml.materials.ace.grade import Grade
from sciml.materials.ace.harmonics import COMPONENTS
from sciml.materials.ace.invariants import invariants
from sciml.materials.ace.model import AcePotential, AceSettings, Weights

FORMAT, VERSION = "sciml-ace", 2

_DIGEST = (
    "over name, shape as Python writes it and little-endian float64 numbers of each array, in the "
    "order of their names, and then over this text with an empty sha256"
)
_BINDING = ("cutoff", "elements", "symbols", "core")  # what must be as the settings have it
_TOLERANCE = 1e-9  # of tables that two machines computed
_GRADE = {f"grade_{name}" for name in Grade._fields}
_COUPLINGS = {f"coupling_{name}" for name in COUPLING_ARRAYS}
_ARRAYS = {*Weights._fields, *_COUPLINGS, "radial_values", "radial_slopes"}

Arrays = dict[str, NDArray[Any]]


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
    arrays = _arrays(potential)
    header = {
        "format": FORMAT,
        "version": VERSION,
        **description(potential.settings, potential.elements),
        "about": dict(about),
        "sha256_is": _DIGEST,
        "sha256": "",
    }
    digest = _digest(arrays, _text(header))
    metadata = {FORMAT: _text(header | {"sha256": digest})}
    write_with(path, lambda part: save_file(arrays, part, metadata=metadata))
    return path


def load_potential(path: Path) -> AcePotential:
    """Read a potential.

    Args:
        path: A file that :func:`save_potential` wrote.

    Returns:
        The potential.

    Raises:
        BadInput: if there is no such file, it is something else, or of another format version.
        DamagedFile: if it is cut short, its numbers are not those that were written, or they
            contradict each other.
    """
    text, arrays = _read(path)
    header = _header(path, text)
    _require_whole(path, text, header, arrays)
    found = _potential(path, header, arrays)
    _require_agreement(path, found, header, arrays)
    return found


def _arrays(potential: AcePotential) -> Arrays:
    """All arrays by name; lists of whole numbers as such."""
    grade = potential.grade._asdict() if potential.grade else {}
    named = potential.weights._asdict() | tables(potential.settings)
    named |= {f"grade_{name}": array for name, array in grade.items()}
    types = {name: np.int32 if array.dtype.kind == "i" else "<f8" for name, array in named.items()}
    return {name: np.ascontiguousarray(array, types[name]) for name, array in named.items()}


def _text(header: Mapping[str, Any]) -> str:
    return json.dumps(header, sort_keys=True)


def _digest(arrays: Arrays, text: str) -> str:
    """sha256 over names, shapes and numbers, and the header's text."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(f"{name} {arrays[name].shape} ".encode())
        digest.update(np.ascontiguousarray(arrays[name], dtype="<f8").tobytes())
    digest.update(text.encode())
    return digest.hexdigest()


def _read(path: Path) -> tuple[str, Arrays]:
    """The header's text and the arrays of a file."""
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
    if FORMAT not in metadata:
        raise BadInput(f"{shown(path)}: is not a potential of sciml; name another file.")
    return metadata[FORMAT], arrays


def _header(path: Path, text: str) -> dict[str, Any]:
    """The header, if it is of this version."""
    try:
        header = json.loads(text)
        version = int(header["version"])
    except (ValueError, TypeError, KeyError) as error:
        raise DamagedFile(
            f"{shown(path)}: its header is not whole ({error}); copy it again."
        ) from None
    if version != VERSION:
        step = "update sciml" if version > VERSION else "train the potential again"
        raise BadInput(
            f"{shown(path)}: is of format version {version}, this sciml reads {VERSION}; {step}."
        )
    return header


def _require_whole(path: Path, text: str, header: dict[str, Any], arrays: Arrays) -> None:
    """Refuse a file that has not all arrays, or other numbers than were written."""
    given = set(arrays)
    if given not in (_ARRAYS, _ARRAYS | _GRADE):
        odd = sorted(given ^ (_ARRAYS | (given & _GRADE and _GRADE)))
        raise DamagedFile(
            f"{shown(path)}: of its arrays, {odd} are missing or unknown; train or copy it again."
        )
    digest = str(header.get("sha256"))
    if _digest(arrays, text.replace(digest, "")) != digest:
        raise DamagedFile(
            f"{shown(path)}: its numbers do not have the sha256 of its header; copy it again."
        )


def _potential(path: Path, header: dict[str, Any], arrays: Arrays) -> AcePotential:
    """The potential, if its weights fit its settings."""
    weights = Weights(**{name: arrays[name] for name in Weights._fields})
    graded = set(arrays) >= _GRADE
    grade = Grade(**{name: arrays[f"grade_{name}"] for name in Grade._fields}) if graded else None
    try:
        settings = AceSettings.model_validate(header["settings"])
        elements = tuple(int(number) for number in header["elements"])
        return AcePotential(settings, elements, weights, grade)
    except (ValueError, TypeError, KeyError) as error:
        raise DamagedFile(
            f"{shown(path)}: its settings do not fit ({error}); train it again."
        ) from None


def _require_agreement(
    path: Path, found: AcePotential, header: dict[str, Any], arrays: Arrays
) -> None:
    """Refuse a file that would mean something else to a reader of its tables."""
    expected, own = description(found.settings, found.elements), tables(found.settings)
    wrong = [name for name in _BINDING if header.get(name) != expected[name]]
    wrong += [
        name
        for name in ("radial_values", "radial_slopes")
        if arrays[name].shape != own[name].shape
        or not np.allclose(
            arrays[name], own[name], rtol=0, atol=_TOLERANCE * np.abs(own[name]).max()
        )
    ]
    if not _same_invariants(couplings(found.settings.couplings), arrays):
        wrong.append("coupling lists")
    if wrong:
        raise DamagedFile(
            f"{shown(path)}: its {', '.join(wrong)} contradict its settings; it was changed, or "
            "written by a sciml with other tables: train the potential again."
        )


def _same_invariants(own: Couplings, arrays: Arrays) -> bool:
    """Whether the lists of a file give the invariants that ours give."""
    given = {name: arrays[f"coupling_{name}"] for name in COUPLING_ARRAYS}
    left, right, node, invariant = (given[name] for name in COUPLING_ARRAYS[:4])
    fit = (
        all(array.ndim == 1 for array in given.values())
        and len(left) == len(right)
        and len(node) == len(invariant) == len(given["coefficient"])
        and all(
            np.all((side >= 0) & (side < COMPONENTS + np.arange(len(left))))
            for side in (left, right)
        )
        and np.all((node >= 0) & (node < COMPONENTS + len(left)))
        and np.all((invariant >= 0) & (invariant < own.invariants))
    )
    if not fit:
        return False
    theirs = own._replace(
        **{name: array.astype(getattr(own, name).dtype) for name, array in given.items()}
    )
    channels = np.random.default_rng(0).normal(size=(3, COMPONENTS, 2))
    return np.allclose(invariants(theirs, channels), invariants(own, channels), rtol=_TOLERANCE)
