"""Invariants of all channels, their derivatives, and the derivatives of their rates, compiled.

Within each channel, products of moments are summed to invariants (``couplings``). Each atom is
taken through all steps while its numbers are in the cache.

Names: ``channels`` and their ``rates`` are (atom, component, channel), invariants are
(atom, invariant, channel).
"""

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from sciml.materials.ace.couplings import Couplings
from sciml.materials.ace.harmonics import COMPONENTS

_fast = numba.njit(cache=True, fastmath=True)


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
    found = np.zeros_like(channels)
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
    found = np.zeros_like(pair[0]), np.zeros_like(pair[0])
    _rate_slopes(_typed(couplings, pair[0]), pair, slopes, found)
    return found


def _empty(couplings: Couplings, channels: NDArray[Any]) -> NDArray[Any]:
    shape = (len(channels), couplings.invariants, channels.shape[-1])
    return np.zeros(shape, channels.dtype)


def _typed(couplings: Couplings, channels: NDArray[Any]) -> Couplings:
    """The couplings with coefficients of the channels' type, float32 or float64."""
    return couplings._replace(coefficient=couplings.coefficient.astype(channels.dtype))


@_fast
def _multiply(left: NDArray[Any], right: NDArray[Any], nodes: NDArray[Any]) -> None:
    """The product nodes of one atom."""
    for n in range(len(left)):
        a, b = left[n], right[n]
        for k in range(nodes.shape[1]):
            nodes[COMPONENTS + n, k] = nodes[a, k] * nodes[b, k]


@_fast
def _multiply_rates(
    left: NDArray[Any], right: NDArray[Any], nodes: NDArray[Any], rates: NDArray[Any]
) -> None:
    """The product nodes of one atom and their rates."""
    for n in range(len(left)):
        a, b = left[n], right[n]
        for k in range(nodes.shape[1]):
            nodes[COMPONENTS + n, k] = nodes[a, k] * nodes[b, k]
            rates[COMPONENTS + n, k] = rates[a, k] * nodes[b, k] + nodes[a, k] * rates[b, k]


@_fast
def _gather(couplings: Couplings, nodes: NDArray[Any], found: NDArray[Any]) -> None:
    """The invariants of one atom."""
    for t in range(len(couplings.node)):
        n, i, c = couplings.node[t], couplings.invariant[t], couplings.coefficient[t]
        for k in range(nodes.shape[1]):
            found[i, k] += c * nodes[n, k]


@_fast
def _scatter(couplings: Couplings, slopes: NDArray[Any], found: NDArray[Any]) -> None:
    """Slopes by the nodes of one atom from those by its invariants."""
    found[:] = 0
    for t in range(len(couplings.node)):
        n, i, c = couplings.node[t], couplings.invariant[t], couplings.coefficient[t]
        for k in range(found.shape[1]):
            found[n, k] += c * slopes[i, k]


@_fast
def _values(couplings: Couplings, channels: NDArray[Any], found: NDArray[Any]) -> None:
    shape = (COMPONENTS + len(couplings.left), channels.shape[2])
    nodes = np.zeros(shape, channels.dtype)
    for atom in range(len(channels)):
        nodes[:COMPONENTS] = channels[atom]
        _multiply(couplings.left, couplings.right, nodes)
        _gather(couplings, nodes, found[atom])


@_fast
def _rates(
    couplings: Couplings,
    channels: NDArray[Any],
    rates: NDArray[Any],
    values: NDArray[Any],
    changes: NDArray[Any],
) -> None:
    shape = (COMPONENTS + len(couplings.left), channels.shape[2])
    nodes, node_rates = np.zeros(shape, channels.dtype), np.zeros(shape, channels.dtype)
    for atom in range(len(channels)):
        nodes[:COMPONENTS] = channels[atom]
        node_rates[:COMPONENTS] = rates[atom]
        _multiply_rates(couplings.left, couplings.right, nodes, node_rates)
        _gather(couplings, nodes, values[atom])
        _gather(couplings, node_rates, changes[atom])


@_fast
def _channel_slopes(
    couplings: Couplings, channels: NDArray[Any], slopes: NDArray[Any], found: NDArray[Any]
) -> None:
    shape = (COMPONENTS + len(couplings.left), channels.shape[2])
    nodes, by_node = np.zeros(shape, channels.dtype), np.zeros(shape, channels.dtype)
    for atom in range(len(channels)):
        nodes[:COMPONENTS] = channels[atom]
        _multiply(couplings.left, couplings.right, nodes)
        _scatter(couplings, slopes[atom], by_node)
        for n in range(len(couplings.left) - 1, -1, -1):
            a, b = couplings.left[n], couplings.right[n]
            for k in range(nodes.shape[1]):
                slope = by_node[COMPONENTS + n, k]
                by_node[a, k] += slope * nodes[b, k]
                by_node[b, k] += slope * nodes[a, k]
        found[atom] = by_node[:COMPONENTS]


@_fast
def _rate_slopes(
    couplings: Couplings,
    pair: tuple[NDArray[Any], NDArray[Any]],
    slopes: tuple[NDArray[Any], NDArray[Any]],
    found: tuple[NDArray[Any], NDArray[Any]],
) -> None:
    channels, rates = pair
    shape = (COMPONENTS + len(couplings.left), channels.shape[2])
    nodes, node_rates = np.zeros(shape, channels.dtype), np.zeros(shape, channels.dtype)
    by_node, by_rate = np.zeros(shape, channels.dtype), np.zeros(shape, channels.dtype)
    for atom in range(len(channels)):
        nodes[:COMPONENTS] = channels[atom]
        node_rates[:COMPONENTS] = rates[atom]
        _multiply_rates(couplings.left, couplings.right, nodes, node_rates)
        _scatter(couplings, slopes[0][atom], by_node)
        _scatter(couplings, slopes[1][atom], by_rate)
        _take_back(couplings, nodes, node_rates, by_node, by_rate)
        found[0][atom] = by_node[:COMPONENTS]
        found[1][atom] = by_rate[:COMPONENTS]


@_fast
def _take_back(
    couplings: Couplings,
    nodes: NDArray[Any],
    rates: NDArray[Any],
    by_node: NDArray[Any],
    by_rate: NDArray[Any],
) -> None:
    """Slopes by products and their rates, handed down to the moments of one atom."""
    for n in range(len(couplings.left) - 1, -1, -1):
        a, b = couplings.left[n], couplings.right[n]
        for k in range(nodes.shape[1]):
            slope, rate_slope = by_node[COMPONENTS + n, k], by_rate[COMPONENTS + n, k]
            by_node[a, k] += slope * nodes[b, k] + rate_slope * rates[b, k]
            by_node[b, k] += slope * nodes[a, k] + rate_slope * rates[a, k]
            by_rate[a, k] += rate_slope * nodes[b, k]
            by_rate[b, k] += rate_slope * nodes[a, k]
