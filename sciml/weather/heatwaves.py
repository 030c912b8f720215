"""Heatwaves: days in a row above the threshold of their season, and how hot they were.

An event is at least some days in a row above the threshold; events with a short gap between them
are one. Intensity is the temperature above the climatology of the day.
"""

# Not strict: xarray types coordinates and attributes as unknown.
# pyright: standard
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from pydantic import NonNegativeInt, PositiveInt

from sciml.core.axes import BoolArray, FloatArray, IntArray
from sciml.core.errors import BadInput
from sciml.core.settings import Settings
from sciml.weather.daily import Gaps, whole_days
from sciml.weather.percentiles import exceeds, on_days

CATEGORIES = ("moderate", "strong", "severe", "extreme")


class EventRule(Settings):
    """What counts as an event.

    Source:
        Hobday et al., Prog. Oceanogr. 141 (2016) 227-238.
    """

    shortest: PositiveInt = 5  # days in a row
    longest_gap: NonNegativeInt = 2  # days below the threshold that do not part two events


MARINE = EventRule()


class _Spans(NamedTuple):
    """Events as numbers, ordered by place and time."""

    point: IntArray  # (event,)
    first: IntArray  # day, (event,)
    last: IntArray  # day, (event,)


def days_in_events(above: xr.DataArray, rule: EventRule = MARINE) -> xr.DataArray:
    """Which days belong to an event, short gaps included.

    Args:
        above: Whether each day is hot, by any measure. Shape (time, ...), a value for each day.
        rule: Shortest duration and longest gap.

    Returns:
        True within events, on the axes of ``above``.

    Raises:
        BadInput: if the values are not booleans or days are missing.
    """
    hot = _flags(above)
    inside = np.zeros(hot.shape, np.int8)
    spans = _spans(hot, rule)
    inside[spans.point, spans.first] = 1
    ends = spans.last + 1
    within = ends < hot.shape[1]  # an event that lasts to the end has no day after it
    inside[spans.point[within], ends[within]] -= 1
    found = np.cumsum(inside, axis=1, dtype=np.int8).T.astype(bool)
    timed = above.transpose("time", ...)
    return timed.copy(data=found.reshape(timed.shape)).transpose(*above.dims)


def find_heatwaves(
    series: xr.DataArray,
    by_day: xr.Dataset,
    rule: EventRule = MARINE,
    *,
    also: xr.DataArray | None = None,
    rule_of_both: EventRule | None = None,
    longest_filled: int = 0,
    longer: Gaps = "refuse",
) -> xr.Dataset:
    """All heatwaves of a series or a field.

    With a second criterion, the days of the events that fulfil it too are put through the second
    rule: hot days of which the nights are also hot.

    Args:
        series: Daily values with ``units``, the axis ``time`` and any others.
        by_day: From :func:`sciml.weather.percentiles.climatology_and_threshold`, at the same places
            or one for all.
        rule: Shortest duration and longest gap.
        also: A second criterion for each day, booleans on the axes of the series.
        rule_of_both: The rule for days that fulfil both; by default the same.
        longest_filled: Days; see :func:`sciml.weather.daily.whole_days`.
        longer: What to do with longer gaps; a day that stays missing is taken as usual, as hot as
            the climatology: it ends an event unless the gap is short enough to be joined.

    Returns:
        Along ``event``, ordered by place and time: ``start``, ``peak`` and ``end`` (dates),
        ``duration`` (days), ``intensity_max``, ``intensity_mean`` (in degrees),
        ``intensity_cumulative`` (degree days), ``severity`` (largest anomaly over the distance from
        climatology to threshold), ``category`` (1 moderate to 4 extreme: the severity's whole
        part), ``days_in_category`` along ``level`` (a day in a gap is in none), and the
        coordinates of the place. No event gives a dataset of length 0.

    Raises:
        BadInput: if units or places differ, days are missing, or ``also`` does not fit.

    Source:
        Hobday et al. (2016); categories: Hobday et al., Oceanography 31 (2018) 162-173; two
        criteria: heatwaveR (Schlegel & Smit, J. Open Source Softw. 3 (2018) 821).
    """
    whole = whole_days(series, longest_filled=longest_filled, longer=longer)
    above = exceeds(whole, by_day)
    spans = _spans(_flags(above), rule)
    if also is not None:
        both = days_in_events(above, rule) & _matching(also, whole)
        spans = _spans(_flags(both), rule_of_both or rule)
    usual = on_days(by_day, whole["time"]).broadcast_like(whole).transpose(*whole.dims)
    climatology = _by_point(usual["climatology"])
    anomaly = np.nan_to_num(_by_point(whole) - climatology, nan=0.0)
    distance = _by_point(usual["threshold"]) - climatology
    described = _described(spans, anomaly, distance, whole["time"].values, series.attrs["units"])
    return described.assign_coords(_places(whole, spans.point))


def _flags(above: xr.DataArray) -> BoolArray:
    """Whether each day is hot. Shape (point, time)."""
    if above.dtype != bool:
        raise BadInput(f"above: expected booleans for each day, got {above.dtype} values")
    if "time" not in above.coords:
        raise BadInput(f"above: expected an axis time with dates, got axes {above.dims}")
    days = above["time"].values.astype("datetime64[D]")
    steps = np.diff(days).astype(np.int64)
    if np.any(steps != 1):
        where = int(np.argmax(steps != 1))
        raise BadInput(
            f"above: expected each day once, but after {days[where]} comes {days[where + 1]}"
        )
    return _by_point(above)


def _by_point(values: xr.DataArray) -> Any:
    """Values with the time last and all places together. Shape (point, time)."""
    timed = values.transpose("time", ...).values
    return np.ascontiguousarray(timed.reshape(len(timed), -1).T)


def _matching(also: xr.DataArray, whole: xr.DataArray) -> xr.DataArray:
    """The second criterion on the days and places of the series."""
    if also.dtype != bool or set(also.dims) != set(whole.dims):
        raise BadInput(
            f"also: expected booleans on the axes {whole.dims}, got {also.dtype} on {also.dims}"
        )
    try:
        matched, _ = xr.align(also, whole, join="exact")
    except ValueError:
        raise BadInput("also: its days or places are not those of the series") from None
    return matched


def _spans(hot: BoolArray, rule: EventRule) -> _Spans:
    """Runs of hot days that are long enough, joined over short gaps. From shape (point, time)."""
    points, days = hot.shape
    apart = np.zeros((points, days + 1), np.int8)  # a cool day parts each place from the next
    apart[:, :days] = hot
    change = np.diff(apart.ravel(), prepend=0)
    first, last = np.flatnonzero(change == 1), np.flatnonzero(change == -1) - 1
    long = last - first + 1 >= rule.shortest
    first, last = first[long], last[long]
    point = first // (days + 1)
    joined = (first[1:] - last[:-1] - 1 <= rule.longest_gap) & (point[1:] == point[:-1])
    opens, closes = np.append(True, ~joined), np.append(~joined, True)
    if not len(first):
        opens = closes = np.zeros(0, bool)
    first, last, point = first[opens], last[closes], point[opens]
    return _Spans(point, first - point * (days + 1), last - point * (days + 1))


def _described(
    spans: _Spans, anomaly: FloatArray, distance: FloatArray, time: Any, units: str
) -> xr.Dataset:
    """Dates, durations, intensities and categories of events. From shape (point, time)."""
    duration = spans.last - spans.first + 1
    event = np.repeat(np.arange(len(duration)), duration)
    begin = np.cumsum(duration) - duration  # where the days of an event begin among all
    day = np.arange(len(event)) - np.repeat(begin, duration) + spans.first[event]
    hot = anomaly[spans.point[event], day]
    # Where threshold and climatology are the same there is no unit to measure severity by.
    apart = distance[spans.point[event], day]
    times = np.divide(hot, apart, out=np.ones_like(hot), where=apart > 0)
    total, largest, severity = (np.zeros(len(duration)) for _ in range(3))
    peak, levels = spans.first.copy(), np.zeros((len(duration), len(CATEGORIES)), np.int64)
    if len(duration):
        total = np.add.reduceat(hot, begin)
        largest = np.maximum.reduceat(hot, begin)
        severity = np.maximum.reduceat(times, begin)
        peak = np.minimum.reduceat(np.where(hot == largest[event], day, len(time)), begin)
        level = np.clip(np.floor(times), 0, len(CATEGORIES)).astype(np.int64)
        np.add.at(levels, (event[level > 0], level[level > 0] - 1), 1)
    category = np.clip(np.floor(severity), 1, len(CATEGORIES)).astype(np.int64)
    degrees = {"units": units, "long_name": "temperature above the climatology"}
    return xr.Dataset(
        {
            "start": ("event", time[spans.first]),
            "peak": ("event", time[peak]),
            "end": ("event", time[spans.last]),
            "duration": ("event", duration, {"long_name": "duration in days"}),
            "intensity_max": ("event", largest, degrees),
            "intensity_mean": ("event", total / duration, degrees),
            "intensity_cumulative": ("event", total, {"units": f"{units} day"}),
            "severity": ("event", severity, {"units": "1"}),
            "category": ("event", category, {"units": "1"}),
            "days_in_category": (("event", "level"), levels, {"units": "1"}),
        },
        {"level": list(CATEGORIES)},
    )


def _places(whole: xr.DataArray, point: IntArray) -> dict[str, Any]:
    """The coordinates of the place of each event."""
    axes = [axis for axis in whole.dims if axis != "time"]
    if not axes:
        return {}
    numbers = np.unravel_index(point, [whole.sizes[axis] for axis in axes])
    chosen = {axis: xr.DataArray(n, dims="event") for axis, n in zip(axes, numbers, strict=True)}
    return {
        str(name): one.isel({axis: n for axis, n in chosen.items() if axis in one.dims}).variable
        for name, one in whole.coords.items()
        if one.dims and "time" not in one.dims
    }
