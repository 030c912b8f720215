"""`sciml reproduce`: make figures, notebooks and fast recipes again, check them, report."""

import importlib
import itertools
import json
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

from sciml.core.errors import (
    BadInput,
    DamagedFile,
    DatasetMissing,
    FigureDiffers,
    Interrupted,
    SciMLError,
)
from sciml.core.nearest import nearest
from sciml.core.paths import project_root, shown
from sciml.core.talk import say
from sciml.core.writing import write_json
from sciml.data.files import find
from sciml.figures import report
from sciml.figures.listing import ListedFigure, ListedNotebook, listed_figures, listed_notebooks
from sciml.training.listing import ListedRecipe, listed_recipes

Item = ListedFigure | ListedNotebook | ListedRecipe
Row = dict[str, Any]

_STATE = "status.json"
_DIFFERENT = ("differs", "no reference yet")
_KINDS = {kind.__name__: kind for kind in SciMLError.__subclasses__()}


class Reproduced(NamedTuple):
    """The table, the report, and what went wrong if something did."""

    rows: list[Row]
    report: str
    failure: SciMLError | None


class Choice(NamedTuple):
    """How to reproduce."""

    folder: Path  # of the report
    full: bool = False  # run the full recipes of figures first
    accept: bool = False  # store the figures as the new references


def reproduce(
    names: Sequence[str],
    *,
    everything: bool = False,
    full: bool = False,
    accept: bool = False,
    workers: int = 1,
) -> Reproduced:
    """Reproduce figures, notebooks and fast recipes.

    Args:
        names: What to reproduce, ``domain/name``.
        everything: All figures and notebooks and the fast recipes instead.
        full: Run the full recipe of a figure first and draw it from the new record.
        accept: Store the figures as the new references, after printing how they differ.
        workers: Processes that share the work; each takes up to 2 GB.

    Returns:
        One row each: name, status, largest deviation, seconds; and as the failure figures that
        differ, else what failed first, else, if they were asked for by name, data that are missing.

    Raises:
        BadInput: if a name is not known, nothing was asked for, or by no worker.
        Interrupted: after Ctrl-C.
    """
    if workers < 1:
        raise BadInput(f"workers: expected one at least, got {workers}.")
    items = _chosen(names, everything=everything)
    choice = Choice(project_root() / "report", full, accept)
    if everything:
        report.clear(choice.folder)
    rows = list(_all_reproduced(items, choice, workers))
    before = [] if everything else _rows_before(choice.folder / _STATE, rows)
    write_json(choice.folder / _STATE, before + rows)
    columns = ("kind", "name", "status", "deviation", "seconds", "remark")
    return Reproduced(
        [{column: row[column] for column in columns} for row in rows],
        report_again(),
        _failure(rows, everything=everything),
    )


def _rows_before(state: Path, rows: Sequence[Row]) -> list[Row]:
    """What was reproduced before and is not among the rows."""
    if not state.is_file():
        return []
    new = {(row["kind"], row["name"]) for row in rows}
    old: list[Row] = json.loads(state.read_text(encoding="utf-8"))
    return [row for row in old if (row["kind"], row["name"]) not in new]


def _failure(rows: Sequence[Row], *, everything: bool) -> SciMLError | None:
    """What the command ends with, when all that can be done is done."""

    def named(*status: str) -> str:
        return ", ".join(row["name"] for row in rows if row["status"] in status)

    if names := named(*_DIFFERENT):
        remedy = "see the remarks, and `sciml reproduce NAME --accept` once the change is right"
        return FigureDiffers(f"{names}; {remedy}")
    if names := named("failed"):
        kind = next(row["error"] for row in rows if row["status"] == "failed")
        return _KINDS.get(kind, SciMLError)(f"{names}; see the remarks")
    if (names := named("needs data")) and not everything:
        return DatasetMissing(f"{names}; see the remarks")
    return None


def report_again() -> str:
    """Write the report from the last results.

    Returns:
        Its path, as a user would type it.

    Raises:
        BadInput: if nothing has been reproduced yet.
    """
    folder = project_root() / "report"
    state = folder / _STATE
    if not state.is_file():
        raise BadInput("report: nothing has been reproduced yet; run `sciml reproduce --all`")
    rows = json.loads(state.read_text(encoding="utf-8"))
    return shown(report.write_report(folder, rows, _published_records()))


def _chosen(names: Sequence[str], *, everything: bool) -> list[Item]:
    """What was asked for: figures first, then notebooks, then recipes."""
    figures, notebooks, recipes = listed_figures(), listed_notebooks(), listed_recipes()
    if everything:
        return [*figures, *notebooks, *(recipe for recipe in recipes if recipe.fast)]
    if not names:
        raise BadInput("reproduce: give a name (`sciml list` shows them) or --all")
    known: list[Item] = [*figures, *notebooks, *recipes]
    for name in names:
        if name not in [item.name for item in known]:
            remedy = nearest(name, [item.name for item in known])
            raise BadInput(f"reproduce: no figure, notebook or recipe '{name}'; {remedy}")
    return [item for item in known if item.name in names]


def _all_reproduced(items: Sequence[Item], choice: Choice, workers: int) -> Iterator[Row]:
    """Rows in the order of the items; what is of one kind goes on at the same time."""
    make = partial(_reproduced, choice=choice)
    if workers == 1 or len(items) == 1:
        yield from map(make, items)
        return
    # Paddle does not bear a fork.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for _, group in itertools.groupby(items, key=type):
            yield from pool.map(make, group)


def _reproduced(item: Item, choice: Choice) -> Row:
    """Reproduce one item, or say which data it needs; a failure does not stop the others."""
    kind, make = _maker(item, choice)
    row: Row = {
        "kind": kind,
        "name": item.name,
        "title": item.title,
        "status": "",
        "deviation": "",
        "remark": "",
        "error": "",
    }
    started = time.perf_counter()
    try:
        if missing := [name for name in item.needs if not _is_here(name)]:
            commands = " and ".join(f"`sciml data get {name}`" for name in missing)
            raise DatasetMissing(f"get them with {commands}")
        say(f"{kind} {item.name}")
        row |= make()
    except DatasetMissing as error:
        row |= {"status": "needs data", "remark": str(error)}
    except Interrupted:
        raise
    except Exception as error:  # whatever went wrong is told in the table, not swallowed
        say(f"{kind} {item.name} failed: {error}")
        name = type(error).__name__
        row |= {"status": "failed", "remark": f"{name}: {error}", "error": name}
    return row | {"seconds": round(time.perf_counter() - started, 2)}


def _is_here(name: str) -> bool:
    try:
        find(name)
    except DatasetMissing:
        return False
    return True


def _maker(item: Item, choice: Choice) -> tuple[str, Callable[[], Row]]:
    """The kind of an item and the function that makes it."""
    if isinstance(item, ListedFigure):
        return "figure", lambda: _figure(item, choice)
    if isinstance(item, ListedNotebook):
        return "notebook", lambda: _notebook(item, choice.folder)
    return "recipe", lambda: _recipe(item)


def _figure(item: ListedFigure, choice: Choice) -> Row:
    """Draw a figure, save it into the report and compare it with its reference."""
    from sciml.figures.compare import SAME, compare, reference_folder
    from sciml.figures.registry import registered

    importlib.import_module(item.module)
    entry = registered(item.name)
    if choice.full and item.recipe:
        drawn = entry.function(record=_full_run(item.recipe))
    else:
        drawn = entry.function()
    drawn.save(choice.folder / "figures" / item.name.partition("/")[0])
    reference = reference_folder(item.name)
    outcome = compare(drawn, entry, reference)
    worst = outcome.worst
    row: Row = {"status": outcome.status, "remark": outcome.remark}
    if worst is not None:
        row["deviation"] = f"{worst.largest:.2g} in {worst.variable}" if worst.largest else "0"
        row["remark"] = outcome.remark or worst.remark
    if choice.accept and outcome.status != SAME:
        for difference in outcome.differences:
            say(f"{item.name}: {difference.variable}: largest change {difference.largest:.6g}")
        drawn.save(reference, vector=False)
        row |= {"status": "accepted", "remark": "stored as the new reference"}
    return row


def _full_run(recipe: str) -> Path:
    """Run the full recipe of a figure; returns the folder of the run."""
    from sciml.training.run import run_recipe

    return run_recipe(project_root() / "recipes" / f"{recipe}.yaml").folder


def _notebook(item: ListedNotebook, folder: Path) -> Row:
    """Run a notebook and put its page into the report."""
    from sciml.figures.notebooks import as_html, run_notebook

    done = run_notebook(item.path)
    page = folder / "notebooks" / f"{item.name}.html"
    report.write_page(page, item.title, as_html(done.notebook))
    row: Row = {"page": str(page.relative_to(folder))}
    return row | ({"status": "failed", "remark": done.error} if done.error else {"status": "ran"})


def _recipe(item: ListedRecipe) -> Row:
    """Run a recipe from the beginning; it has no reference, its record has the numbers."""
    from sciml.training.run import run_recipe

    done = run_recipe(item.path, fresh=True)
    numbers = (
        f"{k} {v:.4g}" for k, v in done.record["metrics"].items() if isinstance(v, int | float)
    )
    return {"status": "ran", "remark": next(numbers, "")}


def _published_records() -> list[Row]:
    """The records that lie beside the recipes."""
    from sciml.training.record import read_record

    records: list[Row] = []
    for folder in sorted((project_root() / "recipes").glob("*/*.record")):
        try:
            record = read_record(folder)
        except (BadInput, DamagedFile) as error:
            say(f"report: without the record of {folder.parent.name}/{folder.stem}: {error}")
            continue
        records.append({"name": f"{folder.parent.name}/{folder.stem}", **record})
    return records
