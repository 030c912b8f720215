"""Dynamic modes with control: known systems come back, and least squares says the same."""

from typing import Any

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.hydro.cases import Case, Cases
from sciml.hydro.dmd import DynamicModes, optimal_rank, threshold_over_median
from sciml.hydro.forecast import normalised_errors
from tests.laws import AnswersPlans, ObeysForecastContract, random_runs

RATE = 50.0


class TestDynamicModes(ObeysForecastContract):
    history = 4

    def forecaster(self) -> DynamicModes:
        return DynamicModes(4, controls=["a"], control_delays=3, ridge=1e-6, stable=True)

    def test_a_lead_that_was_not_trained_is_refused(self) -> None:
        inputs = random_runs(seed=1).cases["run 0"].values
        assert self.fitted().predict(inputs, (1, 7)).sizes["lead"] == 2  # any lead is known
        with pytest.raises(BadInput, match=r"leads: expected whole .* got \[0, 7\]"):
            self.fitted().predict(inputs, (0, 7))


class TestDynamicModesWithoutControls(ObeysForecastContract):
    history = 5

    def forecaster(self) -> DynamicModes:
        return DynamicModes(5, rank=9)

    test_a_lead_that_was_not_trained_is_refused = (
        TestDynamicModes.test_a_lead_that_was_not_trained_is_refused
    )


class TestDynamicModesAnswerPlans(AnswersPlans):
    controls = ("a",)

    def forecaster(self) -> DynamicModes:
        return DynamicModes(4, controls=["a"], control_delays=2, ridge=1e-6)


def cases_of(series: list[np.ndarray], channels: tuple[str, ...], targets: int) -> Cases:
    runs = {str(n): Case(v, slice(0, len(v)), slice(0, len(v))) for n, v in enumerate(series)}
    return Cases(runs, channels, channels[:targets], RATE)


A = np.array([[0.9, 0.2, 0.0], [-0.3, 0.8, 0.1], [0.0, 0.05, 0.7]])
B = np.array([[0.0, 1.0], [0.4, 0.0], [-0.2, 3.0]])
CHANNELS = ("x", "y", "z", "u", "v")


def driven_runs(count: int = 6, samples: int = 12, noise: float = 0.0, seed: int = 0) -> Cases:
    """Short runs of x' = A x + B u from random states under random controls."""
    series = []
    for number in range(count):
        generator = np.random.default_rng([seed, number])
        u = generator.normal(3.0, 2.0, size=(samples, 2))
        x = np.empty((samples, 3))
        x[0] = generator.normal(size=3)
        for t in range(samples - 1):
            x[t + 1] = A @ x[t] + B @ u[t] + noise * generator.normal(size=3)
        series.append(np.concatenate([x, u], axis=1))
    return cases_of(series, CHANNELS, 3)


def fitted(runs: Cases, delays: int = 1, **settings: Any) -> DynamicModes:
    made = DynamicModes(delays, controls=["u", "v"], **settings)
    made.fit(runs)
    return made


def test_a_linear_system_is_recovered_from_short_runs() -> None:
    found = fitted(driven_runs()).operators()
    np.testing.assert_allclose(found["A"], A, atol=1e-12)
    np.testing.assert_allclose(found["B"], B, atol=1e-12)
    np.testing.assert_allclose(found["c"], 0, atol=1e-11)


def test_runs_joined_end_to_end_would_not_give_the_system() -> None:
    runs = driven_runs()
    joined = np.concatenate([case.values for case in runs.cases.values()])
    found = fitted(cases_of([joined], CHANNELS, 3)).operators()
    assert np.abs(found["A"] - A).max() > 0.01  # so the law above sees the joins


def test_the_answer_to_a_plan_is_the_true_future() -> None:
    made, run = fitted(driven_runs()), driven_runs(1, 30, seed=5).cases["0"].values
    plan = {name: run[:, CHANNELS.index(name)] for name in ("u", "v")}
    forecast = made.predict(run, (1, 4, 9), planned=plan)["forecast"]
    for lead in (1, 4, 9):
        np.testing.assert_allclose(
            forecast.sel(lead=lead)[:-lead], run[lead:, :3], rtol=1e-9, atol=1e-9
        )


def test_without_a_plan_the_controls_hold() -> None:
    made, run = fitted(driven_runs()), driven_runs(1, 30, seed=5).cases["0"].values
    forecast = made.predict(run, (3,))["forecast"].values[:, 0]
    held = run[:, :3]
    for _ in range(3):
        held = held @ A.T + run[:, 3:] @ B.T
    np.testing.assert_allclose(forecast, held, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("ridge", [0.0, 0.03])
def test_the_law_is_that_of_least_squares_over_all_pairs(ridge: float) -> None:
    runs, delays, control_delays = driven_runs(noise=0.5, samples=40), 3, 2
    made = fitted(runs, delays, control_delays=control_delays, ridge=ridge)
    scaling = runs.scaling()
    rows, following = [], []
    for case in runs.cases.values():  # sample by sample
        scaled = scaling.apply(case.values)
        for t in range(delays - 1, len(scaled) - 1):
            past = [scaled[t - k, :3] for k in reversed(range(delays))]
            acting = [scaled[t - k, 3:] for k in reversed(range(control_delays))]
            rows.append(np.concatenate([*past, *acting, [1.0]]))
            following.append(scaled[t + 1, :3])
    X, Y = np.array(rows), np.array(following)
    penalty = ridge * len(X) * np.eye(X.shape[1])
    penalty[-1, -1] = 0.0
    expected = np.linalg.solve(X.T @ X + penalty, X.T @ Y).T
    law = made.law
    found = np.concatenate([law.A, law.B, law.c[:, None]], axis=1)[-3:]
    np.testing.assert_allclose(found, expected, atol=1e-9)
    if ridge == 0:  # the older samples move up one place
        np.testing.assert_allclose(law.A[:-3], np.eye(9)[3:], atol=1e-9)


def test_a_hidden_state_is_found_by_delays() -> None:
    full = driven_runs(8, 40)
    seen = full._replace(
        cases={
            name: case._replace(values=case.values[:, [0, 3, 4]])
            for name, case in full.cases.items()
        },
        channels=("x", "u", "v"),
        targets=("x",),
    )
    plan = ("u", "v")
    one, three = (fitted(seen, delays, control_delays=delays, ridge=1e-15) for delays in (1, 3))
    assert normalised_errors(one, seen, (4,), planned=plan) > 0.05
    assert normalised_errors(three, seen, (4,), planned=plan) < 1e-6


@pytest.mark.parametrize(("frequency", "growth"), [(3.0, 0.4), (7.5, -1.2)])
def test_a_mode_has_its_frequency_in_hertz_and_its_growth_rate(
    frequency: float, growth: float
) -> None:
    time = np.arange(60) / RATE
    wave = np.exp(growth * time) * np.cos(2 * np.pi * frequency * time)
    series = [scale * wave[:, None] for scale in (1.0, 5.0)]
    made = DynamicModes(2)
    made.fit(cases_of(series, ("x",), 1))
    modes = made.modes()
    np.testing.assert_allclose(modes["frequency"], [frequency, -frequency], rtol=1e-8)
    np.testing.assert_allclose(modes["growth_rate"], growth, rtol=1e-7)
    # A mode at one sample before is the mode over its eigenvalue.
    shape = modes["shape"].isel(channel=0)
    ratio = shape.sel(delay=0) / shape.sel(delay=1)
    np.testing.assert_allclose(ratio, modes["eigenvalue"], rtol=1e-8)


def test_modes_are_eigenvectors_of_the_operator() -> None:
    made = fitted(driven_runs(noise=0.3, samples=40), 2, rank=4)
    modes, operator = made.modes(), made.operators()["A"].values
    flat = modes["shape"].values.reshape(4, -1)
    expected = modes["eigenvalue"].values[:, None] * flat
    np.testing.assert_allclose(flat @ operator.T, expected, atol=1e-10)
    assert np.all(np.diff(modes["growth_rate"]) < 1e-6)


def growing_runs() -> Cases:
    time = np.arange(60) / RATE
    waves = [np.exp(g * time) * np.cos(2 * np.pi * 3 * time) for g in (0.5, -2.0)]
    return cases_of([np.stack(waves, axis=1)], ("x", "y"), 2)


def test_stable_laws_stay_bounded_and_keep_frequencies_and_decay() -> None:
    free, tame = DynamicModes(2), DynamicModes(2, stable=True)
    assert free.fit(growing_runs())["spectral_radius"] > 1.005
    assert tame.fit(growing_runs())["spectral_radius"] == pytest.approx(1, abs=1e-9)
    np.testing.assert_allclose(
        np.sort(tame.modes()["frequency"]), np.sort(free.modes()["frequency"]), atol=1e-6
    )
    rates = [np.sort(made.modes()["growth_rate"]) for made in (free, tame)]
    np.testing.assert_allclose(rates[1], np.minimum(rates[0], 0), atol=1e-6)
    run = growing_runs().cases["0"].values
    assert np.abs(tame.predict(run, (2000,))["forecast"]).max() < 100
    assert np.abs(free.predict(run, (2000,))["forecast"]).max() > 1e6


def test_a_stable_law_that_needs_no_change_gets_none() -> None:
    free, tame = (fitted(driven_runs(), stable=stable) for stable in (False, True))
    np.testing.assert_array_equal(free.law.A, tame.law.A)


def test_the_rank_leaves_out_what_carries_nothing() -> None:
    runs = driven_runs(4, 60)
    doubled = {
        name: case._replace(values=np.insert(case.values, 3, case.values[:, 0], axis=1))
        for name, case in runs.cases.items()
    }
    redundant = runs._replace(cases=doubled, channels=("x", "y", "z", "copy", "u", "v"))
    made = fitted(redundant, rank=3)
    assert made.law.A.shape == (3, 3)
    assert normalised_errors(made, redundant, (5,), planned=("u", "v")) < 1e-9


def test_the_optimal_threshold_has_its_published_values() -> None:
    # Gavish & Donoho (2014), table IV.
    for aspect, expected in ((0.05, 1.5194), (0.5, 2.1711), (1.0, 2.8582)):
        assert threshold_over_median(aspect) == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize("rank", [1, 4])
def test_the_optimal_rank_is_that_of_the_signal_in_white_noise(rank: int) -> None:
    generator = np.random.default_rng(rank)
    signal = generator.normal(size=(400, rank)) @ generator.normal(size=(rank, 60))
    noisy = 3 * signal + generator.normal(size=(400, 60))
    assert optimal_rank(np.linalg.svd(noisy, compute_uv=False), noisy.shape) == rank


def test_what_cannot_be_a_control_is_refused_by_name() -> None:
    with pytest.raises(BadInput, match=r"controls: no channel 'd'; known: a, b, c"):
        DynamicModes(controls=["d"]).fit(random_runs())
    with pytest.raises(BadInput, match="controls: 'b' is to be forecast"):
        DynamicModes(controls=["b"]).fit(random_runs())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"delays": 0}, "delays must be positive, got 0"),
        ({"rank": 0}, "rank must be positive, got 0"),
        ({"ridge": -1.0}, "ridge must not be negative, got -1.0"),
        ({"rank": 7, "delays": 2}, "rank 7 is larger than the state, 6 numbers"),
        ({"delays": 70}, "no run is longer than 70 samples"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        DynamicModes(**settings).fit(random_runs())


def test_a_run_shorter_than_the_history_is_refused_with_both_numbers() -> None:
    made = DynamicModes(4)
    made.fit(random_runs())
    with pytest.raises(BadInput, match="needs 4 samples of history, got 3"):
        made.predict(random_runs().cases["run 0"].values[:3], (1,))
