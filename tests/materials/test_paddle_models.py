import numpy as np
import paddle
from paddle import Tensor

from sciml.materials.paddle_models import PaddleModel

ALONE, CUTOFF = -5.0, 3.0  # eV, Å


def energies(kinds: Tensor, centre: Tensor, other: Tensor, vectors: Tensor, atoms: int) -> Tensor:
    """Springs that end at the cutoff, and what an atom has alone."""
    length = (vectors**2).sum(axis=1).sqrt()
    pairs = 0.5 * paddle.clip(CUTOFF - length, min=0.0) ** 2
    return (ALONE + paddle.zeros([atoms], "float64")).index_add(centre, 0, pairs)


def asked(distance: float) -> tuple[np.ndarray, np.ndarray]:
    """Energies and slopes of two atoms, as far as they see one another."""
    sees = distance < CUTOFF
    vectors = np.array([[distance, 0, 0], [-distance, 0, 0]])[: 2 * sees]
    first, other = np.array([0, 1, 2]) * sees, np.array([1, 0])[: 2 * sees]
    return PaddleModel(energies, CUTOFF)(np.zeros(2, int), first, other, vectors)


def test_energy_does_not_jump_where_the_last_pair_ends() -> None:
    near, slopes = asked(CUTOFF - 1e-6)
    far, none = asked(CUTOFF + 1e-6)
    np.testing.assert_allclose(near, far, atol=1e-9)
    np.testing.assert_array_equal(far, [ALONE, ALONE])
    assert (slopes.shape, none.shape) == ((2, 3), (0, 3))


def test_slopes_are_those_of_the_energy() -> None:
    _, slopes = asked(2.0)
    np.testing.assert_allclose(slopes, [[-1, 0, 0], [1, 0, 0]])


def test_no_atoms() -> None:
    found, slopes = PaddleModel(energies, CUTOFF)(
        np.zeros(0, int), np.zeros(1, int), np.zeros(0, int), np.zeros((0, 3))
    )
    assert (found.shape, slopes.shape) == ((0,), (0, 3))
