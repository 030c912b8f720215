"""Climatology and threshold: slow second ways for both conventions, and the laws of percentiles."""

from decimal import Decimal

import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import BadInput
from sciml.weather.percentiles import (
    Baseline,
    climatology_and_threshold,
    day_of_leap_year,
    exceeds,
    on_days,
)
from sciml.weather.red_noise import generated_temperature

YEARS = 6
PERIOD = {"first": "1981-01-01", "last": "1986-12-31"}


def temperature(places: int = 1, seed: int = 0) -> xr.DataArray:
    """Six years in hundredths of a degree, as published series are."""
    return generated_temperature(5.0, YEARS, places, seed).round(2)


def dates(series: xr.DataArray) -> np.ndarray:
    return series["time"].values.astype("datetime64[D]")


def month_and_day(series: xr.DataArray) -> list[tuple[int, int]]:
    return [(d.month, d.day) for d in dates(series).tolist()]


def by_hobday(series: xr.DataArray, percentile: float) -> np.ndarray:
    """A loop over the dates of a leap year: neighbours in time, 29 February from its neighbours."""
    values, when = series.values, month_and_day(series)
    calendar = [
        (d.month, d.day) for d in np.arange("2004-01-01", "2005-01-01", dtype="M8[D]").tolist()
    ]
    found = np.full((2, 366), np.nan)
    for number, day in enumerate(calendar):
        if day == (2, 29):
            continue
        sample: list[float] = []
        for index, other in enumerate(when):
            if other == day:
                sample += values[max(index - 5, 0) : index + 6].tolist()
        found[:, number] = np.mean(sample), np.percentile(sample, percentile)
    found[:, 59] = (found[:, 58] + found[:, 60]) / 2
    around = np.concatenate([found] * 3, axis=1)
    return np.stack([around[:, 366 + n - 15 : 366 + n + 16].mean(axis=1) for n in range(366)], 1)


def by_heatwaver(series: xr.DataArray, percentile: float) -> np.ndarray:
    """A table of years of 366 days, 29 February filled in hundredths by exact decimal rounding."""
    table = dict.fromkeys(range(1981, 1987))
    for year in table:
        of_year = series.sel(time=str(year)).values.tolist()
        if len(of_year) == 365:
            middle = Decimal((of_year[58] + of_year[59]) / 2).quantize(Decimal("0.01"))
            of_year.insert(59, float(middle))
        table[year] = of_year
    wide = np.array(list(table.values()))
    found = np.empty((2, 366))
    for day in range(366):
        sample = wide[:, [(day + k) % 366 for k in range(-5, 6)]].ravel()
        found[:, day] = sample.mean(), np.percentile(sample, percentile)
    around = np.concatenate([found] * 3, axis=1)
    smooth = [around[:, 366 + n - 15 : 366 + n + 16].mean(axis=1) for n in range(366)]
    return np.round(np.stack(smooth, 1), 4)


@pytest.mark.parametrize("percentile", [90.0, 37.5])
@pytest.mark.parametrize(
    ("convention", "oracle"), [("Hobday", by_hobday), ("heatwaveR", by_heatwaver)]
)
def test_both_conventions_equal_their_loops(
    convention: str, oracle: object, percentile: float
) -> None:
    series = temperature()
    found = climatology_and_threshold(
        series, Baseline(**PERIOD, percentile=percentile, convention=convention)
    )
    expected = oracle(series.isel(place=0), percentile)  # type: ignore[operator]
    np.testing.assert_allclose(found["climatology"][:, 0], expected[0], atol=1e-10)
    np.testing.assert_allclose(found["threshold"][:, 0], expected[1], atol=1e-10)


def test_days_are_numbered_as_in_a_leap_year() -> None:
    for year, last in (("2003", 365), ("2004", 366), ("1900", 365), ("2000", 366)):
        days = np.arange(f"{year}-01-01", f"{int(year) + 1}-01-01", dtype="datetime64[D]")
        numbers = day_of_leap_year(days)
        assert (numbers[0], numbers[58], numbers[-1]) == (1, 59, 366)
        assert (60 in numbers) == (last == 366)
        assert len(np.unique(numbers)) == last
    march = np.array(["2003-03-01T12", "2004-03-01"], "datetime64[ns]")
    np.testing.assert_array_equal(day_of_leap_year(march), [61, 61])


class TestLaws:
    def test_an_offset_moves_both_and_a_factor_stretches_both(self) -> None:
        series = temperature()
        plain = climatology_and_threshold(series, Baseline(**PERIOD))
        kelvin = (series + 273.15).assign_attrs(series.attrs, units="K")
        moved = climatology_and_threshold(kelvin, Baseline(**PERIOD))
        for name in ("climatology", "threshold"):
            np.testing.assert_allclose(moved[name], plain[name] + 273.15, rtol=1e-12)
            assert moved[name].attrs["units"] == "K"

    def test_a_higher_percentile_is_nowhere_lower(self) -> None:
        low, high = (
            climatology_and_threshold(temperature(), Baseline(**PERIOD, percentile=p))["threshold"]
            for p in (80, 95)
        )
        assert (high > low).all()

    def test_the_share_of_days_above_is_that_of_the_percentile(self) -> None:
        series = temperature(20)
        for percentile in (90, 50):
            found = climatology_and_threshold(series, Baseline(**PERIOD, percentile=percentile))
            share = float(exceeds(series, found).mean())
            np.testing.assert_allclose(share, 1 - percentile / 100, atol=0.01)

    def test_each_place_of_a_field_is_what_it_is_alone(self) -> None:
        field = temperature(6)
        whole = climatology_and_threshold(field, Baseline(**PERIOD))
        grid = field.values.reshape(-1, 2, 3)
        as_grid = xr.DataArray(
            grid,
            {"time": field["time"], "lat": [1.0, 2], "lon": [3.0, 4, 5]},
            ("time", "lat", "lon"),
            attrs=field.attrs,
        )
        found = climatology_and_threshold(as_grid, Baseline(**PERIOD))
        assert found["threshold"].dims == ("dayofyear", "lat", "lon")
        np.testing.assert_array_equal(
            found["threshold"].values.reshape(366, 6), whole["threshold"].values
        )
        alone = climatology_and_threshold(field.isel(place=4), Baseline(**PERIOD))
        np.testing.assert_allclose(alone["threshold"], whole["threshold"][:, 4], rtol=1e-14)

    def test_nothing_outside_the_base_period_is_used(self) -> None:
        series = temperature()
        hot = series.where(series["time"].dt.year < 1985, 45.0)
        early = Baseline(first="1981-01-01", last="1984-12-31")
        one, other = (climatology_and_threshold(s, early) for s in (series, hot))
        xr.testing.assert_equal(one, other)

    @pytest.mark.parametrize("convention", ["Hobday", "heatwaveR"])
    def test_missing_days_are_left_out_and_a_place_without_values_is_nan(
        self, convention: str
    ) -> None:
        series = temperature(3)
        gappy = series.where(np.random.default_rng(1).random(series.shape) > 0.1)
        gappy[:, 2] = np.nan
        plan = Baseline(**PERIOD, convention=convention, smoothing=1)
        found = climatology_and_threshold(gappy, plan, longer="keep")
        assert found["threshold"][:, 2].isnull().all()
        near = climatology_and_threshold(series, plan)
        assert float(np.abs(found - near)["climatology"][:, :2].max()) < 0.5
        of_july = (month_and_day(series), [(7, d) for d in range(10, 21)])
        sample = gappy.values[[day in of_july[1] for day in of_july[0]], 0]
        expected = np.nanpercentile(sample, 90)  # day 197 is 15 July
        np.testing.assert_allclose(found["threshold"][196, 0], expected, atol=1e-4)


class TestOnDays:
    def test_forecasts_are_compared_at_their_valid_times(self) -> None:
        series = temperature(2)
        found = climatology_and_threshold(series, Baseline(**PERIOD))
        issued = series["time"].values[50:60]
        valid = issued[:, None] + np.array([1, 9]) * np.timedelta64(1, "D")
        when = xr.DataArray(valid, {"time": issued, "lead": [1, 9]}, ("time", "lead"))
        at = on_days(found, when)["threshold"]
        assert at.sizes == {"time": 10, "lead": 2, "place": 2}
        forecast = xr.DataArray(
            np.stack([series.values[51:61], series.values[59:69]], 1),
            {"time": issued, "lead": [1, 9], "valid_time": when, "place": [0, 1]},
            ("time", "lead", "place"),
            attrs=series.attrs,
        )
        above = exceeds(series, found)
        np.testing.assert_array_equal(exceeds(forecast, found)[:, 0], above[51:61])
        np.testing.assert_array_equal(exceeds(forecast, found)[:, 1], above[59:69])

    def test_a_missing_value_is_not_above_anything(self) -> None:
        series = temperature()
        found = climatology_and_threshold(series, Baseline(**PERIOD))
        assert not exceeds(series.where(False), found).any()

    def test_other_places_are_not_aligned_in_silence(self) -> None:
        series = temperature(3)
        found = climatology_and_threshold(series, Baseline(**PERIOD))
        with pytest.raises(BadInput, match="its places are not those of the threshold"):
            exceeds(series, found.isel(place=[0, 1]))

    @pytest.mark.parametrize("drop", [True, False])
    def test_one_place_is_not_compared_with_the_threshold_of_several(self, drop: bool) -> None:
        series = temperature(3)
        found = climatology_and_threshold(series, Baseline(**PERIOD))
        with pytest.raises(BadInput, match="has axes that the series has not: place"):
            exceeds(series.isel(place=0, drop=drop), found)

    def test_other_units_and_missing_times_are_refused(self) -> None:
        series = temperature()
        found = climatology_and_threshold(series, Baseline(**PERIOD))
        with pytest.raises(BadInput, match="series: in 'K', threshold in 'degC'"):
            exceeds((series + 273.15).assign_attrs(units="K"), found)
        with pytest.raises(BadInput, match="expected dates, none missing"):
            on_days(found, xr.DataArray(np.array(["NaT"], "M8[ns]"), dims="time"))
        with pytest.raises(BadInput, match="coordinate time or valid_time"):
            exceeds(series.drop_vars("time"), found)


class TestBadInput:
    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"window": 10}, "window: expected an odd number"),
            ({"smoothing": 367}, "smoothing: expected an odd number"),
            ({"last": "1981-12-30"}, "expected a whole year or more"),
            ({"percentile": 100}, "percentile"),
            ({"widow": 11}, "widow"),
        ],
    )
    def test_settings_out_of_range_are_refused(self, settings: dict, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            Baseline(**(PERIOD | settings))

    def test_a_series_that_does_not_hold_the_base_period_is_refused(self) -> None:
        with pytest.raises(
            BadInput, match="does not hold the base period 1981-01-01 to 1990-12-31"
        ):
            climatology_and_threshold(
                temperature(), Baseline(first="1981-01-01", last="1990-12-31")
            )

    def test_a_gap_in_the_calendar_is_refused_by_its_date(self) -> None:
        series = temperature()
        cut = series.isel(time=series["time"].dt.dayofyear != 60)
        with pytest.raises(BadInput, match="missing from 1981-03-01"):
            climatology_and_threshold(cut, Baseline(**PERIOD))
        filled = climatology_and_threshold(cut, Baseline(**PERIOD), longest_filled=1)
        assert filled["threshold"].notnull().all()
