"""The figures of the first notebook: a generated world, its forecasts, and how they fail."""

import itertools

import numpy as np
import xarray as xr

from sciml.core.axes import FloatArray
from sciml.figures.registry import Drawn, figure
from sciml.figures.style import (
    BLACK,
    BLUE,
    COLOURS,
    ORANGE,
    TWO_COLUMNS,
    VERMILION,
    Panel,
    label_panels,
    new_picture,
)
from sciml.weather.world.atmosphere import winter
from sciml.weather.world.channel import tables, values
from sciml.weather.world.channel_weather import (
    TRUTH,
    model_errors,
    pressure_field,
    simulated_channel,
    temperature_field,
)
from sciml.weather.world.datasets import open_simulated_world_stations
from sciml.weather.world.ensemble import closures, errors_by_lead, simulated_truth
from sciml.weather.world.predictability import ranks
from sciml.weather.world.stations import random_stations

_DAYS = 130  # of the channel, from the middle of winter on
_SHOWN = 20  # day of the map
_STARTS = (15, 45, 75, 105)  # days at which forecasts are issued
_AHEAD, _MEMBERS, _SHARE = 14, 6, 0.05  # days; about each start; their error over the climate
_STATIONS = 30
_CLASSES = 25  # of X, in which quantiles of U are taken
_BAND = (0.05, 0.5, 0.95)
_LEVELS = (0.5, 0.75, 0.9, 0.95, 0.99)


@figure(
    "weather/channel-weather",
    title="A day of weather in the channel with its stations, and how forecasts of it lose it",
    # The channel adds and multiplies in a fixed order; maps are made by library functions.
    rtol=1e-6,
    atol=1e-6,
)
def channel_weather() -> Drawn:
    """Pressure and temperature on a winter's day; errors of imperfect copies of the channel.

    Returns:
        Panel a: isobars over temperature, stations and mountains. Panel b: root-mean-square
        error of the pressure by lead, of the mean of the members of each model, and what their
        spread says that it is.
    """
    weather = simulated_channel(_DAYS)
    day = weather._replace(time=weather.time[[_SHOWN]], states=weather.states[[_SHOWN]])
    data = model_errors(weather, list(_STARTS), _AHEAD, members=_MEMBERS, share=_SHARE)
    places = random_stations(_STATIONS, 0)
    data = data.assign(
        pressure=pressure_field(day)[0].drop_vars("time"),
        temperature=temperature_field(day)[0].drop_vars("time"),
        mountains=(("lat", "lon"), _mountains(), {"units": "1"}),
        latitude=places["latitude"],
        longitude=places["longitude"],
    )
    picture = new_picture(TWO_COLUMNS, 3.7)
    above, below = picture.subplots(2, 1, height_ratios=(1.0, 1.1))
    _draw_map(above, data)
    _draw_growth(below, data)
    label_panels(picture)
    return Drawn(picture, data)


def _mountains() -> FloatArray:
    """Height of the ground over that of the highest mountain, (lat, lon)."""
    return values(TRUTH, tables(TRUTH).ground) / TRUTH.ground_vorticity


def _draw_map(axis: Panel, data: xr.Dataset) -> None:
    """Isobars over temperature, mountains and stations."""
    around = data[["temperature", "pressure", "mountains"]].pad(lon=(0, 1), mode="wrap")
    lon, lat = np.append(data["lon"].values, 180.0), data["lat"]
    celsius = around["temperature"] - 273.15
    filled = axis.pcolormesh(lon, lat, celsius.round(-1), cmap="RdBu_r", vmin=-35, vmax=35)
    every = np.arange(950, 1071, 10)
    lines = axis.contour(lon, lat, around["pressure"], every, colors=BLACK, linewidths=0.6)
    axis.clabel(lines, every[::2].tolist(), fontsize=5, fmt="%d")
    axis.contourf(lon, lat, around["mountains"], [0.5, 2], colors="none", hatches=["////"])
    axis.plot(data["longitude"], data["latitude"], "o", ms=3, color=ORANGE, mec=BLACK, mew=0.4)
    axis.set(xlabel="longitude (°)", ylabel="latitude (°)", xticks=np.arange(-180, 181, 60))
    axis.set(xlim=(-180, 180))
    axis.figure.colorbar(filled, ax=axis, label="temperature (°C)", pad=0.01)


def _draw_growth(axis: Panel, data: xr.Dataset) -> None:
    """Error of the mean and spread by lead, one colour for each model."""
    for model, colour in zip(data["model"].values, COLOURS, strict=False):
        one = data.sel(model=model)
        axis.plot(one["lead"], one["mean_error"], color=colour, label=f"{model}")
        axis.plot(one["lead"], one["spread"], color=colour, ls="--", lw=0.8)
    axis.axhline(float(data["climate"]), color=BLACK, lw=0.6, ls=":")
    axis.text(0.1, float(data["climate"]) * 1.03, "spread of the climate", fontsize=7)
    axis.plot([], [], color=BLACK, ls="--", lw=0.8, label="spread of members")
    axis.set(xlabel="days ahead", ylabel="pressure error (hPa)", xlim=(0, _AHEAD), ylim=(0, 15))
    axis.legend(ncols=5, loc="upper left")


@figure(
    "weather/ring-forecasts",
    title="What models do not resolve, fitted by polynomials, and what errors that leaves",
    # Closures are fitted by a library's least squares; forecasts of ten days amplify last digits.
    rtol=1e-5,
    atol=1e-6,
)
def ring_forecasts() -> Drawn:
    """Closures of the two-scale model; errors of the eight centres.

    Returns:
        Panel a: quantiles of what the fast variables take by the slow variable, with polynomials
        of degree 0, 1 and 4. Panel b: root-mean-square error of the slow variables by lead.
    """
    school, truth = simulated_truth(365, 1), simulated_truth(365, 0)
    fitted = closures(school, {0, 1, 4})
    data = errors_by_lead(truth, fitted, 10)
    slow, levels = _conditional_quantiles(school.slow.values, school.unresolved.values)
    data = data.assign_coords(degree=list(fitted), slow=slow, level=list(_BAND)).assign(
        closure=(("degree", "slow"), [one(slow) for one in fitted.values()], {"units": "1"}),
        unresolved=(("level", "slow"), levels, {"units": "1"}),
    )
    picture = new_picture(TWO_COLUMNS, 2.4)
    left, right = picture.subplots(1, 2)
    left.fill_between(slow, *levels[[0, -1]], color="0.85", lw=0, label="90 % of U")
    left.plot(slow, levels[1], color="0.5", lw=0.8, label="median of U")
    for degree, colour in zip(data["degree"].values, (VERMILION, ORANGE, BLUE), strict=True):
        left.plot(slow, data["closure"].sel(degree=degree), color=colour, label=f"degree {degree}")
    left.set(xlabel="slow variable X", ylabel="taken by fast variables, U")
    left.legend()
    styles = ("-", "--")
    for number, name in enumerate(data["member"].values):
        colour, style = COLOURS[number % len(COLOURS)], styles[number // len(COLOURS)]
        right.plot(data["lead"], data["error"].sel(member=name), style, color=colour, label=name)
    right.axhline(float(data["climate"]), color=BLACK, lw=0.6, ls=":")
    right.text(1, float(data["climate"]) * 1.03, "spread of the climate", fontsize=7)
    right.set(xlabel="days ahead", ylabel="error of X", xlim=(1, 10), ylim=(0, None))
    right.legend(ncols=2, loc="lower right")
    label_panels(picture)
    return Drawn(picture, data)


def _conditional_quantiles(slow: FloatArray, fast: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Middles of classes of X, and quantiles of U in each, (level, class)."""
    low, high = np.quantile(slow, (0.002, 0.998))
    edges = np.linspace(low, high, _CLASSES + 1)
    within = [(slow >= low) & (slow < high) for low, high in itertools.pairwise(edges)]
    levels = np.array([np.quantile(fast[there], _BAND) for there in within]).T
    return (edges[1:] + edges[:-1]) / 2, levels


@figure(
    "weather/station-deficits",
    title="What post-processing has to mend: ranks, biases by station, and heavy rain",
    rtol=1e-6,
    atol=1e-9,
    needs=("simulated_world_stations",),
)
def station_deficits() -> Drawn:
    """How the raw ensemble fails on the years for training.

    Returns:
        Panel a: ranks of the reported temperature among the members. Panel b: bias of the mean
        of the members by the elevation of the station, in winter and in summer. Panel c:
        quantiles of the rain of each member against those of the gauges.
    """
    temperature = open_simulated_world_stations("temperature", "train")
    rain = open_simulated_world_stations("precipitation", "train")
    data = xr.merge([ranks(temperature).rename("rank_share"), _biases(temperature), _levels(rain)])
    picture = new_picture(TWO_COLUMNS, 2.2)
    left, middle, right = picture.subplots(1, 3)
    left.bar(data["rank"], data["rank_share"], color=BLUE, width=0.85)
    left.axhline(1 / data.sizes["rank"], color=BLACK, lw=0.8, ls="--", label="if alike")
    left.legend()
    left.set(xlabel="members below the report", ylabel="share of the cases")
    for season, colour in (("winter", BLUE), ("summer", VERMILION)):
        middle.plot(
            data["elevation"], data["bias"].sel(season=season), "o", color=colour, label=season
        )
    middle.axhline(0, color=BLACK, lw=0.6)
    middle.set(xlabel="elevation of the station (m)", ylabel="bias of the mean (K)")
    middle.legend(loc="upper left")
    observed, forecast = data["observed_level"], data["forecast_level"]
    for number, member in enumerate(data["member"].values):
        label = None if number else "a member each"
        right.plot(
            observed, forecast.sel(member=member), "o-", ms=2, lw=0.7, color=BLUE, label=label
        )
    top = float(data["observed_level"].max()) * 1.05
    right.plot([0, top], [0, top], color=BLACK, lw=0.8, ls="--", label="as the gauges")
    right.set(xlabel="quantile of the gauges (mm)", ylabel="quantile of a member (mm)")
    right.set(xlim=(0, top), ylim=(0, top))
    right.legend(loc="upper left")
    label_panels(picture)
    return Drawn(picture, data)


def _biases(temperature: xr.Dataset) -> xr.Dataset:
    """Bias of the mean of the members at each station in two seasons, and its elevation."""
    error = temperature["forecast"].mean("member") - temperature["observation"]
    cold = winter(temperature["time"])
    by_season = [
        error.where(there).groupby("station").mean() for there in (cold > 0.5, cold < -0.5)
    ]
    bias = xr.concat(by_season, xr.DataArray(["winter", "summer"], dims="season", name="season"))
    high = temperature["elevation"].groupby("station").first()
    return xr.Dataset(
        {
            "bias": bias.assign_attrs(units="K"),
            "elevation": ("station", high.values, {"units": "m"}),
        }
    )


def _levels(rain: xr.Dataset) -> xr.Dataset:
    """Quantiles of the rain of the gauges and of each member."""
    observed = rain["observation"].quantile(_LEVELS, "case").rename(quantile="level")
    forecast = rain["forecast"].quantile(_LEVELS, "case").rename(quantile="level")
    return xr.Dataset(
        {
            "observed_level": observed.assign_attrs(units="mm"),
            "forecast_level": forecast.assign_attrs(units="mm"),
        }
    )
