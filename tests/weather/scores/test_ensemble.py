"""Scores of ensembles keep their identities, whichever members are missing."""

import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import BadInput
from sciml.weather.scores.ensemble import (
    crps_of_members,
    outside_range,
    pit_of_members,
    randomised_pit,
    rank_histogram,
    spread_and_skill,
    threshold_weighted_crps,
)


def with_gaps(seed: int, cases: int = 40, members: int = 7) -> tuple[np.ndarray, np.ndarray]:
    """An ensemble of rounded values, so with ties, two members of which are always there."""
    random = np.random.default_rng(seed)
    given = np.round(random.normal(0, 2, (cases, members)), 1)
    given[:, 2:][random.random((cases, members - 2)) < 0.3] = np.nan
    return given, np.round(random.normal(0.5, 2, cases), 1)


def by_double_sum(members: np.ndarray, observation: np.ndarray, *, fair: bool) -> np.ndarray:
    scores = []
    for row, truth in zip(members, observation, strict=True):
        x = row[~np.isnan(row)]
        pairs = len(x) * (len(x) - 1) if fair else len(x) ** 2
        spread = np.abs(x[:, None] - x).sum() / (2 * pairs)
        scores.append(np.abs(x - truth).mean() - spread)
    return np.array(scores)


class TestCrps:
    @pytest.mark.parametrize("fair", [False, True])
    @pytest.mark.parametrize("seed", range(3))
    def test_equals_the_double_sum_over_the_members_that_are_there(
        self, seed: int, fair: bool
    ) -> None:
        members, truth = with_gaps(seed)
        found = crps_of_members(members, truth, fair=fair)
        np.testing.assert_allclose(found, by_double_sum(members, truth, fair=fair), atol=1e-13)

    def test_of_one_member_is_the_absolute_error(self) -> None:
        members, truth = with_gaps(4)
        one = members.copy()
        one[:, 1:] = np.nan
        np.testing.assert_allclose(crps_of_members(one, truth), np.abs(members[:, 0] - truth))

    def test_does_not_see_the_order_of_the_members_nor_an_offset(self) -> None:
        members, truth = with_gaps(5)
        turned = crps_of_members(members[:, ::-1] + 1e6, truth + 1e6)
        np.testing.assert_allclose(turned, crps_of_members(members, truth), atol=1e-9)

    def test_scales_with_the_unit(self) -> None:
        members, truth = with_gaps(6)
        twice = crps_of_members(2.5 * members, 2.5 * truth)
        np.testing.assert_allclose(twice, 2.5 * crps_of_members(members, truth), atol=1e-13)

    def test_each_member_twice_is_the_same_distribution(self) -> None:
        members, truth = with_gaps(7)
        doubled = crps_of_members(np.tile(members, 2), truth)
        np.testing.assert_allclose(doubled, crps_of_members(members, truth), atol=1e-13)

    def test_of_many_normal_members_approaches_the_closed_form(self) -> None:
        # Gneiting et al., Mon. Weather Rev. 133 (2005), eq. 5, at the centre: σ (√2 - 1)/√π.
        members = np.random.default_rng(0).normal(0, 1, (1, 40_000))
        expected = (np.sqrt(2) - 1) / np.sqrt(np.pi)
        np.testing.assert_allclose(crps_of_members(members, [0.0]), expected, rtol=0.02)

    def test_the_fair_score_of_small_ensembles_is_unbiased(self) -> None:
        random = np.random.default_rng(1)
        truth = random.normal(0, 1, 200_000)
        score = crps_of_members(random.normal(0, 1, (200_000, 2)), truth, fair=True)
        expected = 1 / np.sqrt(np.pi)  # of a standard normal, averaged over its own draws
        np.testing.assert_allclose(score.mean(), expected, rtol=0.01)

    def test_keeps_the_axes_of_a_field(self) -> None:
        members, truth = with_gaps(8)
        field = crps_of_members(members.reshape(4, 10, 7), truth.reshape(4, 10))
        np.testing.assert_array_equal(field.ravel(), crps_of_members(members, truth))


class TestThresholdWeighted:
    @pytest.mark.parametrize("tail", ["upper", "lower"])
    def test_is_the_integral_of_the_squared_difference_over_the_tail(self, tail: str) -> None:
        members, truth = with_gaps(9, cases=12)
        threshold = np.linspace(-1, 1, 12)
        found = threshold_weighted_crps(members, truth, threshold, tail=tail)
        grid = np.linspace(-12, 12, 48_001)
        for case in range(12):
            x = members[case][~np.isnan(members[case])]
            F = (x[:, None] <= grid).mean(axis=0)
            tails = grid >= threshold[case] if tail == "upper" else grid <= threshold[case]
            area = np.sum((F - (truth[case] <= grid)) ** 2 * tails) * (grid[1] - grid[0])
            np.testing.assert_allclose(found[case], area, atol=2e-3)

    def test_the_two_tails_add_up_to_the_whole(self) -> None:
        members, truth = with_gaps(10)
        parts = [threshold_weighted_crps(members, truth, 0.3, tail=t) for t in ("upper", "lower")]
        np.testing.assert_allclose(sum(parts), crps_of_members(members, truth), atol=1e-13)

    def test_beyond_all_values_it_is_zero_and_before_all_of_them_the_crps(self) -> None:
        members, truth = with_gaps(11)
        np.testing.assert_array_equal(threshold_weighted_crps(members, truth, 1e3), 0)
        whole = threshold_weighted_crps(members, truth, -1e3)
        np.testing.assert_allclose(whole, crps_of_members(members, truth), atol=1e-9)

    def test_a_threshold_that_does_not_fit_the_cases_is_refused(self) -> None:
        members, truth = with_gaps(11)
        with pytest.raises(BadInput, match=r"threshold: expected one value or .*\(40,\).*\(3,\)"):
            threshold_weighted_crps(members, truth, np.zeros(3))


class TestAgainstTheScoresPackage:
    """`scores` 2.7, an independent implementation (Leeuwenburg et al., JOSS 9 (2024) 6889)."""

    @pytest.mark.parametrize(("method", "fair"), [("ecdf", False), ("fair", True)])
    def test_crps_and_its_upper_tail(self, method: str, fair: bool) -> None:
        from scores.probability import crps_for_ensemble, tail_tw_crps_for_ensemble

        members, truth = with_gaps(12)
        ensemble = xr.DataArray(members, dims=("case", "member"))
        observed = xr.DataArray(truth, dims="case")
        keep = {"method": method, "preserve_dims": "all"}
        theirs = crps_for_ensemble(ensemble, observed, "member", **keep)
        ours = crps_of_members(members, truth, fair=fair)
        np.testing.assert_allclose(ours, theirs.values, atol=1e-12)
        theirs = tail_tw_crps_for_ensemble(ensemble, observed, "member", 0.5, **keep)
        ours = threshold_weighted_crps(members, truth, 0.5, fair=fair)
        np.testing.assert_allclose(ours, theirs.values, atol=1e-12)


class TestRanks:
    def test_without_ties_and_gaps_a_place_is_the_number_of_members_below(self) -> None:
        random = np.random.default_rng(2)
        members, truth = random.normal(0, 1, (500, 6)), random.normal(0, 1, 500)
        places = (members < truth[:, None]).sum(axis=1)
        expected = np.bincount(places, minlength=7)
        np.testing.assert_array_equal(rank_histogram(members, truth, seed=3), expected)

    def test_an_honest_ensemble_is_flat_in_spite_of_ties_and_gaps(self) -> None:
        random = np.random.default_rng(4)
        drawn = np.round(random.gamma(0.5, 2.0, (30_000, 9)), 0)  # rain: most values tie
        members, truth = drawn[:, 1:], drawn[:, 0]
        members[:, 1:][random.random((30_000, 7)) < 0.4] = np.nan
        counts = rank_histogram(members, truth, seed=5)
        expected = len(truth) / 9
        chi_square = np.sum((counts - expected) ** 2 / expected)
        assert counts.sum() == len(truth)
        assert chi_square < 26.1  # 0.1 % of honest ensembles exceed it, 8 degrees of freedom

    def test_the_same_seed_gives_the_same_places(self) -> None:
        members, truth = with_gaps(13)
        one, same, other = (pit_of_members(members, truth, seed=s) for s in (1, 1, 2))
        np.testing.assert_array_equal(one, same)
        assert not np.array_equal(one, other)

    def test_a_distribution_with_a_jump_is_uniform_when_honest(self) -> None:
        random = np.random.default_rng(6)
        rain = np.maximum(random.normal(0, 1, 20_000), 0)
        below = np.where(rain > 0, 0.5 + 0.5 * (1 - 2 * _upper(rain)), 0.0)
        at = np.where(rain > 0, below, 0.5)
        counts, _ = np.histogram(randomised_pit(below, at, seed=7), bins=10, range=(0, 1))
        np.testing.assert_allclose(counts, 2000, atol=200)


def _upper(x: np.ndarray) -> np.ndarray:
    """P(X > x) of a standard normal."""
    from scipy.special import ndtr

    return 1 - ndtr(x)


class TestRangeAndSpread:
    def test_outside_counts_strictly_and_expects_two_of_m_plus_one(self) -> None:
        members = np.array([[0.0, 1.0, np.nan], [0.0, 1.0, 2.0], [0.0, 1.0, 2.0], [0.0, 1.0, 2.0]])
        found = outside_range(members, [1.5, 2.0, -0.1, 1.0])
        assert found.share == 0.5
        np.testing.assert_allclose(found.expected, (2 / 3 + 3 * 0.5) / 4)

    def test_an_honest_ensemble_has_ratio_one_and_its_share_outside(self) -> None:
        random = np.random.default_rng(8)
        drawn = random.normal(0, 3, (60_000, 6)) + random.normal(0, 9, (60_000, 1))
        members, truth = drawn[:, 1:], drawn[:, 0]
        members[:, 2:][random.random((60_000, 3)) < 0.5] = np.nan
        np.testing.assert_allclose(spread_and_skill(members, truth).ratio, 1, atol=0.02)
        found = outside_range(members, truth)
        np.testing.assert_allclose(found.share, found.expected, atol=0.01)

    def test_a_spread_that_is_halved_halves_the_spread_alone(self) -> None:
        random = np.random.default_rng(9)
        members, truth = random.normal(0, 1, (300, 4)), random.normal(0, 1, 300)
        mean = members.mean(axis=1, keepdims=True)
        wide, narrow = (spread_and_skill(mean + f * (members - mean), truth) for f in (1.0, 0.5))
        np.testing.assert_allclose(narrow.spread, wide.spread / 2)
        np.testing.assert_allclose(narrow.error, wide.error)

    def test_a_perfect_mean_has_no_ratio(self) -> None:
        with pytest.raises(BadInput, match="no ratio"):
            _ = spread_and_skill([[0.0, 2.0]], [1.0]).ratio


class TestBadInput:
    @pytest.mark.parametrize("score", [crps_of_members, outside_range])
    def test_a_case_without_any_member_is_refused_by_its_index(self, score: object) -> None:
        members, truth = with_gaps(14)
        members[17] = np.nan
        with pytest.raises(BadInput, match=r"1 of 40 cases have fewer than 1 members.*index 17"):
            score(members, truth)  # type: ignore[operator]

    def test_one_member_is_too_few_for_the_fair_score_and_the_spread(self) -> None:
        members, truth = [[1.0, np.nan]], [0.0]
        with pytest.raises(BadInput, match="fewer than 2 members"):
            crps_of_members(members, truth, fair=True)
        with pytest.raises(BadInput, match="fewer than 2 members"):
            spread_and_skill(members, truth)

    def test_a_missing_observation_is_refused_never_a_silent_nan(self) -> None:
        members, truth = with_gaps(15)
        truth[3] = np.nan
        with pytest.raises(BadInput, match=r"observation: 1 of 40 values are missing.*index 3"):
            crps_of_members(members, truth)

    def test_infinite_members_are_refused(self) -> None:
        members, truth = with_gaps(15)
        members[2, 1] = np.inf
        with pytest.raises(BadInput, match=r"infinite at index \(2, 1\)"):
            crps_of_members(members, truth)

    def test_axes_that_do_not_fit_are_refused(self) -> None:
        members, truth = with_gaps(16)
        with pytest.raises(BadInput, match=r"over cases of shape \(39,\)"):
            crps_of_members(members, truth[:-1])
        with pytest.raises(BadInput, match=r"expected axes \(\.\.\., member\)"):
            crps_of_members(np.zeros((3, 0)), np.zeros(3))

    def test_a_cdf_that_goes_down_is_refused(self) -> None:
        with pytest.raises(BadInput, match="exceeds F"):
            randomised_pit([0.1, 0.6], [0.2, 0.5], seed=0)
