"""Vocabularies and counts as Parquet files that say of what they were made.

The same content gives the same bytes. A vocabulary can be queried in place with DuckDB::

    SELECT spelling, support, expected, q FROM 'vocabulary.parquet'
    WHERE q <= 0.01 AND list_contains(elements, 'C') ORDER BY bits DESC;

    SELECT head.number, sum(head.support) AS support
    FROM (SELECT unnest(heads) AS head FROM 'vocabulary.parquet') GROUP BY ALL ORDER BY ALL;
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from sciml.core.errors import BadInput, DamagedFile, DatasetMissing
from sciml.core.paths import shown
from sciml.core.writing import write_with
from sciml.protein.vocabulary.counting import UNIT, Counts, Entry, Example
from sciml.protein.vocabulary.keys import GAPS, NAMES, from_key

FORMAT_VERSION: Final = 1  # raised when a reader of an older one would misread a file

PSEUDO: Final = 2.0  # proteins added to support and to chance, so that rare words rank low

_KIND: Final = b"sciml.kind"
_VERSION: Final = b"sciml.version"
_NOTES: Final = b"sciml.notes"

_HEADS = pa.list_(pa.struct([("number", pa.int32()), ("support", pa.float64())]))
_EXAMPLES = pa.list_(pa.struct([("protein", pa.string()), ("positions", pa.list_(pa.int32()))]))
_VOCABULARY = pa.schema([
    ("key", pa.int64()),
    ("spelling", pa.string()),
    ("elements", pa.list_(pa.string())),
    ("least_steps", pa.list_(pa.int32())),
    ("greatest_steps", pa.list_(pa.int32())),
    ("support", pa.float64()),
    ("expected", pa.float64()),
    ("q", pa.float64()),
    ("bits", pa.float64()),
    ("heads", _HEADS),
    ("examples", _EXAMPLES),
])  # fmt: skip
_UNITS = pa.list_(pa.struct([("number", pa.int32()), ("units", pa.int64())]))
_DRAWN = pa.list_(
    pa.struct([
        ("order", pa.int64()), ("protein", pa.string()), ("positions", pa.list_(pa.int32())),
    ])
)  # fmt: skip
_COUNTS = pa.schema([
    ("key", pa.int64()),
    ("count", pa.int64()),
    ("excluded", pa.int64()),
    ("heads", _UNITS),
    ("examples", _DRAWN),
])  # fmt: skip


@dataclass(frozen=True)
class VocabularyEntry:
    """A pattern with all that was found out about it."""

    key: int
    support: float  # proteins or families; of a dedicated vocabulary, annotated residues
    expected: float  # of the support, by chance
    q: float  # rate of false discoveries among all that are at most so probable
    bits: float  # saved beyond the entries before
    heads: Mapping[int, float] = field(default_factory=dict[int, float])  # support by head
    examples: tuple[tuple[str, tuple[int, ...]], ...] = ()  # proteins and positions

    @property
    def spelling(self) -> str:
        """See :mod:`sciml.protein.vocabulary.keys`."""
        return from_key(self.key).spelling

    @property
    def preference(self) -> float:
        """Bits by which the support exceeds what is expected, as if both were two more."""
        return math.log2((self.support + PSEUDO) / (self.expected + PSEUDO))


@dataclass(frozen=True)
class Vocabulary:
    """Entries in the order of their choice, and what they were made of."""

    entries: tuple[VocabularyEntry, ...]
    inputs: Mapping[str, str] = field(default_factory=dict[str, str])  # SHA-256 by name
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def keys(self) -> list[int]:
        """What a scanner is made of."""
        return [entry.key for entry in self.entries]


def write_vocabulary(path: Path, vocabulary: Vocabulary) -> None:
    """Write a vocabulary, whole or not at all.

    Args:
        path: The Parquet file.
        vocabulary: What is written.

    Raises:
        BadInput: if an entry is of no pattern or the settings cannot be written as JSON.
        WriteFailed: if the disk is full or the folder cannot be written.
    """
    notes = {"inputs": dict(vocabulary.inputs), "settings": dict(vocabulary.settings)}
    _write(path, "vocabulary", [_row(one) for one in vocabulary.entries], _VOCABULARY, notes)


def read_vocabulary(path: Path) -> Vocabulary:
    """Read a vocabulary.

    Args:
        path: The Parquet file.

    Returns:
        What was written.

    Raises:
        DatasetMissing: if there is no such file.
        DamagedFile: if it was cut off or altered.
        BadInput: if it is of another kind, or of a format newer than this one.
    """
    rows, notes = _read(path, "vocabulary", _VOCABULARY)
    return Vocabulary(tuple(_entry(row) for row in rows), notes["inputs"], notes["settings"])


def write_counts(path: Path, counts: Counts, notes: Mapping[str, Any] | None = None) -> None:
    """Write counts, whole or not at all.

    Args:
        path: The Parquet file.
        counts: What is written.
        notes: What else the file is to say, as can be written as JSON.

    Raises:
        WriteFailed: if the disk is full or the folder cannot be written.
    """
    rows = [
        {
            "key": key,
            "count": entry.count,
            "excluded": entry.excluded,
            "heads": [{"number": n, "units": units} for n, units in sorted(entry.heads.items())],
            "examples": [one._asdict() for one in entry.examples],
        }
        for key, entry in counts.entries.items()
    ]
    held = {"total": counts.total, "bound": counts.bound, "notes": dict(notes or {})}
    _write(path, "counts", rows, _COUNTS, held)


def read_counts(path: Path) -> Counts:
    """Read counts; see :func:`read_vocabulary` for what is refused."""
    rows, notes = _read(path, "counts", _COUNTS)
    entries = {
        row["key"]: Entry(
            row["count"],
            row["excluded"],
            {head["number"]: head["units"] for head in row["heads"]},
            [Example(o["order"], o["protein"], tuple(o["positions"])) for o in row["examples"]],
        )
        for row in rows
    }
    return Counts(notes["total"], notes["bound"], entries)


def examples_and_heads(counts: Counts, key: int) -> dict[str, Any]:
    """What counts know of a pattern, in the form of an entry's ``heads`` and ``examples``."""
    entry = counts.entries.get(key, Entry())
    return {
        "heads": {head: units / UNIT for head, units in sorted(entry.heads.items())},
        "examples": tuple((one.protein, one.positions) for one in entry.examples),
    }


def file_metadata(path: Path, kind: str, notes: Mapping[str, Any]) -> dict[bytes, bytes]:
    """What a file says of itself.

    Args:
        path: The file, for the error text.
        kind: What it holds.
        notes: What else it is to say.

    Returns:
        Metadata of its schema.

    Raises:
        BadInput: if the notes cannot be written as JSON.
    """
    try:
        said = json.dumps(notes, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise BadInput(f"{shown(path)}: settings cannot be written as JSON: {error}") from error
    return {_KIND: kind.encode(), _VERSION: str(FORMAT_VERSION).encode(), _NOTES: said.encode()}


def _row(entry: VocabularyEntry) -> dict[str, Any]:
    """An entry as a row."""
    pattern = from_key(entry.key)
    return {
        "key": entry.key,
        "spelling": pattern.spelling,
        "elements": [NAMES[symbol] for symbol in pattern.symbols],
        "least_steps": [GAPS[gap][0] for gap in pattern.gaps],
        "greatest_steps": [GAPS[gap][1] for gap in pattern.gaps],
        "support": entry.support,
        "expected": entry.expected,
        "q": entry.q,
        "bits": entry.bits,
        "heads": [{"number": n, "support": s} for n, s in sorted(entry.heads.items())],
        "examples": [{"protein": p, "positions": list(places)} for p, places in entry.examples],
    }


def _entry(row: dict[str, Any]) -> VocabularyEntry:
    """A row as an entry."""
    return VocabularyEntry(
        row["key"], row["support"], row["expected"], row["q"], row["bits"],
        {head["number"]: head["support"] for head in row["heads"]},
        tuple((one["protein"], tuple(one["positions"])) for one in row["examples"]),
    )  # fmt: skip


def _write(
    path: Path, kind: str, rows: list[dict[str, Any]], schema: Any, notes: Mapping[str, Any]
) -> None:
    """Write rows with what the file is."""
    metadata = file_metadata(path, kind, notes)
    table = pa.Table.from_pylist(rows, schema=schema.with_metadata(metadata))

    def write(target: Path) -> None:
        pq.write_table(table, target, compression="zstd", write_page_checksum=True)

    write_with(path, write)


def _read(path: Path, kind: str, schema: Any) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Rows and notes of a file that is what it should be."""
    if not path.is_file():
        raise DatasetMissing(f"{shown(path)}: no such file; correct the name or make it anew")
    try:
        metadata = pq.read_schema(path).metadata or {}
        notes = _checked_notes(path, kind, metadata)
        table = pq.read_table(path, page_checksum_verification=True)
        table.validate(full=True)
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, DamagedFile):
            raise
        raise DamagedFile(
            f"{shown(path)}: was cut off or altered ({error}); make or fetch it again"
        ) from error
    if not table.schema.equals(schema):
        raise DamagedFile(f"{shown(path)}: has other columns than format {FORMAT_VERSION} has")
    return table.to_pylist(), notes


def _checked_notes(path: Path, kind: str, metadata: Mapping[bytes, bytes]) -> dict[str, Any]:
    """The notes of a file of the right kind and of a format that is known."""
    found = metadata.get(_KIND, b"another kind").decode()
    if found != kind:
        raise BadInput(f"{shown(path)}: holds {found}; expected {kind} written by sciml")
    version = int(metadata[_VERSION])
    if version > FORMAT_VERSION:
        raise BadInput(
            f"{shown(path)}: is of format {version}; this version of sciml reads formats up to "
            f"{FORMAT_VERSION}: install a newer one"
        )
    return json.loads(metadata[_NOTES])
