"""Tables of occurrences: what a naive search finds, in memory that has an end."""

import re
import tracemalloc
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sciml.core.errors import BadInput
from sciml.protein.alphabet import LETTERS, Codes, encoded
from sciml.protein.vocabulary.keys import parsed
from sciml.protein.vocabulary.occurrences import write_occurrences

WORDS = ("AC", "[DE]x(2)[ST]", "Cx(4,6)H", "[AG][AG]x(1)[ILV]", "Wx(31,62)W", "KKKKKKKK")
KEYS = [parsed(word).key for word in WORDS]
COLUMNS = ["number", "protein", "word", "key", "positions", "start", "end"]


def random_proteins(count: int, length: int = 150) -> list[tuple[str, str]]:
    """Ids, some of which come twice, and letters, some of which are unknown."""
    random = np.random.default_rng(0)
    letters = [*LETTERS, *"ACGHX"]
    return [
        (f"P{number % 7}", "".join(random.choice(letters, int(random.integers(0, length)))))
        for number in range(count)
    ]


def searched_word(word: str, sequence: str) -> Iterator[list[int]]:
    """Positions from 1 of a word wherever it can begin, each gap as narrow as it can be."""
    element = r"\[[A-Z]+\]|[A-Z]"
    spelt = re.sub(element, lambda hit: f"({hit[0]})", word)
    spelt = re.sub(r"x\((\d+)(?:,(\d+))?\)", lambda h: f".{{{h[1]},{h[2] or h[1]}}}?", spelt)
    for hit in re.finditer(f"(?={spelt})", sequence):
        yield [hit.start(group) + 1 for group in range(1, len(hit.groups()) + 1)]


def searched(proteins: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    """The table by a naive search."""
    rows = [
        (number, place[0], rank, name, place)
        for number, (name, sequence) in enumerate(proteins, 1)
        for rank, word in enumerate(WORDS)
        for place in searched_word(word, sequence)
    ]
    return [
        dict(zip(COLUMNS, (number, name, WORDS[rank], KEYS[rank], place, start, place[-1]),
                 strict=True))
        for number, start, rank, name, place in sorted(rows)
    ]  # fmt: skip


def coded(proteins: Iterable[tuple[str, str]]) -> Iterator[tuple[str, Codes]]:
    return ((name, encoded(sequence)) for name, sequence in proteins)


def test_the_table_holds_what_a_naive_search_finds(tmp_path: Path) -> None:
    proteins = random_proteins(1500)  # more residues than are searched at once
    path = tmp_path / "found.parquet"
    tally = write_occurrences(path, KEYS, coded(proteins), {"inputs": {"a": "b"}}, group=1000)
    expected = searched(proteins)
    assert pq.read_table(path).to_pylist() == expected
    assert tally.occurrences == len(expected) > 3000
    assert tally.proteins == 1500
    assert tally.residues == sum(len(sequence) for _, sequence in proteins) > 1 << 16
    assert tally.proteins_with_a_word == len({row["number"] for row in expected})
    assert [WORDS[k] for k in np.flatnonzero(tally.found)] == [
        word for word in WORDS if any(row["word"] == word for row in expected)
    ]
    covered = {(row["number"], place) for row in expected for place in row["positions"]}
    assert tally.covered == len(covered)


def test_rows_are_written_in_groups_that_do_not_change_them(tmp_path: Path) -> None:
    proteins = random_proteins(1500)
    tables: list[Any] = []
    for group in (500, 1 << 18):
        path = tmp_path / f"{group}.parquet"
        write_occurrences(path, KEYS, coded(proteins), group=group)
        sizes = [
            pq.ParquetFile(path).metadata.row_group(k).num_rows
            for k in range(pq.ParquetFile(path).num_row_groups)
        ]
        assert max(sizes) <= group
        assert (len(sizes) > 5) == (group == 500)
        tables.append(pq.read_table(path))
    assert tables[0].equals(tables[1])
    again = tmp_path / "again.parquet"
    write_occurrences(again, KEYS, coded(proteins), group=500)
    assert again.read_bytes() == (tmp_path / "500.parquet").read_bytes()


def peak(folder: Path, times: int) -> int:
    """The most bytes that are held while proteins are annotated, of NumPy and Arrow together."""
    proteins, most = list(coded(random_proteins(600))), 0

    def read() -> Iterator[tuple[str, Codes]]:
        nonlocal most
        for _ in range(times):
            yield from proteins
            most = max(most, tracemalloc.get_traced_memory()[0] + pa.total_allocated_bytes())

    tracemalloc.start()
    try:
        write_occurrences(folder / "found.parquet", KEYS, read(), group=2000)
    finally:
        tracemalloc.stop()
    return most


def test_memory_does_not_grow_with_the_number_of_proteins(tmp_path: Path) -> None:
    assert peak(tmp_path, 40) < 1.3 * peak(tmp_path, 10)


@pytest.mark.parametrize("sequences", [[], ["YYYYYYYY"], ["", "Y"]])
def test_a_table_without_a_row_is_one(tmp_path: Path, sequences: list[str]) -> None:
    path = tmp_path / "found.parquet"
    tally = write_occurrences(path, KEYS, coded(("p", one) for one in sequences))
    table = pq.read_table(path)
    assert (len(table), table.column_names) == (0, COLUMNS)
    assert (tally.proteins, tally.covered, tally.occurrences) == (len(sequences), 0, 0)


def test_a_file_that_breaks_off_leaves_no_table(tmp_path: Path) -> None:
    def broken() -> Iterator[tuple[str, Codes]]:
        yield from coded(random_proteins(1500))
        raise BadInput("the file ends here")

    with pytest.raises(BadInput, match="ends here"):
        write_occurrences(tmp_path / "found.parquet", KEYS, broken(), group=100)
    assert list(tmp_path.iterdir()) == []


def test_of_several_residues_that_may_end_a_gap_the_nearest_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "found.parquet"
    write_occurrences(path, KEYS, coded([("p", "CYYYYYHYH")]))
    (row,) = pq.read_table(path).to_pylist()
    assert (row["word"], row["positions"], row["start"], row["end"]) == ("Cx(4,6)H", [1, 7], 1, 7)
