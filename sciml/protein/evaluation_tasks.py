"""The recipe that judges vocabularies, and what they have to beat, on all annotated sets."""

import time
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import xarray as xr
from pydantic import Field, NonNegativeInt, PositiveInt

from sciml.core.errors import BadInput
from sciml.core.nearest import nearest
from sciml.core.settings import Settings
from sciml.core.user_files import user_file
from sciml.core.writing import sha256_of, write_json, write_with
from sciml.data.cards import read_card
from sciml.data.netcdf import write_netcdf
from sciml.protein.alphabet import Codes
from sciml.protein.evaluation.attention_words import by_louvain, extracted, links_in
from sciml.protein.evaluation.baselines import (
    BytePairs,
    PeerStrings,
    first_residues,
    frequent_spaced_words,
    letters_alone,
    patterns,
    preferred_spaced_words,
)
from sciml.protein.evaluation.certain_words import certainty
from sciml.protein.evaluation.downstream import contest, triples, word_presence
from sciml.protein.evaluation.pairs import (
    ScoredPairs,
    pair_score,
    pairs_of_letters,
    pairs_of_links,
    pairs_of_units,
    pairs_of_vocabulary,
)
from sciml.protein.evaluation.panel import (
    PANEL,
    Judged,
    clusters_of,
    judged,
    units_by_protein,
)
from sciml.protein.evaluation.places import Finder
from sciml.protein.evaluation.questions import QUESTIONS, open_question
from sciml.protein.evaluation.table import evaluation_table
from sciml.protein.evaluation.units import random_unit_score, unit_score
from sciml.protein.language.maps import attention
from sciml.protein.language.network import LanguageModel
from sciml.protein.language.weights import load_model
from sciml.protein.language_tasks import CorpusData, proteins_of
from sciml.protein.sets import Unit
from sciml.protein.sources import drawn, open_peer_words, open_set, set_names
from sciml.protein.vocabulary.store import VocabularyEntry, read_vocabulary
from sciml.protein.words.extractor import Extractor, fitted
from sciml.protein.words.null import Attention
from sciml.training.recipe import Recipe
from sciml.training.run import Outcome, RecipeTask

TABLE, OTHERS = "evaluation.nc", "units_pairs_questions.json"
FROM_MAPS, FROM_LOUVAIN = "attention.nc", "louvain.nc"

# Methods that a vocabulary must beat. Letters alone, or what comes first, are no vocabularies and
# are printed beside.
RIVALS: Final = (
    "byte pairs >= 3",
    "byte pairs >= 4",
    "frequent spaced words",
    "preferred spaced words",
    "peer strings",
)
_LONGEST: Final = 400  # residues of proteins that are read where time matters
LETTERS_ALONE: Final = "letters GSRFMW"  # chosen on proteins that do not judge
FIRST_ALONE: Final = "first 15 residues"
_PIECES: Final = "byte pairs >= 2"
_LETTERS, _ATTENTION = "letters", "attention"  # what else scores pairs

# Kinds of units whose residues are scattered: set, type, label.
UNITS: Final = {
    "metal sites": ("binding_residues", "BINDING", "metal"),
    "disulfides": ("uniprot_residue_function", "DISULFID", None),
    "catalytic groups": ("catalytic_sites", "SITE", "active_site"),
    "paratopes": ("antibody_paratope", "PARATOPE", None),
}


# Letters that pairs of a kind mostly have, as is known without any of these proteins.
LETTERS_OF_PAIRS: Final = {"metal sites": "CHDE", "disulfides": "C"}


class BaselineSettings(Settings):
    """What baselines learn from."""

    proteins: PositiveInt = 10_000  # of the corpus, none related to one that judges
    words: PositiveInt = 10_000


class AttentionSettings(Settings):
    """Words straight from the maps of a language model."""

    weights: str | None = None  # a file of weights; none: no such words
    null_proteins: PositiveInt = 100  # natural ones, for the null model and the choice of heads
    proteins: PositiveInt = 150  # of each line that our extractor reads
    louvain: NonNegativeInt = 5  # of each line that the peer's extractor reads, for it takes long


class EvaluateRecipe(Recipe):
    """Judge vocabularies on the proteins drawn for judging."""

    vocabularies: dict[str, str] = Field(default={})  # Parquet files by name
    baselines: BaselineSettings = BaselineSettings()
    attention: AttentionSettings = AttentionSettings()
    questions: tuple[str, ...] = tuple(QUESTIONS)


class _Read(NamedTuple):
    """A language model ready to read, the extractor of its words, and what it is sure of."""

    attention: Attention
    extractor: Extractor
    sure: Finder


def evaluate(recipe: EvaluateRecipe, folder: Path) -> Outcome:
    """Judge all methods on all sets.

    Args:
        recipe: The settings.
        folder: Folder of the run.

    Returns:
        Of each method the mean coverage and on how many sets it is enriched, also beyond its
        letters and beyond all rivals; scores of units and pairs; what words and triples tell of
        proteins. Files: the table of methods and sets, and all other scores.

    Raises:
        BadInput: if a vocabulary is no file of one or has the name of another method, or there is
            no such question.
        DatasetMissing: if a set is not on this machine.
    """
    started = time.perf_counter(), time.process_time()
    # What the user gave is read first: a mistake in it is told at once.
    _require_own_names(recipe.vocabularies)
    vocabularies = {
        name: vocabulary_entries(path, f"vocabularies.{name}")
        for name, path in recipe.vocabularies.items()
    }
    keys = {name: [entry.key for entry in one] for name, one in vocabularies.items()}
    model = opened_model(recipe.attention)
    _require_questions(recipe.questions)
    proteins, told = proteins_of(CorpusData(), recipe.seed)
    learnt = proteins.learnt[: recipe.baselines.proteins]
    methods = {name: patterns(one) for name, one in keys.items()} | rivals(learnt, recipe.baselines)
    lines = [judged(line) for line in PANEL]
    table = evaluation_table(methods, lines, recipe.seed)
    reading = None if model is None else reader(model, recipe.attention, learnt, recipe.seed)
    others = {
        "units": unit_scores(methods, recipe.seed),
        "pairs": pair_scores(vocabularies, reading, recipe.seed),
        "questions": question_scores(keys, recipe.questions, recipe.seed),
    }
    write_json(folder / OTHERS, others)
    outputs = [_written(folder / TABLE, table), folder / OTHERS]
    if reading is not None:
        outputs += [_written(folder / name, one) for name, one in from_maps(reading, lines, recipe)]
    metrics = {**summaries(table), **_flat(others)}
    seconds = {"wall": time.perf_counter() - started[0], "cpu": time.process_time() - started[1]}
    return Outcome("finished", metrics, told.sha256 | _checksums(recipe), outputs, seconds)


def vocabulary_entries(name: str, setting: str) -> Sequence[VocabularyEntry]:
    """Words of a vocabulary.

    Args:
        name: Of the Parquet file, see :func:`sciml.core.user_files.user_file`.
        setting: Which setting names it.

    Returns:
        Entries in the order of the file.

    Raises:
        BadInput: if there is no such file, or it is of another kind.
        DamagedFile: if it was cut off or altered.
    """
    return read_vocabulary(user_file(name, setting)).entries


def rivals(learnt: Sequence[Codes], settings: BaselineSettings) -> dict[str, Finder]:
    """Methods without a language model, and the peer's words.

    Args:
        learnt: Proteins to learn from.
        settings: Number of words.

    Returns:
        By name, :data:`RIVALS` first.
    """
    pieces = BytePairs(learnt, settings.words)
    return {
        "byte pairs >= 3": pieces.longer(3),
        "byte pairs >= 4": pieces.longer(4),
        "frequent spaced words": frequent_spaced_words(learnt, settings.words),
        "preferred spaced words": preferred_spaced_words(learnt, settings.words),
        "peer strings": PeerStrings(open_peer_words()),
        _PIECES: pieces.longer(2),
        LETTERS_ALONE: letters_alone(LETTERS_ALONE.split()[1]),
        FIRST_ALONE: first_residues(int(FIRST_ALONE.split()[1])),
    }


def summaries(table: xr.Dataset) -> dict[str, float]:
    """What is demanded of a vocabulary, for each method.

    Args:
        table: See :func:`sciml.protein.evaluation.table.evaluation_table`.

    Returns:
        Over the lines that count: mean coverage of all sets; on the sets annotated by residue
        the mean coverage, and on how many the interval of the enrichment is above 1, that beyond
        letters is, and the enrichment is greater than that of every rival, if there is one.
    """
    counting = table.isel(line=table["counts"].values)
    by_residue = counting.isel(line=counting["annotated_residues"].values > 0)
    found: dict[str, float] = {"sets": counting.sizes["line"]}
    found["sets_by_residue"] = by_residue.sizes["line"]
    names = [str(name) for name in table["finder"].values]
    for number, name in enumerate(names):
        alone = by_residue.isel(finder=number)
        others = [k for k, other in enumerate(names) if other in RIVALS and k != number]
        values = {
            "coverage": counting["base"].isel(finder=number).mean(),
            "random_coverage": counting["random_base"].isel(finder=number).mean(),
            "base": alone["base"].mean(),
            "enrichment": alone["enrichment"].mean(),
            "random_enrichment": alone["random_enrichment"].mean(),
            "sets_enriched": (alone["low"] > 1).sum(),
            "sets_beyond_letters": (alone["beyond_low"] > 1).sum(),
        }
        if others:
            best = by_residue["enrichment"].isel(finder=others).max("finder")
            better = (alone["enrichment"] > best) & (alone["low"] > 1)
            values["sets_better_than_rivals"] = better.sum()
        found |= {_key(what, name): float(value) for what, value in values.items()}
    return found


def unit_scores(methods: Mapping[str, Finder], seed: int) -> dict[str, Any]:
    """Recall and precision of scattered units, beside those of words at random places.

    Args:
        methods: By name.
        seed: Of the places.

    Returns:
        By kind of unit and method.
    """
    found: dict[str, Any] = {}
    for kind in UNITS:
        proteins, units = judged_units(kind)
        lengths = [len(one) for one in proteins]
        for name, find in methods.items():
            places = find(proteins)
            real, random = (
                unit_score(places, units),
                random_unit_score(places, units, lengths, seed),
            )
            found.setdefault(kind, {})[name] = {
                **{key: _number(value) for key, value in real._asdict().items()},
                "random_recall": random.recall,
                "random_precision": _number(random.precision),
            }
    return found


def pair_scores(
    vocabularies: Mapping[str, Sequence[VocabularyEntry]], reading: _Read | None, seed: int
) -> dict[str, Any]:
    """Average precision of pairs of one unit, beside a truth matched in separation.

    Args:
        vocabularies: Words by the name of their vocabulary, whose preferences score pairs.
        reading: A language model, whose heads link pairs.
        seed: Of the null.

    Returns:
        By kind of unit and method, and for letters that pairs of the kind mostly have.
    """
    found: dict[str, Any] = {}
    for kind in UNITS:
        proteins, units = judged_units(kind)
        lengths, clusters = [len(one) for one in proteins], clusters_of(proteins)
        truth = pairs_of_units(units)
        scored: dict[str, ScoredPairs] = {
            name: pairs_of_vocabulary(one, proteins) for name, one in vocabularies.items()
        }
        if kind in LETTERS_OF_PAIRS:
            scored[_LETTERS] = pairs_of_letters(proteins, LETTERS_OF_PAIRS[kind])
        if reading is not None:
            links = links_in(reading.attention, reading.extractor, proteins)
            scored[_ATTENTION] = pairs_of_links(links)
        found[kind] = {
            name: pair_score(one, truth, lengths, clusters, seed)._asdict()
            for name, one in scored.items()
        }
    return found


def judged_units(kind: str) -> tuple[list[Codes], list[list[Unit]]]:
    """Judged proteins that have units of two residues or more, and those units.

    Args:
        kind: One of :data:`UNITS`.

    Returns:
        Proteins, and of each its units.
    """
    name, type, label = UNITS[kind]
    found = open_set(name)
    sequences = drawn(protein.sequence for protein in found.proteins)
    by_sequence = dict(zip((one.sequence for one in found.proteins), found.codes(), strict=True))
    units = [
        [unit for unit in one if len(unit.positions) > 1]
        for one in units_by_protein(found, sequences, type, label)
    ]
    kept = [number for number, one in enumerate(units) if one]
    renumbered = [
        [unit._replace(protein=place) for unit in units[number]]
        for place, number in enumerate(kept)
    ]
    return [by_sequence[sequences[number]] for number in kept], renumbered


def question_scores(
    keys: Mapping[str, Sequence[int]], questions: Sequence[str], seed: int
) -> dict[str, Any]:
    """What words and triples of letters tell of proteins.

    Args:
        keys: Vocabularies by name.
        questions: See :data:`sciml.protein.evaluation.questions.QUESTIONS`.
        seed: Of the folds.

    Returns:
        By question, vocabulary, and proteins (all, or judged ones alone).
    """
    found: dict[str, Any] = {}
    for question in questions if keys else ():
        classes = open_question(question)
        others = triples(classes.proteins)
        for name, one in keys.items():
            result = contest(classes, word_presence(one)(classes.proteins), others, seed)
            found.setdefault(question, {})[name] = {
                which: {key: _number(value) for key, value in part._asdict().items()}
                for which, part in result.items()
            }
    return found


def opened_model(settings: AttentionSettings) -> LanguageModel | None:
    """The language model whose maps give words.

    Args:
        settings: Where the weights are.

    Returns:
        None where no weights are given.

    Raises:
        BadInput: if there is no such file, or it is no model.
    """
    if settings.weights is None:
        return None
    return load_model(user_file(settings.weights, "attention.weights"))


def reader(
    model: LanguageModel, settings: AttentionSettings, learnt: Sequence[Codes], seed: int
) -> _Read:
    """A language model and the extractor of its words.

    Args:
        model: The language model.
        settings: How many proteins the null model is made of.
        learnt: Natural proteins, for the null model and the choice of heads.
        seed: Of the shuffles.

    Returns:
        The model, ready to read.
    """
    read = partial(attention, model)
    natural = [one for one in learnt if len(one) <= _LONGEST][: settings.null_proteins]
    return _Read(read, fitted(read, natural, seed), certainty(model, natural))


def from_maps(
    reading: _Read, lines: Sequence[Judged], recipe: EvaluateRecipe
) -> list[tuple[str, xr.Dataset]]:
    """Words straight from a language model, ours and the peer's, on the lines that count.

    Args:
        reading: The language model.
        lines: What is judged.
        recipe: How many proteins of each line.

    Returns:
        Names of files and tables, see :func:`sciml.protein.evaluation.table.evaluation_table`.
    """
    chosen = recipe.attention
    counting = [one for one in lines if one.by_residue and not one.line.detail]
    read, extractor, sure = reading
    ours = {"attention words": extracted(read, extractor), "residues it is sure of": sure}
    few = [first_of(one, chosen.proteins) for one in counting]
    tables = [(FROM_MAPS, evaluation_table(ours, few, recipe.seed))]
    if chosen.louvain:
        theirs = {"Louvain words": by_louvain(reading.attention)}
        fewer = [first_of(one, chosen.louvain) for one in counting]
        tables.append((FROM_LOUVAIN, evaluation_table(theirs, fewer, recipe.seed)))
    return tables


def first_of(line: Judged, count: int) -> Judged:
    """Some proteins of a line, none of them long.

    Args:
        line: What is judged.
        count: How many proteins, two at least.

    Returns:
        The first ones of up to 400 residues.
    """
    chosen = [k for k, length in enumerate(line.lengths) if length <= _LONGEST][: max(count, 2)]
    return Judged(
        line.line,
        [line.proteins[k] for k in chosen],
        [line.annotated[k] for k in chosen],
        np.arange(len(chosen)),
    )


def _key(what: str, name: str) -> str:
    """The name of a metric."""
    return f"{what}_of_{_word(name)}"


def _word(name: str) -> str:
    """A name of several words as one."""
    return "_".join(name.replace(">=", "").split())


def _flat(found: Mapping[str, Any], before: str = "") -> dict[str, float]:
    """Nested scores as metrics; those that are no number are left out."""
    flat: dict[str, float] = {}
    for name, value in found.items():
        key = f"{before}{_word(str(name))}"
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{key}.")  # pyright: ignore[reportUnknownArgumentType]
        elif value is not None:
            flat[key] = value
    return flat


def _number(value: float) -> float | None:
    """A number as JSON knows it."""
    return None if np.isnan(value) else value


def _checksums(recipe: EvaluateRecipe) -> dict[str, str]:
    """SHA-256 of the sets and of the files that the recipe names."""
    found = {name: read_card(name).built.sha256 for name in set_names()}
    files = {f"vocabularies.{name}": path for name, path in recipe.vocabularies.items()}
    if recipe.attention.weights is not None:
        files["attention.weights"] = recipe.attention.weights
    return found | {one: sha256_of(user_file(one, setting)) for setting, one in files.items()}


def _require_own_names(names: Iterable[str]) -> None:
    """Refuse vocabularies called like another method, in whose place they would be judged."""
    others = (*RIVALS, _PIECES, LETTERS_ALONE, FIRST_ALONE, _LETTERS, _ATTENTION)
    taken = {_word(name): name for name in others}
    for name in names:
        if _word(name) in taken:
            raise BadInput(
                f"vocabularies.{name}: '{taken[_word(name)]}' is another method that is judged; "
                "choose another name"
            )
        taken[_word(name)] = name


def _require_questions(names: Sequence[str]) -> None:
    """Refuse questions that there are not."""
    for name in names:
        if name not in QUESTIONS:
            raise BadInput(f"questions: no question '{name}'; {nearest(name, QUESTIONS)}")


def _written(path: Path, data: xr.Dataset) -> Path:
    """Write a table."""
    write_with(path, lambda part: write_netcdf(part, data))
    return path


EVALUATION_TASKS = {"protein/evaluate": RecipeTask(EvaluateRecipe, evaluate)}
