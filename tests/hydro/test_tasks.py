"""The forecast recipe from settings to record, and every recipe and published record there is."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from sciml.core.errors import BadInput
from sciml.core.paths import project_root
from sciml.data.cards import read_card
from sciml.hydro import loads, tasks
from sciml.hydro.cases import INSIDE, OUTSIDE, TRAIN, Splits, measured_wave_loads
from sciml.hydro.forecast import coverage, normalised_errors
from sciml.hydro.histories import simulated_cavities, training_runs
from sciml.hydro.learned_gain import LearnedGain
from sciml.hydro.lstm import LSTMForecaster
from sciml.hydro.tasks import ForecastRecipe, GainRecipe, forecast, learned_gain
from sciml.training.listing import listed_recipes
from sciml.training.recipe import merged_document, read_recipe
from sciml.training.record import read_record
from sciml.training.run import find_task, record_folder
from tests.laws import random_runs

RECIPES = {recipe.name: recipe for recipe in listed_recipes() if recipe.name.startswith("hydro/")}
PUBLISHED = [name for name in RECIPES if record_folder(name).is_dir()]


def small_splits() -> Splits:
    return {TRAIN: random_runs(3), INSIDE: random_runs(2, seed=8), OUTSIDE: random_runs(1, seed=9)}


def recipe(**data: Any) -> ForecastRecipe:
    return ForecastRecipe.model_validate(
        {
            "task": "hydro/forecast",
            "title": "A test",
            "data": {"source": "simulated-cavities", "validation": ["run 2"]} | data,
            "window": {"history": 5, "leads": [1, 6]},
            "model": {"hidden": 4},
            "training": {"epochs": 2, "batch_size": 32},
        }
    )


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(tasks._SOURCES, "simulated-cavities", small_splits)
    monkeypatch.setitem(
        tasks._TRAINING_RUNS, "simulated-cavities", lambda: tuple(small_splits()[TRAIN].cases)
    )


@pytest.mark.usefixtures("small")
def test_a_forecast_recipe_ends_with_errors_and_the_network_that_has_them(tmp_path: Path) -> None:
    outcome = forecast(recipe(), tmp_path)
    assert (outcome.status, outcome.data_sha256) == ("finished", {})
    loaded = LSTMForecaster.load(tmp_path)
    assert all(path.is_file() and path.parent == tmp_path for path in outcome.outputs)
    for part in (INSIDE, OUTSIDE):
        errors = normalised_errors(loaded, small_splits()[part], (1, 6)).values
        # At 50 Hz a sample is 20 ms.
        stated = [outcome.metrics[f"normalised_error_{part}_{ms}_ms"] for ms in (20, 120)]
        assert stated == errors.tolist()
    assert outcome.metrics["epochs"] == 2
    assert {"validation_rmse", "validation_rmse_lead_1"} <= outcome.metrics.keys()


@pytest.mark.usefixtures("small")
def test_a_gain_recipe_ends_with_the_numbers_of_the_learnt_and_the_untrained_filter(
    tmp_path: Path,
) -> None:
    settings = recipe().model_dump() | {
        "task": "hydro/learned-gain",
        "model": {"controls": ["a"], "known_controls": True, "delays": 3, "rank": 3, "hidden": 4},
    }
    outcome = learned_gain(GainRecipe.model_validate(settings), tmp_path)
    loaded = LearnedGain.load(tmp_path)
    for part in (INSIDE, OUTSIDE):
        cases = small_splits()[part]
        errors = normalised_errors(loaded, cases, (1, 6), planned=["a"]).values
        stated = [outcome.metrics[f"normalised_error_{part}_{ms}_ms"] for ms in (20, 120)]
        np.testing.assert_allclose(stated, errors, rtol=1e-12)
        share = coverage(loaded, cases, (1, 6), planned=["a"]).mean().item()
        assert outcome.metrics[f"coverage_90_{part}"] == pytest.approx(share, rel=1e-12)
        assert outcome.metrics[f"nll_{part}"] != outcome.metrics[f"kalman_nll_{part}"]


@pytest.mark.parametrize(
    ("name", "wrong"), [("cavity-pressure-lstm", "9 Hz"), ("wave-loads-lstm", "2102_2")]
)
def test_a_validation_run_that_is_not_there_is_named_with_its_line(
    tmp_path: Path, name: str, wrong: str
) -> None:
    lines = RECIPES[f"hydro/{name}"].path.read_text(encoding="utf-8").splitlines()
    at = next(n for n, line in enumerate(lines) if line.strip().startswith("validation:"))
    lines[at] = f"  validation: ['{wrong}']"
    path = tmp_path / "a.yaml"
    path.write_text("\n".join(lines))
    with pytest.raises(BadInput) as error:
        read_recipe(path, ForecastRecipe)
    told = f"{path}:{at + 1}: data.validation: no training run '{wrong}'; "
    assert str(error.value).startswith(told)


def test_the_training_runs_that_a_recipe_may_name_are_those_there_are() -> None:
    assert training_runs() == tuple(simulated_cavities()[TRAIN].cases)


def test_an_unknown_source_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValidationError, match="'measured-wave-loads' or 'simulated-cavities'"):
        recipe(source="measured-loads")


def keys_of(values: Any, prefix: str = "") -> set[str]:
    """All keys of a document, dotted."""
    if not isinstance(values, dict):
        return {prefix}
    return {key for name, inner in values.items() for key in keys_of(inner, f"{prefix}.{name}")}


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_fills_the_settings_of_its_task(name: str) -> None:
    path = RECIPES[name].path
    task = find_task(merged_document(path).values["task"], path)
    made = read_recipe(path, task.settings)
    assert isinstance(made, ForecastRecipe | GainRecipe)
    measured = made.data.source == "measured-wave-loads"
    assert made.needs == ((loads.DATASET,) if measured else ())


SEEDS = [name for name in RECIPES if "-seed-" in name]


@pytest.mark.parametrize("name", SEEDS)
def test_a_recipe_of_another_seed_differs_in_seed_and_title_alone(name: str) -> None:
    base, seed = name.rsplit("-seed-", 1)
    one, other = (merged_document(RECIPES[n].path).values for n in (base, name))
    assert {key for key in one if one[key] != other[key]} == {"seed", "title"}
    assert other["seed"] == int(seed) != one["seed"]
    assert one.keys() == other.keys()


@pytest.mark.parametrize("name", [n for n in RECIPES if not n.endswith("-fast") and n not in SEEDS])
def test_a_fast_recipe_differs_from_the_full_one_in_values_alone(name: str) -> None:
    full, fast = (merged_document(RECIPES[n].path).values for n in (name, f"{name}-fast"))
    assert keys_of(fast) == keys_of(full)
    for shared in ("task", "needs", "seed", "data", "window"):
        assert fast.get(shared) == full.get(shared)
    assert fast["training"]["epochs"] < full["training"]["epochs"]


def test_there_are_recipes_and_records() -> None:
    assert len(RECIPES) >= 4
    assert PUBLISHED
    records = (project_root() / "recipes/hydro").glob("*.record")
    assert {f"hydro/{path.stem}" for path in records} == set(PUBLISHED)  # none without a recipe


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_record_is_whole_and_of_the_recipe_beside_it(name: str) -> None:
    record = read_record(record_folder(name))
    assert record["status"] in {"finished", "stopped early"}
    path = RECIPES[name].path
    made = read_recipe(path, find_task(merged_document(path).values["task"], path).settings)
    assert record["recipe"] == made.model_dump(mode="json")
    expected = {one: read_card(one).built.sha256 for one in made.needs}
    assert record["data_sha256"] == expected
    files = {path.name for path in record_folder(name).iterdir()}
    assert files == {"record.json", *record["outputs_sha256"]}


def stated_errors(record: dict[str, Any], part: str) -> list[float]:
    start = f"normalised_error_{part}_"
    return [value for key, value in record["metrics"].items() if key.startswith(start)]


def check_record(name: str, splits: Splits) -> None:
    """The published network has the errors that its record states, to rounding."""
    record, network = read_record(record_folder(name)), LSTMForecaster.load(record_folder(name))
    leads = record["recipe"]["window"]["leads"]
    assert set(record["recipe"]["data"]["validation"]) <= splits[TRAIN].cases.keys()
    for part in (INSIDE, OUTSIDE):
        found = normalised_errors(network, splits[part], leads).values
        np.testing.assert_allclose(found, stated_errors(record, part), rtol=1e-3)


@pytest.mark.slow
def test_the_published_network_has_the_errors_of_its_record_on_simulated_cavities() -> None:
    check_record("hydro/cavity-pressure-lstm", simulated_cavities())


@pytest.mark.slow
def test_the_published_gain_has_the_numbers_of_its_record() -> None:
    folder, splits = record_folder("hydro/cavity-pressure-learned-gain"), simulated_cavities()
    record, made = read_record(folder), LearnedGain.load(folder)
    leads, planned = (
        record["recipe"][k][n] for k, n in (("window", "leads"), ("model", "controls"))
    )
    for part in (INSIDE, OUTSIDE):
        found = normalised_errors(made, splits[part], leads, planned).values
        np.testing.assert_allclose(found, stated_errors(record, part), rtol=1e-3)
    assert 0.85 < record["metrics"]["coverage_90_in_envelope"] < 0.95
    for number in ("nll_in_envelope", "nll_out_of_envelope"):
        assert record["metrics"][number] < record["metrics"][f"kalman_{number}"]


@pytest.mark.slow
@pytest.mark.realdata
def test_the_published_network_has_the_errors_of_its_record_on_measured_loads() -> None:
    check_record("hydro/wave-loads-lstm", measured_wave_loads())
