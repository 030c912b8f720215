"""Weather of the channel: balanced, seasonal, foretold for days and not for weeks."""

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.weather.forecast import check_field
from sciml.weather.world.channel import flow, tables, values
from sciml.weather.world.channel_weather import (
    AIR_DENSITY,
    MEAN_PRESSURE,
    MODELS,
    TRUTH,
    ChannelWeather,
    analysed,
    forecast_states,
    model_errors,
    pressure_field,
    simulated_channel,
    temperature_field,
)
from sciml.weather.world.datasets import open_simulated_channel
from sciml.weather.world.predictability import doubling_time

DAY = np.timedelta64(1, "D")


@pytest.fixture(scope="module")
def weather() -> ChannelWeather:
    return simulated_channel(50)


def test_fields_are_on_a_map_with_dates(weather: ChannelWeather) -> None:
    for field, units in ((pressure_field(weather), "hPa"), (temperature_field(weather), "K")):
        assert check_field(field).equals(field)
        assert field.shape == (51, TRUTH.lats, TRUTH.lons)
        assert field.dtype == np.float64
        assert field.attrs["units"] == units
        assert np.all(np.diff(field["time"].values) == DAY)


def test_winds_blow_along_the_isobars_by_geostrophic_balance(weather: ChannelWeather) -> None:
    table = tables(TRUTH)
    psi = flow(TRUTH, weather.states[-1])[1]
    along = -(table.cosines @ (table.northward[:, None] * psi) @ table.waves)  # u, m/s
    field = 100.0 * (pressure_field(weather)[-1] - MEAN_PRESSURE)  # Pa
    slope = field.differentiate("lat") / (TRUTH.width / (TRUTH.north - TRUTH.south))
    balanced = -slope / (AIR_DENSITY * TRUTH.coriolis)
    inner = slice(4, -4)  # differences are coarse beside the walls
    error = balanced.values[inner] - along[inner]
    assert np.std(error) < 0.1 * np.std(along[inner])


def test_the_weather_looks_like_mid_latitudes(weather: ChannelWeather) -> None:
    settled = pressure_field(weather)
    spread = settled.std("time").mean("lon")
    assert 6 < float(spread.max()) < 25  # hPa
    assert 35 < float(spread.idxmax()) < 55  # strongest under the jet
    highs, lows = settled.mean(["time", "lon"]).idxmax(), settled.mean(["time", "lon"]).idxmin()
    assert float(highs) < 45 < float(lows)  # subtropical high, subpolar low
    warm = temperature_field(weather).mean(["time", "lon"])
    assert float(warm[0]) > float(warm[-1]) + 20


def test_two_halves_of_a_forecast_are_the_whole(weather: ChannelWeather) -> None:
    issued = weather.time.values[[10]]
    whole = forecast_states(TRUTH, weather.states[[10]], issued, 72)
    np.testing.assert_array_equal(whole[0], weather.states[10:14])
    half = forecast_states(TRUTH, weather.states[[10]], issued, 24, hours=12)
    assert half.shape[1] == 3


def test_analyses_err_as_asked_and_their_members_differ_as_much(weather: ChannelWeather) -> None:
    numbers = list(range(40))
    found = analysed(weather, numbers, 0.2, 30, 0)
    error = values(TRUTH, flow(TRUTH, found - weather.states[numbers][:, None])[..., 1, :, :])
    truth = values(TRUTH, flow(TRUTH, weather.states)[:, 1])
    asked = 0.2 * np.sqrt(np.mean(truth.var(axis=0)))
    assert np.sqrt(np.mean(error.var(axis=1))) == pytest.approx(asked, rel=0.1)
    assert np.sqrt(np.mean(error.mean(axis=1) ** 2)) == pytest.approx(asked, rel=0.2)


@pytest.mark.slow
def test_errors_double_in_about_two_days_and_faulty_models_err_more(
    weather: ChannelWeather,
) -> None:
    errors = model_errors(weather, [10, 20, 30], 12, members=2, share=0.02)
    perfect = errors.sel(model="perfect")
    doubling = doubling_time(
        perfect["error"].values[2:], perfect["lead"].values[2:].astype(float), 4.0
    )
    assert 1.5 < doubling < 4  # days
    assert list(errors["model"].values) == list(MODELS)
    early = errors["error"].sel(lead=3)
    for name in set(MODELS) - {"perfect"}:
        assert float(early.sel(model=name)) > 2 * float(early.sel(model="perfect"))
    # Members that differ by their starts alone know nothing of the faults of their model.
    ratio = (errors["spread"] / errors["mean_error"]).sel(lead=3)
    assert float(ratio.sel(model="coarse")) < 0.5 * float(ratio.sel(model="perfect"))
    assert 0.6 < float(ratio.sel(model="perfect")) < 1.6  # three starts only


def test_the_channel_opens_as_a_field(weather: ChannelWeather) -> None:
    field = open_simulated_channel("temperature", 2)
    assert field.equals(temperature_field(weather)[:3])
    with pytest.raises(BadInput, match="quantity: no 'wind'"):
        open_simulated_channel("wind")  # type: ignore[arg-type]


def test_bad_input_is_named(weather: ChannelWeather) -> None:
    with pytest.raises(BadInput, match="at least one day, got 0"):
        simulated_channel(0)
    with pytest.raises(BadInput, match="whole steps of 80 minutes, got 5 hours"):
        simulated_channel(1, hours=5)
    with pytest.raises(BadInput, match="12 days from state 45 goes beyond the 51 states"):
        model_errors(weather, [45], 12)
