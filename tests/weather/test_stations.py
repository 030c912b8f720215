"""Station ensembles from files: what is found by itself, and every mistake by its place."""

from pathlib import Path

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.weather.stations import StationColumns, checked_stations, read_stations_csv
from tests.weather.post_processing.worlds import biased_stations, rain

HEADER = "date,station,obs,GFS,ETA,kind,lat,lon"
ROWS = ("20040102,B,274.5,274,275,x,45,5", "20040101,B ,273.5,273,,x,45,5")


def written(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "mine.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_columns_are_found_by_their_usual_names_and_cases_put_in_order(tmp_path, capsys) -> None:
    data = read_stations_csv(written(tmp_path, HEADER, *ROWS), units="K", lead_hours=48)
    assert list(data["member"].values) == ["GFS", "ETA"]
    assert list(data["station"].values) == ["B", "B"]
    np.testing.assert_array_equal(data["observation"], [273.5, 274.5])
    np.testing.assert_array_equal(data["forecast"], [[273, np.nan], [274, 275]])
    assert data["time"].values[0] == np.datetime64("2004-01-01")
    np.testing.assert_array_equal(data["latitude"], 45)
    assert data.attrs["lead_hours"] == 48
    assert "kind" in capsys.readouterr().err


def test_columns_can_be_named(tmp_path) -> None:
    path = written(tmp_path, "when,truth,a,b,c", "2004-01-31T12:00,1,2,3,4")
    columns = StationColumns(time="when", observation="truth", members=("a", "c"))
    data = read_stations_csv(path, columns)
    np.testing.assert_array_equal(data["forecast"], [[2, 4]])
    assert data["time"].values[0] == np.datetime64("2004-01-31T12:00")
    assert data.attrs["lead_hours"] == 24


def test_without_names_stations_are_told_apart_by_their_places(tmp_path) -> None:
    lines = ("date,obs,m,lat,lon", "2004-01-31,1,2,45,5", "2004-01-31,1,2,46,5")
    data = read_stations_csv(written(tmp_path, *lines))
    assert list(data["station"].values) == ["45 5", "46 5"]


@pytest.mark.parametrize("text", ["2004-01-31", "20040131", "2004013100", "2004-01-31T00:00:00Z"])
def test_times_may_be_written_in_several_ways(tmp_path, text) -> None:
    data = read_stations_csv(written(tmp_path, "time,obs,m", f"{text},1,2"))
    assert data["time"].values[0] == np.datetime64("2004-01-31")


def test_a_file_with_several_leads_wants_one_to_be_chosen(tmp_path) -> None:
    lines = ("date,obs,m,lead", "2004-01-31,1,2,24", "2004-01-31,1,3,48")
    with pytest.raises(BadInput, match=r"24, 48 h.*data\.lead_hours"):
        read_stations_csv(written(tmp_path, *lines))
    data = read_stations_csv(written(tmp_path, *lines), lead_hours=48)
    np.testing.assert_array_equal(data["forecast"], [[3]])
    assert data.attrs["lead_hours"] == 48


@pytest.mark.parametrize(
    ("lines", "what"),
    [
        (
            ("date,obs,m", "2004-01-31,1,2", "2004-02-30,1,2"),
            r"mine\.csv:3: column 'date'.*'2004-02-30'",
        ),
        (("date,obs,m", "2004-01-31,1,2", "2004-02-01,x,2"), r"mine\.csv:3: column 'obs'.*'x'"),
        (("date,m", "2004-01-31,1"), "observation among date, m"),
        (("obs,m", "1,1"), "no column for the time"),
        (("date,obs", "2004-01-31,1"), "no column of a member"),
        (("date,obs,m",), "no rows"),
        (("date,obs,m", "2004-01-31,1,2", "2004-01-31,1,2"), "1 cases stand twice"),
        (("date,obs,m", "2004-01-31,1,inf"), r"mine\.csv:2: column 'm': inf is infinite"),
    ],
)
def test_mistakes_are_named_with_their_place(tmp_path, lines, what) -> None:
    with pytest.raises(BadInput, match=what):
        read_stations_csv(written(tmp_path, *lines))


def test_a_missing_file_and_a_wrong_column_name_are_named(tmp_path) -> None:
    with pytest.raises(BadInput, match="no such file"):
        read_stations_csv(tmp_path / "other.csv")
    columns = StationColumns(observation="obss")
    with pytest.raises(BadInput, match=r"obss.*obs"):
        read_stations_csv(written(tmp_path, HEADER, *ROWS), columns)


def test_negative_rain_is_refused() -> None:
    with pytest.raises(BadInput, match="negative"):
        checked_stations(rain() - 1)


def test_degrees_celsius_called_kelvin_are_refused() -> None:
    data = biased_stations()
    cold = data.assign(forecast=data["forecast"] - 273.15, observation=data["observation"] - 273.15)
    for name in ("forecast", "observation"):
        cold[name].attrs = data[name].attrs
    with pytest.raises(BadInput, match="degrees Celsius"):
        checked_stations(cold)


def test_a_lead_that_is_missing_or_not_ahead_is_refused_as_it_came() -> None:
    for lead, said in ((0, "is 0,"), (None, "is None,")):
        data = biased_stations()
        data.attrs["lead_hours"] = lead
        with pytest.raises(BadInput, match=f"lead_hours'\\] {said} expected a number above 0"):
            checked_stations(data)


def test_a_member_without_values_is_left_out_and_said_so(capsys) -> None:
    data = biased_stations()
    empty = data["forecast"].where(data["member"] != "CC")
    assert list(checked_stations(data.assign(forecast=empty))["member"].values) == [
        "AA",
        "BB",
        "DD",
        "EE",
    ]
    assert "CC" in capsys.readouterr().err
    with pytest.raises(BadInput, match="no member has a single value"):
        checked_stations(data.assign(forecast=data["forecast"] * np.nan))
