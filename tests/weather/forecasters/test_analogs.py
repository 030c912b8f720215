"""Tests of forecasts from similar days."""

import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import BadInput
from sciml.weather.forecast import FieldForecaster
from sciml.weather.forecasters.analogs import Analogs, AnalogSettings, _Library
from sciml.weather.verification import rmse_by_lead
from tests.weather.forecaster_laws import ObeysFieldForecastContract, drifting_waves

PLAIN = AnalogSettings(components=4, corrected=False, neighbours=30)


class TestAnalogs(ObeysFieldForecastContract):
    history = 3

    def forecaster(self) -> FieldForecaster:
        return Analogs(self.leads, AnalogSettings(components=4, neighbours=30, members=7))


class TestPlainAnalogs(ObeysFieldForecastContract):
    history = 3

    def forecaster(self) -> FieldForecaster:
        return Analogs(self.leads, PLAIN)


def test_weather_that_comes_again_is_forecast_exactly() -> None:
    like = drifting_waves(600)
    field = like.copy(data=like.values[np.arange(600) % 100])
    made = Analogs((2,), PLAIN.model_copy(update={"season": 400.0, "width": 1e-4, "harmonics": 0}))
    made.fit(field)
    later = field[:90].assign_coords(time=field["time"][:90] + np.timedelta64(3600, "D"))
    forecast = made.predict(later, (2,))["forecast"][:, 0]
    np.testing.assert_allclose(forecast[:-2], later[4:], atol=1e-6)


def test_noise_is_not_trusted() -> None:
    noise = np.random.default_rng(4).normal(size=(900, 5, 8))
    field = drifting_waves(900).copy(data=noise)
    made = Analogs((1,), PLAIN)
    made.fit(field)
    forecast = made.predict(field[:50], (1,))["forecast"]
    assert np.abs(forecast).max() < 0.5


def test_of_all_days_alike_the_forecast_is_the_mean_of_the_season() -> None:
    field = drifting_waves(900)
    whole = AnalogSettings(
        components=4, corrected=False, season=400.0, neighbours=10_000, width=1e6, harmonics=0
    )
    made = Analogs((1,), whole)
    made.fit(field)
    forecast = made.predict(field[:10], (1,))["forecast"]
    np.testing.assert_allclose(forecast - field.mean("time").values, 0, atol=0.02)


def test_members_have_the_mean_and_the_spread_of_the_forecast() -> None:
    field, inputs = drifting_waves(900), drifting_waves(60, seed=3)
    chosen = AnalogSettings(components=4, neighbours=40, members=40, width=1e3)
    made = Analogs((1, 3), chosen)
    made.fit(field)
    answer = made.predict(inputs, (1, 3))
    mean, spread = answer["members"].mean("member"), answer["members"].std("member")
    np.testing.assert_allclose(mean, answer["forecast"], atol=1e-4)
    np.testing.assert_allclose(spread, answer["standard_deviation"], rtol=1e-4)


def test_the_spread_is_that_of_the_errors() -> None:
    field, inputs = drifting_waves(1500), drifting_waves(400, seed=3)
    made = Analogs((1, 3), AnalogSettings(components=4, neighbours=60))
    made.fit(field)
    answer = made.predict(inputs, (1, 3))
    spread = np.sqrt((answer["standard_deviation"] ** 2).mean(["time", "lat", "lon"]))
    np.testing.assert_allclose(spread, rmse_by_lead(answer, inputs), rtol=0.1)


def test_a_season_without_days_is_refused() -> None:
    with pytest.raises(BadInput, match=r"within 0\.1 days of some season"):
        Analogs((1,), AnalogSettings(season=0.1)).fit(drifting_waves())


def test_members_are_among_the_neighbours() -> None:
    with pytest.raises(BadInput, match="20 members of 10 neighbours"):
        Analogs((1,), AnalogSettings(members=20, neighbours=10))


def test_days_are_compared_once_for_all_leads(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Analogs((1, 2, 3), PLAIN)
    made.fit(drifting_waves(900))
    alone = [made.predict(drifting_waves(20, seed=4), (lead,)) for lead in made.leads]
    calls, weights = [], _Library.weights
    monkeypatch.setattr(_Library, "weights", lambda *given: calls.append(1) or weights(*given))
    together = made.predict(drifting_waves(20, seed=4), made.leads)
    assert len(calls) == 1
    xr.testing.assert_equal(together, xr.concat(alone, "lead"))
