"""Features: known in time, finite, and the same however the members are ordered."""

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.weather.post_processing.table import is_nonnegative, member_groups, station_table
from tests.weather.post_processing.worlds import biased_stations, rain


@pytest.mark.parametrize("data", [biased_stations(gap=0.2), rain()], ids=["temperature", "rain"])
def test_features_are_finite_and_know_nothing_of_the_future(data) -> None:
    table = station_table(data)
    assert np.isfinite(table.features).all()
    middle = table.time[len(table.time) // 2]
    later = (data["time"] > middle).values
    changed = data.assign(observation=data["observation"] + 7.0 * later)
    again = station_table(changed)
    lead = np.timedelta64(round(24 * table.lead), "h")
    same = table.time <= middle + lead
    np.testing.assert_array_equal(table.features[same], again.features[same])
    assert np.any(table.features[~same] != again.features[~same])


def test_one_station_does_not_know_another_ones_name() -> None:
    data = biased_stations()
    renamed = data.assign_coords(station=("case", [f"X{n}" for n in data["station"].values]))
    np.testing.assert_array_equal(station_table(data).features, station_table(renamed).features)


def test_members_that_differ_by_a_number_are_one_group() -> None:
    names = ["HRES", "CTR", *(f"P{number}" for number in range(1, 51))]
    assert member_groups(names) == [[0], [1], list(range(2, 52))]
    assert member_groups(["GFS", "ETA", "UKMO"]) == [[0], [1], [2]]
    assert member_groups(["m_1", "m_2"]) == [[0], [1]]  # too few to be called alike
    assert member_groups([str(n) for n in range(9)]) == [list(range(9))]


def test_a_gap_is_filled_with_the_others_and_the_usual_difference() -> None:
    data = biased_stations(dates=80)
    table = station_table(data)
    holes = data["forecast"].values.copy()
    late = data["time"].values > np.datetime64("2020-03-10")
    holes[late, 2] = np.nan
    filled = station_table(data.assign(forecast=(("case", "member"), holes)))
    error = (filled.groups - table.groups)[late, 2]
    others = holes[late][:, [0, 1, 3, 4]].mean(axis=1) - table.groups[late, 2]
    assert abs(error.mean()) < 0.5 * abs(others.mean())


def test_rain_and_wind_begin_at_zero_and_temperatures_do_not() -> None:
    assert is_nonnegative(rain())
    celsius = biased_stations()
    celsius["observation"].attrs["units"] = "1"
    assert not is_nonnegative(celsius)
    assert not is_nonnegative(celsius - 260)
    wind = abs(celsius - 280)
    assert is_nonnegative(wind)


@pytest.mark.parametrize("units", ["1", "degC", "K"])
def test_warm_celsius_is_no_amount(units: str) -> None:
    celsius = biased_stations()
    celsius = (celsius - float(celsius["observation"].quantile(0.01))).clip(min=0.01)
    celsius["observation"].attrs["units"] = units
    assert float(celsius["observation"].quantile(0.01)) < 0.5 * float(celsius["observation"].std())
    assert not is_nonnegative(celsius)


def test_amounts_of_unknown_units_are_known_by_zeros_or_a_long_tail() -> None:
    tail = rain()
    tail["observation"].attrs["units"] = "1"
    assert is_nonnegative(tail)
    assert is_nonnegative(tail + 0.01)  # no zeros
    flat = tail.assign(observation=("case", np.linspace(0.01, 9, tail.sizes["case"])))
    assert not is_nonnegative(flat)
    often = flat["observation"].where(np.arange(tail.sizes["case"]) % 100 > 0, 0.0)
    assert is_nonnegative(flat.assign(observation=often))
    knots = flat.assign(observation=flat["observation"].assign_attrs(units="knots"))
    assert is_nonnegative(knots)


def test_how_many_members_are_dry_does_not_depend_on_the_unit() -> None:
    millimetres = rain()
    dry = station_table(millimetres).feature("dry share")
    metres = millimetres.assign(
        forecast=millimetres["forecast"] / 1000,
        observation=(millimetres["observation"] / 1000).assign_attrs(units="m"),
    )
    in_metres = station_table(metres).feature("dry share")
    assert 0.2 < in_metres.mean() < 0.8
    assert np.corrcoef(dry, in_metres)[0, 1] > 0.95


def test_without_any_observation_nothing_can_be_learnt() -> None:
    data = biased_stations()
    with pytest.raises(BadInput, match="no case has an observation"):
        station_table(data.assign(observation=data["observation"] * np.nan))
