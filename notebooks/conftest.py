"""A notebook whose data are not on this machine is skipped, with the command that gets them."""

import pytest

from sciml.core.errors import DatasetMissing
from sciml.data.files import find
from sciml.figures.listing import ListedNotebook, listed_notebooks


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    lacking = {n.path: missing for n in listed_notebooks() if (missing := _missing(n))}
    for item in items:
        if names := lacking.get(item.path):
            commands = " and ".join(f"`sciml data get {name}`" for name in names)
            item.add_marker(pytest.mark.skip(reason=f"needs data: get them with {commands}"))


def _missing(notebook: ListedNotebook) -> list[str]:
    """The datasets that a notebook needs and that cannot be found."""
    missing = []
    for name in notebook.needs:
        try:
            find(name)
        except DatasetMissing:
            missing.append(name)
    return missing
