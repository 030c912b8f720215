"""The figures of the third notebook: forecasts at stations, calibrated by a mixture."""

from pathlib import Path

import numpy as np
import xarray as xr

from sciml.data.netcdf import open_netcdf
from sciml.figures.registry import Drawn, figure
from sciml.figures.style import (
    BLACK,
    BLUE,
    COLOURS,
    GREEN,
    ONE_COLUMN,
    ORANGE,
    TWO_COLUMNS,
    VERMILION,
    Panel,
    label_panels,
    new_picture,
)
from sciml.training.run import record_folder
from sciml.weather.post_processing.chosen import NEIGHBOURS, chosen_experts
from sciml.weather.post_processing.missing_members import RAW, scores_by_members_left
from sciml.weather.post_processing.table import station_table
from sciml.weather.world.datasets import open_simulated_world_stations

# Of the figure of missing members, by their names in recipes.
_EXPERTS = {
    "station-effects-90": "station effects",
    "error-memory-60": "error memory",
    "fusion": "fusion network",
}
_SMOOTHED = 14  # dates; a running mean over them shows the trend of scores
_MARKS = {"mixture": BLUE, "raw_members": VERMILION}
_WIDTHS = {"mixture": 1.0, "raw_members": 2.2}  # points; a thin line shows on a wide one
_WORDS = {"mixture": "mixture", "raw_members": "raw members"}


@figure(
    "weather/station-scores",
    title="Score of calibrated forecasts at stations day by day, and the weights of the experts",
    rtol=1e-5,
    atol=1e-6,
    recipe="weather/uwme-temperature",
)
def station_scores(record: Path | None = None) -> Drawn:
    """Temperatures of eight models two days ahead.

    Args:
        record: Folder of the recipe's record; by default the published one.

    Returns:
        Score of mixture and raw members by date, weights of the experts by date, and how often
        high temperatures came when they were foretold.
    """
    return _scores_and_weights(record or record_folder("weather/uwme-temperature"), "CRPS (K)")


@figure(
    "weather/world-scores",
    title="Score of calibrated forecasts in the generated world, and the weights of the experts",
    rtol=1e-5,
    atol=1e-6,
    recipe="weather/post-process-fast",
)
def world_scores(record: Path | None = None) -> Drawn:
    """Temperatures of the generated world.

    Args:
        record: Folder of the recipe's record; by default the published one.

    Returns:
        As :func:`station_scores`.
    """
    return _scores_and_weights(record or record_folder("weather/post-process-fast"), "CRPS (K)")


@figure(
    "weather/heavy-rain",
    title="Daily rain at Frankfurt: score by month, weights, and reliability of heavy rain",
    rtol=1e-5,
    atol=1e-6,
    recipe="weather/frankfurt-rain",
)
def heavy_rain(record: Path | None = None) -> Drawn:
    """Rain from 52 forecasts.

    Args:
        record: Folder of the recipe's record; by default the published one.

    Returns:
        As :func:`station_scores`, with scores smoothed over two weeks.
    """
    return _scores_and_weights(record or record_folder("weather/frankfurt-rain"), "CRPS (mm)")


@figure(
    "weather/missing-members",
    title="Forecasts at stations when models are missing: experts and a fusion network",
    rtol=1e-2,
    atol=1e-3,
    needs=("simulated_world_stations",),
)
def missing_members(seed: int = 1) -> Drawn:
    """Temperatures of the generated world; experts learn from the first half of the dates.

    Args:
        seed: Of the network, and of the draw of missing members.

    Returns:
        Score over the number of members that are left, on the second half.
    """
    data = open_simulated_world_stations("temperature")
    table = station_table(data, neighbours=NEIGHBOURS)
    experts = dict(zip(_EXPERTS.values(), chosen_experts(list(_EXPERTS), table, seed), strict=True))
    scores = scores_by_members_left(
        experts,
        data,
        range(1, data.sizes["member"] + 1),
        first_judged=data["time"].values[data.sizes["case"] // 2],
        neighbours=NEIGHBOURS,
        seed=seed,
    )
    picture = new_picture(ONE_COLUMN, 2.6)
    panel = picture.subplots()
    looks = zip((RAW, *experts), (VERMILION, GREEN, ORANGE, BLUE), "osD^", strict=True)
    for name, colour, mark in looks:
        score = scores.sel(forecaster=name)
        panel.plot(scores["left"], score, color=colour, marker=mark, ms=4, label=name)
    panel.set(xlabel="members left of eight", ylabel="CRPS (K)", ylim=(0, None))
    panel.legend(loc="lower left")
    return Drawn(picture, scores.to_dataset())


def _scores_and_weights(record: Path, label: str) -> Drawn:
    """Three panels from a record."""
    scores = open_netcdf(record / "scores.nc")
    reliability = open_netcdf(record / "reliability.nc").isel(quantile=0)
    picture = new_picture(TWO_COLUMNS, 2.7)
    left, middle, right = picture.subplots(1, 3)
    _draw_scores(left, scores, label)
    _draw_weights(middle, scores)
    _draw_reliability(right, reliability)
    picture.legend(*middle.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    label_panels(picture)
    bins = reliability.drop_vars("quantile").rename(cases="cases_in_bin")
    data = scores.rename(forecaster="scored").merge(bins)
    return Drawn(picture, data)


def _draw_scores(panel: Panel, scores: xr.Dataset, label: str) -> None:
    """Mixture, before raw members, by date; smoothed where there are many."""
    for depth, (name, colour) in enumerate(_MARKS.items()):
        score = scores["crps"].sel(forecaster=name)
        if score.sizes["time"] > 10 * _SMOOTHED:
            score = score.rolling(time=_SMOOTHED, center=True).mean()
        (line,) = panel.plot(score["time"], score, color=colour, label=_WORDS[name])
        line.set(lw=_WIDTHS[name], alpha=0.9 - 0.3 * depth, zorder=3 - depth)
    panel.set(ylabel=label, ylim=(0, None))
    _date_ticks(panel, scores)
    panel.legend(loc="upper left", ncols=2, bbox_to_anchor=(0.0, 1.02))
    panel.set_ylim(0, 1.25 * panel.get_ylim()[1])


def _draw_weights(panel: Panel, scores: xr.Dataset) -> None:
    """Weights of the experts, stacked."""
    weights = scores["weight"]
    if weights.sizes["time"] > 10 * _SMOOTHED:
        weights = weights.rolling(time=_SMOOTHED, center=True, min_periods=1).mean()
    names = [str(name) for name in weights["expert"].values]
    panel.stackplot(
        weights["time"].values, weights.values, labels=names, colors=COLOURS, alpha=0.85, lw=0
    )
    panel.set(ylabel="weight", ylim=(0, 1))
    panel.margins(x=0)
    _date_ticks(panel, scores)


def _date_ticks(panel: Panel, scores: xr.Dataset) -> None:
    """Three dates: year and month of a long record, days with the year below of a short one."""
    times = scores["time"].values
    chosen = times[np.linspace(0, len(times) - 1, 3).astype(int)]
    long = (times[-1] - times[0]) / np.timedelta64(1, "D") > 200
    days = [time.astype("datetime64[D]").item() for time in chosen]
    words = [f"{day:%Y-%m}" if long else f"{day.day} {day:%b}\n{day.year}" for day in days]
    panel.set_xticks(chosen, words)


def _draw_reliability(panel: Panel, reliability: xr.Dataset) -> None:
    """How often the extreme came, over how likely it was said to be."""
    panel.plot([0, 1], [0, 1], color=BLACK, lw=0.7)
    for name, colour in _MARKS.items():
        one = reliability.sel(forecaster=name)
        size = 4 + 30 * np.sqrt(one["cases"] / one["cases"].max())
        panel.scatter(one["said"], one["came"], s=size, color=colour, label=_WORDS[name], alpha=0.9)
    share = round(100 * (1 - float(reliability["quantile"])))
    panel.set(
        xlabel="forecast probability",
        ylabel="observed frequency",
        title=f"the highest {share} %",
        xlim=(-0.04, 1.04),
        ylim=(-0.04, 1.04),
    )
