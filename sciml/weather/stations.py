"""Ensembles of forecasts at stations: one dataset for all sources, and its reader for CSV files.

A *case* is one forecast of one station for one valid time. The dataset has ``forecast``
(case, member), NaN where a member is missing, ``observation`` (case), NaN where it is unknown, and
the coordinates ``time`` (valid time), ``station``, ``member`` and, where they are known,
``latitude``, ``longitude`` (degrees) and ``elevation`` (m).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from sciml.core.axes import FloatArray, axes
from sciml.core.errors import BadInput
from sciml.core.talk import say
from sciml.weather.amounts import begins_at_zero
from sciml.weather.station_cells import numbers, one_lead, stations_of, times_of
from sciml.weather.station_checks import (
    RANGES,
    UNKNOWN_UNITS,
    Values,
    check_amounts,
    check_once,
    check_places,
    check_scales,
    check_temperatures,
    known_units,
    refuse_doubtful_marks,
    refuse_negative_amounts,
)
from sciml.weather.station_columns import (
    StationColumns,
    found_columns,
    member_columns,
    refuse_no_forecasts,
)
from sciml.weather.station_text import StationFile, read_cells
from sciml.weather.temperatures import PLAUSIBLE

KELVIN_FLOOR = 150.0  # K; the lowest air temperature ever measured is 184 K
_PLACES = ("latitude", "longitude", "elevation")
_STANDARD_NAMES = {"K": "air_temperature", "degC": "air_temperature", "mm": "precipitation_amount"}


class CaseLabels(NamedTuple):
    """Of what a case is."""

    time: Sequence[np.datetime64]  # valid time of each case
    station: Sequence[str]  # of each case
    member: Sequence[str]  # names of the members
    places: Mapping[str, FloatArray] = {}  # latitude, longitude (degrees), elevation (m) of cases


def station_ensemble(
    forecast: FloatArray,
    observation: FloatArray,
    labels: CaseLabels,
    *,
    units: str = "1",
    lead_hours: float,
    title: str = "ensemble of forecasts at stations",
) -> xr.Dataset:
    """A checked station ensemble from arrays.

    Args:
        forecast: What each member said, NaN where it is missing. Shape (case, member).
        observation: What came, NaN where it is unknown. Shape (case,).
        labels: Times, stations, members and places.
        units: Of forecast and observation: ``K``, ``degC``, ``mm``, or others unchecked.
        lead_hours: From the issue of the forecasts to the valid time, h.
        title: What the data are.

    Returns:
        The dataset, see the module; sorted by time, then station.

    Raises:
        BadInput: see :func:`checked_stations`.
    """
    sizes = axes(forecast, "case member", "forecast", member=len(labels.member))
    axes(observation, "case", "observation", case=sizes["case"])
    about = {"units": units}
    if units in _STANDARD_NAMES:
        about["standard_name"] = _STANDARD_NAMES[units]
    coordinates: dict[str, Any] = {
        "time": ("case", pd.DatetimeIndex(np.asarray(labels.time, "datetime64[ns]")).values),
        "station": ("case", np.asarray(labels.station, dtype=str)),
        "member": ("member", np.asarray(labels.member, dtype=str)),
    }
    units_of = {"latitude": "degrees_north", "longitude": "degrees_east", "elevation": "m"}
    for name, values in labels.places.items():
        attributes = {"units": units_of[name], "standard_name": name}
        if name == "elevation":
            attributes["standard_name"] = "surface_altitude"
        coordinates[name] = ("case", np.asarray(values, np.float64), attributes)
    data = xr.Dataset(
        {
            "forecast": (("case", "member"), np.asarray(forecast, np.float64), about),
            "observation": ("case", np.asarray(observation, np.float64), about),
        },
        coordinates,
        {"title": title, "lead_hours": float(lead_hours)},
    )
    return checked_stations(data)


def checked_stations(data: xr.Dataset) -> xr.Dataset:
    """Refuse a station ensemble that would give silent nonsense, and put it in order.

    Args:
        data: A station ensemble.

    Returns:
        The same cases, sorted by time, then station; members without any value are dropped, and
        said so.

    Raises:
        BadInput: if there is no case, no member or no lead; a value is infinite; a station has
            two cases at one time; a place is not on Earth; rain is negative; or temperatures in
            kelvin are those of degrees Celsius.
    """
    forecast, observation = data["forecast"].values, data["observation"].values
    axes(forecast, "case member", "forecast", case=len(observation))
    if not forecast.size:
        raise BadInput(
            f"station ensemble: {forecast.shape[0]} cases of {forecast.shape[1]} members"
        )
    lead = data.attrs.get("lead_hours")
    if lead is None or not float(lead) > 0:
        raise BadInput(
            f"station ensemble: attrs['lead_hours'] is {lead}, expected a number above 0, the "
            "hours from the issue of the forecasts to the valid time"
        )
    for name, values in (("forecast", forecast), ("observation", observation)):
        _check_values(name, values, str(data["observation"].attrs.get("units", "1")))
    empty = np.isnan(forecast).all(axis=0)
    if empty.all():
        raise BadInput("station ensemble: no member has a single value")
    if empty.any():
        gone = ", ".join(data["member"].values[empty])
        say(f"station ensemble: members without any value are left out: {gone}")
        data = data.isel(member=~empty)
    _check_places(data)
    _check_once(data)
    return data.isel(case=np.lexsort([data["station"].values, data["time"].values]))


def _check_values(name: str, values: FloatArray, units: str) -> None:
    """Refuse infinite numbers, negative rain and degrees Celsius that are called kelvin."""
    if np.isinf(values).any():
        raise BadInput(f"{name}: {int(np.isinf(values).sum())} infinite values; NaN marks a gap")
    known = values[np.isfinite(values)]
    if units == "mm" and (known < 0).any():
        raise BadInput(
            f"{name}: {int((known < 0).sum())} values of rain are negative, such as "
            f"{known.min():g} mm; expected amounts of 0 mm and more, NaN where unknown"
        )
    if units == "K" and known.size and np.median(known) < KELVIN_FLOOR:
        raise BadInput(
            f"{name}: the median is {np.median(known):.1f} K, colder than any air on Earth; "
            "these look like degrees Celsius: set units to degC, or add 273.15"
        )


def _check_places(data: xr.Dataset) -> None:
    """Refuse latitudes beyond the poles and longitudes of more than a turn."""
    for name, (low, high) in RANGES.items():
        if name not in data.coords:
            continue
        values = data[name].values
        wrong = (values < low) | (values > high)
        if wrong.any():
            raise BadInput(
                f"station ensemble: {int(wrong.sum())} values of {name} lie outside of {low:g} to "
                f"{high:g} degrees, the first of station '{data['station'].values[wrong][0]}': "
                f"{values[wrong][0]:g}; were latitude and longitude exchanged?"
            )


def _check_once(data: xr.Dataset) -> None:
    """Refuse two cases of one station and time."""
    keys = pd.MultiIndex.from_arrays([data["station"].values, data["time"].values])
    if keys.duplicated().any():
        station, time = keys[keys.duplicated()][0]
        raise BadInput(
            f"station ensemble: {int(keys.duplicated().sum())} cases stand twice, the first of "
            f"station '{station}' at {time}; keep one lead and one case of each station and time"
        )


def read_stations_csv(
    path: Path,
    columns: StationColumns | None = None,
    *,
    units: str = UNKNOWN_UNITS,
    lead_hours: float | None = None,
) -> xr.Dataset:
    """A station ensemble from a CSV file with a row for each case.

    Columns are separated by commas, semicolons or tabs; which of them are members, and whether the
    values are taken as amounts that begin at zero, is said.

    Args:
        path: The file, plain or compressed; needs columns of the observation, the valid time and
            at least one member.
        columns: What the columns are called.
        units: Of forecasts and observations, also by other names such as ``celsius``; see
            :func:`station_ensemble`.
        lead_hours: From issue to valid time, h; None: from the file's column, else 24. Of a file
            with several leads, those rows are read.

    Returns:
        The station ensemble.

    Raises:
        BadInput: if the file or a column is missing, a time or number cannot be read, a column can
            be no forecast, or the values make no sense; see :func:`checked_stations`.
    """
    units, columns = known_units(units), columns or StationColumns()
    file = read_cells(path)
    found = found_columns(file, columns)
    file, lead_hours = one_lead(file, found.get("lead_hours"), lead_hours)
    members = member_columns(file, found, columns)
    labels = _labels(file, found, members)
    values = {name: numbers(file, name) for name in (found["observation"], *members)}
    if not columns.members:
        forecasts = {name: values[name] for name in members}
        refuse_no_forecasts(file, forecasts, list(labels.station))
    values = _checked_values(file, values, units)
    try:
        data = station_ensemble(
            np.stack([values[name] for name in members], axis=1),
            values[found["observation"]],
            labels,
            units=units,
            lead_hours=lead_hours,
            title=f"forecasts and observations of {path.name}",
        )
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from None
    _say_kind(data, path)
    return data


def _labels(file: StationFile, found: Mapping[str, str], members: Sequence[str]) -> CaseLabels:
    """Of what the cases of a file are, each once and on Earth."""
    times, stations = times_of(file, found["time"]), stations_of(file, found)
    places = {name: numbers(file, found[name]) for name in _PLACES if name in found}
    check_places(file, places, found)
    check_once(file, stations, times)
    return CaseLabels(times, stations, members, places)


def _checked_values(file: StationFile, values: Values, units: str) -> Values:
    """Observation and members, once they are possible in their units."""
    if units in PLAUSIBLE:
        check_temperatures(file, values, units)
    elif units == "mm":
        return check_amounts(file, values)
    elif units == UNKNOWN_UNITS:
        refuse_doubtful_marks(file, values)
        check_scales(file, values)
        refuse_negative_amounts(file, values)
    return values


def _say_kind(data: xr.Dataset, path: Path) -> None:
    """Say whether the values are taken as amounts or as values that may be negative."""
    kind = "values that may be negative, as temperatures are"
    if begins_at_zero(data):
        kind = "amounts that begin at zero, as rain is"
    units = str(data["observation"].attrs["units"])
    said = f"in {units}"
    if units == UNKNOWN_UNITS:
        said = "units are not given; name them with -o data.units=K, degC, mm or others"
    say(f"{path.name}: taken as {kind} ({said})")
