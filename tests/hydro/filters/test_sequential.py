import numpy as np
import pytest
from scipy import linalg, stats

from sciml.core.errors import BadInput
from sciml.hydro.filters.gaussian import Gaussian, gaussian
from sciml.hydro.filters.models import LinearModel, NonlinearModel
from sciml.hydro.filters.sequential import consistency, forecast, run_filter, step
from sciml.hydro.filters.smoothing import smooth


def random_model(seed: int, states=3, sensors=2, controls=1, **changed) -> LinearModel:
    rng = np.random.default_rng(seed)
    F = rng.normal(size=(states, states))
    F *= 0.95 / np.abs(np.linalg.eigvals(F)).max()
    root, noise = rng.normal(size=(states, states - 1)), rng.normal(size=(sensors, sensors))
    parts = {
        "transition": F,
        "observation": rng.normal(size=(sensors, states)),
        "process_noise": root @ root.T,  # singular
        "sensor_noise": noise @ noise.T + 0.1 * np.eye(sensors),
        "control": rng.normal(size=(states, controls)),
        "feedthrough": rng.normal(size=(sensors, controls)),
    }
    return LinearModel(**(parts | changed))


def random_start(seed: int, states=3) -> Gaussian:
    rng = np.random.default_rng([seed, 1])
    root = rng.normal(size=(states, states))
    return gaussian(rng.normal(size=states), root @ root.T)


def random_record(seed: int, batch=2, times=6, sensors=2, controls=1, missing=0.3):
    rng = np.random.default_rng([seed, 2])
    observations = 3 * rng.normal(size=(batch, times, sensors))
    observations[rng.random(observations.shape) < missing] = np.nan
    return observations, rng.normal(size=(batch, times, controls))


def covariance(factors: np.ndarray) -> np.ndarray:
    return factors @ np.swapaxes(factors, -1, -2)


class Dense:
    """All states of all times as one Gaussian, conditioned directly."""

    def __init__(self, model, start, observations, controls) -> None:
        F, H, Q, R, B, D = (
            part[0, 0]
            for part in (
                model.transition,
                model.observation,
                model.process_noise,
                model.sensor_noise,
                model.control,
                model.feedthrough,
            )
        )
        self.times, self.states = len(observations), len(F)
        means, covs, mean, P = [], [], start.mean[0], start.covariance[0]
        for t in range(self.times):
            mean, P = F @ mean + B @ controls[t], F @ P @ F.T + Q
            means.append(mean)
            covs.append(P)
        n = self.states
        self.P = np.zeros((self.times * n, self.times * n))
        for s in range(self.times):
            for t in range(s, self.times):
                block = np.linalg.matrix_power(F, t - s) @ covs[s]
                self.P[t * n : t * n + n, s * n : s * n + n] = block
                self.P[s * n : s * n + n, t * n : t * n + n] = block.T
        self.mean = np.concatenate(means)
        self.H, self.R = linalg.block_diag(*[H] * self.times), linalg.block_diag(*[R] * self.times)
        self.y = (observations - controls @ D.T).ravel()

    def given(self, time: int):
        """Mean and covariance of all states given the observations up to and with a time."""
        sensors = len(self.y) // self.times
        used = np.flatnonzero(np.isfinite(self.y) & (np.arange(len(self.y)) < (time + 1) * sensors))
        H, R = self.H[used], self.R[np.ix_(used, used)]
        S = H @ self.P @ H.T + R
        K = np.linalg.solve(S, H @ self.P).T
        r = self.y[used] - H @ self.mean
        score = stats.multivariate_normal.logpdf(r, np.zeros(len(r)), S) if len(r) else 0.0
        return self.mean + K @ r, self.P - K @ H @ self.P, score

    def at(self, mean, P, time: int):
        part = slice(time * self.states, (time + 1) * self.states)
        return mean[part], P[part, part]


@pytest.mark.parametrize("seed", range(6))
def test_filter_and_smoother_are_the_conditioned_joint_gaussian(seed: int) -> None:
    model, start = random_model(seed), random_start(seed)
    observations, controls = random_record(seed)
    filtered = run_filter(model, observations, start, controls)
    smoothed = smooth(model, filtered)
    for b in range(len(observations)):
        dense = Dense(model, start, observations[b], controls[b])
        for t in range(dense.times):
            mean, P, score = dense.given(t)
            here = dense.at(mean, P, t)
            np.testing.assert_allclose(filtered.means[b, t], here[0], atol=1e-9)
            np.testing.assert_allclose(covariance(filtered.factors[b, t]), here[1], atol=1e-9)
        assert filtered.log_likelihood[b] == pytest.approx(score, abs=1e-9)
        for t in range(dense.times):
            m, C = dense.at(mean, P, t)
            np.testing.assert_allclose(smoothed.means[b, t], m, atol=1e-9)
            np.testing.assert_allclose(covariance(smoothed.factors[b, t]), C, atol=1e-9)


def test_scalar_steady_state_is_the_root_of_the_riccati_equation() -> None:
    a, h, q, r = 0.9, 2.0, 0.3, 0.5
    model = LinearModel(*(np.array([[value]]) for value in (a, h, q, r)))
    filtered = run_filter(model, np.zeros((1, 200, 1)), gaussian(np.zeros(1), np.eye(1)))
    # p = a² p r / (h² p + r) + q, the positive root.
    b = r * (1 - a**2) - q * h**2
    p = (-b + np.sqrt(b**2 + 4 * h**2 * q * r)) / (2 * h**2)
    assert filtered.predicted_factors[0, -1, 0, 0] ** 2 == pytest.approx(p, rel=1e-12)
    assert filtered.factors[0, -1, 0, 0] ** 2 == pytest.approx(p * r / (h**2 * p + r), rel=1e-12)


def nonlinear(model: LinearModel, rule: str, exact=False) -> NonlinearModel:
    F, H, B, D = (
        part[0, 0]
        for part in (model.transition, model.observation, model.control, model.feedthrough)
    )

    def slope(matrix: np.ndarray):
        return lambda x, _: np.broadcast_to(matrix, (len(x), *matrix.shape))

    return NonlinearModel(
        lambda x, u: x @ F.T + u @ B.T,
        lambda x, u: x @ H.T + u @ D.T,
        model.process_noise[0, 0],
        model.sensor_noise[0, 0],
        rule,
        slope(F) if exact else None,
        slope(H) if exact else None,
        control_size=B.shape[1],
    )


@pytest.mark.parametrize(
    ("rule", "exact", "states", "close"),
    [
        ("extended", True, 3, 1e-11),
        ("extended", False, 3, 1e-7),
        ("unscented", False, 2, 1e-11),
        ("unscented", False, 5, 1e-11),
    ],
)
def test_all_rules_agree_on_a_linear_model(rule, exact, states, close) -> None:
    model, start = random_model(3, states), random_start(3, states)
    observations, controls = random_record(3, times=20)
    expected = run_filter(model, observations, start, controls)
    other = nonlinear(model, rule, exact)
    found = run_filter(other, observations, start, controls)
    for name in ("means", "innovations", "innovation_deviations", "log_likelihood", "nis"):
        np.testing.assert_allclose(
            getattr(found, name), getattr(expected, name), atol=close, rtol=close, err_msg=name
        )
    np.testing.assert_allclose(
        covariance(found.factors), covariance(expected.factors), atol=close, rtol=close
    )
    smoothed, truth = smooth(other, found), smooth(model, expected)
    np.testing.assert_allclose(smoothed.means, truth.means, atol=10 * close)
    np.testing.assert_allclose(
        covariance(smoothed.factors), covariance(truth.factors), atol=10 * close
    )


def test_unscented_mean_of_a_square_is_exact() -> None:
    # x ~ N(1, 4): x² has mean 5 and, the fourth moment being right, variance 4 m² s² + 2 s⁴ = 48.
    model = NonlinearModel(
        lambda x, _: x**2, lambda x, _: x, np.zeros((1, 1)), np.eye(1), "unscented"
    )
    before = run_filter(model, np.full((1, 1, 1), np.nan), gaussian(np.ones(1), 4 * np.eye(1)))
    assert before.means[0, 0, 0] == pytest.approx(5)
    assert before.factors[0, 0, 0, 0] ** 2 == pytest.approx(48)


def test_a_batch_equals_its_members_run_alone() -> None:
    model = random_model(4)
    observations, controls = random_record(4, batch=5)
    observations[3] = np.where(np.isnan(observations[1]), np.nan, observations[3])  # shares
    observations[3][np.isnan(observations[3]) & ~np.isnan(observations[1])] = 0.5
    start = random_start(4)
    together = run_filter(model, observations, start, controls)
    for b in range(5):
        alone = run_filter(model, observations[b : b + 1], start, controls[b : b + 1])
        for whole, part in zip(together, alone, strict=True):
            np.testing.assert_array_equal(whole[b], part[0])


def test_matrices_and_starts_per_member_are_used_by_their_member() -> None:
    models = [random_model(seed) for seed in range(3)]
    names = ("transition", "observation", "process_noise", "sensor_noise", "control", "feedthrough")
    batched = LinearModel(*(np.concatenate([getattr(m, k)[0] for m in models]) for k in names))
    starts = [random_start(seed) for seed in range(3)]
    start = Gaussian(*(np.concatenate(parts) for parts in zip(*starts, strict=True)))
    observations, controls = random_record(5, batch=3)
    together = run_filter(batched, observations, start, controls)
    for b in range(3):
        part = slice(b, b + 1)
        alone = run_filter(models[b], observations[part], starts[b], controls[part])
        np.testing.assert_allclose(together.means[b], alone.means[0], rtol=1e-12)
        assert together.log_likelihood[b] == pytest.approx(alone.log_likelihood[0], rel=1e-12)


def test_matrices_that_change_in_time_are_steps_of_models_that_do_not() -> None:
    models = [random_model(seed) for seed in range(4)]
    names = ("transition", "observation", "process_noise", "sensor_noise", "control", "feedthrough")
    parts = (np.concatenate([getattr(m, k) for m in models], axis=1) for k in names)
    changing = LinearModel(*parts)
    observations, controls = random_record(6, times=4)
    filtered = run_filter(changing, observations, random_start(6), controls)
    state = Gaussian(*(np.repeat(part, 2, axis=0) for part in random_start(6)))
    for t, model in enumerate(models):
        done = step(model, state, observations[:, t], controls[:, t])
        state = done.state
        np.testing.assert_allclose(done.predicted.mean, filtered.predicted_means[:, t], rtol=1e-12)
        np.testing.assert_allclose(state.mean, filtered.means[:, t], rtol=1e-12)
        np.testing.assert_allclose(state.factor, filtered.factors[:, t], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("rule", ["extended", "unscented"])
def test_steps_online_are_the_record(rule: str) -> None:
    model, start = nonlinear(random_model(7), rule), random_start(7)
    observations, controls = random_record(7, batch=1)
    filtered = run_filter(model, observations, start, controls)
    state = start
    for t in range(observations.shape[1]):
        state = step(model, state, observations[:, t], controls[:, t]).state
    np.testing.assert_array_equal(state.mean, filtered.last.mean)
    np.testing.assert_array_equal(state.factor, filtered.last.factor)


def test_forecast_is_the_filter_without_observations() -> None:
    model, start = random_model(8), random_start(8)
    controls = random_record(8, batch=1)[1]
    ahead = forecast(model, start, 6, controls)
    blind = run_filter(model, np.full((1, 6, 2), np.nan), start, controls)
    D = model.feedthrough[0, 0]
    H = model.observation[0, 0]
    np.testing.assert_allclose(ahead.means, blind.means @ H.T + controls @ D.T, rtol=1e-12)
    np.testing.assert_allclose(ahead.deviations, blind.innovation_deviations, rtol=1e-12)
    low, high = ahead.interval(0.95)
    np.testing.assert_allclose((high - low) / 2, 1.959964 * ahead.deviations, rtol=1e-6)


def test_order_of_the_sensors_does_not_matter() -> None:
    model, start = random_model(9, sensors=3), random_start(9)
    observations, controls = random_record(9, sensors=3)
    turn = np.array([2, 0, 1])
    turned = LinearModel(
        model.transition,
        model.observation[..., turn, :],
        model.process_noise,
        model.sensor_noise[..., turn, :][..., turn],
        model.control,
        model.feedthrough[..., turn, :],
    )
    one = run_filter(model, observations, start, controls)
    two = run_filter(turned, observations[..., turn], start, controls)
    np.testing.assert_allclose(one.means, two.means, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(covariance(one.factors), covariance(two.factors), atol=1e-9)
    np.testing.assert_allclose(one.nis, two.nis, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(one.log_likelihood, two.log_likelihood, rtol=1e-9)


def in_units(model: LinearModel, start: Gaussian, x: np.ndarray, y: np.ndarray):
    """The same model with state i measured in units of 1 / x[i] and sensors likewise."""
    X, Y, x1 = np.diag(x), np.diag(y), np.diag(1 / x)
    changed = LinearModel(
        X @ model.transition @ x1,
        Y @ model.observation @ x1,
        X @ model.process_noise @ X,
        Y @ model.sensor_noise @ Y,
        X @ model.control,
        Y @ model.feedthrough,
    )
    return changed, Gaussian(start.mean * x, x[:, None] * start.factor)


@pytest.mark.parametrize("seed", range(4))
def test_other_units_give_the_same_answer(seed: int) -> None:
    model, start = random_model(seed), random_start(seed)
    observations, controls = random_record(seed)
    x, y = np.array([1e-8, 1.0, 1e8]), np.array([1e6, 1e-7])
    scaled, moved = in_units(model, start, x, y)
    one = run_filter(model, observations, start, controls)
    two = run_filter(scaled, observations * y, moved, controls)
    np.testing.assert_allclose(two.means / x, one.means, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(two.deviations / x, one.deviations, rtol=1e-8)
    np.testing.assert_allclose(two.nis, one.nis, rtol=1e-8, atol=1e-10)
    first, second = smooth(model, one), smooth(scaled, two)
    np.testing.assert_allclose(second.means / x, first.means, rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(second.deviations / x, first.deviations, rtol=1e-7)


def test_smoother_of_a_frictionless_oscillator_conserves_its_energy() -> None:
    turn = 0.3
    F = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    model = LinearModel(F, np.array([[1.0, 0.0]]), np.zeros((2, 2)), np.array([[0.1]]))
    rng = np.random.default_rng(0)
    record = np.cos(turn * np.arange(100))[None, :, None] + 0.3 * rng.normal(size=(1, 100, 1))
    filtered = run_filter(model, record, gaussian(np.zeros(2), np.eye(2)))
    smoothed = smooth(model, filtered)
    energy = (smoothed.means**2).sum(axis=2)[0]
    assert np.ptp(energy) < 1e-12 * energy[0]
    assert np.ptp((filtered.means**2).sum(axis=2)[0]) > 0.1 * energy[0]  # the filter does not
    volumes = np.linalg.det(smoothed.factors[0])
    np.testing.assert_allclose(volumes, volumes[0], rtol=1e-9)


def test_smoothing_never_widens() -> None:
    model, start = random_model(11), random_start(11)
    observations, controls = random_record(11, times=30)
    filtered = run_filter(model, observations, start, controls)
    smoothed = smooth(model, filtered)
    assert np.all(smoothed.deviations <= filtered.deviations * (1 + 1e-9))
    np.testing.assert_array_equal(smoothed.means[:, -1], filtered.means[:, -1])


def simulated(model: LinearModel, batch: int, times: int, seed=0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    F, H = model.transition[0, 0], model.observation[0, 0]
    LQ, LR = (part[0, 0] for part in model.factors())
    x = rng.normal(size=(batch, len(F)))
    record = np.empty((batch, times, len(H)))
    for t in range(times):
        x = x @ F.T + rng.normal(size=x.shape) @ LQ.T
        record[:, t] = x @ H.T + rng.normal(size=record[:, t].shape) @ LR.T
    return record


def test_innovations_of_simulated_data_are_as_large_as_they_should_be() -> None:
    model = random_model(12, control=None, feedthrough=None)
    record = simulated(model, 40, 250)
    record[np.random.default_rng(1).random(record.shape) < 0.2] = np.nan
    filtered = run_filter(model, record, gaussian(np.zeros(3), np.eye(3)))
    found = consistency(filtered)
    # About 19 000 numbers: the mean of chi-square per degree has deviation √(2 / 16 000) = 0.011.
    assert found.mean_nis == pytest.approx(1, abs=0.045)
    assert found.fraction_inside == pytest.approx(0.95, abs=0.01)
    white = (filtered.innovations / filtered.innovation_deviations)[..., 0]
    lagged = np.nanmean(white[:, 1:] * white[:, :-1])
    assert abs(lagged) < 0.06
    wrong = LinearModel(
        model.transition, model.observation, model.process_noise, model.sensor_noise / 9
    )
    too_sure = consistency(run_filter(wrong, record, gaussian(np.zeros(3), np.eye(3))))
    assert too_sure.mean_nis > 1.2
    assert too_sure.fraction_inside < 0.93


def test_a_sensor_that_is_never_seen_changes_nothing() -> None:
    model, start = random_model(13, sensors=3), random_start(13)
    observations, controls = random_record(13, sensors=3)
    observations[:, :, 1] = np.nan
    kept = [0, 2]
    small = LinearModel(
        model.transition,
        model.observation[..., kept, :],
        model.process_noise,
        model.sensor_noise[..., kept, :][..., kept],
        model.control,
        model.feedthrough[..., kept, :],
    )
    filtered = run_filter(model, observations, start, controls)
    without = run_filter(small, observations[..., kept], start, controls)
    assert np.isnan(filtered.innovations[..., 1]).all()
    np.testing.assert_allclose(filtered.means, without.means, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(filtered.log_likelihood, without.log_likelihood, rtol=1e-10)


EYE, HALF = np.eye(2), np.array([[1.0, 0.0]])
PLAIN = {
    "transition": EYE,
    "observation": HALF,
    "process_noise": EYE,
    "sensor_noise": np.eye(1),
}
BAD_MODELS = [
    (
        {"process_noise": np.array([[1.0, 0.5], [0.0, 1.0]])},
        "process_noise: not symmetric, P and Pᵀ differ by 0.5 standard deviations; "
        "pass (P + Pᵀ) / 2 if that is meant",
    ),
    (
        {"process_noise": np.array([[1.0, 2.0], [2.0, 1.0]])},
        "process_noise: not positive semidefinite, the least eigenvalue of its correlation matrix "
        "is -1",
    ),
    (
        {"process_noise": -EYE},
        "process_noise: a variance is negative, -1",
    ),
    (
        {"sensor_noise": np.zeros((1, 1))},
        "sensor_noise: must be positive definite but is singular, the least eigenvalue of its "
        "correlation matrix is 0; give each sensor some noise of its own",
    ),
    (
        {"observation": np.ones((1, 3))},
        "observation: expected axes (..., sensor, state=2), got shape (1, 1, 1, 3)",
    ),
    (
        {"transition": np.array([[1.0, np.nan], [0.0, 1.0]])},
        "transition: all numbers must be finite, got nan at (0, 0, 0, 1)",
    ),
    (
        {"transition": np.ones(2)},
        "transition: expected axes (row, column), (batch, row, column) or "
        "(batch, time, row, column), got shape (2,)",
    ),
    (
        {"transition": np.stack([EYE] * 2), "observation": np.stack([HALF] * 3)},
        "LinearModel: axis batch differs between matrices: {'transition': 2, 'observation': 3, "
        "'process_noise': 1, 'sensor_noise': 1}",
    ),
]


@pytest.mark.parametrize(("changed", "message"), BAD_MODELS)
def test_a_bad_model_is_refused_with_the_reason(changed, message) -> None:
    with pytest.raises(BadInput) as error:
        LinearModel(**(PLAIN | changed))
    assert str(error.value) == message


GOOD = gaussian(np.zeros(2), EYE)
BAD_RECORDS = [
    (
        np.array([[[np.inf]]]),
        GOOD,
        None,
        "observations: inf at (batch, time, sensor) = (0, 0, 0); mark a missing observation by NaN",
    ),
    (
        np.zeros((1, 2, 3)),
        GOOD,
        None,
        "observations: expected axes (batch, time, sensor=1), got shape (1, 2, 3)",
    ),
    (
        np.zeros((3, 2, 1)),
        gaussian(np.zeros((2, 2)), EYE),
        None,
        "start mean: axis batch is 2, but that of the observations is 3",
    ),
    (
        np.zeros((1, 2, 1)),
        GOOD,
        np.zeros((1, 2, 1)),
        "controls: expected axes (batch=1, time=2, control=0), got shape (1, 2, 1)",
    ),
    (
        np.zeros((0, 2, 1)),
        GOOD,
        None,
        "observations: batch and time must not be empty, got (0, 2, 1)",
    ),
]


@pytest.mark.parametrize(("observations", "start", "controls", "message"), BAD_RECORDS)
def test_a_bad_record_is_refused_with_the_reason(observations, start, controls, message) -> None:
    with pytest.raises(BadInput) as error:
        run_filter(LinearModel(**PLAIN), observations, start, controls)
    assert str(error.value) == message


def test_noise_for_two_different_batches_is_refused() -> None:
    with pytest.raises(BadInput) as error:
        NonlinearModel(
            lambda x, _: x, lambda x, _: x[..., :1], np.stack([EYE] * 2), np.ones((3, 1, 1))
        )
    assert str(error.value) == (
        "NonlinearModel: axis batch differs between matrices: "
        "{'process_noise': 2, 'sensor_noise': 3}"
    )


def test_a_function_with_the_wrong_shape_is_named() -> None:
    def doubled(x, u):
        return np.concatenate([x, x], axis=-1)

    model = NonlinearModel(doubled, lambda x, _: x[..., :1], EYE, np.eye(1), "unscented")
    with pytest.raises(BadInput, match=r"^doubled: for states of shape \(1, 5, 2\) expected"):
        run_filter(model, np.zeros((1, 1, 1)), GOOD)


def test_consistency_of_nothing_is_refused() -> None:
    filtered = run_filter(LinearModel(**PLAIN), np.full((1, 3, 1), np.nan), GOOD)
    assert np.isfinite(filtered.means).all()
    with pytest.raises(BadInput, match="every observation is missing"):
        consistency(filtered)


PER_SIZE = 12_500  # times eight sizes: 1e5 problems


@pytest.mark.parametrize("states", [1, 2, 3, 4])
@pytest.mark.parametrize("sensors", [1, 3])
def test_no_badly_scaled_problem_breaks_a_filter(states: int, sensors: int) -> None:
    rng = np.random.default_rng([states, sensors])
    batch, n, m, times = PER_SIZE, states, sensors, 4
    x, y = (10.0 ** rng.uniform(-8, 8, (batch, size)) for size in (n, m))

    def low_rank(conditions: float) -> np.ndarray:
        """Factors with condition numbers up to 10^conditions and often some zero columns."""
        columns = 10.0 ** rng.uniform(-conditions, 0, (batch, 1, n))
        columns *= rng.random((batch, 1, n)) < 0.7
        return np.linalg.qr(rng.normal(size=(batch, n, n)))[0] * columns

    LQ, S0 = low_rank(7), low_rank(7)
    F, H = rng.normal(size=(batch, n, n)), rng.normal(size=(batch, m, n))
    r = 10.0 ** rng.uniform(-10, 1, (batch, m))  # nearly exact sensors
    observations = rng.normal(size=(batch, times, m))
    observations[rng.random(observations.shape) < 0.3] = np.nan
    model = LinearModel(
        x[:, :, None] * F / x[:, None, :],
        y[:, :, None] * H / x[:, None, :],
        covariance(x[:, :, None] * LQ),
        np.eye(m) * (y * r)[:, None] ** 2,
    )
    start = Gaussian(rng.normal(size=(batch, n)) * x, x[:, :, None] * S0)
    filtered = run_filter(model, observations * y[:, None], start)
    smoothed = smooth(model, filtered)
    for answer in (*filtered[:4], *filtered[5:8], *smoothed):
        assert np.isfinite(answer).all()
    tractable = np.flatnonzero((r > 0.1).all(axis=1))[:200]
    assert len(tractable) > 3
    for b in tractable:
        plain = LinearModel(F[b], H[b], covariance(LQ[b]), np.diag(r[b] ** 2), np.zeros((n, 1)),
                            np.zeros((m, 1)))  # fmt: skip
        dense = Dense(plain, Gaussian((start.mean / x)[b][None], S0[b][None]), observations[b],
                      np.zeros((times, 1)))  # fmt: skip
        mean, P, score = dense.given(times - 1)
        size = 1 + np.sqrt(np.diag(P)) + np.abs(mean)
        for t in range(times):
            part = slice(t * n, t * n + n)
            gap = (smoothed.means[b, t] / x[b] - mean[part]) / size[part]
            assert np.abs(gap).max() < 1e-6
            gap = covariance(smoothed.factors[b, t] / x[b][:, None]) - P[part, part]
            assert np.abs(gap / np.outer(size[part], size[part])).max() < 1e-6
        shift = np.log(y[b])[None] * np.isfinite(observations[b])
        assert filtered.log_likelihood[b] + shift.sum() == pytest.approx(score, abs=1e-4)


def test_a_masked_value_is_missing() -> None:
    model, start = random_model(3), random_start(3)
    observations, controls = random_record(3)
    masked = np.ma.masked_invalid(observations)
    masked.data[masked.mask] = 1e3  # what a sensor reads when it is broken
    expected = run_filter(model, observations, start, controls)
    found = run_filter(model, masked, start, controls)
    np.testing.assert_array_equal(found.means, expected.means)
    last = step(model, expected.last, masked[:, -1], controls[:, -1])
    again = step(model, expected.last, observations[:, -1], controls[:, -1])
    np.testing.assert_array_equal(last.state.mean, again.state.mean)
    controls = np.ma.array(controls)
    controls[0, 0] = np.ma.masked
    with pytest.raises(BadInput, match="controls: all numbers must be finite"):
        run_filter(model, observations, start, controls)


@pytest.mark.parametrize("level", [1.5, 0.0, 1.0, np.nan])
def test_a_level_that_is_no_chance_is_refused(level: float) -> None:
    model, start = random_model(0), random_start(0)
    observations, controls = random_record(0, batch=1)
    filtered = run_filter(model, observations, start, controls)
    with pytest.raises(BadInput, match=f"level: expected a chance between 0 and 1.* got {level}"):
        forecast(model, start, 2).interval(level)
    with pytest.raises(BadInput, match="level: expected a chance"):
        consistency(filtered, level)


def test_a_complex_covariance_is_refused() -> None:
    with pytest.raises(BadInput, match="covariance: expected real numbers, got complex128"):
        gaussian(np.zeros(2), np.eye(2) + 1j * np.ones((2, 2)))
