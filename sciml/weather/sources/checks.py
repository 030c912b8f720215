"""What readers of weather data refuse: times, units and values that would give wrong scores.

Every text says which data, what was expected, what came and what to do; no check changes a value.
"""

# Not strict: xarray types coordinates and attributes as unknown.
# pyright: standard
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sciml.core.errors import BadInput

# By standard name and unit the range outside which a value is not what it is declared to be. The
# ranges of one quantity in two units must not overlap, so that a wrong unit can be told; they are
# chosen well outside all that was ever observed.
LIMITS: dict[str, dict[str, tuple[float, float]]] = {
    "air_temperature": {"K": (140.0, 360.0), "degC": (-133.0, 87.0)},
    "dew_point_temperature": {"K": (140.0, 360.0), "degC": (-133.0, 87.0)},
    "sea_surface_temperature": {"K": (268.0, 320.0), "degC": (-5.0, 47.0)},
    "air_pressure_at_mean_sea_level": {"Pa": (80e3, 115e3), "hPa": (800.0, 1150.0)},
    "surface_air_pressure": {"Pa": (40e3, 115e3), "hPa": (400.0, 1150.0)},
    "precipitation_amount": {"mm": (0.0, 5000.0), "kg m-2": (0.0, 5000.0)},
    "rainfall_rate": {"mm h-1": (0.0, 1000.0)},
    "precipitation_flux": {"mm day-1": (0.0, 5000.0), "kg m-2 s-1": (0.0, 0.3)},
    "wind_speed": {"m s-1": (0.0, 150.0), "kt": (0.0, 250.0)},
}

_NEVER_NEGATIVE = ("precipitation", "rainfall", "wind_speed")


def require_times(times: xr.DataArray, source: str) -> None:
    """Refuse times that are not of the standard calendar, not ascending or not unique.

    Args:
        times: ``datetime64``, shape (time,).
        source: What the reader of the error can look for.

    Raises:
        BadInput: for the first time that is not later than the one before it.
    """
    if times.dtype.kind != "M":
        raise BadInput(
            f"{source}: times must be dates of the standard calendar, got {_kind(times)}; "
            "convert them, for example with data.convert_calendar('standard')"
        )
    values = times.values
    if np.isnat(values).any():
        where = int(np.isnat(values).argmax())
        raise BadInput(f"{source}: time number {where} is missing; leave that sample out")
    back = np.flatnonzero(np.diff(values) <= np.timedelta64(0))
    if back.size:
        before, after = values[back[0]], values[back[0] + 1]
        text = "occurs twice" if before == after else f"comes after {_minute(before)}"
        remedy = "keep one of the two" if before == after else "sort the samples by time"
        raise BadInput(f"{source}: times must ascend, but {_minute(after)} {text}; {remedy}")


def require_regular(times: xr.DataArray, source: str) -> None:
    """Refuse a gap in the calendar: a lead counted in samples would be longer across it.

    Equal steps and the first days of consecutive months are regular.

    Args:
        times: ``datetime64``, ascending, shape (time,).
        source: What the reader of the error can look for.

    Raises:
        BadInput: for the first step of another length, and for times that do not ascend.
    """
    require_times(times, source)
    steps = np.diff(times.values)
    if not steps.size or (steps == steps[0]).all() or _monthly(times.values):
        return
    lengths, counts = np.unique(steps, return_counts=True)
    usual = lengths[counts.argmax()]
    gap = int(np.flatnonzero(steps != usual)[0])
    raise BadInput(
        f"{source}: expected a sample every {_duration(usual)}, but after "
        f"{_minute(times.values[gap])} comes {_minute(times.values[gap + 1])}; fill the gap with "
        "NaN (data.resample or data.reindex), or cut the record there"
    )


def require_plausible(data: xr.DataArray, source: str) -> None:
    """Refuse values that cannot be in the unit they are declared in, negative rain among them.

    Args:
        data: Values with the attributes ``units`` and, to be checked, ``standard_name``; NaN
            passes.
        source: What the reader of the error can look for.

    Raises:
        BadInput: if there is no unit, the unit is none of those in :data:`LIMITS` for this
            quantity, or a value is infinite or outside the limits.
    """
    name = str(data.name or "values")
    units = data.attrs.get("units")
    if not units:
        raise BadInput(f"{source}: variable '{name}' has no attribute units; say in which it is")
    infinite = int(np.isinf(data.values).sum())
    if infinite:
        raise BadInput(f"{source}: variable '{name}' has {infinite} infinite values; mend them")
    quantity = str(data.attrs.get("standard_name", ""))
    known = LIMITS.get(quantity)
    if known is None or not np.isfinite(data.values).any():
        return
    if units not in known:
        raise BadInput(
            f"{source}: variable '{name}' ({quantity}) is in '{units}'; expected "
            f"{' or '.join(known)}: convert it and correct the attribute units"
        )
    low, high = known[units]
    least, most = float(np.nanmin(data.values)), float(np.nanmax(data.values))
    if least < low or most > high:
        raise BadInput(_implausible(data, name, source, quantity, (least, most)))


def _implausible(
    data: xr.DataArray, name: str, source: str, quantity: str, found: tuple[float, float]
) -> str:
    """The text for values outside the limits of their unit, with the unit they may be in."""
    units, (least, most) = data.attrs["units"], found
    start = f"{source}: variable '{name}' ({quantity}, in {units})"
    if least < 0 and any(word in quantity for word in _NEVER_NEGATIVE):
        count = int((data.values < 0).sum())
        values = "1 negative value" if count == 1 else f"{count} negative values"
        where = _place(data, data.values < 0)
        return (
            f"{start} has {values}, the least {least:.6g}, the first {where}; "
            "it cannot be negative: set what is missing to NaN and what is rounding to 0"
        )
    for other, (low, high) in LIMITS[quantity].items():
        if other != units and low <= least and most <= high:
            return (
                f"{start} has values from {least:.6g} to {most:.6g}, which look like {other}; "
                "convert them or correct the attribute units"
            )
    low, high = LIMITS[quantity][units]
    where = _place(data, (data.values < low) | (data.values > high))
    return (
        f"{start} has values from {least:.6g} to {most:.6g}, expected {low:.6g} to {high:.6g}; "
        f"the first outside {where}: mend the value, or set it to NaN if it marks a missing one"
    )


def _place(data: xr.DataArray, chosen: NDArray[np.bool_]) -> str:
    """Where the first chosen value is, in coordinates as far as there are any."""
    words: list[str] = []
    for dim, index in zip(data.dims, np.argwhere(chosen)[0], strict=True):
        value: Any = data[dim].values[index] if dim in data.coords else int(index)
        words.append(f"{dim} {_minute(value) if isinstance(value, np.datetime64) else value}")
    return "at " + ", ".join(words) if words else "alone"


def _monthly(times: NDArray[np.datetime64]) -> bool:
    """Whether the times are the starts of consecutive months."""
    months = times.astype("datetime64[M]")
    starts = bool((times == months.astype(times.dtype)).all())
    return starts and bool((np.diff(months) == np.timedelta64(1, "M")).all())


def _minute(time: np.datetime64) -> str:
    """A time to the minute."""
    return str(time.astype("datetime64[m]"))


def _duration(step: np.timedelta64) -> str:
    """A step in days, hours or minutes."""
    minutes = step / np.timedelta64(1, "m")
    for length, word in ((1440, "days"), (60, "hours")):
        if minutes % length == 0:
            return f"{minutes / length:g} {word}"
    return f"{minutes:g} minutes"


def _kind(times: xr.DataArray) -> str:
    """What stands where dates should."""
    first = times.values.flat[0] if times.size else None
    calendar = getattr(first, "calendar", None)
    return f"calendar '{calendar}'" if calendar else f"values such as {first!r}"
