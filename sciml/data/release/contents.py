"""What is inside of a data file: its variables, columns or members, and how to open it."""

# Not strict: netCDF variables and JSON are typed as unknown.
# pyright: standard
import csv
import gzip
import json
import lzma
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import netCDF4

from sciml.core.errors import DamagedFile
from sciml.data.netcdf import unreadable

TEXT, WHOLE, REAL, TRUTH = "text", "whole number", "number", "truth value"
NESTED = "nested lists"  # or objects, or values of several kinds

_PACKED_TYPES = {".gz": "application/gzip", ".xz": "application/x-xz"}
_STORED_KINDS = {"i": WHOLE, "u": WHOLE, "f": REAL, "b": TRUTH}  # of NumPy; others are text
_COLUMN_KINDS = {"S": TEXT, "R": REAL, "I": WHOLE, "L": TRUTH}  # of extended XYZ
_ITEM = re.compile(r'([^\s=]+)=("[^"]*"|\S+)')  # of the second line of a frame


class Field(NamedTuple):
    """A variable, a column or a member of records."""

    name: str
    kind: str  # such as TEXT
    meaning: str = ""
    unit: str = ""
    axes: tuple[str, ...] = ()
    many: bool = False  # whether one record has several values of it


class Contents(NamedTuple):
    """What is inside of a data file."""

    media_types: tuple[str, ...]  # the packing last, where there is one
    records: str  # what the file consists of: variables, rows, records, frames
    fields: tuple[Field, ...]
    opening: tuple[str, ...]  # lines of Python
    by_name: bool  # whether programs can take fields out by their name alone: tables, JSON


class _Format(NamedTuple):
    """A format by the ending of its files."""

    media_type: str
    records: str
    fields: Callable[[Path], Iterable[Field]]
    opening: tuple[str, ...]
    by_name: bool = False


def contents(path: Path) -> Contents:
    """What is inside of a data file.

    Args:
        path: netCDF, or lines of JSON, CSV, extended XYZ or FASTA, which may be packed; of any
            other file no fields are known.

    Returns:
        Media types, fields and how to open it.

    Raises:
        DamagedFile: if it is not what its name says.
    """
    packing = path.suffix if path.suffix in _PACKED_TYPES else ""
    media = (_PACKED_TYPES[packing],) if packing else ()
    form = _FORMATS.get(Path(path.name.removesuffix(packing)).suffix)
    if form is None:
        return Contents(media or ("application/octet-stream",), "", (), (), False)
    module = {"": "", ".gz": "gzip", ".xz": "lzma"}[packing]
    words = {
        "file": path.name,
        "module": f"{module}, " if module else "",
        "open": f'{module}{"." if module else ""}open("{path.name}", "rt", encoding="utf-8")',
    }
    opening = tuple(line.format(**words) for line in form.opening)
    fields = tuple(form.fields(path))
    return Contents((form.media_type, *media), form.records, fields, opening, form.by_name)


def _variables(path: Path) -> list[Field]:
    """The variables of a netCDF file, those of inner groups with their path."""
    try:
        with netCDF4.Dataset(path) as file:
            return [_variable(one) for one in variables_of(file)]
    except (OSError, RuntimeError) as error:  # the netCDF library uses both
        raise unreadable(path, error) from error


def variables_of(group: Any) -> Iterator[Any]:
    """All variables of an open netCDF file or group, those of inner groups last."""
    yield from group.variables.values()
    for inner in group.groups.values():
        yield from variables_of(inner)


def path_in_file(variable: Any) -> str:
    """The name of a netCDF variable, with its group if that is an inner one."""
    return f"{variable.group().path}/{variable.name}".lstrip("/")


def _variable(variable: Any) -> Field:
    """A netCDF variable."""
    kind = getattr(variable.dtype, "kind", "U")  # text of any length has Python's type
    packed = {"scale_factor", "add_offset"} & set(variable.ncattrs())
    return Field(
        path_in_file(variable),
        REAL if packed else _STORED_KINDS.get(kind, TEXT),
        str(getattr(variable, "long_name", getattr(variable, "standard_name", ""))),
        str(getattr(variable, "units", "")),
        tuple(variable.dimensions),
        many=bool(variable.dimensions),
    )


def _lines(path: Path) -> Iterator[str]:
    """The lines of a text file, unpacked."""
    opener: Any = {".gz": gzip.open, ".xz": lzma.open}.get(path.suffix, open)
    try:
        # Tables that Excel wrote begin with a mark of their encoding, which is no name.
        with opener(path, "rt", encoding="utf-8-sig", newline="") as lines:
            yield from lines
    except (OSError, EOFError, lzma.LZMAError, zlib.error, UnicodeDecodeError) as error:
        raise DamagedFile(
            f"{path}: cannot be read as text ({error}). It is damaged or was cut off; fetch or "
            "build it again."
        ) from error


def _members(path: Path) -> list[Field]:
    """The members of all records of lines of JSON."""
    seen: dict[str, set[tuple[str, bool]]] = {}
    for number, line in enumerate(_lines(path), 1):
        try:
            record = json.loads(line)
        except ValueError as error:
            raise _no_record(path, number, "a line of JSON", str(error)) from None
        if not isinstance(record, dict):
            raise _no_record(path, number, "an object of JSON", type(record).__name__)
        for name, value in record.items():
            seen.setdefault(name, set()).update(_json_kinds(value))
    return [_joined(name, kinds) for name, kinds in seen.items()]


def _json_kinds(value: Any) -> Iterator[tuple[str, bool]]:
    """What kind a value of JSON is, and whether it is one of several; nothing for null."""
    if isinstance(value, list):
        yield from {(kind if not many else NESTED, True) for v in value for kind, many in _one(v)}
    else:
        yield from _one(value)


def _one(value: Any) -> Iterator[tuple[str, bool]]:
    """The kind of a value of JSON that stands alone or in a list."""
    kinds = {bool: TRUTH, int: WHOLE, float: REAL, str: TEXT}
    if value is not None:
        yield kinds.get(type(value), NESTED), isinstance(value, list)


def _joined(name: str, kinds: set[tuple[str, bool]]) -> Field:
    """A field of the kind that covers all kinds that were seen."""
    names = {kind for kind, _ in kinds}
    several = REAL if names == {WHOLE, REAL} else NESTED
    kind = several if len(names) > 1 else next(iter(names), TEXT)  # text where all is empty
    return Field(name, kind, many=any(many for _, many in kinds))


def _columns(path: Path) -> list[Field]:
    """The columns of a table in CSV; numbers are what all cells can be read as."""
    rows = csv.reader(_lines(path))
    try:
        return _columns_of(path, rows)
    except csv.Error as error:  # such as a cell of more than 131072 characters
        raise _no_record(path, rows.line_num, "a row of a table", str(error)) from None


def _columns_of(path: Path, rows: Any) -> list[Field]:
    """The same of rows that a reader has begun."""
    head = next(rows, [])
    seen: list[set[tuple[str, bool]]] = [set() for _ in head]
    for row in filter(None, rows):  # an empty line is no row
        if len(row) != len(head):
            expected = f"{len(head)} cells as in the first line"
            raise _no_record(path, rows.line_num, expected, str(len(row)))
        for kinds, cell in zip(seen, row, strict=True):
            if cell:
                kinds.add((_cell_kind(cell), False))
    return [_text_if_mixed(_joined(*column)) for column in zip(head, seen, strict=True)]


def _cell_kind(cell: str) -> str:
    """What a cell of a table can be read as."""
    for kind, convert in ((WHOLE, int), (REAL, float)):
        try:
            convert(cell)
        except ValueError:
            continue
        return kind
    return TEXT


def _frame_items(path: Path) -> list[Field]:
    """What frames of extended XYZ say of themselves, and the columns of their atoms."""
    seen: dict[str, set[tuple[str, bool]]] = {}
    columns: dict[str, Field] = {}
    for head in _heads(path):
        for name, value in _ITEM.findall(head):
            if name == "Properties":
                columns |= {one.name: one for one in _atom_columns(value)}
            else:
                words = value.strip('"').split()
                seen.setdefault(name, set()).update(_words_kinds(words))
    frames = [_joined(name, kinds) for name, kinds in seen.items()]
    return [*map(_text_if_mixed, frames), *columns.values()]


def _text_if_mixed(field: Field) -> Field:
    """Words that are numbers in some places only are text: nothing nests in these formats."""
    return field._replace(kind=TEXT, many=False) if field.kind == NESTED else field


def _words_kinds(words: list[str]) -> set[tuple[str, bool]]:
    """What the words of a value are; those that are no numbers are one text."""
    kinds = {_cell_kind(word) for word in words}
    if TEXT in kinds:
        return {(TRUTH, len(words) > 1)} if set(words) <= {"T", "F"} else {(TEXT, False)}
    return {(kind, len(words) > 1) for kind in kinds}


def _heads(path: Path) -> Iterator[str]:
    """The second line of each frame of extended XYZ."""
    lines = enumerate(_lines(path), 1)
    for number, line in lines:
        if not line.strip():
            continue
        try:
            atoms = int(line)
        except ValueError:
            raise _no_record(path, number, "a number of atoms", line.strip()[:40]) from None
        yield next(lines, (0, ""))[1]
        for _ in range(atoms):
            next(lines, None)


def _atom_columns(properties: str) -> Iterator[Field]:
    """The columns that ``Properties=species:S:1:pos:R:3`` names."""
    words = properties.strip('"').split(":")
    for name, kind, count in zip(words[::3], words[1::3], words[2::3], strict=False):
        axes = ("atom",) if count == "1" else ("atom", count)
        yield Field(name, _COLUMN_KINDS.get(kind, TEXT), axes=axes, many=True)


def _proteins(path: Path) -> list[Field]:
    """What each entry of FASTA is."""
    for number, line in enumerate(_lines(path), 1):
        if number == 1 and not line.startswith(">"):
            raise _no_record(path, 1, "a header that begins with >", line.strip()[:40])
    return [Field("header", TEXT), Field("sequence", TEXT)]


def _no_record(path: Path, line: int, expected: str, came: str) -> DamagedFile:
    """The error for a line that is not what the format asks for."""
    return DamagedFile(
        f"{path}:{line}: expected {expected}, got {came}; mend the file, or name it for its format"
    )


_XYZ = _Format(
    "chemical/x-xyz",
    "frames",
    _frame_items,
    (
        "import ase.io",
        'frames = ase.io.read("{file}", index=":", format="extxyz")',
        "print(len(frames), frames[0])",
    ),
)
_FORMATS = {
    ".nc": _Format(
        "application/x-netcdf",
        "variables",
        _variables,
        ("import xarray as xr", 'dataset = xr.open_dataset("{file}")', "print(dataset)"),
    ),
    ".jsonl": _Format(
        "application/jsonlines",
        "records",
        _members,
        ("import {module}json", "lines = {open}", "records = [json.loads(line) for line in lines]"),
        by_name=True,
    ),
    ".csv": _Format(
        "text/csv",
        "rows",
        _columns,
        ("import pandas as pd", 'table = pd.read_csv("{file}")', "print(table)"),
        by_name=True,
    ),
    ".extxyz": _XYZ,
    ".xyz": _XYZ,
    ".fasta": _Format(
        "text/x-fasta",
        "proteins",
        _proteins,
        (
            "import {module}Bio.SeqIO",
            "lines = {open}",
            'proteins = list(Bio.SeqIO.parse(lines, "fasta"))',
        ),
    ),
}
