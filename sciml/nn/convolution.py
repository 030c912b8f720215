"""Convolutions with the borders that a grid has, and the networks made of them.

A convolution gathers the neighbours of each point and maps them linearly, so that a border is
nothing but a table of neighbours: periodic, repeated, mirrored, or zeros.
"""

from typing import Literal

import numpy as np
import paddle
from paddle import Tensor, nn
from pydantic import Field, PositiveInt

from sciml.core.axes import IntArray, axes
from sciml.core.settings import Settings
from sciml.nn.fields import Coarser, FieldNetwork, Pointwise

Border = Literal["periodic", "replicate", "reflect", "zero"]
Borders = tuple[Border, Border]  # along latitude, along longitude
Pair = tuple[int, int]


def beyond(size: int, reach: int, border: Border) -> IntArray:
    """Where to look for the points at and around an axis.

    Args:
        size: Points of the axis.
        reach: How many points beyond its ends are asked for.
        border: What lies beyond: ``periodic`` the other end, ``replicate`` the last point again,
            ``reflect`` the points before the last one, ``zero`` nothing.

    Returns:
        A point for each of -reach, ..., size - 1 + reach; -1 where there is nothing.
    """
    asked = np.arange(-reach, size + reach)
    if border == "periodic":
        return asked % size
    if border == "replicate":
        return asked.clip(0, size - 1)
    if border == "reflect":
        turn = max(2 * (size - 1), 1)
        folded = asked % turn
        return np.minimum(folded, turn - folded) % size
    return np.where((asked >= 0) & (asked < size), asked, -1)


def window_points(shape: Pair, reach: int, borders: Borders) -> IntArray:
    """The points in a square window around each point of a grid.

    Args:
        shape: Points along latitude and longitude.
        reach: Points on each side; the window is 2 · reach + 1 wide.
        borders: What lies beyond the grid.

    Returns:
        Numbers of points, row by row, shape (point, window); lat · lon where there is nothing.
    """
    lat, lon = (beyond(n, reach, border) for n, border in zip(shape, borders, strict=True))
    wide = 2 * reach + 1
    rows = np.lib.stride_tricks.sliding_window_view(lat, wide)[:, None, :, None]
    columns = np.lib.stride_tricks.sliding_window_view(lon, wide)[None, :, None, :]
    points = np.where((rows < 0) | (columns < 0), shape[0] * shape[1], rows * shape[1] + columns)
    return points.reshape(shape[0] * shape[1], wide * wide)


class BorderedConvolution(nn.Layer):
    """A convolution on a grid whose borders are what they are in nature.

    With ``masked``, one more channel is 1 on the grid and 0 beyond it, whatever the border is
    filled with: near a border that is no coast of the world the network can tell what is
    measured from what is filled in.
    """

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        borders: Borders,
        *,
        reach: int = 1,
        masked: bool = False,
        zero: bool = False,
    ) -> None:
        """Draw the weights.

        Args:
            channels_in: Channels of the input.
            channels_out: Channels of the output.
            borders: What lies beyond the grid, along latitude and longitude.
            reach: Points on each side that are seen.
            masked: Whether the layer sees where the grid ends.
            zero: Whether the map starts as zero.
        """
        super().__init__()
        self.borders, self.reach, self.masked = borders, reach, masked
        self.window = (2 * reach + 1) ** 2
        self.channels = (channels_in, channels_out)
        self.map = Pointwise(self.window * channels_in, channels_out, zero=zero)
        self.edge = Pointwise(self.window, channels_out, bias=False, zero=True) if masked else None
        self._points: dict[tuple[Pair, Borders], IntArray] = {}

    def forward(self, fields: Tensor) -> Tensor:
        """Shape (batch, lat, lon, channel), in and out."""
        n_in = self.channels[0]
        n = axes(fields, "batch lat lon channel", "fields", channel=n_in)
        shape = (n["lat"], n["lon"])
        points = fields.reshape([n["batch"], -1, n_in])
        if "zero" in self.borders:
            nothing = paddle.zeros([n["batch"], 1, n_in], fields.dtype)
            points = paddle.concat([points, nothing], axis=1)
        table = paddle.to_tensor(self._table(shape, self.borders).reshape(-1))
        seen = paddle.gather(points, table, axis=1)
        out = self.map(seen.reshape([n["batch"], *shape, self.window * n_in]))
        return out if self.edge is None else out + self.edge(self._inside(shape, fields.dtype))

    def _table(self, shape: Pair, borders: Borders) -> IntArray:
        """The neighbours of each point, found once for each grid."""
        if (shape, borders) not in self._points:
            self._points[shape, borders] = window_points(shape, self.reach, borders)
        return self._points[shape, borders]

    def _inside(self, shape: Pair, dtype: paddle.dtype) -> Tensor:
        """Which places of each point's window lie on the grid, (lat, lon, window)."""
        borders = (_open(self.borders[0]), _open(self.borders[1]))
        inside = self._table(shape, borders) < shape[0] * shape[1]
        return paddle.to_tensor(inside.reshape([*shape, self.window])).astype(dtype)


def _open(border: Border) -> Border:
    """A border with nothing beyond it, unless the axis closes on itself."""
    return border if border == "periodic" else "zero"


class ResidualBlock(nn.Layer):
    """Two convolutions whose outcome is added to the input; it starts as the identity.

    Source:
        He et al., Deep residual learning for image recognition, CVPR (2016); the zero at the
        start: Zhang, Dauphin & Ma, Fixup initialization, ICLR (2019).
    """

    def __init__(
        self, width: int, borders: Borders, *, masked: bool = False, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.first = BorderedConvolution(width, width, borders, masked=masked)
        self.second = BorderedConvolution(width, width, borders, zero=True)
        self.dropout = nn.Dropout(dropout)

    def forward(self, fields: Tensor) -> Tensor:
        """Shape (batch, lat, lon, width), in and out."""
        inner = nn.functional.gelu(self.first(nn.functional.gelu(fields)))
        return fields + self.second(self.dropout(inner))


class ConvolutionSettings(Settings):
    """Size of a convolutional network: residual on one grid, or a U on coarser and coarser ones."""

    kind: Literal["convolution"] = "convolution"
    width: PositiveInt = 24
    depth: PositiveInt = 1  # residual blocks on each way through each grid
    coarser: int = Field(default=2, ge=0)  # grids of half the points that are added; 0: no U
    borders: tuple[Border, Border] = ("replicate", "replicate")  # along latitude and longitude
    masked: bool = True  # whether the network sees where the grid ends
    dropout: float = Field(default=0.0, ge=0, lt=1)


class ConvolutionBody(nn.Layer):
    """Residual blocks down to the coarsest grid and up again, each grid joined to itself.

    Source:
        Ronneberger, Fischer & Brox, U-Net, MICCAI (2015).
    """

    def __init__(self, settings: ConvolutionSettings) -> None:
        super().__init__()
        self._settings = settings
        self.falling = nn.LayerList([self._blocks() for _ in range(settings.coarser + 1)])
        self.rising = nn.LayerList([self._blocks() for _ in range(settings.coarser)])
        self.joining = nn.LayerList(
            [Pointwise(settings.width, settings.width) for _ in range(settings.coarser)]
        )

    def _blocks(self) -> nn.Layer:
        s = self._settings
        one = [
            ResidualBlock(s.width, s.borders, masked=s.masked, dropout=s.dropout)
            for _ in range(s.depth)
        ]
        return nn.Sequential(*one)

    def forward(self, fields: Tensor) -> Tensor:
        """Shape (batch, lat, lon, width), in and out."""
        left: list[tuple[Coarser, Tensor]] = []
        for blocks in list(self.falling)[:-1]:
            fields = blocks(fields)
            grid = Coarser((fields.shape[1], fields.shape[2]))
            left.append((grid, fields))
            fields = grid.down(fields)
        fields = self.falling[-1](fields)
        for blocks, join in zip(self.rising, self.joining, strict=True):
            grid, before = left.pop()
            fields = blocks(before + grid.up(join(fields)))
        return fields


def convolution_network(
    settings: ConvolutionSettings, channels_in: int, channels_out: int, conditions: int = 0
) -> FieldNetwork:
    """A convolutional network for fields on a grid; see :class:`FieldNetwork`."""
    body = ConvolutionBody(settings)
    return FieldNetwork(body, settings.width, channels_in, channels_out, conditions)
