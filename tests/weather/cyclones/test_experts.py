"""Track experts: what each must get right, and what none may fall over."""

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import BadInput
from sciml.training.fit import FitSettings
from sciml.weather.cyclones.cases import cases_of
from sciml.weather.cyclones.climatology import Climatology
from sciml.weather.cyclones.expert import Expert
from sciml.weather.cyclones.network import Network, NetworkSettings
from sciml.weather.cyclones.regressions import (
    Kernel,
    KernelSettings,
    Quadratic,
    QuadraticSettings,
    Trees,
    TreeSettings,
    products,
)
from sciml.weather.cyclones.track import (
    Persistence,
    Standard,
    learnable,
    observed_displacement,
    track_errors,
)
from sciml.weather.sphere import great_circle_distance
from tests.weather.cyclones.storms import curving_storms, straight_storm

LEADS = (6, 24)
SMALL_TREES = TreeSettings(iterations=60, learning_rate=0.1, smallest_leaf=10, share=1.0)
SMALL_NETWORK = NetworkSettings(hidden=16, members=1, training=FitSettings(epochs=60))
MAKERS: dict[str, Callable[[], Expert]] = {
    "persistence": Persistence,
    "climatology": Climatology,
    "quadratic": lambda: Quadratic(QuadraticSettings(ridge=1.0)),
    "kernel": lambda: Kernel(KernelSettings(landmarks=150)),
    "trees": lambda: Trees(SMALL_TREES),
    "network": lambda: Network(SMALL_NETWORK),
}
LEARNERS = ("quadratic", "kernel", "trees", "network")


@pytest.fixture(scope="module")
def experts() -> dict[str, Expert]:
    """All experts, each having learnt from the same curving storms."""
    learnt = cases_of(curving_storms(0))
    made = {name: make() for name, make in MAKERS.items()}
    for expert in made.values():
        expert.fit(learnt, LEADS, 1)
    return made


def mean_error(expert: Expert, tracks: xr.Dataset) -> float:
    """km, 24 h ahead, where there is a motion and a later fix."""
    cases = cases_of(tracks)
    moving = cases["fixes_before"].values >= 8
    return float(np.nanmean(track_errors(cases, expert.predict(cases), LEADS)[moving, 1]))


def test_persistence_is_right_about_a_steady_storm() -> None:
    expert = Persistence()
    cases = cases_of(straight_storm(start=(0, -50), motion=(-5, 0)))
    expert.fit(cases, LEADS, 0)
    errors = track_errors(cases, expert.predict(cases), LEADS)[2:]
    assert np.nanmax(errors) < 0.01  # km


@pytest.mark.parametrize("name", LEARNERS)
def test_experts_beat_persistence_on_storms_that_curve(
    name: str, experts: dict[str, Expert]
) -> None:
    unseen = curving_storms(1)
    assert mean_error(experts[name], unseen) < 0.6 * mean_error(experts["persistence"], unseen)


@pytest.mark.parametrize("name", MAKERS)
def test_little_is_known_and_yet_there_is_an_answer(name: str, experts: dict[str, Expert]) -> None:
    short = straight_storm(fixes=1)
    blank = straight_storm(fixes=10)
    blank["wind"].values[:] = np.nan
    blank["pressure"].values[:] = np.nan
    for tracks in (short, blank):
        answer = experts[name].predict(cases_of(tracks))
        assert answer.shape == (tracks.sizes["fix"], 2, 2)
        assert np.isfinite(answer).all()


@pytest.mark.parametrize("name", MAKERS)
def test_the_same_seed_gives_the_same_forecast(name: str) -> None:
    learnt, asked = cases_of(curving_storms(0, storms=12)), cases_of(curving_storms(1, storms=3))
    answers = []
    for _ in range(2):
        expert = MAKERS[name]()
        expert.fit(learnt, LEADS, 7)
        answers.append(expert.predict(asked))
    np.testing.assert_array_equal(*answers)


@pytest.mark.parametrize("name", MAKERS)
def test_forecasts_do_not_depend_on_other_cases_asked_with_them(
    name: str, experts: dict[str, Expert]
) -> None:
    cases = cases_of(curving_storms(2, storms=3))
    together = experts[name].predict(cases)
    alone = experts[name].predict(cases.isel(case=[17]))
    np.testing.assert_allclose(alone[0], together[17], rtol=1e-4, atol=1e-3)


def test_climatology_is_the_mean_way_of_storms_that_were_here() -> None:
    start, motion = (15.0, -50.0), (-5.0, 2.0)
    expert = Climatology()
    expert.fit(cases_of(straight_storm(fixes=5, start=start, motion=motion)), (24,), 0)
    answer = expert.predict(cases_of(straight_storm(fixes=1, start=start)))[0, 0]
    np.testing.assert_allclose(answer, np.array(motion) * 3.6 * 24, rtol=1e-3)


def test_observed_displacements_lead_to_the_later_position() -> None:
    cases = cases_of(curving_storms(3, storms=4))
    errors = track_errors(cases, observed_displacement(cases, LEADS), LEADS)
    assert np.nanmax(errors) < 1e-6
    zero = track_errors(cases, np.zeros((cases.sizes["case"], 2, 2)), LEADS)[:, 0]
    later = cases["later_lat"].sel(lead=6).values, cases["later_lon"].sel(lead=6).values
    np.testing.assert_allclose(zero, great_circle_distance(cases["lat"], cases["lon"], *later))


def test_a_lead_beyond_every_record_is_an_error_that_says_so() -> None:
    cases = cases_of(straight_storm(fixes=4), (6, 48))
    with pytest.raises(BadInput, match="48 h later"):
        learnable(cases, 48, ("lat",))


def test_standard_values_have_mean_zero_and_fill_what_is_missing() -> None:
    values = np.array([[1.0, np.nan, 5.0], [3.0, np.nan, 5.0], [np.nan, np.nan, 5.0]])
    standard = Standard.fit(values)
    np.testing.assert_allclose(standard.apply(values), [[-1, 0, 0], [1, 0, 0], [0, 0, 0]])


def test_products_hold_each_pair_once() -> None:
    np.testing.assert_array_equal(products(np.array([[2.0, 3.0]])), [[2, 3, 4, 6, 9]])
