"""Laws of layers from fields to fields that a test of a backbone inherits."""

from collections.abc import Callable

import numpy as np
import paddle
import pytest
from paddle import Tensor, nn

from sciml.nn.fields import FieldNetwork, parameter_count

LAT, LON = np.arange(30.0, 51.0, 4.0), np.arange(-20.0, 9.0, 4.0)  # 6 by 8


def randomised(layer: nn.Layer, seed: int = 0) -> nn.Layer:
    """The layer in double precision with all weights drawn, those that start at zero too."""
    rng = np.random.default_rng(seed)
    layer.to(dtype="float64")
    for weight in layer.parameters():
        fan = max(weight.shape[-2] if len(weight.shape) > 1 else 1, 1)
        weight.set_value(rng.normal(0, fan**-0.5, weight.shape))
    layer.eval()
    return layer


def random_fields(*shape: int, seed: int = 1) -> Tensor:
    return paddle.to_tensor(np.random.default_rng(seed).normal(size=shape))


def slope_gap(function: Callable[[Tensor], Tensor], x: Tensor, weights: list[Tensor]) -> float:
    """Largest relative gap between Paddle's slope along a direction and a finite difference."""
    rng = np.random.default_rng(2)
    weigh = paddle.to_tensor(rng.normal(size=function(x).shape))
    gaps: list[float] = []
    for tensor in [x, *weights]:
        tensor.stop_gradient = False
        (function(x) * weigh).sum().backward()
        way = rng.normal(size=tensor.shape)
        slope = float((tensor.grad.numpy() * way).sum())
        for each in [x, *weights]:
            each.clear_grad()
        start, step = tensor.numpy().copy(), 1e-5
        ends: list[float] = []
        for sign in (1, -1):
            with paddle.no_grad():
                tensor.set_value(start + sign * step * way)
                ends.append(float((function(x) * weigh).sum()))
                tensor.set_value(start)
        expected = (ends[0] - ends[1]) / (2 * step)
        gaps.append(abs(slope - expected) / max(abs(expected), 1e-3))
    return max(gaps)


class IsFieldNetwork:
    """What every network from fields to fields promises.

    A subclass gives ``network``: fresh, of three channels and two conditions to two channels.
    """

    def network(self, dropout: float = 0.0) -> FieldNetwork:
        raise NotImplementedError

    def answer(self, net: nn.Layer, x: Tensor, conditions: Tensor) -> np.ndarray:
        return net(x, conditions=conditions).numpy()

    def test_it_starts_as_zero(self) -> None:
        net = self.network()
        x, conditions = paddle.randn([2, 3, 6, 8]), paddle.randn([2, 2])
        np.testing.assert_array_equal(self.answer(net, x, conditions), np.zeros((2, 2, 6, 8)))

    def test_slopes_are_right(self) -> None:
        net = randomised(self.network())
        conditions = random_fields(2, 2)
        gap = slope_gap(
            lambda x: net(x, conditions=conditions), random_fields(2, 3, 6, 8), net.parameters()
        )
        assert gap < 1e-6

    def test_a_sample_does_not_see_the_others_of_its_batch(self) -> None:
        net, x, conditions = (
            randomised(self.network()),
            random_fields(3, 3, 6, 8),
            random_fields(3, 2),
        )
        alone = [self.answer(net, x[i : i + 1], conditions[i : i + 1]) for i in range(3)]
        np.testing.assert_allclose(
            self.answer(net, x, conditions), np.concatenate(alone), atol=1e-12
        )

    def test_conditions_are_constant_channels(self) -> None:
        net, x, conditions = (
            randomised(self.network()),
            random_fields(2, 3, 6, 8),
            random_fields(2, 2),
        )
        constant = conditions.reshape([2, 2, 1, 1]).expand([2, 2, 6, 8])
        joined = net(paddle.concat([x, constant], axis=1)).numpy()
        np.testing.assert_allclose(self.answer(net, x, conditions), joined, atol=1e-12)

    def test_static_fields_are_the_same_for_all_samples(self) -> None:
        net, x, static = (
            randomised(self.network()),
            random_fields(2, 3, 6, 8),
            random_fields(2, 6, 8),
        )
        joined = net(paddle.concat([x, paddle.stack([static, static])], axis=1)).numpy()
        np.testing.assert_allclose(net(x, static=static).numpy(), joined, atol=1e-12)

    def test_dropout_acts_in_training_alone(self) -> None:
        net = randomised(self.network(dropout=0.5))
        x, conditions = random_fields(1, 3, 6, 8), random_fields(1, 2)
        first = self.answer(net, x, conditions)
        np.testing.assert_array_equal(self.answer(net, x, conditions), first)
        net.train()
        assert np.abs(self.answer(net, x, conditions) - first).max() > 1e-3

    def test_other_channels_are_refused(self) -> None:
        with pytest.raises(ValueError, match="channel=5, lat, lon"):
            self.network()(paddle.zeros([1, 4, 6, 8]))

    def test_it_is_small(self) -> None:
        assert 500 < parameter_count(self.network()) < 60_000
