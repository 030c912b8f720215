"""What datasets there are, read from the cards without validating them: nothing heavy."""

from pathlib import Path

import yaml

from sciml.core.errors import BadInput
from sciml.core.nearest import nearest
from sciml.core.paths import project_root, shown

CARD_FILE = "card.yaml"


def card_names() -> list[str]:
    """The names of all datasets that have a card, in alphabetical order."""
    return sorted(path.parent.name for path in _datasets_folder().glob(f"*/{CARD_FILE}"))


def card_path(name: str) -> Path:
    """The card of a dataset.

    Args:
        name: Name of the dataset.

    Returns:
        ``datasets/<name>/card.yaml``.

    Raises:
        BadInput: if there is no such dataset; the text has the nearest name.
    """
    names = card_names()
    if name not in names:
        raise BadInput(
            f"no dataset '{name}' in {shown(_datasets_folder())}; {nearest(name, names)}"
        )
    return _datasets_folder() / name / CARD_FILE


def card_titles() -> dict[str, str]:
    """The title of each dataset, from one line of its card.

    Returns:
        Name to title, in alphabetical order.

    Raises:
        BadInput: if a card has no line ``title: ...``.
    """
    return {name: _title(card_path(name)) for name in card_names()}


def _title(path: Path) -> str:
    """The title of a card; only that line is parsed, because cards list many files."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("title:"):
            return str(yaml.safe_load(line)["title"])
    raise BadInput(f"{shown(path)}: key 'title' is missing; add a line `title: ...`")


def _datasets_folder() -> Path:
    """Where the cards are."""
    return project_root() / "datasets"
