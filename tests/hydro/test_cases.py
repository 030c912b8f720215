"""Runs and their splits: what is chosen, what the scaling sees, how the measured runs are cut."""

import numpy as np
import pytest

from sciml.hydro import loads
from sciml.hydro.cases import INSIDE, OUTSIDE, TRAIN, Splits, measured_wave_loads
from tests.laws import random_runs


def test_chosen_and_without_part_the_runs() -> None:
    runs = random_runs(3)
    assert list(runs.chosen(["run 2", "run 0"]).cases) == ["run 2", "run 0"]
    assert list(runs.without(["run 1"]).cases) == ["run 0", "run 2"]
    assert runs.without([]) == runs
    assert runs.chosen(["run 1"]).channels == runs.channels


def test_targets_are_found_among_the_channels_in_their_own_order() -> None:
    assert random_runs().target_indices == [2, 1]


def test_the_scaling_is_that_of_these_runs_alone() -> None:
    runs = random_runs(3)
    some = runs.without(["run 2"])
    samples = np.concatenate([case.values for case in some.cases.values()])
    scaling = some.scaling()
    assert scaling.channels == runs.channels
    np.testing.assert_allclose(scaling.mean, samples.mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(scaling.std, samples.std(axis=0), rtol=1e-14)
    assert not np.allclose(scaling.mean, runs.scaling().mean, rtol=1e-6)


@pytest.fixture(scope="module")
def splits() -> Splits:
    return measured_wave_loads()


@pytest.mark.realdata
class TestMeasuredWaveLoads:
    def test_the_splits_are_disjoint_and_by_wave_period(self, splits: Splits) -> None:
        periods = loads.read_section_loads()["wave_period"]
        found = {
            part: {float(periods.sel(case=name)) for name in runs.cases}
            for part, runs in splits.items()
        }
        assert found[INSIDE] == {1.036}
        assert found[OUTSIDE] == {0.634, 0.678}
        assert min(found[TRAIN]) > max(found[OUTSIDE])
        assert min(found[TRAIN]) < 1.036 < max(found[TRAIN])
        assert not found[TRAIN] & (found[INSIDE] | found[OUTSIDE])
        assert {part: len(runs.cases) for part, runs in splits.items()} == {
            TRAIN: 17,
            INSIDE: 5,
            OUTSIDE: 7,
        }

    def test_judged_parts_lie_2_s_into_the_waves(self, splits: Splits) -> None:
        for runs in splits.values():
            for case in runs.cases.values():
                assert case.judged == slice(case.active.start + 100, case.active.stop)
                assert case.judged.start < case.judged.stop <= len(case.values)

    def test_only_the_training_runs_say_what_active_means(self, splits: Splits) -> None:
        scaling = splits[TRAIN].scaling()
        for runs in splits.values():
            for case in runs.cases.values():
                scaled = scaling.apply(case.values)[:, runs.target_indices]
                assert loads.active_part(scaled) == case.active

    def test_values_are_the_measured_ones_in_si_units(self, splits: Splits) -> None:
        series = loads.load_case_series(loads.resampled(loads.read_section_loads()))
        for runs in splits.values():
            assert (runs.channels, runs.targets, runs.rate) == (loads.CHANNELS, loads.LOADS, 50.0)
            for name, case in runs.cases.items():
                np.testing.assert_array_equal(case.values, series[name])
