"""`sciml reproduce`: draw figures and run notebooks again, check them, write the report."""

import importlib
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sciml.core.errors import BadInput, DatasetMissing
from sciml.core.nearest import nearest
from sciml.core.paths import project_root, shown
from sciml.core.talk import say
from sciml.core.writing import write_json
from sciml.data.files import find
from sciml.figures import report
from sciml.figures.listing import ListedFigure, ListedNotebook, listed_figures, listed_notebooks

_STATE = "status.json"
_FAILURES = ("differs", "no reference yet", "failed")


class Reproduced(NamedTuple):
    """The table, the report and, when something differs, what."""

    rows: list[dict[str, Any]]
    report: str
    failed: str


def reproduce(
    names: Sequence[str], *, everything: bool = False, full: bool = False, accept: bool = False
) -> Reproduced:
    """Reproduce figures and notebooks.

    Args:
        names: Figures and notebooks, ``domain/name``.
        everything: All of them instead.
        full: Run the full recipe of a figure first and draw it from the new record.
        accept: Store the figures as the new references, after printing how they differ.

    Returns:
        One row each: name, status, largest deviation, seconds.

    Raises:
        BadInput: if a name is not known, or nothing was asked for.
    """
    figures, notebooks = _chosen(names, everything=everything)
    folder = project_root() / "report"
    if everything:
        report.clear(folder)
    rows = [_guarded(f, lambda f=f: _figure(f, folder, full=full, accept=accept)) for f in figures]
    rows += [_guarded(n, lambda n=n: _notebook(n, folder)) for n in notebooks]
    write_json(folder / _STATE, rows)
    failed = [row["name"] for row in rows if row["status"] in _FAILURES]
    remedy = "; see the remarks, and `sciml reproduce NAME --accept` once the change is right"
    return Reproduced(
        [_short(row) for row in rows], report_again(), ", ".join(failed) + remedy if failed else ""
    )


def report_again() -> str:
    """Write the report from the last results; returns its path as a user would type it."""
    folder = project_root() / "report"
    state = folder / _STATE
    if not state.is_file():
        raise BadInput("report: nothing has been reproduced yet; run `sciml reproduce --all`")
    rows = json.loads(state.read_text(encoding="utf-8"))
    return shown(report.write_report(folder, rows, _published_records()))


def _chosen(
    names: Sequence[str], *, everything: bool
) -> tuple[list[ListedFigure], list[ListedNotebook]]:
    """The figures and notebooks that were asked for."""
    figures, notebooks = listed_figures(), listed_notebooks()
    if everything:
        return figures, notebooks
    if not names:
        raise BadInput("reproduce: name a figure or notebook (see `sciml list`), or give --all")
    known = [item.name for item in (*figures, *notebooks)]
    for name in names:
        if name not in known:
            raise BadInput(f"reproduce: no figure or notebook '{name}'; {nearest(name, known)}")
    return [f for f in figures if f.name in names], [n for n in notebooks if n.name in names]


def _guarded(
    item: ListedFigure | ListedNotebook, make: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    """Reproduce one item, or say which data it needs; a failure does not stop the others."""
    kind = "figure" if isinstance(item, ListedFigure) else "notebook"
    row = {"kind": kind, "name": item.name, "title": item.title, "deviation": "", "remark": ""}
    started = time.perf_counter()
    try:
        for name in item.needs:
            find(name)
        say(f"{kind} {item.name}")
        row |= make()
    except DatasetMissing:
        commands = " and ".join(f"`sciml data get {name}`" for name in item.needs)
        row |= {"status": "needs data", "remark": f"get them with {commands}"}
    except Exception as error:
        say(f"{kind} {item.name} failed: {error}")
        row |= {"status": "failed", "remark": f"{type(error).__name__}: {error}"}
    return row | {"seconds": round(time.perf_counter() - started, 2)}


def _figure(item: ListedFigure, folder: Path, *, full: bool, accept: bool) -> dict[str, Any]:
    """Draw a figure, save it into the report and compare it with its reference."""
    from sciml.figures.compare import SAME, compare, reference_folder
    from sciml.figures.registry import registered

    importlib.import_module(item.module)
    entry = registered(item.name)
    drawn = entry.function(record=_full_record(item)) if full and item.recipe else entry.function()
    drawn.save(folder / "figures" / item.name.partition("/")[0])
    reference = reference_folder(item.name)
    outcome = compare(drawn, entry, reference)
    worst = outcome.worst
    row = {"status": outcome.status, "remark": outcome.remark, "deviation": ""}
    if worst is not None:
        row["deviation"] = f"{worst.largest:.2g} in {worst.variable}" if worst.largest else "0"
        row["remark"] = outcome.remark or worst.remark
    if accept and outcome.status != SAME:
        for difference in outcome.differences:
            say(f"{item.name}: {difference.variable}: largest change {difference.largest:.6g}")
        for path in drawn.save(reference):
            if path.suffix == ".svg":
                path.unlink()  # the report has it; the repository keeps picture and data
        row |= {"status": "accepted", "remark": "stored as the new reference"}
    return row


def _full_record(item: ListedFigure) -> Path:
    """Run the full recipe of a figure and return the folder of its record."""
    from sciml.training.recipe import merged_document, read_recipe
    from sciml.training.run import find_task, run_folder, run_recipe

    path = project_root() / "recipes" / f"{item.recipe}.yaml"
    run_recipe(path)
    task = find_task(str(merged_document(path).values["task"]), path)
    return run_folder(path, read_recipe(path, task.settings))


def _notebook(item: ListedNotebook, folder: Path) -> dict[str, Any]:
    """Run a notebook and put its page into the report."""
    from sciml.figures.notebooks import as_html, run_notebook

    done = run_notebook(item.path)
    page = folder / "notebooks" / f"{item.name}.html"
    report.write_page(page, item.title, as_html(done.notebook))
    row = {"page": str(page.relative_to(folder))}
    return row | ({"status": "failed", "remark": done.error} if done.error else {"status": "ran"})


def _published_records() -> list[dict[str, Any]]:
    """The records that lie beside the recipes."""
    from sciml.training.record import read_record

    folders = sorted((project_root() / "recipes").glob("*/*.record"))
    return [{"name": f"{f.parent.name}/{f.stem}", **read_record(f)} for f in folders]


def _short(row: dict[str, Any]) -> dict[str, Any]:
    """What the table on the terminal shows of a row."""
    remark = {"remark": row["remark"]} if row["remark"] else {"remark": ""}
    columns = ("name", "status", "deviation", "seconds")
    return {column: row[column] for column in columns} | remark
