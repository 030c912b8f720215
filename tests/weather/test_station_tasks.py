"""The recipe on a user's own file, as a user runs it."""

import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from sciml.core.errors import BadInput, WriteFailed
from sciml.core.paths import project_root
from sciml.training.recipe import read_recipe
from sciml.training.run import record_folder
from sciml.weather.station_tasks import PostProcessRecipe, post_process
from tests.weather.post_processing.worlds import biased_stations

RECIPE = project_root() / "recipes/weather/post-process.yaml"
QUICK = ("walk.refit_days=30", "experts=[station-effects-20, raw]")


@pytest.fixture
def csv(tmp_path):
    data = biased_stations(dates=70, stations=8)
    table = pd.DataFrame(data["forecast"].values, columns=list(data["member"].values))
    table.insert(0, "observation", data["observation"].values)
    table.insert(0, "date", data["time"].values)
    table.insert(0, "station", data["station"].values)
    path = tmp_path / "mine.csv"
    table.to_csv(path, index=False)
    return path


def test_a_users_own_file_is_calibrated(csv, tmp_path) -> None:
    recipe = read_recipe(RECIPE, PostProcessRecipe, [f"data.path={csv}", *QUICK])
    outcome = post_process(recipe, tmp_path / "run")
    assert outcome.metrics["crps_mixture"] < 0.6 * outcome.metrics["crps_raw_members"]
    assert set(outcome.data_sha256) == {"mine.csv"}
    with xr.open_dataset(tmp_path / "run/forecasts.nc") as forecasts:
        assert set(forecasts["station"].values) == {f"S{n:02d}" for n in range(8)}
        assert forecasts.sizes["level"] == 50
        assert np.isfinite(forecasts["forecast"].values).all()
    for output in outcome.outputs:
        assert output.is_file()


def test_of_a_single_expert_none_is_left_out(csv, tmp_path, capsys) -> None:
    settings = [f"data.path={csv}", "walk.refit_days=30", "experts=[station-effects-20]"]
    recipe = read_recipe(RECIPE, PostProcessRecipe, settings)
    assert recipe.leave_one_out
    metrics = post_process(recipe, tmp_path / "run").metrics
    assert not [name for name in metrics if name.startswith("crps_without")]
    assert "'station effects, 20 days' is the only expert" in capsys.readouterr().err


def test_forecasts_are_written_where_nothing_can_be_judged(csv, tmp_path) -> None:
    table = pd.read_csv(csv)
    table.loc[table["date"] >= "2020-02-01", "observation"] = np.nan
    table.to_csv(csv, index=False)
    recipe = read_recipe(RECIPE, PostProcessRecipe, [f"data.path={csv}", *QUICK])
    with pytest.raises(BadInput, match="nothing can be judged"):
        post_process(recipe, tmp_path / "run")
    with xr.open_dataset(tmp_path / "run/forecasts.nc") as forecasts:
        assert np.isfinite(forecasts["forecast"].values).all()


def test_a_disk_that_takes_no_more_is_told(csv, tmp_path, monkeypatch) -> None:
    def fail(*_arguments, **_options) -> None:
        raise RuntimeError("NetCDF: HDF error")

    monkeypatch.setattr(xr.Dataset, "to_netcdf", fail)
    recipe = read_recipe(RECIPE, PostProcessRecipe, [f"data.path={csv}", *QUICK])
    with pytest.raises(WriteFailed, match=r"forecasts\.nc"):
        post_process(recipe, tmp_path / "run")


def test_unknown_experts_and_sources_are_named_with_the_nearest(csv, tmp_path) -> None:
    for override, what in (("experts=[forrest]", "forest"), ("data.source=uwme", "uwme_")):
        path = () if "source" in override else (f"data.path={csv}",)
        recipe = read_recipe(RECIPE, PostProcessRecipe, [override, *path])
        with pytest.raises(BadInput, match=what):
            post_process(recipe, tmp_path)


@pytest.mark.parametrize("extremes", ["1.5", "0.9, -2", "0", "1"])
def test_extremes_are_quantiles(extremes) -> None:
    with pytest.raises(BadInput, match=r"extremes\.[01]: .*(greater|less) than"):
        read_recipe(RECIPE, PostProcessRecipe, [f"extremes=[{extremes}]"])


@pytest.mark.parametrize("name", ["post-process-fast", "frankfurt-rain", "uwme-temperature"])
def test_the_record_is_of_the_recipe(name) -> None:
    made_by = json.loads((record_folder(f"weather/{name}") / "record.json").read_text())["recipe"]
    path = project_root() / f"recipes/weather/{name}.yaml"
    assert read_recipe(path, PostProcessRecipe).model_dump(mode="json") == made_by
