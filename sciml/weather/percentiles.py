"""What is usual and what is extreme on each day of the year: climatology and percentile threshold.

A sample of a day of the year is all values within a window of days around it, over all years of a
base period; its mean and its percentile are smoothed over the year, which has 366 days: 29 February
is day 60, and in a common year day 59 is followed by day 61.
"""

# Not strict: xarray types coordinates and attributes as unknown.
# pyright: standard
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal, Self

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from pydantic import Field, PositiveInt, model_validator

from sciml.core.axes import FloatArray, IntArray
from sciml.core.errors import BadInput
from sciml.core.settings import Settings
from sciml.weather.daily import Gaps, whole_days

DAYS, LEAP_DAY = 366, 60  # of a leap year; 29 February
_FILLED_DECIMALS = 2  # to which heatwaveR rounds what it fills in for 29 February
_RESULT_DECIMALS = 4  # to which heatwaveR rounds climatology and threshold


class Baseline(Settings):
    """How the climatology and the threshold of each day of the year are estimated.

    The conventions differ in 29 February and in the last digits. In Hobday's, a window goes over
    the days before and after in time, within the base period, and 29 February gets the mean of its
    neighbours' results before smoothing. heatwaveR gives each common year a 29 February of its own,
    the mean of the days beside it rounded to hundredths, lets a window at the end of the year go on
    at its start, and rounds the results to four decimals.

    Source:
        Hobday et al., Prog. Oceanogr. 141 (2016) 227-238; Schlegel & Smit, J. Open Source Softw. 3
        (2018) 821.
    """

    first: date  # of the base period
    last: date  # of the base period; 30 whole years are usual, one is the least
    window: PositiveInt = 11  # days, odd
    percentile: Annotated[float, Field(gt=0, lt=100)] = 90.0
    smoothing: PositiveInt = 31  # days of the running mean over the year, odd; 1 for none
    convention: Literal["Hobday", "heatwaveR"] = "Hobday"

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        """Refuse windows without a middle and periods without a year."""
        for name in ("window", "smoothing"):
            days = getattr(self, name)
            if days % 2 == 0 or days >= DAYS:
                raise ValueError(f"{name}: expected an odd number of days below {DAYS}, got {days}")
        if (self.last - self.first).days < DAYS - 2:
            raise ValueError(
                f"base period: expected a whole year or more, got {self.first} to {self.last}"
            )
        return self


def day_of_leap_year(time: NDArray[np.datetime64]) -> IntArray:
    """The day of the year as in a leap year, so that a number is the same date in all years.

    Args:
        time: Any shape.

    Returns:
        1 to 366; 29 February is 60, and 1 March is 61 in all years. Same shape.
    """
    days = time.astype("datetime64[D]")
    year = days.astype("datetime64[Y]")
    number = (days - year.astype("datetime64[D]")).astype(np.int64) + 1
    length = (year + 1).astype("datetime64[D]") - year.astype("datetime64[D]")
    common = length.astype(np.int64) == DAYS - 1
    return number + (common & (number >= LEAP_DAY))


def climatology_and_threshold(
    series: xr.DataArray, baseline: Baseline, *, longest_filled: int = 0, longer: Gaps = "refuse"
) -> xr.Dataset:
    """What is usual and what is extreme on each day of the year, at each place.

    The percentile interpolates linearly between the values of the sample (type 7 of Hyndman & Fan).
    Nothing outside the base period is used, so that a threshold from training years knows nothing
    of the test.

    Args:
        series: Daily values with ``units``, the axis ``time`` and any others.
        baseline: Period, window, percentile and smoothing.
        longest_filled: Days; see :func:`sciml.weather.daily.whole_days`.
        longer: What to do with longer gaps. Days that stay missing are left out of the samples;
            a place without any value gets NaN.

    Returns:
        ``climatology`` and ``threshold`` in the unit of the series. Shape (dayofyear, ...), the
        days 1 to 366 of :func:`day_of_leap_year`.

    Raises:
        BadInput: if the series does not hold the base period, or see
            :func:`sciml.weather.daily.whole_days`.
    """
    whole = whole_days(series, longest_filled=longest_filled, longer=longer)
    days = whole["time"].values.astype("datetime64[D]")
    first, last = np.datetime64(baseline.first), np.datetime64(baseline.last)
    if first < days[0] or last > days[-1]:
        raise BadInput(
            f"{series.name or 'series'}: runs from {days[0]} to {days[-1]}, which does not hold "
            f"the base period {first} to {last}; choose a period within it or get more days"
        )
    inside = (days >= first) & (days <= last)
    values = whole.values[inside].reshape(int(inside.sum()), -1)
    number = day_of_leap_year(days[inside])
    if baseline.convention == "heatwaveR":
        years = days[inside].astype("datetime64[Y]").astype(np.int64)
        by_day = _of_filled_years(values, number, years - years[0], baseline)
    else:
        by_day = _of_neighbours(values, number, baseline)
    axes = tuple("dayofyear" if axis == "time" else axis for axis in whole.dims)
    shape = (DAYS, *whole.shape[1:])
    kept = {name: whole[name] for name in whole.coords if "time" not in whole[name].dims}
    found = {
        "climatology": (axes, by_day[0].reshape(shape), _meaning(series, "climatology")),
        "threshold": (
            axes,
            by_day[1].reshape(shape),
            _meaning(series, f"{baseline.percentile:g}th percentile"),
        ),
    }
    return xr.Dataset(found, {"dayofyear": np.arange(1, DAYS + 1), **kept})


def _meaning(series: xr.DataArray, what: str) -> dict[str, str]:
    """Attributes of a result: the quantity is that of the series."""
    kept = {key: series.attrs[key] for key in ("units", "standard_name") if key in series.attrs}
    return kept | {"long_name": f"{what} of the day of the year"}


def _of_neighbours(values: FloatArray, number: IntArray, baseline: Baseline) -> FloatArray:
    """Climatology and threshold as Hobday et al. have them. Shape (2, day, point)."""
    half = baseline.window // 2
    offsets = np.arange(-half, half + 1)

    def samples() -> Iterator[tuple[int, FloatArray]]:
        for day in range(1, DAYS + 1):
            if day != LEAP_DAY:
                rows = (np.flatnonzero(number == day)[:, None] + offsets).ravel()
                yield day - 1, values[rows[(rows >= 0) & (rows < len(values))]]

    found = _means_and_percentiles(samples(), values.shape[1], baseline.percentile)
    leap = LEAP_DAY - 1
    found[:, leap] = (found[:, leap - 1] + found[:, leap + 1]) / 2
    return _smoothed(found, baseline.smoothing)


def _of_filled_years(
    values: FloatArray, number: IntArray, year: IntArray, baseline: Baseline
) -> FloatArray:
    """Climatology and threshold as heatwaveR has them. Shape (2, day, point)."""
    table = np.full((DAYS, int(year[-1]) + 1, values.shape[1]), np.nan)
    table[number - 1, year] = values
    leap = LEAP_DAY - 1
    filled = (table[leap - 1] + table[leap + 1]) / 2
    # Rounded from the exact binary value, as R does through long doubles: NumPy's round takes
    # 22.005 for a tie though it is none in binary, and the published digits hang on that.
    exact = [round(value, _FILLED_DECIMALS) for value in filled.ravel().tolist()]
    gap = np.isnan(table[leap])
    table[leap][gap] = np.reshape(exact, filled.shape)[gap]
    half = baseline.window // 2
    windows = (np.arange(DAYS)[:, None] + np.arange(-half, half + 1)) % DAYS
    samples = ((day, table[rows].reshape(-1, values.shape[1])) for day, rows in enumerate(windows))
    found = _means_and_percentiles(samples, values.shape[1], baseline.percentile)
    return np.round(_smoothed(found, baseline.smoothing), _RESULT_DECIMALS)


def _means_and_percentiles(
    samples: Iterator[tuple[int, FloatArray]], points: int, percentile: float
) -> FloatArray:
    """Mean and percentile of the sample of each day. Shape (2, day, point)."""
    found = np.full((2, DAYS, points), np.nan)
    for day, sample in samples:
        missing = np.isnan(sample)
        some = ~missing.all(axis=0)
        if not missing.any():
            found[0, day] = sample.mean(axis=0)
        elif some.any():
            found[0, day, some] = np.nanmean(sample[:, some], axis=0)
        found[1, day] = _percentile(sample, percentile)
    return found


def _percentile(sample: FloatArray, percentile: float) -> FloatArray:
    """Percentile along the first axis, missing values left out; NaN where all are missing.

    A selection in place of a full sort makes it several times faster when nothing is missing.
    """
    count = (~np.isnan(sample)).sum(axis=0)
    place = np.maximum(count - 1, 0) * (percentile / 100)
    below = np.floor(place).astype(np.int64)
    above = np.minimum(below + 1, np.maximum(count - 1, 0))
    across = np.ascontiguousarray(sample.T)
    if (count == len(sample)).all():
        across.partition([int(below[0]), int(above[0])], axis=1)
    else:
        across.sort(axis=1)  # missing values go last
    low, high = (np.take_along_axis(across, i[:, None], axis=1)[:, 0] for i in (below, above))
    return low + (place - below) * (high - low)


def _smoothed(by_day: FloatArray, width: int) -> FloatArray:
    """Running mean over the year, which is a circle. Shape (2, day, point)."""
    half = width // 2
    around = np.concatenate([by_day[:, DAYS - half :], by_day, by_day[:, :half]], axis=1)
    return np.lib.stride_tricks.sliding_window_view(around, width, axis=1).mean(axis=-1)


def on_days(by_day: xr.Dataset, time: xr.DataArray) -> xr.Dataset:
    """Climatology and threshold at times, such as the valid times of forecasts.

    Args:
        by_day: From :func:`climatology_and_threshold`.
        time: ``datetime64`` on any axes, such as (time,) or (time, lead).

    Returns:
        The same variables, on the axes of the times in place of ``dayofyear``.

    Raises:
        BadInput: if a time is missing or is no date of the standard calendar.
    """
    if time.dtype.kind != "M" or bool(time.isnull().any()):
        raise BadInput(f"time: expected dates, none missing, got {time.dtype} values")
    time = time.reset_coords(drop=True)  # the place of a series may be one of several
    days = xr.DataArray(day_of_leap_year(time.values), time.coords, time.dims)
    return by_day.sel(dayofyear=days).drop_vars("dayofyear")


def exceeds(series: xr.DataArray, by_day: xr.Dataset) -> xr.DataArray:
    """Whether each value is above the threshold of its day.

    Args:
        series: Values along ``time``, in the unit of the threshold; a lead is allowed for if there
            is a coordinate ``valid_time``.
        by_day: From :func:`climatology_and_threshold`, at the same places or one for all.

    Returns:
        True above, False at or below and where the value is missing; the axes of the series.

    Raises:
        BadInput: if units or places differ or there is no time.
    """
    named = [name for name in ("valid_time", "time") if name in series.coords]
    if not named:
        raise BadInput("series: expected a coordinate time or valid_time, got none")
    units = [one.attrs.get("units") for one in (series, by_day["threshold"])]
    if units[0] != units[1]:
        raise BadInput(f"series: in '{units[0]}', threshold in '{units[1]}'; convert one of them")
    limit = on_days(by_day, series[named[0]])["threshold"]
    extra = [str(axis) for axis in limit.dims if axis not in series.dims]
    if extra:
        raise BadInput(f"threshold: has axes that the series has not: {', '.join(extra)}")
    try:
        series, limit = xr.align(series, limit, join="exact")
    except ValueError as error:
        raise BadInput(
            f"series: its places are not those of the threshold ({str(error).splitlines()[0]})"
        ) from None
    above = series > limit
    return above.transpose(*series.dims).assign_attrs(long_name="above the threshold of the day")
