"""What comes through the door of `scores` means what our docstrings say."""

import subprocess
import sys

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.weather.scores.package import diebold_mariano, fractions_skill


class TestDieboldMariano:
    def test_of_independent_differences_it_is_nearly_the_test_of_a_mean(self) -> None:
        apart = np.random.default_rng(0).normal(0.1, 1, 2000)
        found = diebold_mariano(apart)
        expected = apart.mean() / (apart.std() / np.sqrt(2000))
        np.testing.assert_allclose(found.statistic, expected, rtol=0.15)
        np.testing.assert_allclose(found.mean, apart.mean())

    def test_errors_that_overlap_make_it_less_sure_by_the_memory_they_have(self) -> None:
        noise = np.random.default_rng(2).normal(0, 1, 4009)
        overlapping = np.convolve(noise, np.ones(10), "valid") + 0.4
        naive = overlapping.mean() / (overlapping.std() / np.sqrt(4000))
        # A mean over 10 neighbours remembers 10 times as long: the error of the mean grows by √10.
        found = diebold_mariano(overlapping).statistic
        np.testing.assert_allclose(naive / found, np.sqrt(10), rtol=0.2)

    def test_turns_its_sign_with_the_methods_and_does_not_hang_on_the_unit(self) -> None:
        apart = np.random.default_rng(1).normal(0.3, 1, 200)
        one = diebold_mariano(apart)
        np.testing.assert_allclose(diebold_mariano(-apart).statistic, -one.statistic)
        for unit in (1e-4, 1e4):
            np.testing.assert_allclose(diebold_mariano(unit * apart)[1:], one[1:], rtol=1e-6)

    def test_equal_differences_and_short_series_are_refused(self) -> None:
        with pytest.raises(BadInput, match=r"all are 0\.5"):
            diebold_mariano(np.full(12, 0.5))
        with pytest.raises(BadInput, match="expected a series of 10 or more, got 5"):
            diebold_mariano(np.arange(5.0))


class TestFractionsSkill:
    RAIN = np.random.default_rng(3).gamma(0.3, 4.0, (2, 12, 12))

    def test_is_one_for_the_observation_itself(self) -> None:
        np.testing.assert_allclose(fractions_skill(self.RAIN, self.RAIN, 2.0, 3), 1)

    def test_of_single_points_it_is_that_of_hits_over_the_mean_of_events_and_alarms(self) -> None:
        # Window 1: FSS = 1 - Σ(f - o)² / Σ(f² + o²), with f and o being 0 or 1.
        said, came = self.RAIN[:1] > 2.0, self.RAIN[1:] > 2.0
        expected = 2 * (said & came).sum() / (said.sum() + came.sum())
        found = fractions_skill(self.RAIN[:1], self.RAIN[1:], 2.0, 1)
        np.testing.assert_allclose(found, [expected])

    def test_rain_beside_its_place_gains_with_the_window(self) -> None:
        beside = np.roll(self.RAIN, 1, axis=2)
        point, window = (fractions_skill(beside, self.RAIN, 2.0, n) for n in (1, 5))
        assert (window > point + 0.2).all()

    def test_no_rain_at_all_is_refused_never_nan(self) -> None:
        with pytest.raises(BadInput, match="never exceeded at 2 of 2 times, the first at index 0"):
            fractions_skill(self.RAIN, self.RAIN, 1e6, 3)

    def test_a_window_larger_than_the_field_is_refused(self) -> None:
        with pytest.raises(BadInput, match="window: expected 1 to 12"):
            fractions_skill(self.RAIN, self.RAIN, 2.0, 13)


def test_importing_the_door_does_not_import_the_package() -> None:
    call = "import sys, sciml.weather.scores.package; print('scores' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", call], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
