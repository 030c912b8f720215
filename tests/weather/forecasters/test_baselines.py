"""Tests of forecasts without dynamics."""

import numpy as np
import xarray as xr

from sciml.weather.forecast import FieldForecaster
from sciml.weather.forecasters.baselines import Climatology, DampedPersistence, Persistence
from sciml.weather.verification import rmse_by_lead
from tests.weather.forecaster_laws import ObeysFieldForecastContract, drifting_waves


class TestClimatology(ObeysFieldForecastContract):
    looks_at_the_present = False

    def forecaster(self) -> FieldForecaster:
        return Climatology(self.leads)

    def test_it_is_the_mean_of_a_record_without_seasons(self) -> None:
        made = Climatology((1,), harmonics=0)
        made.fit(self.train)
        forecast = made.predict(self.inputs, (1,))["forecast"]
        expected = self.train.mean("time").values
        np.testing.assert_allclose(forecast - expected, 0, atol=1e-9)

    def test_it_follows_a_season(self) -> None:
        lat, times = self.train["lat"].values, self.inputs["time"].values
        days = (times + np.timedelta64(4, "D") - np.datetime64("2001-01-01")) / np.timedelta64(
            1, "D"
        )
        season = 5 * np.cos(2 * np.pi * days / 365.2425)[:, None] * np.sin(np.deg2rad(lat))
        forecast = self.fitted().predict(self.inputs, (4,))["forecast"][:, 0]
        # The waves do not average out over two years.
        assert np.abs(forecast.mean("lon") - 1000 - season).max() < 1.5


class TestPersistence(ObeysFieldForecastContract):
    def forecaster(self) -> FieldForecaster:
        return Persistence(self.leads)

    def test_it_repeats_what_is(self) -> None:
        forecast = self.fitted().predict(self.inputs, self.leads)["forecast"]
        for lead in self.leads:
            np.testing.assert_allclose(forecast.sel(lead=lead), self.inputs, atol=1e-9)


class TestDampedPersistence(ObeysFieldForecastContract):
    def forecaster(self) -> FieldForecaster:
        return DampedPersistence(self.leads)

    def test_it_errs_no_more_than_persistence_or_climatology_where_it_learnt(self) -> None:
        damped, others = self.fitted(), [Persistence(self.leads), Climatology(self.leads)]
        error = rmse_by_lead(damped.predict(self.train, self.leads), self.train)
        for other in others:
            other.fit(self.train)
            assert (error <= rmse_by_lead(other.predict(self.train, self.leads), self.train)).all()

    def test_a_first_order_process_is_damped_by_its_coefficient(self) -> None:
        field = first_order_process(0.8)
        made = DampedPersistence((1, 3))
        numbers = made.fit(field)
        np.testing.assert_allclose(list(numbers.values()), [0.8, 0.8**3], atol=0.03)

    def test_the_spread_is_that_of_the_errors(self) -> None:
        field = first_order_process(0.8)
        made = DampedPersistence((1, 3))
        made.fit(field)
        spread = made.predict(field, (1, 3))["standard_deviation"].mean(["time", "lat", "lon"])
        np.testing.assert_allclose(spread, [1.0, np.sqrt(1 + 0.8**2 + 0.8**4)], rtol=0.03)


def first_order_process(coefficient: float) -> xr.DataArray:
    """Places that each follow their own x' = coefficient x + noise of unit deviation."""
    like = drifting_waves(1500)
    noise = np.random.default_rng(3).normal(size=like.shape)
    values = np.empty_like(noise)
    values[0] = noise[0]
    for day in range(1, len(noise)):
        values[day] = coefficient * values[day - 1] + noise[day]
    return like.copy(data=values)
