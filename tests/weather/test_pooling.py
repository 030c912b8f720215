"""The gate: its score is that of the pool, and its weights go where they must."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.stats import norm

from sciml.core.errors import BadInput
from sciml.weather.pooling import (
    GateSettings,
    fit_gate,
    mean_absolute_normal,
    normal_apart,
    normal_near,
    pool_score,
)
from sciml.weather.scores.ensemble import crps_of_members
from sciml.weather.values import apart, levels, near

FREE = GateSettings(shrinkage=1e-9, situation=1e-9, iterations=2000)


def tables(mean, deviation, truth):
    """The two tables of normal experts."""
    return normal_near(mean, deviation, truth[:, None]), normal_apart(mean, deviation)


def test_mean_absolute_normal_is_the_integral() -> None:
    grid = np.linspace(-30, 30, 200_001)
    for mean, deviation in ((0.0, 1.0), (1.5, 0.7), (-3.0, 2.0)):
        expected = np.sum(np.abs(grid) * norm.pdf(grid, mean, deviation)) * (grid[1] - grid[0])
        found = mean_absolute_normal(np.array(mean), np.array(deviation))
        assert found == pytest.approx(expected, rel=1e-6)


def test_score_of_a_pool_of_normals_is_that_of_the_pooled_values() -> None:
    rng = np.random.default_rng(1)
    mean, deviation = rng.normal(size=(5, 3)), rng.uniform(0.5, 2, (5, 3))
    truth, weights = rng.normal(size=5), rng.dirichlet([1, 1, 1], size=5)
    score = pool_score(*tables(mean, deviation, truth), weights)
    # A pool by hand: as many equally likely values of each expert as its weight says.
    for case in range(5):
        counts = np.round(20_000 * weights[case]).astype(int)
        heap = np.concatenate(
            [mean[case, k] + deviation[case, k] * norm.ppf(levels(counts[k])) for k in range(3)]
        )
        assert crps_of_members(np.sort(heap)[None], truth[case : case + 1])[0] == pytest.approx(
            score[case], rel=1e-3
        )


def test_one_expert_has_all_the_weight() -> None:
    mean, deviation, truth = np.zeros((9, 1)), np.ones((9, 1)), np.zeros(9)
    gate = fit_gate(*tables(mean, deviation, truth), np.ones((9, 1)))
    np.testing.assert_allclose(gate.weights(np.ones((4, 1))), 1)


def test_identical_experts_share_alike_and_a_better_one_gets_the_weight() -> None:
    rng = np.random.default_rng(2)
    truth = rng.normal(size=500)
    twin = np.stack([truth + rng.normal(size=500)] * 2, axis=1)
    ones = np.ones((500, 1))
    alike = fit_gate(*tables(twin, np.ones((500, 2)), truth), ones, FREE).weights(ones[:1])
    np.testing.assert_allclose(alike, 0.5, atol=1e-6)
    twin[:, 1] = truth
    deviation = np.array([1.0, 1e-3]) * np.ones((500, 2))
    sure = fit_gate(*tables(twin, deviation, truth), ones, FREE).weights(ones[:1])
    assert sure[0, 1] > 0.99


def test_experts_that_change_places_change_weights() -> None:
    rng = np.random.default_rng(3)
    truth = rng.normal(size=300)
    mean = truth[:, None] + rng.normal(size=(300, 3)) * [0.5, 1.0, 2.0]
    deviation = np.ones((300, 3)) * [0.5, 1.0, 2.0]
    features = np.stack([np.ones(300), rng.normal(size=300)], axis=1)
    order = [2, 0, 1]
    weights = fit_gate(*tables(mean, deviation, truth), features).weights(features)
    turned = fit_gate(*tables(mean[:, order], deviation[:, order], truth), features)
    np.testing.assert_allclose(turned.weights(features), weights[:, order], atol=1e-4)
    np.testing.assert_allclose(weights.sum(axis=1), 1)


def test_weights_follow_the_situation_in_which_each_expert_is_good() -> None:
    rng = np.random.default_rng(4)
    truth, state = rng.normal(size=2000), rng.choice([-1.0, 1.0], 2000)
    scale = np.stack([np.where(state > 0, 0.2, 2.0), np.where(state > 0, 2.0, 0.2)], axis=1)
    mean = truth[:, None] + scale * rng.normal(size=(2000, 2))
    features = np.stack([np.ones(2000), state], axis=1)
    tables_ = tables(mean, np.ones((2000, 2)), truth)
    gated = fit_gate(*tables_, features, FREE).weights(features)
    assert gated[state > 0, 0].min() > 0.8
    assert gated[state < 0, 0].max() < 0.2
    fixed = fit_gate(*tables_, np.ones((2000, 1)), FREE).weights(np.ones((2000, 1)))
    assert pool_score(*tables_, gated).mean() < pool_score(*tables_, fixed).mean()


def test_a_trained_mixture_is_not_worse_than_its_best_expert_or_than_equal_weights() -> None:
    rng = np.random.default_rng(5)
    truth = rng.normal(size=400)
    values = np.sort(rng.normal(size=(400, 3, 20)) + 0.5 * truth[:, None, None], axis=2)
    close = np.stack([near(values[:, k], truth) for k in range(3)], axis=1)
    gaps = np.stack(
        [np.stack([apart(values[:, k], values[:, n]) for n in range(3)], 1) for k in range(3)], 1
    )
    weights = fit_gate(close, gaps, np.ones((400, 1)), FREE).weights(np.ones((400, 1)))
    score = pool_score(close, gaps, weights).mean()
    assert score <= min(crps_of_members(values[:, k], truth).mean() for k in range(3)) + 1e-9
    assert score <= pool_score(close, gaps, np.full((400, 3), 1 / 3)).mean() + 1e-9


def test_balance_draws_mean_weights_together() -> None:
    rng = np.random.default_rng(6)
    truth = rng.normal(size=300)
    mean = truth[:, None] + rng.normal(size=(300, 2)) * [0.3, 1.5]
    given = (*tables(mean, np.ones((300, 2)), truth), np.ones((300, 1)))
    free = fit_gate(*given, FREE).weights(given[2])[0]
    held = fit_gate(*given, FREE.model_copy(update={"balance": 10.0})).weights(given[2])[0]
    assert abs(held[0] - 0.5) < abs(free[0] - 0.5)


def test_the_trained_gate_is_where_the_slope_vanishes() -> None:
    rng = np.random.default_rng(7)
    truth = rng.normal(size=60)
    mean = truth[:, None] + rng.normal(size=(60, 3))
    features = np.stack([np.ones(60), rng.normal(size=60)], axis=1)
    close, gaps = tables(mean, np.ones((60, 3)), truth)
    settings = GateSettings(shrinkage=0.1, situation=0.1, iterations=2000)
    gate = fit_gate(close, gaps, features, settings)
    unit = pool_score(close, gaps, np.full((60, 3), 1 / 3)).mean()

    def loss(flat):
        theta = flat.reshape(2, 3)
        weights = gate._replace(theta=theta).weights(features)
        return pool_score(close, gaps, weights).mean() + 0.1 * unit * (theta**2).sum()

    assert np.abs(approx_fprime(gate.theta.ravel(), loss, 1e-6)).max() < 1e-3 * unit


def test_numbers_that_are_not_finite_are_refused_by_name() -> None:
    close = np.array([[1.0, np.nan]])
    with pytest.raises(BadInput, match="near"):
        fit_gate(close, np.ones((1, 2, 2)), np.ones((1, 1)))


@pytest.mark.parametrize("settings", [{"balance": -3.0}, {"iterations": -5}, {"iterations": 0}])
def test_settings_out_of_range_are_refused_by_name(settings) -> None:
    with pytest.raises(BadInput, match=next(iter(settings))):
        GateSettings(**settings)
