"""Convolutions against NumPy's padding, border by border."""

import numpy as np
import paddle
import pytest

from sciml.nn.convolution import (
    BorderedConvolution,
    ConvolutionSettings,
    beyond,
    convolution_network,
)
from sciml.nn.fields import FieldNetwork
from tests.nn.field_laws import IsFieldNetwork, random_fields, randomised, slope_gap

PAD = {"periodic": "wrap", "replicate": "edge", "reflect": "reflect", "zero": "constant"}
BORDERS = pytest.mark.parametrize("border", list(PAD))


@BORDERS
@pytest.mark.parametrize(("size", "reach"), [(7, 1), (7, 3), (4, 2), (1, 2)])
def test_what_lies_beyond_is_what_numpy_pads(border: str, size: int, reach: int) -> None:
    x = np.random.default_rng(0).normal(size=size)
    found = beyond(size, reach, border)
    values = np.where(found < 0, 0.0, x[found])
    np.testing.assert_array_equal(values, np.pad(x, reach, mode=PAD[border]))


@BORDERS
@pytest.mark.parametrize("reach", [0, 1, 2])
def test_it_is_the_sum_over_shifted_padded_fields(border: str, reach: int) -> None:
    one = randomised(BorderedConvolution(2, 3, (border, "periodic"), reach=reach))
    x = random_fields(2, 5, 6, 2)
    padded = np.pad(x.numpy(), [(0, 0), (reach, reach), (0, 0), (0, 0)], mode=PAD[border])
    padded = np.pad(padded, [(0, 0), (0, 0), (reach, reach), (0, 0)], mode="wrap")
    wide = 2 * reach + 1
    kernel = one.map.weight.numpy().reshape(wide, wide, 2, 3)
    expected = one.map.bias.numpy() + sum(
        padded[:, a : a + 5, b : b + 6] @ kernel[a, b] for a, b in np.ndindex(wide, wide)
    )
    np.testing.assert_allclose(one(x).numpy(), expected, atol=1e-13)


def test_with_periodic_borders_shifts_are_kept() -> None:
    one = randomised(BorderedConvolution(2, 3, ("periodic", "periodic"), masked=True))
    x = random_fields(2, 5, 6, 2)
    turned = one(paddle.roll(x, [2, 3], [1, 2])).numpy()
    np.testing.assert_allclose(turned, np.roll(one(x).numpy(), [2, 3], [1, 2]), atol=1e-13)


def test_a_mask_is_a_channel_of_ones_that_ends_with_the_grid() -> None:
    borders = ("replicate", "reflect")
    masked = randomised(BorderedConvolution(2, 3, borders, masked=True))
    filled, mask = BorderedConvolution(2, 3, borders), BorderedConvolution(1, 3, ("zero", "zero"))
    for layer in (filled, mask):
        randomised(layer)
    filled.map.weight.set_value(masked.map.weight)
    filled.map.bias.set_value(masked.map.bias)
    mask.map.weight.set_value(masked.edge.weight)
    mask.map.bias.set_value(paddle.zeros_like(mask.map.bias))
    x = random_fields(2, 5, 6, 2)
    expected = filled(x) + mask(paddle.ones([2, 5, 6, 1], "float64"))
    np.testing.assert_allclose(masked(x).numpy(), expected.numpy(), atol=1e-13)


@BORDERS
def test_slopes_are_right(border: str) -> None:
    one = randomised(BorderedConvolution(2, 3, (border, "replicate"), masked=True))
    assert slope_gap(one, random_fields(2, 4, 5, 2), one.parameters()) < 1e-7


class TestU(IsFieldNetwork):
    def network(self, dropout: float = 0.0) -> FieldNetwork:
        settings = ConvolutionSettings(width=6, depth=1, coarser=1, dropout=dropout)
        return convolution_network(settings, 3, 2, conditions=2)

    @pytest.mark.parametrize("shape", [(17, 33), (25, 53), (3, 5)])
    def test_any_grid_will_do(self, shape: tuple[int, int]) -> None:
        net = randomised(self.network())
        assert net(random_fields(1, 5, *shape)).shape == [1, 2, *shape]


class TestResidual(IsFieldNetwork):
    def network(self, dropout: float = 0.0) -> FieldNetwork:
        settings = ConvolutionSettings(
            width=6, depth=1, coarser=0, borders=("replicate", "periodic"), dropout=dropout
        )
        return convolution_network(settings, 3, 2, conditions=2)

    def test_it_commutes_with_shifts_around_the_world(self) -> None:
        net, x, c = randomised(self.network()), random_fields(1, 3, 6, 8), random_fields(1, 2)
        turned = self.answer(net, paddle.roll(x, 3, 3), c)
        np.testing.assert_allclose(turned, np.roll(self.answer(net, x, c), 3, 3), atol=1e-12)

    def test_it_sees_no_further_than_its_convolutions(self) -> None:
        net, x = randomised(self.network()), random_fields(1, 5, 12, 12)
        other = x.clone()
        other[:, :, 5, 5] += 1.0
        touched = np.abs((net(other) - net(x)).numpy()).max(axis=(0, 1)) > 0
        rows, columns = np.nonzero(touched)
        assert (rows.min(), rows.max(), columns.min(), columns.max()) == (3, 7, 3, 7)
