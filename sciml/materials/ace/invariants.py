"""Invariants of all channels, their derivatives, and the derivatives of their rates, compiled.

Within each channel, products of moments are summed to invariants (``couplings``). A few atoms at
a time are taken through all steps while their numbers are in the cache; their channels lie side by
side, so that the innermost loops are long. Each of those loops writes to one row only: the
compiler then sees that it may work on many channels at once.

Names: ``channels`` and their ``rates`` are (atom, component, channel), invariants are
(atom, invariant, channel).
"""

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from sciml.materials.ace.couplings import Couplings

_fast = numba.njit(cache=True, fastmath=True)
_LANES = 128  # channels side by side; more leave the cache


def invariants(couplings: Couplings, channels: NDArray[Any]) -> NDArray[Any]:
    """The invariants of all atoms, shape (atom, invariant, channel)."""
    found = _empty(couplings, channels)
    _values(_typed(couplings, channels), channels, found)
    return found


def channel_slopes(
    couplings: Couplings, channels: NDArray[Any], slopes: NDArray[Any]
) -> NDArray[Any]:
    """∂E/∂A from the slopes of the energy by the invariants.

    Args:
        couplings: Products and sums.
        channels: A, shape (atom, component, channel).
        slopes: ∂E/∂B, eV, shape (atom, invariant, channel).

    Returns:
        eV, shape of the channels.
    """
    found = np.empty_like(channels)
    _channel_slopes(_typed(couplings, channels), channels, slopes, found)
    return found


def invariant_rates(
    couplings: Couplings, channels: NDArray[Any], rates: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """The invariants, and how fast they change when the channels change at the given rates."""
    values, changes = _empty(couplings, channels), _empty(couplings, channels)
    _rates(_typed(couplings, channels), channels, rates, values, changes)
    return values, changes


def rate_slopes(
    couplings: Couplings,
    pair: tuple[NDArray[Any], NDArray[Any]],
    slopes: tuple[NDArray[Any], NDArray[Any]],
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Gradient by channels and their rates of a function of the invariants and their rates.

    Args:
        couplings: Products and sums.
        pair: Channels and their rates.
        slopes: Of the function by the invariants and by their rates.

    Returns:
        Slopes by the channels and by their rates.
    """
    found = np.empty_like(pair[0]), np.empty_like(pair[0])
    _rate_slopes(_typed(couplings, pair[0]), pair, slopes, found)
    return found


def _empty(couplings: Couplings, channels: NDArray[Any]) -> NDArray[Any]:
    shape = (len(channels), couplings.invariants, channels.shape[-1])
    return np.empty(shape, channels.dtype)


def _typed(couplings: Couplings, channels: NDArray[Any]) -> Couplings:
    """The couplings with coefficients of the channels' type, float32 or float64."""
    return couplings._replace(coefficient=couplings.coefficient.astype(channels.dtype))


@_fast
def _nodes(couplings: Couplings) -> int:
    """How many moments and products there are."""
    return len(couplings.degree) + len(couplings.left)


@_fast
def _group(channels: int) -> int:
    """How many atoms are taken at a time."""
    return max(1, _LANES // channels)


@_fast
def _rows(count: int, like: NDArray[Any]) -> NDArray[Any]:
    """Room for rows of the atoms that are taken at a time."""
    return np.zeros((count, _group(like.shape[2]) * like.shape[2]), like.dtype)


@_fast
def _lay(block: NDArray[Any], rows: NDArray[Any]) -> None:
    """Put atoms side by side."""
    for atom in range(block.shape[0]):
        start = atom * block.shape[2]
        for row in range(block.shape[1]):
            for k in range(block.shape[2]):
                rows[row, start + k] = block[atom, row, k]


@_fast
def _lift(rows: NDArray[Any], block: NDArray[Any]) -> None:
    """Take atoms back from where they lie side by side."""
    for atom in range(block.shape[0]):
        start = atom * block.shape[2]
        for row in range(block.shape[1]):
            for k in range(block.shape[2]):
                block[atom, row, k] = rows[row, start + k]


@_fast
def _multiply(couplings: Couplings, nodes: NDArray[Any]) -> None:
    """The product nodes."""
    first = len(couplings.degree)
    for n in range(len(couplings.left)):
        a, b = couplings.left[n], couplings.right[n]
        for k in range(nodes.shape[1]):
            nodes[first + n, k] = nodes[a, k] * nodes[b, k]


@_fast
def _multiply_rates(couplings: Couplings, nodes: NDArray[Any], rates: NDArray[Any]) -> None:
    """The rates of the product nodes."""
    first = len(couplings.degree)
    for n in range(len(couplings.left)):
        a, b = couplings.left[n], couplings.right[n]
        for k in range(nodes.shape[1]):
            rates[first + n, k] = rates[a, k] * nodes[b, k] + nodes[a, k] * rates[b, k]


@_fast
def _gather(couplings: Couplings, nodes: NDArray[Any], found: NDArray[Any]) -> None:
    """The invariants from the nodes."""
    found[:] = 0
    for t in range(len(couplings.node)):
        n, i, c = couplings.node[t], couplings.invariant[t], couplings.coefficient[t]
        for k in range(nodes.shape[1]):
            found[i, k] += c * nodes[n, k]


@_fast
def _scatter(couplings: Couplings, slopes: NDArray[Any], found: NDArray[Any]) -> None:
    """Slopes by the nodes from those by the invariants."""
    found[:] = 0
    for t in range(len(couplings.node)):
        n, i, c = couplings.node[t], couplings.invariant[t], couplings.coefficient[t]
        for k in range(found.shape[1]):
            found[n, k] += c * slopes[i, k]


@_fast
def _add_product(row: NDArray[Any], other: NDArray[Any], found: NDArray[Any]) -> None:
    for k in range(len(found)):
        found[k] += row[k] * other[k]


@_fast
def _hand_down(couplings: Couplings, nodes: NDArray[Any], by_node: NDArray[Any]) -> None:
    """Slopes by products, handed down to the moments."""
    first = len(couplings.degree)
    for n in range(len(couplings.left) - 1, -1, -1):
        a, b, product = couplings.left[n], couplings.right[n], by_node[first + n]
        _add_product(product, nodes[b], by_node[a])
        _add_product(product, nodes[a], by_node[b])


@_fast
def _values(couplings: Couplings, channels: NDArray[Any], found: NDArray[Any]) -> None:
    nodes = _rows(_nodes(couplings), channels)
    sums = _rows(couplings.invariants, channels)
    group = _group(channels.shape[2])
    for atom in range(0, len(channels), group):
        _lay(channels[atom : atom + group], nodes)
        _multiply(couplings, nodes)
        _gather(couplings, nodes, sums)
        _lift(sums, found[atom : atom + group])


@_fast
def _rates(
    couplings: Couplings,
    channels: NDArray[Any],
    rates: NDArray[Any],
    values: NDArray[Any],
    changes: NDArray[Any],
) -> None:
    count = _nodes(couplings)
    nodes, node_rates = _rows(count, channels), _rows(count, channels)
    sums = _rows(couplings.invariants, channels)
    group = _group(channels.shape[2])
    for atom in range(0, len(channels), group):
        _lay(channels[atom : atom + group], nodes)
        _lay(rates[atom : atom + group], node_rates)
        _multiply(couplings, nodes)
        _multiply_rates(couplings, nodes, node_rates)
        _gather(couplings, nodes, sums)
        _lift(sums, values[atom : atom + group])
        _gather(couplings, node_rates, sums)
        _lift(sums, changes[atom : atom + group])


@_fast
def _channel_slopes(
    couplings: Couplings, channels: NDArray[Any], slopes: NDArray[Any], found: NDArray[Any]
) -> None:
    count = _nodes(couplings)
    nodes, by_node = _rows(count, channels), _rows(count, channels)
    sums = _rows(couplings.invariants, channels)
    group = _group(channels.shape[2])
    for atom in range(0, len(channels), group):
        _lay(channels[atom : atom + group], nodes)
        _lay(slopes[atom : atom + group], sums)
        _multiply(couplings, nodes)
        _scatter(couplings, sums, by_node)
        _hand_down(couplings, nodes, by_node)
        _lift(by_node, found[atom : atom + group])


@_fast
def _rate_slopes(
    couplings: Couplings,
    pair: tuple[NDArray[Any], NDArray[Any]],
    slopes: tuple[NDArray[Any], NDArray[Any]],
    found: tuple[NDArray[Any], NDArray[Any]],
) -> None:
    channels, rates = pair
    count = _nodes(couplings)
    nodes, node_rates = _rows(count, channels), _rows(count, channels)
    by_node, by_rate = _rows(count, channels), _rows(count, channels)
    sums = _rows(couplings.invariants, channels)
    group = _group(channels.shape[2])
    for atom in range(0, len(channels), group):
        _lay(channels[atom : atom + group], nodes)
        _lay(rates[atom : atom + group], node_rates)
        _multiply(couplings, nodes)
        _multiply_rates(couplings, nodes, node_rates)
        _lay(slopes[0][atom : atom + group], sums)
        _scatter(couplings, sums, by_node)
        _lay(slopes[1][atom : atom + group], sums)
        _scatter(couplings, sums, by_rate)
        _hand_down_rates(couplings, nodes, node_rates, by_node, by_rate)
        _lift(by_node, found[0][atom : atom + group])
        _lift(by_rate, found[1][atom : atom + group])


@_fast
def _hand_down_rates(
    couplings: Couplings,
    nodes: NDArray[Any],
    rates: NDArray[Any],
    by_node: NDArray[Any],
    by_rate: NDArray[Any],
) -> None:
    """Slopes by products and their rates, handed down to the moments."""
    first = len(couplings.degree)
    for n in range(len(couplings.left) - 1, -1, -1):
        a, b = couplings.left[n], couplings.right[n]
        product, product_rate = by_node[first + n], by_rate[first + n]
        _add_products(product, nodes[b], product_rate, rates[b], by_node[a])
        _add_products(product, nodes[a], product_rate, rates[a], by_node[b])
        _add_product(product_rate, nodes[b], by_rate[a])
        _add_product(product_rate, nodes[a], by_rate[b])


@_fast
def _add_products(
    row: NDArray[Any],
    other: NDArray[Any],
    rate: NDArray[Any],
    other_rate: NDArray[Any],
    found: NDArray[Any],
) -> None:
    for k in range(len(found)):
        found[k] += row[k] * other[k] + rate[k] * other_rate[k]
