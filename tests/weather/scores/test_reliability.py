"""The reliability curve: honest forecasts lie on the diagonal, and the intervals say how near."""

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.weather.scores.reliability import reliability_curve, reliability_line


def honest(seed: int, cases: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    said = random.random(cases)
    return said, random.random(cases) < said


def test_each_bin_is_the_frequency_among_its_cases() -> None:
    said, came = honest(0, 300)
    curve = reliability_curve(said, came, 5, draws=10, seed=0)
    for k in range(5):
        inside = (said >= k / 5) & (said < (k + 1) / 5)
        np.testing.assert_allclose(curve["frequency"][k], came[inside].mean())
        np.testing.assert_allclose(curve["probability"][k], said[inside].mean())
        assert curve["cases"][k] == inside.sum()


def test_empty_bins_are_left_out_not_nan() -> None:
    curve = reliability_curve([0.05, 0.06, 0.95], [0, 0, 1], 10, draws=10, seed=0)
    assert curve.sizes["bin"] == 2
    assert np.isfinite(curve["confidence"]).all()


def test_honest_forecasts_are_consistent_and_covered_as_often_as_claimed() -> None:
    consistent, covered = [], []
    for seed in range(60):
        said, came = honest(seed, 500)
        curve = reliability_curve(said, came, 5, level=0.8, draws=400, seed=seed)
        low, high = curve["consistency"].values.T
        consistent.append((curve["frequency"] >= low) & (curve["frequency"] <= high))
        low, high = curve["confidence"].values.T
        truth = curve["probability"].values  # of the honest, the true frequency of the bin
        covered.append((truth >= low) & (truth <= high))
    np.testing.assert_allclose(np.mean(consistent), 0.8, atol=0.07)
    np.testing.assert_allclose(np.mean(covered), 0.8, atol=0.07)


def test_the_consistency_interval_of_one_probability_is_the_binomial_one() -> None:
    from scipy.stats import binom

    curve = reliability_curve(np.full(200, 0.3), np.arange(200) < 50, None, draws=20_000, seed=1)
    expected = binom.ppf([0.05, 0.95], 200, 0.3) / 200
    np.testing.assert_allclose(curve["consistency"][0], expected, atol=0.006)


def test_wilsons_interval_equals_that_of_scipy() -> None:
    from scipy.stats import binomtest

    curve = reliability_curve(np.full(40, 0.2), np.arange(40) < 3, None, draws=5, seed=0)
    expected = binomtest(3, 40).proportion_ci(0.9, "wilson")
    np.testing.assert_allclose(curve["confidence"][0], expected, rtol=1e-9)


class TestLine:
    def test_without_bins_it_is_the_least_squares_line_of_outcomes(self) -> None:
        said, came = honest(2, 500)
        line = reliability_line(said, came)
        np.testing.assert_allclose(line, np.polyfit(said, came, 1), rtol=1e-9)

    def test_with_bins_it_is_the_weighted_line_through_the_curve(self) -> None:
        said, came = honest(3, 500)
        curve = reliability_curve(said, came, 10, draws=5, seed=0)
        weights = np.sqrt(curve["cases"].values)
        expected = np.polyfit(curve["probability"], curve["frequency"], 1, w=weights)
        np.testing.assert_allclose(reliability_line(said, came, 10), expected, rtol=1e-9)

    @pytest.mark.parametrize("bins", [None, 10])
    def test_honest_has_slope_one_too_extreme_less_too_timid_more(self, bins: int | None) -> None:
        said, came = honest(4, 40_000)
        slopes = [
            reliability_line(0.5 + factor * (said - 0.5), came, bins).slope for factor in (1.0, 0.5)
        ]
        np.testing.assert_allclose(slopes, [1, 2], atol=0.04)
        extreme = np.clip(0.5 + 1.5 * (said - 0.5), 0, 1)
        assert reliability_line(extreme, came, bins).slope < 0.9

    def test_one_probability_draws_no_line(self) -> None:
        with pytest.raises(BadInput, match="no line can be drawn"):
            reliability_line(np.full(9, 0.5), np.arange(9) % 2)
        with pytest.raises(BadInput, match="no line can be drawn"):
            reliability_line([0.51, 0.52], [0, 1], 10)


@pytest.mark.parametrize("setting", [{"level": 1.0}, {"draws": 0}, {"bins": 0}])
def test_settings_out_of_range_are_refused(setting: dict) -> None:
    with pytest.raises(BadInput, match="expected"):
        reliability_curve(*honest(5, 20), **setting, seed=0)
