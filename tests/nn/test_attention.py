"""Attention along axes against sums written out, and what relative positions promise."""

import numpy as np
import paddle
import pytest

from sciml.core.errors import BadInput
from sciml.nn.attention import (
    AttentionSettings,
    AxisAttention,
    RootMeanSquareNorm,
    attention_network,
    relative_offsets,
)
from sciml.nn.fields import FieldNetwork
from tests.nn.field_laws import IsFieldNetwork, random_fields, randomised, slope_gap


def test_offsets_are_signed_and_cut() -> None:
    np.testing.assert_array_equal(
        relative_offsets(4, 2, periodic=False) - 2,
        [[0, 1, 2, 2], [-1, 0, 1, 2], [-2, -1, 0, 1], [-2, -2, -1, 0]],
    )


@pytest.mark.parametrize("size", [5, 6])
def test_round_the_world_an_offset_does_not_depend_on_where_one_starts(size: int) -> None:
    rows = relative_offsets(size, size, periodic=True)
    for i in range(size):
        np.testing.assert_array_equal(np.roll(rows[i], -i), rows[0])
    assert np.abs(rows - size).max() == size // 2


def test_a_norm_makes_the_mean_square_one_and_forgets_the_size() -> None:
    norm, x = RootMeanSquareNorm(8).to(dtype="float64"), random_fields(2, 3, 4, 8)
    np.testing.assert_allclose(np.square(norm(x).numpy()).mean(axis=-1), 1, atol=1e-5)
    np.testing.assert_allclose(norm(7 * x).numpy(), norm(x).numpy(), atol=1e-5)


def test_attention_is_the_weighted_mean_of_values() -> None:
    layer, x = randomised(AxisAttention(4, 2, 3, periodic=False)), random_fields(1, 5, 2, 4)
    w = {name: weight.numpy() for name, weight in layer.named_parameters()}
    h = x.numpy()
    normed = h / np.sqrt(np.square(h).mean(axis=-1, keepdims=True) + 1e-6) * w["norm.scale"]
    q, k, v = (normed @ w[f"{part}.weight"] for part in ("query", "key", "value"))
    mixed = np.zeros_like(h)
    for other, head, i in np.ndindex(2, 2, 5):
        part = slice(2 * head, 2 * head + 2)
        offset = np.clip(np.arange(5) - i, -3, 3) + 3
        score = k[0, :, other, part] @ q[0, i, other, part] / np.sqrt(2)
        weight = np.exp(score + w["relative"][offset, head])
        mixed[0, i, other, part] = weight @ v[0, :, other, part] / weight.sum()
    expected = h + mixed @ w["out.weight"] + w["out.bias"]
    np.testing.assert_allclose(layer(x).numpy(), expected, atol=1e-12)


def test_round_the_world_shifts_are_kept() -> None:
    layer, x = randomised(AxisAttention(4, 2, 9, periodic=True)), random_fields(2, 6, 3, 4)
    turned = layer(paddle.roll(x, 2, 1)).numpy()
    np.testing.assert_allclose(turned, np.roll(layer(x).numpy(), 2, 1), atol=1e-12)


def test_slopes_are_right() -> None:
    layer = randomised(AxisAttention(4, 2, 2, periodic=False))
    assert slope_gap(layer, random_fields(2, 5, 3, 4), layer.parameters()) < 1e-6


def test_heads_that_do_not_divide_the_width_are_refused() -> None:
    with pytest.raises(BadInput, match="3 heads do not divide the width 4"):
        AxisAttention(4, 3, 2, periodic=False)


class TestAttentionNetwork(IsFieldNetwork):
    def network(self, dropout: float = 0.0) -> FieldNetwork:
        settings = AttentionSettings(width=8, depth=1, heads=2, reach=4, dropout=dropout)
        return attention_network(settings, 3, 2, conditions=2)
