"""Rapid intensification: stacking, calibration, and what scores say."""

import numpy as np
import pytest
from scipy.special import expit

from sciml.core.axes import BoolArray, FloatArray
from sciml.core.errors import BadInput
from sciml.training.fit import FitSettings
from sciml.weather.cyclones.cases import cases_of
from sciml.weather.cyclones.mixture import season_folds
from sciml.weather.cyclones.network import NetworkSettings
from sciml.weather.cyclones.rapid import RapidForecaster, Stack, calibration_error, fates
from sciml.weather.cyclones.rapid_experts import (
    BEST_TRACK,
    Logistic,
    RapidMakers,
    RapidNetwork,
    RapidTrees,
)
from tests.weather.cyclones.storms import curving_storms, straight_storm

SMALL = NetworkSettings(hidden=8, members=1, training=FitSettings(epochs=3))
MAKERS: RapidMakers = {
    "logistic": Logistic,
    "trees": lambda: RapidTrees(BEST_TRACK),
    "network": lambda: RapidNetwork(BEST_TRACK, SMALL),
}


def drawn(seed: int, size: int = 20_000) -> tuple[FloatArray, BoolArray]:
    """True log-odds of rare events, and events drawn from them."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(-4, 1.5, size)
    return odds, rng.random(size) < expit(odds)


def test_an_honest_expert_beside_noise_gets_all_the_weight() -> None:
    odds, came = drawn(0)
    noise = np.random.default_rng(1).normal(-4, 1, odds.size)
    stack = Stack.fit(("honest", "noise"), np.stack([odds, noise]), came, together=0.0)
    np.testing.assert_allclose(stack.weights, [1, 0], atol=0.1)
    assert calibration_error(stack.probability(np.stack([odds, noise])), came) < 0.01


def test_an_expert_that_exaggerates_is_calibrated() -> None:
    """Platt: log-odds 3 z + 2 of true log-odds z take the weight 1/3 and the offset -2/3."""
    odds, came = drawn(2)
    stack = Stack.fit(("loud",), 3 * odds[None] + 2, came, together=0.0)
    np.testing.assert_allclose(stack.weights, [1 / 3], rtol=0.1)
    assert stack.offset == pytest.approx(-2 / 3, abs=0.3)
    unseen, later = drawn(3)
    said = stack.probability(3 * unseen[None] + 2)
    assert said.mean() == pytest.approx(later.mean(), rel=0.1)


def test_weights_that_are_held_together_are_alike() -> None:
    odds, came = drawn(4)
    unlike = np.stack([odds, 0.5 * odds + np.random.default_rng(5).normal(0, 1, odds.size)])
    stack = Stack.fit(("a", "b"), unlike, came, together=100.0)
    assert stack.weights[0] == pytest.approx(stack.weights[1], rel=0.02)


def test_fates_of_one_kind_cannot_be_learnt_from() -> None:
    with pytest.raises(BadInput, match="0 of 3 cases are rapid"):
        Stack.fit(("a",), np.zeros((1, 3)), np.zeros(3, bool), together=1.0)


def test_calibration_error_of_constant_probabilities_is_their_distance_from_the_rate() -> None:
    came = np.arange(100) < 5
    assert calibration_error(np.full(100, 0.2), came) == pytest.approx(0.15)
    assert calibration_error(np.full(100, 0.05), came) == pytest.approx(0)


def test_rapid_is_thirty_knots_in_a_day() -> None:
    tracks = straight_storm(fixes=6)
    tracks["wind"].values[:] = [30, 30, 30, 30, 60, 59]
    known, rapid = fates(cases_of(tracks))
    assert known.tolist() == [True, True, False, False, False, False]
    assert rapid.tolist() == [True, False, False, False, False, False]


def test_the_forecaster_learns_and_answers_whatever_is_missing() -> None:
    tracks = curving_storms(0, storms=24)
    rng = np.random.default_rng(0)
    tracks["wind"].values[:] = 40 + np.abs(rng.normal(0, 25, tracks.sizes["fix"]))
    cases = cases_of(tracks)
    forecaster = RapidForecaster(MAKERS)
    held = forecaster.learn(cases, cases, season_folds(cases["season"].values, 2), 1)
    assert np.isfinite(held[:, fates(cases).known]).all()
    blank = straight_storm(fixes=2)
    blank["wind"].values[:] = np.nan
    said = forecaster.probability(cases_of(blank))
    assert ((said > 0) & (said < 1)).all()
