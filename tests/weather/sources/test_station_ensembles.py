"""Station ensembles: from published tables to one form, and what is refused."""

import numpy as np
import pandas as pd
import pytest

from sciml.core.errors import BadInput, DamagedFile
from sciml.weather.sources.station_ensembles import (
    ECMWF_MEMBERS,
    PRECIPITATION_MEMBERS,
    TEMPERATURE_MEMBERS,
    checked_station_ensemble,
    frankfurt_precipitation,
    uwme_precipitation,
    uwme_temperature,
)


def temperatures() -> pd.DataFrame:
    """Two dates and three stations in the published form."""
    table = pd.DataFrame(
        {name: 280.0 + number for number, name in enumerate(TEMPERATURE_MEMBERS)}, index=range(3)
    )
    return table.assign(
        observation=[279.0, 281.0, 283.0],
        date=["2004010100", "2004010100", "2004010200"],
        station=["KSEA ", "46029 ", "KSEA "],
        latitude=[47.4, 46.1, 47.4],
        longitude=[-122.3, -124.5, -122.3],
        elevation=[137.0, -9999.0, 137.0],
        type=["SA", "UN", "SA"],
    )


def rain() -> pd.DataFrame:
    """Three cases in 1/100 inch; two stations of one date share a latitude."""
    table = pd.DataFrame(dict.fromkeys(PRECIPITATION_MEMBERS, 100.0), index=range(3))
    return table.assign(
        observations=[0.0, 1.0, 250.0],
        dates=["20021203", "20021203", "20021204"],
        latitude=[46.973, 46.973, 46.973],
    )


def test_temperatures_keep_their_numbers_and_lose_blanks_and_marks() -> None:
    data = uwme_temperature(temperatures())
    assert checked_station_ensemble(data, "uwme").sizes == data.sizes
    assert data["forecast"].dims == ("case", "member")
    np.testing.assert_array_equal(data["forecast"][0], 280 + np.arange(8))
    np.testing.assert_array_equal(data["observation"], [279, 281, 283])
    assert data["station"].values.tolist() == ["KSEA", "46029", "KSEA"]
    assert data["time"].values[2] == np.datetime64("2004-01-02T00:00")
    np.testing.assert_array_equal(data["elevation"], [137, np.nan, 137])
    assert data["observation"].attrs["units"] == "K"
    assert data.attrs["lead_hours"] == 48


def test_an_inch_is_25_4_mm_and_stations_of_one_latitude_have_different_names() -> None:
    data = checked_station_ensemble(uwme_precipitation(rain()), "uwme")
    np.testing.assert_array_equal(data["forecast"], np.full((3, 9), 25.4))
    np.testing.assert_array_equal(data["observation"], [0, 0.254, 63.5])
    assert data["station"].values.tolist() == ["46.973N", "46.973N-2", "46.973N"]


def test_rain_at_frankfurt_has_52_members_and_one_station() -> None:
    table = pd.DataFrame(dict.fromkeys(ECMWF_MEMBERS, 0.5), index=range(2))
    table = table.assign(date=["2007-01-06", "2007-01-07"], obs=[0.6, 3.0])
    data = checked_station_ensemble(frankfurt_precipitation(table), "frankfurt")
    assert data["forecast"].shape == (2, 52)
    assert len(set(data["station"].values)) == 1
    np.testing.assert_array_equal(data["observation"], [0.6, 3.0])


@pytest.mark.parametrize(
    ("builder", "table", "column"),
    [
        (uwme_temperature, temperatures(), "UKMO"),
        (uwme_temperature, temperatures(), "elevation"),
        (uwme_precipitation, rain(), "observations"),
        (frankfurt_precipitation, pd.DataFrame({"date": [], "obs": []}), "HRES"),
    ],
)
def test_a_missing_column_is_named(builder, table, column) -> None:
    with pytest.raises(DamagedFile, match=f"no column .*{column}"):
        builder(table.drop(columns=column, errors="ignore"))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"station": ["KSEA", "KSEA ", "KSEA"]}, "stand twice, the first of station 'KSEA'"),
        ({"observation": [6.0, 8.0, 10.0]}, "'observation'.*which look like degC"),
        ({"UKMO": [280.0, -9999.0, 281.0]}, "'forecast'.*first outside at case 1, member UKMO"),
    ],
)
def test_cases_that_scores_would_go_wrong_on_are_refused(changed, message) -> None:
    data = uwme_temperature(temperatures().assign(**changed))
    with pytest.raises(BadInput, match=message):
        checked_station_ensemble(data, "uwme")


def test_negative_rain_is_refused() -> None:
    data = uwme_precipitation(rain().assign(gasp=[1.0, -1.0, 2.0]))
    with pytest.raises(BadInput, match=r"1 negative value, the least -0\.254, the first at case 1"):
        checked_station_ensemble(data, "uwme")


def test_missing_values_pass_and_a_member_without_any_is_left_out() -> None:
    table = temperatures().assign(UKMO=[np.nan, 280.0, 280.0], observation=[np.nan, 281.0, 283.0])
    data = checked_station_ensemble(uwme_temperature(table), "uwme")
    assert int(data["forecast"].isnull().sum()) == int(data["observation"].isnull().sum()) == 1
    without = uwme_temperature(table.assign(UKMO=np.nan))
    assert "UKMO" not in checked_station_ensemble(without, "uwme")["member"].values
