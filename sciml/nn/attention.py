"""Attention along the axes of a grid."""

import math
from typing import Literal

import numpy as np
import paddle
from paddle import Tensor, nn
from pydantic import Field, PositiveInt

from sciml.core.axes import IntArray, axes
from sciml.core.errors import BadInput
from sciml.core.settings import Settings
from sciml.nn.fields import FieldNetwork, Pointwise

_TINY = 1e-6  # keeps the norm of a vanishing state finite


class RootMeanSquareNorm(nn.Layer):
    """States scaled to a mean square of 1 over their channels, then stretched by learnt factors.

    Source:
        Zhang & Sennrich, Root mean square layer normalization, NeurIPS (2019).
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        one = nn.initializer.Constant(1.0)
        self.scale = self.create_parameter([width], default_initializer=one)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (..., width), in and out."""
        # A product with ones sums rows several times faster than a reduction does on CPUs.
        share = paddle.full([self.width, 1], 1 / self.width, x.dtype)
        return x * paddle.rsqrt(paddle.matmul(paddle.square(x), share) + _TINY) * self.scale


def relative_offsets(size: int, reach: int, *, periodic: bool) -> IntArray:
    """How far each point of an axis lies from each other one, as a row of a table.

    Args:
        size: Points of the axis.
        reach: Largest offset that is told from others.
        periodic: Whether the shorter way round counts.

    Returns:
        Offset j - i, cut to ±reach, plus reach. Shape (i, j).
    """
    offset = np.arange(size)[None, :] - np.arange(size)[:, None]
    if periodic:
        offset = (offset + size // 2) % size - size // 2
    return offset.clip(-reach, reach) + reach


class AxisAttention(nn.Layer):
    """Each point attends to the points that share its row or column; starts as the identity.

    Source:
        Vaswani et al., Attention is all you need, NeurIPS (2017); along axes: Ho et al., Axial
        attention in multidimensional transformers (2019), arXiv:1912.12180; relative positions:
        Shaw, Uszkoreit & Vaswani, NAACL (2018).
    """

    def __init__(self, width: int, heads: int, reach: int, *, periodic: bool) -> None:
        """Draw the weights.

        Args:
            width: Channels.
            heads: Attention maps; they share the channels.
            reach: Largest offset that is told from others, points.
            periodic: Whether the axis closes on itself.

        Raises:
            BadInput: if the heads do not divide the width.
        """
        super().__init__()
        if width % heads:
            raise BadInput(f"attention: {heads} heads do not divide the width {width}")
        self.width, self.heads, self.reach, self.periodic = width, heads, reach, periodic
        self.norm = RootMeanSquareNorm(width)
        self.query, self.key, self.value = (Pointwise(width, width, bias=False) for _ in range(3))
        self.out = Pointwise(width, width, zero=True)
        flat = nn.initializer.Constant(0.0)
        self.relative = self.create_parameter([2 * reach + 1, heads], default_initializer=flat)

    def forward(self, fields: Tensor) -> Tensor:
        """Attend along the second axis. Shape (batch, point, other, width), in and out."""
        axes(fields, "batch point other width", "fields", width=self.width)
        normed = self.norm(fields)
        q, k, v = (self._by_head(part(normed)) for part in (self.query, self.key, self.value))
        scores = paddle.matmul(q, k, transpose_y=True) / math.sqrt(self.width // self.heads)
        weights = nn.functional.softmax(scores + self._bias(fields.shape[1]))
        mixed = paddle.matmul(weights, v)  # (batch, other, head, point, channel)
        return fields + self.out(mixed.transpose([0, 3, 1, 2, 4]).reshape(fields.shape))

    def _by_head(self, x: Tensor) -> Tensor:
        """Shape (batch, other, head, point, channel)."""
        batch, point, other, _ = x.shape
        return x.reshape([batch, point, other, self.heads, -1]).transpose([0, 2, 3, 1, 4])

    def _bias(self, size: int) -> Tensor:
        """What each offset adds to a score, (head, i, j)."""
        rows = relative_offsets(size, self.reach, periodic=self.periodic)
        picked = paddle.gather(self.relative, paddle.to_tensor(rows.reshape(-1)))
        return picked.reshape([size, size, self.heads]).transpose([2, 0, 1])


class AttentionSettings(Settings):
    """Size of an axial attention network."""

    kind: Literal["attention"] = "attention"
    width: PositiveInt = 32
    depth: PositiveInt = 3  # blocks of attention along latitude, along longitude, and at a point
    heads: PositiveInt = 4
    reach: PositiveInt = 16  # largest offset that is told from others, points
    periodic_lon: bool = False
    dropout: float = Field(default=0.0, ge=0, lt=1)


class AxialBlock(nn.Layer):
    """Attention along latitude, along longitude, then a map at each point."""

    def __init__(self, settings: AttentionSettings) -> None:
        super().__init__()
        width, heads, reach = settings.width, settings.heads, settings.reach
        self.along_lat = AxisAttention(width, heads, reach, periodic=False)
        self.along_lon = AxisAttention(width, heads, reach, periodic=settings.periodic_lon)
        self.norm = RootMeanSquareNorm(width)
        self.first, self.second = (
            Pointwise(width, 2 * width),
            Pointwise(2 * width, width, zero=True),
        )
        self.dropout = nn.Dropout(settings.dropout)

    def forward(self, fields: Tensor) -> Tensor:
        """Shape (batch, lat, lon, width), in and out."""
        fields = self.along_lat(fields)
        fields = self.along_lon(fields.transpose([0, 2, 1, 3])).transpose([0, 2, 1, 3])
        inner = nn.functional.gelu(self.first(self.norm(fields)))
        return fields + self.second(self.dropout(inner))


def attention_network(
    settings: AttentionSettings, channels_in: int, channels_out: int, conditions: int = 0
) -> FieldNetwork:
    """An axial attention network for fields on a grid; see :class:`FieldNetwork`."""
    body = nn.Sequential(*[AxialBlock(settings) for _ in range(settings.depth)])
    return FieldNetwork(body, settings.width, channels_in, channels_out, conditions)
