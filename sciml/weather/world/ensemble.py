"""Forecasts of the generated world by eight imperfect centres, seen at its stations.

Each centre starts its model from the same analysis with an error of its own, two days ahead. It
knows the stations through a smoothed orography, which leaves a bias of the lapse rate at each of
them, has biases of its own ground there, and knows neither pools of cold air nor single showers.
So errors depend on station, season and weather: there is something to learn for post-processing.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from pydantic import Field

from sciml.core.axes import FloatArray, axes
from sciml.core.errors import BadInput
from sciml.core.settings import Settings
from sciml.weather.observation_operator import at_elevation, operator_for
from sciml.weather.world.atmosphere import (
    DRY_BELOW,
    forcing,
    rain_field,
    rain_rate,
    temperature_field,
    winter,
)
from sciml.weather.world.lorenz import (
    DAYS_PER_UNIT,
    STEP,
    LorenzSettings,
    random_start,
    run,
    unresolved,
)
from sciml.weather.world.models import Closure, ForecastModel, fitted_closure, forecasts
from sciml.weather.world.stations import random_stations, reported_rain, reported_temperature

LEAD_HOURS = 48
SAMPLES_PER_DAY = 4  # of the truth that is kept
SHARED_ERROR = 0.8  # standard deviation of the error of X that all analyses have in common
GROUND_BIAS = 0.7  # K, standard deviation of a centre's bias from station to station
LOST = 0.02  # share of the dates on which a centre delivers nothing
FIRST_DAY = "2001-01-01"  # of the calendar of the world

_SPIN_DAYS = 4  # of the truth before the first valid date
_UNIT = 1.0 / DAYS_PER_UNIT  # units of Lorenz's time in a day


class Centre(Settings):
    """A centre of weather prediction: its model, and how it sees the ground."""

    dynamics: ForecastModel = ForecastModel()
    relief: float = Field(default=0.6, ge=0.0, le=1.0)  # its elevations over the true ones
    warmth: float = 0.0  # K, bias everywhere
    season_error: float = 0.0  # K, by which its winters are too mild and its summers too cool
    drizzle: float = 0.3  # by what its rain begins at a smaller U
    wetness: float = Field(default=0.8, gt=0.0)  # its rain over that of the truth
    began: str = FIRST_DAY  # ISO date of its first forecast


CENTRES: dict[str, Centre] = {
    "quartic": Centre(),
    "stochastic": Centre(dynamics=ForecastModel(noisy=True), drizzle=0.0, wetness=1.0),
    "linear": Centre(dynamics=ForecastModel(degree=1, analysis_error=0.6), warmth=0.6, drizzle=0.5),
    "constant": Centre(dynamics=ForecastModel(degree=0), relief=0.8, warmth=-1.2),
    "strong": Centre(dynamics=ForecastModel(forcing_error=2.0), relief=0.5, wetness=0.7),
    "weak": Centre(dynamics=ForecastModel(forcing_error=-2.0), relief=0.3, season_error=1.0),
    "unseasonal": Centre(dynamics=ForecastModel(seasonal=False, step=0.05), season_error=2.0),
    "damped": Centre(
        dynamics=ForecastModel(damping=0.15, analysis_error=0.2),
        relief=0.7,
        wetness=1.1,
        began="2002-01-01",
    ),
}


class Truth(NamedTuple):
    """The weather as it was."""

    slow: xr.DataArray  # X (time, slow), four times a day
    unresolved: xr.DataArray  # U (time, slow)


def simulated_truth(days: int, seed: int, settings: LorenzSettings | None = None) -> Truth:
    """The weather of the world, seasons included.

    Args:
        days: Days from ``FIRST_DAY`` on; a few days before it are simulated, too.
        seed: Of the state before the spin-up.
        settings: Of the two-scale model; F is that of the calendar.

    Returns:
        X and U.

    Raises:
        BadInput: if there is not a day.
    """
    if days < 1:
        raise BadInput(f"simulated_truth: expected at least one day, got {days}")
    model = settings or LorenzSettings(forcing=float(forcing(_calendar(1)[:1])[0]))
    time = _calendar(days)
    every = round(_UNIT / SAMPLES_PER_DAY / STEP)
    push = np.repeat(forcing(time).values[:-1], every)[None, :, None]
    start = random_start(model, 1, seed)
    states = run(model, start, push.shape[1], every=every, push=push)[0]
    coordinates = {"time": time.values, "slow": np.arange(model.slow)}
    parts = (states[:, : model.slow], unresolved(model, states))
    return Truth(*(xr.DataArray(part, coordinates, ("time", "slow")) for part in parts))


def closures(truth: Truth, degrees: set[int]) -> dict[int, Closure]:
    """The closure of each degree, fitted to the truth before anything is forecast.

    Args:
        truth: A run that is not the one to be forecast.
        degrees: Of the polynomials.

    Returns:
        Closures by degree.
    """
    spacing = _UNIT / SAMPLES_PER_DAY
    values = truth.slow.values, truth.unresolved.values
    return {degree: fitted_closure(*values, degree, spacing) for degree in degrees}


def simulated_station_ensemble(
    days: int,
    *,
    every: int = 3,
    stations: int = 24,
    centres: Mapping[str, Centre] = CENTRES,
    seed: int = 0,
) -> xr.Dataset:
    """Reports at stations and what the centres forecast for them two days before.

    Args:
        days: Days from ``FIRST_DAY`` on.
        every: Days from one valid date to the next.
        stations: How many.
        centres: By name.
        seed: Of everything that is random.

    Returns:
        ``temperature`` (K) and ``precipitation`` (mm in 24 hours), each with ``_forecast``
        (time, station, member) and ``_observation`` (time, station), and the places of the
        stations.
    """
    seeds = np.random.SeedSequence(seed).generate_state(6).tolist()
    truth = simulated_truth(days, seeds[0])
    school = simulated_truth(365, seeds[1])
    fitted = closures(school, {4, *(centre.dynamics.degree for centre in centres.values())})
    places = random_stations(stations, seeds[2])
    valid = _valid_times(truth, every)
    temperature = temperature_field(truth.slow.sel(time=valid).values, valid)
    fallen = rain_field(_rain_of_the_day(truth, valid), valid)
    data = places.assign(
        temperature_observation=reported_temperature(temperature, places, seeds[3]),
        precipitation_observation=reported_rain(fallen, places, seeds[4]),
    )
    shared = np.random.default_rng(seeds[5])
    analysed = truth.slow.sel(time=valid - np.timedelta64(LEAD_HOURS, "h")).values
    analysed = analysed + shared.normal(0.0, SHARED_ERROR, analysed.shape)
    answers = [
        _forecast(centre, fitted, analysed, valid, places, [seeds[5], index])
        for index, centre in enumerate(centres.values())
    ]
    forecast = xr.concat(answers, pd.Index(list(centres), name="member"))
    return data.merge(forecast.transpose("time", "station", "member"))


def errors_by_lead(
    truth: Truth,
    fitted: Mapping[int, Closure],
    days: int,
    *,
    every: int = 4,
    centres: Mapping[str, Centre] = CENTRES,
    seed: int = 0,
) -> xr.Dataset:
    """How the errors of the centres' models grow, before stations and ground come in.

    Args:
        truth: To be forecast; longer than ``days``.
        fitted: From :func:`closures`, with the degrees of the centres.
        days: Ahead.
        every: Days from one start to the next.
        centres: By name.
        seed: Of analyses and noise.

    Returns:
        ``error`` (member, lead), root-mean-square of X, lead in days; and ``climate``, the
        standard deviation of X.

    Raises:
        BadInput: if the truth is too short.
    """
    daily = truth.slow[::SAMPLES_PER_DAY]
    starts = np.arange(0, daily.sizes["time"] - days, every)
    if starts.size == 0:
        raise BadInput(f"truth: {daily.sizes['time']} days are too few for {days} days ahead")
    values = daily.values
    wanted = values[starts[:, None] + np.arange(1, days + 1)]  # (case, lead, slow)
    shared = np.random.default_rng([seed, 0]).normal(0.0, SHARED_ERROR, values[starts].shape)
    found: list[FloatArray] = []
    for index, centre in enumerate(centres.values()):
        model = centre.dynamics
        generator = np.random.default_rng([seed, 1, index])
        own = generator.normal(0.0, model.analysis_error, shared.shape)
        push = forcing(daily["time"][starts], seasonal=model.seasonal).values
        leads = tuple(_UNIT * np.arange(1, days + 1))
        slow = forecasts(
            model, fitted[model.degree], values[starts] + shared + own, push, leads, seed=index
        )
        found.append(np.sqrt(np.mean((slow - wanted) ** 2, axis=(0, 2))))
    coordinates = {"member": list(centres), "lead": np.arange(1, days + 1)}
    data = xr.Dataset({"error": (("member", "lead"), found, {"units": "1"})}, coordinates)
    data["lead"].attrs = {"units": "days", "long_name": "days ahead"}
    return data.assign(climate=((), float(values.std()), {"units": "1"}))


def _forecast(
    centre: Centre,
    fitted: Mapping[int, Closure],
    analysed: FloatArray,
    valid: xr.DataArray,
    places: xr.Dataset,
    seed: list[int],
) -> xr.Dataset:
    """Temperature and rain at the stations by one centre."""
    generator = np.random.default_rng(seed)
    model = centre.dynamics
    start = analysed + generator.normal(0.0, model.analysis_error, analysed.shape)
    push = forcing(valid, seasonal=model.seasonal).values
    quarters = LEAD_HOURS * SAMPLES_PER_DAY // 24
    leads = tuple(_UNIT / SAMPLES_PER_DAY * (1 + np.arange(quarters)))
    noise = int(generator.integers(2**32))
    slow = forecasts(model, fitted[model.degree], start, push, leads, seed=noise)
    rates = rain_rate(fitted[4](slow[:, -SAMPLES_PER_DAY:]), dry_below=DRY_BELOW - centre.drizzle)
    temperature = temperature_field(slow[:, -1], valid)
    rain = centre.wetness * rain_field(rates.mean(axis=1), valid)
    to_stations = operator_for(temperature, places)
    level = to_stations(temperature) + centre.season_error * winter(valid)
    ground = centre.warmth + generator.normal(0.0, GROUND_BIAS, places.sizes["station"])
    seen = at_elevation(level, 0.0, centre.relief * places["elevation"])
    lost = xr.DataArray(generator.random(valid.size) < LOST, {"time": valid}, ("time",))
    answer = {
        "temperature_forecast": seen + xr.DataArray(ground, dims="station"),
        "precipitation_forecast": to_stations(rain),
    }
    return xr.Dataset(answer).where(~lost & (valid >= np.datetime64(centre.began)))


def _calendar(days: int) -> xr.DataArray:
    """The times of the truth: from a few days before the first day to the end of the last."""
    first = pd.Timestamp(FIRST_DAY) - pd.Timedelta(days=_SPIN_DAYS)
    count = (days + _SPIN_DAYS) * SAMPLES_PER_DAY + 1
    hours = pd.date_range(first, periods=count, freq=f"{24 // SAMPLES_PER_DAY}h")
    return xr.DataArray(hours, dims="time", coords={"time": hours})


def _valid_times(truth: Truth, every: int) -> xr.DataArray:
    """Noon of the first day of the calendar and of each ``every``-th day after it."""
    times = truth.slow["time"]
    first = np.datetime64(FIRST_DAY) + np.timedelta64(12, "h")
    return times[times >= first][:: every * SAMPLES_PER_DAY]


def _rain_of_the_day(truth: Truth, valid: xr.DataArray) -> FloatArray:
    """Rain in the 24 hours up to each valid time, mm. Shape (time, slow)."""
    rates = rain_rate(truth.unresolved.values)
    axes(rates, "time slow", "rates")
    ends = np.searchsorted(truth.slow["time"].values, valid.values)
    return np.mean([rates[ends - back] for back in range(SAMPLES_PER_DAY)], axis=0)
