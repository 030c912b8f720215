import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.hydro.filters.ensemble import EnsembleModel, run_ensemble, step_ensemble
from sciml.hydro.filters.gaussian import gaussian
from sciml.hydro.filters.models import LinearModel, NonlinearModel
from sciml.hydro.filters.sequential import run_filter

F = np.array([[0.9, 0.3, 0.0], [-0.3, 0.8, 0.2], [0.0, 0.1, 0.7]])
H = np.array([[1.0, 0.0, 0.5], [0.0, 2.0, -1.0]])
Q, R = np.diag([0.2, 0.0, 0.5]), np.array([[0.5, 0.2], [0.2, 1.0]])
LINEAR = LinearModel(F, H, Q, R)
START = gaussian(
    np.array([1.0, -1.0, 0.5]), np.array([[2.0, 0.5, 0.0], [0.5, 1.0, 0.0], [0, 0, 1]])
)
METHODS = ("square-root", "stochastic")


def ensemble_model(method="square-root", noise=R, process=Q, **settings) -> EnsembleModel:
    functions = NonlinearModel(lambda x, _: x @ F.T, lambda x, _: x @ H.T, process, noise)
    return EnsembleModel(functions, method, **settings)


def record(batch: int, times=12, seed=0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    observations = 2 * rng.normal(size=(batch, times, 2))
    observations[rng.random(observations.shape) < 0.3] = np.nan
    return observations


@pytest.mark.parametrize("method", METHODS)
def test_error_against_the_kalman_filter_falls_with_the_root_of_the_members(method: str) -> None:
    observations = record(40)
    exact = run_filter(LINEAR, observations, START)
    errors = []
    for members in (25, 100, 400, 1600):
        found = run_ensemble(ensemble_model(method), observations, START, members)
        errors.append(np.sqrt(np.mean((found.means - exact.means) ** 2)))
    rate = np.polyfit(np.log([25, 100, 400, 1600]), np.log(errors), 1)[0]
    assert rate == pytest.approx(-0.5, abs=0.1), errors
    np.testing.assert_allclose(found.deviations, exact.deviations, rtol=0.2)
    np.testing.assert_allclose(found.deviations.mean(0), exact.deviations.mean(0), rtol=0.03)
    np.testing.assert_allclose(found.log_likelihood, exact.log_likelihood, rtol=0.05, atol=0.5)
    np.testing.assert_allclose(found.nis.mean(), exact.nis.mean(), rtol=0.05)
    np.testing.assert_array_equal(found.seen, exact.seen)
    np.testing.assert_array_equal(np.isnan(found.innovations), np.isnan(exact.innovations))


def test_square_root_update_is_the_kalman_update_of_the_sample() -> None:
    rng = np.random.default_rng(1)
    ensemble = rng.normal(size=(3, 7, 3)) @ rng.normal(size=(3, 3))
    observation = np.array([[1.0, -2.0], [np.nan, 0.3], [0.4, np.nan]])
    model = ensemble_model(process=np.zeros((3, 3)))
    done = step_ensemble(model, ensemble, observation, rng)
    ahead = ensemble @ F.T
    for b in range(3):
        P = np.cov(ahead[b], rowvar=False)
        exact = run_filter(
            LinearModel(np.eye(3), H, np.zeros((3, 3)), R),
            observation[b][None, None],
            gaussian(ahead[b].mean(0), P),
        )
        np.testing.assert_allclose(done.ensemble[b].mean(0), exact.means[0, 0], atol=1e-10)
        covariance = exact.last.covariance[0]
        np.testing.assert_allclose(np.cov(done.ensemble[b], rowvar=False), covariance, atol=1e-10)
        np.testing.assert_allclose(done.deviations[b, 0] ** 2, np.diag(covariance), atol=1e-10)
        assert done.log_likelihood[b] == pytest.approx(exact.log_likelihood[0], abs=1e-10)
        assert done.nis[b, 0] == pytest.approx(exact.nis[0, 0], abs=1e-10)
        np.testing.assert_allclose(
            done.innovation_deviations[b, 0], exact.innovation_deviations[0, 0], atol=1e-10
        )


@pytest.mark.parametrize("method", METHODS)
def test_a_batch_equals_its_members_run_alone(method: str) -> None:
    observations, model = record(4), ensemble_model(method)
    together = run_ensemble(model, observations, START, 10, seed=[5, 6, 7, 8])
    for b in range(4):
        alone = run_ensemble(model, observations[b : b + 1], START, 10, seed=[5 + b])
        np.testing.assert_allclose(together.ensemble[b], alone.ensemble[0], rtol=1e-10, atol=1e-12)
        assert together.log_likelihood[b] == pytest.approx(alone.log_likelihood[0], rel=1e-10)


def test_a_seed_decides_the_noise() -> None:
    observations, model = record(2), ensemble_model("stochastic")
    one, two, other = (run_ensemble(model, observations, START, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(one.ensemble, two.ensemble)
    assert not np.array_equal(one.means, other.means)


@pytest.mark.parametrize("method", METHODS)
def test_a_sensor_of_weight_zero_moves_nothing(method: str) -> None:
    noise, weights = np.diag([0.5, 1.0]), np.ones((5, 2))
    weights[:, 1] = 0.0
    observations = record(2)
    rng = np.random.default_rng(0)
    deaf = ensemble_model(method, noise, localisation=weights)
    ensemble = rng.normal(size=(2, 9, 3))
    without = np.where([True, False], observations[:, 0], np.nan)
    rngs = (np.random.default_rng(3), np.random.default_rng(3))
    one = step_ensemble(deaf, ensemble, observations[:, 0], rngs[0])
    two = step_ensemble(deaf, ensemble, without, rngs[1])
    np.testing.assert_allclose(one.ensemble, two.ensemble, rtol=1e-12)


def test_weights_keep_far_states_where_they_are() -> None:
    weights = np.ones((5, 2))
    weights[2] = 0.0
    model = ensemble_model(noise=np.eye(2), process=np.zeros((3, 3)), localisation=weights)
    ensemble = np.random.default_rng(0).normal(size=(1, 9, 3))
    done = step_ensemble(model, ensemble, np.ones((1, 2)), np.random.default_rng(0))
    ahead = ensemble @ F.T
    np.testing.assert_allclose(done.ensemble[..., 2], ahead[..., 2], rtol=1e-12)
    assert not np.allclose(done.ensemble[..., 0], ahead[..., 0])


def test_inflation_widens_and_leaves_the_mean() -> None:
    model = ensemble_model(process=np.zeros((3, 3)), inflation=1.5)
    ensemble = np.random.default_rng(0).normal(size=(1, 9, 3))
    blind = np.full((1, 2), np.nan)
    done = step_ensemble(model, ensemble, blind, np.random.default_rng(0))
    ahead = ensemble @ F.T
    np.testing.assert_allclose(done.means[0, 0], ahead[0].mean(0), atol=1e-14)
    np.testing.assert_allclose(done.deviations[0, 0], 1.5 * ahead[0].std(0, ddof=1), rtol=1e-12)


BAD_SETTINGS = [
    ({"inflation": 0.5}, "inflation: must be at least 1 and finite, got 0.5"),
    ({"method": "other"}, "method: expected 'square-root' or 'stochastic', got 'other'"),
    (
        {"localisation": np.ones((5, 2))},
        "localisation: needs sensors with independent noise, a diagonal R",
    ),
    (
        {"localisation": np.full((5, 2), 2.0), "noise": np.eye(2)},
        "localisation: all weights must lie between 0 and 1",
    ),
]


@pytest.mark.parametrize(("settings", "message"), BAD_SETTINGS)
def test_a_bad_setting_is_refused_with_the_reason(settings, message) -> None:
    with pytest.raises(BadInput) as error:
        ensemble_model(**settings)
    assert str(error.value) == message


def test_one_member_is_too_few() -> None:
    with pytest.raises(BadInput, match="members: a sample covariance needs at least 2, got 1"):
        run_ensemble(ensemble_model(), record(1), START, members=1)
    one = np.zeros((1, 1, 3))
    with pytest.raises(BadInput, match="at least 2 members, got 1"):
        step_ensemble(ensemble_model(), one, np.zeros((1, 2)), np.random.default_rng(0))
    with pytest.raises(BadInput, match=r"seed: expected one, or one per record \(1\), got 2"):
        run_ensemble(ensemble_model(), record(1), START, seed=[1, 2])
