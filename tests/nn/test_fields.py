"""Grids of half the points, and the map at each point."""

import numpy as np
import paddle
import pytest

from sciml.core.errors import BadInput
from sciml.nn.fields import Coarser, Pointwise, halving, parameter_count
from tests.nn.field_laws import random_fields, randomised


@pytest.mark.parametrize("shape", [(17, 33), (6, 8), (1, 5)])
def test_going_up_and_down_again_changes_nothing(shape: tuple[int, int]) -> None:
    grid, coarse = Coarser(shape), tuple(-(-n // 2) for n in shape)
    x = random_fields(2, *coarse, 3)
    np.testing.assert_allclose(grid.down(grid.up(x)).numpy(), x.numpy(), atol=1e-14)


def test_a_constant_field_stays_constant_and_means_are_kept() -> None:
    grid, x = Coarser((6, 8)), random_fields(2, 6, 8, 3)
    one = paddle.ones_like(x)
    np.testing.assert_allclose(grid.up(grid.down(one)).numpy(), one.numpy())
    np.testing.assert_allclose(
        grid.up(grid.down(x)).numpy().mean(axis=(1, 2)), x.numpy().mean(axis=(1, 2)), atol=1e-14
    )
    np.testing.assert_array_equal(halving(3), [[0.5, 0.5, 0], [0, 0, 1]])


def test_another_grid_is_refused() -> None:
    with pytest.raises(BadInput, match=r"expected a grid of \(6, 8\), got \(8, 6\)"):
        Coarser((6, 8)).down(paddle.zeros([1, 8, 6, 2]))


def test_the_map_at_a_point_is_a_matrix() -> None:
    one, x = randomised(Pointwise(3, 2)), random_fields(2, 4, 5, 3)
    expected = x.numpy() @ one.weight.numpy() + one.bias.numpy()
    np.testing.assert_allclose(one(x).numpy(), expected, atol=1e-14)
    assert parameter_count(one) == 8
    assert parameter_count(Pointwise(3, 2, bias=False)) == 6
