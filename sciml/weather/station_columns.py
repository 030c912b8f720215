"""Which column of a file of forecasts at stations holds what, and which of them are members."""

# Not strict: pandas types what it holds as unknown.
# pyright: standard
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.core.nearest import nearest
from sciml.core.settings import Settings
from sciml.core.talk import say
from sciml.weather.station_text import UNNAMED, Column, StationFile, as_numbers

NAMES = {
    "observation": ("observation", "observations", "obs", "observed"),
    "time": ("time", "date", "dates", "valid_time", "datetime", "valid"),
    "station": ("station", "stations", "station_id", "site", "id"),
    "latitude": ("latitude", "lat"),
    "longitude": ("longitude", "lon", "lng"),
    "elevation": ("elevation", "altitude", "height", "alt"),
    "lead_hours": ("lead_hours", "lead", "lead_time", "step"),
}
_NO_MEMBERS = frozenset({
    *("index", "row", "number", "year", "month", "day", "hour", "minute", "week", "season"),
    *("doy", "yday", "dayofyear", "weekday", "julianday"),
    *("wmo", "wmoid", "wmonumber", "stationnumber", "stationno", "stationnr", "siteid"),
    *("init", "inittime", "issue", "issued", "issuetime", "referencetime", "cycle", "run"),
    *("qc", "flag", "quality", "qcflag"),
    *("mean", "ensmean", "ensemblemean", "average", "median", "ensmedian", "ensemblemedian"),
    *("sd", "std", "stdev", "stddev", "spread", "variance", "var"),
    *("enssd", "ensstd", "ensspread", "ensvar", "ensvariance"),
    *("ensemblesd", "ensemblestd", "ensemblespread", "ensemblevariance"),
    *("min", "max", "ensmin", "ensmax", "ensemblemin", "ensemblemax"),
})  # fmt: skip
_MARKS = re.compile(r"^(qc|flag)[ _.-]|[ _.-](qc|flag)$", re.IGNORECASE)
_PLAIN = re.compile(r"[ _.-]")
_REPEATS = 10  # so many equal or rising values are no chance
_CHOICE = "-o 'data.columns.members=[NAME, NAME]'"


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


def found_columns(file: StationFile, columns: StationColumns) -> dict[str, str]:
    """The file's name of each quantity that it has.

    Args:
        file: Its cells.
        columns: What the columns are called.

    Returns:
        Names of columns by quantity; observation and time are always there.

    Raises:
        BadInput: if a column that is asked for, or that of the observation or time, is missing, or
            two columns may be the observation.
    """
    lower = {str(name).lower(): str(name) for name in file.cells.columns}
    found: dict[str, str] = {}
    for quantity, usual in NAMES.items():
        asked = getattr(columns, quantity)
        if asked is not None and asked not in file.cells.columns:
            raise BadInput(f"{file.path}: no column '{asked}'; {nearest(asked, lower.values())}")
        present = [lower[one] for one in usual if one in lower]
        if quantity == "observation" and asked is None and len(present) > 1:
            raise BadInput(
                f"{file.path}: columns {' and '.join(present)} may be the observation; "
                "say which: -o data.columns.observation=NAME"
            )
        if asked or present:
            found[quantity] = asked or present[0]
    for quantity in ("observation", "time"):
        if quantity not in found:
            raise BadInput(
                f"{file.path}: no column for the {quantity} among {', '.join(lower.values())}; "
                f"expected one of {', '.join(NAMES[quantity])}, or name it: "
                f"-o data.columns.{quantity}=NAME"
            )
    return found


def member_columns(
    file: StationFile, found: Mapping[str, str], columns: StationColumns
) -> list[str]:
    """The columns of the members: those that are named, or all others that may be forecasts.

    Which columns are taken and which are left out is said.

    Args:
        file: Its cells.
        found: The columns that hold something else, see :func:`found_columns`.
        columns: What the columns are called.

    Returns:
        Names of columns.

    Raises:
        BadInput: if a named column is missing, no column is left, or one of them can be no forecast
            and was not named.
    """
    for name in columns.members:
        if name not in file.cells.columns:
            raise BadInput(f"{file.path}: no column '{name}'; {nearest(name, file.cells.columns)}")
    if columns.members:
        return list(columns.members)
    others = [str(name) for name in file.cells.columns if name not in found.values()]
    numeric = [name for name in others if _mostly_numbers(file.cells[name])]
    members = [name for name in numeric if not _is_known_otherwise(name)]
    gone = [name for name in numeric if name not in members]
    _say_left_out(file, "hold no numbers", sorted(set(others) - set(numeric)))
    _say_left_out(file, f"are no members by their names (else {_CHOICE})", gone)
    if not members:
        known = f"; {', '.join(gone)} must be named to count: {_CHOICE}" if gone else ""
        raise BadInput(
            f"{file.path}: no column of a member; expected one column of numbers for each{known}"
        )
    say(f"{file.path.name}: members ({len(members)}): {', '.join(members)}")
    return members


def refuse_no_forecasts(
    file: StationFile, members: Mapping[str, FloatArray], stations: list[str]
) -> None:
    """Refuse members that were not named and can be no forecasts.

    Args:
        file: Its cells.
        members: Values of each member, NaN for gaps. Each of shape (case,).
        stations: The station of each case.

    Raises:
        BadInput: if the values of a member count the rows, or never change at any station and are
            not zero, as those of a dry month may be.
    """
    for name, values in members.items():
        known = values[~np.isnan(values)]
        if len(known) < _REPEATS:
            continue
        text = ""
        if (known % 1 == 0).all() and (np.diff(known) > 0).all():
            text = "holds whole numbers that rise from row to row, as numbers of rows do"
        elif known.any() and _is_fixed(values, stations):
            text = f"never changes at a station, such as {known[0]:g}"
        if text:
            raise BadInput(
                f"{file.path}: column '{name}' {text}, so that it can be no forecast; "
                f"remove it, or name the columns of the members: {_CHOICE}"
            )


def _say_left_out(file: StationFile, why: str, names: list[str]) -> None:
    """Say which columns are not used."""
    if names:
        say(f"{file.path.name}: columns that {why} are left out: {', '.join(names)}")


def _is_known_otherwise(name: str) -> bool:
    """Whether a name says that the column is something else than a member."""
    lower = name.lower()
    usual = any(lower in names for names in NAMES.values())
    plain = _PLAIN.sub("", lower)
    return usual or plain in _NO_MEMBERS or name.startswith(UNNAMED) or bool(_MARKS.search(name))


def _is_fixed(values: FloatArray, stations: list[str]) -> bool:
    """Whether each station has one value, over repeats enough that this is no chance."""
    groups: Any = pd.Series(values).dropna().groupby(np.asarray(stations)[~np.isnan(values)])
    repeats = int(groups.size().sum()) - groups.ngroups
    return repeats >= _REPEATS and bool((groups.nunique() == 1).all())


def _mostly_numbers(column: Column) -> bool:
    """Whether half of what is not empty are numbers: then the rest are mistakes, to be named."""
    values, wrong = as_numbers(column)
    return bool(np.count_nonzero(~np.isnan(values)) > np.count_nonzero(wrong))
