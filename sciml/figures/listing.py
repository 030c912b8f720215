"""What figures and notebooks there are, read from the sources: no kernel, no heavy import."""

import ast
import json
from pathlib import Path
from typing import Any, NamedTuple

from sciml.core.errors import BadInput
from sciml.core.paths import project_root, shown


class ListedFigure(NamedTuple):
    """A figure as its decorator declares it."""

    name: str
    title: str
    needs: tuple[str, ...]
    recipe: str | None
    module: str


class ListedNotebook(NamedTuple):
    """A notebook as its metadata declare it."""

    name: str  # domain/N-title
    title: str
    needs: tuple[str, ...]
    path: Path


def listed_figures() -> list[ListedFigure]:
    """All figures of the project, by name."""
    package = project_root() / "sciml"
    modules = sorted([*package.glob("*/figures.py"), *package.glob("*/figures/*.py")])
    found = [figure for path in modules for figure in _figures_in(path, package)]
    return sorted(found, key=lambda figure: figure.name)


def _figures_in(path: Path, package: Path) -> list[ListedFigure]:
    """The calls of the decorator `figure` in a module."""
    tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    calls = [
        call
        for function in functions
        for call in function.decorator_list
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "figure"
    ]
    module = ".".join(("sciml", *path.relative_to(package).with_suffix("").parts))
    return [_figure_from(call, module, path) for call in calls]


def _figure_from(call: ast.Call, module: str, path: Path) -> ListedFigure:
    """A figure from the literals in its decorator."""
    try:
        name = ast.literal_eval(call.args[0])
        given = {k.arg: ast.literal_eval(k.value) for k in call.keywords if k.arg}
    except (ValueError, IndexError):
        raise BadInput(
            f"{shown(path)}:{call.lineno}: the arguments of @figure must be literals"
        ) from None
    return ListedFigure(
        name, given["title"], tuple(given.get("needs", ())), given.get("recipe"), module
    )


def listed_notebooks() -> list[ListedNotebook]:
    """All notebooks of the project, in reading order."""
    folder = project_root() / "notebooks"
    paths = [path for path in folder.glob("*/*.ipynb") if not path.name.startswith(".")]
    return [_notebook_from(path) for path in sorted(paths)]


def _notebook_from(path: Path) -> ListedNotebook:
    """A notebook from its metadata and its first heading."""
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        cells = content["cells"]
    except (ValueError, KeyError):
        raise BadInput(f"{shown(path)}: not a notebook; restore it from the repository") from None
    text = "".join(cells[0]["source"]) if cells else ""
    title = text.splitlines()[0].lstrip("# ") if text else path.stem
    needs = content.get("metadata", {}).get("sciml", {}).get("needs", [])
    return ListedNotebook(f"{path.parent.name}/{path.stem}", title, tuple(needs), path)
