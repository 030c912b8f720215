"""Structures in extended XYZ files, read strictly.

Energies are totals in eV, forces in eV/Å, stresses in eV/Å³ and positive in tension; a stress is
written as nine numbers, so that no order of six components can be mistaken.
"""

import gzip
import io
import zlib
from collections.abc import Collection, Iterable
from pathlib import Path

import numpy as np

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput, DamagedFile
from sciml.core.paths import shown
from sciml.core.writing import write_bytes
from sciml.materials.structures import Structure, from_atoms, to_atoms

LABELS = ("energy", "forces", "stress")


def read_structures(path: Path, needs: Collection[str] = ()) -> list[Structure]:
    """Read all frames of a file.

    Args:
        path: The file, ending in ``.xyz`` or ``.extxyz``, with or without ``.gz``.
        needs: Labels that every frame must have, of ``energy``, ``forces`` and ``stress``.

    Returns:
        One structure a frame. ``about`` has what the comment line says beside the labels, the
        ``source`` of the frame, and ``group`` if it says ``group`` or ``config_type``.

    Raises:
        BadInput: if the file is missing, empty, not extended XYZ, or a frame lacks a label that
            is needed or has one that is not finite.
        DamagedFile: if a compressed file is cut short.
    """
    unknown = sorted(set(needs) - set(LABELS))
    if unknown:
        raise BadInput(f"read_structures: {unknown[0]} is not a label; there are {LABELS}.")
    return list(_checked(path, _text(path), needs))


def write_structures(path: Path, structures: Iterable[Structure]) -> Path:
    """Write structures with their labels; the same structures give the same bytes.

    Args:
        path: The file; it is compressed if it ends in ``.gz``.
        structures: At least one.

    Returns:
        The file.

    Raises:
        BadInput: if there is no structure.
        WriteFailed: if the disk is full; the old file is kept.
    """
    from ase.io.extxyz import write_extxyz

    frames = [to_atoms(one) for one in structures]
    if not frames:
        raise BadInput(f"{shown(path)}: no structures were given; nothing was written.")
    text = io.StringIO()
    write_extxyz(text, frames)
    content = text.getvalue().encode()
    # A time in the header would make two files of the same structures differ.
    write_bytes(path, gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
    return path


def _text(path: Path) -> str:
    """The content of a file, unpacked."""
    if not path.is_file():
        raise BadInput(f"{shown(path)}: no such file; look at the name.")
    try:
        content = path.read_bytes()
        return (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DamagedFile(
            f"{shown(path)}: not a whole gzip file ({error}); copy it again."
        ) from None
    except UnicodeDecodeError:
        raise BadInput(f"{shown(path)}: is not text, so not extended XYZ.") from None


def _checked(path: Path, text: str, needs: Collection[str]) -> Iterable[Structure]:
    """The frames of a text, each with its source."""
    from ase.io import iread
    from ase.io.extxyz import XYZError

    number = 0
    try:
        frames = iread(io.StringIO(text), ":", format="extxyz")
        for number, atoms in enumerate(frames, start=1):
            source = f"{path.name} frame {number}"
            group = atoms.info.get("group", atoms.info.get("config_type"))
            named = {} if group is None else {"group": str(group)}
            structure = from_atoms(atoms, {"source": source, **named})
            _require_labels(structure, needs)
            yield structure
    except (XYZError, ValueError, IndexError, KeyError) as error:
        if isinstance(error, BadInput):
            raise
        raise BadInput(
            f"{shown(path)}: frame {number + 1} is not extended XYZ ({error}); mend it."
        ) from None
    if number == 0:
        raise BadInput(f"{shown(path)}: has no frames; look at the file.")


def _require_labels(structure: Structure, needs: Collection[str]) -> None:
    for label in LABELS:
        value: FloatArray | float | None = getattr(structure, label)
        if value is None and label in needs:
            raise BadInput(
                f"{structure.name}: has no {label}; the comment line must say {label}=..., or "
                "leave the frame out."
            )
        if value is not None and not np.isfinite(value).all():
            raise BadInput(f"{structure.name}: its {label} is not finite; leave the frame out.")
