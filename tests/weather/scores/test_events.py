"""Tables of yes and no: known values, and an error where a score has no meaning."""

import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import BadInput
from sciml.weather.scores.events import ContingencyTable, contingency_table

# Finley's tornado forecasts of 1884 (Murphy, Weather Forecast. 11 (1996) 3-20, table 1a).
FINLEY = ContingencyTable(hits=28, false_alarms=72, misses=23, correct_negatives=2680)
NAMES = (
    "base_rate",
    "probability_of_detection",
    "false_alarm_ratio",
    "false_alarm_rate",
    "critical_success_index",
    "frequency_bias",
    "extremal_dependence_index",
)


def test_finley_has_the_scores_that_made_him_famous() -> None:
    # Murphy (1996): 28/51, 72/100, 28/123 and 100/51.
    np.testing.assert_allclose(FINLEY.probability_of_detection, 28 / 51)
    np.testing.assert_allclose(FINLEY.false_alarm_ratio, 0.72)
    np.testing.assert_allclose(FINLEY.critical_success_index, 28 / 123)
    np.testing.assert_allclose(FINLEY.frequency_bias, 100 / 51)
    assert FINLEY.cases == 2803


@pytest.mark.parametrize("name", NAMES)
def test_every_score_equals_that_of_the_scores_package(name: str) -> None:
    from scores.categorical import BasicContingencyManager

    counts = {
        "tp_count": FINLEY.hits,
        "fp_count": FINLEY.false_alarms,
        "fn_count": FINLEY.misses,
        "tn_count": FINLEY.correct_negatives,
        "total_count": FINLEY.cases,
    }
    theirs = BasicContingencyManager({k: xr.DataArray(float(v)) for k, v in counts.items()})
    method = {
        "false_alarm_rate": "probability_of_false_detection",
        "extremal_dependence_index": "symmetric_extremal_dependence_index",
    }.get(name, name)
    np.testing.assert_allclose(getattr(FINLEY, name), float(getattr(theirs, method)()))


def test_counting_equals_looking_at_each_case() -> None:
    random = np.random.default_rng(0)
    said, came = random.random(500) < 0.3, random.random(500) < 0.2
    pairs = list(zip(said.tolist(), came.tolist(), strict=True))
    expected = [pairs.count(p) for p in ((True, True), (True, False), (False, True))]
    assert list(contingency_table(said, came)[:3]) == expected
    assert contingency_table(said.astype(float), came.astype(int)).cases == 500


class TestExtremalDependence:
    def test_is_zero_for_chance_and_changes_sign_with_the_forecast(self) -> None:
        chance = ContingencyTable(20, 180, 80, 720)
        np.testing.assert_allclose(chance.extremal_dependence_index, 0, atol=1e-15)
        turned = ContingencyTable(23, 2680, 28, 72)  # whoever says no means yes
        expected = -FINLEY.extremal_dependence_index
        np.testing.assert_allclose(turned.extremal_dependence_index, expected)

    def test_does_not_vanish_as_events_become_rare(self) -> None:
        # H = √F as the base rate falls: SEDI tends to 1/3; CSI to 0 (Ferro & Stephenson 2011).
        for F in (1e-4, 1e-8):
            table = ContingencyTable(round(F**0.5 * 1e12), round(F * 1e12), 0, 0)
            table = table._replace(
                misses=round(1e12) - table.hits, correct_negatives=round(1e12 - F * 1e12)
            )
            np.testing.assert_allclose(table.extremal_dependence_index, 1 / 3, atol=2e-3)


class TestUndefined:
    NEVER = ContingencyTable(0, 0, 0, 10)

    @pytest.mark.parametrize(
        ("name", "what"),
        [
            ("probability_of_detection", "events"),
            ("false_alarm_ratio", "alarms"),
            ("critical_success_index", "events or alarms"),
            ("frequency_bias", "events"),
            ("extremal_dependence_index", "events"),
        ],
    )
    def test_a_score_without_events_is_refused_never_nan(self, name: str, what: str) -> None:
        with pytest.raises(BadInput, match=f"undefined, no {what} among 0 hits, 0 false alarms"):
            getattr(self.NEVER, name)

    def test_what_is_defined_still_has_its_value(self) -> None:
        assert self.NEVER.base_rate == 0
        assert self.NEVER.false_alarm_rate == 0

    def test_a_perfect_forecast_has_no_extremal_index(self) -> None:
        with pytest.raises(BadInput, match=r"SEDI: needs a hit rate .* got 1 and 0"):
            _ = ContingencyTable(3, 0, 0, 7).extremal_dependence_index


@pytest.mark.parametrize(
    ("said", "came", "message"),
    [
        ([1, 0], [1, 0, 1], "forecast: expected axes"),
        ([1, 2, 0], [1, 0, 1], "expected 0 or 1 in each case, got 2"),
        ([1, 0, 0], [1, np.nan, 1], "event: 1 of 3 values are missing"),
        ([], [], "no value at all"),
    ],
)
def test_what_is_no_table_is_refused(said: list, came: list, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        contingency_table(said, came)
