"""Daily series made whole: times checked, short gaps filled where asked, longer ones named."""

# Not strict: xarray types coordinates and attributes as unknown.
# pyright: standard
from typing import Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sciml.core.axes import BoolArray, FloatArray
from sciml.core.errors import BadInput
from sciml.weather.sources.checks import require_plausible, require_times

Gaps = Literal["refuse", "keep"]


def whole_days(
    series: xr.DataArray, *, longest_filled: int = 0, longer: Gaps = "refuse"
) -> xr.DataArray:
    """A value for each day from the first to the last, short gaps filled by straight lines.

    A day that is not there and a day that is NaN are the same gap. Nothing is filled before the
    first or after the last value of a place.

    Args:
        series: Values with ``units``, an axis ``time`` and any others.
        longest_filled: Days; gaps up to this length are filled. heatwaveR fills 3.
        longer: Whether longer gaps are refused or stay NaN.

    Returns:
        The values at midnight of each day, float64; ``time`` is the first axis.

    Raises:
        BadInput: if there is no axis time, times are missing, not ascending or two on one day, a
            value cannot be in its unit, or a gap is too long; the text names the first gap.
    """
    if "time" not in series.dims or "time" not in series.coords:
        raise BadInput(f"series: expected an axis time with dates, got axes {series.dims}")
    if longest_filled < 0:
        raise BadInput(f"longest_filled: expected 0 days or more, got {longest_filled}")
    source = str(series.name or "series")
    require_times(series["time"], source)
    require_plausible(series, source)
    days = series["time"].values.astype("datetime64[D]")
    twice = np.flatnonzero(np.diff(days) == np.timedelta64(0))
    if twice.size:
        raise BadInput(
            f"{source}: has two values on {days[twice[0]]}; expected daily ones, "
            "take the mean, the highest or the lowest of each day first"
        )
    calendar = np.arange(days[0], days[-1] + 1).astype("datetime64[ns]")
    whole = (
        series.assign_coords(time=days.astype("datetime64[ns]"))
        .transpose("time", ...)
        .astype(np.float64)
        .reindex(time=calendar)
    )
    values = whole.values.reshape(len(calendar), -1)
    if np.isnan(values).any():
        filled = _filled(values, longest_filled)
        if longer == "refuse":
            _refuse_gaps(filled, calendar, source, longest_filled)
        whole = whole.copy(data=filled.reshape(whole.shape))
    return whole


def _filled(values: FloatArray, longest: int) -> FloatArray:
    """Straight lines over the gaps that are short enough. Shape (time, point)."""
    found = values.copy()
    for column in np.flatnonzero(np.isnan(values).any(axis=0)):
        there = np.flatnonzero(~np.isnan(values[:, column]))
        if len(there) < 2:
            continue
        gaps = np.arange(there[0], there[-1] + 1)
        length = np.diff(there)[np.searchsorted(there, gaps[:-1], side="right") - 1] - 1
        short = gaps[:-1][length <= longest]
        found[short, column] = np.interp(short, there, values[there, column])
    return found


def _refuse_gaps(
    values: FloatArray, calendar: NDArray[np.datetime64], source: str, longest: int
) -> None:
    """Name the first gap that is left, if there is one."""
    missing: BoolArray = np.isnan(values)
    if not missing.any():
        return
    start, column = (int(index[0]) for index in np.nonzero(missing))
    after = np.flatnonzero(~missing[start:, column])
    length = int(after[0]) if len(after) else len(values) - start
    first, last = (calendar[i].astype("datetime64[D]") for i in (start, start + length - 1))
    place = f" at place {column}" if values.shape[1] > 1 else ""
    allowed = f"only gaps up to {longest} days are filled" if longest else "no gap is filled"
    raise BadInput(
        f"{source}: {length} days are missing from {first} to {last}{place}, and {allowed}; raise "
        "longest_filled, cut the series there, or keep longer gaps, which then end any event"
    )
