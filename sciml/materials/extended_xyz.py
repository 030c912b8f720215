"""Structures in extended XYZ files, read strictly.

Energies are totals in eV, forces in eV/Å, stresses in eV/Å³ and positive in tension; a stress is
written as nine numbers, so that no order of six components can be mistaken.
"""

import gzip
import io
import re
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput, DamagedFile
from sciml.core.paths import shown
from sciml.core.writing import write_bytes
from sciml.materials.structures import VOIGT, About, Structure, components, from_atoms, to_atoms

if TYPE_CHECKING:
    from ase import Atoms

LABELS = ("energy", "forces", "stress")
ASYMMETRY = 1e-3  # of a stress, of its largest component: programs print few digits

_RAW = "as_written_"  # before a name that ASE would interpret
_VIRIAL = _RAW + "virial_matrix"
_WORDS = re.compile(
    r"""(?P<empty> (?<!\S) [^\s="']+ \s* = \s* (?:""|''|\{\}|\[\]) (?!\S) )
      | (?P<quoted> "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' )
      | (?P<label> (?<!\S) (?:stress|virial) (?=\s*=) )""",
    re.VERBOSE,
)


class Labels(NamedTuple):
    """Under which names a file has the labels, in eV and Å."""

    energy: str = "energy"  # of all atoms together
    forces: str = "forces"
    stress: str = "stress"  # positive in tension
    virial: str = (
        "virial"  # minus stress times volume; becomes the stress, or is checked against it
    )
    six: str | None = None  # the order of six components, such as "xx yy zz xy yz xz" of VASP


def read_structures(
    path: Path | str,
    needs: Collection[str] = (),
    labels: Labels = Labels(),  # noqa: B008 - it cannot change
) -> list[Structure]:
    """Read all frames of a file.

    Plain XYZ is read too: its frames have no labels, and ``about`` has their ``comment``. Blank
    lines between frames mean nothing.

    Args:
        path: The file, ending in ``.xyz`` or ``.extxyz``, with or without ``.gz``.
        needs: Labels that every frame must have, of ``energy``, ``forces`` and ``stress``.
        labels: What the file calls them, if not so. Other names are never guessed.

    Returns:
        One structure a frame. ``about`` has what the comment line says beside the labels, the
        ``source`` of the frame, and ``group`` if it says ``group`` or ``config_type``.

    Raises:
        BadInput: if the file is missing, empty, not extended XYZ; if a frame has no atoms, an
            unknown element, a position that is not finite or a cell without volume; if it lacks a
            label that is needed, or has one that is not finite, not symmetric, or of six numbers
            whose order was not told; if anything but a frame follows a frame. The file, the frame
            and the remedy are named.
        DamagedFile: if a compressed file is cut short.
    """
    path = Path(path)
    unknown = sorted(set(needs) - set(LABELS))
    if unknown:
        raise BadInput(f"read_structures: {unknown[0]} is not a label; there are {LABELS}.")
    return list(_frames(path, _text(path), needs, labels))


def write_structures(path: Path, structures: Iterable[Structure]) -> Path:
    """Write structures with their labels; the same structures give the same bytes.

    Of ``about`` empty words are left out, for they would swallow what is written after them.

    Args:
        path: The file; it is compressed if it ends in ``.gz``.
        structures: At least one.

    Returns:
        The file.

    Raises:
        BadInput: if there is no structure, or a word told about one has line breaks or tabs.
        WriteFailed: if the disk is full; the old file is kept.
    """
    from ase.io.extxyz import write_extxyz

    frames = [to_atoms(replace(one, about=_writable(one))) for one in structures]
    if not frames:
        raise BadInput(f"{shown(path)}: no structures were given; nothing was written.")
    text = io.StringIO()
    write_extxyz(text, frames)
    content = text.getvalue().encode()
    # A time in the header would make two files of the same structures differ.
    write_bytes(path, gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
    return path


def _writable(structure: Structure) -> About:
    """What is told about a structure, so that it comes back as it is."""
    told = dict(structure.about)
    for key, value in structure.about.items():
        if not isinstance(value, str):
            continue
        if not value.isprintable():
            raise BadInput(
                f"{structure.name}: about[{key!r}] is {value!r}; a comment line cannot hold it, "
                "write it without line breaks and tabs."
            )
        told[key] = value.replace("\\", "\\\\")
    return {key: value for key, value in told.items() if value != ""}


def _text(path: Path) -> str:
    """The content of a file, unpacked."""
    if not path.is_file():
        raise BadInput(f"{shown(path)}: no such file; look at the name.")
    try:
        content = path.read_bytes()
        return (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8-sig")
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DamagedFile(
            f"{shown(path)}: not a whole gzip file ({error}); copy it again."
        ) from None
    except UnicodeDecodeError:
        raise BadInput(f"{shown(path)}: is not text, so not extended XYZ.") from None


def _frames(path: Path, text: str, needs: Collection[str], labels: Labels) -> Iterable[Structure]:
    """The frames of a text, each with its source."""
    comment = _Comment(labels)
    blocks = _blocks(text)
    number = 0
    while True:
        source = f"{path.name} frame {number + 1}"
        with _blamed_on(source):
            block = next(blocks, None)
            if block is None:
                break
            atoms = _atoms(block, comment)
            structure = _structure(atoms, source)
            _require_labels(structure, needs, atoms)
        number += 1
        yield structure
    if number == 0:
        raise BadInput(f"{shown(path)}: has no frames; look at the file.")


def _blocks(text: str) -> Iterator[str]:
    """The lines of each frame. ASE would stop without a word at a blank line between two."""
    lines = text.split("\n")
    place = 0
    while place < len(lines):
        if not lines[place].strip():
            place += 1
            continue
        end = place + 2 + _count(lines[place], place + 1)
        if end > len(lines):
            raise ValueError(f"line {place + 1}: the file ends within its frame")
        while end < len(lines) and lines[end].lstrip().startswith("VEC"):  # lattice vectors
            end += 1
        yield "\n".join(lines[place:end])
        place = end


def _count(line: str, number: int) -> int:
    """The number of atoms that the first line of a frame tells."""
    if not line.strip().isdecimal():
        raise ValueError(f"line {number}: expected the number of atoms, got {line.strip()[:40]!r}")
    if int(line) == 0:
        raise BadInput("it has no atoms; leave it out.")
    return int(line)


def _atoms(block: str, comment: "_Comment") -> "Atoms":
    """The atoms of one frame."""
    from ase.io import read

    found = read(io.StringIO(block), 0, format="extxyz", properties_parser=comment.words)
    return cast("Atoms", found)


@contextmanager
def _blamed_on(source: str) -> Iterator[None]:
    """Name the frame in whatever goes wrong with it."""
    from ase.io.extxyz import XYZError

    try:
        yield
    except KeyError as error:  # how ASE says it
        raise BadInput(
            f"{source}: no element is called {error}; correct the symbol, as in 'Si' or 'C'."
        ) from None
    except BadInput as error:
        told = str(error)
        raise BadInput(told if told.startswith(source) else f"{source}: {told}") from None
    except (XYZError, ValueError, IndexError) as error:
        raise BadInput(f"{source} is not extended XYZ ({error}); mend it.") from None


class _Comment:
    """Reads comment lines so that ASE finds the labels under the names that it knows."""

    def __init__(self, labels: Labels) -> None:
        self.labels = labels

    def words(self, line: str) -> dict[str, Any]:
        """What the comment line of a frame says."""
        from ase.io.extxyz import key_val_str_to_dict

        if "=" not in line:
            return {"comment": line.strip()}
        words = key_val_str_to_dict(_readable(line))
        _require_positions(words)
        self._rename_energy(words)
        self._rename_forces(words)
        stress = self._matrix(words, self.labels.stress)
        virial = self._matrix(words, self.labels.virial)
        for name in ("stress", "virial"):  # those that are not under the name that was told
            words.pop(_RAW + name, None)
        if stress is not None:
            words["stress"] = stress
        if virial is not None:
            words[_VIRIAL] = virial
        return words

    def _rename_energy(self, words: dict[str, Any]) -> None:
        name = self.labels.energy
        if name != "energy":
            words.pop("energy", None)
            if name in words:
                words["energy"] = words.pop(name)

    def _rename_forces(self, words: dict[str, Any]) -> None:
        name, columns = self.labels.forces, str(words.get("Properties", ""))
        if name != "forces":
            columns = re.sub(r"(^|:)forces:", r"\1other_forces:", columns)
            words["Properties"] = re.sub(rf"(^|:){re.escape(name)}:", r"\1forces:", columns)
            if not words["Properties"]:
                del words["Properties"]

    def _matrix(self, words: dict[str, Any], name: str) -> FloatArray | None:
        """A symmetric matrix of nine numbers, or of six in the order that was told."""
        raw = words.pop(_RAW + name, words.pop(name, None))
        if raw is None:
            return None
        values = np.asarray(raw, dtype=np.float64)
        if values.size == 6 and self.labels.six is not None:
            return _from_six(values.ravel(), self.labels.six)
        if values.size != 9:
            raise BadInput(
                f"{name} has {values.size} numbers; write all nine of the matrix, because six are "
                "in another order in each program, or say their order with labels=Labels(six=...), "
                "in a recipe with -o labels.six='xx yy zz xy yz xz' or as it is (data.labels.six "
                "to train)."
            )
        matrix = values.reshape(3, 3)
        if np.abs(matrix - matrix.T).max() > ASYMMETRY * np.abs(matrix).max():
            raise BadInput(f"{name} is not symmetric: {values.ravel()}; look at where it is from.")
        return (matrix + matrix.T) / 2


def _readable(line: str) -> str:
    """A comment line with its stresses under names that ASE leaves alone, and no empty words.

    ASE would refuse six numbers without saying why, and not see that nine are not symmetric. It
    takes what follows an empty word for its value.
    """

    def told(found: re.Match[str]) -> str:
        if found["quoted"]:
            return found["quoted"]
        return "" if found["empty"] else f"{_RAW}{found['label']}"

    return _WORDS.sub(told, line)


def _require_positions(words: Mapping[str, Any]) -> None:
    """Without this column ASE would put all atoms at the origin."""
    columns = words.get("Properties")
    if columns is not None and not re.search(r"(^|:)(pos|positions):[RI]:3(:|$)", str(columns)):
        raise BadInput(f"Properties is {columns!r}; expected it to name the positions, pos:R:3.")


def _from_six(values: FloatArray, order: str) -> FloatArray:
    """A symmetric matrix of its six components in a given order."""
    places = order.split()
    if sorted(places) != sorted(VOIGT):
        raise BadInput(f"Labels.six is {order!r}; expected {' '.join(VOIGT)!r} in some order.")
    matrix = np.zeros((3, 3))
    for place, value in zip(places, values, strict=True):
        i, j = ("xyz".index(letter) for letter in place)
        matrix[i, j] = matrix[j, i] = value
    return matrix


def _structure(atoms: "Atoms", source: str) -> Structure:
    """A frame with its source, its group and the stress that its virial means."""
    virial = atoms.info.pop(_VIRIAL, None)
    group = atoms.info.get("group", atoms.info.get("config_type"))
    named = {} if group is None else {"group": str(group)}
    structure = from_atoms(atoms, {"source": source, **named})
    if virial is None:
        return structure
    if not structure.periodic.all():
        raise BadInput("has a virial, but is not periodic in three directions; leave it out.")
    stress = -components(virial) / structure.volume
    given = structure.stress
    if given is not None and np.abs(given - stress).max() > ASYMMETRY * np.abs(stress).max():
        raise BadInput("its stress is not minus its virial over its volume; keep the right one.")
    return replace(structure, stress=stress)


def _require_labels(structure: Structure, needs: Collection[str], atoms: "Atoms") -> None:
    """Labels that are needed are there, and all are finite."""
    for label in LABELS:
        value: FloatArray | float | None = getattr(structure, label)
        if value is None and label in needs:
            raise BadInput(f"{structure.name}: has no {label}; {_remedy(label, atoms)}")
        if value is not None and not np.isfinite(value).all():
            raise BadInput(f"{structure.name}: its {label} is not finite; leave the frame out.")


def _remedy(label: str, atoms: "Atoms") -> str:
    """What to do about a label that is missing: perhaps it has another name."""
    results = {} if atoms.calc is None else atoms.calc.results
    names = [*atoms.info, *atoms.arrays, *results]
    stem = label.rstrip("s")[:5]
    near = [name for name in names if stem in name.lower() and name not in LABELS]
    near.sort(key=_of_an_atom)
    if near and _of_an_atom(near[0]):
        return f"but it has {near[0]}: multiply with the number of atoms and write it as {label}."
    if near:
        return (
            f"but it has {near[0]}: if that is it, read with labels=Labels({label}='{near[0]}'), "
            f"in a recipe with -o labels.{label}={near[0]} (data.labels.{label} to train)."
        )
    where = "Properties must name" if label == "forces" else "the comment line must say"
    return f"{where} {label}, or leave the frame out."


def _of_an_atom(name: str) -> bool:
    """Whether a label says of itself that it is for one atom."""
    return "peratom" in name.lower().replace("_", "")
