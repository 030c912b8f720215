"""Values of a file of forecasts at stations: units by their many names, and what is refused.

Every error names the column and the line.
"""

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.core.talk import say
from sciml.weather.station_text import StationFile
from sciml.weather.temperatures import FREEZING, PLAUSIBLE, SCALES, implausible, other_scale

Values = Mapping[str, FloatArray]  # by column; each of shape (case,), NaN for gaps

UNKNOWN_UNITS = "1"
RANGES = {"latitude": (-90.0, 90.0), "longitude": (-180.0, 360.0)}  # degrees
_ALIASES = {
    "K": ("k", "kelvin", "kelvins", "degk"),
    "degC": ("c", "°c", "ºc", "℃", "degc", "celsius", "centigrade", "degreec", "degreesc",
             "degcelsius", "degreecelsius", "degreescelsius", "°celsius"),
    "mm": ("mm", "millimetre", "millimetres", "millimeter", "millimeters", "mm/day", "mm/d",
           "mmday-1", "mmd-1", "mmperday", "mm/24h", "kgm-2", "kg/m2", "kg/m^2", "kgm^-2", "l/m2"),
}  # fmt: skip
_TEMPERATURE_LIKE = re.compile(r"cel[cs]i|kelv|fahr|temp|°|º|℃|℉|^f$|^deg(rees?)?[cfk]|centig")
_NOISE = -0.01  # mm; negative rain above it is rounding
_FAR = 100.0  # K; scales lie 273 apart, forecasts and observations less
_SMALL = 60.0  # K; between quartiles of temperatures
_SWITCH = 50.0  # K; by how much the two parts of a column may miss the 273 K between scales
_FEW = 5  # values in the wrong scale; fewer may be extremes of some other quantity
_ZEROS = 0.2  # share of values that are exactly 0 in amounts such as rain
_NEGATIVE = 0.05  # share of negative values up to which they are mistakes in amounts
# Marks of missing values that may be true values of some quantity, such as a pressure in hPa.
_DOUBTFUL_MARKS = (-99.0, -99.9, -99.99, 999.9)
_APART = 0.5  # of the range of all other values; so far off them a doubtful mark is one


def known_units(units: str) -> str:
    """The units by the name under which they are checked.

    Args:
        units: As the user wrote them, such as ``celsius`` or ``mm/day``.

    Returns:
        ``K``, ``degC``, ``mm``, or others as they came, which are not checked.

    Raises:
        BadInput: if they look like those of a temperature and are neither kelvin nor Celsius.
    """
    plain = re.sub(r"[\s_]", "", units).lower()
    for name, aliases in _ALIASES.items():
        if plain in aliases:
            return name
    if _TEMPERATURE_LIKE.search(plain):
        raise BadInput(
            f"data.units: '{units}' is not known; expected K or degC for temperatures: "
            "-o data.units=degC, after converting the columns if they are in another scale"
        )
    return units


def check_temperatures(file: StationFile, values: Values, units: str) -> None:
    """Refuse temperatures that no air has, with the column that is in another scale.

    Args:
        file: The cells.
        values: Observation and members.
        units: ``K`` or ``degC``.

    Raises:
        BadInput: for the first implausible value.
    """
    others = [_scale_of(column, units) for column in values.values()]
    if others[0] is not None and set(others) == {others[0]}:
        raise BadInput(
            f"{file.path}: the values are called {units}, but look like {SCALES[others[0]]}; "
            f"set units to {others[0]}: -o data.units={others[0]}"
        )
    low, high = PLAUSIBLE[units]
    for name, column in values.items():
        wrong = np.flatnonzero((column < low) | (column > high))
        if not wrong.size:
            continue
        other = other_scale(column[wrong], units)
        remedy = "mend it, or leave the cell empty"
        if other:
            remedy = f"{'it looks' if wrong.size == 1 else 'they look'} like {SCALES[other]}: "
            remedy += f"convert to {units}, in which the other values are"
        raise BadInput(
            f"{file.place(int(wrong[0]), name)}: {column[wrong[0]]:g} {units}, expected {low:g} to "
            f"{high:g} {units}, as {wrong.size} of {np.count_nonzero(~np.isnan(column))} values of "
            f"the column are not; {remedy}"
        )


def _scale_of(column: FloatArray, units: str) -> str | None:
    """The scale that most values must be in, if it is not the one they are said to be in."""
    wrong = implausible(column, units)
    most = wrong.size > np.count_nonzero(~np.isnan(column)) / 2
    return other_scale(wrong, units) if most else None


def check_scales(file: StationFile, values: Values) -> None:
    """Refuse columns of which one is in kelvin, another in degrees Celsius, without known units.

    Args:
        file: The cells.
        values: Observation, then members; an observation that is never known passes.

    Raises:
        BadInput: if a column falls into two parts as far apart as the scales, or the median of a
            member is far from that of the observation although both vary little.
    """
    for name, column in values.items():
        _refuse_switch(file, name, column)
    (truth, observed), *members = values.items()
    for name, column in members:
        if np.isnan(column).all() or np.isnan(observed).all():
            continue
        distance = abs(np.nanmedian(column) - np.nanmedian(observed))
        if distance > _FAR and max(_quartiles(column), _quartiles(observed)) < _SMALL:
            raise BadInput(
                f"{file.path}: column '{name}': its median is {np.nanmedian(column):.4g}, that of "
                f"'{truth}' {np.nanmedian(observed):.4g}; are they in K and degC? Convert them to "
                "one unit; if they are right, say the unit: -o data.units=UNITS"
            )


def _refuse_switch(file: StationFile, name: str, column: FloatArray) -> None:
    """Refuse a column some of whose values are 273 above the others."""
    ranked = np.sort(column[~np.isnan(column)])
    if len(ranked) < 2 * _FEW:
        return
    cut = int(np.diff(ranked).argmax()) + 1
    below, above = ranked[:cut], ranked[cut:]
    far = above[0] - below[-1] > _FAR
    apart = abs(np.median(above) - np.median(below) - FREEZING) < _SWITCH
    scales = not (implausible(below, "degC").size or implausible(above, "K").size)
    if not (far and apart and scales and min(len(below), len(above)) >= _FEW):
        return
    high = column >= above[0]
    first = column == column[~np.isnan(column)][0]
    row = int(np.flatnonzero((high != high[first.argmax()]) & ~np.isnan(column))[0])
    raise BadInput(
        f"{file.place(row, name)}: {column[row]:g}, where it was "
        f"{column[first.argmax()]:g} before: {len(above)} values look like kelvin, {len(below)} "
        "like degrees Celsius; convert them to one unit and say it: -o data.units=K"
    )


def _quartiles(column: FloatArray) -> float:
    """The distance of the quartiles."""
    low, high = np.nanquantile(column, [0.25, 0.75])
    return float(high - low)


def check_amounts(file: StationFile, values: Values) -> dict[str, FloatArray]:
    """Amounts of rain, none below zero: rounding is set to 0 and said.

    Args:
        file: The cells.
        values: Observation and members, mm.

    Returns:
        The same with 0 for values between -0.01 mm and 0.

    Raises:
        BadInput: for the first value of -0.01 mm or less.
    """
    settled: dict[str, FloatArray] = {}
    count = 0
    for name, column in values.items():
        wrong = np.flatnonzero(column <= _NOISE)
        if wrong.size:
            raise BadInput(
                f"{file.place(int(wrong[0]), name)}: {wrong.size} values of rain are negative, "
                f"such as {column[wrong[0]]:g} mm; expected amounts of 0 mm and more; leave a cell "
                "empty where the amount is not known"
            )
        count += np.count_nonzero(column < 0)
        settled[name] = np.where(column < 0, 0.0, column)
    if count:
        say(f"{file.path.name}: {count} values between {_NOISE:g} and 0 mm are set to 0")
    return settled


def refuse_negative_amounts(file: StationFile, values: Values) -> None:
    """Refuse a few negative values among many zeros: rain with a mistake, whose units are unknown.

    Args:
        file: The cells.
        values: Observation and members.

    Raises:
        BadInput: for the first negative value.
    """
    table = np.stack(list(values.values()), axis=1)
    known = np.count_nonzero(~np.isnan(table))
    few = 0 < np.count_nonzero(table < 0) <= _NEGATIVE * known
    if not few or np.count_nonzero(table == 0) < _ZEROS * known:
        return
    row, number = np.argwhere(table < 0)[0]
    raise BadInput(
        f"{file.place(int(row), list(values)[number])}: {table[row, number]:g}, one of "
        f"{np.count_nonzero(table < 0)} negative values among {np.count_nonzero(table == 0)} "
        "zeros; if this is rain, mend them and say so with -o data.units=mm, under which rounding "
        "is set to 0; else name the units: -o data.units=UNITS"
    )


def refuse_doubtful_marks(file: StationFile, values: Values) -> None:
    """Refuse -99, -99.9, -99.99 and 999.9 far from all other values, whose units are unknown.

    Args:
        file: The cells.
        values: Observation and members.

    Raises:
        BadInput: for the first such value.
    """
    table = np.stack(list(values.values()), axis=1)
    # Single precision keeps about 7 digits: -99.9 becomes -99.900002.
    marks = np.isclose(table[..., None], _DOUBTFUL_MARKS, rtol=1e-6, atol=0.0).any(axis=-1)
    others = table[~marks & ~np.isnan(table)]
    if not marks.any() or not others.size:
        return
    low, high = others.min(), others.max()
    apart = np.maximum(low - table, table - high) > _APART * (high - low)
    wrong = np.argwhere(marks & apart)
    if not wrong.size:
        return
    row, number = wrong[0]
    raise BadInput(
        f"{file.place(int(row), list(values)[number])}: {table[row, number]:g}, one of "
        f"{len(wrong)} such values, where all others lie from {low:g} to {high:g}; if it stands "
        "for a missing value leave the cell empty, else name the units: -o data.units=UNITS"
    )


def check_places(file: StationFile, places: Values, found: Mapping[str, str]) -> None:
    """Refuse latitudes beyond the poles and longitudes of more than a turn.

    Args:
        file: The cells.
        places: Values by ``latitude``, ``longitude`` and ``elevation``, as far as there are any.
        found: The names of their columns.

    Raises:
        BadInput: for the first value outside.
    """
    for name, (low, high) in RANGES.items():
        if name not in places:
            continue
        wrong = np.flatnonzero((places[name] < low) | (places[name] > high))
        if wrong.size:
            raise BadInput(
                f"{file.place(int(wrong[0]), found[name])}: {wrong.size} values of {name} lie "
                f"outside of {low:g} to {high:g} degrees, such as {places[name][wrong[0]]:g}; "
                "were latitude and longitude exchanged?"
            )


def check_once(file: StationFile, stations: Sequence[str], times: Sequence[np.datetime64]) -> None:
    """Refuse two cases of one station and time.

    Args:
        file: The cells.
        stations: Of each case.
        times: Of each case.

    Raises:
        BadInput: for the first case that was there before, with both lines.
    """
    keys = pd.MultiIndex.from_arrays([np.asarray(stations), np.asarray(times)])
    again = np.flatnonzero(keys.duplicated())
    if not again.size:
        return
    second = int(again[0])
    first = int(np.flatnonzero(keys == keys[second])[0])
    raise BadInput(
        f"{file.path}:{file.line(second)}: {again.size} cases stand twice, the first of station "
        f"'{stations[second]}' at {keys[second][1]} on lines {file.line(first)} and "
        f"{file.line(second)}; keep one lead and one case of each station and time"
    )
