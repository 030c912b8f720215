"""The recipe that learns a vocabulary of each function and judges it on other proteins.

None of these is related to one that was learnt from by the rule of :mod:`sciml.protein.relatives`,
which leaves remote relatives.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import xarray as xr

from sciml.core.errors import BadInput
from sciml.core.nearest import nearest
from sciml.core.settings import Settings
from sciml.core.user_files import user_file
from sciml.core.writing import sha256_of, write_with
from sciml.data.cards import read_card
from sciml.data.netcdf import write_netcdf
from sciml.protein.evaluation.baselines import patterns
from sciml.protein.evaluation.panel import PANEL, Line, judged_of, learnt_of
from sciml.protein.evaluation.places import Finder
from sciml.protein.evaluation.table import evaluation_table
from sciml.protein.evaluation_tasks import BaselineSettings, rivals, summaries
from sciml.protein.language_tasks import CorpusData, proteins_of
from sciml.protein.set_files import converted_set
from sciml.protein.sets import AnnotatedSet
from sciml.protein.sources import JUDGED, open_set
from sciml.protein.vocabulary.dedicated import DedicatedSettings, dedicated_words
from sciml.protein.vocabulary.store import Vocabulary, VocabularyEntry, write_vocabulary
from sciml.training.recipe import Recipe
from sciml.training.run import Outcome, RecipeTask

TABLE: Final = "dedicated.nc"
DEDICATED: Final = "dedicated"
RUNS: Final = "dedicated runs"  # learnt alike, but of neighbours only

_LINES: Final = {line.name: line for line in PANEL if line.types}
_FEWEST: Final = 30  # proteins to learn from
_CERTAIN: Final = 0.01  # rate of false discoveries
_SHARE: Final = 3  # of a small set one in so many proteins judges
_FEWEST_OWN: Final = _FEWEST * _SHARE // (_SHARE - 1)  # proteins of a small set, judging or not


class OwnSet(Settings):
    """Annotated proteins of the user."""

    sequences: str  # a FASTA file
    annotations: str  # a table, see :func:`sciml.protein.set_files.converted_set`
    type: str  # of the annotations that are learnt
    label: str | None = None  # of these; none: all


class DedicatedRecipe(Recipe):
    """Learn vocabularies, each of the proteins of a set that do not judge, and judge them."""

    sets: tuple[str, ...] = ()  # lines of the evaluation, see PANEL
    own: OwnSet | None = None  # beside them
    words: DedicatedSettings = DedicatedSettings()
    rivals: BaselineSettings | None = BaselineSettings()  # which know no label; none: not compared


class _Named(NamedTuple):
    """A set that is open, and what of it counts."""

    line: Line
    found: AnnotatedSet
    judging: int  # proteins that are drawn for it
    sha256: dict[str, str]  # of its files, by name
    remedy: str = "Name another set."  # where too few proteins are left to learn from


def dedicated(recipe: DedicatedRecipe, folder: Path) -> Outcome:
    """Learn, judge and write the vocabularies.

    Args:
        recipe: The settings.
        folder: Folder of the run.

    Returns:
        Of each set enrichment with its interval, also beyond letters, and how many words there are
        and are certain inside of proteins; on how many sets the vocabularies are enriched, and
        better than all rivals and than words without gaps that were learnt alike. Files: the table
        of methods and sets, and each vocabulary.

    Raises:
        BadInput: if there is no such set, or a set has too few proteins to learn from.
        DatasetMissing: if a set is not on this machine.
    """
    started = time.perf_counter(), time.process_time()
    named = opened(recipe)
    others, read = _rivals(recipe)
    tables: list[xr.Dataset] = []
    sizes: dict[str, float] = {}
    outputs = [folder / TABLE]
    for one in named:
        words, runs = learnt_words(one, recipe.words)
        path = folder / f"vocabulary-{one.line.name.replace(', ', '-').replace(' ', '_')}.parquet"
        write_vocabulary(
            path, Vocabulary(tuple(words), one.sha256, recipe.words.model_dump(mode="json"))
        )
        outputs.append(path)
        sizes[f"words.{one.line.name}"] = len(words)
        sizes[f"certain_words.{one.line.name}"] = sum(word.q <= _CERTAIN for word in words)
        methods = {DEDICATED: _finder(words), RUNS: _finder(runs), **others}
        judged = judged_of(one.line, one.found, one.judging)
        tables.append(evaluation_table(methods, [judged], recipe.seed))
    table = xr.concat(tables, "line")
    write_with(folder / TABLE, lambda part: write_netcdf(part, table))
    seconds = {"wall": time.perf_counter() - started[0], "cpu": time.process_time() - started[1]}
    sha256 = {name: value for one in named for name, value in one.sha256.items()} | read
    return Outcome("finished", _metrics(table) | sizes, sha256, outputs, seconds)


def opened(recipe: DedicatedRecipe) -> list[_Named]:
    """The sets of a recipe.

    Args:
        recipe: Names them.

    Returns:
        Sets in their order, the user's last.

    Raises:
        BadInput: if there is no such set, or none, or one twice, or a file of the user is not as
            expected.
        DatasetMissing: if a set is not on this machine.
    """
    for name in recipe.sets:
        if name not in _LINES:
            raise BadInput(f"sets: no '{name}' that is annotated by residue; "
                           f"{nearest(name, _LINES)}")  # fmt: skip
    _require_one_of_each([*recipe.sets, *([] if recipe.own is None else [_name_of(recipe.own)])])
    lines = [_LINES[name] for name in recipe.sets]
    found = [
        _Named(line, open_set(line.set), JUDGED, {line.set: read_card(line.set).built.sha256})
        for line in lines
    ]
    if recipe.own is not None:
        found.append(_opened_own(recipe.own))
    if not found:
        raise BadInput("sets: none is named; name one, or give files of your own under own")
    return found


def learnt_words(
    one: _Named, settings: DedicatedSettings
) -> tuple[list[VocabularyEntry], list[VocabularyEntry]]:
    """Words of a set's function, with gaps and without.

    Args:
        one: The set.
        settings: Of the words.

    Returns:
        The vocabulary, and one that was learnt alike of words whose residues are neighbours.

    Raises:
        BadInput: if too few proteins are related to none that judges.
    """
    learnt = learnt_of(one.line, one.found, one.judging)
    if len(learnt.proteins) < _FEWEST:
        raise BadInput(
            f"{one.line.name}: {len(learnt.proteins)} annotated proteins are related to none of "
            f"those that judge; expected {_FEWEST} to learn from. {one.remedy}"
        )
    near = tuple(kind.model_copy(update={"widest": 1}) for kind in settings.kinds)
    words, runs = (
        dedicated_words(learnt.proteins, learnt.annotated, settings.model_copy(update=changed))
        for changed in ({}, {"kinds": near})
    )
    return words, runs


def _require_one_of_each(names: Sequence[str]) -> None:
    """Refuse a name that comes twice: the second vocabulary would take the first one's file."""
    for number, name in enumerate(names):
        if name in names[:number]:
            raise BadInput(
                f"sets: '{name}' is named twice; name each set once, and a file of your own "
                "otherwise than a set"
            )


def _name_of(own: OwnSet) -> str:
    """What the user's set is called."""
    return Path(own.sequences).name.split(".")[0]


def _opened_own(own: OwnSet) -> _Named:
    """The set of the user's files."""
    sequences = user_file(own.sequences, "own.sequences")
    annotations = user_file(own.annotations, "own.annotations")
    found = converted_set(sequences, annotations)
    _require_residues(found, own)
    return _Named(
        Line(_name_of(own), ((own.type, own.label),)),
        found,
        min(JUDGED, len(found.proteins) // _SHARE),
        {own.sequences: sha256_of(sequences), own.annotations: sha256_of(annotations)},
        f"One in {_SHARE} of your own proteins judges: give {_FEWEST_OWN} or more that are "
        "annotated and are no relatives.",
    )


def _require_residues(found: AnnotatedSet, own: OwnSet) -> None:
    """Refuse a set in which nothing that is to be learnt has a position."""
    rows = found.rows(own.type, own.label)
    which = f"type '{own.type}'" + (f" and label '{own.label}'" if own.label else "")
    if not len(rows):
        raise BadInput(
            f"{own.annotations}: no row has the {which} at once; correct own.type or own.label"
        )
    if found.is_whole[rows].all():
        raise BadInput(
            f"{own.annotations}: all {len(rows)} rows of {which} are about whole proteins; "
            "give start and end of what is to be learnt"
        )


def _rivals(recipe: DedicatedRecipe) -> tuple[dict[str, Finder], dict[str, str]]:
    """Methods that know no label, and SHA-256 of what they learnt from."""
    if recipe.rivals is None:
        return {}, {}
    proteins, told = proteins_of(CorpusData(), recipe.seed)
    return rivals(proteins.learnt[: recipe.rivals.proteins], recipe.rivals), told.sha256


def _finder(words: Sequence[VocabularyEntry]) -> Finder:
    """Where words stand."""
    return patterns([entry.key for entry in words])


def _metrics(table: xr.Dataset) -> dict[str, float]:
    """Summaries over the sets, and what the vocabularies reach on each of them."""
    found = summaries(table)
    ours, runs = table.sel(finder=DEDICATED), table.sel(finder=RUNS)
    found["sets_better_than_runs"] = float((ours["enrichment"] > runs["enrichment"]).sum())
    for name in ("enrichment", "low", "beyond_letters", "beyond_low", "base"):
        for line in table["line"].values.tolist():
            found[f"{name}.{line}"] = float(ours[name].sel(line=line))
    for name, one in ((DEDICATED, ours), (RUNS, runs)):
        mean = np.exp(np.mean(np.log(one["enrichment"].values)))
        found[f"geometric_mean_enrichment.{name}"] = float(mean)
    return found


DEDICATED_TASKS = {"protein/dedicated": RecipeTask(DedicatedRecipe, dedicated)}
