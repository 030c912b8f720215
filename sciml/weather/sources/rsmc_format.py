"""Best tracks in the fixed columns of RSMC Tokyo, read strictly: no line is guessed or skipped.

A storm is a header line, which says how many lines follow, and one line for each position. Source
of the columns: RSMC Tokyo - Typhoon Center, "Format of RSMC Best Track Data",
https://www.jma.go.jp/jma/jma-eng/jma-center/rsmc-hp-pub-eg/Besttracks/e_format_bst.html.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from sciml.core.errors import BadInput

HEADER_MARK = "66666"
POSITION_MARK = "002"
GRADES = {2, 3, 4, 5, 6, 7, 9}  # 1 and 8 are not used
CENTURY_TURN = 51  # the record begins in 1951: year 51 is 1951, year 50 is 2050

MISSING = float("nan")


class Position(NamedTuple):
    """A storm at one time; numbers that the line leaves blank are NaN."""

    storm: str
    name: str
    time: np.datetime64
    grade: int
    lat: float  # degrees north
    lon: float  # degrees east, as given: beyond 180 east of the date line
    pressure: float  # hPa
    wind: float  # kt, mean of 10 minutes
    direction_50kt: float  # of the longest radius: 1 NE to 8 N, 9 a circle, 0 no such wind
    longest_50kt: float  # n mi
    shortest_50kt: float
    direction_30kt: float
    longest_30kt: float
    shortest_30kt: float
    landfall: bool  # the line marks a landfall in Japan or a passage over it


class _Field(NamedTuple):
    """A field of a line: its columns, counted from 0, and how it must look."""

    name: str
    start: int
    stop: int
    pattern: str


_BLANK = "|[ ]*"
_HEADER = (
    _Field("indicator", 0, 5, HEADER_MARK),
    _Field("storm number", 6, 10, r"\d{4}"),
    _Field("number of lines", 12, 15, r"[ \d]{2}\d"),
    _Field("cyclone number", 16, 20, rf"\d{{4}}{_BLANK}"),
    _Field("storm number, again", 21, 25, rf"\d{{4}}{_BLANK}"),
    _Field("flag of the last line", 26, 27, rf"\d{_BLANK}"),
    _Field("hours to the last analysis", 28, 29, rf"\d{_BLANK}"),
    _Field("name", 30, 50, r"[^\t]*"),
    _Field("date of revision", 64, 72, rf"\d{{8}}{_BLANK}"),
)
_POSITION = (
    _Field("time", 0, 8, r"\d{8}"),
    _Field("indicator", 9, 12, POSITION_MARK),
    _Field("grade", 13, 14, r"\d"),
    _Field("latitude", 15, 18, r"[ ]*\d+"),
    _Field("longitude", 19, 23, r"[ ]*\d+"),
    _Field("pressure", 24, 28, r"[ ]*\d+"),
    _Field("wind", 33, 36, rf"\d{{3}}{_BLANK}"),
    _Field("direction of 50 kt", 41, 42, rf"\d{_BLANK}"),
    _Field("longest radius of 50 kt", 42, 46, rf"\d{{4}}{_BLANK}"),
    _Field("shortest radius of 50 kt", 47, 51, rf"\d{{4}}{_BLANK}"),
    _Field("direction of 30 kt", 52, 53, rf"\d{_BLANK}"),
    _Field("longest radius of 30 kt", 53, 57, rf"\d{{4}}{_BLANK}"),
    _Field("shortest radius of 30 kt", 58, 62, rf"\d{{4}}{_BLANK}"),
    _Field("landfall", 71, 72, "#|[ ]?"),
)


class _Storm(NamedTuple):
    """What a header says."""

    number: str
    name: str
    lines: int


def rsmc_positions(text: str, source: str) -> list[Position]:
    """Every position of a best-track text, in the order of the text.

    Args:
        text: The content of a file, with any kind of line ends.
        source: What the reader of an error can look for, such as the name of the file.

    Returns:
        The positions; those of one storm are together and ascend in time. A wind of 000, which
        the format writes for depressions and former cyclones, is NaN.

    Raises:
        BadInput: for the first line that does not follow the format, with its number: wrong
            columns, an impossible date or position, a storm with more or fewer lines than its
            header says, times that do not ascend, or a storm that occurs twice.
    """
    lines = text.splitlines()
    while lines and not lines[-1].strip():
        lines.pop()
    positions: list[Position] = []
    seen: set[str] = set()
    at = 0
    while at < len(lines):
        storm = _header(lines[at], f"{source}, line {at + 1}")
        if storm.number in seen:
            raise BadInput(f"{source}, line {at + 1}: storm {storm.number} occurs twice; keep one")
        seen.add(storm.number)
        positions += _positions_of(storm, lines, at, source)
        at += 1 + storm.lines
    return positions


def _positions_of(storm: _Storm, lines: list[str], at: int, source: str) -> Iterator[Position]:
    """The positions below the header on line ``at``."""
    if at + storm.lines >= len(lines):
        raise BadInput(
            f"{source}, line {at + 1}: storm {storm.number} has {storm.lines} lines, but only "
            f"{len(lines) - at - 1} are left; the file is cut off: get it again"
        )
    before: Position | None = None
    for number in range(at + 1, at + 1 + storm.lines):
        place = f"{source}, line {number + 1}"
        if lines[number].startswith(HEADER_MARK):
            raise BadInput(
                f"{place}: a header, but storm {storm.number} should have {storm.lines} lines, "
                f"and {number - at - 1} came; correct the header or add the missing lines"
            )
        position = _position(storm, lines[number], place)
        if before is not None and position.time <= before.time:
            raise BadInput(
                f"{place}: time {position.time} is not after {before.time}, the line before; "
                "sort the lines or leave one out"
            )
        before = position
        yield position


def _header(line: str, place: str) -> _Storm:
    """A storm of its header line."""
    if not line.startswith(HEADER_MARK):
        raise BadInput(
            f"{place}: expected the header of a storm ({HEADER_MARK} ...), got '{line[:20]}'; the "
            "header before may say too few lines"
        )
    words = _cut(line, _HEADER, place)
    return _Storm(words["storm number"], words["name"], int(words["number of lines"]))


def _position(storm: _Storm, line: str, place: str) -> Position:
    """A position of its line."""
    words = _cut(line, _POSITION, place)
    grade, lat, lon = int(words["grade"]), _tenths(words["latitude"]), _tenths(words["longitude"])
    if grade not in GRADES:
        raise BadInput(f"{place}: grade {grade} is none of {sorted(GRADES)}; correct column 14")
    if lat > 90 or lon > 360:
        raise BadInput(f"{place}: no place has latitude {lat} and longitude {lon}; correct them")
    return Position(
        storm.number,
        storm.name,
        _time(words["time"], place),
        grade,
        lat,
        lon,
        pressure=_number(words["pressure"]),
        wind=_number(words["wind"]) or MISSING,
        direction_50kt=_number(words["direction of 50 kt"]),
        longest_50kt=_number(words["longest radius of 50 kt"]),
        shortest_50kt=_number(words["shortest radius of 50 kt"]),
        direction_30kt=_number(words["direction of 30 kt"]),
        longest_30kt=_number(words["longest radius of 30 kt"]),
        shortest_30kt=_number(words["shortest radius of 30 kt"]),
        landfall=words["landfall"] == "#",
    )


def _cut(line: str, fields: tuple[_Field, ...], place: str) -> dict[str, str]:
    """The fields of a line without blanks around them; what stands between them must be blank."""
    rest = list(line)
    words: dict[str, str] = {}
    for field in fields:
        word = line[field.start : field.stop]
        if not re.fullmatch(field.pattern, word):
            raise BadInput(
                f"{place}: {field.name} (columns {field.start + 1} to {field.stop}) is '{word}', "
                "which is not of the RSMC format; correct the line or get the file again"
            )
        words[field.name] = word.strip()
        rest[field.start : field.stop] = " " * len(word)
    between = "".join(rest)
    if between.strip():
        column = len(between) - len(between.lstrip()) + 1
        raise BadInput(
            f"{place}: column {column} should be blank in '{line.rstrip()}'; the columns are "
            "shifted: correct the line or get the file again"
        )
    return words


def _time(word: str, place: str) -> np.datetime64:
    """A time of yymmddhh."""
    year = int(word[:2])
    century = 1900 if year >= CENTURY_TURN else 2000
    text = f"{century + year}-{word[2:4]}-{word[4:6]}T{word[6:8]}:00"
    try:
        return np.datetime64(text, "ns")
    except ValueError as error:
        raise BadInput(f"{place}: '{word}' is no time (yymmddhh); correct columns 1 to 8") from (
            error
        )


def _number(word: str) -> float:
    """A number, NaN where the line is blank."""
    return float(word) if word else MISSING


def _tenths(word: str) -> float:
    """Degrees of a number of tenths."""
    return int(word) / 10
