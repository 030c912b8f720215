"""Files of annotated sets: one line of JSON for each protein, packed with gzip.

A line has the keys ``id``, ``sequence`` and ``annotations``; an annotation is a list of start, end,
type, label, source and group. Residues count from 1 and the last one is included, as in UniProt;
start and end are null where a whole protein is meant.
"""

import gzip
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from sciml.core.errors import BadInput, DamagedFile
from sciml.core.paths import shown
from sciml.core.writing import write_bytes
from sciml.protein.packing import FAILURES, opened
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
        annotations: Columns seq_id, start, end, type, label, source and group, separated by tabs;
            plain, or packed with gzip or xz. Residues count from 1, the end is included; both are
            empty where a whole protein is meant.

    Returns:
        The set.

    Raises:
        DamagedFile: if a file does not unpack.
        BadInput: if the table is not as expected or empty, or an annotation does not fit its
            protein; the text names the line.
    """
    proteins = list(read_proteins(sequences))
    numbers = {one.id: number for number, one in enumerate(proteins)}
    rows: list[Annotation] = []
    for line, (identifier, start, end, *texts) in _table(annotations, _COLUMNS):
        number = _number(identifier, numbers, line)
        rows.append(_annotation(number, [*_span(start, end, proteins[number], line), *texts]))
    if not rows:
        raise BadInput(f"{shown(annotations)}: has no rows below its columns; add annotations")
    return AnnotatedSet(shown(annotations), proteins, rows)


def converted_words(sequences: Path, words: Path, source: str) -> AnnotatedSet:
    """A set of a FASTA file and a table of words.

    Args:
        sequences: The FASTA file.
        words: Columns seq_id, word and positions_1based, separated by tabs; plain, or packed with
            gzip or xz.
        source: What found the words.

    Returns:
        The set. Each word is a group of rows of type ``WORD``, one for each run of neighbours;
        groups are numbered in the order of the table.

    Raises:
        DamagedFile: if a file does not unpack.
        BadInput: if the table is not as expected, or a word is not where it says.
    """
    proteins = list(read_proteins(sequences))
    numbers = {one.id: number for number, one in enumerate(proteins)}
    counts: dict[int, int] = defaultdict(int)
    rows: list[Annotation] = []
    for line, (identifier, word, places) in _table(words, _WORD_COLUMNS):
        number = _number(identifier, numbers, line)
        counts[number] += 1
        for start, end in _runs(places, line):
            rows.append(Annotation(number, start, end, WORD, word, source, f"{counts[number]:04}"))
    return AnnotatedSet(shown(words), proteins, rows)


def _runs(places: str, line: str) -> list[tuple[int, int]]:
    """Runs of neighbours among positions from 1: first residue from 0, and the one after."""
    try:
        positions = [int(place) - 1 for place in places.split(",")]
    except ValueError:
        raise BadInput(
            f"{line}: expected positions with commas between, got '{places[:80]}'; mend the line"
        ) from None
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
    if (first is None) != (last is None) or (first is not None and not 1 <= first <= last):
        raise ValueError(f"expected 1 <= start <= end or neither, got {first} and {last}")
    return Annotation(protein, None if first is None else int(first) - 1, last, *texts)


def _span(start: str, end: str, protein: Protein, line: str) -> tuple[int | None, int | None]:
    """First and last residue, from 1; None where a whole protein is meant."""
    if not start and not end:
        return None, None
    try:
        first, last = int(start), int(end)
    except ValueError:
        raise BadInput(
            f"{line}: protein '{protein.id}': expected numbers as start and end, or neither, got "
            f"'{start[:20]}' and '{end[:20]}'; mend the line"
        ) from None
    if not 1 <= first <= last <= len(protein.sequence):
        raise BadInput(
            f"{line}: {first} to {last} does not lie inside of its protein '{protein.id}' of "
            f"{len(protein.sequence)} residues. Positions count from 1, end included; is the table "
            "0-based, or of another version of the sequences?"
        )
    return first, last


def _number(identifier: str, numbers: dict[str, int], line: str) -> int:
    """The number of a protein that a table names."""
    if identifier not in numbers:
        raise BadInput(
            f"{line}: names the protein '{identifier}', of which there is no sequence; "
            "the two files are of different versions"
        )
    return numbers[identifier]


def _table(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[str, list[str]]]:
    """Where the rows of a table with known columns stand, and what they say."""
    lines = _lines(path)
    expected = f"expected the columns {', '.join(columns)}, separated by tabs"
    header = next(lines, None)
    if header is None:
        raise BadInput(f"{shown(path)}: is empty; {expected}")
    if tuple(header.split("\t")) != columns:
        got = ", ".join(header.split("\t"))[:200]
        raise BadInput(f"{shown(path)}: line 1: {expected}, got {got}; mend the first line")
    for number, text in enumerate(lines, 2):
        if not text:
            continue
        row, line = text.split("\t"), f"{shown(path)}: line {number}"
        if len(row) != len(columns):
            raise BadInput(
                f"{line}: {expected}, got {len(row)} columns: '{text[:80]}'; mend the line"
            )
        yield line, row


def _lines(path: Path) -> Iterator[str]:
    """The lines of a file that may be packed, without their ends."""
    try:
        with opened(path, newline="\n") as file:
            for line in file:
                yield line.rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise BadInput(f"{shown(path)}: is no text in UTF-8 ({error}); save it as UTF-8") from error
    except FAILURES as error:
        raise DamagedFile(
            f"{shown(path)}: cannot be unpacked to its end ({error}). It is damaged or was cut "
            "off: get it again."
        ) from error


def _ordered(rows: Iterable[list[Any]]) -> list[list[Any]]:
    """Rows by position, type, label and group; those about the whole protein come first."""
    return sorted(rows, key=lambda row: ((row[0] or 0, row[1] or 0), *row[2:]))


def _line(entry: dict[str, Any]) -> str:
    """A line of JSON without blanks."""
    return json.dumps(entry, separators=(",", ":"), ensure_ascii=False) + "\n"
