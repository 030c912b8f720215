"""`sciml list`: read from the sources, so that it answers at once."""

from pathlib import Path
from typing import Any

import yaml

from sciml.core.errors import BadInput
from sciml.core.paths import project_root
from sciml.figures.listing import listed_figures, listed_notebooks


def list_everything(what: str = "all") -> list[dict[str, Any]]:
    """Rows of what there is.

    Args:
        what: ``all`` or one of the kinds.

    Returns:
        Kind, name, title and needed datasets of each.

    Raises:
        BadInput: if the kind is not known.
    """
    kinds = {
        "notebooks": _notebooks,
        "figures": _figures,
        "recipes": _recipes,
        "datasets": _datasets,
    }
    if what == "all":
        return [row for rows in kinds.values() for row in rows()]
    if what not in kinds:
        raise BadInput(f"list: expected all, {', '.join(kinds)}; got '{what}'")
    return kinds[what]()


def _row(kind: str, name: str, title: str, needs: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"kind": kind, "name": name, "title": title, "needs": list(needs)}


def _notebooks() -> list[dict[str, Any]]:
    return [_row("notebook", n.name, n.title, n.needs) for n in listed_notebooks()]


def _figures() -> list[dict[str, Any]]:
    return [_row("figure", f.name, f.title, f.needs) for f in listed_figures()]


def _recipes() -> list[dict[str, Any]]:
    paths = sorted((project_root() / "recipes").glob("*/*.yaml"))
    return [_row("recipe", f"{p.parent.name}/{p.stem}", _title(p)) for p in paths]


def _datasets() -> list[dict[str, Any]]:
    paths = sorted((project_root() / "datasets").glob("*/card.yaml"))
    return [_row("dataset", p.parent.name, _title(p)) for p in paths]


def _title(path: Path) -> str:
    """The title in a YAML file, without validating the rest."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506
        return " ".join(str(content["title"]).split())
    except (yaml.YAMLError, KeyError, TypeError):
        return "(no title: not a valid file)"
