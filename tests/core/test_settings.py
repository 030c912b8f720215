"""Errors in settings name the file, the line, the nearest known key and what came."""

from pathlib import Path
from typing import Annotated

import pytest
from pydantic import Field, PositiveInt

from sciml.core.errors import BadInput
from sciml.core.settings import Settings


class Inner(Settings):
    epochs: PositiveInt = 3
    rate: float = Field(default=0.1, gt=0)


class Outer(Settings):
    title: str
    training: Inner = Inner()
    stages: tuple[Inner, ...] = ()


def read(tmp_path: Path, text: str) -> Outer:
    path = tmp_path / "a.yaml"
    path.write_text(text)
    return Outer.from_yaml(path)


def message(tmp_path: Path, text: str) -> str:
    with pytest.raises(BadInput) as error:
        read(tmp_path, text)
    return str(error.value).replace(str(tmp_path) + "/", "")


def test_good_settings_are_read_and_frozen(tmp_path: Path) -> None:
    settings = read(tmp_path, "title: x\ntraining: {epochs: 5}\n")
    assert settings.training.epochs == 5
    with pytest.raises(ValueError, match="frozen"):
        settings.title = "y"  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "title: x\ntraining:\n  epoch: 4\n",
            "a.yaml:3: unknown key 'training.epoch'; did you mean 'epochs'?",
        ),
        (
            "title: x\nzzz: 4\n",
            "a.yaml:2: unknown key 'zzz'; known keys: stages, title, training",
        ),
        (
            "title: x\nstages:\n- epochs: 2\n- rat: 1\n",
            "a.yaml:4: unknown key 'stages.1.rat'; did you mean 'rate'?",
        ),
        (
            "title: x\n\ntraining:\n  rate: -0.5\n",
            "a.yaml:4: training.rate: input should be greater than 0, got -0.5",
        ),
        (
            "title: x\ntraining:\n  rate: .nan\n",
            "a.yaml:3: training.rate: input should be a finite number, got nan",
        ),
        ("training: {}\n", "a.yaml: key 'title' is missing; add it"),
        ("title: x\ntitle: y\n", "a.yaml:2: key 'title' stands twice, first at a.yaml:1"),
        ("title: [x\n", "a.yaml:2: not valid YAML: expected ',' or ']', but got '<stream end>'"),
        ("- x\n", "a.yaml: expected `key: value` lines, got list"),
    ],
)
def test_each_mistake_has_its_place_and_remedy(tmp_path: Path, text: str, expected: str) -> None:
    assert message(tmp_path, text) == expected


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    lines = message(tmp_path, "titel: x\ntraining: {epochs: 0, rate: 1}\n").splitlines()
    assert len(lines) == 3


def test_yaml_tags_build_no_objects(tmp_path: Path) -> None:
    assert "could not determine a constructor" in message(
        tmp_path, "title: !!python/object/apply:os.system ['true']\n"
    )


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such file; `sciml list` shows what there is"):
        Outer.from_yaml(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("text", "line"),
    [("title: x\ntraining: &a\n  epochs: *a\n", 3), ("title: x\nstages: &a\n- *a\n", 2)],
)
def test_an_alias_that_refers_to_what_it_stands_in_is_refused(
    tmp_path: Path, text: str, line: int
) -> None:
    told = f"a.yaml:{line}: an alias (*) refers to what it stands in, from line "
    assert message(tmp_path, text).startswith(told)


def test_an_alias_of_what_stands_elsewhere_is_read(tmp_path: Path) -> None:
    settings = read(tmp_path, "title: x\ntraining: &a {epochs: 5}\nstages: [*a, *a]\n")
    assert settings.stages == (settings.training, settings.training)


class Numbers(Settings):
    epochs: PositiveInt = 1
    rate: float | None = None
    leads: tuple[Annotated[int, Field(ge=0)], ...] = ()
    ordered: bool = False
    either: int | bool = 0
    shares: dict[str, float] = Field(default_factory=dict)


@pytest.mark.parametrize(
    ("line", "came"),
    [
        ("epochs: yes", "True"),
        ("rate: off", "False"),
        ("leads: [5, on]", ""),
        ("shares: {a: 1, b: no}", ""),
    ],
)
def test_yes_is_no_number(tmp_path: Path, line: str, came: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(f"ordered: yes\neither: no\n{line}\n")
    told = f"{path}:3: {line.partition(':')[0]}: expected a number; YAML reads yes, on and true"
    with pytest.raises(BadInput) as error:
        Numbers.from_yaml(path)
    assert str(error.value).startswith(told)
    assert str(error.value).endswith(came)


def test_yes_is_true_where_that_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("ordered: yes\neither: no\nleads: [5, 1]\n")
    settings = Numbers.from_yaml(path)
    assert (settings.ordered, settings.either, settings.leads) == (True, False, (5, 1))


def test_settings_made_in_python_name_their_class(tmp_path: Path) -> None:
    for wrong, told in (
        ({"rate": -1.0}, "Inner: rate: input should be greater than 0, got -1.0"),
        ({"epoch": 1}, "Inner: unknown key 'epoch'; did you mean 'epochs'?"),
    ):
        with pytest.raises(BadInput) as error:
            Inner(**wrong)
        assert str(error.value) == told
    with pytest.raises(BadInput) as error:
        Outer(title="x", training={"rate": -1.0})  # pyright: ignore[reportArgumentType]
    assert str(error.value) == "Outer: training.rate: input should be greater than 0, got -1.0"
    told = "a.yaml:3: training.rate: input should be greater than 0, got -1"
    assert message(tmp_path, "title: x\ntraining:\n  rate: -1\n") == told
