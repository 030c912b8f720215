"""Forecasters: processes with a known best forecast, the error's definition, the measured table."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import BadInput
from sciml.hydro import loads
from sciml.hydro.cases import INSIDE, OUTSIDE, TRAIN, Case, Cases, measured_wave_loads
from sciml.hydro.dmd import DynamicModes
from sciml.hydro.figures.wave_loads import ORDER, RIDGE
from sciml.hydro.forecast import (
    Autoregression,
    Persistence,
    Plan,
    coverage,
    forecast_dataset,
    normalised_errors,
)
from sciml.hydro.hybrid import TrackedHybrid
from tests.laws import AnswersPlans, ObeysForecastContract, random_runs


def runs_of(*series: np.ndarray, targets: tuple[str, ...] = ("x",)) -> Cases:
    """Runs of which every sample is learnt from and judged."""
    whole = {
        str(number): Case(values, slice(0, len(values)), slice(0, len(values)))
        for number, values in enumerate(one.reshape(len(one), -1) for one in series)
    }
    channel = next(iter(whole.values())).values.shape[1]
    return Cases(whole, ("x", "y", "z")[:channel], targets, rate=50.0)


def autoregression(order: int, leads: Sequence[int], ridge: float = 0.0) -> Autoregression:
    return Autoregression(order, leads, all_channels=False, ridge=ridge)


class TestPersistence(ObeysForecastContract):
    def forecaster(self) -> Persistence:
        return Persistence()

    def test_a_lead_that_was_not_trained_is_refused(self) -> None:
        inputs = random_runs(seed=1).cases["run 0"].values
        forecast = self.fitted().predict(inputs, (1, 7))["forecast"]  # any lead is known
        np.testing.assert_array_equal(forecast.sel(lead=1), forecast.sel(lead=7))


class TestAutoregression(ObeysForecastContract):
    history = 4

    def forecaster(self) -> Autoregression:
        return Autoregression(4, self.leads, all_channels=False, ridge=1e-6)


class TestVectorAutoregression(ObeysForecastContract):
    history = 5

    def forecaster(self) -> Autoregression:
        return Autoregression(5, self.leads, all_channels=True, ridge=1e-6)


class TestAutoregressionWithPlannedControls(ObeysForecastContract):
    history = 5

    def forecaster(self) -> Autoregression:
        return Autoregression(5, self.leads, all_channels=True, ridge=1e-6, planned=["a"])


class TestAutoregressionAnswersPlans(AnswersPlans):
    def forecaster(self) -> Autoregression:
        return Autoregression(4, self.leads, all_channels=True, ridge=1e-6, planned=["a"])


def test_a_plan_that_a_forecaster_was_not_made_for_changes_nothing() -> None:
    runs = random_runs()
    inputs = runs.cases["run 0"].values
    for made in (Persistence(), Autoregression(4, (2,), all_channels=True, ridge=1e-6)):
        made.fit(runs)
        told = made.predict(inputs, (2,), planned={"a": inputs[::-1, 0]})["forecast"]
        np.testing.assert_array_equal(told, made.predict(inputs, (2,))["forecast"])


def test_persistence_has_no_error_on_a_constant() -> None:
    forecaster = Persistence()
    forecaster.fit(runs_of(np.full(10, 3.7)))
    forecast = forecaster.predict(np.full((10, 1), 3.7), (1, 5))["forecast"]
    np.testing.assert_array_equal(forecast, 3.7)


@pytest.mark.parametrize("lead", [5, 10, 20, 40])
def test_persistence_on_a_sine_is_wrong_by_twice_the_sine_of_half_the_phase(lead: int) -> None:
    period = 40
    # The times that forecasts are due make up whole periods.
    sine = runs_of(1.5 + np.sin(2 * np.pi * np.arange(lead + 5 * period) / period))
    forecaster = Persistence()
    forecaster.fit(sine)
    error = normalised_errors(forecaster, sine, [lead]).item()
    assert error == pytest.approx(2 * abs(np.sin(np.pi * lead / period)), abs=1e-12)


@pytest.mark.parametrize("order", [2, 3, 8])
def test_a_sine_is_forecast_exactly_by_two_samples_and_more(order: int) -> None:
    phase = 2 * np.pi * np.arange(400) / 50
    forecaster = autoregression(order, (1, 10, 33), ridge=1e-13)
    forecaster.fit(runs_of(4 + np.sin(phase)))
    other = runs_of(4 + 0.3 * np.sin(phase + 1))
    assert normalised_errors(forecaster, other, (1, 10, 33)).max() < 1e-5


def test_one_sample_is_not_enough_for_a_sine() -> None:
    sine = runs_of(4 + np.sin(2 * np.pi * np.arange(400) / 50))
    forecaster = autoregression(1, (10,))
    forecaster.fit(sine)
    # The best multiple of sin φ for sin(φ + δ) leaves |sin δ| of it.
    error = normalised_errors(forecaster, sine, (10,)).item()
    assert error == pytest.approx(np.sin(2 * np.pi * 10 / 50), rel=0.01)


@pytest.mark.parametrize("phi", [(0.8,), (1.5, -0.7), (0.2, 0.3, -0.4)])
def test_an_autoregressive_process_is_forecast_as_theory_says(phi: tuple[float, ...]) -> None:
    order, samples, leads = len(phi), 40_000, (1, 2, 5)
    noise = np.random.default_rng(order).normal(size=samples)
    x = np.zeros(samples)
    for t in range(order, samples):
        x[t] = noise[t] + sum(p * x[t - 1 - k] for k, p in enumerate(phi))
    forecaster = autoregression(order, leads)
    forecaster.fit(runs_of(x[100:]))
    # x(t + L) = first row of the L-th power of the companion matrix, times the newest samples.
    companion = np.vstack([phi, np.eye(order)[:-1]])
    variance = sum(_impulses(companion, 400) ** 2)
    errors = normalised_errors(forecaster, runs_of(x[100:]), leads)
    for lead in leads:
        best = np.linalg.matrix_power(companion, lead)[0]
        for sample, coefficient in enumerate(best):
            unit = np.zeros((order, 1))
            step = unit.copy()
            step[-1 - sample] = 1.0
            answers = [forecaster.predict(v, (lead,))["forecast"].item() for v in (unit, step)]
            assert answers[1] - answers[0] == pytest.approx(coefficient, abs=0.03)
        theory = np.sqrt(sum(_impulses(companion, lead) ** 2) / variance)
        assert errors.sel(lead=lead).item() == pytest.approx(theory, rel=0.02)


def _impulses(companion: np.ndarray, count: int) -> np.ndarray:
    """What a unit of noise adds to the process after 0, 1, 2 ... samples."""
    return np.array([np.linalg.matrix_power(companion, k)[0, 0] for k in range(count)])


def test_a_load_that_follows_a_wave_is_forecast_from_the_wave_and_not_from_itself() -> None:
    delay = 5
    wave = np.random.default_rng(0).normal(size=4000)
    run = np.stack([np.roll(wave, delay), wave], axis=1)[delay:]  # x follows y
    cases = runs_of(run)
    errors = {}
    for all_channels in (True, False):
        forecaster = Autoregression(6, (1, 5, 6), all_channels=all_channels, ridge=0.0)
        forecaster.fit(cases)
        errors[all_channels] = normalised_errors(forecaster, cases, (1, 5, 6)).values
    np.testing.assert_allclose(errors[True], [0, 0, 1], atol=0.01)  # beyond the delay is noise
    np.testing.assert_allclose(errors[False], 1, atol=0.01)


def test_a_load_that_follows_a_planned_control_is_forecast_beyond_the_delay() -> None:
    delay = 5
    control = np.random.default_rng(0).normal(size=4000)
    cases = runs_of(np.stack([np.roll(control, delay), control], axis=1)[delay:])  # x follows y
    forecaster = Autoregression(6, (8, 40), all_channels=True, ridge=0.0, planned=["y"])
    forecaster.fit(cases)
    told = normalised_errors(forecaster, cases, (8, 40), planned=["y"])
    np.testing.assert_allclose(told, 0, atol=1e-9)
    assert np.all(normalised_errors(forecaster, cases, (8, 40)) > 1)  # held, it misleads


def test_the_ridge_is_per_sample_so_that_runs_seen_twice_change_nothing() -> None:
    runs = random_runs()
    doubled = {f"{name} again": case for name, case in runs.cases.items()}
    twice = runs._replace(cases={**runs.cases, **doubled})
    inputs = random_runs(seed=1).cases["run 0"].values
    forecasts = []
    for train in (runs, twice):
        forecaster = Autoregression(4, (3,), all_channels=True, ridge=0.1)
        forecaster.fit(train)
        forecasts.append(forecaster.predict(inputs, (3,))["forecast"])
    np.testing.assert_allclose(forecasts[0], forecasts[1], rtol=1e-9)


def test_a_large_ridge_forecasts_the_mean() -> None:
    runs = random_runs()
    forecaster = Autoregression(4, (3,), all_channels=True, ridge=1e9)
    forecaster.fit(runs)
    forecast = forecaster.predict(runs.cases["run 0"].values, (3,))["forecast"]
    mean = np.concatenate([case.values for case in runs.cases.values()]).mean(axis=0)
    np.testing.assert_allclose(forecast.values[:, 0], np.tile(mean[[2, 1]], (57, 1)), rtol=1e-6)


class Told:
    """A forecaster that knows the run: it says the truth, the mean, or the truth and an error."""

    name = "told"

    def __init__(self, case: Case, answer: Any) -> None:
        self.case, self.answer = case, answer

    def fit(self, train: Cases) -> dict[str, float]:  # noqa: ARG002 - the contract's
        return {}

    def predict(
        self,
        inputs: np.ndarray,
        leads: Sequence[int],
        planned: Plan | None = None,  # noqa: ARG002
    ) -> xr.Dataset:
        values = [self.answer(self.case, t, lead) for t in range(len(inputs)) for lead in leads]
        return forecast_dataset(np.reshape(values, (len(inputs), len(leads), 1)), 0, leads, ["x"])


def judged_run() -> tuple[Case, Cases]:
    values = np.random.default_rng(3).normal(5, 2, size=(50, 1))
    case = Case(values, slice(5, 45), slice(10, 40))
    return case, Cases({"run": case}, ("x",), ("x",), 50.0)


def test_forecasting_the_mean_has_the_error_1() -> None:
    case, cases = judged_run()
    mean = Told(case, lambda case, *_: case.values[case.judged].mean())
    np.testing.assert_allclose(normalised_errors(mean, cases, (1, 4)), 1.0, rtol=1e-12)


def test_what_is_due_outside_the_judged_part_does_not_count() -> None:
    case, cases = judged_run()

    def right_when_judged(case: Case, t: int, lead: int) -> float:
        due = t + lead
        return float(case.values[due, 0]) if 10 <= due < 40 else 1e6

    def wrong_once(when: int) -> Told:
        return Told(case, lambda c, t, lead: right_when_judged(c, t, lead) + (t + lead == when))

    assert normalised_errors(wrong_once(5), cases, (1, 4)).values.tolist() == [0, 0]
    for when in (10, 39):  # the first and the last that count
        assert np.all(normalised_errors(wrong_once(when), cases, (1, 4)) > 0)


def test_errors_are_pooled_over_runs_before_the_ratio_and_averaged_over_targets() -> None:
    runs, lead = random_runs(), 2
    forecaster = Persistence()
    forecaster.fit(runs)
    ratios = []
    for target in (2, 1):  # by hand, sample by sample
        gaps, spread = 0.0, 0.0
        for case in runs.cases.values():
            due = range(case.judged.start, case.judged.stop)
            truth = [case.values[t, target] for t in due]
            gaps += sum((case.values[t - lead, target] - case.values[t, target]) ** 2 for t in due)
            spread += sum((value - sum(truth) / len(truth)) ** 2 for value in truth)
        ratios.append((gaps / spread) ** 0.5)
    error = normalised_errors(forecaster, runs, (lead,)).item()
    assert error == pytest.approx(sum(ratios) / 2, rel=1e-12)


class Sure(Told):
    """A forecaster that also says how sure it is."""

    spread = 1.0

    def predict(
        self,
        inputs: np.ndarray,
        leads: Sequence[int],
        planned: Plan | None = None,
    ) -> xr.Dataset:
        told = super().predict(inputs, leads, planned)
        spread = xr.full_like(told["forecast"], self.spread)
        return told.assign(standard_deviation=spread)


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_the_right_deviation_covers_the_share_it_claims(share: float) -> None:
    values = np.random.default_rng(3).normal(5, 2, size=(20_000, 1))
    case = Case(values, slice(0, 20_000), slice(10, 19_990))
    cases, sure = Cases({"run": case}, ("x",), ("x",), 50.0), Sure(case, lambda *_: 5.0)
    for spread, expected in ((2.0, share), (1e3, 1.0), (1e-9, 0.0)):
        sure.spread = spread
        found = coverage(sure, cases, (1, 4), share=share)
        np.testing.assert_allclose(found, expected, atol=0.01)


def test_when_nothing_is_due_it_is_said() -> None:
    runs = random_runs()
    forecaster = Persistence()
    forecaster.fit(runs)
    with pytest.raises(BadInput, match="persistence: no forecast is due in the judged part"):
        normalised_errors(forecaster, runs, (100,))


def test_runs_that_are_too_short_to_learn_from_are_refused() -> None:
    forecaster = Autoregression(50, (20,), all_channels=True, ridge=0.0)
    with pytest.raises(BadInput, match="no run is longer than 50 samples and the lead"):
        forecaster.fit(random_runs())


def test_a_run_shorter_than_the_history_is_refused_with_both_numbers() -> None:
    forecaster = autoregression(4, (1,))
    forecaster.fit(random_runs())
    with pytest.raises(BadInput, match=r"needs 4 samples of history, got 3"):
        forecaster.predict(random_runs().cases["run 0"].values[:3], (1,))


def test_nan_in_training_runs_is_refused_by_name() -> None:
    runs = random_runs()
    runs.cases["run 1"].values[7, 1] = np.nan
    with pytest.raises(BadInput, match=r"variable 'b' has 1 value .* not finite, at sample 7"):
        autoregression(4, (1,)).fit(runs)


# Normalised error at 20, 100, 200, 500 ms and 1 s, measured by another program on the same runs.
MEASURED = {
    ("persistence", INSIDE): (0.162, 0.606, 1.138, 1.981, 0.304),
    ("persistence", OUTSIDE): (0.372, None, 1.678, None, 1.660),
    ("autoregression", INSIDE): (0.033, 0.068, 0.092, 0.168, 0.392),
    ("autoregression", OUTSIDE): (0.379, None, 2.401, None, 5.804),
    ("vector autoregression", INSIDE): (0.032, 0.059, 0.066, 0.080, 0.115),
    ("vector autoregression", OUTSIDE): (0.397, None, 1.743, None, 2.397),
}


@pytest.mark.realdata
@pytest.mark.slow
def test_the_measured_table_is_found_again() -> None:
    splits = measured_wave_loads()
    for forecaster in (
        Persistence(),
        Autoregression(ORDER, loads.LEADS, all_channels=False, ridge=RIDGE),
        Autoregression(ORDER, loads.LEADS, all_channels=True, ridge=RIDGE),
    ):
        forecaster.fit(splits[TRAIN])
        for part in (INSIDE, OUTSIDE):
            found = normalised_errors(forecaster, splits[part], loads.LEADS).values
            for value, expected in zip(found, MEASURED[forecaster.name, part], strict=True):
                assert expected is None or value == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize(
    "gap", [np.nan, np.inf, np.ma.masked], ids=["not a number", "infinite", "masked"]
)
def test_a_gap_in_what_a_forecaster_sees_is_refused_by_channel_and_sample(gap: Any) -> None:
    for made in (Persistence(), autoregression(2, (1,), ridge=1e-6)):
        made.fit(random_runs())
        inputs = np.ma.array(random_runs().cases["run 0"].values)
        made.predict(inputs, (1,))  # a mask without gaps
        inputs[5, 1] = gap
        with pytest.raises(BadInput, match=r"inputs: variable '\w+' has 1 value.*at sample 5\."):
            made.predict(inputs, (1,))


@pytest.mark.parametrize("judge", [normalised_errors, coverage])
def test_a_run_whose_truth_is_missing_is_not_judged(judge: Any) -> None:
    noise = np.random.default_rng(1).normal(size=200)
    runs = runs_of(noise, noise)
    fitted = autoregression(2, (1,))
    fitted.fit(runs)
    gap = noise[:, None].copy()
    gap[150] = np.nan
    broken = runs._replace(cases={"0": runs.cases["0"]._replace(values=gap)})
    with pytest.raises(BadInput, match=r"run '0': variable 'x' has 1 value .* at sample 150\."):
        judge(fitted, broken, [1])


@pytest.mark.parametrize("leads", [[-5, 0], [0], [], [1.5]])
def test_leads_that_are_not_ahead_are_refused(leads: Any) -> None:
    runs = random_runs()
    forecaster = Persistence()
    forecaster.fit(runs)
    for refused in (
        lambda: normalised_errors(forecaster, runs, leads),
        lambda: coverage(forecaster, runs, leads),
        lambda: autoregression(3, leads),
    ):
        with pytest.raises(BadInput, match=r"leads: expected whole numbers .* from 1, got \["):
            refused()


MADE = {
    "persistence": Persistence,
    "autoregression": lambda: autoregression(3, (1, 2), ridge=1e-6),
    "dynamic modes": lambda: DynamicModes(2),
    "tracked hybrid": lambda: TrackedHybrid((1, 2)),
}


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("leads", [[-5, 0], [0], [], [1.5]])
def test_no_forecaster_predicts_leads_that_are_not_ahead(name: str, leads: Any) -> None:
    runs, made = random_runs(samples=400), MADE[name]()
    made.fit(runs)
    inputs = runs.cases["run 0"].values
    with pytest.raises(BadInput, match=r"leads: expected whole numbers .* from 1, got \["):
        made.predict(inputs, leads)
    assert made.predict(inputs, np.array([1])).sizes["lead"] == 1


@pytest.mark.parametrize("name", MADE)
def test_a_forecaster_that_was_not_fitted_says_so(name: str) -> None:
    with pytest.raises(BadInput, match=r": not fitted; call fit first$"):
        MADE[name]().predict(random_runs().cases["run 0"].values, (1,))


@pytest.mark.parametrize("planned", [(), ("a",)])
def test_a_run_too_short_to_learn_from_changes_no_regression(planned: tuple[str, ...]) -> None:
    runs = random_runs()
    inputs = runs.cases["run 0"].values
    short = {f"short {n}": Case(inputs[:n], slice(0, n), slice(0, n)) for n in (1, 6, 10)}
    # They still count for the scaling, and through it for the ridge.
    forecasts = []
    for cases in (runs.cases, {**runs.cases, **short}):
        made = Autoregression(10, (1, 3), all_channels=True, ridge=1e-6, planned=planned)
        made.fit(runs._replace(cases=cases))
        forecasts.append(made.predict(inputs, (1, 3))["forecast"])
    np.testing.assert_allclose(forecasts[1], forecasts[0], rtol=1e-3)


@pytest.mark.parametrize(("order", "ridge"), [(0, 0.0), (3, -1.0), (3, np.nan)])
def test_an_autoregression_without_a_meaning_is_refused(order: int, ridge: float) -> None:
    with pytest.raises(BadInput, match=f"got order {order}, ridge {ridge}"):
        autoregression(order, (1,), ridge)


def test_a_constant_channel_without_a_ridge_is_told_as_the_reason() -> None:
    noise = np.random.default_rng(0).normal(size=100)
    runs = runs_of(np.stack([noise, np.ones(100)], axis=1))
    for ridge in (0.0, 1e-6):
        made = Autoregression(2, (1,), all_channels=True, ridge=ridge)
        if ridge:
            made.fit(runs)
        else:
            with pytest.raises(BadInput, match=r"is a channel constant.*ridge above 0"):
                made.fit(runs)


def test_a_plan_with_a_gap_is_refused() -> None:
    runs = random_runs()
    made = Autoregression(4, (2,), all_channels=True, ridge=1e-6, planned=["a"])
    made.fit(runs)
    inputs = runs.cases["run 0"].values
    plan = inputs[:, 0].copy()
    plan[-1] = np.nan
    with pytest.raises(BadInput, match="planned: variable 'a' has 1 value"):
        made.predict(inputs, (2,), planned={"a": plan})
