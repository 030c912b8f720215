"""A vocabulary of a million proteins: speed, memory, and what is left after a process is killed.

The proteins are fragments of 100 residues at random places of the corpus, written to a FASTA file.
Counted are all words of four letters with steps up to three residues, in the proteins and in
their shuffles, in chunks of 50,000; the vocabulary has the words that shuffles hardly have, and
the most frequent ones. One process runs to its end. Another one is killed (SIGKILL) at random
moments and begun again, until it ends too; both vocabularies must have the same bytes. Time is that
of the processor on one thread, reading and ranking included. The projection takes the time for each
residue and every residue of UniRef50.
"""

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from protein_annotation import UNIREF50, corpus
from reporting import Row, report

from sciml.core.writing import sha256_of
from sciml.protein.alphabet import decoded
from sciml.protein.vocabulary.ranking import PartSettings
from sciml.protein.vocabulary_tasks import (
    VOCABULARY_FILE,
    ProteinsSettings,
    VocabularyRecipe,
    vocabulary,
)

LENGTH, CHUNK = 100, 50_000
KILLS = 3
MEMORY = 2.0  # GiB


def write_fragments(path: Path, count: int) -> None:
    """Write fragments of the corpus, none with an unknown end."""
    proteins = [one for one in corpus() if len(one) >= LENGTH]
    draw = np.random.default_rng(0)
    with path.open("w") as file:
        for number, chosen in enumerate(draw.integers(0, len(proteins), count)):
            start = int(draw.integers(0, len(proteins[chosen]) - LENGTH + 1))
            file.write(f">{number}\n{decoded(proteins[chosen][start : start + LENGTH])}\n")


def recipe(path: Path) -> VocabularyRecipe:
    """What is counted and chosen."""
    proteins = ProteinsSettings(
        source=str(path), chunk=CHUNK, leave_out_judged=False, families=False
    )
    parts = (PartSettings(words=10_000), PartSettings(by="support", words=1000))
    return VocabularyRecipe(
        task="protein/vocabulary", title="scale", seed=1, proteins=proteins, parts=parts
    )


def work(fasta: Path, folder: Path) -> None:
    """In a process of its own: count, choose, and print what it took."""
    folder.mkdir(exist_ok=True)
    started = time.process_time()
    found = vocabulary(recipe(fasta), folder)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    seconds = time.process_time() - started
    print(json.dumps({"seconds": seconds, "memory": memory, **found.metrics}), flush=True)


def begun(fasta: Path, folder: Path) -> "subprocess.Popen[str]":
    """A process that works."""
    command = [sys.executable, __file__, "--work", str(fasta), str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def told_by(process: "subprocess.Popen[str]") -> dict[str, Any]:
    """What a process that came to its end printed."""
    out, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(f"the process that counts ended with {process.returncode}")
    return json.loads(out.splitlines()[-1])


def killed_and_resumed(fasta: Path, folder: Path, wall: float) -> tuple[int, dict[str, Any]]:
    """Kill at random moments, then let it end; how often a process was really killed."""
    draw, killed = np.random.default_rng(1), 0
    for _ in range(KILLS):
        process = begun(fasta, folder)
        try:
            process.wait(wall * draw.uniform(0.15, 0.4))
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            killed += 1
        process.communicate()
    return killed, told_by(begun(fasta, folder))


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--proteins", type=int, default=1_000_000)
    parser.add_argument("--work", nargs=2, type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.work:
        work(*asked.work)
        return
    with tempfile.TemporaryDirectory() as name:
        fasta, whole, parts = (Path(name) / one for one in ("some.fasta", "whole", "parts"))
        write_fragments(fasta, asked.proteins)
        started = time.perf_counter()
        told = told_by(begun(fasta, whole))
        killed, again = killed_and_resumed(fasta, parts, time.perf_counter() - started)
        same = sha256_of(whole / VOCABULARY_FILE) == sha256_of(parts / VOCABULARY_FILE)
    per_residue = told["seconds"] / told["residues"]
    memory = max(told["memory"], again["memory"])
    rows = [
        Row("proteins counted", told["proteins"], "1"),
        Row("residues counted", told["residues"], "1"),
        Row("words in the vocabulary", told["words"], "1"),
        Row("counting and choosing", 1 / per_residue, "residues/s", better="more"),
        Row("projected for UniRef50", per_residue * UNIREF50 / 3600, "core h"),
        Row("largest memory of a process", memory, "GiB", MEMORY),
        Row("processes killed", killed, "1"),
        Row("same bytes after them", float(same), "1", 1.0, "more"),
    ]
    report("A vocabulary of a million proteins, one thread", rows)


if __name__ == "__main__":
    main()
