"""From words that a model finds in proteins to a vocabulary, shard by shard: what is done stays.

Each shard becomes a file of counts, which is there whole or not at all, and then a line of a
manifest. Whoever kills the run at any moment loses the shard in work, and the next run goes on;
the result has the same bytes as one that was never interrupted. Several processes may share the
shards of a folder.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from pydantic import Field, PositiveFloat, PositiveInt

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.core.paths import shown
from sciml.core.settings import Settings
from sciml.core.writing import sha256_of, sync_folder
from sciml.protein.alphabet import Codes
from sciml.protein.sources import chunks
from sciml.protein.vocabulary.counting import Counts, LossyCounter, Sighting, merged
from sciml.protein.vocabulary.keys import Spelling, patterns_of
from sciml.protein.vocabulary.selection import SelectionSettings, select
from sciml.protein.vocabulary.significance import scanned_support, significance
from sciml.protein.vocabulary.store import (
    FORMAT_VERSION,
    Vocabulary,
    VocabularyEntry,
    examples_and_heads,
    read_counts,
    write_counts,
)
from sciml.protein.windows import CutSettings, windows
from sciml.protein.word import Word

MANIFEST: Final = "manifest.jsonl"

NamedProtein = tuple[str, Codes]
Worker = Callable[[list[NamedProtein]], Counts]
Extract = Callable[[Codes], Sequence[Word]]


class CountingSettings(Settings):
    """How words of proteins are counted."""

    error: float = Field(default=1e-4, gt=0, lt=1)  # share of the proteins a count may lack
    spelling: Spelling = "classes"
    sizes: tuple[PositiveInt, ...] = (4,)  # residues of the runs of a word that count too
    cut: CutSettings = CutSettings()  # of proteins that are longer than the extractor takes


class BuildSettings(Settings):
    """What a vocabulary is chosen from, and how."""

    support: PositiveFloat = 3.0  # least of a candidate among the words, proteins
    rate: float = Field(default=0.01, gt=0, le=1)  # of false discoveries among the candidates
    selection: SelectionSettings = SelectionSettings()


class Progress(NamedTuple):
    """What a run did."""

    done: int  # shards that were counted now
    skipped: int  # shards that were there already


def counting_worker(
    extract: Extract, settings: CountingSettings, weights: Mapping[str, float] | None = None
) -> Worker:
    """A worker that counts the patterns of the words that an extractor finds.

    Args:
        extract: Gives the words of a protein of at most ``settings.cut.longest`` residues.
        settings: How they are counted. Longer proteins are cut into windows that overlap; a word
            belongs to the window that owns its middle.
        weights: Of proteins, by name; 1 where none is given.

    Returns:
        A function from proteins to counts.
    """
    weight_of = weights or {}

    def work(proteins: list[NamedProtein]) -> Counts:
        counter = LossyCounter(settings.error)
        for name, codes in proteins:
            counter.add(name, _sightings(codes, extract, settings), weight_of.get(name, 1.0))
        return counter.counts()

    return work


def count_shards(
    proteins: Iterable[NamedProtein],
    folder: Path,
    worker: Worker,
    identity: Mapping[str, Any],
    size: int = 50_000,
    share: tuple[int, int] = (0, 1),
) -> Progress:
    """Count all shards of some proteins that are not counted yet.

    Args:
        proteins: Names and residues, in the same order each time.
        folder: Where counts and the manifest are kept.
        worker: Gets the proteins of a shard; the same proteins must give the same counts.
        identity: All that the counts depend on besides the proteins, as can be written as JSON:
            settings, and the SHA-256 of a model.
        size: Proteins of a shard.
        share: Which part of the shards this process takes, from 0, and of how many.

    Returns:
        How many shards were counted, and how many were there.

    Raises:
        BadInput: if the share does not exist.
        WriteFailed: if the disk is full.
    """
    which, parts = share
    if not 0 <= which < parts or size < 1:
        raise BadInput(f"shards: share {share} or size {size} does not exist; expected 0 <= k < n")
    known, total = _manifest(folder)
    done = skipped = number = 0
    for number, shard in enumerate(chunks(proteins, size), 1):
        if (number - 1) % parts != which:
            continue
        line = {"shard": number, **_identity(identity, shard)}
        if _is_there(folder, line, known.get(number)):
            skipped += 1
            continue
        counts, part = worker(shard), _part(folder, number)
        write_counts(part, counts, line)
        _append(folder, {**line, "sha256": sha256_of(part), "patterns": len(counts.entries)})
        done += 1
    if number != total:
        _append(folder, {"shards": number})
    return Progress(done, skipped)


def merged_counts(folder: Path) -> Counts:
    """Counts of all shards of a folder.

    Args:
        folder: See :func:`count_shards`.

    Returns:
        Their sum, in which order soever they were counted.

    Raises:
        BadInput: if the folder holds no shard, or one is missing, or they were not counted alike.
        DamagedFile: if a file was altered.
    """
    lines, total = _manifest(folder)
    if total is None:
        raise BadInput(
            f"{shown(folder)}: the proteins were not read to their end; count them first"
        )
    missing = [number for number in range(1, total + 1) if number not in lines]
    if missing:
        raise BadInput(
            f"{shown(folder)}: shard {missing[0]} is not counted; run the counting again"
        )
    # Shards of a longer file that was counted in this folder before may still be there.
    lines = {number: line for number, line in lines.items() if number <= total}
    if len({line["config"] for line in lines.values()}) > 1:
        raise BadInput(
            f"{shown(folder)}: shards were counted with different settings; run the counting again"
        )
    return merged(read_counts(_part(folder, number)) for number in sorted(lines))


def build_vocabulary(
    counts: Counts,
    proteins: Sequence[Codes],
    settings: BuildSettings,
    weights: Sequence[float] | FloatArray | None = None,
    inputs: Mapping[str, str] | None = None,
) -> Vocabulary:
    """Choose a vocabulary from counted words.

    Words propose patterns; the proteins then decide by all occurrences of a pattern, for only these
    have an expectation by chance.

    Args:
        counts: Of words.
        proteins: In which patterns are judged and which they are to describe.
        settings: Least support, rate of false discoveries, size.
        weights: Of the proteins, see :func:`sciml.protein.vocabulary.counting.family_weights`.
        inputs: SHA-256 of what the vocabulary is made of, by name.

    Returns:
        The vocabulary, entries in the order of their choice.

    Raises:
        BadInput: if no pattern has the support, or none is significant.
    """
    keys = np.array(sorted(counts.at_least(settings.support).entries), np.int64)
    if not len(keys):
        raise BadInput(f"vocabulary: no pattern may be in {settings.support:g} proteins; ask less")
    support = scanned_support(keys, proteins, weights)
    # The words were found in such proteins, so their patterns are the best of all that were seen.
    judged = significance(keys, support, proteins, weights, tried=len(counts.entries))
    kept = judged.q <= settings.rate
    if not kept.any():
        raise BadInput(f"vocabulary: none of {len(keys)} patterns is significant; add proteins")
    chosen = select(keys[kept], proteins, settings.selection)
    places = np.searchsorted(keys, chosen.keys)
    entries = tuple(
        VocabularyEntry(
            int(keys[place]),
            float(support[place]),
            float(judged.expected[place]),
            float(judged.q[place]),
            float(bits),
            **examples_and_heads(counts, int(keys[place])),
        )
        for place, bits in zip(places, chosen.gain, strict=True)
    )
    return Vocabulary(entries, dict(inputs or {}), settings.model_dump(mode="json"))


def _sightings(codes: Codes, extract: Extract, settings: CountingSettings) -> dict[int, Sighting]:
    """Patterns of a protein, with the heads of all words that have them."""
    found: dict[int, Sighting] = {}
    for window in windows(len(codes), settings.cut):
        for word in extract(codes[window.start : window.stop]):
            places = [window.start + place for place in word.positions]
            if not window.owns((places[0] + places[-1]) / 2):
                continue
            for key, run in patterns_of(codes, places, settings.spelling, settings.sizes).items():
                before = found.get(key, Sighting(run))
                heads = tuple(sorted({*before.heads, *word.heads}))
                found[key] = Sighting(before.positions, heads)
    return found


def _identity(identity: Mapping[str, Any], proteins: list[NamedProtein]) -> dict[str, Any]:
    """What the counts of a shard depend on."""
    digest = hashlib.sha256()
    for name, codes in proteins:
        digest.update(f"{name}\n{len(codes)}\n".encode())
        digest.update(codes.tobytes())
    config = json.dumps({"format": FORMAT_VERSION, **identity}, sort_keys=True)
    return {
        "config": hashlib.sha256(config.encode()).hexdigest(),
        "input": digest.hexdigest(),
        "proteins": len(proteins),
        "residues": sum(len(codes) for _, codes in proteins),
    }


def _part(folder: Path, number: int) -> Path:
    """Where the counts of a shard are."""
    return folder / f"part-{number:06d}.parquet"


def _manifest(folder: Path) -> tuple[dict[int, dict[str, Any]], int | None]:
    """The last line of each shard, and how many there are; a line that was cut off is left out."""
    path = folder / MANIFEST
    lines: dict[int, dict[str, Any]] = {}
    total: int | None = None
    for text in path.read_text().splitlines() if path.is_file() else []:
        try:
            line = json.loads(text)
        except json.JSONDecodeError:
            continue
        if "shards" in line:
            total = line["shards"]
        else:
            lines[line["shard"]] = line
    return lines, total


def _is_there(folder: Path, wanted: Mapping[str, Any], line: Mapping[str, Any] | None) -> bool:
    """Whether a shard was counted from the same input in the same way and is whole."""
    part = _part(folder, wanted["shard"])
    if line is None or any(line.get(key) != value for key, value in wanted.items()):
        return False
    return part.is_file() and sha256_of(part) == line["sha256"]


def _append(folder: Path, line: Mapping[str, Any]) -> None:
    """Put a line at the end of the manifest, on the disk before going on."""
    # The leading end of line closes one that a killed process has left open.
    text = f"\n{json.dumps(line, sort_keys=True)}\n".encode()
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / MANIFEST, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(handle, text)
        os.fsync(handle)
    finally:
        os.close(handle)
    sync_folder(folder)
