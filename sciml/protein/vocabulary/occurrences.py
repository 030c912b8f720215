"""Where the words of a vocabulary stand, as a Parquet file of any length.

A row is an occurrence: the number of its protein among those that were read, from 1, because ids
may come twice; the id; the word as it is spelt and its key; the positions of its residues, and the
first and the last of them as start and end. Positions count from 1 and the end is included, as in
UniProt. Rows ascend by protein, start and place of the word in the vocabulary. The same proteins
and words give the same bytes. A file can be queried in place with DuckDB::

    SELECT word, count(DISTINCT number) AS proteins FROM 'occurrences.parquet'
    GROUP BY word ORDER BY proteins DESC;
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sciml.core.axes import BoolArray
from sciml.core.writing import write_with
from sciml.protein.alphabet import Codes
from sciml.protein.vocabulary.scanner import Occurrences, Scanner, batches
from sciml.protein.vocabulary.store import file_metadata

GROUP: Final = 1 << 18  # rows that are held before they are written

_KIND: Final = "occurrences"
_COLUMNS = pa.schema([
    ("number", pa.int64()),
    ("protein", pa.string()),
    ("word", pa.string()),
    ("key", pa.int64()),
    ("positions", pa.list_(pa.int32())),
    ("start", pa.int32()),
    ("end", pa.int32()),
])  # fmt: skip


@dataclass
class Tally:
    """What was found, in numbers."""

    found: BoolArray  # which words occur. Shape (word,)
    proteins: int = 0
    residues: int = 0
    occurrences: int = 0
    proteins_with_a_word: int = 0
    covered: int = 0  # residues that belong to an occurrence

    def count(self, proteins: Sequence[Codes], found: Occurrences) -> None:
        """Add some proteins and all occurrences in them."""
        starts = np.concatenate([[0], np.cumsum([len(one) for one in proteins])])
        covered = np.zeros(starts[-1], bool)
        places = starts[found.protein, None] + found.positions
        covered[places[found.positions >= 0]] = True
        self.found[found.pattern] = True
        self.proteins += len(proteins)
        self.residues += len(covered)
        self.occurrences += len(found.protein)
        self.proteins_with_a_word += len(np.unique(found.protein))
        self.covered += int(covered.sum())


def write_occurrences(
    path: Path,
    keys: Sequence[int],
    proteins: Iterable[tuple[str, Codes]],
    notes: Mapping[str, Any] | None = None,
    group: int = GROUP,
) -> Tally:
    """Write every occurrence of a vocabulary, whole or not at all, in memory that does not grow.

    Args:
        path: The Parquet file.
        keys: The vocabulary, see :attr:`sciml.protein.vocabulary.keys.Pattern.key`.
        proteins: Ids and codes, for example read from a file one by one.
        notes: What else the file is to say, as can be written as JSON.
        group: Rows of a group, which are held at once.

    Returns:
        Numbers of what was read and found.

    Raises:
        BadInput: if the vocabulary is empty, or a key comes twice or is of no pattern.
        WriteFailed: if the disk is full or the folder cannot be written.
    """
    scanner = Scanner(keys)
    tally = Tally(np.zeros(len(keys), bool))
    schema = _COLUMNS.with_metadata(file_metadata(path, _KIND, notes or {}))

    def write(target: Path) -> None:
        with pq.ParquetWriter(
            target, schema, compression="zstd", write_page_checksum=True
        ) as writer:
            for table in _gathered(_tables(scanner, keys, proteins, tally), group):
                writer.write_table(table, row_group_size=group)

    write_with(path, write)
    return tally


def _tables(
    scanner: Scanner, keys: Sequence[int], proteins: Iterable[tuple[str, Codes]], tally: Tally
) -> Iterator[Any]:
    """The rows of some proteins at a time; what is found is counted."""
    spellings = pa.array([pattern.spelling for pattern in scanner.patterns], pa.string())
    numbers = np.array(keys, np.int64)
    for held in batches(proteins):
        codes = [one for _, one in held]
        found, before = _in_order(scanner.occurrences(codes)), tally.proteins
        tally.count(codes, found)
        names = pa.array([name for name, _ in held], pa.string())
        columns = [
            pa.array(found.protein + np.int64(before + 1)),
            names.take(pa.array(found.protein)),
            spellings.take(pa.array(found.pattern)),
            pa.array(numbers[found.pattern]),
            _lists(found),
            pa.array(found.positions[:, 0] + np.int32(1)),
            pa.array(found.positions.max(1, initial=-1) + np.int32(1)),
        ]
        yield pa.Table.from_arrays(columns, schema=_COLUMNS)


def _in_order(found: Occurrences) -> Occurrences:
    """Occurrences by protein, first residue and pattern."""
    order = np.lexsort((found.pattern, found.positions[:, 0], found.protein))
    return Occurrences(found.protein[order], found.pattern[order], found.positions[order])


def _lists(found: Occurrences) -> Any:
    """The positions of each occurrence, from 1, without the marks behind the last one."""
    there = found.positions >= 0
    ends = np.concatenate([[0], np.cumsum(there.sum(1))]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(ends), pa.array(found.positions[there] + np.int32(1)))


def _gathered(tables: Iterable[Any], rows: int) -> Iterator[Any]:
    """Tables put together until they have as many rows as a group."""
    held: list[Any] = []
    count = 0
    for table in tables:
        held.append(table)
        count += len(table)
        if count >= rows:
            yield pa.concat_tables(held)
            held, count = [], 0
    if count:
        yield pa.concat_tables(held)
