"""Imperfect models: the published closure, noise as strong as asked, forecasts that err."""

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.weather.world.lorenz import LorenzSettings, random_start, run, unresolved
from sciml.weather.world.models import (
    Closure,
    ForecastModel,
    autoregressive_noise,
    fitted_closure,
    forecasts,
)

TRUTH = LorenzSettings(slow=8, fast=8, forcing=18.0)
NOTHING = Closure((0.0,), 0.0, 0.0)


def test_the_closure_is_the_published_one() -> None:
    # Wilks (2005), K = 8, J = 32, F = 18: U = 0.275 + 1.59 X - 0.0190 X² - 0.0130 X³ + 0.000707 X⁴
    # and a deviation of 1.74. He fits differences of X over a step, we fit U; the two polynomials
    # part below X = -2, where a ninth of the values lies.
    published = LorenzSettings(slow=8, fast=32, forcing=18.0)
    states = run(published, random_start(published, 1, 0), 20_000, every=20)[0]
    closure = fitted_closure(states[:, :8], unresolved(published, states), 4, 0.1)
    X = np.linspace(-1.0, 12.0, 27)
    theirs = 0.275 + X * (1.59 + X * (-0.0190 + X * (-0.0130 + X * 0.000707)))
    np.testing.assert_allclose(closure(X), theirs, atol=0.6)  # U spans 12
    assert closure.deviation == pytest.approx(1.74, rel=0.1)


def test_a_polynomial_is_found_again_and_leaves_nothing() -> None:
    X = np.random.default_rng(0).uniform(-5, 10, (50, 4))
    closure = fitted_closure(X, 1.0 + 2.0 * X - 0.1 * X**2, 2, 0.1)
    np.testing.assert_allclose(closure.coefficients, (1.0, 2.0, -0.1), atol=1e-10)
    assert closure.deviation < 1e-10


def test_the_noise_is_as_strong_and_as_lasting_as_asked() -> None:
    noise = autoregressive_noise((400, 60, 5), 2.0, 10.0, 0)
    np.testing.assert_allclose(noise.std(axis=(0, 2)), 2.0, atol=0.15)  # at each step
    kept = np.mean(noise[:, 10:] * noise[:, :-10]) / np.mean(noise**2)
    assert kept == pytest.approx(np.exp(-1), abs=0.03)
    rest = autoregressive_noise((1, 20_000, 5), 2.0, 10.0, 0)[0]
    assert fitted_closure(np.ones_like(rest), rest, 0, 1.0).memory == pytest.approx(10, rel=0.1)


def test_without_fast_variables_the_perfect_model_is_the_truth() -> None:
    ring = LorenzSettings(slow=12, fast=0, forcing=9.0)
    start = random_start(ring, 3, 0)
    truth = run(ring, start, 40, step=0.01, every=20)
    perfect = ForecastModel(step=0.01)
    found = forecasts(perfect, NOTHING, start, 9.0, (0.2, 0.4))
    np.testing.assert_array_equal(found, truth[:, 1:])


def test_each_fault_costs_accuracy() -> None:
    states = run(TRUTH, random_start(TRUTH, 1, 1), 16_000, every=40)[0]  # 0.2 units apart
    X, U = states[:, :8], unresolved(TRUTH, states)
    closures = {degree: fitted_closure(X, U, degree, 0.2) for degree in (0, 4)}

    def error(closure: Closure, **faults: float) -> float:
        model = ForecastModel(**faults)  # type: ignore[arg-type]
        ahead = forecasts(model, closure, X[:-2], 18.0, (0.2, 0.4))
        return float(np.sqrt(np.mean((ahead[:, 1] - X[2:]) ** 2)))

    best = error(closures[4])
    assert error(closures[0]) > 1.5 * best
    assert error(NOTHING) > 1.5 * best
    assert error(closures[4], forcing_error=4.0) > 1.1 * best
    assert error(closures[4], damping=1.0) > 1.1 * best
    assert best < 0.5 * X.std()


def test_noise_belongs_to_its_seed() -> None:
    start = random_start(LorenzSettings(slow=8, fast=0), 2, 0)
    model, closure = ForecastModel(noisy=True), Closure((0.0, 0.5), 1.0, 0.1)
    first, again, other = (
        forecasts(model, closure, start, 10.0, (0.2,), seed=seed) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-3


@pytest.mark.parametrize("leads", [(0.2, 0.5), (0.2004,)])
def test_leads_between_steps_are_refused(leads: tuple[float, ...]) -> None:
    with pytest.raises(BadInput, match="leads: expected multiples of the first"):
        forecasts(ForecastModel(), NOTHING, np.zeros((1, 8)), 8.0, leads)


def test_one_time_tells_no_memory() -> None:
    with pytest.raises(BadInput, match="one time does not tell"):
        fitted_closure(np.zeros((1, 3)), np.zeros((1, 3)), 1, 0.1)
