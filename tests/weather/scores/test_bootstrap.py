"""The bootstrap of blocks: right for cases that hang together, the same for the same seed."""

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.weather.scores.bootstrap import (
    Draws,
    blocks_by,
    blocks_of_days,
    bootstrap_difference,
    bootstrap_mean,
    bootstrap_ratio,
    bootstrap_skill,
    bootstrap_statistic,
    sign_flip_test,
)
from sciml.weather.scores.probability import area_under_curve


def in_blocks(seed: int, blocks: int = 40, cases: int = 25) -> tuple[np.ndarray, np.ndarray]:
    """Cases whose blocks differ as much as the cases of a block do."""
    random = np.random.default_rng(seed)
    which = np.repeat(np.arange(blocks), cases)
    return random.normal(0, 1, blocks)[which] + random.normal(0, 1, blocks * cases), which


class TestMean:
    def test_the_width_is_that_of_the_mean_of_blocks_not_of_cases(self) -> None:
        values, which = in_blocks(0)
        found = bootstrap_mean(values, which, Draws(1, 4000, 0.95))
        of_blocks = np.std([values[which == b].mean() for b in range(40)]) / np.sqrt(40)
        np.testing.assert_allclose(found.high - found.low, 2 * 1.96 * of_blocks, rtol=0.08)
        alone = bootstrap_mean(values, np.arange(1000), Draws(1, 4000, 0.95))
        assert found.high - found.low > 2 * (alone.high - alone.low)

    def test_covers_the_truth_as_often_as_it_claims(self) -> None:
        covered = [
            bootstrap_mean(*in_blocks(seed), Draws(seed, 300, 0.9)).contains(0.0)
            for seed in range(200)
        ]
        np.testing.assert_allclose(np.mean(covered), 0.88, atol=0.06)

    def test_equals_drawing_blocks_one_by_one(self) -> None:
        values, which = in_blocks(2, blocks=6, cases=3)
        fast = bootstrap_mean(values, which, Draws(3, 20_000))
        slow = bootstrap_statistic(lambda i: float(values[i].mean()), which, Draws(4, 20_000))
        np.testing.assert_allclose(fast[:3], slow[:3], atol=0.02)

    def test_the_same_seed_gives_the_same_interval_and_names_do_not_matter(self) -> None:
        values, which = in_blocks(5)
        names = np.char.add("storm ", which.astype(str))
        assert bootstrap_mean(values, which, Draws(6)) == bootstrap_mean(values, which, Draws(6))
        named = bootstrap_mean(values, names, Draws(6))
        assert named.estimate == values.mean()
        assert named.blocks == 40

    def test_equal_values_have_no_width(self) -> None:
        found = bootstrap_mean(np.full(20, 3.5), np.arange(20) // 5, Draws(7))
        np.testing.assert_allclose(found[:3], 3.5)


class TestPairs:
    def test_a_constant_advantage_is_certain_however_noisy_the_scores(self) -> None:
        values, which = in_blocks(8)
        found = bootstrap_difference(values - 0.1, values, which, Draws(9))
        np.testing.assert_allclose(found[:3], -0.1)

    def test_skill_is_one_minus_the_ratio_and_keeps_its_ends_in_order(self) -> None:
        values, which = in_blocks(10)
        score, reference = np.abs(values), np.abs(values) + 1
        skill = bootstrap_skill(score, reference, which, Draws(11))
        ratio = bootstrap_ratio(score, reference, which, Draws(11))
        assert skill.low < skill.estimate < skill.high
        np.testing.assert_allclose(skill.estimate, 1 - score.mean() / reference.mean())
        np.testing.assert_allclose((skill.low, skill.high), (1 - ratio.high, 1 - ratio.low))


class TestStatistic:
    def test_of_an_area_under_a_curve_counts_draws_without_events(self) -> None:
        random = np.random.default_rng(12)
        said, came = random.random(30), np.arange(30) < 2  # both events in the first block
        which = np.arange(30) // 3
        found = bootstrap_statistic(
            lambda i: area_under_curve(said[i], came[i]), which, Draws(13, 400)
        )
        assert found.estimate == area_under_curve(said, came)
        np.testing.assert_allclose(found.undefined / 400, (1 - 1 / 10) ** 10, atol=0.08)

    def test_without_a_value_in_any_draw_it_is_refused(self) -> None:
        calls: list[int] = []

        def once(cases: np.ndarray) -> float:
            calls.append(len(cases))
            if len(calls) > 1:
                raise BadInput("no more")
            return 1.0

        with pytest.raises(BadInput, match="has no value in any of 50 draws"):
            bootstrap_statistic(once, np.arange(5), Draws(0, 50))


class TestSignFlips:
    def test_p_values_of_equal_methods_are_uniform(self) -> None:
        p = [
            sign_flip_test(*in_blocks(seed, blocks=20, cases=5), Draws(seed, 199))
            for seed in range(300)
        ]
        for level in (0.1, 0.5, 0.9):
            np.testing.assert_allclose(np.mean(np.array(p) <= level), level, atol=0.08)

    def test_a_constant_advantage_is_as_unlikely_as_all_signs_alike(self) -> None:
        exact = 2 * 0.5**6
        found = sign_flip_test(np.full(12, 0.1), np.arange(12) // 2, Draws(14, 20_000))
        np.testing.assert_allclose(found, exact, rtol=0.1)

    def test_no_difference_has_p_value_one(self) -> None:
        assert sign_flip_test(np.zeros(12), np.arange(12), Draws(15)) == 1


class TestBlocks:
    TIME = np.array(["2003-12-31T12", "2004-01-01T00", "2004-01-01T18", "2004-02-29"], "M8[ns]")

    def test_of_the_calendar(self) -> None:
        for unit, count in (("day", 3), ("month", 3), ("year", 2)):
            assert len(np.unique(blocks_by(self.TIME, unit))) == count

    def test_of_days_are_counted_from_the_first_in_any_order(self) -> None:
        np.testing.assert_array_equal(blocks_of_days(self.TIME, 1), [0, 1, 1, 60])
        np.testing.assert_array_equal(blocks_of_days(self.TIME[::-1], 2), [30, 0, 0, 0])

    def test_missing_times_and_lengths_below_a_day_are_refused(self) -> None:
        with pytest.raises(BadInput, match="1 of 2 times are missing"):
            blocks_by(np.array(["2004-01-01", "NaT"], "M8[ns]"), "day")
        with pytest.raises(BadInput, match="days: expected 1 or more"):
            blocks_of_days(self.TIME, 0)


class TestBadInput:
    def test_a_single_block_gives_no_interval(self) -> None:
        with pytest.raises(BadInput, match="expected at least 2, got 1"):
            bootstrap_mean(np.arange(5.0), np.zeros(5), Draws(0))

    @pytest.mark.parametrize("draws", [Draws(0, 0), Draws(0, 10, 1.0)])
    def test_settings_out_of_range_are_refused(self, draws: Draws) -> None:
        with pytest.raises(BadInput, match="draws: expected"):
            bootstrap_mean(np.arange(5.0), np.arange(5), draws)

    def test_missing_scores_other_lengths_and_empty_sums_are_refused(self) -> None:
        with pytest.raises(BadInput, match="values: 1 of 2"):
            bootstrap_mean([1.0, np.nan], np.arange(2), Draws(0))
        with pytest.raises(BadInput, match="blocks: expected axes"):
            bootstrap_mean([1.0, 2.0], np.arange(3), Draws(0))
        with pytest.raises(BadInput, match="its sum over all cases is 0"):
            bootstrap_ratio([1.0, 2.0], [0.0, 0.0], np.arange(2), Draws(0))
