"""Ensembles of forecasts at stations: one dataset for all sources, and its reader for CSV files.

A *case* is one forecast of one station for one valid time. The dataset has ``forecast``
(case, member), NaN where a member is missing, ``observation`` (case), NaN where it is unknown, and
the coordinates ``time`` (valid time), ``station``, ``member`` and, where they are known,
``latitude``, ``longitude`` (degrees) and ``elevation`` (m).
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from sciml.core.axes import FloatArray, axes
from sciml.core.errors import BadInput
from sciml.core.nearest import nearest
from sciml.core.settings import Settings
from sciml.core.talk import say

Table = Any  # a table of pandas, whose types are known in part only
Column = Any  # of such a table

ONLY_STATION = "station"  # the name of the station in a file that has none
KELVIN_FLOOR = 150.0  # K; the lowest air temperature ever measured is 184 K
_RANGES = {"latitude": (-90.0, 90.0), "longitude": (-180.0, 360.0)}  # degrees
_PLACES = ("latitude", "longitude", "elevation")
_NAMES = {
    "observation": ("observation", "observations", "obs", "observed"),
    "time": ("time", "date", "dates", "valid_time", "datetime", "valid"),
    "station": ("station", "stations", "station_id", "site", "id"),
    "latitude": ("latitude", "lat"),
    "longitude": ("longitude", "lon", "lng"),
    "elevation": ("elevation", "altitude", "height", "alt"),
    "lead_hours": ("lead_hours", "lead", "lead_time", "step"),
}
_COMPACT = re.compile(r"^\d{8}(\d{2})?$")  # 20040131 or 2004013100
_STANDARD_NAMES = {"K": "air_temperature", "degC": "air_temperature", "mm": "precipitation_amount"}


class StationColumns(Settings):
    """What the columns of a CSV file are called; None: found by one of the usual names."""

    observation: str | None = None
    time: str | None = None  # ISO 8601, or 20040131 and 2004013100
    station: str | None = None  # absent: stations are told apart by their places, if those differ
    latitude: str | None = None
    longitude: str | None = None
    elevation: str | None = None
    lead_hours: str | None = None
    members: tuple[str, ...] = ()  # none: every other column that holds numbers


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
    if not float(data.attrs.get("lead_hours", 0)) > 0:
        raise BadInput("station ensemble: lead_hours must be a number above 0, the hours ahead")
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
    for name, (low, high) in _RANGES.items():
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
    units: str = "1",
    lead_hours: float | None = None,
) -> xr.Dataset:
    """A station ensemble from a CSV file with a row for each case.

    Args:
        path: The file, plain or compressed; needs columns of the observation, the valid time and
            at least one member.
        columns: What the columns are called.
        units: Of forecasts and observations; see :func:`station_ensemble`.
        lead_hours: From issue to valid time, h; None: from the file's column, else 24. Of a file
            with several leads, those rows are read.

    Returns:
        The station ensemble.

    Raises:
        BadInput: if the file or a column is missing, a time or number cannot be read, or the
            values make no sense; see :func:`checked_stations`.
    """
    table = _read_table(path)
    found = _found_columns(table, columns or StationColumns(), path)
    table, lead_hours = _one_lead(table, found.get("lead_hours"), lead_hours, path)
    members = _members(table, found, columns or StationColumns(), path)
    labels = CaseLabels(
        _times(table[found["time"]], path),
        _stations(table, found),
        members,
        {name: _numbers(table, found[name], path) for name in _PLACES if name in found},
    )
    return station_ensemble(
        np.stack([_numbers(table, name, path) for name in members], axis=1),
        _numbers(table, found["observation"], path),
        labels,
        units=units,
        lead_hours=lead_hours,
        title=f"forecasts and observations of {path.name}",
    )


def _read_table(path: Path) -> Table:
    """All cells as text, so that each can be named when it is wrong."""
    if not path.is_file():
        raise BadInput(f"{path}: no such file; expected a CSV file of forecasts and observations")
    try:
        table = pd.read_csv(path, dtype=str, skipinitialspace=True, keep_default_na=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: not a CSV file: {error}") from None
    table.columns = table.columns.str.strip()
    if table.empty:
        raise BadInput(f"{path}: no rows below the header")
    return table


def _found_columns(table: Table, columns: StationColumns, path: Path) -> dict[str, str]:
    """The file's name of each quantity that it has."""
    lower = {str(name).lower(): str(name) for name in table.columns}
    found: dict[str, str] = {}
    for quantity, usual in _NAMES.items():
        asked = getattr(columns, quantity)
        if asked is not None and asked not in table.columns:
            raise BadInput(f"{path}: no column '{asked}'; {nearest(asked, table.columns)}")
        name = asked or next((lower[one] for one in usual if one in lower), None)
        if name is not None:
            found[quantity] = name
    for quantity in ("observation", "time"):
        if quantity not in found:
            raise BadInput(
                f"{path}: no column for the {quantity} among {', '.join(table.columns)}; "
                f"expected one of {', '.join(_NAMES[quantity])}, or name it: "
                f"-o data.columns.{quantity}=NAME"
            )
    return found


def _one_lead(
    table: Table, column: str | None, asked: float | None, path: Path
) -> tuple[Table, float]:
    """The rows of one lead, and that lead in hours."""
    if column is None:
        return table, 24.0 if asked is None else asked
    leads = _numbers(table, column, path)
    if np.isnan(leads).any():
        raise BadInput(f"{path}: column '{column}' has gaps; every row needs its lead in hours")
    present = sorted({float(lead) for lead in leads})
    if asked is None and len(present) == 1:
        return table, present[0]
    if asked is None or asked not in present:
        said = ", ".join(f"{lead:g}" for lead in present)
        raise BadInput(f"{path}: leads of {said} h; choose one of them: -o data.lead_hours=HOURS")
    return table[leads == asked], asked


def _members(
    table: Table, found: Mapping[str, str], columns: StationColumns, path: Path
) -> list[str]:
    """The columns of the members: those that are named, or all others that hold numbers."""
    for name in columns.members:
        if name not in table.columns:
            raise BadInput(f"{path}: no column '{name}'; {nearest(name, table.columns)}")
    if columns.members:
        return list(columns.members)
    others = [str(name) for name in table.columns if name not in found.values()]
    numeric = [name for name in others if _mostly_numbers(table[name])]
    text = sorted(set(others) - set(numeric))
    if text:
        say(f"{path.name}: columns that hold no numbers are left out: {', '.join(text)}")
    if not numeric:
        raise BadInput(f"{path}: no column of a member; expected one column of numbers for each")
    return numeric


def _stations(table: Table, found: Mapping[str, str]) -> list[str]:
    """The station of each row: by name, else by its place, else there is only one."""
    if "station" not in found:
        places = [found[name] for name in _PLACES[:2] if name in found]
        if not places:
            return [ONLY_STATION] * len(table)
        return [" ".join(row) for row in zip(*(table[name] for name in places), strict=True)]
    return [str(name).strip() for name in table[found["station"]]]


def _mostly_numbers(column: Column) -> bool:
    """Whether half of what is not empty are numbers: then the rest are mistakes, to be named."""
    filled: Any = pd.to_numeric(column[~_gap(column)], errors="coerce")
    return bool(filled.notna().mean() > 0.5)


def _gap(column: Column) -> Column:
    """Where a column says that it has no value."""
    return column.str.strip().str.lower().isin(["", "na", "nan", "null", "none", "-"])


def _numbers(table: Table, name: str, path: Path) -> FloatArray:
    """A column as numbers, NaN for gaps."""
    column = table[name]
    values: Any = pd.to_numeric(column, errors="coerce")
    wrong = values.isna() & ~_gap(column)
    if wrong.any():
        row = int(np.flatnonzero(wrong.to_numpy())[0])
        line = int(table.index[row]) + 2
        raise BadInput(
            f"{path}:{line}: column '{name}': expected a number, got '{column.iloc[row]}'; "
            "leave a cell empty where the value is not known"
        )
    return values.to_numpy(np.float64)


def _times(column: Column, path: Path) -> list[np.datetime64]:
    """Valid times without time zone, in UTC."""
    text = column.str.strip()
    if text.str.match(_COMPACT).all():
        form = "%Y%m%d%H"
        times = pd.to_datetime(text.str.ljust(10, "0"), format=form, errors="coerce")
    else:
        times = pd.to_datetime(text, format="ISO8601", errors="coerce", utc=True)
        times = times.dt.tz_localize(None)
    if times.isna().any():
        row = int(np.flatnonzero(times.isna().to_numpy())[0])
        raise BadInput(
            f"{path}:{int(column.index[row]) + 2}: '{column.iloc[row]}' is not a time; expected "
            "2004-01-31, 2004-01-31T12:00, 20040131 or 2004013112"
        )
    return list(times.to_numpy())
