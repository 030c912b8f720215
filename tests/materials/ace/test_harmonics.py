import numpy as np
import pytest
from numpy.polynomial.legendre import Legendre

from sciml.materials.ace.harmonics import (
    DEGREE,
    LARGEST_DEGREE,
    fill_slopes,
    harmonics,
    turning,
)

COMPONENTS = len(DEGREE)


def unit_vectors(count: int, seed: int = 0) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(count, 3))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.mark.parametrize("degree", range(LARGEST_DEGREE + 1))
def test_addition_theorem(degree: int) -> None:
    a, b = unit_vectors(20, 1), unit_vectors(20, 2)
    these = degree == DEGREE
    total = np.sum(harmonics(a)[:, these] * harmonics(b)[:, these], axis=1)
    np.testing.assert_allclose(total, Legendre.basis(degree)(np.sum(a * b, axis=1)), atol=1e-12)


def test_components_up_to_the_third_degree() -> None:
    directions = unit_vectors(20)
    x, y, z = directions.T
    plain = [
        *(np.ones_like(x), y, z, x),
        *(np.sqrt(3) * x * y, np.sqrt(3) * y * z, (3 * z**2 - 1) / 2),
        *(np.sqrt(3) * x * z, np.sqrt(3) * (x**2 - y**2) / 2),
        *(np.sqrt(5 / 8) * y * (3 * x**2 - y**2), np.sqrt(15) * x * y * z),
        *(np.sqrt(3 / 8) * y * (5 * z**2 - 1), z * (5 * z**2 - 3) / 2),
        *(np.sqrt(3 / 8) * x * (5 * z**2 - 1), np.sqrt(15) * z * (x**2 - y**2) / 2),
        np.sqrt(5 / 8) * x * (x**2 - 3 * y**2),
    ]
    np.testing.assert_allclose(harmonics(directions, 3), np.stack(plain, axis=1), atol=1e-14)


def test_fewer_degrees_are_the_first_of_more() -> None:
    directions = unit_vectors(5)
    np.testing.assert_array_equal(harmonics(directions, 2), harmonics(directions)[:, :9])


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
