import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.protein.alphabet import LETTERS, Codes, decoded, encoded
from sciml.protein.sequences import read_proteins
from sciml.protein.vocabulary.counting import Counts, merged
from sciml.protein.vocabulary.keys import parsed, patterns_of
from sciml.protein.vocabulary.pipeline import (
    MANIFEST,
    BuildSettings,
    CountingSettings,
    NamedProtein,
    Progress,
    build_vocabulary,
    count_shards,
    counting_worker,
    merged_counts,
)
from sciml.protein.vocabulary.store import write_vocabulary
from sciml.protein.windows import CutSettings
from sciml.protein.word import Word

SETTINGS = CountingSettings(error=1e-3, cut=CutSettings(longest=100, overlap=40))
SIZE, SHARDS = 20, 15
IDENTITY = {"settings": SETTINGS.model_dump(mode="json")}


def toy_words(codes: Codes) -> list[Word]:
    """Each tryptophan binds what stands six, nine and nineteen residues on."""
    assert len(codes) <= SETTINGS.cut.longest
    starts = np.flatnonzero(codes == LETTERS.index("W"))
    return [
        Word((start, start + 6, start + 9, start + 19), (start % 3,), -5.0)
        for start in starts.tolist()
        if start + 19 < len(codes)
    ]


def slow_worker(proteins: list[NamedProtein]) -> Counts:
    time.sleep(0.05)
    return counting_worker(toy_words, SETTINGS)(proteins)


def some_proteins() -> list[Codes]:
    draw = np.random.default_rng(0)
    proteins = [
        draw.integers(0, 20, int(n)).astype("u1") for n in draw.integers(30, 250, SIZE * SHARDS)
    ]
    for codes in proteins[::2]:
        codes[[3, 9, 12, 22]] = encoded("WCHM")
    return proteins


@pytest.fixture
def fasta(tmp_path: Path) -> Path:
    path = tmp_path / "proteins.fasta"
    path.write_text("".join(f">p{n}\n{decoded(one)}\n" for n, one in enumerate(some_proteins())))
    return path


def proteins_in(fasta: Path) -> Iterator[NamedProtein]:
    return ((one.id, encoded(one.sequence)) for one in read_proteins(fasta))


def counted(fasta: Path, folder: Path, **others: object) -> Progress:
    return count_shards(
        proteins_in(fasta), folder, counting_worker(toy_words, SETTINGS), IDENTITY, SIZE, **others
    )  # pyright: ignore


def vocabulary_bytes(folder: Path) -> bytes:
    vocabulary = build_vocabulary(merged_counts(folder), some_proteins(), BuildSettings())
    write_vocabulary(folder / "vocabulary", vocabulary)
    return (folder / "vocabulary").read_bytes()


RUN = """
import importlib.util, sys
from pathlib import Path
spec = importlib.util.spec_from_file_location("toy", sys.argv[1])
toy = importlib.util.module_from_spec(spec); spec.loader.exec_module(toy)
print("starts", flush=True)
proteins = toy.proteins_in(Path(sys.argv[2]))
toy.count_shards(proteins, Path(sys.argv[3]), toy.slow_worker, toy.IDENTITY, toy.SIZE)
"""


@pytest.mark.slow
@pytest.mark.parametrize("wait", [0.13, 0.52])
def test_a_killed_run_loses_at_most_one_shard_and_ends_with_the_same_bytes(
    tmp_path: Path, fasta: Path, wait: float
) -> None:
    command = [sys.executable, "-c", RUN, __file__, str(fasta), str(tmp_path / "killed")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        started = time.monotonic()
        while not (tmp_path / "killed" / MANIFEST).exists() and time.monotonic() < started + 20:
            time.sleep(0.01)
        time.sleep(wait)
        os.kill(process.pid, signal.SIGKILL)
    parts = len(list((tmp_path / "killed").glob("part-*.parquet")))
    assert 0 < parts < SHARDS
    progress = counted(fasta, tmp_path / "killed")
    assert progress.done + progress.skipped == SHARDS
    assert parts - 1 <= progress.skipped <= parts
    counted(fasta, tmp_path / "whole")
    assert vocabulary_bytes(tmp_path / "killed") == vocabulary_bytes(tmp_path / "whole")


def test_what_is_counted_is_not_counted_again(fasta: Path, tmp_path: Path) -> None:
    assert counted(fasta, tmp_path / "a") == Progress(SHARDS, 0)
    assert counted(fasta, tmp_path / "a") == Progress(0, SHARDS)


def test_processes_share_the_shards(fasta: Path, tmp_path: Path) -> None:
    assert counted(fasta, tmp_path / "a", share=(1, 2)) == Progress(SHARDS // 2, 0)
    with pytest.raises(BadInput, match="shard 1"):
        merged_counts(tmp_path / "a")
    counted(fasta, tmp_path / "a", share=(0, 2))
    counted(fasta, tmp_path / "b")
    assert merged_counts(tmp_path / "a") == merged_counts(tmp_path / "b")


@pytest.mark.parametrize("cut", [5, 60, 200])
def test_a_line_of_the_manifest_that_was_cut_off_costs_its_shard_only(
    fasta: Path, tmp_path: Path, cut: int
) -> None:
    counted(fasta, tmp_path / "a")
    before = merged_counts(tmp_path / "a")
    path = tmp_path / "a" / MANIFEST
    shards = path.read_bytes().split(b'\n{"shards"')[0]
    path.write_bytes(shards[:-cut])
    with pytest.raises(BadInput, match="end"):
        merged_counts(tmp_path / "a")
    assert counted(fasta, tmp_path / "a") == Progress(1, SHARDS - 1)
    assert merged_counts(tmp_path / "a") == before


def test_a_shard_that_was_altered_or_counted_otherwise_is_counted_again(
    fasta: Path, tmp_path: Path
) -> None:
    counted(fasta, tmp_path / "a")
    (tmp_path / "a" / "part-000003.parquet").write_bytes(b"PAR1")
    (tmp_path / "a" / "part-000005.parquet").unlink()
    assert counted(fasta, tmp_path / "a") == Progress(2, SHARDS - 2)
    worker = counting_worker(toy_words, SETTINGS)
    other = count_shards(proteins_in(fasta), tmp_path / "a", worker, {"settings": "others"}, SIZE)
    assert other == Progress(SHARDS, 0)
    fasta.write_text(fasta.read_text().replace(">p0\n", ">p0\nW", 1))
    again = count_shards(proteins_in(fasta), tmp_path / "a", worker, {"settings": "others"}, SIZE)
    assert again == Progress(1, SHARDS - 1)


def test_shards_that_were_counted_differently_are_not_added(fasta: Path, tmp_path: Path) -> None:
    counted(fasta, tmp_path / "a", share=(0, 2))
    worker = counting_worker(toy_words, SETTINGS)
    count_shards(proteins_in(fasta), tmp_path / "a", worker, {}, SIZE, share=(1, 2))
    with pytest.raises(BadInput, match="different settings"):
        merged_counts(tmp_path / "a")


def test_shards_of_a_longer_file_before_are_left_out(fasta: Path, tmp_path: Path) -> None:
    counted(fasta, tmp_path / "a")
    fasta.write_text("".join(f">{one}" for one in fasta.read_text().split(">")[1 : 4 * SIZE]))
    assert counted(fasta, tmp_path / "a") == Progress(1, 3)
    assert merged_counts(tmp_path / "a").proteins == 4 * SIZE - 1


def test_shards_add_up_to_counts_of_all_at_once(fasta: Path, tmp_path: Path) -> None:
    counted(fasta, tmp_path / "a")
    exact = CountingSettings(error=1e-9, cut=SETTINGS.cut)
    named = [(f"p{n}", codes) for n, codes in enumerate(some_proteins())]
    whole = counting_worker(toy_words, exact)(named)
    shards = merged_counts(tmp_path / "a")
    for key in shards.entries:
        assert shards.support(key) <= whole.support(key)
        assert whole.support(key) <= shards.support(key) + shards.possible_error(key)


def test_windows_find_the_words_of_a_long_protein_once() -> None:
    # Words here span 19 residues, fewer than the overlap, so no border hides one.
    draw = np.random.default_rng(1)
    codes = draw.integers(0, 20, 1500).astype("u1")
    counts = counting_worker(toy_words, SETTINGS)([("long", codes)])
    starts = [int(s) for s in np.flatnonzero(codes == LETTERS.index("W")) if s + 19 < 1500]
    expected: set[int] = set()
    for start in starts:
        expected |= patterns_of(codes, (start, start + 6, start + 9, start + 19)).keys()
    assert set(counts.entries) == expected


def test_the_planted_word_leads_the_vocabulary(fasta: Path, tmp_path: Path) -> None:
    counted(fasta, tmp_path / "a")
    vocabulary = build_vocabulary(merged_counts(tmp_path / "a"), some_proteins(), BuildSettings())
    first = vocabulary.entries[0]
    assert first.key == parsed("[FW]x(4,6)Cx(2)Hx(7,14)M").key
    assert first.support >= SIZE * SHARDS // 2 > 10 * first.expected
    assert len(first.examples) == 8
    assert first.examples[0][1] == (3, 9, 12, 22)


def test_what_cannot_be_built_is_refused(fasta: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="share"):
        counted(fasta, tmp_path / "a", share=(2, 2))
    with pytest.raises(BadInput, match="end"):
        merged_counts(tmp_path / "none")
    with pytest.raises(BadInput, match="ask less"):
        build_vocabulary(merged([]), some_proteins(), BuildSettings())
