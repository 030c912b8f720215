"""Networks from fields to fields on a grid of latitude and longitude: their common frame.

Inside a network the channel is the last axis, (batch, lat, lon, channel): maps at each point,
transforms along an axis and gathers of points are then plain products and copies of whole rows.
"""

import numpy as np
import paddle
from paddle import Tensor, nn

from sciml.core.axes import FloatArray, axes
from sciml.core.errors import BadInput


class Pointwise(nn.Layer):
    """The same affine map over channels at each point; the channel is the last axis."""

    def __init__(
        self, channels_in: int, channels_out: int, *, bias: bool = True, zero: bool = False
    ) -> None:
        """Draw the weights.

        Args:
            channels_in: Channels of the input.
            channels_out: Channels of the output.
            bias: Whether a constant is added.
            zero: Whether the map starts as zero, so that what it is added to starts unchanged.
        """
        super().__init__()
        spread = 0.0 if zero else channels_in**-0.5
        start = nn.initializer.Normal(0.0, spread) if spread else nn.initializer.Constant(0.0)
        shape = [channels_in, channels_out]
        self.weight = self.create_parameter(shape, default_initializer=start)
        self.bias = self.create_parameter([channels_out], is_bias=True) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """Shape (..., channel), in and out."""
        return nn.functional.linear(x, self.weight, self.bias)


class FieldNetwork(nn.Layer):
    """A backbone between a map into its width and a map out of it.

    The network starts as zero, so that what it corrects starts uncorrected.
    """

    def __init__(
        self, body: nn.Layer, width: int, channels_in: int, channels_out: int, conditions: int = 0
    ) -> None:
        """Put a backbone into its frame.

        Args:
            body: From shape (batch, lat, lon, width) to the same shape.
            width: Channels of the backbone.
            channels_in: Channels of the fields, those that never change included.
            channels_out: Channels of the answer.
            conditions: Numbers that hold for a whole field, such as season and lead.
        """
        super().__init__()
        self._sizes = {"channel": channels_in, "condition": conditions}
        self.lift = Pointwise(channels_in + conditions, width)
        self.body = body
        self.head = Pointwise(width, channels_out, zero=True)

    def forward(
        self, fields: Tensor, static: Tensor | None = None, conditions: Tensor | None = None
    ) -> Tensor:
        """The answer to some fields.

        Args:
            fields: Shape (batch, channel, lat, lon).
            static: Fields that are the same for all samples. Shape (channel, lat, lon).
            conditions: Shape (batch, condition).

        Returns:
            Shape (batch, channel, lat, lon).

        Raises:
            BadInput: if the channels or conditions are not those that the network was made for.
        """
        n = axes(fields, "batch channel lat lon", "fields")
        parts = [fields]
        if static is not None:
            axes(static, "channel lat lon", "static", lat=n["lat"], lon=n["lon"])
            parts.append(static.unsqueeze(0).expand([n["batch"], *static.shape]))
        if conditions is not None:
            c = axes(conditions, "batch condition", "conditions", batch=n["batch"])["condition"]
            whole = conditions.reshape([n["batch"], c, 1, 1])
            parts.append(whole.expand([n["batch"], c, n["lat"], n["lon"]]))
        joined = paddle.concat(parts, axis=1) if len(parts) > 1 else fields
        wanted = sum(self._sizes.values())
        axes(joined, "batch channel lat lon", "fields with static and conditions", channel=wanted)
        inner = self.body(self.lift(joined.transpose([0, 2, 3, 1])))
        return self.head(inner).transpose([0, 3, 1, 2])


def parameter_count(layer: nn.Layer) -> int:
    """How many numbers a network learns."""
    return sum(int(np.prod(weight.shape)) for weight in layer.parameters())


def halving(size: int) -> FloatArray:
    """The means of neighbours in pairs along an axis; an odd last point stays alone.

    Its transpose, with ones for the halves, copies each mean back to both: see :class:`Coarser`.

    Args:
        size: Points of the axis.

    Returns:
        Shape (coarse point, point); each row sums to 1.
    """
    member = np.arange(-(-size // 2))[:, None] == np.arange(size) // 2
    return member / member.sum(axis=1, keepdims=True)


class Coarser:
    """From a grid to one of half the points along both axes and back, for any sizes."""

    def __init__(self, shape: tuple[int, int]) -> None:
        """Make the matrices for a grid of (lat, lon) points."""
        self.shape = shape
        self._down = [halving(size) for size in shape]
        self._up = [(down > 0).astype(np.float64).T for down in self._down]

    def down(self, fields: Tensor) -> Tensor:
        """Means over pairs. Shape (batch, lat, lon, channel), in and out."""
        return _along_both(self._down, fields)

    def up(self, fields: Tensor) -> Tensor:
        """Copies to the points of each pair. Shape (batch, lat, lon, channel), in and out."""
        return _along_both(self._up, fields)


def _along_both(matrices: list[FloatArray], fields: Tensor) -> Tensor:
    """Apply a matrix along latitude and one along longitude."""
    rows, columns = (paddle.to_tensor(one).astype(fields.dtype) for one in matrices)
    batch, lat, lon, channel = fields.shape
    if (lat, lon) != (rows.shape[1], columns.shape[1]):
        raise BadInput(
            f"fields: expected a grid of {(rows.shape[1], columns.shape[1])}, got {(lat, lon)}"
        )
    halved = paddle.matmul(rows, fields.reshape([batch, lat, lon * channel]))
    return paddle.matmul(columns, halved.reshape([batch, rows.shape[0], lon, channel]))
