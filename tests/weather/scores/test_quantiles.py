"""Quantiles and intervals: proper scores, and their relation to each other and to the CRPS."""

import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import BadInput
from sciml.weather.scores.ensemble import crps_of_members
from sciml.weather.scores.quantiles import interval_coverage, interval_score, quantile_score

TRUTH = np.random.default_rng(0).gamma(0.7, 3.0, 4000)


@pytest.mark.parametrize("level", [0.1, 0.5, 0.95])
def test_the_true_quantile_scores_best(level: float) -> None:
    best = quantile_score(np.full(4000, np.quantile(TRUTH, level)), TRUTH, level).mean()
    for other in np.linspace(0, 10, 40):
        assert quantile_score(np.full(4000, other), TRUTH, level).mean() >= best - 1e-3


def test_at_the_median_it_is_half_the_absolute_error() -> None:
    np.testing.assert_allclose(quantile_score(2 * TRUTH, TRUTH, 0.5), TRUTH / 2)


def test_twice_the_mean_over_all_levels_is_the_crps() -> None:
    # Gneiting & Ranjan (2011), eq. 9: the quantile function is integrated over its level.
    members = np.sort(np.random.default_rng(1).normal(0, 1, 7))
    levels = (np.arange(70_000) + 0.5) / 70_000
    quantiles = members[np.minimum((levels * 7).astype(int), 6)]
    areas = [
        np.maximum(a * (y - q), (a - 1) * (y - q)).mean()
        for y in (-2.0, 0.3)
        for a, q in [(levels, quantiles)]
    ]
    expected = crps_of_members(np.tile(members, (2, 1)), [-2.0, 0.3])
    np.testing.assert_allclose(2 * np.array(areas), expected, rtol=1e-4)


def test_the_interval_score_is_the_sum_of_those_of_its_ends() -> None:
    # Gneiting & Raftery (2007): IS = (2/α) (QS of the lower + QS of the upper quantile).
    low, high = np.full(4000, 0.5), np.full(4000, 4.0)
    ends = quantile_score(low, TRUTH, 0.05) + quantile_score(high, TRUTH, 0.95)
    np.testing.assert_allclose(interval_score(low, high, TRUTH, 0.9), 2 / 0.1 * ends)


def test_equal_the_scores_package() -> None:
    from scores.continuous import interval_score as their_interval
    from scores.continuous import quantile_score as their_quantile

    low, high = 0.5 * TRUTH[::-1], 2 * TRUTH[::-1]
    a, b, y = (xr.DataArray(one, dims="case") for one in (low, high, TRUTH))
    theirs = their_quantile(a, y, 0.3, preserve_dims="all")
    np.testing.assert_allclose(quantile_score(low, TRUTH, 0.3), theirs)
    theirs = their_interval(a, b, y, 0.8, preserve_dims="all")["total"]
    np.testing.assert_allclose(interval_score(low, high, TRUTH, 0.8), theirs)


def test_coverage_counts_the_ends_and_is_the_share_of_an_honest_interval() -> None:
    assert interval_coverage([0.0, 0, 0, 0], [1.0, 1, 1, 1], [0.0, 1, 1.1, -0.1]) == 0.5
    ends = [np.full(4000, q) for q in np.quantile(TRUTH, [0.05, 0.95])]
    np.testing.assert_allclose(interval_coverage(*ends, TRUTH), 0.9, atol=1e-3)


def test_crossed_ends_levels_out_of_range_and_shapes_are_refused() -> None:
    with pytest.raises(BadInput, match="low: above high in 1 of 2 cases"):
        interval_coverage([0.0, 2.0], [1.0, 1.0], [0.5, 0.5])
    with pytest.raises(BadInput, match="level: expected a probability"):
        quantile_score([1.0], [1.0], 1.0)
    with pytest.raises(BadInput, match=r"quantile: expected shape \(2,\) as observation"):
        quantile_score([1.0], [1.0, 2.0], 0.5)
