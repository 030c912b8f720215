"""What it costs to find all occurrences of 10,000 patterns in natural proteins, on one thread.

The patterns are the most frequent ones of four residues among residues drawn from the corpus at
gaps of equal chance: with exact gaps of up to four positions, and with all bins of gaps, of which
the widest has 32 widths; of letters and of classes.
Scanned is the whole corpus for what an
occurrence covers. Processor time; reading is left out. A projection takes the time that the second
half of the corpus adds to the first, and every protein of UniRef50.
"""

import argparse
import os
import time
from collections import Counter
from pathlib import Path

import numpy as np
from reporting import Row, report

from sciml.core.errors import DatasetMissing
from sciml.protein.alphabet import Codes, encoded
from sciml.protein.sequences import read_proteins
from sciml.protein.vocabulary.keys import GAPS, Spelling, pattern_at
from sciml.protein.vocabulary.scanner import Scanner

PATTERNS, ELEMENTS = 10_000, 4
BAR = 1e7  # residues per second of a processor
UNIREF50 = 19_582_371_375  # residues; downloaded from UniProt on 14 December 2024
MINED, DRAWS = 6000, 40  # proteins from which patterns are drawn, and of each
# Letters or classes, and how many of the first bins of gaps.
KINDS: tuple[tuple[Spelling, int], ...] = (
    ("letters", 4),
    ("classes", 4),
    ("letters", 5),
    ("letters", len(GAPS)),
)


def corpus() -> list[Codes]:
    """The proteins of the corpus."""
    for root in filter(None, os.environ.get("SCIML_DATA", "").split(os.pathsep)):
        path = Path(root) / "protein/corpus/corpus.fasta.xz"
        if path.is_file():
            return [encoded(protein.sequence) for protein in read_proteins(path)]
    raise DatasetMissing(
        "annotation: no file protein/corpus/corpus.fasta.xz; point SCIML_DATA at a folder with it"
    )


def frequent(proteins: list[Codes], spelling: Spelling, gaps: int) -> list[int]:
    """Keys of the patterns that are drawn from most proteins."""
    draw, found = np.random.default_rng(0), Counter[int]()
    for number in draw.choice(len(proteins), min(MINED, len(proteins)), replace=False):
        found.update(drawn(proteins[number], spelling, gaps, draw))
    return sorted(found, key=lambda key: (-found[key], key))[:PATTERNS]


def drawn(codes: Codes, spelling: Spelling, gaps: int, draw: np.random.Generator) -> set[int]:
    """Keys of patterns at random places of a protein."""
    first, last = np.array(GAPS).T
    keys: set[int] = set()
    for _ in range(DRAWS):
        bins = draw.integers(0, gaps, ELEMENTS - 1)
        places = np.cumsum([0, *draw.integers(first[bins], last[bins] + 1)])
        places += draw.integers(0, max(len(codes) - places[-1], 1))
        if places[-1] < len(codes):
            pattern = pattern_at(codes, places.tolist(), spelling)
            keys |= {pattern.key} if pattern else set()
    return keys


def scanned(scanner: Scanner, proteins: list[Codes]) -> tuple[float, float]:
    """Processor time, s, and the share of residues that are covered."""
    started = time.process_time()
    covered = scanner.covered(proteins)
    spent = time.process_time() - started
    return spent, sum(int(one.sum()) for one in covered) / sum(len(one) for one in proteins)


def of_kind(proteins: list[Codes], spelling: Spelling, gaps: int) -> list[Row]:
    """The rows of one vocabulary."""
    scanner = Scanner(frequent(proteins, spelling, gaps))
    scanner.covered(proteins[:10])  # compiles
    half = proteins[: len(proteins) // 2]
    (first, _), (whole, share) = scanned(scanner, half), scanned(scanner, proteins)
    residues = sum(len(one) for one in proteins)
    slope = (whole - first) / (residues - sum(len(one) for one in half))
    bins = "exact gaps up to 4" if gaps == 4 else f"gaps up to {GAPS[gaps - 1][1]} in bins"
    case = f"annotation, {len(scanner.patterns)} patterns of {spelling}, {bins}"
    return [
        Row(case, residues / whole, "residues/s", BAR, "more"),
        Row(f"{case}: residues covered", share, "1"),
        Row(f"{case}: projected for UniRef50", slope * UNIREF50 / 3600, "core h"),
    ]


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kinds", type=int, default=len(KINDS), help="how many of the kinds")
    kinds = KINDS[: parser.parse_args().kinds]
    proteins = corpus()
    residues = sum(len(one) for one in proteins)
    rows = [row for kind in kinds for row in of_kind(proteins, *kind)]
    report(f"annotation of {len(proteins)} proteins, {residues} residues, one thread", rows)


if __name__ == "__main__":
    main()
