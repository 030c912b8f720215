"""Message passing between the points of a grid on the sphere."""

from typing import Literal, NamedTuple

import numpy as np
import paddle
from paddle import Tensor, nn
from pydantic import Field, PositiveInt

from sciml.core.axes import FloatArray, IntArray, axes
from sciml.core.errors import BadInput
from sciml.core.settings import Settings
from sciml.nn.fields import FieldNetwork, Pointwise


class Neighbours(NamedTuple):
    """The nearest points of each point, and where they lie as seen from it."""

    point: IntArray  # numbers of points, (point, neighbour)
    east: FloatArray  # component of the great-circle step to the east, rad, (point, neighbour)
    north: FloatArray  # to the north, rad, (point, neighbour)


def sphere_neighbours(lat: FloatArray, lon: FloatArray, count: int) -> Neighbours:
    """The nearest neighbours of each point of a grid along great circles.

    Args:
        lat: Latitudes of the grid, degrees, shape (lat,).
        lon: Longitudes of the grid, degrees, shape (lon,).
        count: Neighbours of each point, itself not among them.

    Returns:
        Neighbours of the points row by row. Of points equally far away the one with the smaller
        number comes first.

    Raises:
        BadInput: if the grid has no more than ``count`` points.
    """
    axes(lat, "lat", "lat")
    axes(lon, "lon", "lon")
    phi, lam = (np.radians(each).ravel() for each in np.meshgrid(lat, lon, indexing="ij"))
    if phi.size <= count:
        raise BadInput(f"neighbours: the grid has {phi.size} points, too few for {count} others")
    place = np.stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)], 1)
    # Rounded, so that points equally far away are ordered by their number on every machine.
    closeness = np.round(place @ place.T, 12)
    np.fill_diagonal(closeness, 2.0)
    point = np.argsort(-closeness, axis=1, kind="stable")[:, 1 : count + 1]
    to_east = np.stack([-np.sin(lam), np.cos(lam), np.zeros_like(lam)], 1)
    to_north = np.cross(place, to_east)
    step = place[point]  # (point, neighbour, 3)
    east, north = (np.einsum("pkx,px->pk", step, unit) for unit in (to_east, to_north))
    angle = np.arctan2(np.hypot(east, north), np.einsum("pkx,px->pk", step, place))
    stretch = angle / np.maximum(np.hypot(east, north), 1e-12)
    return Neighbours(point, east * stretch, north * stretch)


class MessagePassing(nn.Layer):
    """Each point hears from its neighbours; the layer starts as the identity.

    h_i <- h_i + W mean_j silu(A h_j + B h_i + E e_ij), where e_ij says where j lies seen from i.

    Source:
        Gilmer et al., Neural message passing for quantum chemistry, ICML (2017).
    """

    def __init__(self, width: int, features: int, *, dropout: float = 0.0) -> None:
        """Draw the weights.

        Args:
            width: Channels of a point.
            features: Numbers that describe an edge.
            dropout: Share of the heard channels that are left out in training.
        """
        super().__init__()
        self.width = width
        self.sender = Pointwise(width, width, bias=False)
        self.receiver = Pointwise(width, width)
        self.edge = Pointwise(features, width, bias=False)
        self.out = Pointwise(width, width, zero=True)
        self.dropout = nn.Dropout(dropout)

    def forward(self, points: Tensor, edges: Tensor, neighbour: Tensor) -> Tensor:
        """Pass messages once.

        Args:
            points: Shape (batch, point, width).
            edges: Shape (point, neighbour, feature).
            neighbour: Numbers of points, shape (point, neighbour).

        Returns:
            Shape (batch, point, width).
        """
        n = axes(points, "batch point width", "points", width=self.width)
        k = axes(neighbour, "point neighbour", "neighbour", point=n["point"])["neighbour"]
        sent = paddle.gather(self.sender(points), neighbour.reshape([-1]), axis=1)
        # Gathered, not broadcast over the neighbours: that is several times slower on CPUs.
        own = paddle.arange(n["point"]).unsqueeze(1).expand([n["point"], k]).reshape([-1])
        received = paddle.gather(self.receiver(points), own, axis=1)
        both = (sent + received).reshape([n["batch"], n["point"], k, self.width])
        heard = nn.functional.silu(both + self.edge(edges)).mean(axis=2)
        return points + self.out(self.dropout(heard))


class GraphSettings(Settings):
    """Size of a graph network."""

    kind: Literal["graph"] = "graph"
    width: PositiveInt = 32
    depth: PositiveInt = 4
    neighbours: PositiveInt = 8
    dropout: float = Field(default=0.0, ge=0, lt=1)


class GraphBody(nn.Layer):
    """Message passing on the nearest-neighbour graph of a grid on the sphere."""

    def __init__(self, settings: GraphSettings, lat: FloatArray, lon: FloatArray) -> None:
        super().__init__()
        self._neighbours = sphere_neighbours(lat, lon, settings.neighbours)
        self._shape = (len(lat), len(lon))
        self.layers = nn.LayerList(
            [
                MessagePassing(settings.width, 3, dropout=settings.dropout)
                for _ in range(settings.depth)
            ]
        )

    def forward(self, fields: Tensor) -> Tensor:
        """Shape (batch, lat, lon, width), in and out."""
        lat, lon = self._shape
        n = axes(fields, "batch lat lon width", "fields", lat=lat, lon=lon)
        edges = paddle.to_tensor(self._edges()).astype(fields.dtype)
        neighbour = paddle.to_tensor(self._neighbours.point)
        points = fields.reshape([n["batch"], lat * lon, n["width"]])
        for layer in self.layers:
            points = layer(points, edges, neighbour)
        return points.reshape(fields.shape)

    def _edges(self) -> FloatArray:
        """Step to the east, to the north and its length, over the mean length."""
        east, north = self._neighbours.east, self._neighbours.north
        length = np.hypot(east, north)
        return np.stack([east, north, length], axis=-1) / length.mean()


def graph_network(
    settings: GraphSettings,
    grid: tuple[FloatArray, FloatArray],
    channels_in: int,
    channels_out: int,
    conditions: int = 0,
) -> FieldNetwork:
    """A graph network for fields on a grid of (lat, lon), degrees; see :class:`FieldNetwork`."""
    body = GraphBody(settings, *grid)
    return FieldNetwork(body, settings.width, channels_in, channels_out, conditions)
