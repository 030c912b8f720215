"""Scores of forecasts that lack members."""

import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import BadInput
from sciml.weather.post_processing.members import RawEnsemble
from sciml.weather.post_processing.missing_members import RAW, scores_by_members_left
from sciml.weather.post_processing.station_effects import StationEffects
from sciml.weather.scores.ensemble import crps_of_members
from tests.weather.post_processing.worlds import biased_stations

HALF = np.datetime64("2020-01-31")


def scored(data: xr.Dataset, left: tuple[int, ...], **more: int) -> xr.DataArray:
    return scores_by_members_left(
        {"effects": StationEffects(20.0)}, data, left, first_judged=HALF, **more
    )


def test_with_all_members_the_raw_score_is_that_of_the_data() -> None:
    data = biased_stations()
    late = (data["time"] >= HALF).values
    expected = crps_of_members(data["forecast"].values[late], data["observation"].values[late])
    assert float(scored(data, (5,)).sel(forecaster=RAW, left=5)) == pytest.approx(expected.mean())


def test_one_member_left_scores_its_absolute_error_on_average() -> None:
    data = biased_stations(dates=400)
    late = (data["time"] >= HALF).values
    errors = np.abs(data["forecast"] - data["observation"]).values[late]
    found = float(scored(data, (1,)).sel(forecaster=RAW, left=1))
    assert found == pytest.approx(errors.mean(), abs=4 * errors.std() / np.sqrt(late.sum()))


def test_fewer_members_tell_less() -> None:
    found = scored(biased_stations(dates=200), (1, 3, 5))
    assert (found.diff("left") < 0).all()
    assert (found.sel(forecaster="effects") < found.sel(forecaster=RAW)).all()
    assert found.attrs["units"] == "K"


def test_members_are_missing_only_in_judged_cases_and_by_the_seed() -> None:
    data = biased_stations()
    before = data["forecast"].copy()
    first, same, other = (scored(data, (2,), seed=seed) for seed in (1, 1, 2))
    assert first.equals(same)
    assert not first.equals(other)
    assert data["forecast"].equals(before)


@pytest.mark.parametrize("left", [(), (0,), (6,)])
def test_numbers_that_cannot_be_left_are_refused(left: tuple[int, ...]) -> None:
    with pytest.raises(BadInput, match="expected numbers from 1 to 5"):
        scored(biased_stations(), left)


@pytest.mark.parametrize("date", ["2019-01-01", "2021-01-01"])
def test_a_date_that_divides_nothing_is_refused(date: str) -> None:
    with pytest.raises(BadInput, match="divides the data"):
        scores_by_members_left(
            {"raw": RawEnsemble()}, biased_stations(), (2,), first_judged=np.datetime64(date)
        )
