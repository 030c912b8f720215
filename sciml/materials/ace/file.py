"""A potential as one file that describes itself: safetensors with a JSON header.

Whoever has the file needs nothing else: the header says in formulas how energies follow from the
arrays, among which are the coupling lists and a table of the radial functions. ``reference``
evaluates a potential in that way alone. A committee is one file too: what its members learnt has a
first axis that counts them. Nothing in a file can run code.
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
from sciml.materials.ace.heads import Heads, share_a_body
from sciml.materials.ace.invariants import invariants
from sciml.materials.ace.model import AcePotential, AceSettings, Weights
from sciml.materials.committee import Committee

FORMAT, VERSION = "sciml-ace", 3
READABLE = (2, 3)  # in version 2, moments end at l = 3

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


def save_potential(
    path: Path, potential: AcePotential | Committee, about: Mapping[str, Any]
) -> Path:
    """Write a potential.

    Args:
        path: The file, ending in ``.safetensors``.
        potential: What to write; the members of a committee must have the same settings.
        about: What else a reader should know, as JSON has it: data, errors, citation.

    Returns:
        The file.

    Raises:
        BadInput: if the members of a committee differ in settings, elements or having a grade.
        WriteFailed: if the disk is full; the old file is kept.
    """
    members = _members(potential)
    arrays = _arrays(members)
    header = {
        "format": FORMAT,
        "version": VERSION,
        "members": len(members),
        **description(members[0].settings, members[0].elements),
        "about": dict(about),
        "sha256_is": _DIGEST,
        "sha256": "",
    }
    digest = _digest(arrays, _text(header))
    metadata = {FORMAT: _text(header | {"sha256": digest})}
    write_with(path, lambda part: save_file(arrays, part, metadata=metadata))
    return path


def load_potential(path: Path | str) -> AcePotential | Committee:
    """Read a potential.

    Args:
        path: A file that :func:`save_potential` wrote.

    Returns:
        The potential, or the committee; one whose members share a body is evaluated as such.

    Raises:
        BadInput: if there is no such file, it is something else, or of another format version.
        DamagedFile: if it is cut short, its numbers are not those that were written, are not
            finite, or contradict each other.
    """
    path = Path(path)
    text, arrays = _read(path)
    header = _header(path, text)
    _require_whole(path, text, header, arrays)
    _require_finite(path, arrays)
    found = _loaded(path, header, arrays)
    _require_agreement(path, found[0], header, arrays)
    if len(found) == 1:
        return found[0]
    return Heads(found) if share_a_body(found) else Committee(found)


def load_single(path: Path | str) -> AcePotential:
    """Read a potential that must not be a committee; otherwise as :func:`load_potential`."""
    found = load_potential(path)
    if isinstance(found, Committee):
        raise BadInput(
            f"{shown(Path(path))}: is a committee of {len(found.members)}, expected a single "
            "potential; train one with `members: 1`."
        )
    return found


def _members(potential: AcePotential | Committee) -> tuple[AcePotential, ...]:
    """One or more potentials that have all but their numbers in common."""
    given = list(potential.members) if isinstance(potential, Committee) else [potential]
    members = tuple(one for one in given if isinstance(one, AcePotential))
    kinds = {(str(one.settings), one.elements, one.grade is None) for one in members}
    if len(members) < len(given) or len(kinds) > 1:
        raise BadInput(
            "committee: only members with the same settings and elements, all with or all without "
            "a grade, can be saved as one file; save each by itself."
        )
    return members


def _arrays(members: tuple[AcePotential, ...]) -> Arrays:
    """All arrays by name; lists of whole numbers as such."""
    learnt = [_learnt(one) for one in members]
    together = {name: np.stack([each[name] for each in learnt]) for name in learnt[0]}
    named = (learnt[0] if len(members) == 1 else together) | tables(members[0].settings)
    types = {name: np.int32 if array.dtype.kind == "i" else "<f8" for name, array in named.items()}
    return {name: np.ascontiguousarray(array, types[name]) for name, array in named.items()}


def _learnt(potential: AcePotential) -> Arrays:
    """Weights and grade by name."""
    grade = potential.grade._asdict() if potential.grade else {}
    extra = {f"grade_{name}": array for name, array in grade.items()}
    return potential.weights._asdict() | extra


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
    if version not in READABLE:
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


def _require_finite(path: Path, arrays: Arrays) -> None:
    """Refuse numbers that a training which failed has left."""
    wrong = [name for name, array in arrays.items() if not np.isfinite(array).all()]
    if wrong:
        raise DamagedFile(
            f"{shown(path)}: its {', '.join(sorted(wrong))} have numbers that are not finite; look "
            "at the labels, and train it again."
        )


def _loaded(path: Path, header: dict[str, Any], arrays: Arrays) -> tuple[AcePotential, ...]:
    """The members, if their weights fit the settings."""
    learnt = {name: arrays[name] for name in arrays if name in {*Weights._fields, *_GRADE}}
    try:
        count = int(header["members"])
        settings = AceSettings.model_validate(header["settings"])
        elements = tuple(int(number) for number in header["elements"])
        if count == 1:
            return (_member(settings, elements, learnt),)
        if {len(array) for array in learnt.values()} != {count}:
            raise ValueError(f"not all arrays are of {count} members")
        each = [{name: array[k] for name, array in learnt.items()} for k in range(count)]
        return tuple(_member(settings, elements, one) for one in each)
    except (ValueError, TypeError, KeyError) as error:
        raise DamagedFile(
            f"{shown(path)}: its settings do not fit ({error}); train it again."
        ) from None


def _member(settings: AceSettings, elements: tuple[int, ...], learnt: Arrays) -> AcePotential:
    """A potential from its arrays."""
    weights = Weights(**{name: learnt[name] for name in Weights._fields})
    graded = set(learnt) >= _GRADE
    grade = Grade(**{name: learnt[f"grade_{name}"] for name in Grade._fields}) if graded else None
    return AcePotential(settings, elements, weights, grade)


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
    seen = len(own.degree)
    fit = (
        all(array.ndim == 1 for array in given.values())
        and len(left) == len(right)
        and len(node) == len(invariant) == len(given["coefficient"])
        and all(
            np.all((side >= 0) & (side < seen + np.arange(len(left)))) for side in (left, right)
        )
        and np.all((node >= 0) & (node < seen + len(left)))
        and np.all((invariant >= 0) & (invariant < own.invariants))
    )
    if not fit:
        return False
    theirs = own._replace(
        **{name: array.astype(getattr(own, name).dtype) for name, array in given.items()}
    )
    channels = np.random.default_rng(0).normal(size=(3, seen, 2))
    return np.allclose(invariants(theirs, channels), invariants(own, channels), rtol=_TOLERANCE)
