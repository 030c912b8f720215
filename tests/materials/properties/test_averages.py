"""Errors of means: they hold the truth as often as they claim."""

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.materials.properties.averages import Mean, mean_of, slope_of, thermal_expansion


def with_memory(seed: int, length: int = 4096, memory: float = 0.95) -> np.ndarray:
    random = np.random.default_rng(seed)
    series = np.empty(length)
    series[0] = random.normal() / np.sqrt(1 - memory**2)
    for i in range(1, length):
        series[i] = memory * series[i - 1] + random.normal()
    return series


def test_the_error_counts_the_memory_of_a_series() -> None:
    """An autoregression of order one has a known error of its mean."""
    means = [mean_of(with_memory(seed)) for seed in range(60)]
    expected = 1 / (1 - 0.95) / np.sqrt(4096)
    assert np.mean([mean.error for mean in means]) == pytest.approx(expected, rel=0.15)
    assert np.std([mean.value for mean in means]) == pytest.approx(expected, rel=0.25)


def test_a_line_is_found_with_the_error_of_its_points() -> None:
    x, errors = np.linspace(0, 10, 11), np.full(11, 0.1)
    found = slope_of(x, 3 * x + 1, errors)
    assert found.value == pytest.approx(3)
    assert found.error == pytest.approx(0.1 / np.sqrt(np.sum((x - 5) ** 2)))


def test_expansion_is_a_third_of_the_relative_slope_of_the_volume() -> None:
    T = np.array([100.0, 300.0, 500.0])
    found = thermal_expansion(T, 20 * (1 + 3e-5 * (T - 300)), np.full(3, 1e-3))
    assert found.value == pytest.approx(1e-5)
    assert str(Mean(1.2345, 0.0567)) == "1.234 ± 0.057"


def test_what_has_no_error_is_told() -> None:
    with pytest.raises(BadInput, match="3 values in 8 blocks"):
        mean_of(np.ones(3))
    with pytest.raises(BadInput, match="above zero"):
        slope_of(np.arange(3.0), np.arange(3.0), np.zeros(3))
