"""Files of cells that are separated by commas, semicolons or tabs, with the line of every row.

All cells stay text, so that each can be named when it is wrong.
"""

# Not strict: pandas types what it holds as unknown.
# pyright: standard
import bz2
import csv
import gzip
import io
import itertools
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from sciml.core.axes import BoolArray, FloatArray
from sciml.core.errors import BadInput
from sciml.core.talk import say

Table = Any  # a table of pandas, whose types are known in part only
Column = Any  # of such a table

UNNAMED = "Unnamed"  # begins the name of a column that has none, as pandas calls it
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
_OPENERS: dict[str, Callable[[Path], Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
# A zip file raises RuntimeError if it has a password, NotImplementedError if its method is unknown.
_UNREADABLE = (
    OSError,
    EOFError,
    RuntimeError,
    zlib.error,
    zipfile.BadZipFile,
    lzma.LZMAError,
)
_UTF16 = (b"\xff\xfe", b"\xfe\xff")  # how such files begin
_QUOTED = re.compile(r'"[^"]*"')
_GAPS = ("", "na", "nan", "null", "none", "-")
_NUMBER = re.compile(r"[+-]?\d*[.,]?\d*([eE][+-]?\d+)?")


class StationFile(NamedTuple):
    """The cells of a file as text."""

    path: Path
    cells: Table  # a column for each name of the header; the index holds the line of each row

    def line(self, row: int) -> int:
        """The line on which a row begins, from 1 on."""
        return int(self.cells.index[row])

    def place(self, row: int, column: str) -> str:
        """Where a cell stands, for the beginning of an error."""
        return f"{self.path}:{self.line(row)}: column '{column}'"

    def take(self, where: Any) -> "StationFile":
        """Some of the rows."""
        return self._replace(cells=self.cells[where])


def read_cells(path: Path) -> StationFile:
    """The rows of a file below its header.

    Lines that begin with # before the header are skipped. The separator is the comma, semicolon or
    tab that is most frequent in the header; where it is no comma, numbers may have decimal commas.

    Args:
        path: The file in UTF-8, plain or compressed (gz, bz2, xz, zip).

    Returns:
        Its cells.

    Raises:
        BadInput: if there is no such file, it is no such text, a name of the header stands twice,
            or a row has more or fewer fields than the header.
    """
    if not path.is_file():
        raise BadInput(f"{path}: no such file; expected a CSV file of forecasts and observations")
    stream = io.StringIO(_text(path), newline="")
    skipped, header = _header(stream)
    if not header:
        raise BadInput(f"{path}: no rows below the header: the file is empty; expected a CSV file")
    separator = _separator(header, path, skipped + 1)
    rows = _rows(itertools.chain([header], stream), separator, path, skipped)
    line, first = next(rows)
    names = _names(first, path, line)
    lines, cells = [], []
    for line, row in rows:
        cells.append(_fitting(row, names, path, line))
        lines.append(line)
    if not cells:
        raise BadInput(f"{path}: no rows below the header")
    table: Table = pd.DataFrame(cells, pd.Index(lines), pd.Index(names), dtype=object)
    if separator != ",":
        _say_dialect(path, separator, _point_decimals(table, path))
    return StationFile(path, table)


def as_numbers(column: Column) -> tuple[FloatArray, BoolArray]:
    """A column of cells as numbers.

    Args:
        column: Cells as text.

    Returns:
        The numbers, NaN where a cell holds none, and where a cell holds neither a number nor says
        that it has none: it is empty or one of na, nan, null, none and -. Each of shape (row,).
    """
    numeric: Column = pd.to_numeric(column, errors="coerce")
    values = numeric.to_numpy(np.float64)
    wrong = np.isnan(values)
    # Few cells are without a number, and text is slow.
    wrong[wrong] = ~_is_gap(column[wrong]).to_numpy(bool)
    return values, wrong


def _is_gap(column: Column) -> Column:
    """Where a column of cells says that it has no value."""
    return column.str.strip().str.lower().isin(_GAPS)


def _text(path: Path) -> str:
    """What stands in the file, which must be UTF-8."""
    content = _content(path)
    convert = "iconv -f {} -t UTF-8 FILE > NEW.csv, or save it as 'CSV UTF-8'"
    if content.startswith(_UTF16):
        raise BadInput(f"{path}: is UTF-16, expected UTF-8; convert it: {convert.format('UTF-16')}")
    if content.startswith(b"PK"):
        raise BadInput(f"{path}: is a workbook or an archive; save its table as CSV in UTF-8")
    if b"\0" in content:
        raise BadInput(f"{path}: is not text, expected CSV in UTF-8; save the table as CSV")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadInput(
            f"{path}:{line}: byte {content[error.start]:#04x} is not UTF-8, perhaps Latin-1; "
            f"convert the file: {convert.format('ISO-8859-1')}"
        ) from None


def _content(path: Path) -> bytes:
    """The bytes of a file, plain or compressed."""
    try:
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                names = archive.namelist()
                if len(names) != 1:
                    raise BadInput(f"{path}: holds {len(names)} files, expected one CSV file")
                return archive.read(names[0])
        with _OPENERS.get(path.suffix, lambda plain: plain.open("rb"))(path) as stream:
            return stream.read()
    except _UNREADABLE as error:
        raise BadInput(
            f"{path}: cannot be read: {error}; make or fetch the file again, or unpack it first"
        ) from None


def _header(stream: io.StringIO) -> tuple[int, str]:
    """How many lines come before the header, and its first line."""
    for skipped, line in enumerate(stream):
        if line.strip() and not line.lstrip().startswith("#"):
            return skipped, line
    return 0, ""


def _separator(header: str, path: Path, line: int) -> str:
    """What separates the names of the header."""
    bare = _QUOTED.sub("", header)
    counts = {separator: bare.count(separator) for separator in _SEPARATORS}
    separator = max(counts, key=lambda one: counts[one])
    if not counts[separator]:
        raise BadInput(
            f"{path}:{line}: the header '{header.strip()[:60]}' names one column; expected columns "
            f"of observation, time and members, separated by {', '.join(_SEPARATORS.values())}"
        )
    return separator


def _rows(
    lines: Iterator[str], separator: str, path: Path, skipped: int
) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not blank, each with the line on which it begins."""
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=separator != "\t")
    before = 0
    try:
        for row in reader:
            if row and (row[0].strip() or any(cell.strip() for cell in row)):
                yield skipped + before + 1, row
            before = reader.line_num
    except csv.Error as error:
        raise BadInput(f"{path}:{skipped + before + 1}: not a CSV file: {error}") from None


def _names(first: list[str], path: Path, line: int) -> list[str]:
    """The names of the columns, without empty ones at the end."""
    names = [name.strip() for name in first]
    while not names[-1]:
        names.pop()
    names = [name or f"{UNNAMED}: {number}" for number, name in enumerate(names)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        places = [str(number + 1) for number, name in enumerate(names) if name == twice[0]]
        raise BadInput(
            f"{path}:{line}: '{twice[0]}' is the name of columns {' and '.join(places)}; "
            "expected a name of its own for each: rename or remove one"
        )
    return names


def _fitting(row: list[str], names: list[str], path: Path, line: int) -> list[str]:
    """A row with a field for each name; empty fields beyond the last name are dropped."""
    count = len(row)
    while len(row) > len(names) and not row[-1].strip():
        row.pop()
    if len(row) != len(names):
        remedy = "leave a cell empty where the value is not known"
        if count > len(names):
            remedy = "quote a cell that holds the separator, or name the column in the header"
        raise BadInput(
            f"{path}:{line}: {count} fields, expected {len(names)} as in the header; {remedy}"
        )
    return row


def _point_decimals(table: Table, path: Path) -> list[str]:
    """Write decimal points where columns have decimal commas; the names of those columns."""
    changed: list[str] = []
    for name in table.columns:
        column = table[name]
        filled = column[~_is_gap(column)].str.strip()
        numeric = filled[filled.map(lambda cell: _NUMBER.fullmatch(cell) is not None)]
        commas = numeric.str.contains(",", regex=False)
        if len(numeric) <= len(filled) / 2 or not commas.any():
            continue
        points = numeric.str.contains(".", regex=False)
        if points.any():
            line = int(numeric.index[points.to_numpy()][0])
            raise BadInput(
                f"{path}:{line}: column '{name}': '{numeric[line]}' has a decimal point, other "
                "cells of the column have decimal commas; write all of them alike"
            )
        table[name] = column.str.replace(",", ".", regex=False)
        changed.append(str(name))
    return changed


def _say_dialect(path: Path, separator: str, decimals: list[str]) -> None:
    """Say how the file was taken."""
    text = f"{path.name}: columns are separated by {_SEPARATORS[separator]}"
    if decimals:
        text += f"; decimal commas are read in {', '.join(decimals)}"
    say(text)
