"""Recipes: YAML files that fill frozen settings, with overrides from the command line."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import Field

from sciml.core.errors import BadInput
from sciml.core.settings import Document, Settings, load_yaml, read_document, validated


class Recipe(Settings):
    """What every recipe says; a task adds its own groups of settings."""

    task: str = Field(pattern=r"^[a-z]+/[a-z0-9-]+$")  # domain/what, such as hydro/forecast
    title: str = Field(min_length=1)
    needs: tuple[str, ...] = ()  # datasets without which the recipe cannot run
    seed: int = Field(default=0, ge=0, le=2**32 - 1)

    def digest(self) -> str:
        """SHA-256 of the settings: two recipes that say the same have the same digest."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


R = TypeVar("R", bound=Recipe)


def read_recipe(path: Path, model: type[R], overrides: Sequence[str] = ()) -> R:
    """Read a recipe and put the overrides on top of it.

    Args:
        path: The YAML file; ``${other.key}`` takes the value of another key.
        model: The settings class of the recipe's task.
        overrides: ``key.inner=value`` each; the value is read as YAML.

    Returns:
        The validated recipe.

    Raises:
        BadInput: for a file that is missing or not YAML, an unknown key or a value out of range;
            the text names the file and line, or the override, and the nearest known key.
    """
    return validated(model, merged_document(path, overrides))


def merged_document(path: Path, overrides: Sequence[str] = ()) -> Document:
    """The content of a recipe with interpolations resolved and overrides applied, unvalidated.

    Args:
        path: The YAML file.
        overrides: ``key.inner=value`` each.

    Returns:
        Content and places; the place of an overridden key is the override itself.

    Raises:
        BadInput: if the file or an override cannot be read or an interpolation has no target.
    """
    document = read_document(path)
    try:
        config = OmegaConf.create(document.values)
        places = dict(document.places)
        for override in overrides:
            _apply(config, override, places)
        values = OmegaConf.to_container(config, resolve=True)
    except OmegaConfBaseException as error:
        key = getattr(error, "full_key", None) or "?"
        first_line = str(error).splitlines()[0]
        raise BadInput(f"{path}: key '{key}': {first_line}") from None
    if not isinstance(values, dict):
        raise BadInput(f"{path}: expected `key: value` lines")
    return Document(document.path, {str(key): value for key, value in values.items()}, places)


def _apply(config: DictConfig, override: str, places: dict[Any, str]) -> None:
    """Set one overridden key and remember that it came from the command line."""
    key, equals, text = override.partition("=")
    if not equals or not key.strip():
        raise BadInput(f"-o {override}: expected key.inner=value, such as -o training.epochs=3")
    try:
        value = load_yaml(text)
    except yaml.YAMLError:
        raise BadInput(f"-o {override}: the value {text!r} is not valid YAML") from None
    parts = tuple(int(part) if part.isdigit() else part for part in key.strip().split("."))
    OmegaConf.update(config, key.strip(), value, merge=False)
    for old in [place for place in places if place[: len(parts)] == parts]:
        del places[old]
    places[parts] = f"-o {override}"


def recipe_name(path: Path) -> str:
    """The name of a recipe, ``domain/name``, from its path ``recipes/domain/name.yaml``."""
    return f"{path.resolve().parent.name}/{path.stem}"
