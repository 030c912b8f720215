import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.hydro.filters.adaptive import adapted, augmented
from sciml.hydro.filters.gaussian import gaussian
from sciml.hydro.filters.models import LinearModel, NonlinearModel
from sciml.hydro.filters.sequential import consistency, run_filter

STEP = 0.1  # s
TURN = np.array([[0.95, 0.3], [-0.3, 0.95]]) * 0.98
START = gaussian(np.zeros(2), np.eye(2))


def noisy_turns(q: float, r: float, batch=4, times=500, seed=0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    x, record = rng.normal(size=(batch, 2)), np.empty((batch, times, 1))
    for t in range(times):
        x = x @ TURN.T + np.sqrt(q) * rng.normal(size=x.shape)
        record[:, t, 0] = x[:, 0] + np.sqrt(r) * rng.normal(size=batch)
    return record


def turning(q=1.0, r=1.0) -> LinearModel:
    return LinearModel(TURN, np.array([[1.0, 0.0]]), q * np.eye(2), r * np.eye(1))


@pytest.mark.parametrize(("q", "r"), [(0.01, 4.0), (1.0, 1.0), (4.0, 4.0), (1e-6, 1e-6)])
def test_true_noise_is_found_from_a_wrong_guess(q: float, r: float) -> None:
    record = noisy_turns(q, r)
    record[:, 100:150] = np.nan
    found = adapted(turning(), record, START)
    assert found.process_scale == pytest.approx(q, rel=0.2)
    assert found.sensor_scale == pytest.approx(r, rel=0.25)
    truth = run_filter(turning(q, r), record, START).log_likelihood.sum()
    assert truth <= found.log_likelihood < truth + 8  # half a chi-square of 2 degrees
    assert consistency(run_filter(found.model, record, START)).mean_nis == pytest.approx(
        1, abs=0.06
    )


def test_only_the_chosen_noise_is_scaled() -> None:
    found = adapted(turning(), noisy_turns(0.25, 1.0), START, scale=("process",))
    assert found.sensor_scale == 1
    assert found.process_scale == pytest.approx(0.25, rel=0.2)
    np.testing.assert_allclose(found.model.process_noise[0, 0], found.process_scale * np.eye(2))


def test_what_cannot_be_scaled_is_refused() -> None:
    with pytest.raises(BadInput, match=r"^scale: expected 'process', 'sensor' or both, got \(\)"):
        adapted(turning(), noisy_turns(1, 1), START, scale=())
    with pytest.raises(BadInput, match="every one is missing"):
        adapted(turning(), np.full((1, 3, 1), np.nan), START)


def ringing(states: np.ndarray, parameters: np.ndarray, controls: np.ndarray) -> np.ndarray:
    """A damped oscillator over one step, exactly; parameters ln ω in 1/s and ln ζ."""
    omega, zeta = np.exp(parameters[..., 0]), np.exp(parameters[..., 1])
    free = omega * np.sqrt(1 - zeta**2)
    decay, c, s = np.exp(-zeta * omega * STEP), np.cos(free * STEP), np.sin(free * STEP)
    x, v = states[..., 0], states[..., 1]
    slope = (v + zeta * omega * x) / free
    moved = decay * (x * c + slope * s)
    return np.stack([moved, decay * (v * c - (omega**2 * x + zeta * omega * v) / free * s)], -1)


def oscillator(rule: str, sensor: float) -> NonlinearModel:
    base = NonlinearModel(
        lambda x, _: x,
        lambda x, _: x[..., :1],
        np.diag([0.0, 0.05**2]),
        np.array([[sensor**2]]),
        rule,
    )
    return augmented(base, ringing, np.zeros(2))


@pytest.mark.parametrize("rule", ["extended", "unscented"])
def test_frequency_and_damping_lie_in_their_own_intervals(rule: str) -> None:
    omega, zeta, sensor, batch = 3.0, 0.05, 0.05, 40
    rng = np.random.default_rng(0)
    x, parameters = np.tile([1.0, 0.0], (batch, 1)), np.log([omega, zeta])
    record = np.empty((batch, 400, 1))
    for t in range(record.shape[1]):
        x = ringing(x, np.tile(parameters, (batch, 1)), x)
        x = x + rng.normal(size=x.shape) * [0, 0.05]
        record[:, t, 0] = x[:, 0] + sensor * rng.normal(size=batch)
    model = oscillator(rule, sensor)
    start = gaussian(
        np.array([1.0, 0.0, np.log(2.6), np.log(0.1)]), np.diag([0.01, 0.01, 0.04, 0.5])
    )
    last = run_filter(model, record, start).last
    error = (last.mean[:, 2:] - parameters) / last.deviation[:, 2:]
    inside = (np.abs(error) < 1.96).mean(axis=0)
    assert np.all(inside > 0.82), inside  # 40 records: 0.95 less three deviations and a bias
    assert np.all(last.deviation[:, 2:] < [0.05, 0.5])
    np.testing.assert_allclose(np.exp(np.median(last.mean[:, 2])), omega, rtol=0.01)
    np.testing.assert_allclose(np.exp(np.median(last.mean[:, 3])), zeta, rtol=0.15)


def test_a_drift_below_zero_is_refused() -> None:
    base = oscillator("extended", 1.0)
    with pytest.raises(BadInput, match=r"^drift: expected one number from 0 up per parameter"):
        augmented(base, ringing, np.array([-1.0]))
