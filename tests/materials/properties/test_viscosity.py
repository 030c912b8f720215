"""Viscosity by Green and Kubo: known correlations give known integrals, in the right unit."""

import numpy as np
import pytest

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.materials.properties.viscosity import viscosity

TEMPERATURE, VOLUME, SPACING, MEMORY = 1800.0, 4000.0, 0.005, 0.08  # K, Å³, ps, ps
SQUARE = 1e8  # bar²
# V / (k T) <P²> tau in SI units, in mPa s.
EXPECTED = VOLUME * 1e-30 / (1.380649e-23 * TEMPERATURE) * SQUARE * 1e10 * MEMORY * 1e-12 * 1e3


def stress_of(seed: int, windows: int, steps: int) -> FloatArray:
    """An Ornstein-Uhlenbeck process, bar, shape (window, component, step)."""
    draw = np.random.default_rng(seed)
    keep = np.exp(-SPACING / MEMORY)
    noise = draw.normal(size=(steps, windows, 5)) * np.sqrt(SQUARE * (1 - keep**2))
    found = np.empty_like(noise)
    found[0] = draw.normal(size=(windows, 5)) * np.sqrt(SQUARE)
    for step in range(1, steps):
        found[step] = keep * found[step - 1] + noise[step]
    return np.moveaxis(found, 0, 2)


def correlations_of(stress: FloatArray, lags: int) -> FloatArray:
    steps = stress.shape[2]
    pairs = [(stress[..., : steps - lag] * stress[..., lag:]).mean(axis=2) for lag in range(lags)]
    return np.stack(pairs, axis=2)


def test_an_exponential_memory_gives_its_integral_in_mpa_s() -> None:
    lag = SPACING * np.arange(400)
    curve = SQUARE * np.exp(-lag / MEMORY)
    found = viscosity(np.tile(curve, (2, 5, 1)), SPACING, TEMPERATURE, VOLUME)
    # The sum by trapezoids exceeds the integral by a twelfth of the square of a step over memory.
    assert found.coefficient.value == pytest.approx(EXPECTED, rel=5e-4)
    assert found.coefficient.error == pytest.approx(0, abs=1e-9)
    expected = EXPECTED * (1 - np.exp(-lag / MEMORY))
    np.testing.assert_allclose(found.integral, expected, rtol=1e-3)
    assert found.integral["lag"].values[-1] == pytest.approx(399 * SPACING)


def test_a_noisy_stress_gives_it_within_its_error_and_more_windows_a_smaller_one() -> None:
    errors = []
    for seed, windows in ((1, 4), (2, 36)):
        curves = correlations_of(stress_of(seed, windows, 1000), 100)
        found = viscosity(curves, SPACING, TEMPERATURE, VOLUME).coefficient
        assert abs(found.value - EXPECTED) < 3 * found.error
        errors.append(found.error)
    assert 0.2 < errors[1] / errors[0] < 0.5  # a third is expected


def test_the_error_is_how_far_repetitions_lie_apart() -> None:
    found = [
        viscosity(
            correlations_of(stress_of(seed, 5, 1000), 100), SPACING, TEMPERATURE, VOLUME
        ).coefficient
        for seed in range(40)
    ]
    spread = np.std([one.value for one in found])
    told = np.mean([one.error for one in found])
    assert 0.7 < told / spread < 1.4


@pytest.mark.parametrize(
    ("shape", "told", "message"),
    [
        ((1, 1, 20), (1.0, 1.0, 1.0), "expected two curves"),
        ((2, 5, 3), (1.0, 1.0, 1.0), "four lags"),
        ((2, 5, 20), (0.0, 1.0, 1.0), "spacing, temperature and volume"),
        ((2, 5, 20), (1.0, -1.0, 1.0), "spacing, temperature and volume"),
    ],
)
def test_bad_input_is_told(
    shape: tuple[int, int, int], told: tuple[float, float, float], message: str
) -> None:
    with pytest.raises(BadInput, match=message):
        viscosity(np.ones(shape), *told)
