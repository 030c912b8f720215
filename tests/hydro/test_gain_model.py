"""The stationary filter and its forecasts: closed forms, and the filter written out."""

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.data.scaling import Scaling
from sciml.hydro.dmd import DynamicModes
from sciml.hydro.gain_model import (
    LinearModel,
    course_of,
    identified_model,
    stationary_filter,
    stationary_states,
)
from tests.laws import random_runs


def oscillator(decay: float = 0.98, angle: float = 0.2) -> LinearModel:
    """A noisy oscillation of which one component is seen, pushed by one control."""
    F = decay * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return LinearModel(
        F,
        np.array([[0.3, 0.1], [0.0, -0.2]]),
        np.array([0.1, 0.0]),
        np.array([[1.0, 0.0]]),
        np.array([2.0]),
        0.04 * np.eye(2),
        np.array([[0.25]]),
    )


CHANNELS = ("y", "u")
PLAIN = Scaling(CHANNELS, np.zeros(2), np.ones(2))


def simulated(samples: int, seed: int = 0) -> np.ndarray:
    """Sensor and control of the oscillator. Shape (time, channel)."""
    model, generator = oscillator(), np.random.default_rng(seed)
    u = np.convolve(generator.normal(size=samples + 4), np.ones(5) / 5, "valid")
    x, run = np.zeros(2), np.empty((samples, 2))
    for t in range(samples):
        run[t] = 2.0 + x[0] + 0.5 * generator.normal(), u[t]
        acting = np.array([u[max(t - 1, 0)], u[t]])
        x = model.F @ x + model.B @ acting + model.c + 0.2 * generator.normal(size=2)
    return run


@pytest.mark.parametrize("ratio", [0.01, 1.0, 30.0])
def test_the_gain_of_a_random_walk_is_that_of_the_closed_form(ratio: float) -> None:
    one = np.eye(1)
    model = LinearModel(one, np.zeros((1, 0)), np.zeros(1), one, np.zeros(1), ratio * one, one)
    found = stationary_filter(model, (1, 3))
    prior = (ratio + np.sqrt(ratio**2 + 4 * ratio)) / 2  # p² = q p + q r with r = 1
    assert found.gain.item() == pytest.approx(prior / (prior + 1), rel=1e-9)
    np.testing.assert_allclose(found.factors[:, 0, 0] ** 2, [prior + 1, prior + 2 * ratio + 1])


def test_the_filter_settles_on_the_stationary_gain_and_covariances() -> None:
    model = oscillator()
    F, H, Q, R = model.F, model.H, model.Q, model.R
    P = np.eye(2)
    for _ in range(500):
        K = P @ H.T @ np.linalg.inv(H @ P @ H.T + R)
        after = (np.eye(2) - K @ H) @ P
        P = F @ after @ F.T + Q
    found = stationary_filter(model, (1, 4))
    np.testing.assert_allclose(found.gain, K, rtol=1e-9)
    np.testing.assert_allclose(found.prior, P, rtol=1e-9)
    ahead = after
    for _ in range(4):
        ahead = F @ ahead @ F.T + Q
    np.testing.assert_allclose(found.factors[1] ** 2, H @ ahead @ H.T + R, rtol=1e-9)
    np.testing.assert_allclose(found.maps[1], H @ np.linalg.matrix_power(F, 4), rtol=1e-9)


def test_innovations_have_the_covariance_that_the_filter_expects() -> None:
    model, run = oscillator(), simulated(20_000)
    found = stationary_filter(model, (1,))
    course = course_of(model, PLAIN, {"u": 1}, run, (1,), None)
    innovations = stationary_states(model, found.gain, course)[1][100:, 0]
    assert innovations.var() == pytest.approx(found.factors[0].item() ** 2, rel=0.03)
    assert abs(np.corrcoef(innovations[1:], innovations[:-1])[0, 1]) < 0.02  # and are white


def test_forecasts_of_a_run_are_the_model_iterated() -> None:
    model, run, leads = oscillator(), simulated(40), (1, 5)
    filtered = stationary_filter(model, leads)
    course = course_of(model, PLAIN, {"u": 1}, run, leads, {"u": run[:, 1]})
    states = stationary_states(model, filtered.gain, course)[0]
    means = np.einsum("tn,lmn->tlm", states, filtered.maps) + course.known
    for t in (0, 1, 17, 38):
        x = states[t]
        for lead in range(1, 6):
            now = min(t + lead - 1, 39)
            acting = [run[max(min(t + lead - 2, 39), 0), 1], run[now, 1]]
            x = model.F @ x + model.B @ acting + model.c
            if lead in leads:
                expected = model.H @ x + model.h
                np.testing.assert_allclose(means[t, leads.index(lead)], expected, rtol=1e-10)


def test_a_missing_sensor_leaves_the_prediction() -> None:
    model, run = oscillator(), simulated(30)
    run[10:14, 0] = np.nan
    gain = stationary_filter(model, (1,)).gain
    course = course_of(model, PLAIN, {"u": 1}, run, (1,), None)
    states, innovations = stationary_states(model, gain, course)
    np.testing.assert_array_equal(innovations[10:14], 0)
    for t in range(10, 14):
        expected = model.F @ states[t - 1] + course.drive[t]
        np.testing.assert_allclose(states[t], expected, rtol=1e-12)


def test_a_scaled_model_filters_scaled_runs_to_the_same_states() -> None:
    model, run = oscillator(), simulated(50)
    scaling = Scaling(CHANNELS, np.array([2.0, -0.3]), np.array([1.7, 0.4]))
    scaled = model.scaled(scaling.only(["y"]), scaling.only(["u"]))
    found = []
    for one, by in ((model, PLAIN), (scaled, scaling)):
        course = course_of(one, by, {"u": 1}, run, (1, 3), None)
        found.append(stationary_states(one, stationary_filter(one, (1,)).gain, course)[0])
    np.testing.assert_allclose(found[0], found[1], rtol=1e-9, atol=1e-12)


def test_an_identified_model_has_a_stable_filter_and_explains_its_runs() -> None:
    runs = random_runs(6)
    scaling, modes = runs.scaling(), DynamicModes(4, controls=["a"], control_delays=4, stable=True)
    modes.fit(runs)
    model = identified_model(modes, runs, scaling)
    found = stationary_filter(model, (1,))
    closed = (np.eye(len(model.F)) - found.gain @ model.H) @ model.F
    assert np.abs(np.linalg.eigvals(closed)).max() < 1
    squares = []
    for case in runs.cases.values():
        course = course_of(model, scaling, modes.controls, case.values, (1,), None)
        innovations = stationary_states(model, found.gain, course)[1][case.active]
        squares.append(np.linalg.solve(found.factors[0], innovations.T) ** 2)
    assert 0.6 < np.mean(np.concatenate(squares, axis=1)) < 1.4  # 1 where the model is right


def test_what_grows_unseen_has_no_filter() -> None:
    model = oscillator()._replace(F=np.diag([0.5, 1.2]))
    with pytest.raises(BadInput, match="no stationary Kalman filter"):
        stationary_filter(model, (1,))


def test_a_model_of_other_sizes_is_refused() -> None:
    with pytest.raises(BadInput, match=r"model: H: expected axes \(sensor=3"):
        oscillator().checked(3, 1)
    with pytest.raises(BadInput, match="whole samples of 3 controls, got 2"):
        oscillator().checked(1, 3)


def test_a_control_with_a_gap_is_refused() -> None:
    run = simulated(10)
    run[3, 1] = np.nan
    with pytest.raises(BadInput, match="the controls u must be finite"):
        course_of(oscillator(), PLAIN, {"u": 1}, run, (1,), None)
