"""Values of a user's file: wrong scales, marks and negative rain are named by line and column."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from sciml.core.errors import BadInput
from sciml.weather.station_checks import known_units
from sciml.weather.stations import read_stations_csv
from tests.weather.post_processing.worlds import biased_stations, rain

MEMBERS = ["AA", "BB", "CC", "DD", "EE"]


def rows_of(data: xr.Dataset) -> pd.DataFrame:
    found = data["forecast"].to_pandas().reset_index(drop=True)
    places = {name: data[name].values for name in ("latitude", "longitude") if name in data.coords}
    return found.assign(
        time=data["time"].values,
        station=data["station"].values,
        obs=data["observation"].values,
        **places,
    )


@pytest.fixture
def kelvin() -> pd.DataFrame:
    return rows_of(biased_stations(stations=4, dates=20))


@pytest.fixture
def celsius(kelvin) -> pd.DataFrame:
    return kelvin.assign(**{name: kelvin[name] - 273.15 for name in [*MEMBERS, "obs"]})


@pytest.fixture
def wet() -> pd.DataFrame:
    return rows_of(rain(dates=100, members=3))


def read(table: pd.DataFrame, tmp_path: Path, units: str = "1") -> xr.Dataset:
    table.to_csv(tmp_path / "mine.csv", index=False)
    return read_stations_csv(tmp_path / "mine.csv", units=units)


@pytest.mark.parametrize(
    ("written", "name"),
    [("K", "K"), ("kelvin", "K"), ("C", "degC"), ("°C", "degC"), ("celsius", "degC"),
     ("Degrees Celsius", "degC"), ("mm/day", "mm"), ("kg m-2", "mm"), ("m/s", "m/s"), ("1", "1"),
     ("degrees", "degrees")],
)  # fmt: skip
def test_units_are_known_by_their_other_names(written, name) -> None:
    assert known_units(written) == name


@pytest.mark.parametrize("units", ["F", "fahrenheit", "celcius", "deg F", "°", "kelvni"])
def test_unknown_units_of_temperatures_are_refused(units) -> None:
    with pytest.raises(BadInput, match=rf"'{units}' is not known; expected K or degC"):
        known_units(units)


def test_temperatures_pass_in_their_own_scale_under_any_of_its_names(
    kelvin, celsius, tmp_path
) -> None:
    for table, names in ((kelvin, ("K", "kelvin", "1")), (celsius, ("degC", "celsius", "1"))):
        for name in names:
            found = read(table, tmp_path, name)
            np.testing.assert_allclose(found["observation"].mean(), table["obs"].mean())
    assert found["observation"].attrs["units"] == "1"


def test_a_file_in_the_other_scale_is_told_its_units(kelvin, celsius, tmp_path) -> None:
    with pytest.raises(BadInput, match=r"mine\.csv: .*set units to degC: -o data\.units=degC"):
        read(celsius, tmp_path, "K")
    with pytest.raises(BadInput, match=r"mine\.csv: .*set units to K: -o data\.units=K"):
        read(kelvin, tmp_path, "degC")


@pytest.mark.parametrize("units", ["K", "1"])
def test_one_member_in_the_other_scale_is_named(kelvin, celsius, tmp_path, units) -> None:
    with pytest.raises(BadInput, match=r"column 'CC': .*(look like degrees Celsius|K and degC)"):
        read(kelvin.assign(CC=celsius["CC"]), tmp_path, units)


@pytest.mark.parametrize("units", ["K", "1"])
def test_observations_that_switch_the_scale_are_named_with_the_line(
    kelvin, celsius, tmp_path, units
) -> None:
    mixed = kelvin["obs"].where(np.arange(len(kelvin)) < 50, celsius["obs"])
    with pytest.raises(BadInput, match=r"mine\.csv:52: column 'obs'.*like degrees Celsius"):
        read(kelvin.assign(obs=mixed), tmp_path, units)


def test_a_single_implausible_temperature_is_named(kelvin, tmp_path) -> None:
    kelvin.loc[3, "BB"] = 400.0
    with pytest.raises(BadInput, match=r"mine\.csv:5: column 'BB': 400 K.*1 of 80.*leave the cell"):
        read(kelvin, tmp_path, "K")


@pytest.mark.parametrize("mark", [-99.0, -99.9, -99.99, 999.9, -99.900002])
def test_marks_of_missing_temperatures_are_refused_whatever_the_units(
    celsius, kelvin, tmp_path, mark
) -> None:
    celsius.loc[[3, 40], "obs"] = mark
    with pytest.raises(BadInput, match=rf"mine\.csv:5: column 'obs': {mark:g}.*leave the cell"):
        read(celsius, tmp_path, "degC")
    with pytest.raises(BadInput, match=rf"mine\.csv:5: .*{mark:g}, one of 2 .*leave the cell"):
        read(celsius, tmp_path)
    kelvin.loc[3, "CC"] = mark
    with pytest.raises(BadInput, match=r"mine\.csv:5: column 'CC': .*leave the cell"):
        read(kelvin, tmp_path)


def test_true_values_that_others_use_as_marks_are_read(kelvin, tmp_path) -> None:
    middle = kelvin["obs"].mean()
    anomaly, pressure = (
        kelvin.assign(**{name: scale * (kelvin[name] - middle) + at for name in [*MEMBERS, "obs"]})
        for scale, at in ((20.0, 0.0), (1.0, 1000.0))
    )
    anomaly.loc[3, "obs"], pressure.loc[3, "obs"] = -99.9, 999.9
    for table in (anomaly, pressure):
        assert table.loc[3, "obs"] in read(table, tmp_path)["observation"].values
    kelvin.loc[3, "obs"] = 999.9
    assert 999.9 in read(kelvin, tmp_path, "hPa")["observation"].values


def test_quantities_of_other_units_may_lie_apart(kelvin, tmp_path) -> None:
    """Pressure at a mountain station, of which the members know only that at the sea."""
    high = kelvin.assign(obs=kelvin["obs"] + 400, **{m: kelvin[m] + 730 for m in MEMBERS})
    read(high, tmp_path, "hPa")
    with pytest.raises(BadInput, match=r"say the unit: -o data\.units"):
        read(high, tmp_path)


def test_a_little_negative_rain_is_set_to_zero_and_counted(wet, tmp_path, capsys) -> None:
    wet.loc[[3, 4], "P2"] = [-0.005, -1e-7]
    found = read(wet, tmp_path, "mm")
    assert found["forecast"].min() == 0
    said = capsys.readouterr().err
    assert "2 values between -0.01 and 0 mm are set to 0" in said
    assert "taken as amounts that begin at zero, as rain is (in mm)" in said


def test_negative_rain_is_refused_with_its_line_also_without_units(wet, tmp_path) -> None:
    wet.loc[3, "P2"] = -0.5
    with pytest.raises(BadInput, match=r"mine\.csv:5: column 'P2': 1 values of rain are negative"):
        read(wet, tmp_path, "mm")
    with pytest.raises(BadInput, match=r"mine\.csv:5: column 'P2': -0\.5.*-o data\.units=mm"):
        read(wet, tmp_path)


def test_what_the_values_are_taken_for_is_said(wet, celsius, tmp_path, capsys) -> None:
    read(wet, tmp_path)
    assert "taken as amounts that begin at zero" in capsys.readouterr().err
    read(celsius.assign(obs=celsius["obs"] - 10), tmp_path)
    assert "taken as values that may be negative" in capsys.readouterr().err


def test_cases_that_stand_twice_are_named_with_both_lines(kelvin, tmp_path) -> None:
    twice = pd.concat([kelvin, kelvin.iloc[[7]]])
    with pytest.raises(BadInput, match=r"mine\.csv:82: 1 cases stand twice.*on lines 9 and 82"):
        read(twice, tmp_path)


def test_places_that_are_not_on_earth_are_named_with_the_line(kelvin, tmp_path) -> None:
    kelvin.loc[5, "latitude"] = 95.0
    with pytest.raises(BadInput, match=r"mine\.csv:7: column 'latitude': 1 values of latitude"):
        read(kelvin, tmp_path, "K")


def test_errors_of_the_whole_ensemble_name_the_file(kelvin, tmp_path) -> None:
    with pytest.raises(BadInput, match=r"mine\.csv: no column of a member"):
        read(kelvin.assign(**dict.fromkeys(MEMBERS, np.nan)), tmp_path, "K")
