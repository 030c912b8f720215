"""Forecasts of fields: the contract that every forecaster obeys, and the checks at its door.

Persistence, regressions, analogs, networks and mixtures all obey it, so that any of them can be a
baseline, an expert or a part of a mixture: ``fit(train)`` once, then ``predict(inputs, leads)``.
"""

import itertools
import re
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sciml.core.axes import FloatArray, IntArray, axes
from sciml.core.errors import BadInput
from sciml.weather.temperatures import PLAUSIBLE, SCALES, implausible, other_scale

DIMENSIONS = ("time", "lat", "lon")

_ISSUED = ("time", "lead", "lat", "lon")
# What is in kelvin without being the temperature of air or sea.
_NOT_OF_AIR = re.compile("anomal|difference|deviation|potential|error|bias|trend", re.IGNORECASE)


class FieldForecaster(Protocol):
    """What every forecaster of fields can do."""

    name: str

    def fit(self, train: xr.DataArray) -> dict[str, float]:
        """Learn from a field; returns numbers for the record.

        Args:
            train: A field as :func:`check_field` demands it, left as it is. Whole steps may be
                missing, such as years that are held out: no pair of history and future straddles
                a gap.
        """
        ...

    def predict(self, inputs: xr.DataArray, leads: Sequence[int]) -> xr.Dataset:
        """Forecast from each time at which there is enough history.

        The forecast that is issued at t depends on ``inputs`` up to t and on nothing else.

        Args:
            inputs: A field on the grid and with the step of the training field, without gaps.
            leads: Steps ahead.

        Returns:
            ``forecast`` (time, lead, lat, lon) in the units of the field, the mean where the
            forecast is probabilistic; ``time`` is when it is issued, ``lead`` counts steps.
            ``standard_deviation`` of the same shape and ``members``
            (time, lead, member, lat, lon) where the forecaster has them.
        """
        ...


def check_field(
    field: xr.DataArray, name: str = "field", *, gaps: bool = False, step: Any = None
) -> xr.DataArray:
    """The field itself, once it is known to be one.

    Args:
        field: Dims (time, lat, lon), with ascending ``datetime64`` times, latitudes and
            longitudes, the latter within -180 and 180 degrees; finite values.
        name: What the caller calls it, for the error text.
        gaps: Whether whole steps may be missing.
        step: The time step that it must have, a single time is then enough; None: the smallest
            that occurs.

    Returns:
        The field in float64.

    Raises:
        BadInput: if dimensions or their order differ, an axis is too short or does not ascend,
            longitudes leave -180..180, times are irregular, a value is not finite, or
            temperatures by their units, unless they are called anomalies, are none of air or sea.
    """
    if field.dims != DIMENSIONS:
        raise BadInput(
            f"{name}: expected dims {DIMENSIONS}, got {field.dims}; "
            "rename and transpose them, and drop levels and members"
        )
    for axis in DIMENSIONS:
        _check_axis(field, axis, name, shortest=1 if axis == "time" and step is not None else 2)
    if field["lon"].values[0] < -180 or field["lon"].values[-1] > 180:
        raise BadInput(
            f"{name}: longitudes run from {field['lon'].values[0]:g} to "
            f"{field['lon'].values[-1]:g}, expected -180..180; "
            "shift them with `(lon + 180) % 360 - 180` and sort"
        )
    if np.abs(field["lat"].values).max() > 90:
        raise BadInput(f"{name}: latitudes leave -90..90 degrees")
    _check_times(field["time"].values, name, gaps, step)
    bad = int(np.count_nonzero(~np.isfinite(field.values)))
    if bad:
        raise BadInput(
            f"{name}: {bad} of {field.size} values are not finite; "
            "fill them or leave out the times that have them"
        )
    _check_temperatures(field, name)
    return field.astype(np.float64)


def _check_axis(field: xr.DataArray, axis: str, name: str, shortest: int) -> None:
    """A coordinate must be there, be long enough, and ascend."""
    if axis not in field.coords:
        raise BadInput(f"{name}: axis '{axis}' has no coordinate values; assign them")
    values = field[axis].values
    if axis == "time" and not np.issubdtype(values.dtype, np.datetime64):
        raise BadInput(f"{name}: times must be datetime64, got {values.dtype}; decode them first")
    if len(values) < shortest:
        raise BadInput(
            f"{name}: axis '{axis}' has {len(values)} value(s), expected {shortest} at least"
        )
    # `not all(later > earlier)` also refuses NaN and NaT.
    if not np.all(values[1:] > values[:-1]):
        raise BadInput(f"{name}: axis '{axis}' must ascend without repeats; sort and drop repeats")


def _check_temperatures(field: xr.DataArray, name: str) -> None:
    """Temperatures must be possible in their units, unless they are differences."""
    units = str(field.attrs.get("units", ""))
    called = " ".join(str(field.attrs.get(key, "")) for key in ("standard_name", "long_name"))
    if units not in PLAUSIBLE or _NOT_OF_AIR.search(f"{called} {field.name}"):
        return
    wrong = implausible(field.values, units)
    if not wrong.size:
        return
    (low, high), other = PLAUSIBLE[units], other_scale(wrong, units)
    remedy = (
        f"these look like {SCALES[other]}: correct attrs['units'] or convert; " if other else ""
    )
    raise BadInput(
        f"{name}: {wrong.size} of {field.size} temperatures lie outside of {low:g} to {high:g} "
        f"{units}, such as {wrong[0]:g}; {remedy}a field of anomalies must say so in "
        "attrs['standard_name'], such as air_temperature_anomaly"
    )


def _check_times(times: NDArray[Any], name: str, gaps: bool, step: Any) -> None:
    """All steps must be the same, or whole multiples where gaps are allowed."""
    expected = step_of(times) if step is None else step
    steps = np.diff(times) / expected
    odd = np.flatnonzero((steps % 1 != 0) if gaps else (steps != 1))
    if len(odd):
        hour = np.timedelta64(1, "h")
        before, after = times[odd[0]], times[odd[0] + 1]
        raise BadInput(
            f"{name}: times are not regular: {before} is followed by {after}, "
            f"{(after - before) / hour:g} hours later, expected a step of {expected / hour:g} "
            "hours; fill the gap or pass each stretch by itself"
        )


def step_of(times: NDArray[Any]) -> np.timedelta64:
    """The time step: the smallest distance of neighbouring times.

    Args:
        times: Ascending times, shape (time,), two at least.

    Returns:
        The step.
    """
    return np.diff(times).min()


def whole_windows(times: NDArray[Any], history: int, ahead: int) -> IntArray:
    """Where a forecast can be issued so that its whole history and future are in the record.

    Args:
        times: Ascending times whose steps are whole multiples of the smallest, shape (time,).
        history: Steps of history, the present one included.
        ahead: Steps of future.

    Returns:
        Positions of the times of issue, such that the ``history`` steps up to each and the
        ``ahead`` steps after it are there without a gap. Shape (issue,).
    """
    clock = np.round((times - times[0]) / step_of(times)).astype(np.int64)
    issues = np.arange(history - 1, len(times) - ahead)
    span = clock[issues + ahead] - clock[issues - history + 1]
    return issues[span == history - 1 + ahead]


def stretches(field: xr.DataArray, shortest: int = 1) -> list[xr.DataArray]:
    """The parts of a field between its gaps.

    Args:
        field: A checked field in which whole steps may be missing.
        shortest: Parts with fewer times are left out.

    Returns:
        Parts without gaps, in order of time.
    """
    times = field["time"].values
    breaks = np.flatnonzero(np.diff(times) != step_of(times)) + 1
    edges = [0, *breaks.tolist(), len(times)]
    return [
        field[start:stop]
        for start, stop in itertools.pairwise(edges)
        if stop - start >= max(shortest, 1)
    ]


class Grid(NamedTuple):
    """What a forecaster remembers of its training field, to refuse others."""

    lat: FloatArray
    lon: FloatArray
    step: np.timedelta64
    units: str

    @classmethod
    def of(cls, field: xr.DataArray) -> "Grid":
        """The grid of a checked field."""
        return cls(
            np.asarray(field["lat"].values, np.float64),
            np.asarray(field["lon"].values, np.float64),
            step_of(field["time"].values),
            str(field.attrs.get("units", "")),
        )

    def check(self, inputs: xr.DataArray, name: str = "inputs", history: int = 1) -> xr.DataArray:
        """A field to forecast from, once it is known to fit what was learnt.

        Args:
            inputs: The field.
            name: What the caller calls it.
            history: Steps of history that a forecast needs.

        Returns:
            The field in float64.

        Raises:
            BadInput: if it is no field, or grid, step or units differ, or it is too short.
        """
        if "time" in inputs.dims and inputs.sizes["time"] < max(history, 1):
            raise BadInput(
                f"{name}: {inputs.sizes['time']} time(s), a forecast needs {history} of history"
            )
        units = str(inputs.attrs.get("units", self.units))
        if units != self.units:
            raise BadInput(
                f"{name}: in '{units}', trained in '{self.units}'; convert and set attrs['units']"
            )
        checked = check_field(inputs, name, step=self.step)
        for axis, expected in (("lat", self.lat), ("lon", self.lon)):
            values = checked[axis].values
            if len(values) != len(expected) or not np.allclose(values, expected):
                raise BadInput(
                    f"{name}: {axis} differs from the training field's "
                    f"({len(expected)} values from {expected[0]:g} to {expected[-1]:g}); "
                    "interpolate to the grid of training"
                )
        return checked


def check_leads(leads: Sequence[int], fitted: Sequence[int], name: str) -> tuple[int, ...]:
    """The leads asked for, once they are known to be among those fitted.

    Args:
        leads: Steps ahead, asked for.
        fitted: Steps ahead that the forecaster was made for.
        name: Of the forecaster, for the error text.

    Returns:
        The leads as integers.

    Raises:
        BadInput: if there are none, one is below 1, or one was not fitted.
    """
    asked = tuple(int(lead) for lead in leads)
    if not asked or min(asked) < 1:
        raise BadInput(f"{name}: leads are steps ahead from 1 on, got {list(leads)}")
    unknown = sorted(set(asked) - set(fitted))
    if unknown:
        raise BadInput(f"{name}: fitted for leads {tuple(fitted)}, asked for {unknown}")
    return asked


def field_forecast_dataset(
    values: FloatArray,
    inputs: xr.DataArray,
    leads: Sequence[int],
    *,
    standard_deviation: FloatArray | None = None,
    members: FloatArray | None = None,
    step: np.timedelta64 | None = None,
) -> xr.Dataset:
    """The answer of a forecaster.

    Args:
        values: Forecasts, issued at the last times of ``inputs``. Shape (time, lead, lat, lon).
        inputs: What they were made from: gives times, grid and units.
        leads: Steps ahead.
        standard_deviation: Of the forecasts, same shape, in their units.
        members: Equally likely outcomes, shape (time, lead, member, lat, lon).
        step: The time step, where ``inputs`` holds a single time.

    Returns:
        A dataset as :class:`FieldForecaster` describes it; ``attrs["step_hours"]`` holds the
        length of a step.
    """
    sizes = {"lead": len(leads), "lat": inputs.sizes["lat"], "lon": inputs.sizes["lon"]}
    issued = axes(values, "time lead lat lon", "forecast", **sizes)["time"]
    times = inputs["time"].values
    coordinates = {
        "time": times[len(times) - issued :],
        "lead": np.asarray(leads, np.int64),
        "lat": inputs["lat"],
        "lon": inputs["lon"],
    }
    kept = {k: v for k, v in inputs.attrs.items() if k in ("units", "standard_name", "long_name")}
    data = xr.Dataset({"forecast": (_ISSUED, values, kept)}, coordinates)
    if standard_deviation is not None:
        axes(standard_deviation, "time lead lat lon", "standard_deviation", time=issued, **sizes)
        units = {"units": kept["units"]} if "units" in kept else {}
        data["standard_deviation"] = (_ISSUED, standard_deviation, units)
    if members is not None:
        axes(members, "time lead member lat lon", "members", time=issued, **sizes)
        data["members"] = (("time", "lead", "member", "lat", "lon"), members, kept)
    data["time"].attrs = {"long_name": "time of issue", "standard_name": "forecast_reference_time"}
    data["lead"].attrs = {"long_name": "steps ahead"}
    length = step_of(times) if step is None else step
    data.attrs["step_hours"] = float(length / np.timedelta64(1, "s")) / 3600
    return data


def step_of_forecast(forecast: xr.Dataset) -> np.timedelta64:
    """The length of a step of a forecast.

    Args:
        forecast: From :func:`field_forecast_dataset`.

    Returns:
        The step, to the second.
    """
    return np.timedelta64(round(3600 * forecast.attrs["step_hours"]), "s")
