"""Settings read from YAML: frozen, no unknown keys, and every error names file, line and remedy."""

import types
from collections.abc import Mapping
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    NamedTuple,
    Self,
    TypeVar,
    Union,
    get_args,
    get_origin,
)

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from sciml.core.errors import BadInput
from sciml.core.nearest import nearest

Location = tuple[str | int, ...]

_NO_NUMBER = PydanticCustomError(
    "no_number", "expected a number; YAML reads yes, on and true as true, no and off as false"
)


class Settings(BaseModel):
    """A frozen group of settings that forbids unknown keys and non-finite numbers.

    True and false are no numbers: YAML reads `yes` and `on` as true, which would count as 1.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    if not TYPE_CHECKING:  # checkers make the signature of the fields

        def __init__(self, **given: Any) -> None:
            """Make settings in Python; a mistake names the class in place of the file.

            Raises:
                BadInput: one line for each unknown key, missing key and value out of range.
            """
            try:
                super().__init__(**given)
            except ValidationError as errors:
                document = Document(type(self).__name__, {}, {})
                lines = [_explained(type(self), document, error) for error in errors.errors()]
                raise BadInput("\n".join(lines)) from None

        # Groups inside of groups are then still validated in place, with their whole location.
        __init__.__pydantic_base_init__ = True

    @model_validator(mode="before")
    @classmethod
    def _no_truth_as_number(cls, given: Any) -> Any:
        """Refuse true and false where a number is expected."""
        if not isinstance(given, dict):
            return given
        wrong = [
            InitErrorDetails(type=_NO_NUMBER, loc=(name,), input=given[name])
            for name, field in cls.model_fields.items()
            if _holds_truth(given.get(name)) and _is_number(field.annotation)
        ]
        if wrong:
            # A validator of a field would do, were it allowed where a field tells unions apart.
            raise ValidationError.from_exception_data(cls.__name__, wrong)
        return given

    @classmethod
    def from_yaml(cls, path: Path) -> Self:
        """Read settings from a YAML file.

        Args:
            path: The file.

        Returns:
            The validated settings.

        Raises:
            BadInput: if the file is missing, is not YAML, or holds an unknown key or a value out
                of range; the text names the file, the line and the nearest known key.
        """
        return validated(cls, read_document(path))


class Document(NamedTuple):
    """The content of a YAML file and where each key was written."""

    path: str
    values: dict[str, Any]
    places: dict[Location, str]  # such as `recipes/hydro/a.yaml:7`

    def place(self, location: Location) -> str:
        """Where a key was written, or the nearest enclosing key that was."""
        for length in range(len(location), 0, -1):
            if location[:length] in self.places:
                return self.places[location[:length]]
        return self.path


def read_document(path: Path) -> Document:
    """Read a YAML mapping together with the line of each key.

    Args:
        path: The file.

    Returns:
        The content and the places; only plain YAML types are built.

    Raises:
        BadInput: if the file is missing, is not YAML, is not a mapping, repeats a key or refers to
            itself.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadInput(f"{path}: no such file; `sciml list` shows what there is") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: cannot be read as UTF-8 text: {error}") from None
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        values = load_yaml(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error)
        raise BadInput(f"{path}{line}: not valid YAML: {problem}") from None
    if not isinstance(values, dict):
        raise BadInput(f"{path}: expected `key: value` lines, got {type(values).__name__}")
    places: dict[Location, str] = {}
    _note_places(root, (), places, str(path), ())
    return Document(str(path), values, places)


class _Loader(yaml.SafeLoader):
    """Reads YAML safely and leaves dates as the text that they are, as settings want them."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load_yaml(text: str) -> Any:
    """The content of YAML text; a date such as 2015-01-01 stays text.

    Args:
        text: YAML.

    Returns:
        Mappings, lists, text and numbers.

    Raises:
        yaml.YAMLError: if it is not YAML.
    """
    loader = _Loader(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def _note_places(
    node: yaml.Node,
    at: Location,
    places: dict[Location, str],
    path: str,
    above: tuple[yaml.Node, ...],
) -> None:
    """Walk the YAML tree, note where each key stands; refuse one that stands twice or in itself."""
    if any(node is one for one in above):
        raise BadInput(
            f"{places.get(at, path)}: an alias (*) refers to what it stands in, from line "
            f"{node.start_mark.line + 1}; write out what is meant"
        )
    above = (*above, node)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*at, key.value)
            place = f"{path}:{key.start_mark.line + 1}"
            if here in places:
                raise BadInput(f"{place}: key '{key.value}' stands twice, first at {places[here]}")
            places[here] = place
            _note_places(value, here, places, path, above)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            places[(*at, index)] = f"{path}:{item.start_mark.line + 1}"
            _note_places(item, (*at, index), places, path, above)


S = TypeVar("S", bound=Settings)


def validated(model: type[S], document: Document) -> S:
    """Build settings from a document.

    Args:
        model: The settings class.
        document: Content and places, from :func:`read_document`.

    Returns:
        The settings.

    Raises:
        BadInput: one line for each unknown key, missing key and value out of range.
    """
    try:
        return model.model_validate(document.values)
    except ValidationError as errors:
        lines = [_explained(model, document, error) for error in errors.errors()]
        raise BadInput("\n".join(lines)) from None


def _explained(model: type[BaseModel], document: Document, error: Mapping[str, Any]) -> str:
    """One validation error as `file:line: key: what is wrong; what to do`."""
    location: Location = error["loc"]
    key = ".".join(str(part) for part in location) or "the whole"
    place = document.place(location)
    known = _known_keys(model, location[:-1])
    if error["type"] == "extra_forbidden":
        return f"{place}: unknown key '{key}'; {nearest(str(location[-1]), known, 'known keys')}"
    if error["type"] == "missing":
        return f"{place}: key '{key}' is missing; add it"
    message = str(error["msg"])
    message = message.removeprefix("Value error, ")
    came = error.get("input")
    shown = "" if isinstance(came, dict | list) else f", got {came!r}"
    return f"{place}: {key}: {message[:1].lower()}{message[1:]}{shown}"


def _known_keys(model: type[BaseModel], location: Location) -> list[str]:
    """The keys that are allowed at a location of a settings class."""
    models: list[type[BaseModel]] = [model]
    for part in location:
        inner = [m.model_fields[str(part)] for m in models if str(part) in m.model_fields]
        if inner:
            models = [found for field in inner for found in _settings_within(field.annotation)]
        # An integer indexes a list and a tag names the member of a union: the models stay.
    return [key for found in models for key in found.model_fields]


def _is_number(annotation: Any) -> bool:
    """Whether a field takes numbers and neither true nor false."""
    named = _plain_types(annotation)
    return bool({int, float} & named) and not {bool, Any} & named


def _plain_types(annotation: Any) -> set[Any]:
    """The types inside an annotation such as ``tuple[int, ...] | None``."""
    parts = get_args(annotation)
    if get_origin(annotation) is Annotated:
        return _plain_types(parts[0])
    if get_origin(annotation) is Literal:
        return {type(part) for part in parts}
    return {one for part in parts for one in _plain_types(part)} if parts else {annotation}


def _holds_truth(given: Any) -> bool:
    """Whether a value, or one inside of a list or mapping, is true or false."""
    if isinstance(given, dict):
        return any(map(_holds_truth, given.values()))
    if isinstance(given, list | tuple):
        return any(map(_holds_truth, given))
    return isinstance(given, bool)


def _settings_within(annotation: Any) -> list[type[BaseModel]]:
    """The settings classes inside an annotation such as `Inner | None` or `tuple[Inner, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in (Annotated, Union, types.UnionType, list, tuple, dict):
        return [found for part in get_args(annotation) for found in _settings_within(part)]
    return []
