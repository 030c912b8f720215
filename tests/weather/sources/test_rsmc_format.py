"""The format of RSMC Tokyo: an example in its columns, and lines that break it."""

import math

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.weather.sources.rsmc_format import rsmc_positions
from tests.weather.sources.rsmc_example import DEPRESSION, HEADER, LINES, STORM, TYPHOON, text


def test_every_column_is_where_the_format_says() -> None:
    depression, storm, typhoon = rsmc_positions(text(*LINES), "bst.txt")
    assert {one.storm for one in (depression, storm, typhoon)} == {"1501"}
    assert storm.name == "MEKKHALA"
    assert storm.time == np.datetime64("2015-01-13T12:00")
    assert (storm.grade, storm.lat, storm.lon, storm.pressure) == (3, 8.6, 141.7, 1002.0)
    assert (storm.wind, storm.landfall) == (35.0, True)
    assert (storm.direction_50kt, storm.longest_50kt, storm.shortest_50kt) == (0, 0, 0)
    assert (storm.direction_30kt, storm.longest_30kt, storm.shortest_30kt) == (8, 210, 150)
    assert (typhoon.lat, typhoon.lon, typhoon.pressure, typhoon.wind) == (9.6, 189.8, 940, 90)
    assert (typhoon.direction_50kt, typhoon.longest_50kt, typhoon.shortest_50kt) == (9, 60, 50)
    assert not typhoon.landfall


def test_no_wind_and_no_radius_are_missing_not_zero() -> None:
    depression = rsmc_positions(text(*LINES), "bst.txt")[0]
    assert math.isnan(depression.wind)
    assert math.isnan(depression.longest_30kt)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_blanks_at_the_end_and_empty_last_lines_do_not_matter(end) -> None:
    stripped = text(*(line.rstrip() for line in LINES), end=end) + end
    ours, theirs = (rsmc_positions(t, "bst.txt") for t in (stripped, text(*LINES)))
    np.testing.assert_equal([one._asdict() for one in ours], [one._asdict() for one in theirs])


def test_two_digits_of_a_year_are_of_the_century_of_the_record() -> None:
    old = DEPRESSION.replace("15011300", "51021900")
    header = HEADER.replace("003", "001").replace("1501", "5101")
    years = [one.time for one in rsmc_positions(text(header, old), "bst.txt")]
    assert years == [np.datetime64("1951-02-19T00:00")]


def test_an_empty_text_has_no_positions() -> None:
    assert rsmc_positions("", "bst.txt") == []


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ((DEPRESSION,), "line 1: expected the header of a storm"),
        ((*LINES, STORM), "line 5: expected the header of a storm .* too few lines"),
        (LINES[:3], "line 1: storm 1501 has 3 lines, but only 2 are left; the file is cut off"),
        ((HEADER, DEPRESSION, HEADER, STORM, TYPHOON), "line 3: a header, but storm 1501 should"),
        ((HEADER, STORM, DEPRESSION, TYPHOON), "line 3: time 2015-01-13T00:00.* is not after"),
        ((HEADER, STORM, STORM, TYPHOON), "line 3: time .* is not after"),
        ((*LINES, *LINES), "line 5: storm 1501 occurs twice"),
        ((HEADER.replace("1501 ", "15A1 ", 1), *LINES[1:]), "line 1: storm number .columns 7 to"),
        ((HEADER, DEPRESSION.replace("150113", "151313"), *LINES[2:]), "line 2: '15131300' is no"),
        ((HEADER, DEPRESSION.replace("002 2", "002 8"), *LINES[2:]), "line 2: grade 8 is none"),
        ((HEADER, DEPRESSION.replace(" 087", " 987"), *LINES[2:]), "line 2: no place has latitude"),
        ((HEADER, DEPRESSION.replace(" 087", " 08x"), *LINES[2:]), "line 2: latitude .columns 16"),
        ((HEADER, DEPRESSION.replace(" 1006", "1006 "), *LINES[2:]), "line 2: pressure|column 24"),
        ((HEADER, " " + DEPRESSION, *LINES[2:]), "line 2: time .columns 1 to 8. is ' 1501130'"),
        ((HEADER, DEPRESSION, STORM + "x", TYPHOON), "line 3: column 81 should be blank"),
        ((HEADER, DEPRESSION, STORM.replace("35  ", "35 1"), TYPHOON), "line 3: column 38 should"),
        ((HEADER, "", STORM, TYPHOON), "line 2: time .columns 1 to 8. is ''"),
        ((HEADER, "15011300", STORM, TYPHOON), "line 2: indicator .columns 10 to 12. is ''"),
    ],
)
def test_a_line_that_breaks_the_format_is_named(lines, message) -> None:
    with pytest.raises(BadInput, match=message) as caught:
        rsmc_positions(text(*lines), "bst.txt")
    assert str(caught.value).startswith("bst.txt, line ")
