"""Losing samples costs what it must: nothing when none is lost, all that the sensor knew else."""

import numpy as np
import pytest

from sciml.hydro.cases import INSIDE, TRAIN
from sciml.hydro.figures.dropout import (
    SWINGS,
    CavityLaw,
    dropout_table,
    estimates,
    identified_law,
    sensed_run,
    with_gaps,
)
from sciml.hydro.histories import simulated_cavities


@pytest.fixture(scope="module")
def law() -> CavityLaw:
    return identified_law(simulated_cavities()[TRAIN])


def test_the_more_is_lost_the_less_is_known_and_the_interval_stays_honest(law: CavityLaw) -> None:
    rows = dropout_table(law, sensed_run(SWINGS[INSIDE]), (0.0, 0.5, 1.0), 3)
    clean, half, none = rows.values()
    assert clean.filtered < half.filtered < none.filtered
    assert half.filtered < 1.5 * clean.filtered
    assert clean.filtered < 0.5 * clean.interpolated
    assert 0.85 < half.coverage < 0.99
    assert np.isnan(none.mean_nis)


def test_without_any_sample_the_smoother_knows_no_more_than_the_filter(law: CavityLaw) -> None:
    values, truth = sensed_run(SWINGS[INSIDE])
    found = estimates(law, values, np.full((1, truth.size), np.nan))
    filtered, smoothed = found["pressure"].values
    np.testing.assert_allclose(filtered, smoothed, rtol=1e-9)


def test_gaps_have_the_share_that_was_asked_for_and_differ_between_records() -> None:
    gaps = np.isnan(with_gaps(np.ones(5000), 0.3, 2, 0))
    np.testing.assert_allclose(gaps.mean(axis=1), 0.3, atol=0.03)
    assert not np.array_equal(gaps[0], gaps[1])
