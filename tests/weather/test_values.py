"""Equally likely values against sums over all pairs, normal laws and what probabilities must do."""

import numpy as np
import pytest
from scipy.stats import norm

from sciml.weather.scores.ensemble import crps_of_members
from sciml.weather.values import apart, exceedance, levels, near, pooled


@pytest.mark.parametrize("sizes", [(7, 9), (5, 5), (1, 4)])
def test_distance_is_the_mean_over_all_pairs_ties_included(sizes: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    one, other = (np.sort(rng.integers(0, 6, (20, n)).astype(float), axis=1) for n in sizes)
    pairs = np.abs(one[:, :, None] - other[:, None, :]).mean(axis=(1, 2))
    np.testing.assert_allclose(apart(one, other), pairs, atol=1e-14)
    np.testing.assert_allclose(apart(one, other), apart(other, one), atol=1e-14)


def test_the_score_is_the_distance_from_the_truth_less_half_of_that_from_itself() -> None:
    rng = np.random.default_rng(8)
    values, truth = np.sort(rng.normal(size=(30, 50)), axis=1), rng.normal(size=30)
    ours = near(values, truth) - apart(values, values) / 2
    np.testing.assert_allclose(ours, crps_of_members(values, truth), atol=1e-12)


def test_score_of_normal_quantiles_is_that_of_the_normal_law() -> None:
    mean, deviation = np.array([0.0, 1.0, -2.0]), np.array([1.0, 0.5, 3.0])
    observation = np.array([0.3, 2.0, -2.0])
    values = mean[:, None] + deviation[:, None] * norm.ppf(levels(400))
    z = (observation - mean) / deviation
    exact = deviation * (z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / np.sqrt(np.pi))
    np.testing.assert_allclose(crps_of_members(values, observation), exact, rtol=2e-3)


def test_score_is_least_for_the_law_that_the_truth_follows() -> None:
    rng = np.random.default_rng(2)
    truth = rng.normal(size=20_000)
    scores = {
        (shift, scale): crps_of_members(
            np.broadcast_to(shift + scale * norm.ppf(levels()), (len(truth), 50)), truth
        ).mean()
        for shift in (-0.3, 0.0, 0.3)
        for scale in (0.7, 1.0, 1.4)
    }
    assert min(scores, key=scores.__getitem__) == (0.0, 1.0)


def test_pool_with_all_weight_on_one_expert_is_that_expert() -> None:
    values = np.sort(np.random.default_rng(3).normal(size=(4, 3, 50)), axis=2)
    weights = np.zeros((4, 3))
    weights[np.arange(4), [0, 1, 2, 1]] = 1
    found = pooled(values, weights)
    np.testing.assert_allclose(found, values[np.arange(4), [0, 1, 2, 1]], atol=1e-12)


def test_mean_of_a_pool_is_the_weighted_mean() -> None:
    rng = np.random.default_rng(4)
    values = np.sort(rng.normal(size=(6, 2, 50)), axis=2)
    weights = rng.dirichlet([1, 1], size=6)
    expected = (values.mean(axis=2) * weights).sum(axis=1)
    np.testing.assert_allclose(pooled(values, weights, 400).mean(axis=1), expected, atol=0.01)


def test_exceedance_falls_from_one_to_zero_and_halves_at_the_median() -> None:
    values = np.sort(np.random.default_rng(5).normal(size=(1, 50)), axis=1)
    limits = np.linspace(-5, 5, 41)
    found = exceedance(np.repeat(values, 41, axis=0), limits)
    assert np.all(np.diff(found) <= 0)
    assert found[0] == 1
    assert found[-1] == 0
    assert exceedance(values, float(np.median(values)))[0] == pytest.approx(0.5)


def test_a_lump_at_zero_counts_as_not_exceeding_zero() -> None:
    values = np.concatenate([np.zeros(30), np.linspace(0.1, 5, 20)])[None]
    assert exceedance(values, 0.0)[0] == pytest.approx(0.4)


def test_near_is_the_mean_distance() -> None:
    np.testing.assert_allclose(near(np.array([[0.0, 4.0]]), np.array([1.0])), [2.0])
