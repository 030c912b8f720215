"""Files of annotated sets: one line of JSON for each protein, packed with gzip.

A line has the keys ``id``, ``sequence`` and ``annotations``; an annotation is a list of start, end,
type, label, source and group. Residues count from 1 and the last one is included, as in UniProt;
start and end are null where a whole protein is meant.
"""

import gzip
import json
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from sciml.core.errors import BadInput, DamagedFile
from sciml.core.paths import shown
from sciml.core.writing import write_bytes
from sciml.protein.sequences import Protein, read_proteins
from sciml.protein.sets import WORD, AnnotatedSet, Annotation

SEQUENCES: Final = "seqs.fasta.gz"  # the names of converted files, each in a folder of its own
ANNOTATIONS: Final = "annotations.tsv.gz"
WORDS: Final = "words.tsv.gz"

_COLUMNS: Final = ("seq_id", "start", "end", "type", "label", "source", "group")
_WORD_COLUMNS: Final = ("seq_id", "word", "positions_1based")


def read_set(path: Path, name: str) -> AnnotatedSet:
    """Read an annotated set and check it.

    Args:
        path: A file as :func:`write_set` writes it.
        name: What errors call the set.

    Returns:
        The set.

    Raises:
        DamagedFile: if the file does not unpack or a line is not as expected.
        BadInput: if an annotation does not fit its protein.
    """
    proteins: list[Protein] = []
    annotations: list[Annotation] = []
    for number, line in enumerate(_lines(path), 1):
        try:
            entry = json.loads(line)
            proteins.append(Protein(entry["id"], "", entry["sequence"]))
            annotations += [_annotation(len(proteins) - 1, row) for row in entry["annotations"]]
        except (ValueError, KeyError, TypeError) as error:
            raise DamagedFile(
                f"{shown(path)}: line {number} is no protein with annotations ({error}); "
                "build the dataset anew"
            ) from error
    return AnnotatedSet(name, proteins, annotations)


def write_set(path: Path, one: AnnotatedSet) -> None:
    """Write an annotated set; the same set gives the same bytes.

    Args:
        path: The file, ending in ``.jsonl.gz``.
        one: The set. Annotations of a protein are sorted by position, type, label and group.

    Raises:
        WriteFailed: if the file cannot be written.
    """
    rows: dict[int, list[list[Any]]] = defaultdict(list)
    for row in one.annotations():
        first = None if row.start is None else row.start + 1
        rows[row.protein].append([first, row.end, row.type, row.label, row.source, row.group])
    text = "".join(
        _line({"id": protein.id, "sequence": protein.sequence, "annotations": _ordered(rows[k])})
        for k, protein in enumerate(one.proteins)
    )
    write_bytes(path, gzip.compress(text.encode(), mtime=0))


def join_tables(parts: Mapping[str, Path], target: Path) -> None:
    """Put a dataset together from a FASTA file and a table of annotations.

    Args:
        parts: ``seqs.fasta.gz`` and ``annotations.tsv.gz``, see :func:`converted_set`.
        target: The file to write.

    Raises:
        DamagedFile: if a part is not as expected.
        BadInput: if an annotation does not fit its protein.
        WriteFailed: if the file cannot be written.
    """
    write_set(target, converted_set(parts[SEQUENCES], parts[ANNOTATIONS]))


def converted_set(sequences: Path, annotations: Path) -> AnnotatedSet:
    """A set of a FASTA file and a table of annotations.

    Args:
        sequences: The FASTA file.
        annotations: Columns seq_id, start, end, type, label, source and group, separated by tabs,
            packed with gzip. Residues count from 1, the end is included; both are empty where a
            whole protein is meant.

    Returns:
        The set.

    Raises:
        DamagedFile: if a file does not unpack or the table is not as expected.
        BadInput: if an annotation does not fit its protein.
    """
    proteins = list(read_proteins(sequences))
    numbers = {one.id: number for number, one in enumerate(proteins)}
    rows = [
        _annotation(_number(row[0], numbers, annotations), _typed(row[1:], annotations))
        for row in _table(annotations, _COLUMNS)
    ]
    return AnnotatedSet(shown(annotations), proteins, rows)


def converted_words(sequences: Path, words: Path, source: str) -> AnnotatedSet:
    """A set of a FASTA file and a table of words.

    Args:
        sequences: The FASTA file.
        words: Columns seq_id, word and positions_1based, separated by tabs, packed with gzip.
        source: What found the words.

    Returns:
        The set. Each word is a group of rows of type ``WORD``, one for each run of neighbours;
        groups are numbered in the order of the table.

    Raises:
        DamagedFile: if a file does not unpack or the table is not as expected.
        BadInput: if a word is not where the table says.
    """
    proteins = list(read_proteins(sequences))
    numbers = {one.id: number for number, one in enumerate(proteins)}
    counts: dict[int, int] = defaultdict(int)
    rows: list[Annotation] = []
    for identifier, word, places in _table(words, _WORD_COLUMNS):
        number = _number(identifier, numbers, words)
        counts[number] += 1
        for start, end in _runs(places, words):
            rows.append(Annotation(number, start, end, WORD, word, source, f"{counts[number]:04}"))
    return AnnotatedSet(shown(words), proteins, rows)


def _runs(places: str, path: Path) -> list[tuple[int, int]]:
    """Runs of neighbours among positions from 1: first residue from 0, and the one after."""
    try:
        positions = [int(place) - 1 for place in places.split(",")]
    except ValueError as error:
        raise _not_as_expected(path, places) from error
    runs: list[tuple[int, int]] = []
    for place in positions:
        if runs and runs[-1][1] == place:
            runs[-1] = (runs[-1][0], place + 1)
        else:
            runs.append((place, place + 1))
    return runs


def _annotation(protein: int, row: list[Any]) -> Annotation:
    """An annotation of a protein, from positions that count from 1."""
    first, last, *texts = row
    if len(texts) != 4 or not all(isinstance(text, str) for text in texts):
        raise ValueError(f"expected start, end and four texts, got {row}")
    return Annotation(protein, None if first is None else int(first) - 1, last, *texts)


def _typed(row: list[str], path: Path) -> list[Any]:
    """A row whose positions are numbers or None."""
    try:
        return [int(row[0]) if row[0] else None, int(row[1]) if row[1] else None, *row[2:]]
    except ValueError as error:
        raise _not_as_expected(path, " ".join(row)) from error


def _number(identifier: str, numbers: dict[str, int], path: Path) -> int:
    """The number of a protein that a table names."""
    if identifier not in numbers:
        raise BadInput(
            f"{shown(path)}: names the protein '{identifier}', of which there is no sequence; "
            "the two files are of different versions"
        )
    return numbers[identifier]


def _table(path: Path, columns: tuple[str, ...]) -> Iterator[list[str]]:
    """The rows of a table with known columns."""
    lines = _lines(path)
    header = next(lines, "").split("\t")
    if tuple(header) != columns:
        raise DamagedFile(
            f"{shown(path)}: expected the columns {', '.join(columns)}, got {', '.join(header)}"
        )
    for line in lines:
        row = line.split("\t")
        if len(row) != len(columns):
            raise _not_as_expected(path, line)
        yield row


def _lines(path: Path) -> Iterator[str]:
    """The lines of a packed file, without their ends."""
    try:
        with gzip.open(path, "rt", encoding="utf-8", newline="\n") as file:
            for line in file:
                yield line.rstrip("\n")
    except (EOFError, zlib.error, gzip.BadGzipFile, UnicodeDecodeError) as error:
        raise DamagedFile(
            f"{shown(path)}: cannot be unpacked to its end ({error}). It is damaged or was cut "
            "off: get it again."
        ) from error


def _not_as_expected(path: Path, line: str) -> DamagedFile:
    """The error about a line."""
    return DamagedFile(f"{shown(path)}: a line is not as expected: '{line[:80]}'; get it again")


def _ordered(rows: Iterable[list[Any]]) -> list[list[Any]]:
    """Rows by position, type, label and group; those about the whole protein come first."""
    return sorted(rows, key=lambda row: ((row[0] or 0, row[1] or 0), *row[2:]))


def _line(entry: dict[str, Any]) -> str:
    """A line of JSON without blanks."""
    return json.dumps(entry, separators=(",", ":"), ensure_ascii=False) + "\n"
