"""Columns of a user's file: members are taken, everything else is left out aloud or refused."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sciml.core.errors import BadInput
from sciml.weather.station_columns import StationColumns
from sciml.weather.stations import read_stations_csv
from tests.weather.post_processing.worlds import biased_stations, rain

MEMBERS = ["AA", "BB", "CC", "DD", "EE"]


def rows() -> pd.DataFrame:
    data = biased_stations(stations=3, dates=8)
    found = data["forecast"].to_pandas().reset_index(drop=True)
    return found.assign(
        time=data["time"].values, station=data["station"].values, obs=data["observation"].values
    )


def members_of(table: pd.DataFrame, tmp_path: Path, *named: str, index: bool = False) -> list[str]:
    table.to_csv(tmp_path / "mine.csv", index=index)
    data = read_stations_csv(tmp_path / "mine.csv", StationColumns(members=named))
    return [str(name) for name in data["member"].values]


@pytest.mark.parametrize(
    "name",
    ["year", "Month", "day", "hour", "doy", "wmo", "WMO_ID", "station_number", "qc", "obs_qc",
     "flag", "ens_mean", "mean", "sd", "spread", "std", "Unnamed: 0"],
)  # fmt: skip
def test_columns_that_are_no_members_by_their_names_are_left_out_aloud(
    tmp_path, capsys, name
) -> None:
    rng = np.random.default_rng(0)
    table = rows()
    assert members_of(table.assign(**{name: rng.normal(280, 3, len(table))}), tmp_path) == MEMBERS
    said = capsys.readouterr().err
    assert "members (5): AA, BB, CC, DD, EE\n" in said
    assert f"left out: {name}\n" in said


def test_the_numbers_of_the_rows_are_no_member(tmp_path, capsys) -> None:
    assert members_of(rows(), tmp_path, index=True) == MEMBERS
    assert "left out: Unnamed: 0\n" in capsys.readouterr().err


def test_such_columns_are_members_if_they_are_named(tmp_path) -> None:
    table = rows().assign(mean=281.0)
    assert members_of(table, tmp_path, "AA", "mean") == ["AA", "mean"]
    with pytest.raises(BadInput, match=r"mean must be named to count: .*columns\.members"):
        members_of(table.drop(columns=MEMBERS), tmp_path)


@pytest.mark.parametrize(
    ("values", "what"),
    [
        (lambda table: np.arange(len(table)) + 270, "rise from row to row"),
        (lambda table: np.full(len(table), 280.5), "never changes at a station, such as 280.5"),
        (lambda table: table["station"].str[1:].astype(int) + 280, "never changes at a station"),
    ],
)
def test_a_column_that_can_be_no_forecast_is_refused_unless_named(tmp_path, values, what) -> None:
    table = rows()
    table["other"] = values(table)
    with pytest.raises(BadInput, match=rf"column 'other'.*{what}.*columns\.members"):
        members_of(table, tmp_path)
    assert members_of(table, tmp_path, "AA", "other") == ["AA", "other"]


def test_a_member_that_is_always_dry_is_borne(tmp_path) -> None:
    data = rain(dates=30, members=3)
    table = data["forecast"].to_pandas().reset_index(drop=True).assign(P2=0.0)
    table = table.assign(time=data["time"].values, obs=data["observation"].values)
    assert members_of(table, tmp_path) == ["P1", "P2", "P3"]


def test_two_columns_that_may_be_the_observation_are_refused(tmp_path) -> None:
    table = rows().assign(observed=280.0)
    with pytest.raises(BadInput, match=r"obs and observed.*data\.columns\.observation=NAME"):
        members_of(table, tmp_path)
