"""Message passing against sums edge by edge, and the geometry of its graph."""

import numpy as np
import paddle
import pytest

from sciml.core.errors import BadInput
from sciml.nn.fields import FieldNetwork
from sciml.nn.graph import GraphSettings, MessagePassing, graph_network, sphere_neighbours
from tests.nn.field_laws import LAT, LON, IsFieldNetwork, random_fields, randomised, slope_gap


def test_neighbours_are_the_nearest_along_great_circles() -> None:
    found = sphere_neighbours(LAT, LON, 5)
    phi, lam = (np.radians(x).ravel() for x in np.meshgrid(LAT, LON, indexing="ij"))
    half = (
        np.sin((phi[:, None] - phi) / 2) ** 2
        + np.cos(phi[:, None]) * np.cos(phi) * np.sin((lam[:, None] - lam) / 2) ** 2
    )
    distance = 2 * np.arcsin(np.sqrt(half))
    np.fill_diagonal(distance, np.inf)
    np.testing.assert_allclose(np.hypot(found.east, found.north), np.sort(distance)[:, :5])
    np.testing.assert_allclose(
        np.take_along_axis(distance, found.point, 1), np.sort(distance)[:, :5]
    )


def test_steps_point_where_the_neighbours_lie() -> None:
    lon = np.array([0.0, 10.0, 20.0])
    found = sphere_neighbours(np.array([-10.0, 0.0, 10.0]), lon, 8)
    middle = 4  # on the equator, where meridians and the equator are great circles
    steps = {
        point: (found.east[middle, k], found.north[middle, k])
        for k, point in enumerate(found.point[middle])
    }
    ten = np.radians(10)
    for point, step in {3: (-ten, 0), 5: (ten, 0), 1: (0, -ten), 7: (0, ten)}.items():
        np.testing.assert_allclose(steps[point], step, atol=1e-12)


def test_turning_the_world_about_its_axis_turns_the_graph() -> None:
    world, moved = np.arange(0.0, 360.0, 30.0), np.arange(-30.0, 330.0, 30.0)
    first, second = (sphere_neighbours(np.array([20.0, 50.0]), lon, 4) for lon in (world, moved))
    np.testing.assert_array_equal(first.point, second.point)
    np.testing.assert_allclose(first.east, second.east, atol=1e-12)


def test_too_few_points_are_refused() -> None:
    with pytest.raises(BadInput, match="the grid has 4 points, too few for 8 others"):
        sphere_neighbours(np.array([0.0, 1.0]), np.array([0.0, 1.0]), 8)


def random_layer() -> tuple[MessagePassing, paddle.Tensor, paddle.Tensor, paddle.Tensor]:
    near = paddle.to_tensor(np.random.default_rng(0).integers(0, 7, (7, 3)))
    return randomised(MessagePassing(4, 2)), random_fields(2, 7, 4), random_fields(7, 3, 2), near


def test_messages_are_summed_edge_by_edge() -> None:
    layer, points, edges, near = random_layer()
    h, e = points.numpy(), edges.numpy()
    w = {name: weight.numpy() for name, weight in layer.named_parameters()}
    heard = np.zeros_like(h)
    for i, k in np.ndindex(7, 3):
        z = h[:, near[i, k].item()] @ w["sender.weight"] + e[i, k] @ w["edge.weight"]
        z = z + h[:, i] @ w["receiver.weight"] + w["receiver.bias"]
        heard[:, i] += z / (1 + np.exp(-z)) / 3
    expected = h + heard @ w["out.weight"] + w["out.bias"]
    np.testing.assert_allclose(layer(points, edges, near).numpy(), expected, atol=1e-12)


def test_numbering_the_points_otherwise_changes_nothing_else() -> None:
    layer, points, edges, near = random_layer()
    order = np.random.default_rng(1).permutation(7)
    renamed = paddle.to_tensor(np.argsort(order)[near.numpy()[order]])
    turned = layer(points[:, order], edges[order], renamed).numpy()
    np.testing.assert_allclose(turned, layer(points, edges, near).numpy()[:, order], atol=1e-12)


def test_slopes_are_right() -> None:
    layer, points, edges, near = random_layer()
    assert slope_gap(lambda x: layer(x, edges, near), points, layer.parameters()) < 1e-7


class TestGraphNetwork(IsFieldNetwork):
    def network(self, dropout: float = 0.0) -> FieldNetwork:
        settings = GraphSettings(width=8, depth=2, neighbours=5, dropout=dropout)
        return graph_network(settings, (LAT, LON), 3, 2, conditions=2)
