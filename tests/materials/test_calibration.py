"""Forecasts of errors: order, size and reliability."""

from dataclasses import replace

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.materials.ace.model import AcePotential
from sciml.materials.calibration import (
    attainable_correlation,
    error_per_forecast,
    force_errors,
    forecasts,
    rank_correlation,
    reliability,
)
from sciml.materials.committee import Committee
from sciml.materials.structures import Structure
from tests.materials.ace.test_kernels import crystal
from tests.materials.ace.test_model import potential


def labelled(truth: AcePotential, seed: int) -> Structure:
    one = crystal(seed)
    return replace(one, forces=truth.evaluate([one])[0].forces)


def test_an_error_is_the_length_of_a_vector() -> None:
    truth, other = potential(1), potential(2)
    frames = [labelled(truth, seed) for seed in (3, 4)]
    assert force_errors(frames, truth.evaluate(frames)) == pytest.approx(0)
    found = other.evaluate(frames)
    errors = force_errors(frames, found)
    assert len(errors) == sum(len(one) for one in frames)
    assert frames[0].forces is not None
    first = found[0].forces[0] - frames[0].forces[0]
    assert errors[0] == pytest.approx(np.sqrt(first @ first))


@pytest.mark.parametrize("factor", [0.1, 3.0])
def test_a_forecast_that_is_right_but_for_a_factor(factor: float) -> None:
    scale = np.random.default_rng(0).gamma(2.0, size=20_000)
    errors = scale * np.linalg.norm(np.random.default_rng(1).normal(size=(20_000, 3)), axis=1)
    forecast = scale * np.sqrt(3) / factor  # √3: the root mean square length
    assert error_per_forecast(forecast, errors) == pytest.approx(factor, rel=0.02)
    found = reliability(factor * forecast, errors)
    np.testing.assert_allclose(found["error"], found["forecast"], rtol=0.05)


def test_the_order_of_a_perfect_forecast_is_1_and_of_a_blind_one_0() -> None:
    errors = np.random.default_rng(2).gamma(2.0, size=5000)
    assert rank_correlation(errors**3, errors) == pytest.approx(1)
    assert rank_correlation(-errors, errors) == pytest.approx(-1)
    blind = np.random.default_rng(3).normal(size=5000)
    assert abs(rank_correlation(blind, errors)) < 0.05


def test_what_a_potential_does_not_say_is_asked_for() -> None:
    frames = [crystal(1)]
    with pytest.raises(BadInput, match="gives no grades; train several members"):
        forecasts(potential(1).evaluate(frames), "grades")
    both = Committee((potential(1), potential(2)))
    assert forecasts(both.evaluate(frames), "spread").shape == (len(frames[0]),)
    with pytest.raises(BadInput, match="has no forces to compare with"):
        force_errors(frames, both.evaluate(frames))
    with pytest.raises(BadInput, match="3 atoms for 10 bins"):
        reliability(np.ones(3), np.ones(3))


@pytest.mark.parametrize("width", [0.2, 0.5, 1.0])
def test_what_a_perfect_forecast_attains(width: float) -> None:
    """Lengths of random vectors whose deviations are known."""
    rng = np.random.default_rng(1)
    size = np.exp(width * rng.normal(size=50_000))
    errors = np.linalg.norm(size[:, None] * rng.normal(size=(50_000, 3)), axis=1)
    assert attainable_correlation(errors) == pytest.approx(rank_correlation(size, errors), abs=0.02)


def test_errors_of_one_size_cannot_be_foretold() -> None:
    errors = np.linalg.norm(np.random.default_rng(2).normal(size=(1000, 3)), axis=1)
    assert attainable_correlation(errors) < 0.2
    with pytest.raises(BadInput, match="an error is 0"):
        attainable_correlation(np.zeros(3))
