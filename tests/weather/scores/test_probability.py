"""Brier score, its parts, and the curves of discrimination: identities, oracles, ties."""

import numpy as np
import pytest
import xarray as xr
from scipy.integrate import trapezoid

from sciml.core.errors import BadInput
from sciml.weather.scores.probability import (
    area_under_curve,
    average_precision,
    bins_of,
    brier_parts,
    brier_score,
    brier_skill,
    operating_characteristic,
    squared_probability_errors,
)


def sample(seed: int, cases: int = 400, decimals: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Honest probabilities, rounded so that some tie, and what came."""
    random = np.random.default_rng(seed)
    said = random.beta(0.6, 2.0, cases)
    return np.round(said, decimals), random.random(cases) < said


class TestBrier:
    @pytest.mark.parametrize("bins", [None, 1, 7, 10])
    @pytest.mark.parametrize("seed", range(3))
    def test_the_parts_add_up_to_the_score_exactly(self, seed: int, bins: int | None) -> None:
        said, came = sample(seed)
        parts = brier_parts(said, came, bins)
        np.testing.assert_allclose(parts.score, brier_score(said, came), rtol=1e-13)

    def test_equal_probabilities_leave_nothing_within_the_bins(self) -> None:
        said, came = sample(3, decimals=1)
        parts = brier_parts(said, came)
        np.testing.assert_allclose(parts.within_bin_variance, 0, atol=1e-30)
        np.testing.assert_allclose(parts.within_bin_covariance, 0, atol=1e-15)
        coarse = brier_parts(said, came, 10)
        np.testing.assert_allclose(coarse.resolution, parts.resolution, atol=2e-3)

    def test_the_parts_of_a_constant_honest_and_a_perfect_forecast(self) -> None:
        came = np.array([1, 0, 0, 0])
        constant = brier_parts(np.full(4, 0.25), came)
        np.testing.assert_allclose(constant, (0, 0, 0.1875, 0, 0))
        perfect = brier_parts(came.astype(float), came)
        np.testing.assert_allclose(perfect, (0, 0.1875, 0.1875, 0, 0))

    def test_equals_the_scores_package(self) -> None:
        from scores.probability import brier_score as theirs

        said, came = sample(4)
        expected = theirs(xr.DataArray(said, dims="case"), xr.DataArray(1.0 * came, dims="case"))
        np.testing.assert_allclose(brier_score(said, came), float(expected))

    def test_no_other_constant_beats_the_frequency(self) -> None:
        came = sample(5)[1]
        best = brier_score(np.full(400, came.mean()), came)
        assert all(brier_score(np.full(400, p), came) >= best for p in np.linspace(0, 1, 21))

    def test_skill_is_one_when_perfect_and_zero_for_the_reference_itself(self) -> None:
        said, came = sample(6)
        assert brier_skill(came, came, 0.2) == 1
        assert brier_skill(np.full(400, 0.2), came, 0.2) == 0
        assert brier_skill(said, came, said) == 0

    def test_cases_average_to_the_score(self) -> None:
        said, came = sample(7)
        assert squared_probability_errors(said, came).mean() == brier_score(said, came)

    def test_a_probability_on_an_edge_belongs_to_the_bin_above(self) -> None:
        tenths = np.arange(11) / 10
        np.testing.assert_array_equal(bins_of(tenths, 10), [*range(10), 9])


class TestCurve:
    @pytest.mark.parametrize("decimals", [1, 6])
    def test_the_area_is_the_mann_whitney_statistic_and_that_under_the_curve(
        self, decimals: int
    ) -> None:
        said, came = sample(8, decimals=decimals)
        won = said[came][:, None] - said[~came]
        area = area_under_curve(said, came)
        np.testing.assert_allclose(area, np.mean((won > 0) + 0.5 * (won == 0)), rtol=1e-12)
        curve = operating_characteristic(said, came)
        under = trapezoid(curve.hit_rate, curve.false_alarm_rate)
        np.testing.assert_allclose(under, area, rtol=1e-12)

    def test_each_point_is_the_table_of_its_threshold(self) -> None:
        said, came = sample(9, cases=60, decimals=1)
        for threshold, alarms, hits in zip(*operating_characteristic(said, came), strict=True):
            assert hits == np.mean(said[came] >= threshold)
            assert alarms == np.mean(said[~came] >= threshold)

    def test_runs_from_never_to_always_warning(self) -> None:
        curve = operating_characteristic(*sample(10))
        assert (curve.hit_rate[0], curve.false_alarm_rate[0]) == (0, 0)
        assert (curve.hit_rate[-1], curve.false_alarm_rate[-1]) == (1, 1)

    def test_only_the_order_counts(self) -> None:
        said, came = sample(11)
        logits = np.log(said + 0.01)
        for score in (area_under_curve, average_precision):
            np.testing.assert_allclose(score(logits, came), score(said, came))
        np.testing.assert_allclose(area_under_curve(-said, came), 1 - area_under_curve(said, came))

    def test_chance_and_perfection(self) -> None:
        came = np.arange(200) % 4 == 0
        assert area_under_curve(np.full(200, 0.3), came) == 0.5
        assert average_precision(np.full(200, 0.3), came) == 0.25  # the base rate
        assert area_under_curve(came, came) == average_precision(came, came) == 1

    @pytest.mark.parametrize("decimals", [1, 2, 6])
    def test_equals_scikit_learn(self, decimals: int) -> None:
        from sklearn.metrics import average_precision_score, roc_auc_score

        said, came = sample(12, decimals=decimals)
        np.testing.assert_allclose(area_under_curve(said, came), roc_auc_score(came, said))
        expected = average_precision_score(came, said)
        np.testing.assert_allclose(average_precision(said, came), expected)

    def test_equals_the_scores_package(self) -> None:
        from scores.probability import roc_auc

        said, came = sample(13)
        expected = roc_auc(xr.DataArray(said, dims="case"), xr.DataArray(1.0 * came, dims="case"))
        np.testing.assert_allclose(area_under_curve(said, came), float(expected))


class TestBadInput:
    def test_percent_are_refused(self) -> None:
        said, came = sample(14)
        with pytest.raises(BadInput, match=r"got 0 to .*; divide percent by 100"):
            brier_score(100 * said, came)

    @pytest.mark.parametrize("score", [area_under_curve, average_precision])
    @pytest.mark.parametrize("always", [True, False])
    def test_a_record_without_both_outcomes_has_no_curve(self, score: object, always: bool) -> None:
        with pytest.raises(BadInput, match=r"came in \d+ of 5 cases, so the curve is undefined"):
            score(np.linspace(0, 1, 5), np.full(5, always))  # type: ignore[operator]

    def test_a_perfect_reference_and_missing_values_are_refused(self) -> None:
        said, came = sample(15)
        with pytest.raises(BadInput, match="is perfect"):
            brier_skill(said, came, came)
        said[3] = np.nan
        with pytest.raises(BadInput, match="probability: 1 of 400"):
            brier_score(said, came)
        with pytest.raises(BadInput, match="bins: expected 1 or more"):
            brier_parts(*sample(15), bins=0)
