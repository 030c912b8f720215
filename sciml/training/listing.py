"""What recipes there are, read from the files without validating them: nothing heavy."""

from pathlib import Path
from typing import NamedTuple

import yaml

from sciml.core.errors import BadInput
from sciml.core.paths import project_root, shown

_FAST = "-fast"  # ending of the variant that takes minutes on two cores


class ListedRecipe(NamedTuple):
    """A recipe as its file declares it."""

    name: str  # domain/name
    title: str
    needs: tuple[str, ...]
    path: Path

    @property
    def fast(self) -> bool:
        """Whether it is the variant that takes minutes on two cores."""
        return self.name.endswith(_FAST)


def listed_recipes() -> list[ListedRecipe]:
    """All recipes of the project, by name.

    Raises:
        BadInput: if a recipe is not YAML or has no title.
    """
    return [_listed(path) for path in sorted((project_root() / "recipes").glob("*/*.yaml"))]


def _listed(path: Path) -> ListedRecipe:
    """A recipe from its top-level keys."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        title, needs = content["title"], tuple(content.get("needs", ()))
    except (yaml.YAMLError, KeyError, TypeError, AttributeError):
        raise BadInput(f"{shown(path)}: not a recipe; `sciml run` says what is wrong") from None
    return ListedRecipe(f"{path.parent.name}/{path.stem}", str(title), needs, path)
