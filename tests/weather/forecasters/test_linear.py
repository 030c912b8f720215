"""Tests of the linear regression on principal components."""

import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import BadInput
from sciml.weather.forecast import FieldForecaster
from sciml.weather.forecasters.anomalies import Anomalies
from sciml.weather.forecasters.baselines import DampedPersistence
from sciml.weather.forecasters.components import Components
from sciml.weather.forecasters.linear import ComponentRegression, LinearComponents, LinearSettings
from sciml.weather.verification import rmse_by_lead
from tests.weather.forecaster_laws import ObeysFieldForecastContract, drifting_waves


class TestLinear(ObeysFieldForecastContract):
    history = 2

    def forecaster(self) -> FieldForecaster:
        return LinearComponents(self.leads, LinearSettings(components=10, history=2))


class TestSeasonalLinear(ObeysFieldForecastContract):
    def forecaster(self) -> FieldForecaster:
        return LinearComponents(self.leads, LinearSettings(components=4, history=1, seasonal=0.5))


def test_a_linear_process_is_forecast_as_well_as_its_noise_allows() -> None:
    train, test = drifting_waves(3000), drifting_waves(600, seed=5)
    made = LinearComponents((1, 2), LinearSettings(components=6, history=1))
    made.fit(train)
    answer = made.predict(test, (1, 2))
    # The waves are shrunk by 0.9 a day and pushed by noise of variance 4; what is measured has
    # noise of variance 0.01. In the area mean a wave's variance counts by its pattern.
    lat = test["lat"].values
    weights = np.cos(np.deg2rad(lat)) / np.cos(np.deg2rad(lat)).mean()
    power = sum(np.mean(weights * np.cos(m * np.deg2rad(lat)) ** 2) for m in (1, 3))
    expected = np.sqrt([4 * power + 0.01, 4 * power * (1 + 0.81) + 0.01])
    error = rmse_by_lead(answer, test)
    np.testing.assert_allclose(error, expected, rtol=0.06)
    spread = np.sqrt((answer["standard_deviation"] ** 2).mean(["time", "lat", "lon"]))
    np.testing.assert_allclose(spread, error, rtol=0.1)
    damped = DampedPersistence((1, 2))
    damped.fit(train)
    assert (error < 0.8 * rmse_by_lead(damped.predict(test, (1, 2)), test)).all()


def test_coefficients_that_turn_with_the_season_are_found() -> None:
    rng, like = np.random.default_rng(7), drifting_waves(2000)
    phase = 2 * np.pi * np.arange(2000) / 365.2425
    state, pattern = np.zeros(2000), rng.normal(size=like.shape[1:])
    for day in range(1, 2000):
        state[day] = 0.9 * np.cos(phase[day - 1]) * state[day - 1] + rng.normal()
    field = like.copy(data=state[:, None, None] * pattern + 1e-3 * rng.normal(size=like.shape))
    errors = {}
    for seasonal in (0.0, 1.0):
        made = LinearComponents((1,), LinearSettings(components=2, history=1, seasonal=seasonal))
        made.fit(field[:1500])
        errors[seasonal] = float(rmse_by_lead(made.predict(field[1500:], (1,)), field[1500:])[0])
    # No seasons: the mean coefficient is 0, so all variance is left.
    assert errors[1.0] < 0.85 * errors[0.0]


def test_noise_that_cannot_be_forecast_gets_the_largest_penalty() -> None:
    noise = np.random.default_rng(8).normal(size=drifting_waves().shape)
    made = LinearComponents((3,), LinearSettings(components=20, ridges=(1e-4, 1.0)))
    assert made.fit(drifting_waves().copy(data=noise)) == {"ridge at lead 3": 1.0}


@pytest.mark.parametrize("lat", [np.linspace(30, 60, 5), np.linspace(-90, 90, 5)])
def test_components_of_all_patterns_give_the_field_back(lat: np.ndarray) -> None:
    anomalies = np.random.default_rng(9).normal(size=(60, 5, 8))
    basis = Components(40).fit(anomalies, lat)
    weighing = np.cos(np.deg2rad(lat)) > 1e-9
    rebuilt = basis.fields(basis.amplitudes(anomalies))
    np.testing.assert_allclose(rebuilt[:, weighing], anomalies[:, weighing], atol=1e-9)


def test_squared_amplitudes_sum_to_the_squared_area_mean() -> None:
    field = drifting_waves()
    anomalies = field.values - field.values.mean(axis=0)
    basis = Components(40).fit(anomalies, field["lat"].values)
    weights = np.cos(np.deg2rad(field["lat"].values))
    weights = (weights / weights.mean())[:, None]
    sums = np.sum(basis.amplitudes(anomalies) ** 2, axis=1)
    np.testing.assert_allclose(sums, np.sum(weights * anomalies**2, axis=(1, 2)))
    assert (np.diff(basis.deviations) <= 0).all()


def test_a_field_that_never_changes_has_nothing_to_learn() -> None:
    flat = xr.zeros_like(drifting_waves())
    with pytest.raises(BadInput, match="does not vary"):
        LinearComponents((1,)).fit(flat)


def test_a_regression_comes_back_from_its_arrays() -> None:
    field, settings = drifting_waves(), LinearSettings(components=5)
    anomalies = Anomalies(
        field.values - field.values.mean(axis=0), field["time"].values, field["lat"].values
    )
    made = ComponentRegression((1, 3), settings).fit(anomalies)
    again = ComponentRegression.from_arrays(made.arrays(), (1, 3), settings)
    issues = np.arange(2, 50)
    for lead in (1, 3):
        np.testing.assert_array_equal(
            again.ahead(anomalies, issues, lead), made.ahead(anomalies, issues, lead)
        )
    assert again.ridges == made.ridges
