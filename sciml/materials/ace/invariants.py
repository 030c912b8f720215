"""Invariants of all channels, their derivatives, and the derivatives of their rates, compiled.

The moments of an atom are mixed into channels by weights that depend on its element and on the
degree; within each channel, products of moments are summed to invariants (``couplings``). Each
atom is taken through all steps while its numbers are in the cache.

Names: ``weights`` are (element, degree, moment, channel), ``moments`` and their ``rates`` are
(atom, component, moment), invariants are (atom, invariant, channel).
"""

from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from sciml.materials.ace.couplings import Couplings
from sciml.materials.ace.harmonics import COMPONENTS

_fast = numba.njit(cache=True, fastmath=True)


class Mixing(NamedTuple):
    """What turns moments into invariants; floats are of one type."""

    weights: NDArray[Any]  # (element, degree, moment, channel)
    couplings: Couplings


def mixing_by(weights: NDArray[Any], couplings: Couplings) -> Mixing:
    """Weights and couplings of the weights' type, float32 or float64."""
    coefficient = couplings.coefficient.astype(weights.dtype)
    return Mixing(np.ascontiguousarray(weights), couplings._replace(coefficient=coefficient))


def invariants(mixing: Mixing, element: NDArray[Any], moments: NDArray[Any]) -> NDArray[Any]:
    """The invariants of all atoms, shape (atom, invariant, channel)."""
    found = _empty(mixing, moments)
    _values(mixing, element, moments, found)
    return found


def moment_slopes(
    mixing: Mixing, element: NDArray[Any], moments: NDArray[Any], slopes: NDArray[Any]
) -> NDArray[Any]:
    """∂E/∂M from the slopes of the energy by the invariants.

    Args:
        mixing: Weights and couplings.
        element: Which element each atom is, (atom,).
        moments: Shape (atom, component, moment).
        slopes: ∂E/∂B, eV, shape (atom, invariant, channel).

    Returns:
        eV, shape (atom, component, moment).
    """
    found = np.zeros_like(moments)
    _moment_slopes(mixing, element, moments, slopes, found)
    return found


def invariant_rates(
    mixing: Mixing, element: NDArray[Any], moments: NDArray[Any], rates: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """The invariants, and how fast they change when the moments change at the given rates."""
    values, changes = _empty(mixing, moments), _empty(mixing, moments)
    _rates(mixing, element, moments, rates, values, changes)
    return values, changes


def weight_slopes(
    mixing: Mixing,
    element: NDArray[Any],
    pair: tuple[NDArray[Any], NDArray[Any]],
    slopes: tuple[NDArray[Any], NDArray[Any]],
) -> NDArray[Any]:
    """Gradient by the weights of a function of the invariants and their rates.

    Args:
        mixing: Weights and couplings.
        element: Which element each atom is, (atom,).
        pair: Moments and their rates.
        slopes: Of the function by the invariants and by their rates.

    Returns:
        Shape of the weights.
    """
    found = np.zeros_like(mixing.weights)
    _weight_slopes(mixing, element, pair, slopes, found)
    return found


def _empty(mixing: Mixing, moments: NDArray[Any]) -> NDArray[Any]:
    shape = (len(moments), mixing.couplings.invariants, mixing.weights.shape[-1])
    return np.zeros(shape, moments.dtype)


@_fast
def _mix(
    weights: NDArray[Any], degree: NDArray[Any], moments: NDArray[Any], mixed: NDArray[Any]
) -> None:
    """The moments of one atom, mixed into channels: the first nodes."""
    mixed[:COMPONENTS] = 0
    for m in range(COMPONENTS):
        row = weights[degree[m]]
        for q in range(moments.shape[1]):
            moment = moments[m, q]
            for k in range(mixed.shape[1]):
                mixed[m, k] += moment * row[q, k]


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
def _values(
    mixing: Mixing, element: NDArray[Any], moments: NDArray[Any], found: NDArray[Any]
) -> None:
    cs = mixing.couplings
    nodes = np.zeros((COMPONENTS + len(cs.left), mixing.weights.shape[3]), moments.dtype)
    for atom in range(len(moments)):
        _mix(mixing.weights[element[atom]], cs.degree, moments[atom], nodes)
        _multiply(cs.left, cs.right, nodes)
        _gather(cs, nodes, found[atom])


@_fast
def _rates(
    mixing: Mixing,
    element: NDArray[Any],
    moments: NDArray[Any],
    rates: NDArray[Any],
    values: NDArray[Any],
    changes: NDArray[Any],
) -> None:
    cs = mixing.couplings
    nodes = np.zeros((COMPONENTS + len(cs.left), mixing.weights.shape[3]), moments.dtype)
    node_rates = np.zeros_like(nodes)
    for atom in range(len(moments)):
        _mix(mixing.weights[element[atom]], cs.degree, moments[atom], nodes)
        _mix(mixing.weights[element[atom]], cs.degree, rates[atom], node_rates)
        _multiply_rates(cs.left, cs.right, nodes, node_rates)
        _gather(cs, nodes, values[atom])
        _gather(cs, node_rates, changes[atom])


@_fast
def _moment_slopes(
    mixing: Mixing,
    element: NDArray[Any],
    moments: NDArray[Any],
    slopes: NDArray[Any],
    found: NDArray[Any],
) -> None:
    cs = mixing.couplings
    nodes = np.zeros((COMPONENTS + len(cs.left), mixing.weights.shape[3]), moments.dtype)
    by_node = np.zeros_like(nodes)
    for atom in range(len(moments)):
        weights = mixing.weights[element[atom]]
        _mix(weights, cs.degree, moments[atom], nodes)
        _multiply(cs.left, cs.right, nodes)
        _scatter(cs, slopes[atom], by_node)
        for n in range(len(cs.left) - 1, -1, -1):
            a, b = cs.left[n], cs.right[n]
            for k in range(nodes.shape[1]):
                slope = by_node[COMPONENTS + n, k]
                by_node[a, k] += slope * nodes[b, k]
                by_node[b, k] += slope * nodes[a, k]
        for m in range(COMPONENTS):
            row = weights[cs.degree[m]]
            for q in range(moments.shape[2]):
                total = 0 * moments[atom, m, q]
                for k in range(nodes.shape[1]):
                    total += row[q, k] * by_node[m, k]
                found[atom, m, q] = total


@_fast
def _weight_slopes(
    mixing: Mixing,
    element: NDArray[Any],
    pair: tuple[NDArray[Any], NDArray[Any]],
    slopes: tuple[NDArray[Any], NDArray[Any]],
    found: NDArray[Any],
) -> None:
    cs = mixing.couplings
    moments, rates = pair
    nodes = np.zeros((COMPONENTS + len(cs.left), mixing.weights.shape[3]), moments.dtype)
    node_rates, by_node, by_rate = np.zeros_like(nodes), np.zeros_like(nodes), np.zeros_like(nodes)
    for atom in range(len(moments)):
        weights = mixing.weights[element[atom]]
        _mix(weights, cs.degree, moments[atom], nodes)
        _mix(weights, cs.degree, rates[atom], node_rates)
        _multiply_rates(cs.left, cs.right, nodes, node_rates)
        _scatter(cs, slopes[0][atom], by_node)
        _scatter(cs, slopes[1][atom], by_rate)
        _take_back(cs, nodes, node_rates, by_node, by_rate)
        for m in range(COMPONENTS):
            row = found[element[atom], cs.degree[m]]
            for q in range(moments.shape[2]):
                moment, rate = moments[atom, m, q], rates[atom, m, q]
                for k in range(nodes.shape[1]):
                    row[q, k] += moment * by_node[m, k] + rate * by_rate[m, k]


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
