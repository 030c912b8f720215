"""Recipes: YAML files that fill frozen settings, with overrides from the command line."""

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import Field, field_validator

from sciml.core.errors import BadInput
from sciml.core.nearest import nearest
from sciml.core.settings import Document, Location, Settings, load_yaml, read_document, validated
from sciml.data.listing import card_names

# `${name:...}` calls a resolver of OmegaConf; one of them reads the environment. A name may itself
# be put together, as in `${oc.${title}:HOME}`.
_RESOLVER = re.compile(r"\$\{[^}]*(?::|\$\{)")


class Recipe(Settings):
    """What every recipe says; a task adds its own groups of settings."""

    task: str = Field(pattern=r"^[a-z]+/[a-z0-9-]+$")  # domain/what, such as hydro/forecast
    title: str = Field(min_length=1)
    needs: tuple[str, ...] = ()  # datasets without which the recipe cannot run
    seed: int = Field(default=0, ge=0, le=2**32 - 1)

    @field_validator("needs")
    @classmethod
    def _known_datasets(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        """Only datasets that have a card."""
        known = card_names()
        for name in names:
            if name not in known:
                raise ValueError(f"no dataset '{name}'; {nearest(name, known)}")
        return names

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
        BadInput: if the file or an override cannot be read, or an interpolation has no target or
            is more than the name of a key.
    """
    document = read_document(path)
    try:
        config = OmegaConf.create(document.values)
        places = dict(document.places)
        for override in overrides:
            _apply(config, override, places)
        raw = Document(document.path, {}, places)
        _refuse_resolvers(OmegaConf.to_container(config, resolve=False), (), raw)
        values = OmegaConf.to_container(config, resolve=True)
    except OmegaConfBaseException as error:
        key = getattr(error, "full_key", None) or "?"
        first_line = str(error).splitlines()[0]
        raise BadInput(f"{path}: key '{key}': {first_line}") from None
    if not isinstance(values, dict):
        raise BadInput(f"{path}: expected `key: value` lines")
    return Document(document.path, {str(key): value for key, value in values.items()}, places)


def _refuse_resolvers(value: Any, at: Location, document: Document) -> None:
    """Refuse texts that read the environment: a recipe says all that its result depends on."""
    if isinstance(value, dict):
        for key, inner in value.items():
            _refuse_resolvers(inner, (*at, key), document)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _refuse_resolvers(inner, (*at, index), document)
    elif isinstance(value, str) and _RESOLVER.search(value):
        raise BadInput(
            f"{document.place(at)}: {'.'.join(map(str, at))}: expected a value or "
            f"`${{other.key}}`, which takes that of another key, got {value!r}"
        )


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
    try:
        OmegaConf.update(config, key.strip(), value, merge=False)
    except (ValueError, TypeError) as error:  # such as a word where a list is counted
        raise BadInput(f"-o {override}: {key.strip()} cannot be set ({error})") from None
    for old in [place for place in places if place[: len(parts)] == parts]:
        del places[old]
    places[parts] = f"-o {override}"


def recipe_name(path: Path) -> str:
    """The name of a recipe, ``domain/name``, from its path ``recipes/domain/name.yaml``."""
    return f"{path.resolve().parent.name}/{path.stem}"
