"""Features: of observations known in time, finite, and not of names or units."""

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.weather.post_processing.table import member_groups, station_table
from tests.weather.post_processing.worlds import biased_stations, rain


@pytest.mark.parametrize("data", [biased_stations(gap=0.2), rain()], ids=["temperature", "rain"])
def test_features_are_finite_and_know_no_observation_of_the_future(data) -> None:
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


@pytest.mark.parametrize("data", [biased_stations(dates=90), rain(dates=1200)])
def test_after_the_first_thousand_no_forecast_changes_features_of_earlier_ones(data) -> None:
    # Of unknown units even dry members are told by the scale.
    data = data.assign(observation=data["observation"].assign_attrs(units="m"))
    later = np.arange(data.sizes["case"])[:, None] >= 1000
    changed = data.assign(forecast=data["forecast"] * np.where(later, 1.5, 1.0))
    features, again = (station_table(one).features for one in (data, changed))
    np.testing.assert_array_equal(features[:1000], again[:1000])
    assert np.any(features[1000:] != again[1000:])


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
