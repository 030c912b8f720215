"""The committed station ensemble: what the card says, and faults that there are to learn from."""

import itertools

import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import BadInput
from sciml.core.paths import project_root
from sciml.data import files
from sciml.data.cards import read_card
from sciml.weather.stations import checked_stations
from sciml.weather.world.atmosphere import winter
from sciml.weather.world.datasets import STATIONS, open_simulated_world_stations
from sciml.weather.world.ensemble import CENTRES, simulated_station_ensemble
from tests.built import maker


@pytest.fixture(scope="module")
def temperature() -> xr.Dataset:
    return open_simulated_world_stations("temperature")


@pytest.fixture(scope="module")
def rain() -> xr.Dataset:
    return open_simulated_world_stations("precipitation")


def test_the_file_comes_with_the_project_and_is_small(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("SCIML_CACHE", str(tmp_path))
    monkeypatch.delenv("SCIML_DATA", raising=False)
    path = files.verify(STATIONS)
    assert path.parent == project_root() / "datasets" / STATIONS
    assert path.stat().st_size < 400_000


@pytest.mark.parametrize("quantity", ["temperature", "precipitation"])
def test_it_is_a_station_ensemble(quantity) -> None:
    data = open_simulated_world_stations(quantity)
    xr.testing.assert_identical(checked_stations(data), data)
    assert data["forecast"].dims == ("case", "member")
    assert data["observation"].dims == ("case",)
    assert data["forecast"].dtype == data["observation"].dtype == np.float64
    for name in ("time", "station", "latitude", "longitude", "elevation"):
        assert data[name].dims == ("case",)
        assert name in data.coords
    assert data["member"].values.tolist() == list(CENTRES)
    for name in ("forecast", "observation"):
        assert data[name].attrs["units"] == {"temperature": "K", "precipitation": "mm"}[quantity]
    assert data.attrs["lead_hours"] == 48


def test_the_parts_are_years_in_order_and_complete(temperature) -> None:
    splits = read_card(STATIONS).splits
    assert splits is not None
    parts = [open_simulated_world_stations(part=part) for part in splits.cases]
    together = xr.concat(parts, "case")
    xr.testing.assert_identical(together["forecast"], temperature["forecast"])
    for earlier, later in itertools.pairwise(parts):
        assert earlier["time"].max() < later["time"].min()


def test_a_part_or_quantity_that_is_not_there_is_named() -> None:
    with pytest.raises(BadInput, match="part: no 'tests'; did you mean 'test'"):
        open_simulated_world_stations(part="tests")
    with pytest.raises(BadInput, match="quantity: no 'rain'"):
        open_simulated_world_stations("rain")  # type: ignore[arg-type]


def test_a_late_centre_and_lost_reports_are_missing_and_nothing_else(temperature) -> None:
    late = temperature["forecast"].sel(member="damped")
    before = temperature["time"] < np.datetime64(CENTRES["damped"].began)
    assert late.where(before, drop=True).isnull().all()
    others = temperature["forecast"].drop_sel(member="damped")
    assert 0.01 < float(others.isnull().mean()) < 0.03
    assert 0.015 < float(temperature["observation"].isnull().mean()) < 0.025
    assert others.notnull().any("member").all()


def test_rain_is_never_negative_often_none_and_skewed(rain) -> None:
    fallen = rain["observation"].dropna("case")
    assert float(rain["forecast"].min()) == 0.0
    assert float(fallen.min()) == 0.0
    assert 0.4 < float((fallen == 0).mean()) < 0.7
    wet = fallen[fallen > 0]
    assert float(wet.quantile(0.95)) > 4 * float(wet.median())


def test_biases_differ_between_stations_and_seasons(temperature) -> None:
    error = temperature["forecast"].mean("member") - temperature["observation"]
    by_station = error.groupby("station").mean()
    assert float(by_station.std()) > 0.5  # K
    wintry = winter(temperature["time"]) > 0.5
    summery = winter(temperature["time"]) < -0.5
    assert float(error.where(wintry).mean()) > float(error.where(summery).mean()) + 0.3


def test_the_truth_is_outside_the_members_too_often(temperature, rain) -> None:
    members, truth = temperature["forecast"], temperature["observation"]
    outside = (truth < members.min("member")) | (truth > members.max("member"))
    fair = 2 / (members.sizes["member"] + 1)
    assert float(outside.where(truth.notnull()).mean()) > 1.5 * fair


def test_a_fresh_build_agrees_with_the_file(temperature, tmp_path) -> None:
    make = maker(STATIONS)
    fresh = make.described(simulated_station_ensemble(30))
    stored = files.open_dataset(STATIONS)
    assert {name: fresh[name].attrs for name in fresh.variables} == {
        name: stored[name].attrs for name in stored.variables
    }
    # Places are drawn before any weather; weather of another length starts from the same state.
    for name in ("latitude", "longitude", "elevation", "sheltered", "noise"):
        np.testing.assert_array_equal(fresh[name], stored[name])
    normal = float(stored["temperature_observation"].isel(time=slice(30)).mean())
    assert float(fresh["temperature_observation"].mean()) == pytest.approx(normal, abs=2.0)
