"""Winds: quantiles in order, of the right coverage, and better than persistence."""

import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import BadInput
from sciml.weather.cyclones.cases import cases_of
from sciml.weather.cyclones.expert import Makers
from sciml.weather.cyclones.intensity import (
    IntensityForecaster,
    SteadyWind,
    WindQuadratic,
    learnable_change,
)
from sciml.weather.cyclones.mixture import season_folds
from tests.weather.cyclones.storms import curving_storms, straight_storm

LEADS = (6, 24)
MAKERS: Makers = {"persistence": SteadyWind, "quadratic": WindQuadratic}


@pytest.fixture(scope="module")
def forecaster() -> IntensityForecaster:
    """A forecaster that has learnt."""
    made = IntensityForecaster(MAKERS, LEADS)
    cases = cases_of(curving_storms(0, storms=64))
    made.learn(cases, cases, season_folds(cases["season"].values, 4), 1)
    return made


def unseen() -> xr.Dataset:
    """Cases of other storms."""
    return cases_of(curving_storms(1, storms=64))


def test_quantiles_ascend_and_are_never_below_zero(forecaster: IntensityForecaster) -> None:
    wind = forecaster.predict(unseen())["wind"].values
    assert (np.diff(wind, axis=-1) >= 0).all()
    assert wind.min() >= 0


@pytest.mark.parametrize("index", range(len(LEADS)))
def test_ninety_in_a_hundred_winds_are_between_the_outer_quantiles(
    forecaster: IntensityForecaster, index: int
) -> None:
    cases = unseen()
    low, *_, high = forecaster.predict(cases)["wind"].values[:, index].T
    later = cases["later_wind"].sel(lead=LEADS[index]).values
    known = np.isfinite(later)
    inside = (low <= later)[known] & (later <= high)[known]
    assert inside.mean() == pytest.approx(0.9, abs=0.06)


def test_the_middle_beats_persistence(forecaster: IntensityForecaster) -> None:
    cases = unseen()
    later = cases["later_wind"].sel(lead=24).values
    middle = forecaster.predict(cases)["wind"].sel(lead=24, level=0.5).values
    now = cases["predictors"].sel(predictor="wind").values
    assert np.nanmean(np.abs(middle - later)) < 0.9 * np.nanmean(np.abs(now - later))


def test_where_the_wind_is_missing_so_is_the_forecast(forecaster: IntensityForecaster) -> None:
    tracks = straight_storm(fixes=4)
    tracks["wind"].values[1] = np.nan
    wind = forecaster.predict(cases_of(tracks))["wind"].values
    assert np.isnan(wind[1]).all()
    assert np.isfinite(wind[[0, 2, 3]]).all()


def test_nothing_is_forecast_before_learning_or_learnt_from_no_wind() -> None:
    with pytest.raises(BadInput, match="has not learnt"):
        IntensityForecaster(MAKERS, LEADS).predict(unseen())
    tracks = straight_storm()
    tracks["wind"].values[:] = np.nan
    with pytest.raises(BadInput, match="24 h later"):
        learnable_change(cases_of(tracks), 24, ("lat",))
