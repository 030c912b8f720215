"""Ridge regressions beside the slow, obvious way: least squares on all that is known."""

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.hydro.regression import Belief, histories, pooled_ridge, recursive_ridge

RNG = np.random.default_rng(0)
FEATURES, OUTCOMES = RNG.normal(size=(40, 5)), RNG.normal(size=(40, 2))
BELIEF = Belief(np.array([0.1, 1.0, 3.0, 0.0, 0.5]), 0.3)


def test_a_history_is_the_last_samples_with_zeros_before_the_first() -> None:
    values = RNG.normal(size=(9, 2))
    found = histories(values, 4)
    for t in range(9):
        past = [values[s] if s >= 0 else np.zeros(2) for s in range(t - 3, t + 1)]
        np.testing.assert_array_equal(found[t], np.array(past).T.ravel())


def test_pooled_ridge_is_least_squares_on_all_runs_with_the_penalty_as_samples() -> None:
    runs = [(FEATURES[:15], OUTCOMES[:15]), (FEATURES[15:], OUTCOMES[15:])]
    ridge = 0.07
    X = np.concatenate([FEATURES, np.sqrt(ridge * 40) * np.eye(5)])
    Y = np.concatenate([OUTCOMES, np.zeros((5, 2))])
    expected = np.linalg.lstsq(X, Y, rcond=None)[0]
    np.testing.assert_allclose(pooled_ridge(iter(runs), ridge), expected, rtol=1e-10)


@pytest.mark.parametrize("lead", [1, 3, 50])
def test_recursive_ridge_is_the_posterior_of_the_outcomes_known_at_each_time(lead: int) -> None:
    found = recursive_ridge(FEATURES, OUTCOMES, lead, BELIEF)
    for t in range(40):
        known = max(0, t - lead + 1)
        X, Y = FEATURES[:known], OUTCOMES[:known]
        # Prior covariance V: W = V Xᵀ (X V Xᵀ + σ²)⁻¹ Y.
        V = np.diag(BELIEF.variance)
        W = V @ X.T @ np.linalg.solve(X @ V @ X.T + BELIEF.noise * np.eye(known), Y)
        np.testing.assert_allclose(found[t], FEATURES[t] @ W, rtol=1e-9, atol=1e-11)


def test_outcomes_that_are_not_known_yet_are_never_looked_at() -> None:
    lead, cut = 4, 21  # the outcome of the features at cut is known at cut + lead
    other = OUTCOMES.copy()
    other[cut:-lead] += 5.0
    other[-lead:] = np.nan
    first, second = (recursive_ridge(FEATURES, y, lead, BELIEF) for y in (OUTCOMES, other))
    np.testing.assert_array_equal(first[: cut + lead], second[: cut + lead])
    assert np.all(first[cut + lead :] != second[cut + lead :])


def test_a_law_without_noise_is_learnt() -> None:
    law = RNG.normal(size=(5, 2))
    belief = Belief(np.full(5, 10.0), 1e-8)
    found = recursive_ridge(FEATURES, FEATURES @ law, 2, belief)
    np.testing.assert_allclose(found[10:], (FEATURES @ law)[10:], atol=1e-6)


def test_bad_input_is_refused() -> None:
    with pytest.raises(BadInput, match="no samples; are the runs longer than history and lead"):
        pooled_ridge([], 1.0)
    gaps = np.where(FEATURES > 2, np.nan, FEATURES)
    with pytest.raises(BadInput, match="a feature or outcome is not finite; fill gaps"):
        pooled_ridge([(gaps, OUTCOMES)], 1.0)
    with pytest.raises(BadInput, match="recursive_ridge: a feature or outcome is not finite"):
        recursive_ridge(gaps, OUTCOMES, 1, BELIEF)
    with pytest.raises(BadInput, match=r"got lead 0, noise 0\.3, variance 0"):
        recursive_ridge(FEATURES, OUTCOMES, 0, BELIEF)
    with pytest.raises(BadInput, match="got lead 1, noise 0, variance 0"):
        recursive_ridge(FEATURES, OUTCOMES, 1, BELIEF._replace(noise=0.0))
    with pytest.raises(BadInput, match="histories: expected an order of at least 1, got 0"):
        histories(FEATURES, 0)
