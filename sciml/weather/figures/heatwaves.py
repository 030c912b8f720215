"""The figures of the fifth notebook: a published marine heatwave, and heatwaves by chance."""

# Not strict: xarray types coordinates and attributes as unknown.
# pyright: standard
from datetime import date
from typing import Any

import numpy as np
import xarray as xr

from sciml.core.axes import FloatArray
from sciml.figures.registry import Drawn, figure
from sciml.figures.style import (
    BLACK,
    BLUE,
    TWO_COLUMNS,
    VERMILION,
    Panel,
    label_panels,
    new_picture,
)
from sciml.weather.heatwaves import CATEGORIES, find_heatwaves
from sciml.weather.percentiles import Baseline, climatology_and_threshold, on_days
from sciml.weather.red_noise import expected_events, generated_temperature, known_threshold
from sciml.weather.sources.series import open_oisst

STATION = "Western Australia"
PUBLISHED = Baseline(first=date(1982, 1, 1), last=date(2011, 12, 31), convention="heatwaveR")
_WINDOW = slice("2010-11-01", "2011-05-31")
MEMORIES = (1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 20.0, 30.0)  # days
_YEARS, _PLACES, _SEED = 30, 40, 0
_SHOWN_MEMORY = 8.0  # days, of the year that is drawn
_COLOURS = ("#f5c267", "#e0701a", "#9d1c1c", "#2b0a0a")  # moderate to extreme, darker in grey too


@figure(
    "weather/heatwave-western-australia",
    title="The sea off Western Australia in 2010-11, and all its heatwaves from 1982 to 2022",
    rtol=1e-9,
    atol=1e-9,
    needs=("oisst_heatwave_points",),
)
def western_australia() -> Drawn:
    """The heatwave that is the textbook example, by the convention of the published numbers.

    Returns:
        Temperature, climatology and threshold around the event, and all events of the series.

    Raises:
        DatasetMissing: if the temperatures are not on this machine.
    """
    series = open_oisst()["sea_surface_temperature"].sel(station=STATION)
    by_day = climatology_and_threshold(series, PUBLISHED)
    events = find_heatwaves(series, by_day)
    shown = series.sel(time=_WINDOW).to_dataset(name="temperature")
    shown = shown.assign(on_days(by_day, shown["time"]).data_vars)
    picture = new_picture(TWO_COLUMNS, 2.7)
    left, right = picture.subplots(1, 2, width_ratios=(1.1, 1))
    _draw_season(left, shown, "temperature (°C)")
    left.legend(loc="upper left", ncols=2)
    left.set_ylim(19.8, 31.5)
    _draw_events(right, events)
    label_panels(picture)
    return Drawn(
        picture,
        shown.assign(events.drop_vars(["station", "lat", "lon"], errors="ignore").variables),
    )


def _draw_season(panel: Panel, shown: xr.Dataset, label: str) -> None:
    """Temperature over climatology and threshold, hot days filled by category."""
    time, value = shown["time"].values, shown["temperature"].values
    usual, limit = shown["climatology"].values, shown["threshold"].values
    for level, colour in enumerate(_COLOURS, start=1):
        floor = usual + level * (limit - usual)
        panel.fill_between(
            time, floor, value, where=value > floor, interpolate=True, color=colour, lw=0
        )
    panel.plot(time, usual, color=BLUE, lw=1.0, label="climatology")
    panel.plot(time, limit, color=BLUE, lw=0.8, ls="--", label="90th percentile")
    panel.plot(time, value, color=BLACK, lw=0.7, label="temperature")
    panel.set(ylabel=label, xlim=(time[0], time[-1]))
    _months(panel, time)


def _months(panel: Panel, time: Any) -> None:
    """A tick at the first of every other month, with the year below the first of each year."""
    first = np.arange(time[0].astype("datetime64[M]"), time[-1].astype("datetime64[M]") + 1)
    chosen = [month for month in first[::2] if month.astype(time.dtype) >= time[0]]
    dates = [month.astype(object) for month in chosen]
    new = [number == 0 or day.year > dates[number - 1].year for number, day in enumerate(dates)]
    names = [day.strftime("%b\n%Y" if n else "%b") for day, n in zip(dates, new, strict=True)]
    panel.set_xticks([month.astype(time.dtype) for month in chosen], names)


def _draw_events(panel: Panel, events: xr.Dataset) -> None:
    """A stem for each event at its peak, as high as it was hot."""
    peak, height = events["peak"].values, events["intensity_max"].values
    category = events["category"].values
    for level, (name, colour) in enumerate(zip(CATEGORIES, _COLOURS, strict=True), start=1):
        chosen = category == level
        panel.vlines(peak[chosen], 0, height[chosen], color=colour, lw=0.8)
        panel.plot(peak[chosen], height[chosen], "o", color=colour, ms=3, label=name)
    top = int(height.argmax())
    panel.annotate(
        f"{np.datetime_as_string(peak[top], 'D')}\n{height[top]:.2f} K",
        (peak[top], height[top]),
        (6, 0),
        textcoords="offset points",
        ha="left",
        va="center",
        fontsize=6.5,
    )
    panel.set(ylabel="highest above climatology (K)", ylim=(0, 7.6), xlabel="year of the peak")
    panel.legend(loc="upper left", ncols=2, columnspacing=1.0, handletextpad=0.2)


@figure(
    "weather/heatwaves-by-chance",
    title="Heatwaves in red noise without any trend: what theory expects and what is counted",
    rtol=1e-6,
    atol=1e-9,
)
def heatwaves_by_chance() -> Drawn:
    """How many heatwaves chance alone makes, depending on how long the noise remembers.

    Returns:
        A year of a generated series; events in a year and their mean duration against memory, by
        theory, counted above the true threshold, and above one estimated from the same 30 years.
    """
    counted = count_by_memory(MEMORIES, _YEARS, _PLACES, _SEED)
    picture = new_picture(TWO_COLUMNS, 2.5)
    left, middle, right = picture.subplots(1, 3)
    year = _one_year()
    _draw_season(left, year, "temperature (°C)")
    left.set(title=f"memory {_SHOWN_MEMORY:.0f} days", ylim=(12.2, 31.5))
    left.legend(loc="upper left", ncols=2, columnspacing=0.8, handlelength=1.0, fontsize=6)
    for panel, name, label in (
        (middle, "per_year", "heatwaves in a year"),
        (right, "duration", "mean duration (days)"),
    ):
        _draw_counts(panel, counted[name])
        panel.set(ylabel=label, xlabel="memory of the noise (days)", ylim=(0, None))
    right.set_ylim(0, 20)
    middle.set_ylim(0, 2.75)
    right.legend(loc="lower right")
    label_panels(picture)
    return Drawn(picture, counted.merge(year, compat="no_conflicts"))


def _one_year() -> xr.Dataset:
    """Year and place with the highest severity, with what is usual and extreme on its days."""
    series = generated_temperature(_SHOWN_MEMORY, _YEARS, _PLACES, _SEED)
    known = known_threshold()
    events = find_heatwaves(series, known)
    worst = events.isel(event=int(events["severity"].argmax("event")))
    middle = worst["peak"].values.astype("datetime64[D]")
    days = slice(middle - 182, middle + 182)
    shown = series.sel(time=days, place=worst["place"].values).to_dataset(name="temperature")
    return shown.assign(on_days(known, shown["time"]).data_vars).drop_vars("place")


def count_by_memory(memories: tuple[float, ...], years: int, places: int, seed: int) -> xr.Dataset:
    """Heatwaves of generated series, counted and by theory.

    Args:
        memories: Days.
        years: Length of each series, which is its base period too.
        places: Number of series for each memory.
        seed: Seed of the first memory; the others have the numbers after it.

    Returns:
        ``per_year`` and ``duration`` (days). Shape (memory, source), the sources being theory, the
        true threshold and the estimated one.

    Raises:
        BadInput: if a memory is negative.
    """
    plan = Baseline(first=date(1981, 1, 1), last=date(1980 + years, 12, 31))
    rows: list[list[FloatArray]] = []
    for number, memory in enumerate(memories):
        series = generated_temperature(memory, years, places, seed + number)
        estimated = climatology_and_threshold(series, plan)
        found = [find_heatwaves(series, one) for one in (known_threshold(), estimated)]
        counts = [
            np.array([one.sizes["event"] / (years * places), float(one["duration"].mean())])
            for one in found
        ]
        rows.append([np.array(expected_events(memory)), *counts])
    table = np.array(rows)  # (memory, source, number)
    return xr.Dataset(
        {
            "per_year": (("memory", "source"), table[:, :, 0], {"units": "1"}),
            "duration": (("memory", "source"), table[:, :, 1], {"long_name": "in days"}),
        },
        {
            "memory": ("memory", list(memories), {"long_name": "memory in days"}),
            "source": ["theory", "true threshold", "estimated threshold"],
        },
    )


def _draw_counts(panel: Panel, numbers: xr.DataArray) -> None:
    """Theory as a line, counts as marks."""
    looks = ((BLACK, "", "-"), (BLUE, "o", ""), (VERMILION, "s", ""))
    for source, (colour, marker, line) in zip(numbers["source"].values, looks, strict=True):
        curve = numbers.sel(source=source)
        panel.plot(
            numbers["memory"], curve, color=colour, marker=marker, ls=line, lw=1, label=str(source)
        )
    panel.set_xscale("log")
    ticks = (1, 3, 10, 30)
    panel.set_xticks(ticks, [str(tick) for tick in ticks])
    panel.minorticks_off()
