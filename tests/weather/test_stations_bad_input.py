"""Files that are not as one would wish: read as they should be, or refused; never scored as NaN."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sciml.core.errors import BadInput
from sciml.weather.pooling import GateSettings
from sciml.weather.post_processing.chosen import chosen_experts
from sciml.weather.post_processing.judged import judged
from sciml.weather.post_processing.table import station_table
from sciml.weather.post_processing.walk import Walked, WalkSettings, walk
from sciml.weather.stations import read_stations_csv
from tests.weather.post_processing.worlds import biased_stations, rain

MEMBERS = ["AA", "BB", "CC", "DD", "EE"]
NAMES = ["station-effects-20", "error-memory-15"]


def table_of(data) -> pd.DataFrame:
    """A station ensemble as the rows of a file."""
    found = data["forecast"].to_pandas().reset_index(drop=True)
    for name in ("time", "station", "latitude", "longitude", "elevation"):
        if name in data.coords:
            found[name] = data[name].values
    return found.assign(obs=data["observation"].values)


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return table_of(biased_stations(stations=8, dates=40))


def walked(rows: pd.DataFrame, tmp_path: Path, units: str = "K") -> Walked:
    """The rows written, read and calibrated."""
    rows.to_csv(tmp_path / "mine.csv", index=False)
    table = station_table(read_stations_csv(tmp_path / "mine.csv", units=units, lead_hours=24))
    names = ["shifted-gamma", "raw"] if units == "mm" else NAMES
    settings = WalkSettings(refit_days=10.0)
    return walk(table, chosen_experts(names, table, 0), settings, GateSettings())


def all_finite(found: Walked) -> bool:
    """Whether every forecast and every score is a number."""
    numbers = judged(found, (0.9,), seed=0).numbers
    return np.isfinite(found.values).all() and np.isfinite(list(numbers.values())).all()


@pytest.fixture(scope="module")
def usual(rows, tmp_path_factory) -> Walked:
    return walked(rows, tmp_path_factory.mktemp("usual"))


def test_unsorted_rows_are_put_in_order(rows, usual, tmp_path) -> None:
    found = walked(rows.sample(frac=1.0, random_state=0), tmp_path)
    np.testing.assert_allclose(found.values, usual.values, rtol=1e-9)


@pytest.mark.parametrize("west", [100.0, 180.0, 355.0])
def test_longitudes_may_be_counted_either_way(rows, usual, tmp_path, west) -> None:
    # The stations straddle Greenwich or the date line, where one of the two ways jumps.
    shifted = rows.assign(longitude=rows["longitude"] - 8 + west)
    whole = walked(shifted.assign(longitude=shifted["longitude"] % 360), tmp_path)
    half = walked(shifted.assign(longitude=(shifted["longitude"] + 180) % 360 - 180), tmp_path)
    np.testing.assert_allclose(whole.values, half.values, rtol=1e-7)
    np.testing.assert_allclose(whole.values, usual.values, rtol=1e-7)


def test_missing_members_and_missing_observations_are_borne(rows, tmp_path) -> None:
    rng = np.random.default_rng(0)
    holes = rows.copy()
    for name in [*MEMBERS, "obs"]:
        holes.loc[rng.random(len(rows)) < 0.2, name] = np.nan
    found = walked(holes, tmp_path)
    assert all_finite(found)
    assert np.isnan(found.table.observation).any()


def test_a_case_without_any_member_is_not_forecast(rows, usual, tmp_path) -> None:
    holes = rows.copy()
    holes.loc[len(rows) - 5, MEMBERS] = np.nan
    found = walked(holes, tmp_path)
    assert len(found.values) == len(usual.values) - 1
    assert all_finite(found)


def test_a_member_that_is_never_there_is_left_out_and_named(rows, tmp_path, capsys) -> None:
    found = walked(rows.assign(CC=np.nan), tmp_path)
    assert found.table.forecast.shape[1] == 4
    assert all_finite(found)
    assert "CC" in capsys.readouterr().err


def test_a_member_that_comes_late_or_goes_early_is_borne(rows, tmp_path) -> None:
    holes, middle = rows.copy(), rows["time"].iloc[len(rows) // 2]
    holes.loc[rows["time"] < middle, "AA"] = np.nan
    holes.loc[rows["time"] >= middle, "BB"] = np.nan
    assert all_finite(walked(holes, tmp_path))


def test_gaps_in_the_calendar_are_borne(rows, tmp_path) -> None:
    days = (rows["time"] - rows["time"].min()).dt.days
    assert all_finite(walked(rows[(days < 12) | (days > 20)], tmp_path))


def test_stations_whose_place_is_unknown_are_borne(rows, tmp_path) -> None:
    holes = rows.copy()
    one = holes["station"] == "S03"
    holes.loc[one, ["latitude", "longitude", "elevation"]] = np.nan
    assert all_finite(walked(holes, tmp_path))


def test_one_station_and_stations_that_come_late_are_borne(rows, tmp_path) -> None:
    middle = rows["time"].iloc[len(rows) // 2]
    late = rows[(rows["time"] >= middle) | (rows["station"] < "S05")]
    assert all_finite(walked(late, tmp_path))
    alone = table_of(biased_stations(stations=1, dates=150))
    assert all_finite(walked(alone, tmp_path))
    assert all_finite(walked(alone[:40], tmp_path))
    with pytest.raises(BadInput, match=r"walk\.test.*expected at least 20 to learn from"):
        walked(alone[:30], tmp_path)


def test_two_cases_at_one_time_are_refused(rows, tmp_path) -> None:
    twice = pd.concat([rows, rows.iloc[[7]]])
    with pytest.raises(BadInput, match="1 cases stand twice"):
        walked(twice, tmp_path)


def test_degrees_celsius_declared_as_kelvin_are_refused_and_as_such_are_read(
    rows, usual, tmp_path
) -> None:
    cold = rows.copy()
    cold[[*MEMBERS, "obs"]] -= 273.15
    with pytest.raises(BadInput, match="set units to degC"):
        walked(cold, tmp_path)
    found = walked(cold, tmp_path, units="degC")
    # Experts know temperature times elevation, so that the zero of the scale counts a little.
    np.testing.assert_allclose(found.values + 273.15, usual.values, atol=0.2)


def test_negative_rain_is_refused_and_its_amount_named(tmp_path) -> None:
    rows = table_of(rain(dates=120, members=6))
    assert all_finite(walked(rows, tmp_path, units="mm"))
    rows.loc[4, "obs"] = -9.0
    with pytest.raises(BadInput, match=r"1 values of rain are negative, such as -9 mm"):
        walked(rows, tmp_path, units="mm")


@pytest.mark.parametrize(("name", "value"), [("latitude", 95.0), ("longitude", 400.0)])
def test_places_that_are_not_on_earth_are_refused(rows, tmp_path, name, value) -> None:
    with pytest.raises(BadInput, match=f"values of {name}.*exchanged"):
        walked(rows.assign(**{name: value}), tmp_path)


def test_a_file_without_a_single_observation_is_refused(rows, tmp_path) -> None:
    with pytest.raises(BadInput, match="no case has an observation"):
        walked(rows.assign(obs=np.nan), tmp_path)


def test_observations_that_end_before_the_judged_part_are_refused(rows, tmp_path) -> None:
    early = rows["obs"].where(rows["time"] < rows["time"].iloc[len(rows) // 3])
    with pytest.raises(BadInput, match="no observation is known"):
        judged(walked(rows.assign(obs=early), tmp_path), (0.9,), seed=0)
