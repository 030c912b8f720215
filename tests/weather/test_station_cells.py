"""Cells of a user's file as numbers, times, leads and stations; mistakes by line and column."""

from pathlib import Path

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.weather.station_cells import numbers, one_lead, stations_of, times_of
from sciml.weather.station_text import StationFile, read_cells


def column(tmp_path: Path, *cells: str) -> StationFile:
    """A file with the cells in column x."""
    path = tmp_path / "mine.csv"
    path.write_text("\n".join(["x,y", *(f"{cell},1" for cell in cells)]), encoding="utf-8")
    return read_cells(path)


def test_numbers_are_read_and_gaps_are_nan(tmp_path) -> None:
    found = numbers(column(tmp_path, "1.5", "", "NA", "-", "nan", "-2e1", "999", "-99"), "x")
    nan = np.nan
    np.testing.assert_array_equal(found, [1.5, nan, nan, nan, nan, -20, 999, -99])


@pytest.mark.parametrize(
    "mark",
    ["-9999", "-999", "-999.9", "9999", "1e20", "9.96921e36", "-999.900024", "9.969209968386869e36",
     "1.00000002e+20", "-9999.0", "-1e30"],
)  # fmt: skip
def test_marks_of_missing_values_are_refused(tmp_path, mark) -> None:
    with pytest.raises(BadInput, match=r"mine\.csv:3: column 'x'.*leave the cell empty"):
        numbers(column(tmp_path, "1.5", mark, "2"), "x")
    with pytest.raises(BadInput, match=r"mine\.csv:2: column 'x'.*one of 2 such values"):
        numbers(column(tmp_path, mark, mark), "x")


@pytest.mark.parametrize(("cell", "hours"), [("24h", 24), ("6", 6), ("36 hours", 36), ("2 d", 48)])
def test_leads_may_have_their_unit(tmp_path, cell, hours) -> None:
    assert one_lead(column(tmp_path, cell, cell), "x", None)[1] == hours


@pytest.mark.parametrize("cell", ["0", "-24", "", "0h"])
def test_a_lead_that_is_not_ahead_is_refused_with_its_line(tmp_path, cell) -> None:
    with pytest.raises(BadInput, match=rf"mine\.csv:3: column 'x': a lead of '{cell}' h"):
        one_lead(column(tmp_path, "24", cell), "x", None)


@pytest.mark.parametrize("asked", [0.0, -24.0, np.nan])
def test_a_setting_of_the_lead_that_is_not_ahead_is_refused(tmp_path, asked) -> None:
    with pytest.raises(BadInput, match=rf"data\.lead_hours is {asked:g},.*-o data\.lead_hours=24"):
        one_lead(column(tmp_path, "24"), None, asked)


@pytest.mark.parametrize("cell", ["31/01/2018", "01/31/2018", "31.01.2018", "1-2-2018 12:00"])
def test_a_day_before_its_year_is_refused_with_a_hint(tmp_path, cell) -> None:
    with pytest.raises(BadInput, match=rf"mine\.csv:2: .*'{cell}'.*2004-01-31.*the year first"):
        times_of(column(tmp_path, cell), "x")


def test_an_empty_cell_among_compact_times_is_the_one_that_is_named(tmp_path) -> None:
    with pytest.raises(BadInput, match=r"mine\.csv:3: column 'x': '' is not a time"):
        times_of(column(tmp_path, "2004010100", "", "20040102"), "x")


def test_a_station_without_a_name_is_refused(tmp_path) -> None:
    assert stations_of(column(tmp_path, " S1", "NA"), {"station": "x"}) == ["S1", "NA"]
    with pytest.raises(BadInput, match=r"mine\.csv:3: column 'x': the name .*empty.*in 1 of 2"):
        stations_of(column(tmp_path, "S1", ""), {"station": "x"})
