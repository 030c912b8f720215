"""Cells of a file of forecasts at stations as numbers, times, leads and names of stations."""

# Not strict: pandas types what it holds as unknown.
# pyright: standard
import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.weather.station_text import StationFile, as_numbers

ONLY_STATION = "station"  # the name of the station in a file that has none
USUAL_LEAD = 24.0  # h; of a file that says none
# What stands for missing values in other files; from 1e19 on nothing is a measurement.
_MARKS = (-9999.0, -999.0, -999.9, -9999.9, -99999.0, -32768.0, 9999.0)
_LARGEST = 1e19
_COMPACT = re.compile(r"^\d{8}(\d{2})?$")  # 20040131 or 2004013100
_DAY_FIRST = re.compile(r"^\d{1,2}[./-]\d{1,2}[./-]\d{4}")  # 31/01/2018, or 01/31/2018
_LEAD = r"^\s*([0-9.+-]+)\s*(?:{})\s*$"
_HOURS = _LEAD.format("h|hr|hrs|hour|hours")
_DAYS = _LEAD.format("d|day|days")


def numbers(file: StationFile, name: str) -> FloatArray:
    """A column as numbers.

    Args:
        file: The cells.
        name: Of the column.

    Returns:
        Its values, NaN for gaps. Shape (case,).

    Raises:
        BadInput: for the first cell that is no number, infinite, or a mark such as -9999.
    """
    column = file.cells[name]
    values, text = as_numbers(column)
    wrong = np.flatnonzero(text)
    if wrong.size:
        raise BadInput(
            f"{file.place(wrong[0], name)}: expected a number, got '{column.iloc[wrong[0]]}'; "
            "leave a cell empty where the value is not known"
        )
    _refuse_marks(file, name, values)
    return values


def _refuse_marks(file: StationFile, name: str, values: FloatArray) -> None:
    """Refuse infinite values and numbers that stand for missing ones, also in single precision."""
    # Single precision keeps about 7 digits: -999.9 becomes -999.900024.
    marks = np.isclose(values[:, None], _MARKS, rtol=1e-6, atol=0.0).any(axis=1)
    wrong = np.flatnonzero(marks | (np.abs(values) >= _LARGEST))
    if wrong.size:
        count = "" if wrong.size == 1 else f", one of {wrong.size} such values"
        kind = "infinite" if np.isinf(values[wrong[0]]) else "no plausible value"
        raise BadInput(
            f"{file.place(wrong[0], name)}: {file.cells[name].iloc[wrong[0]].strip()} is {kind}"
            f"{count}; if it stands for a missing value leave the cell empty"
        )


def one_lead(
    file: StationFile, column: str | None, asked: float | None
) -> tuple[StationFile, float]:
    """The rows of one lead, and that lead.

    Args:
        file: The cells.
        column: Of the leads in hours, such as 24 or 24h; None: the file has none.
        asked: The lead that is wanted, h; None: the only one there is.

    Returns:
        The rows, and their lead in hours.

    Raises:
        BadInput: if a lead is missing or not above 0, or it is not clear which one is wanted.
    """
    if asked is not None and not (0 < asked < np.inf):
        raise BadInput(
            f"{file.path}: data.lead_hours is {asked:g}, expected the hours from the issue of the "
            "forecasts to the valid time, above 0: -o data.lead_hours=24"
        )
    if column is None:
        return file, USUAL_LEAD if asked is None else asked
    leads = _leads(file, column)
    present = sorted({float(lead) for lead in leads})
    if asked is None and len(present) == 1:
        return file, present[0]
    if asked is None or asked not in present:
        said = ", ".join(f"{lead:g}" for lead in present)
        raise BadInput(
            f"{file.path}: leads of {said} h; choose one of them: -o data.lead_hours=HOURS"
        )
    return file.take(leads == asked), asked


def _leads(file: StationFile, name: str) -> FloatArray:
    """The leads of all rows in hours."""
    text = file.cells[name]
    in_days = text.str.match(_DAYS, case=False).to_numpy()
    plain = text.str.replace(_HOURS, r"\1", regex=True, case=False)
    plain = plain.str.replace(_DAYS, r"\1", regex=True, case=False)
    leads = numbers(file._replace(cells=file.cells.assign(**{name: plain})), name)
    leads = np.where(in_days, 24 * leads, leads)
    wrong = np.flatnonzero(~(leads > 0))
    if wrong.size:
        raise BadInput(
            f"{file.place(wrong[0], name)}: a lead of '{text.iloc[wrong[0]]}' h, expected a number "
            "above 0 in every row, the hours from issue to valid time; remove rows without a lead"
        )
    return leads


def times_of(file: StationFile, name: str) -> list[np.datetime64]:
    """Valid times without time zone, in UTC.

    Args:
        file: The cells.
        name: Of the column.

    Returns:
        The time of each case.

    Raises:
        BadInput: for the first cell that is no time.
    """
    text = file.cells[name].str.strip()
    filled = text[text != ""]
    if filled.str.match(_COMPACT).all():
        form = "%Y%m%d%H"
        times = pd.to_datetime(text.str.ljust(10, "0"), format=form, errors="coerce")
    else:
        times = pd.to_datetime(text, format="ISO8601", errors="coerce", utc=True)
        times = times.dt.tz_localize(None)
    wrong = np.flatnonzero(times.isna().to_numpy())
    if wrong.size:
        cell = text.iloc[wrong[0]]
        hint = "; write the year first, then month and day" if _DAY_FIRST.match(cell) else ""
        raise BadInput(
            f"{file.place(wrong[0], name)}: '{cell}' is not a time; expected "
            f"2004-01-31, 2004-01-31T12:00, 20040131 or 2004013112{hint}"
        )
    return list(times.to_numpy())


def stations_of(file: StationFile, found: Mapping[str, str]) -> list[str]:
    """The station of each row: by name, else by its place, else there is only one.

    Args:
        file: The cells.
        found: The names of the columns.

    Returns:
        The name of each case's station.

    Raises:
        BadInput: for the first row whose station has no name.
    """
    if "station" not in found:
        places = [found[name] for name in ("latitude", "longitude") if name in found]
        if not places:
            return [ONLY_STATION] * len(file.cells)
        return [" ".join(row) for row in zip(*(file.cells[name] for name in places), strict=True)]
    names = [str(name).strip() for name in file.cells[found["station"]]]
    if "" in names:
        raise BadInput(
            f"{file.place(names.index(''), found['station'])}: the name of the station is empty, "
            f"as in {names.count('')} of {len(names)} rows; name it, or remove the row"
        )
    return names
