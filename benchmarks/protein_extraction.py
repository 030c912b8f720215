"""Words from maps of attention: what is found of what was planted, and what finding costs.

Planted: noisy maps of 32 heads, a part of which binds words of four to eight residues, some heads
with heavy tails, offsets or favoured residues; twenty seeds. A word is found when one of ours
shares at least half of the residues of both together; a link is false when its residues are not
of one planted word. Key residues, at which heads look from everywhere, are planted in maps of their
own. The peer is Louvain on all binarised heads of the first protein of the first
seeds; a head on which its search does not end within five processor seconds gives it no word.

Cost: proteins of 300 residues, 120 heads of a model of the size of ESM-2 t6_8M with random
weights, sharpened; processor time on one thread. All of the extraction counts: scores, p-values,
neighbours, false discoveries, words. Louvain runs on a sample of heads, scaled to all.
"""

import sciml  # noqa: F401 - makes the process settings, which must precede Paddle

# isort: split
import argparse
import statistics
import time
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from protein_language import LENGTH, SHAPES, random_model
from reporting import Row, report

from sciml.protein.alphabet import Codes
from sciml.protein.language.maps import Maps, attention
from sciml.protein.words.extractor import (
    Extractor,
    ExtractorSettings,
    NullSettings,
    fit_null,
    informative_heads,
)
from sciml.protein.words.louvain import communities, louvain_words
from sciml.protein.words.null import heads_of
from sciml.protein.words.planted import (
    PlantedSettings,
    Positions,
    false_links,
    found_words,
    planted_maps,
)

RESIDUES, PROTEINS, NATURAL = 200, 6, 20  # of each protein; judged; to learn heads and null from
RATE = ExtractorSettings().link.false_discoveries
KEYS = 4  # key residues of a protein
LOUVAIN_SEEDS = 3  # whose first protein Louvain reads
SAMPLED_HEADS = 12  # of 120, whose time on Louvain is scaled to all


class Tally(NamedTuple):
    """What was found in some proteins."""

    planted: int
    found: int
    claimed: int  # links, or words where there are no links
    false: int

    def plus(self, other: "Tally") -> "Tally":
        """Both together."""
        return Tally(*(a + b for a, b in zip(self, other, strict=True)))


def random_proteins(seed: int, count: int, residues: int) -> list[Codes]:
    """Letters alike and independent."""
    draw = np.random.default_rng(seed)
    return [draw.integers(0, 20, residues).astype(np.uint8) for _ in range(count)]


def false_words(truth: list[Positions], words: Sequence[Positions]) -> int:
    """Words most of whose residues are not of one planted word."""
    return sum(all(2 * len(set(one) & set(w)) <= len(w) for one in truth) for w in words)


def planted_tallies(seed: int) -> tuple[Tally, Tally]:
    """Of ours and of Louvain, on the same maps."""
    settings = PlantedSettings()
    silent, model = (planted_maps(settings, seed, speak=speak) for speak in (False, True))
    chosen = ExtractorSettings(null=NullSettings(lengths=(RESIDUES,), tails=12_000, links=12_000))
    null = fit_null(silent.attention, random_proteins(seed, 30, RESIDUES), seed, chosen)
    known = random_proteins(10_000 + seed, NATURAL, RESIDUES)
    heads = informative_heads(model.attention, known, null, chosen)
    extractor = Extractor(null, chosen, heads.used)
    ours, theirs = Tally(0, 0, 0, 0), Tally(0, 0, 0, 0)
    for protein in random_proteins(20_000 + seed, PROTEINS, RESIDUES):
        truth = model.truth(protein)
        reading = extractor.read(model.attention, protein)
        links, words = reading.links(), [word.positions for word in reading.words()]
        found = found_words(truth, words)
        ours = ours.plus(Tally(len(truth), found, len(links.head), false_links(truth, links)))
        if seed < LOUVAIN_SEEDS and theirs.planted == 0:
            maps = np.stack([one[1:-1, 1:-1] for _, one in heads_of(model.attention, protein)])
            other = [word.positions for word in louvain_words(maps)]
            claimed, false = len(other), false_words(truth, other)
            theirs = theirs.plus(Tally(len(truth), found_words(truth, other), claimed, false))
    return ours, theirs


def planted_rows(seeds: int) -> list[Row]:
    """Recall and false discoveries."""
    ours, theirs = Tally(0, 0, 0, 0), Tally(0, 0, 0, 0)
    recalls, rates = [], []
    for seed in range(seeds):
        one, other = planted_tallies(seed)
        ours, theirs = ours.plus(one), theirs.plus(other)
        recalls.append(one.found / one.planted)
        rates.append(one.false / max(one.claimed, 1))
    peer_recall = theirs.found / theirs.planted
    peer_false = theirs.false / max(theirs.claimed, 1)
    share = ours.false / max(ours.claimed, 1)
    what = "planted truth, noisy maps"
    return [
        Row(f"{what}: recall", ours.found / ours.planted, "", 0.95, "more", peer_recall),
        Row(f"{what}: recall of the worst seed", min(recalls), "", better="more"),
        Row(f"{what}: empirical FDR of links", share, "", RATE, peer=peer_false),
        Row(f"{what}: empirical FDR, mean of seeds", statistics.mean(rates), "", RATE),
        Row(f"{what}: empirical FDR of the worst seed", max(rates), ""),
    ]


def key_rows(seeds: int) -> list[Row]:
    """Key residues: how many are found, and how many of those found are none."""
    settings, found, planted, false, claimed = PlantedSettings(keys=KEYS), 0, 0, 0, 0
    chosen = ExtractorSettings(null=NullSettings(lengths=(RESIDUES,), tails=12_000, links=3000))
    for seed in range(seeds):
        silent, model = (planted_maps(settings, seed, speak=speak) for speak in (False, True))
        null = fit_null(silent.attention, random_proteins(seed, 30, RESIDUES), seed, chosen)
        for protein in random_proteins(20_000 + seed, PROTEINS, RESIDUES):
            reading = Extractor(null, chosen).read(model.attention, protein)
            keys = set(reading.key_residues().residue.tolist())
            truth = set(model.keys(protein))
            found += len(keys & truth)
            planted += len(truth)
            false += len(keys - truth)
            claimed += len(keys)
    return [
        Row("planted key residues: recall", found / planted, "", 0.95, "more"),
        Row("planted key residues: empirical FDR", false / max(claimed, 1), "", RATE),
    ]


def cost_rows(rounds: int) -> list[Row]:
    """What extraction costs beside the forward pass, and Louvain beside it."""
    model = random_model(SHAPES["t6_8M"])
    read = partial(attention, model)
    few = ExtractorSettings(null=NullSettings(lengths=(LENGTH,), tails=3000, links=3000))
    extractor = Extractor(fit_null(read, random_proteins(0, 20, 150), 0, few), few)
    protein = random_proteins(1, 1, LENGTH)[0]
    forward, extraction = [], []
    maps: list[Maps] = []
    for _ in range(rounds + 2):
        maps.clear()
        started = time.process_time()
        attention(model, protein, lambda _, one: maps.append(one.copy()))
        forward.append(time.process_time() - started)
        started = time.process_time()
        reading = extractor.begin(protein)
        for number, one in enumerate(maps):
            reading.layer(number, one)
        reading.words()
        reading.key_residues()
        extraction.append(time.process_time() - started)
    ours, whole = statistics.median(extraction[2:]), statistics.median(forward[2:])
    heads = np.concatenate(maps)[:, 1:-1, 1:-1]
    started = time.process_time()
    for head in heads[:: len(heads) // SAMPLED_HEADS]:
        list(communities(head))
    louvain = (time.process_time() - started) * len(heads) / SAMPLED_HEADS
    size = f"L = {LENGTH}, {len(heads)} heads"
    return [
        Row(f"extraction, {size}", ours, "s", peer=louvain),
        Row(f"extraction cost, {size}, over the forward pass", ours / whole, "", 0.5),
        Row("times faster than networkx Louvain", louvain / ours, "", 30.0, "more"),
    ]


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=9)
    asked = parser.parse_args()
    rows = [*planted_rows(asked.seeds), *key_rows(asked.seeds), *cost_rows(asked.rounds)]
    report("Words from maps; peer: Louvain communities", rows)


if __name__ == "__main__":
    main()
