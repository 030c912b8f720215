"""Shares of experts: a slow second way, and what they promise."""

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.hydro.shares import error_shares


def example(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Three experts of growing error for two targets."""
    generator = np.random.default_rng(seed)
    truth = generator.standard_normal((200, 2))
    future = np.concatenate([truth[3:], np.zeros((3, 2))])
    errors = generator.standard_normal((3, 200, 2)) * np.array([0.1, 0.5, 2.0])[:, None, None]
    return future + errors, truth


def test_shares_are_the_powers_of_faded_errors_known_so_far() -> None:
    opinions, truth = example()
    shares = error_shares(opinions, truth, lead=3, memory=20.0, sharpness=1.5)
    for t in (2, 3, 10, 199):
        errors = np.ones(3)
        weights = np.array([(19 / 20) ** age for age in range(t - 2)])
        if t >= 3:
            issued = np.arange(t - 3, -1, -1)  # the newest first
            squares = np.mean((opinions[:, issued] - truth[issued + 3]) ** 2, axis=-1)
            errors = squares @ weights / weights.sum()
        expected = (errors + 1e-6) ** -1.5
        np.testing.assert_allclose(shares[:, t], expected / expected.sum(), rtol=1e-10)


def test_shares_sum_to_one_and_the_best_expert_gets_most() -> None:
    shares = error_shares(*example(), lead=3, memory=20.0, sharpness=4.0)
    np.testing.assert_allclose(shares.sum(axis=0), 1.0)
    assert shares[0, 20:].min() > 0.99


def test_before_an_error_is_known_all_experts_count_alike() -> None:
    shares = error_shares(*example(), lead=3, memory=20.0, sharpness=4.0)
    np.testing.assert_allclose(shares[:, :3], 1 / 3)


def test_the_future_changes_nothing() -> None:
    opinions, truth = example()
    shares = error_shares(opinions, truth, 3, 20.0, 2.0)
    changed = truth.copy()
    changed[101:] = 9.0
    np.testing.assert_array_equal(
        error_shares(opinions, changed, 3, 20.0, 2.0)[:, :101], shares[:, :101]
    )


def test_an_expert_that_falls_silent_loses_its_share_and_wins_it_back() -> None:
    opinions, truth = example()
    opinions[0, 50:60] = np.nan
    shares = error_shares(opinions, truth, 3, 20.0, 2.0)
    np.testing.assert_array_equal(shares[0, 50:60], 0.0)
    np.testing.assert_allclose(shares.sum(axis=0), 1.0)
    assert shares[0, 64] < 1e-3  # its silence is remembered
    late = error_shares(opinions[:, 100:], truth[100:], 3, 20.0, 2.0)
    assert late[0, 30] > 0.5


def test_what_was_not_measured_counts_for_nothing() -> None:
    opinions, truth = example()
    gap = truth.copy()
    gap[30:40] = np.nan
    shares = error_shares(opinions, gap, 3, 20.0, 2.0)
    assert np.isfinite(shares).all()
    np.testing.assert_allclose(shares[:, 39], shares[:, 29], rtol=1e-9)


def test_bad_input_is_named() -> None:
    opinions, truth = example()
    with pytest.raises(BadInput, match="lead and memory of at least 1 and sharpness of 0 or more"):
        error_shares(opinions, truth, 0, 20.0, 2.0)
    with pytest.raises(BadInput, match="no expert has a forecast at sample 7"):
        error_shares(np.where(np.arange(200)[:, None] == 7, np.nan, opinions), truth, 3, 20.0, 2.0)
