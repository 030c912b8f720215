"""The recipe that counts words in any number of proteins and makes a vocabulary of them."""

import hashlib
import heapq
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveInt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from sciml.core.axes import IntArray
from sciml.core.errors import BadInput, DamagedFile
from sciml.core.paths import shown
from sciml.core.settings import Settings
from sciml.core.writing import write_bytes
from sciml.protein.alphabet import UNKNOWN, Codes, encoded
from sciml.protein.grammar import GrammarSettings, speak
from sciml.protein.relatives import families, without_relatives
from sciml.protein.sequences import ReadingReport
from sciml.protein.sources import (
    CORPUS,
    Judging,
    chance_mark,
    chunks,
    judged_proteins,
    named_proteins,
    source_sha256,
    told_changes,
)
from sciml.protein.vocabulary.census import Census, CensusSettings, Table
from sciml.protein.vocabulary.counting import UNIT, family_weights
from sciml.protein.vocabulary.ends import (
    SIDES,
    EndTables,
    no_words_near_ends,
    words_near_ends,
)
from sciml.protein.vocabulary.kept import KeptTables, kept_words, no_kept_words, pairs_of
from sciml.protein.vocabulary.ranking import (
    BY_RELATIVES,
    Counted,
    PartSettings,
    covered_share,
    entries_of,
    joined,
)
from sciml.protein.vocabulary.store import Vocabulary, write_vocabulary
from sciml.protein.words.shuffles import shuffled_by
from sciml.training.recipe import Recipe
from sciml.training.run import Outcome, RecipeTask

VOCABULARY_FILE, STATE_FILE = "vocabulary.parquet", "census.safetensors"


class ProteinsSettings(Settings):
    """What is counted."""

    source: str = CORPUS  # or a FASTA file, or simulated_grammar, which needs no download
    chunk: PositiveInt = 50_000  # proteins that are held at once
    leave_out_judged: bool = True  # and their relatives
    families: bool = True  # whether relatives in one chunk count as one protein
    grammar: GrammarSettings = GrammarSettings()  # of simulated_grammar
    spoken: PositiveInt = 2000  # proteins of the grammar
    shuffles: PositiveInt = 1  # of each protein; more of them tell chance more sharply
    sample: PositiveInt = 400  # proteins on which coverage is measured


class VocabularyRecipe(Recipe):
    """Count words and choose a vocabulary."""

    proteins: ProteinsSettings = ProteinsSettings()
    parts: tuple[PartSettings, ...] = Field(min_length=1)


class CensusState(NamedTuple):
    """All that is known after some chunks; a run that was killed goes on from here."""

    seen: list[IntArray]  # of each kind of words, see Census. Shape (shape, word)
    shuffled: list[IntArray]  # of shuffled proteins
    kept: list[KeptTables]  # by relatives, of those kinds that a part asks it of
    ends: list[EndTables]  # near ends, likewise
    letters: IntArray  # summed weights of residues. Shape (code,)
    sample: list[tuple[int, bytes]]  # proteins with the largest negative marks
    told: dict[str, Any]  # chunks, proteins, residues, those left out, and the checksum so far


def vocabulary(recipe: VocabularyRecipe, folder: Path) -> Outcome:
    """Count, rank, and write the vocabulary.

    Args:
        recipe: The settings.
        folder: Folder of the run. A census that was interrupted goes on.

    Returns:
        Numbers of proteins, residues, words and the coverage of a sample; the vocabulary.

    Raises:
        BadInput: if there is no protein, or a part finds no word.
        DatasetMissing: if the proteins are not on this machine.
    """
    started = time.perf_counter(), time.process_time()
    judging = judged_proteins() if recipe.proteins.leave_out_judged else Judging([], {})
    state = counted_proteins(recipe, folder / STATE_FILE, judging)
    counted = _counted_kinds(recipe, state)
    sample = [np.frombuffer(one, np.uint8) for _, one in sorted(state.sample)]
    parts = [entries_of(counted[part.census], part, sample) for part in recipe.parts]
    entries = joined(parts)
    settings = recipe.model_dump(mode="json", include={"seed", "proteins", "parts"})
    inputs = {recipe.proteins.source: state.told["sha256"]}
    write_vocabulary(folder / VOCABULARY_FILE, Vocabulary(entries, inputs, settings))
    metrics = {
        **{name: state.told[name] for name in ("proteins", "residues", "left_out", "chunks")},
        "words": len(entries),
        "sample_coverage": covered_share([one.key for one in entries], sample),
        **{f"words_of_part_{number}": len(part) for number, part in enumerate(parts, 1)},
        **state.told["changed"],
    }
    seconds = {"wall": time.perf_counter() - started[0], "cpu": time.process_time() - started[1]}
    sha256 = source_sha256(recipe.proteins.source, "proteins.source") | judging.sha256
    return Outcome("finished", metrics, sha256, [folder / VOCABULARY_FILE], seconds)


def kinds_of(parts: Sequence[PartSettings]) -> list[CensusSettings]:
    """The kinds of words that parts ask for, each once."""
    return list(dict.fromkeys(part.census for part in parts))


def kinds_by_relatives(parts: Sequence[PartSettings]) -> list[CensusSettings]:
    """Those of them of which a part asks what relatives keep."""
    return kinds_of([part for part in parts if part.by in BY_RELATIVES])


def kinds_by_ends(parts: Sequence[PartSettings]) -> list[CensusSettings]:
    """Those of them of which a part asks what stands near the ends of proteins."""
    return kinds_of([part for part in parts if part.by in SIDES])


def _counted_kinds(recipe: VocabularyRecipe, state: CensusState) -> dict[CensusSettings, Counted]:
    """All that was counted, by the kind of words."""
    kinds, shuffles = kinds_of(recipe.parts), recipe.proteins.shuffles
    kept = dict(zip(kinds_by_relatives(recipe.parts), state.kept, strict=True))
    ends = dict(zip(kinds_by_ends(recipe.parts), state.ends, strict=True))
    return {
        kind: Counted(
            Table(kind, seen),
            Table(kind, shuffled),
            state.letters,
            shuffles,
            kept.get(kind),
            ends.get(kind),
        )
        for kind, seen, shuffled in zip(kinds, state.seen, state.shuffled, strict=True)
    }


def counted_proteins(recipe: VocabularyRecipe, path: Path, judging: Judging) -> CensusState:
    """Count all proteins, chunk by chunk; each is on the disk before the next one is read.

    Args:
        recipe: What is counted.
        path: Where the state is kept. What a run of the same settings, with the same proteins that
            judge, has left there is gone on from, once what is counted is seen to be the same.
        judging: What is left out, with its relatives.

    Returns:
        The state after the last chunk.

    Raises:
        BadInput: if there is no protein, or the state is of other ones.
        DamagedFile: if the state is none.
    """
    settings = recipe.proteins
    known = [recipe.seed, recipe.model_dump(mode="json"), judging.sha256]
    identity = json.dumps(known, sort_keys=True)
    state = _read_state(path, identity) or _empty_state(recipe)
    digest, done = hashlib.sha256(), state.told["chunks"]
    judged = [encoded(one) for one in judging.sequences]
    number, report = 0, ReadingReport()
    proteins = _stream(settings, recipe.seed, report)
    for number, chunk in enumerate(chunks(proteins, settings.chunk), 1):
        for one in chunk:
            digest.update(len(one).to_bytes(8, "little") + one.tobytes())
        if number < done:
            continue
        if number == done:
            if digest.hexdigest() != state.told["sha256"]:
                raise _of_other_proteins(path)
            continue
        state = _with_chunk(state, chunk, recipe, judged)
        state.told.update(chunks=number, sha256=digest.hexdigest())
        _write_state(path, state, identity)
    if number == 0:
        raise BadInput(f"{settings.source}: no protein to count")
    if number < done:
        raise _of_other_proteins(path)
    state.told["changed"] = told_changes(settings.source, report)
    return state


def _of_other_proteins(path: Path) -> BadInput:
    """What is wrong with a state whose first chunks are not those of the proteins."""
    return BadInput(f"{shown(path)}: was counted from other proteins; run again with --fresh")


def _with_chunk(
    state: CensusState, chunk: list[Codes], recipe: VocabularyRecipe, judged: Sequence[Codes]
) -> CensusState:
    """The state after one more chunk."""
    settings = recipe.proteins
    free = without_relatives(chunk, judged) if judged else np.ones(len(chunk), bool)
    kept = [one for one, alone in zip(chunk, free, strict=True) if alone]
    weights = family_weights(families(kept).tolist()) if settings.families else [1.0] * len(kept)
    marks = [chance_mark(one, recipe.seed) for one in kept]
    kinds, letters, shuffled = kinds_of(recipe.parts), state.letters.copy(), state.shuffled
    for turn in range(settings.shuffles):
        others = [shuffled_by(one, mark ^ turn) for one, mark in zip(kept, marks, strict=True)]
        shuffled = [_counted(*one, others, weights) for one in zip(kinds, shuffled, strict=True)]
    for one, weight in zip(kept, weights, strict=True):
        letters += np.bincount(one, minlength=UNKNOWN + 1) * round(weight * UNIT)
    drawn = [(-mark, one.tobytes()) for mark, one in zip(marks, kept, strict=True)]
    told = {
        **state.told,
        "proteins": state.told["proteins"] + len(kept),
        "residues": state.told["residues"] + sum(map(len, kept)),
        "left_out": state.told["left_out"] + len(chunk) - len(kept),
    }
    return CensusState(
        [_counted(*one, kept, weights) for one in zip(kinds, state.seen, strict=True)],
        shuffled,
        _kept(state.kept, kinds_by_relatives(recipe.parts), kept, weights),
        [
            tables.joined(words_near_ends(kept, weights, kind))
            for tables, kind in zip(state.ends, kinds_by_ends(recipe.parts), strict=True)
        ],
        letters,
        heapq.nlargest(settings.sample, {*state.sample, *drawn}),
        told,
    )


def _counted(
    kind: CensusSettings, units: IntArray, proteins: list[Codes], weights: list[float]
) -> IntArray:
    """Counts of a kind of words with those of more proteins."""
    census = Census(kind, units)
    census.add(proteins, weights)
    return census.units


def _kept(
    before: list[KeptTables],
    kinds: list[CensusSettings],
    proteins: list[Codes],
    weights: list[float],
) -> list[KeptTables]:
    """What relatives keep with that of more proteins."""
    if not kinds or not proteins:
        return before
    pairs = pairs_of(proteins, weights)
    return [
        tables.joined(kept_words(pairs, kind)) for tables, kind in zip(before, kinds, strict=True)
    ]


def _stream(settings: ProteinsSettings, seed: int, report: ReadingReport) -> Iterator[Codes]:
    """The proteins of a source, one after another."""

    def spoken() -> Sequence[Codes]:
        return speak(settings.grammar, settings.spoken, seed).proteins

    named = named_proteins(settings.source, "proteins.source", spoken, report)
    return (codes for _, codes in named)


def _empty_state(recipe: VocabularyRecipe) -> CensusState:
    """The state before the first chunk."""
    kinds = kinds_of(recipe.parts)
    nothing = [np.zeros((kind.shapes, kind.words), np.int64) for kind in kinds]
    told = {"chunks": 0, "proteins": 0, "residues": 0, "left_out": 0, "sha256": ""}
    kept = [no_kept_words(kind) for kind in kinds_by_relatives(recipe.parts)]
    ends = [no_words_near_ends(kind) for kind in kinds_by_ends(recipe.parts)]
    return CensusState(nothing, nothing, kept, ends, np.zeros(UNKNOWN + 1, np.int64), [], told)


def _write_state(path: Path, state: CensusState, identity: str) -> None:
    """Write the state, whole or not at all."""
    arrays: dict[str, NDArray[Any]] = {"letters": state.letters}
    for name, tables in (("seen", state.seen), ("shuffled", state.shuffled)):
        arrays |= {f"{name}:{number}": one for number, one in enumerate(tables)}
    for listed in (state.kept, state.ends):
        for number, tables in enumerate(listed):
            arrays |= {f"{name}:{number}": one for name, one in tables._asdict().items()}
    arrays["marks"] = np.array([mark for mark, _ in state.sample], np.int64)
    arrays["lengths"] = np.array([len(one) for _, one in state.sample], np.int64)
    arrays["sample"] = np.frombuffer(b"".join(one for _, one in state.sample), np.uint8)
    write_bytes(path, save(arrays, {"identity": identity, "told": json.dumps(state.told)}))


def _read_state(path: Path, identity: str) -> CensusState | None:
    """The state that a run of the same settings has left; None where there is none."""
    if not path.is_file():
        return None
    try:
        with safe_open(path, "np") as file:
            notes = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise DamagedFile(f"{shown(path)}: not a whole file ({error}); delete it") from None
    if notes.get("identity") != identity:
        return None
    ends = np.cumsum(arrays["lengths"])
    parts = np.split(arrays["sample"], ends[:-1]) if len(ends) else []
    marked = zip(arrays["marks"].tolist(), parts, strict=True)
    listed = {
        name: [arrays[one] for one in _numbered(name, arrays)]
        for name in ("seen", "shuffled", *KeptTables._fields, *EndTables._fields)
    }
    return CensusState(
        listed["seen"],
        listed["shuffled"],
        [KeptTables(*one) for one in zip(*(listed[k] for k in KeptTables._fields), strict=True)],
        [EndTables(*one) for one in zip(*(listed[k] for k in EndTables._fields), strict=True)],
        arrays["letters"],
        [(mark, one.tobytes()) for mark, one in marked],
        json.loads(notes["told"]),
    )


def _numbered(name: str, arrays: dict[str, NDArray[Any]]) -> list[str]:
    """Names of the tables of all kinds, in their order."""
    return [
        f"{name}:{number}" for number in range(sum(one.startswith(f"{name}:") for one in arrays))
    ]


VOCABULARY_TASKS = {"protein/vocabulary": RecipeTask(VocabularyRecipe, vocabulary)}
