"""Lorenz's rings: what advection keeps, what the circle does not change, how fast chaos is."""

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.weather.world.lorenz import (
    DAYS_PER_UNIT,
    LorenzSettings,
    random_start,
    rates,
    run,
    unresolved,
)
from sciml.weather.world.predictability import leading_exponent

TWO_SCALES = LorenzSettings(slow=8, fast=4, forcing=12.0)
ONE_SCALE = LorenzSettings(slow=40, fast=0, forcing=8.0)


def wild(settings: LorenzSettings, members: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(members, settings.size))


@pytest.mark.parametrize("seed", range(3))
def test_the_budget_of_energy_has_no_share_of_advection_or_coupling(seed: int) -> None:
    state = wild(TWO_SCALES, 1, seed)[0]
    X, Y = state[:8], state[8:]
    gained = state @ rates(TWO_SCALES, state)
    expected = -X @ X - 10.0 * Y @ Y + 12.0 * X.sum()
    assert gained == pytest.approx(expected, rel=1e-12)


def test_the_tendency_is_that_of_the_equations() -> None:
    state = wild(TWO_SCALES, 1, 3)[0]
    X, Y = state[:8], state[8:]
    dX = np.roll(X, 1) * (np.roll(X, -1) - np.roll(X, 2)) - X + 12.0
    dX -= Y.reshape(8, 4).sum(axis=1)
    dY = 100.0 * np.roll(Y, -1) * (np.roll(Y, 1) - np.roll(Y, -2)) - 10.0 * Y + np.repeat(X, 4)
    np.testing.assert_allclose(rates(TWO_SCALES, state), np.concatenate([dX, dY]), atol=1e-11)
    np.testing.assert_allclose(unresolved(TWO_SCALES, state), Y.reshape(8, 4).sum(axis=1))


def test_a_closure_is_a_polynomial_of_the_slow_variable() -> None:
    X = wild(ONE_SCALE, 1, 1)[0]
    without, given = rates(ONE_SCALE, X), rates(ONE_SCALE, X, (0.3, 1.2, -0.05))
    np.testing.assert_allclose(without - given, 0.3 + 1.2 * X - 0.05 * X**2, atol=1e-12)


def test_turning_the_circle_turns_the_weather_exactly() -> None:
    start = random_start(TWO_SCALES, 1, 0)
    X, Y = start[0, :8], start[0, 8:].reshape(8, 4)
    turned = np.concatenate([np.roll(X, 3), np.roll(Y, 3, axis=0).ravel()])[None]
    states = run(TWO_SCALES, np.concatenate([start, turned]), 500, every=500)[:, -1]
    np.testing.assert_array_equal(states[1, :8], np.roll(states[0, :8], 3))


def test_a_circle_at_rest_under_its_forcing_stays_so() -> None:
    even = np.full((1, 40), 8.0)  # advection vanishes, damping balances forcing; it is unstable
    np.testing.assert_array_equal(run(ONE_SCALE, even, 100, step=0.01)[0, -1], even[0])


def test_the_error_of_the_march_falls_with_the_fourth_power_of_the_step() -> None:
    start = random_start(TWO_SCALES, 1, 1)
    ends = [run(TWO_SCALES, start, n, step=0.2 / n, every=n)[0, -1] for n in (80, 160, 640)]
    coarse, fine = (np.linalg.norm(end - ends[-1]) for end in ends[:2])
    assert 12 < coarse / fine < 20


def test_members_are_the_same_alone_and_in_a_batch() -> None:
    start = random_start(TWO_SCALES, 3, 2)
    push = 12.0 + np.arange(3.0)[:, None, None]
    together = run(TWO_SCALES, start, 400, push=push)
    alone = run(TWO_SCALES, start[1:2], 400, push=13.0)
    np.testing.assert_array_equal(together[1], alone[0])


def test_a_seed_gives_one_weather_and_another_another() -> None:
    first, again, other = (random_start(TWO_SCALES, 2, seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1


def test_small_differences_double_in_about_two_days_as_published() -> None:
    # Lorenz & Emanuel, J. Atmos. Sci. 55, 399 (1998): 2.1 days for K = 40, F = 8, that is 1.65 per
    # unit; later computations of the leading exponent give 1.67 to 1.68.
    exponent = leading_exponent(ONE_SCALE, 60.0, members=16)
    assert exponent == pytest.approx(1.68, abs=0.06)
    assert np.log(2) / exponent * DAYS_PER_UNIT == pytest.approx(2.1, abs=0.1)


def test_weak_forcing_is_not_chaotic() -> None:
    assert leading_exponent(LorenzSettings(slow=40, fast=0, forcing=0.5), 20.0) < 0


def test_bad_input_is_named() -> None:
    start = random_start(ONE_SCALE, 1, 0)
    with pytest.raises(BadInput, match="start: expected axes"):
        run(TWO_SCALES, start[:, :-1], 1)
    with pytest.raises(BadInput, match="steps, every and step above 0, got 0"):
        run(ONE_SCALE, start, 0)
    with pytest.raises(BadInput, match=r"push: shape \(3,\) does not broadcast"):
        run(ONE_SCALE, start, 2, push=np.zeros(3))
    with pytest.raises(BadInput, match="overflow with step = 1"):
        run(ONE_SCALE, start, 50, step=1.0)
    with pytest.raises(BadInput, match="one-scale model, fast = 0, got 4"):
        leading_exponent(TWO_SCALES, 1.0)
    with pytest.raises(ValueError, match="slow"):
        LorenzSettings(slow=3)
