import numpy as np
import pytest
from numpy.polynomial.legendre import Legendre

from sciml.materials.ace.harmonics import COMPONENTS, DEGREE, fill_slopes, harmonics, turning


def unit_vectors(count: int, seed: int = 0) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(count, 3))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.mark.parametrize("degree", range(4))
def test_addition_theorem(degree: int) -> None:
    a, b = unit_vectors(20, 1), unit_vectors(20, 2)
    these = degree == DEGREE
    total = np.sum(harmonics(a)[:, these] * harmonics(b)[:, these], axis=1)
    np.testing.assert_allclose(total, Legendre.basis(degree)(np.sum(a * b, axis=1)), atol=1e-12)


def test_gradients_are_those_of_the_direction() -> None:
    vectors, step = np.random.default_rng(3).normal(size=(10, 3)), 1e-6
    for vector in vectors:
        slopes = np.zeros((COMPONENTS, 3))
        length = float(np.linalg.norm(vector))
        fill_slopes(*(vector / length), 1 / length, slopes)
        for axis in range(3):
            moved = np.stack([vector, vector])
            moved[0, axis] += step
            moved[1, axis] -= step
            up, down = harmonics(moved / np.linalg.norm(moved, axis=1, keepdims=True))
            np.testing.assert_allclose(slopes[:, axis], (up - down) / (2 * step), atol=1e-8)


def test_turning_sums_the_gradients() -> None:
    vector, weights = np.array([0.3, -0.5, 0.8]), np.random.default_rng(4).normal(size=COMPONENTS)
    slopes, length = np.zeros((COMPONENTS, 3)), float(np.linalg.norm(vector))
    fill_slopes(*(vector / length), 1 / length, slopes)
    found = turning(*(vector / length), 1 / length, weights)
    np.testing.assert_allclose(found, weights @ slopes, rtol=1e-12)
