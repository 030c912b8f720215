"""Running a recipe: find its task, go on where it stopped, leave a record."""

import importlib
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sciml.core.errors import BadInput, Interrupted
from sciml.core.locks import LOCK_FILE, locked
from sciml.core.nearest import nearest
from sciml.core.paths import project_root, shown
from sciml.core.talk import say
from sciml.core.writing import failures_explained, whole_folder
from sciml.training.recipe import Recipe, merged_document, read_recipe, recipe_name
from sciml.training.record import RECORD_FILE, changed_sources, read_record, write_record


class Outcome(NamedTuple):
    """What a task computed."""

    status: str  # `finished` or `stopped early`
    metrics: Mapping[str, Any]
    data_sha256: Mapping[str, str]
    outputs: Sequence[Path]  # files in the run's folder
    seconds: Mapping[str, float]


class Run(NamedTuple):
    """A finished run: its record and where it is kept."""

    record: dict[str, Any]
    folder: Path


class RecipeTask(NamedTuple):
    """A kind of recipe: its settings and the function that runs it in a folder."""

    settings: type[Recipe]
    run: Callable[[Any, Path], Outcome]


def run_recipe(
    path: Path, overrides: Sequence[str] = (), *, fresh: bool = False, publish: bool = False
) -> Run:
    """Run a recipe in ``runs/<domain>/<name>-<digest>``.

    An interrupted or killed run of the same settings goes on; a finished one is not run again
    unless a file of the user that it read has changed: then it starts anew, as with ``fresh``.

    Args:
        path: The recipe.
        overrides: ``key.inner=value`` each.
        fresh: Drop what an earlier run of the same settings left.
        publish: Copy record and outputs to ``recipes/<domain>/<name>.record``.

    Returns:
        The record and the folder of the run.

    Raises:
        BadInput: if the recipe is wrong, its task is not known, or another process runs it.
        Interrupted: after Ctrl-C, once a checkpoint and a record that says so are written.
    """
    task = find_task(_task_name(path, overrides), path)
    recipe = read_recipe(path, task.settings, overrides)
    folder = run_folder(path, recipe)
    refusal = (
        f"another process runs this recipe in {shown(folder)}; wait for it or change a setting"
    )
    with locked(folder, refusal):
        if fresh:
            _empty(folder)
        record = _finished_record(folder) or _run(task, recipe, folder)
        if publish:
            publish_record(folder, record_folder(recipe_name(path)))
    return Run(record, folder)


def _task_name(path: Path, overrides: Sequence[str]) -> str:
    """The task that a recipe asks for."""
    values = merged_document(path, overrides).values
    if "task" not in values:
        raise BadInput(f"{path}: key 'task' is missing; add it, such as `task: hydro/forecast`")
    return str(values["task"])


def find_task(name: str, path: Path) -> RecipeTask:
    """The task that a recipe names.

    Args:
        name: ``domain/what``, looked up in the table ``TASKS`` of ``sciml.<domain>.tasks``.
        path: The recipe, for the error text.

    Returns:
        The task.

    Raises:
        BadInput: if there is no such domain or task.
    """
    domain = name.partition("/")[0]
    domains = sorted(p.parent.name for p in (project_root() / "sciml").glob("*/tasks.py"))
    if domain not in domains:
        raise BadInput(f"{path}: task '{name}': {nearest(domain, domains)} (domain/what)")
    tasks: dict[str, RecipeTask] = importlib.import_module(f"sciml.{domain}.tasks").TASKS
    if name not in tasks:
        raise BadInput(f"{path}: task '{name}': {nearest(name, tasks)}")
    return tasks[name]


def run_folder(path: Path, recipe: Recipe) -> Path:
    """Where a run of a recipe with these settings is kept."""
    name = recipe_name(path)
    return project_root() / "runs" / f"{name}-{recipe.digest()[:8]}"


def record_folder(name: str) -> Path:
    """Where the published record of a recipe lies.

    Args:
        name: ``domain/name`` of the recipe.

    Returns:
        ``recipes/<domain>/<name>.record``.
    """
    return project_root() / "recipes" / f"{name}.record"


def publish_record(folder: Path, target: Path) -> None:
    """Copy a finished run's record and outputs to where the repository keeps them.

    Args:
        folder: Folder of the run.
        target: See :func:`record_folder`.

    Raises:
        BadInput: if the run has no record.
        DamagedFile: if an output differs from the record.
    """
    record = read_record(folder)
    with whole_folder(target) as part:
        for name in [RECORD_FILE, *record["outputs_sha256"]]:
            (part / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / name, part / name)
    say(f"{shown(target)}: published")


def _finished_record(folder: Path) -> dict[str, Any] | None:
    """The record of a run that came to its end, if there is one and its sources are the same."""
    if not (folder / RECORD_FILE).is_file():
        return None
    record = read_record(folder)
    if record["status"] == "interrupted":
        return None
    changed = changed_sources(record)
    if changed:
        say(f"{shown(folder)}: finished before with another {' and '.join(changed)}; running again")
        _empty(folder)
        return None
    say(f"{shown(folder)}: finished before; --fresh runs it again")
    return record


def _empty(folder: Path) -> None:
    """Remove all that a run left, but not the lock that this process holds."""
    with failures_explained(folder / LOCK_FILE):
        for path in folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.name != LOCK_FILE:
                path.unlink()


def _run(task: RecipeTask, recipe: Recipe, folder: Path) -> dict[str, Any]:
    """Run a task and write its record, also when the user stops it."""
    started = time.perf_counter(), time.process_time()
    settings = recipe.model_dump(mode="json")
    try:
        outcome = task.run(recipe, folder)
    except Interrupted:
        wall, cpu = time.perf_counter() - started[0], time.process_time() - started[1]
        seconds = {"wall": wall, "cpu": cpu}
        write_record(
            folder, status="interrupted", recipe=settings, data={}, metrics={}, seconds=seconds
        )
        raise
    return write_record(
        folder,
        status=outcome.status,
        recipe=settings,
        data=outcome.data_sha256,
        metrics=outcome.metrics,
        seconds=outcome.seconds,
        outputs=outcome.outputs,
    )
