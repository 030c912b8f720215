"""The whole track forecaster, and how it is verified."""

import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import BadInput
from sciml.weather.cyclones.cases import cases_of
from sciml.weather.cyclones.climatology import Climatology
from sciml.weather.cyclones.forecaster import TrackForecaster
from sciml.weather.cyclones.mixture import season_folds
from sciml.weather.cyclones.regressions import Quadratic
from sciml.weather.cyclones.track import Persistence
from sciml.weather.cyclones.verification import expert_errors, inside_ellipse, mixture_errors
from tests.weather.cyclones.storms import curving_storms, straight_storm

LEADS = (6, 24)
MAKERS = {"persistence": Persistence, "climatology": Climatology, "quadratic": Quadratic}


@pytest.fixture(scope="module")
def forecaster() -> TrackForecaster:
    """A forecaster that has learnt from curving storms."""
    made = TrackForecaster(MAKERS, LEADS)
    cases = cases_of(curving_storms(0), LEADS)
    made.learn(cases, cases, season_folds(cases["season"].values, 4), 1)
    return made


def test_the_mixture_beats_each_of_its_experts(forecaster: TrackForecaster) -> None:
    cases = cases_of(curving_storms(1), LEADS)
    told = forecaster.predict(cases)
    mixture = float(mixture_errors(told, cases).sel(lead=24).mean())
    experts = expert_errors(told, cases).sel(lead=24).mean("case")
    assert mixture <= 1.02 * float(experts.min())
    assert mixture < 0.5 * float(experts.sel(expert="persistence"))


def test_ellipses_hold_about_their_share() -> None:
    forecaster = TrackForecaster(MAKERS, LEADS)
    learnt = cases_of(curving_storms(0, gusts=0.5), LEADS)
    forecaster.learn(learnt, learnt, season_folds(learnt["season"].values, 4), 1)
    cases = cases_of(curving_storms(2, gusts=0.5), LEADS)
    told = forecaster.predict(cases)
    inside = [float(inside_ellipse(told, cases, share).mean()) for share in (0.5, 2 / 3, 0.9)]
    np.testing.assert_allclose(inside, (0.5, 2 / 3, 0.9), atol=0.12)


def test_a_storm_across_the_dateline_is_verified_on_the_sphere(forecaster: TrackForecaster) -> None:
    cases = cases_of(straight_storm(start=(15, -179), motion=(-6, 1)), LEADS)
    told = forecaster.predict(cases)
    assert float(mixture_errors(told, cases).max()) < 3000
    assert np.abs(told["forecast_lon"]).max() <= 180


def test_a_storm_with_one_fix_gets_a_forecast_and_no_score(forecaster: TrackForecaster) -> None:
    cases = cases_of(straight_storm(fixes=1), LEADS)
    told = forecaster.predict(cases)
    assert np.isfinite(told["forecast_lat"]).all()
    assert (told["along"] > 0).all()
    assert mixture_errors(told, cases).isnull().all()
    assert inside_ellipse(told, cases, 0.5).isnull().all()


def test_other_cases_and_other_leads_are_refused(forecaster: TrackForecaster) -> None:
    cases = cases_of(straight_storm(), LEADS)
    told = forecaster.predict(cases)
    with pytest.raises(BadInput, match="give the cases that were forecast"):
        mixture_errors(told, cases.isel(case=slice(1, None)))
    with pytest.raises(BadInput, match="no lead of 24 h"):
        mixture_errors(told, cases.sel(lead=[6]))
    with pytest.raises(BadInput, match="between 0 and 1"):
        inside_ellipse(told, cases, 1.5)


def test_nothing_is_forecast_before_learning() -> None:
    cases: xr.Dataset = cases_of(straight_storm(), LEADS)
    with pytest.raises(BadInput, match="has not learnt"):
        TrackForecaster(MAKERS, LEADS).predict(cases)
