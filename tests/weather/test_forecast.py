"""Tests of the checks at the door of field forecasters, and of their answers."""

import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import BadInput
from sciml.weather.forecast import (
    Grid,
    check_field,
    field_forecast_dataset,
    step_of_forecast,
    stretches,
    whole_windows,
)
from tests.weather.forecaster_laws import drifting_waves

FIELD = drifting_waves(40)


def test_a_field_passes_as_it_is() -> None:
    xr.testing.assert_identical(check_field(FIELD), FIELD)


def test_a_field_of_single_precision_becomes_double() -> None:
    assert check_field(FIELD.astype(np.float32)).dtype == np.float64


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (FIELD.transpose("lat", "lon", "time"), "expected dims .*rename and transpose"),
        (FIELD[:, :1], r"axis 'lat' has 1 value\(s\), expected 2"),
        (FIELD[:, ::-1], "axis 'lat' must ascend"),
        (FIELD[[1, 0, 2]], "axis 'time' must ascend without repeats"),
        (FIELD[[0, 1, 1, 2]], "axis 'time' must ascend without repeats"),
        (
            FIELD[[0, 1, 2, 5]],
            "2001-01-03.* is followed by 2001-01-06.* 72 hours later, expected a step of 24 hours;",
        ),
        (FIELD.drop_vars("lon"), "axis 'lon' has no coordinate values"),
        (FIELD.assign_coords(time=np.arange(40)), "times must be datetime64, got int64"),
        (FIELD.assign_coords(lon=FIELD["lon"] + 360), "from 300 to 360, expected -180..180"),
        (FIELD.assign_coords(lat=FIELD["lat"] + 60), "latitudes leave -90..90"),
        (FIELD.where(FIELD["lat"] > 40), "640 of 1600 values are not finite"),
    ],
)
def test_what_is_no_field_is_refused(wrong: xr.DataArray, text: str) -> None:
    with pytest.raises(BadInput, match=f"slp field: .*{text}"):
        check_field(wrong, "slp field")


@pytest.mark.parametrize(("units", "middle"), [("K", 283.0), ("degC", 10.0)])
def test_temperatures_pass_in_their_own_scale_only(units: str, middle: float) -> None:
    centred = FIELD - FIELD.mean()
    other = "degC" if units == "K" else "K"
    check_field((centred + middle).assign_attrs(units=units))
    called = {"K": "kelvin", "degC": "degrees Celsius"}[units]
    with pytest.raises(BadInput, match=rf"train: 1600 of 1600 temp.*{called}: correct attrs"):
        check_field((centred + middle).assign_attrs(units=other), "train")


def test_anomalies_may_be_near_zero_kelvin_if_they_are_called_so() -> None:
    anomalies = (FIELD - FIELD.mean()).assign_attrs(units="K")
    with pytest.raises(BadInput, match=r"must say so in .*air_temperature_anomaly"):
        check_field(anomalies)
    check_field(anomalies.assign_attrs(standard_name="air_temperature_anomaly"))
    check_field(anomalies.rename("anomaly"))


def test_a_single_implausible_temperature_is_refused() -> None:
    field = (FIELD - FIELD.mean() + 283).assign_attrs(units="K")
    field[3, 2, 1] = -9999.0
    with pytest.raises(BadInput, match=r"1 of 1600 temperatures.* such as -9999"):
        check_field(field)


def test_whole_steps_may_be_missing_where_gaps_are_allowed() -> None:
    check_field(FIELD[[0, 1, 2, 5, 6]], gaps=True)
    moved = FIELD[[0, 1, 2, 3]].assign_coords(
        time=FIELD["time"].values[:4] + np.array([0, 0, 0, 6], "timedelta64[h]")
    )
    with pytest.raises(BadInput, match="not regular"):
        check_field(moved, gaps=True)


@pytest.mark.parametrize(("history", "ahead"), [(1, 1), (3, 2), (2, 7)])
def test_whole_windows_are_those_whose_days_are_all_there(history: int, ahead: int) -> None:
    kept = np.r_[0:9, 10:12, 15:40]
    times = FIELD["time"].values[kept]
    expected = [
        where
        for where, day in enumerate(kept)
        if set(range(day - history + 1, day + ahead + 1)) <= set(kept)
    ]
    assert whole_windows(times, history, ahead).tolist() == expected


def test_stretches_are_the_field_without_its_gaps() -> None:
    kept = np.r_[0:9, 10:12, 15:40]
    parts = stretches(FIELD[kept])
    assert [part.sizes["time"] for part in parts] == [9, 2, 25]
    xr.testing.assert_identical(xr.concat(parts, "time"), FIELD[kept])
    assert [part.sizes["time"] for part in stretches(FIELD[kept], shortest=3)] == [9, 25]


def test_a_single_time_fits_a_grid_that_is_known() -> None:
    grid = Grid.of(FIELD)
    assert grid.check(FIELD[:1]).sizes["time"] == 1
    with pytest.raises(BadInput, match=r"inputs: 1 time\(s\), a forecast needs 3 of history"):
        grid.check(FIELD[:1], history=3)


def test_an_answer_says_when_it_was_issued_and_how_long_a_step_is() -> None:
    values = np.zeros((38, 2, 5, 8))
    answer = field_forecast_dataset(values, FIELD, (1, 3), standard_deviation=values + 1)
    np.testing.assert_array_equal(answer["time"], FIELD["time"][2:])
    assert answer["forecast"].attrs["units"] == answer["standard_deviation"].attrs["units"] == "hPa"
    assert step_of_forecast(answer) == np.timedelta64(1, "D")


def test_an_answer_of_another_shape_is_refused() -> None:
    values = np.zeros((38, 2, 5, 8))
    with pytest.raises(BadInput, match=r"forecast: expected axes .*lead=3"):
        field_forecast_dataset(values, FIELD, (1, 2, 3))
    with pytest.raises(BadInput, match=r"standard_deviation: expected axes .*time=38"):
        field_forecast_dataset(values, FIELD, (1, 2), standard_deviation=values[1:])
    with pytest.raises(BadInput, match="members: expected axes"):
        field_forecast_dataset(values, FIELD, (1, 2), members=values)
