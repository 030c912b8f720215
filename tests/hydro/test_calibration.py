"""Calibrated quantiles: coverage in the long run whatever the errors, and scores in closed form."""

from collections.abc import Sequence

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from sciml.core.errors import BadInput
from sciml.hydro.calibration import (
    LEVELS,
    Calibrated,
    CalibrationSettings,
    interval_scores,
)
from sciml.hydro.cases import Case, Cases
from sciml.hydro.forecast import Persistence, Plan, forecast_dataset

SAMPLES = 20_000


class Zero:
    """Forecasts 0, so that the series are the errors."""

    name = "zero"

    def fit(self, train: Cases) -> dict[str, float]:  # noqa: ARG002
        return {}

    def predict(
        self,
        inputs: np.ndarray,
        leads: Sequence[int],
        planned: Plan | None = None,  # noqa: ARG002
    ) -> xr.Dataset:
        return forecast_dataset(np.zeros((len(inputs), len(leads), 1)), 0, leads, ["x"])


class Normal(Zero):
    """Quantiles of a standard normal law."""

    def predict(
        self,
        inputs: np.ndarray,
        leads: Sequence[int],
        planned: Plan | None = None,  # noqa: ARG002
    ) -> xr.Dataset:
        told = super().predict(inputs, leads)
        quantiles = np.broadcast_to(stats.norm.ppf(LEVELS), (*told["forecast"].shape, 19))
        dims = ("time", "lead", "target", "level")
        return told.assign(quantile=(dims, quantiles)).assign_coords(level=list(LEVELS))


def cases_of(series: np.ndarray) -> Cases:
    whole = slice(0, len(series))
    return Cases({"run": Case(series[:, None], whole, whole)}, ("x",), ("x",), 50.0)


def errors(kind: str, samples: int = SAMPLES, seed: int = 0) -> np.ndarray:
    rng, t = np.random.default_rng(seed), np.arange(samples)
    if kind == "heavy tails":
        return rng.standard_t(2.5, samples)
    if kind == "skewed":
        return rng.exponential(1.0, samples) ** 1.5
    if kind == "drifting":
        return rng.normal(size=samples) * np.exp(2 * np.sin(t / 900)) + np.sin(t / 2000)
    return rng.normal(size=samples)


def calibrated(train: np.ndarray, leads: Sequence[int] = (1, 5, 25)) -> Calibrated:
    return Calibrated(Zero()).start(cases_of(train), leads)


@pytest.mark.parametrize("kind", ["normal", "heavy tails", "skewed", "drifting"])
@pytest.mark.parametrize("lead", [1, 5, 25])
def test_each_quantile_has_its_share_below_it_in_the_long_run(kind: str, lead: int) -> None:
    truth = errors(kind)
    # Started from another law: what is learnt in the run must do.
    told = calibrated(errors("normal", 500, seed=1)).predict(truth[:, None], (lead,))
    quantile = told["quantile"].values[:-lead, 0, 0]
    below = np.mean(truth[lead:, None] <= quantile, axis=0)
    # The lowest errors of the skewed law are crowded at its end, within a step of the quantiles.
    np.testing.assert_allclose(below, LEVELS, atol=0.03 if kind == "skewed" else 0.015)


def test_the_interval_covers_what_it_claims_at_once_when_the_law_stays() -> None:
    made = calibrated(errors("skewed", 5000, seed=1))
    scores = interval_scores(made, cases_of(errors("skewed", 1000)), (1, 5, 25))
    np.testing.assert_allclose(scores["coverage"], 0.9, atol=0.03)


def test_quantiles_are_ordered() -> None:
    told = calibrated(errors("normal", 500)).predict(errors("drifting", 3000)[:, None], (1, 25))
    assert told["quantile"].dims == ("time", "lead", "target", "level")
    assert np.all(np.diff(told["quantile"], axis=-1) >= 0)


def test_quantiles_scale_with_the_unit() -> None:
    train, run = errors("skewed", 500, seed=1), errors("drifting", 2000)
    first, second = (
        calibrated(u * train).predict(u * run[:, None], (5,))["quantile"] for u in (1.0, 3e4)
    )
    np.testing.assert_allclose(second, 3e4 * first, rtol=1e-9, atol=1e-6)


def test_a_forecast_is_not_changed_and_the_quantiles_never_look_ahead() -> None:
    run = errors("drifting", 300)[:, None]
    other = run.copy()
    other[200:] += 3.0
    made = Calibrated(Persistence())
    made.fit(cases_of(run[:, 0]))
    made.start(cases_of(run[:, 0]), (1, 5))
    before, after = (made.predict(x, (1, 5)) for x in (run, other))
    np.testing.assert_array_equal(before["quantile"][:200], after["quantile"][:200])
    assert np.all(before["quantile"][200] != after["quantile"][200])
    np.testing.assert_array_equal(before["forecast"][:, 0, 0], run[:, 0])


def test_missing_truths_are_left_out() -> None:
    truth = errors("normal", 4000)
    gaps = np.where(np.random.default_rng(2).random(4000) < 0.3, np.nan, truth)
    made = calibrated(np.where(np.arange(500) % 3 == 0, np.nan, errors("normal", 500, seed=1)))
    scores = interval_scores(made, cases_of(gaps), (1, 25))
    assert np.isfinite(scores.to_array()).all()
    np.testing.assert_allclose(scores["coverage"], 0.9, atol=0.02)
    # A missing sample teaches nothing: the quantiles stand still through a gap.
    silent = truth.copy()
    silent[1000:1100] = np.nan
    quantile = made.predict(silent[:, None], (1,))["quantile"].values
    np.testing.assert_array_equal(quantile[999:1100], quantile[[999] * 101])


def test_an_infinite_reading_is_refused_and_a_masked_one_is_missing() -> None:
    made, run = calibrated(errors("normal", 500, seed=1)), errors("normal", 200)[:, None]
    hidden = np.ma.array(run, mask=False)
    hidden[50] = np.ma.masked
    told, expected = (
        made.predict(one, (1,))["quantile"] for one in (hidden, hidden.filled(np.nan))
    )
    np.testing.assert_array_equal(told, expected)
    run[50] = np.inf
    with pytest.raises(BadInput, match=r"variable 'x' is infinite at sample 50; mark a missing"):
        made.predict(run, (1,))


def test_the_score_of_a_normal_forecast_is_that_of_the_closed_form() -> None:
    scores = interval_scores(Normal(), cases_of(errors("normal", 200_000)), (1,))
    assert scores["crps"].item() == pytest.approx(1 / np.sqrt(np.pi), rel=0.02)
    assert scores["coverage"].item() == pytest.approx(0.9, abs=0.003)
    assert scores["width"].item() == pytest.approx(2 * stats.norm.ppf(0.95), rel=0.01)


def test_another_interval_can_be_asked_for() -> None:
    scores = interval_scores(Normal(), cases_of(errors("normal", 100_000)), (1,), share=0.5)
    assert scores["coverage"].item() == pytest.approx(0.5, abs=0.01)


def test_bad_input_is_refused() -> None:
    run = cases_of(errors("normal", 100))
    with pytest.raises(BadInput, match=r"zero, calibrated: no quantiles for leads \[7\]; call"):
        calibrated(errors("normal", 100)).predict(np.zeros((9, 1)), (1, 7))
    with pytest.raises(BadInput, match=r"no quantiles for leads \[1\]"):
        Calibrated(Zero()).predict(np.zeros((9, 1)), (1,))
    with pytest.raises(BadInput, match=r"leads: expected whole numbers .* got \[\]"):
        calibrated(errors("normal", 100)).predict(np.zeros((9, 1)), [])
    with pytest.raises(BadInput, match=r"share: no quantile of level 0\.01; levels are multiples"):
        interval_scores(Normal(), run, (1,), share=0.98)
    with pytest.raises(BadInput, match="zero: no forecast is due in the judged part"):
        interval_scores(Normal(), run, (200,))
    with pytest.raises(BadInput, match="calibration: no forecast at lead 200 is due"):
        Calibrated(Zero()).start(run, (200,))
    with pytest.raises(BadInput, match="is forecast at lead 1 without any error"):
        Calibrated(Zero()).start(cases_of(np.zeros(100)), (1,))


def test_the_settings_are_those_that_were_measured_best() -> None:
    settings = CalibrationSettings()
    assert (settings.memory, settings.step) == (25, 0.02)
