"""`sciml list`: read from the sources, so that it answers at once."""

from typing import Any

from sciml.core.errors import BadInput
from sciml.data.listing import card_titles
from sciml.figures.listing import listed_figures, listed_notebooks
from sciml.training.listing import listed_recipes


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
    return [_row("recipe", r.name, r.title, r.needs) for r in listed_recipes()]


def _datasets() -> list[dict[str, Any]]:
    return [_row("dataset", name, title) for name, title in card_titles().items()]
