"""Years of weather in the channel: dates and seasons, pressure and temperature, forecasts of it."""

from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sciml.core.axes import FloatArray, axes
from sciml.core.errors import BadInput
from sciml.weather.world.atmosphere import normal_temperature, winter
from sciml.weather.world.channel import (
    ChannelSettings,
    flow,
    random_start,
    run,
    truncated,
    values,
)

Dates = NDArray[np.datetime64]

FIRST_DAY = "2001-01-01"  # of the calendar of the world
AIR_DENSITY = 1.2  # kg/m³, near the ground
GAS_CONSTANT = 287.05  # J/(kg K), of dry air
MEAN_PRESSURE = 1013.25  # hPa
PRESSURES = 3.0  # of the middle of the lower layer over that of the upper one, 750 over 250 hPa

TRUTH = ChannelSettings()
# Imperfect copies, which play numerical weather prediction.
MODELS: dict[str, ChannelSettings] = {
    "perfect": TRUTH,
    "coarse": TRUTH.model_copy(update={"sines": 10, "waves": 9}),
    "rough": TRUTH.model_copy(update={"drag_days": 1.5}),
    "flat": TRUTH.model_copy(update={"ground_vorticity": 0.0}),
}


class ChannelWeather(NamedTuple):
    """States of a channel with their dates."""

    settings: ChannelSettings
    time: xr.DataArray  # (time,), datetime64
    states: FloatArray  # (time, layer, sine, wave), potential vorticity, 1/s


def simulated_channel(
    days: int, *, hours: int = 24, seed: int = 0, settings: ChannelSettings = TRUTH
) -> ChannelWeather:
    """Weather of the channel, seasons included; a year takes a few seconds.

    Args:
        days: Days from ``FIRST_DAY`` on.
        hours: From one kept state to the next; whole steps of the channel.
        seed: Of the state before the spin-up.
        settings: Of the channel.

    Returns:
        The states at 0 h of the first day and each ``hours`` after it.

    Raises:
        BadInput: if there is not a day, or ``hours`` are not whole steps.
    """
    if days < 1:
        raise BadInput(f"simulated_channel: expected at least one day, got {days}")
    first = np.array([FIRST_DAY], "datetime64[ns]")
    start = random_start(settings, 1, seed, float(_season(settings, first[0], 1)[0]))
    states = forecast_states(settings, start, first, 24 * days, hours=hours)[0]
    time = first + np.timedelta64(hours, "h") * np.arange(len(states))
    return ChannelWeather(settings, xr.DataArray(time, {"time": time}, ("time",)), states)


def forecast_states(
    settings: ChannelSettings,
    start: FloatArray,
    issued: Dates,
    length: int,
    *,
    hours: int = 24,
) -> FloatArray:
    """What a channel makes of states, each on its own date.

    Args:
        settings: Of the channel that forecasts.
        start: Its states. Shape (case, layer, sine, wave); see :func:`truncated`.
        issued: Their dates. Shape (case,).
        length: Hours ahead.
        hours: From one kept state to the next; whole steps of the channel.

    Returns:
        The start and the states each ``hours`` after it. Shape (case, time, layer, sine, wave).

    Raises:
        BadInput: if ``hours`` are not whole steps.
    """
    axes(start, "case layer sine wave", "start", case=len(issued))
    every = round(60 * hours / settings.step_minutes)
    if every < 1 or abs(every * settings.step_minutes - 60 * hours) > 1e-9:
        raise BadInput(
            f"hours: expected whole steps of {settings.step_minutes:g} minutes, got {hours} hours"
        )
    steps = every * (length // hours)
    season = np.stack([_season(settings, date, steps) for date in issued])
    return run(settings, start, steps, every=every, season=season)


def pressure_field(weather: ChannelWeather) -> xr.DataArray:
    """Pressure at the ground, by geostrophic balance from the flow in the lower layer.

    Args:
        weather: From :func:`simulated_channel`.

    Returns:
        hPa, (time, lat, lon).
    """
    return on_map(weather.settings, pressure(weather.settings, weather.states), weather.time)


def pressure(settings: ChannelSettings, states: FloatArray) -> FloatArray:
    """Pressure at the ground, hPa, (..., lat, lon), of states (..., layer, sine, wave)."""
    lower = values(settings, flow(settings, states)[..., 1, :, :])
    return MEAN_PRESSURE + AIR_DENSITY * settings.coriolis * lower / 100.0  # Pa in a hPa


def on_map(settings: ChannelSettings, hectopascal: FloatArray, time: xr.DataArray) -> xr.DataArray:
    """Pressure with places and dates.

    Args:
        settings: Of the channel.
        hectopascal: Shape (time, lat, lon).
        time: Dates. Shape (time,).

    Returns:
        hPa, with CF attributes.
    """
    field = _placed(settings, hectopascal, time).rename("pressure")
    return field.assign_attrs(
        units="hPa", standard_name="air_pressure_at_mean_sea_level", long_name="surface pressure"
    )


def temperature_field(weather: ChannelWeather) -> xr.DataArray:
    """Temperature near the ground: normal for date and latitude, and what the flow adds.

    Args:
        weather: From :func:`simulated_channel`.

    Returns:
        K, (time, lat, lon). The anomaly is that between the layers, by hydrostatic balance.
    """
    settings = weather.settings
    psi = flow(settings, weather.states)
    between = values(settings, psi[..., 0, :, :] - psi[..., 1, :, :])
    anomaly = settings.coriolis / (GAS_CONSTANT * np.log(PRESSURES)) * between
    field = _placed(settings, anomaly, weather.time)
    field = (field + normal_temperature(field["time"], field["lat"])).rename("temperature")
    return field.transpose("time", "lat", "lon").assign_attrs(
        units="K", standard_name="air_temperature", long_name="temperature near the ground"
    )


def analysed(
    weather: ChannelWeather, numbers: list[int], share: float, members: int, seed: int
) -> FloatArray:
    """Members about an analysis of the truth, which errs as much as they differ from it.

    So truth and members are alike, as in an honest ensemble. Errors look like weather, but are
    smaller.

    Args:
        weather: The truth.
        numbers: Of its states that are analysed.
        share: Standard deviation of the error over that of the weather.
        members: About each analysis.
        seed: Of analyses and members.

    Returns:
        Shape (case, member, layer, sine, wave).
    """
    generator = np.random.default_rng(seed)
    pairs = generator.integers(len(weather.states), size=(2, len(numbers), members + 1))
    error = (weather.states[pairs[0]] - weather.states[pairs[1]]) / np.sqrt(2.0)
    return weather.states[numbers][:, None] + share * (error[:, :1] + error[:, 1:])


def model_errors(
    weather: ChannelWeather,
    numbers: list[int],
    days: int,
    *,
    members: int = 4,
    share: float = 0.1,
    seed: int = 0,
) -> xr.Dataset:
    """How errors grow in forecasts by the imperfect copies.

    Args:
        weather: The truth, daily.
        numbers: Of the states from which forecasts start, ``days`` before the last at most.
        days: Ahead.
        members: Of each start.
        share: See :func:`analysed`.
        seed: Of the analyses.

    Returns:
        ``error`` (model, lead), root-mean-square of all members; ``mean_error``, that of their
        mean; ``spread``, what the members say of it: their standard deviation, times
        √(1 + 1 / members) because the mean of a few errs, too; and ``climate``, the standard
        deviation of the truth about its mean. All in hPa.

    Raises:
        BadInput: if a forecast would go beyond the truth.
    """
    if max(numbers) + days >= len(weather.states):
        raise BadInput(
            f"numbers: a forecast of {days} days from state {max(numbers)} goes beyond the "
            f"{len(weather.states)} states of the truth; start earlier"
        )
    truth = pressure(weather.settings, weather.states)
    wanted = truth[np.add.outer(numbers, np.arange(days + 1))]  # (case, lead, lat, lon)
    starts = analysed(weather, numbers, share, members, seed)
    issued = np.repeat(weather.time.values[numbers], members)
    found: list[list[FloatArray]] = []
    for settings in MODELS.values():
        begin = truncated(starts.reshape(-1, *weather.settings.shape), weather.settings, settings)
        answer = pressure(settings, forecast_states(settings, begin, issued, 24 * days))
        answer = answer.reshape(len(numbers), members, *answer.shape[1:])
        mean = answer.mean(axis=1)
        variance = answer.var(axis=1, ddof=1) * (1.0 + 1.0 / members)
        spread = np.sqrt(np.mean(variance, axis=(0, 2, 3)))
        errors = answer - wanted[:, None], mean - wanted
        found.append([*(_rms_by_lead(error) for error in errors), spread])
    names = ("error", "mean_error", "spread")
    data = {
        name: (("model", "lead"), [rows[i] for rows in found], {"units": "hPa"})
        for i, name in enumerate(names)
    }
    climate = float(np.sqrt(truth.var(axis=0).mean()))
    coordinates = {"model": list(MODELS), "lead": np.arange(days + 1)}
    return xr.Dataset(data, coordinates).assign(climate=((), climate, {"units": "hPa"}))


def _rms_by_lead(error: FloatArray) -> FloatArray:
    """Root-mean-square over all axes but the lead, the last but two. Shape (lead,)."""
    others = tuple(axis for axis in range(error.ndim) if axis != error.ndim - 3)
    return np.sqrt(np.mean(error**2, axis=others))


def _placed(settings: ChannelSettings, field: FloatArray, time: xr.DataArray) -> xr.DataArray:
    """A field with places and dates."""
    coordinates = {"time": time.values, "lat": settings.lat, "lon": settings.lon}
    placed = xr.DataArray(field, coordinates, ("time", "lat", "lon"))
    placed["lat"].attrs = {"units": "degrees_north", "standard_name": "latitude"}
    placed["lon"].attrs = {"units": "degrees_east", "standard_name": "longitude"}
    return placed


def _season(settings: ChannelSettings, date: np.datetime64, steps: int) -> FloatArray:
    """Heating over its mean in each step from a date on. Shape (step,)."""
    seconds = np.round(60.0 * settings.step_minutes * np.arange(steps))
    dates = date + seconds.astype("timedelta64[s]")
    return 1.0 + settings.seasonal_swing * winter(xr.DataArray(dates, dims="time")).values
