"""Lead time gained: exact between leads, a named bound beyond them."""

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.weather.scores.leads import lead_of_crossing, lead_time_gained

LEADS = np.array([24.0, 48.0, 72.0, 120.0])


def test_a_score_on_a_straight_line_crosses_where_the_line_does() -> None:
    for level in (3.0, 5.5, 9.9):
        found = lead_of_crossing(LEADS, 0.1 * LEADS, level)
        np.testing.assert_allclose(found.lead, level / 0.1)
        assert found.side == "crossed"


def test_a_forecast_as_good_as_the_reference_of_some_hours_before_gains_these_hours() -> None:
    found = lead_time_gained(LEADS, 0.1 * (LEADS - 13), 0.1 * LEADS, 7.0)
    np.testing.assert_allclose(found.gained, 13)
    assert found.bound == "exact"
    lost = lead_time_gained(LEADS, 0.1 * LEADS, 0.1 * (LEADS - 13), 7.0)
    np.testing.assert_allclose(lost.gained, -13)


def test_a_skill_crosses_downwards() -> None:
    found = lead_of_crossing(LEADS, 1 - LEADS / 96, 0.0, better="more")
    np.testing.assert_allclose(found.lead, 96)


def test_the_first_crossing_counts() -> None:
    assert lead_of_crossing(LEADS, [1, 3, 1, 3], 2.0).lead == 36.0


def test_beyond_the_leads_a_gain_is_a_bound_and_says_which() -> None:
    good, bad, between = [1.0, 1, 1, 1], [9.0, 9, 9, 9], [1.0, 3, 9, 9]
    cases = {
        (0, 2): "at least",  # ours never gets bad
        (2, 1): "at least",  # theirs was bad from the start
        (0, 1): "at least",
        (2, 0): "at most",
        (1, 2): "at most",
        (0, 0): "unknown",
        (1, 1): "unknown",
    }
    scores = (good, bad, between)
    for (ours, theirs), bound in cases.items():
        assert lead_time_gained(LEADS, scores[ours], scores[theirs], 2.0).bound == bound
    found = lead_time_gained(LEADS, good, between, 2.0)
    assert (found.gained, found.crossing.side) == (120 - 36, "after the last lead")


def test_a_score_that_equals_the_level_at_the_first_lead_crosses_there() -> None:
    assert lead_of_crossing(LEADS, [2, 3, 4, 5], 2.0).side == "crossed"


def test_leads_that_do_not_ascend_and_missing_scores_are_refused() -> None:
    with pytest.raises(BadInput, match="must ascend"):
        lead_of_crossing([24, 24, 48], [1, 2, 3], 2.0)
    with pytest.raises(BadInput, match="missing"):
        lead_of_crossing(LEADS, [1, np.nan, 3, 4], 2.0)
