"""A bias that changes with the hour of the day is learnt; one hour a day changes nothing."""

import numpy as np
import pytest
import xarray as xr

from sciml.weather.pooling import GateSettings
from sciml.weather.post_processing.chosen import chosen_experts
from sciml.weather.post_processing.experts import normal_values
from sciml.weather.post_processing.hours import hour_features, station_hours
from sciml.weather.post_processing.table import station_table
from sciml.weather.post_processing.walk import WalkSettings, walk
from sciml.weather.scores.ensemble import crps_of_members
from sciml.weather.stations import CaseLabels, station_ensemble

NAMES = ["station-effects-20", "error-memory-60"]
DAYS, STATIONS = 60, 3


def diurnal(hours: int) -> xr.Dataset:
    """Members whose bias depends on station and hour, beside an error of the day."""
    rng = np.random.default_rng(3)
    steps = DAYS * hours
    time = np.datetime64("2020-01-01T00:00") + np.arange(steps) * np.timedelta64(24 // hours, "h")
    bias = np.tile(rng.normal(0, 2, (hours, STATIONS)), (DAYS, 1))
    truth = rng.normal(10, 4, (steps, STATIONS))
    mean = truth + bias + rng.normal(0, 0.7, (steps, STATIONS))
    forecast = mean[:, :, None] + rng.normal(0, 0.5, (steps, STATIONS, 4))
    names = [f"S{number}" for _ in range(steps) for number in range(STATIONS)]
    labels = CaseLabels(list(np.repeat(time, STATIONS)), names, ["AA", "BB", "CC", "DD"])
    return station_ensemble(
        forecast.reshape(-1, 4), truth.ravel(), labels, units="degC", lead_hours=24
    )


def score_with_known_biases(data: xr.Dataset, judged: xr.DataArray) -> float:
    """CRPS of normal laws with a bias for each station and hour, from the first half."""
    error = (data["observation"] - data["forecast"].mean("member")).values
    key = [
        f"{s} {h}" for s, h in zip(data["station"].values, data["time.hour"].values, strict=True)
    ]
    past, number = ~judged.values, np.unique(key, return_inverse=True)[1]
    bias = np.bincount(number[past], error[past]) / np.bincount(number[past])
    deviation = np.full(len(error), (error - bias[number])[past].std())
    values = normal_values(data["forecast"].mean("member").values + bias[number], deviation)
    return float(crps_of_members(values, data["observation"].values)[judged.values].mean())


@pytest.mark.parametrize("hours", [2, 4])
def test_biases_of_each_station_and_hour_are_learnt(hours: int) -> None:
    data = diurnal(hours)
    table = station_table(data)
    settings = WalkSettings(test=0.5, refit_days=10.0)
    done = walk(table, chosen_experts(NAMES, table, 0), settings, GateSettings())
    judged = data["time"] >= done.table.time[done.test][0]
    ours = crps_of_members(done.values, done.table.observation)[done.test].mean()
    assert ours < 1.05 * score_with_known_biases(data, judged)


def test_errors_are_remembered_by_the_hour_and_climates_kept_by_it() -> None:
    data = diurnal(2)
    night = data["time.hour"].values == 0
    table = station_table(data.assign(observation=data["observation"] + 30.0 * night))
    late = table.day > DAYS / 2
    memory = table.feature("error over 5 days")
    assert memory[night & late].min() > 15 > memory[~night & late].max()
    (climatology,) = chosen_experts(["climatology"], table, 0)
    climatology.fit(table.take(~late))
    median = np.median(climatology.predict(table.take(late)), axis=1)
    assert median[night[late]].min() > 25 > median[~night[late]].max()


def test_one_hour_a_day_adds_nothing_and_many_hours_are_smoothed() -> None:
    once = station_table(diurnal(1))
    np.testing.assert_array_equal(once.series, once.station)
    assert not [name for name in once.names if "hour" in name or "half a day" in name]
    often = station_table(diurnal(24))
    np.testing.assert_array_equal(often.series, often.station)
    assert "sine of half a day" in often.names


def test_hours_are_told_apart_by_station() -> None:
    time = np.datetime64("2020-01-01T06") + np.arange(4) * np.timedelta64(12, "h")
    found = station_hours(np.repeat(time, 2), np.tile([0, 1], 4))
    assert found.tolist() == [0, 2, 1, 3, 0, 2, 1, 3]
    # 06 and 18 o'clock differ in the sine of the hour alone.
    assert list(hour_features(time)) == ["sine of hour"]
