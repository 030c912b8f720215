import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import BadInput
from sciml.hydro.identification_problem import CavityTheory, predicted_run
from sciml.hydro.residual_correction import (
    FEATURES,
    RidgeCorrection,
    corrected_pressure,
    correction_features,
    fit_ridge,
    keep_if_better,
    residual_targets,
)
from sciml.hydro.residual_network import ResidualNetworkSettings, fit_residual_network
from sciml.hydro.sections import SectionSettings, steady_loss
from sciml.training.fit import FitSettings
from sciml.training.optimiser import OptimiserSettings

AMBIENT = 25e3  # Pa
TUNNEL = SectionSettings(speed=10.0, diameter=0.02, gas_loss="portion", loss_coefficient=0.015)
THEORY = CavityTheory(tunnel=TUNNEL)
SUPPLY = steady_loss(TUNNEL, AMBIENT, AMBIENT - 10e3)  # m³/s
CLOCK = np.arange(200) / 500.0  # s


def driven(swing: float, stop: int = 200) -> xr.Dataset:
    t = CLOCK[:stop]
    return xr.Dataset(
        {
            "ambient_pressure": ("time", AMBIENT * (1 + 0.08 * np.sin(swing * t))),
            "ventilation": ("time", SUPPLY * (1 + 0.3 * np.sin(20 * t))),
        },
        coords={"time": t},
    )


def test_features_and_corrections_vanish_at_rest() -> None:
    still = driven(0.0)
    still["ventilation"] = ("time", np.full(CLOCK.size, SUPPLY))
    features, pressure = correction_features(THEORY, still)
    np.testing.assert_allclose(features, 0.0, atol=1e-9)
    moving, _ = correction_features(THEORY, driven(30.0))
    missed = moving[:, 0] + 1.0  # a constant that no correction may learn
    network = fit_residual_network(moving, missed)
    for correction in (fit_ridge(moving, missed), network):
        np.testing.assert_allclose(correction(np.zeros((3, len(FEATURES)))), 0.0, atol=1e-12)
        corrected = corrected_pressure(THEORY, correction, still)
        np.testing.assert_allclose(corrected, pressure, rtol=1e-6)


def test_a_smooth_run_cut_short_has_the_same_features_up_to_its_last_samples() -> None:
    whole, _ = correction_features(THEORY, driven(30.0))
    part, _ = correction_features(THEORY, driven(30.0, 100))
    # Only the spline between samples knows a neighbour more at the end.
    np.testing.assert_allclose(part[:95], whole[:95], atol=1e-5)


def test_features_feel_the_forcing_that_follows_less_with_every_sample_between() -> None:
    run, stepped = driven(30.0), driven(30.0)
    stepped["ambient_pressure"][100:] += 2000.0
    before, after = (correction_features(THEORY, one)[0] for one in (run, stepped))
    change = np.abs(after - before).max(axis=1)
    assert change[99] < 0.01 * change[100]
    # A cubic spline forgets a knot by this factor from one to the next.
    np.testing.assert_allclose(change[90:99] / change[91:100], 2 - np.sqrt(3), rtol=0.03)


def test_ridge_is_the_minimum_of_the_penalised_squares() -> None:
    generator = np.random.default_rng(0)
    X, y, penalty = generator.normal(size=(50, 4)), generator.normal(size=50), 0.3
    found = fit_ridge(X, y, penalty)
    floor = penalty * np.sum(X**2) / 4
    rows = np.concatenate([X, np.sqrt(floor) * np.eye(4)])
    oracle, *_ = np.linalg.lstsq(rows, np.concatenate([y, np.zeros(4)]), rcond=None)
    np.testing.assert_allclose(found.weights, oracle, rtol=1e-10)


def test_ridge_finds_a_missing_linear_term() -> None:
    features, pressure = correction_features(THEORY, driven(30.0))
    q = TUNNEL.dynamic_pressure
    truth = RidgeCorrection(np.array([0.1, 0, 0, 0, 0, 0.05, 0, 0]))
    run = driven(30.0).assign(cavity_pressure=("time", pressure + q * truth(features)))
    correction = fit_ridge(*residual_targets(THEORY, [run]), penalty=1e-8)
    other = driven(45.0)
    wanted = corrected_pressure(THEORY, truth, other)
    plain = corrected_pressure(THEORY, None, other)
    found = corrected_pressure(THEORY, correction, other)
    assert np.abs(found - wanted).max() < 0.05 * np.abs(plain - wanted).max()


def test_network_learns_what_a_line_cannot_and_is_odd() -> None:
    generator = np.random.default_rng(1)
    X = generator.normal(size=(2000, 3))
    y = 0.02 * np.tanh(2 * X[:, 0]) * np.abs(np.tanh(X[:, 0]))
    training = FitSettings(
        epochs=30, batch_size=200, optimiser=OptimiserSettings(learning_rate=2e-2)
    )
    network = fit_residual_network(X, y, ResidualNetworkSettings(training=training))
    errors = [np.sqrt(np.mean((c(X) - y) ** 2)) for c in (fit_ridge(X, y, 1e-9), network)]
    assert errors[1] < 0.5 * errors[0]
    np.testing.assert_allclose(network(-X), -network(X), atol=1e-8)


def test_residuals_skip_gaps_and_are_zero_for_the_right_theory() -> None:
    run = driven(30.0)
    run = run.merge(predicted_run(THEORY, run, ("cavity_pressure",)))
    run["cavity_pressure"][10:30] = np.nan
    features, missed = residual_targets(THEORY, [run, run])
    assert features.shape == (360, len(FEATURES))
    np.testing.assert_allclose(missed, 0.0, atol=1e-12)


@pytest.mark.parametrize(
    ("corrected", "kept"),
    [
        ({"inside": 0.5, "outside": 0.9}, True),
        ({"inside": 0.1, "outside": 0.96}, False),  # hardly better outside
        ({"inside": 1.1, "outside": 0.2}, False),  # worse inside
    ],
)
def test_correction_is_kept_only_if_it_wins_everywhere(corrected: dict, kept: bool) -> None:
    verdict = keep_if_better({"inside": 1.0, "outside": 1.0}, corrected)
    assert verdict.kept is kept
    assert verdict.gains == pytest.approx({k: 1 - v for k, v in corrected.items()})


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: keep_if_better({"a": 1.0}, {"b": 1.0}),
            "keep_if_better: expected the same conditions, got ['a'] and ['b']",
        ),
        (
            lambda: keep_if_better({"a": 1.0}, {"a": np.nan}),
            "keep_if_better: error of 'a' must be positive, got nan",
        ),
        (
            lambda: fit_ridge(np.ones((4, 2)), np.ones(3)),
            "missed: expected axes (time=4), got shape (3,)",
        ),
        (
            lambda: fit_ridge(np.ones((4, 2)), np.ones(4), 0.0),
            "fit_ridge: penalty must be positive, got 0",
        ),
        (
            lambda: residual_targets(THEORY, [driven(30.0)]),
            "runs: no variable 'cavity_pressure'; there is nothing to learn from",
        ),
        (
            lambda: RidgeCorrection(np.ones(3))(np.ones((4, 2))),
            "features: expected axes (time, feature=3), got shape (4, 2)",
        ),
    ],
)
def test_bad_input_is_named_with_its_remedy(call, message: str) -> None:
    with pytest.raises(BadInput) as error:
        call()
    assert str(error.value) == message
