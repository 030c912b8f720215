"""Tests of the recipe of field mixtures, on a small field of the user's own."""

import json
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy.integrate import quad
from scipy.stats import norm

from sciml.core.errors import BadInput, Interrupted
from sciml.core.paths import project_root
from sciml.training import fit as fit_module
from sciml.training.recipe import read_recipe
from sciml.training.run import record_folder
from sciml.weather import field_tasks
from sciml.weather.field_records import read_errors
from sciml.weather.field_tasks import (
    FieldData,
    FieldMixtureRecipe,
    divided,
    experts_of,
    field_mixture,
    in_hectopascal,
    normal_crps,
    opened_field,
)
from tests.weather.forecaster_laws import drifting_waves

FIELD = drifting_waves(1461)


def recipe(path: Path, **data: Any) -> FieldMixtureRecipe:
    """A small mixture on a file."""
    return FieldMixtureRecipe.model_validate(
        {
            "task": "weather/field-mixture",
            "title": "test",
            "leads": (1, 2),
            "data": {"path": str(path), **data},
            "experts": {
                "linear": {"components": 4, "history": 1},
                "analog": None,
                "kernel": {"rows": 1, "columns": 1, "ridges": (1.0,), "blocks": 2},
                "networks": 0,
            },
            "mixture": {"groups": 2, "places": 5},
        }
    )


def written(folder: Path, data: xr.DataArray | xr.Dataset) -> Path:
    path = folder / "mine.nc"
    data.to_netcdf(path)
    return path


def test_a_file_of_ones_own_is_forecast_and_judged(tmp_path: Path) -> None:
    # As others write fields: other names, north first, longitudes from 0, Pa.
    foreign = (FIELD * 100).assign_attrs(FIELD.attrs | {"units": "Pa"})
    foreign = foreign.rename(lat="latitude", lon="longitude")[:, ::-1]
    foreign = foreign.assign_coords(longitude=foreign["longitude"] % 360)
    path = written(tmp_path, foreign)
    outcome = field_mixture(recipe(path), tmp_path)
    metrics = outcome.metrics
    assert set(outcome.data_sha256) == {"mine.nc"}
    for lead in (1, 2):
        assert metrics[f"rmse_of_mixture_at_{lead}"] < metrics[f"rmse_of_persistence_at_{lead}"]
        assert metrics[f"spread_over_error_at_{lead}"] == pytest.approx(1, abs=0.15)
        weights = [v for k, v in metrics.items() if k.startswith("weight_") and k[-1] == str(lead)]
        assert sum(weights) == pytest.approx(1)
    errors = read_errors(tmp_path)
    assert np.unique(errors["time"].dt.year).tolist() == [2004]
    found = float(np.sqrt(errors.sel(forecaster="mixture", lead=1).mean()))
    assert found == pytest.approx(metrics["rmse_of_mixture_at_1"], rel=1e-4)
    with xr.open_dataset(tmp_path / "weights.nc") as maps:
        np.testing.assert_allclose(maps["weight"].sum("expert"), 1, atol=1e-5)


def test_a_run_that_was_stopped_goes_on_and_ends_alike(tmp_path: Path, monkeypatch: Any) -> None:
    network = {
        "backbone": {"kind": "fourier", "width": 8, "depth": 1, "highest": (2, 3)},
        "start": "climatology",
        "harmonics": 0,
        "training": {"epochs": 2},
    }
    given = recipe(written(tmp_path, FIELD)).model_dump()
    given["experts"] |= {"kernel": None, "networks": 1, "network": network}
    chosen = FieldMixtureRecipe.model_validate(given)
    steps, step = [0], fit_module._Run.step

    def counted(run: Any) -> None:
        steps[0] += 1
        if steps[0] == stop:
            signal.raise_signal(signal.SIGINT)
        step(run)

    monkeypatch.setattr(fit_module._Run, "step", counted)
    stop = 0
    expected = field_mixture(chosen, tmp_path / "whole").metrics
    stop = steps[0] - 3
    steps[0] = 0
    with pytest.raises(Interrupted, match="run the same command to go on from there"):
        field_mixture(chosen, tmp_path / "half")
    steps[0] = 0
    outcome = field_mixture(chosen, tmp_path / "half")
    assert steps[0] == 3
    assert outcome.metrics == expected
    assert len(list((tmp_path / "half/networks").iterdir())) == 3  # two groups held out, and all


def test_the_last_years_are_judged_unless_others_are_named(tmp_path: Path) -> None:
    chosen = recipe(tmp_path / "x.nc")
    learning, test = divided(FIELD, chosen)
    assert np.unique(test["time"].dt.year).tolist() == [2004]
    gap = test["time"].values[0] - learning["time"].values[-1]
    assert gap == np.timedelta64(11, "D")
    named = recipe(tmp_path / "x.nc", learning=(2001, 2004), test=(2003,))
    assert np.unique(divided(FIELD, named)[0]["time"].dt.year).tolist() == [2001, 2004]
    either = [recipe(tmp_path / "x.nc", test=years) for years in ((2004, 2003), (2003, 2004))]
    for found, expected in zip(*(divided(FIELD, one) for one in either), strict=True):
        xr.testing.assert_identical(found, expected)
    with pytest.raises(BadInput, match=r"2 calendar year\(s\), expected 3"):
        divided(FIELD[:700], chosen)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda f: xr.Dataset({"a": f, "b": f}), "expected one variable with three axes"),
        (lambda f: f.isel(lat=0), "found"),
        (lambda f: f[:, :1], "two values of lat or more"),
        (lambda f: f[np.r_[0:40, 45:80]], "after 2001-02-09"),
        (lambda f: f.where(f["time"] != f["time"][3]), "missing"),
    ],
)
def test_files_that_hold_no_field_are_refused(tmp_path: Path, change: Any, text: str) -> None:
    path = written(tmp_path, change(FIELD))
    with pytest.raises(BadInput, match=text):
        opened_field(FieldData(path=str(path)))


def test_a_file_may_be_named_from_the_home_folder(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("HOME", str(written(tmp_path, FIELD).parent))
    np.testing.assert_allclose(opened_field(FieldData(path="~/mine.nc"))[0], FIELD)
    with pytest.raises(BadInput, match=r"data\.path: ~/other\.nc: no such file"):
        opened_field(FieldData(path="~/other.nc"))


def test_variables_and_sources_are_looked_up_by_name(tmp_path: Path) -> None:
    both = xr.Dataset({"slp": FIELD, "other": FIELD + 5})
    path = str(written(tmp_path, both))
    found, _ = opened_field(FieldData(path=path, variable="slp"))
    np.testing.assert_allclose(found, FIELD)
    with pytest.raises(BadInput, match="has no 'spl'"):
        opened_field(FieldData(path=path, variable="spl"))
    with pytest.raises(BadInput, match=r"data\.source: 'ncep'"):
        opened_field(FieldData(source="ncep"))


def test_generated_weather_needs_no_download(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(field_tasks._SOURCES, field_tasks.CHANNEL, lambda: FIELD)
    found, sha256 = opened_field(FieldData(source="simulated_channel"))
    xr.testing.assert_identical(found, FIELD)
    assert sha256 == {}


@pytest.mark.parametrize("name", ["slp-mixture", "slp-mixture-fast", "channel-mixture-fast"])
def test_recipes_say_what_can_be_run(name: str) -> None:
    path = project_root() / f"recipes/weather/{name}.yaml"
    found = read_recipe(path, FieldMixtureRecipe)
    assert found.leads == (1, 2, 3, 5, 7)
    assert set(experts_of(found)) >= {"climatology", "linear", "kernel", "network 1"}


def test_the_record_is_of_the_recipe() -> None:
    record = record_folder("weather/slp-mixture")
    made_by = json.loads((record / "record.json").read_text())["recipe"]
    path = project_root() / "recipes/weather/slp-mixture.yaml"
    assert read_recipe(path, FieldMixtureRecipe).model_dump(mode="json") == made_by


def test_pascals_become_hectopascals_and_all_else_stays() -> None:
    pascal = (FIELD * 100).assign_attrs(units="Pa")
    np.testing.assert_allclose(in_hectopascal(pascal), FIELD)
    assert in_hectopascal(FIELD) is FIELD


@pytest.mark.parametrize(("truth", "mean", "deviation"), [(0.3, 0.0, 1.0), (-2.0, 1.0, 0.5)])
def test_the_crps_is_the_integral_of_squared_differences_of_distributions(
    truth: float, mean: float, deviation: float
) -> None:
    def gap(x: float) -> float:
        return (norm.cdf(x, mean, deviation) - (x >= truth)) ** 2

    expected = quad(gap, -15, truth)[0] + quad(gap, truth, 15)[0]
    found = normal_crps(np.array(truth), np.array(mean), np.array(deviation))
    assert found == pytest.approx(expected, rel=1e-6)
