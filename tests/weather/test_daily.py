"""Daily series: gaps are filled as asked or named, and times are never mended in silence."""

import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import BadInput
from sciml.weather.daily import whole_days


def series(days: int = 30, start: str = "2003-02-20") -> xr.DataArray:
    time = (np.datetime64(start) + np.arange(days)).astype("datetime64[ns]")
    values = 285.0 + np.arange(days) % 7
    meaning = {"units": "K", "standard_name": "air_temperature"}
    return xr.DataArray(values, {"time": time}, ("time",), name="temperature", attrs=meaning)


def without(days: list[int]) -> xr.DataArray:
    kept = [day for day in range(30) if day not in days]
    return series().isel(time=kept)


def test_a_whole_series_stays_as_it_is_but_for_the_hour() -> None:
    noon = series().assign_coords(time=series()["time"] + np.timedelta64(12, "h"))
    xr.testing.assert_identical(whole_days(noon), series())


@pytest.mark.parametrize("as_nan", [True, False])
def test_short_gaps_get_straight_lines_whether_days_are_absent_or_nan(as_nan: bool) -> None:
    gaps = [4, 5, 6, 20]
    given = series().where(~np.isin(np.arange(30), gaps)) if as_nan else without(gaps)
    found = whole_days(given, longest_filled=3).values
    there = np.setdiff1d(np.arange(30), gaps)
    expected = np.interp(np.arange(30), there, series().values[there])
    np.testing.assert_allclose(found, expected, rtol=1e-15)


def test_the_first_gap_that_is_too_long_is_named_with_the_next_step() -> None:
    with pytest.raises(BadInput, match="3 days are missing from 2003-02-28 to 2003-03-02, and no"):
        whole_days(without([8, 9, 10, 20]))
    with pytest.raises(BadInput, match=r"3 days are missing .* only gaps up to 2 days are filled"):
        whole_days(without([8, 9, 10, 20]), longest_filled=2)


def test_longer_gaps_can_be_kept_while_shorter_ones_are_filled() -> None:
    found = whole_days(without([8, 9, 10, 20]), longest_filled=1, longer="keep")
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(found)), [8, 9, 10])


def test_nothing_is_filled_beyond_the_first_and_last_value() -> None:
    given = series().where((np.arange(30) > 1) & (np.arange(30) < 28))
    found = whole_days(given, longest_filled=9, longer="keep")
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(found)), [0, 1, 28, 29])


def test_each_place_of_a_field_is_filled_alone_and_named_by_its_number() -> None:
    field = xr.concat([series(), series().where(np.arange(30) != 3)], "station")
    found = whole_days(field, longest_filled=1)
    assert found.dims == ("time", "station")
    np.testing.assert_array_equal(found[:, 0], series())
    np.testing.assert_allclose(found[3, 1], 288.0)
    with pytest.raises(BadInput, match=r"1 days are missing from 2003-02-23 .* at place 1"):
        whole_days(field)


class TestBadInput:
    def test_celsius_declared_as_kelvin_is_refused(self) -> None:
        with pytest.raises(BadInput, match="degC"):
            whole_days((series() - 273.15).assign_attrs(series().attrs))

    def test_times_twice_or_back_and_two_values_on_a_day_are_refused(self) -> None:
        with pytest.raises(BadInput, match="occurs twice"):
            whole_days(series().isel(time=[0, 1, 1, 2]))
        with pytest.raises(BadInput, match="sort the samples"):
            whole_days(series().isel(time=[0, 2, 1, 3]))
        six = series(4)
        hours = six["time"].values[0] + np.arange(4) * np.timedelta64(6, "h")
        six = six.assign_coords(time=hours)
        with pytest.raises(BadInput, match="two values on 2003-02-20"):
            whole_days(six)

    def test_no_time_no_unit_and_negative_lengths_are_refused(self) -> None:
        with pytest.raises(BadInput, match="expected an axis time"):
            whole_days(xr.DataArray(np.zeros(3), dims="day"))
        with pytest.raises(BadInput, match="no attribute units"):
            whole_days(series().drop_attrs())
        with pytest.raises(BadInput, match="longest_filled"):
            whole_days(series(), longest_filled=-1)
