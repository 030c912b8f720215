"""Recipes: overrides, interpolation, and errors that name file, line and nearest key."""

from pathlib import Path

import pytest
from pydantic import PositiveInt

from sciml.core.errors import BadInput
from sciml.core.settings import Settings
from sciml.training.recipe import Recipe, read_recipe, recipe_name


class Training(Settings):
    epochs: PositiveInt = 1
    batch: PositiveInt = 8


class Forecast(Recipe):
    training: Training = Training()
    leads: tuple[int, ...] = (1,)


TEXT = """\
task: hydro/forecast
title: A test
seed: 4
training:
  epochs: 3
  batch: ${training.epochs}
leads: [1, 5]
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "hydro" / "lstm.yaml"
    path.parent.mkdir()
    path.write_text(TEXT)
    return path


def message(path: Path, *overrides: str) -> str:
    with pytest.raises(BadInput) as error:
        read_recipe(path, Forecast, overrides)
    return str(error.value).replace(f"{path.parent}/", "")


def test_a_recipe_fills_settings_and_interpolates(path: Path) -> None:
    recipe = read_recipe(path, Forecast)
    assert (recipe.seed, recipe.training.batch, recipe.leads) == (4, 3, (1, 5))


def test_overrides_win_and_reach_lists(path: Path) -> None:
    recipe = read_recipe(path, Forecast, ["training.epochs=7", "leads=[2]", "leads.0=9"])
    assert (recipe.training.epochs, recipe.training.batch, recipe.leads) == (7, 7, (9,))


def test_an_unknown_key_names_line_and_nearest_key(path: Path) -> None:
    path.write_text(TEXT.replace("  epochs: 3", "  epocs: 3").replace("${training.epochs}", "2"))
    assert message(path) == "lstm.yaml:5: unknown key 'training.epocs'; did you mean 'epochs'?"


def test_a_value_out_of_range_names_line_and_value(path: Path) -> None:
    path.write_text(TEXT.replace("epochs: 3", "epochs: 0").replace("${training.epochs}", "2"))
    assert message(path) == "lstm.yaml:5: training.epochs: input should be greater than 0, got 0"


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        (
            "training.epoch=3",
            "-o training.epoch=3: unknown key 'training.epoch'; did you mean 'epochs'?",
        ),
        (
            "training.epochs=-1",
            "-o training.epochs=-1: training.epochs: input should be greater than 0, got -1",
        ),
        ("epochs", "-o epochs: expected key.inner=value, such as -o training.epochs=3"),
        ("leads.first=1", "-o leads.first=1: leads.first cannot be set (invalid literal"),
        ("leads=[1", "-o leads=[1: the value '[1' is not valid YAML"),
    ],
)
def test_a_bad_override_is_named(path: Path, override: str, expected: str) -> None:
    assert message(path, override).splitlines()[0].startswith(expected)


def test_an_interpolation_without_target_is_named(path: Path) -> None:
    path.write_text(TEXT.replace("${training.epochs}", "${training.nothing}"))
    assert "lstm.yaml: key 'training.batch'" in message(path)


def test_the_digest_depends_on_what_is_said_not_on_how(path: Path) -> None:
    digest = read_recipe(path, Forecast).digest()
    path.write_text("# a comment\n" + TEXT.replace("leads: [1, 5]", "leads:\n- 1\n- 5"))
    assert read_recipe(path, Forecast).digest() == digest
    assert read_recipe(path, Forecast, ["seed=5"]).digest() != digest


def test_names_follow_the_folders(path: Path) -> None:
    assert recipe_name(path) == "hydro/lstm"


def test_a_date_stays_text_in_the_file_and_on_the_command_line(tmp_path: Path) -> None:
    path = tmp_path / "dated.yaml"
    path.write_text("task: a/b\ntitle: 2015-01-01\n", encoding="utf-8")
    assert read_recipe(path, Recipe).title == "2015-01-01"
    assert read_recipe(path, Recipe, ["title=2016-02-03"]).title == "2016-02-03"


@pytest.mark.parametrize(
    "text", ["${oc.env:HOME}", "a ${ oc.env:HOME, x}", "${oc.decode:'1'}", "${oc.${task}:HOME}"]
)
def test_a_recipe_does_not_read_the_environment(path: Path, text: str) -> None:
    path.write_text(TEXT.replace("A test", f'"{text}"'))
    told = "title: expected a value or `${other.key}`, which takes that of another key, got "
    assert message(path) == f"lstm.yaml:2: {told}{text!r}"
    path.write_text(TEXT)
    assert message(path, f'title="{text}"').startswith(f'-o title="{text}": {told}')


def test_a_negative_seed_and_an_unknown_dataset_are_refused_with_their_lines(path: Path) -> None:
    path.write_text(TEXT.replace("seed: 4", "seed: -4\nneeds: [ntnu_fixed_section_load]"))
    needs, seed = message(path).splitlines()
    expected = "lstm.yaml:4: needs: no dataset 'ntnu_fixed_section_load'; "
    assert needs.startswith(f"{expected}did you mean 'ntnu_fixed_section_loads'?")
    assert seed == "lstm.yaml:3: seed: input should be greater than or equal to 0, got -4"
