from pathlib import Path

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest

from sciml.core.errors import BadInput, DamagedFile, DatasetMissing
from sciml.protein.vocabulary import store
from sciml.protein.vocabulary.counting import Counts, LossyCounter, Sighting
from sciml.protein.vocabulary.keys import GAPS, SYMBOLS, Pattern, parsed
from sciml.protein.vocabulary.store import (
    Vocabulary,
    VocabularyEntry,
    examples_and_heads,
    read_counts,
    read_vocabulary,
    write_counts,
    write_vocabulary,
)


def some_vocabulary(seed: int = 0, count: int = 200) -> Vocabulary:
    draw = np.random.default_rng(seed)
    entries = []
    for _ in range(count):
        size = int(draw.integers(2, 9))
        pattern = Pattern(
            tuple(draw.integers(0, len(SYMBOLS), size).tolist()),
            tuple(draw.integers(0, len(GAPS), size - 1).tolist()),
        )
        heads = {int(head): float(draw.random()) for head in np.sort(draw.integers(0, 99, 3))}
        places = tuple(draw.integers(0, 500, size).tolist())
        entries.append(
            VocabularyEntry(pattern.key, *draw.random(4).tolist(), heads, (("protein α", places),))
        )
    return Vocabulary(tuple(entries), {"a.fasta": "0" * 64}, {"entries": count, "error": 1e-4})


def some_counts() -> Counts:
    counter = LossyCounter(0.01)
    draw = np.random.default_rng(0)
    for number in range(400):
        keys = [parsed("C" * int(size)).key for size in draw.integers(2, 9, 5)]
        found = {key: Sighting((0, number), (number % 5,)) for key in keys}
        counter.add(f"protein {number}", found, 0.3)
    return counter.counts()


def test_reading_undoes_writing(tmp_path: Path) -> None:
    write_vocabulary(tmp_path / "v.parquet", some_vocabulary())
    assert read_vocabulary(tmp_path / "v.parquet") == some_vocabulary()
    write_counts(tmp_path / "c.parquet", some_counts())
    assert read_counts(tmp_path / "c.parquet") == some_counts()


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_vocabulary(tmp_path / name, some_vocabulary())
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    write_vocabulary(tmp_path / "two", some_vocabulary(seed=1))
    assert (tmp_path / "one").read_bytes() != (tmp_path / "two").read_bytes()


def test_an_empty_vocabulary_is_one(tmp_path: Path) -> None:
    write_vocabulary(tmp_path / "v.parquet", Vocabulary(()))
    assert read_vocabulary(tmp_path / "v.parquet") == Vocabulary(())


def test_the_documented_queries_answer_what_the_entries_say(tmp_path: Path) -> None:
    path = tmp_path / "vocabulary.parquet"
    vocabulary = some_vocabulary()
    write_vocabulary(path, vocabulary)
    text = (store.__doc__ or "").split("::")[1].replace("vocabulary.parquet", str(path))
    rows, heads = (duckdb.sql(query).fetchall() for query in text.split(";")[:2])
    with_c = [one for one in vocabulary.entries if one.q <= 0.01 and "C" in one.spelling]
    assert {row[0] for row in rows} == {one.spelling for one in with_c}
    total = sum(sum(one.heads.values()) for one in vocabulary.entries)
    np.testing.assert_allclose(sum(row[1] for row in heads), total)


@pytest.mark.parametrize("share", [0.0, 0.2, 0.6, 0.99])
def test_a_file_that_was_cut_off_is_refused(tmp_path: Path, share: float) -> None:
    path = tmp_path / "v.parquet"
    write_vocabulary(path, some_vocabulary())
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(DamagedFile, match=r"v\.parquet"):
        read_vocabulary(path)


@pytest.mark.parametrize("place", [200, 2000, 5000])
def test_a_file_that_was_altered_is_refused(tmp_path: Path, place: int) -> None:
    path = tmp_path / "v.parquet"
    write_vocabulary(path, some_vocabulary())
    content = bytearray(path.read_bytes())
    content[place] ^= 0xFF
    path.write_bytes(bytes(content))
    with pytest.raises(DamagedFile, match=r"v\.parquet"):
        read_vocabulary(path)


def test_a_newer_format_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "v.parquet"
    monkeypatch.setattr(store, "FORMAT_VERSION", 2)
    write_vocabulary(path, some_vocabulary())
    monkeypatch.undo()
    with pytest.raises(BadInput, match="newer"):
        read_vocabulary(path)


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    write_counts(tmp_path / "c.parquet", some_counts())
    with pytest.raises(BadInput, match="counts"):
        read_vocabulary(tmp_path / "c.parquet")
    table = pq.read_table(tmp_path / "c.parquet").replace_schema_metadata(None)
    pq.write_table(table, tmp_path / "other.parquet")
    with pytest.raises(BadInput, match="another kind"):
        read_vocabulary(tmp_path / "other.parquet")
    with pytest.raises(DatasetMissing, match="no such file"):
        read_vocabulary(tmp_path / "none.parquet")


def test_settings_that_are_no_json_are_refused_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="JSON"):
        write_vocabulary(tmp_path / "v", Vocabulary((), settings={"error": float("nan")}))
    assert list(tmp_path.iterdir()) == []


def test_heads_and_examples_come_from_the_counts() -> None:
    counts = some_counts()
    known = examples_and_heads(counts, parsed("CC").key)
    np.testing.assert_allclose(sum(known["heads"].values()), counts.support(parsed("CC").key))
    assert known["examples"]
    assert examples_and_heads(counts, 1) == {"heads": {}, "examples": ()}
