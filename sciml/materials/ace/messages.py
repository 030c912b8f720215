"""The second layer's moments: what each neighbour is counted with what it has seen, compiled.

A_{k,lm} of atom i is Σ_j h_{jk} R_{k,l}(r_ij) Y_lm(r_ij/|r_ij|): the charges h_j say what the
first layer found around atom j, so atom i sees as far as two cutoffs. The radial functions
R = Σ_n W_n g_n are learnt per channel, degree and pair of elements; ``weights`` have the shape of
the first layer's mixing.

For the pairs of one atom, radial functions and sums over neighbours are products of matrices.

Source:
    Batatia et al., NeurIPS 2022 (messages from invariants only).
"""

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from sciml.materials.ace.edges import Edges
from sciml.materials.ace.harmonics import components, fill_harmonics, turning
from sciml.materials.ace.moments import drifted, end_of_kind, inner, room_for_pairs

_fast = numba.njit(cache=True, fastmath=True)

Pair = tuple[NDArray[Any], NDArray[Any]]  # of something, its values and their rates or slopes


def messages(edges: Edges, charges: NDArray[Any], weights: NDArray[Any]) -> NDArray[Any]:
    """The second layer's channels.

    Args:
        edges: Pairs of one or more structures.
        charges: h, shape (atom, channel).
        weights: W, shape (element, degree, moment, channel).

    Returns:
        Shape (atom, component, channel).
    """
    degrees, seen = weights.shape[1], components(weights.shape[1] - 1)
    found = np.zeros((len(charges), seen, charges.shape[1]), charges.dtype)
    _messages(edges, _each_degree(charges, degrees), _tables(edges, weights), found)
    return found


def message_slopes(
    edges: Edges, charges: NDArray[Any], weights: NDArray[Any], slopes: NDArray[Any]
) -> Pair:
    """Slopes of the energy by charges and pairs' vectors, from those by the channels.

    Args:
        edges: As for :func:`messages`.
        charges: As for :func:`messages`.
        weights: As for :func:`messages`.
        slopes: ∂E/∂A, eV, shape (atom, component, channel).

    Returns:
        eV, (atom, channel), and eV/Å, (pair, 3).
    """
    degrees = weights.shape[1]
    wide, by_pair = _each_degree(charges, degrees), np.empty_like(edges.unit)
    by_charge = np.zeros_like(wide)
    _message_slopes(edges, wide, _tables(edges, weights), slopes, by_charge, by_pair)
    return _all_degrees(by_charge, degrees), by_pair


def message_rates(edges: Edges, drift: NDArray[Any], charges: Pair, weights: NDArray[Any]) -> Pair:
    """The second layer's channels, and how fast they change.

    Args:
        edges: As for :func:`messages`.
        drift: Rates of the pairs' vectors, Å, (pair, 3).
        charges: h and its rates.
        weights: As for :func:`messages`.

    Returns:
        Both of shape (atom, component, channel).
    """
    degrees = weights.shape[1]
    shape = (len(charges[0]), components(degrees - 1), charges[0].shape[1])
    found = np.zeros(shape, charges[0].dtype), np.zeros(shape, charges[0].dtype)
    wide = _each_degree(charges[0], degrees), _each_degree(charges[1], degrees)
    _message_rates(edges, drift, wide, _tables(edges, weights), found)
    return found


def message_rate_slopes(
    edges: Edges, drift: NDArray[Any], charges: Pair, weights: NDArray[Any], slopes: Pair
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Gradient of a function of the channels and their rates.

    Args:
        edges: As for :func:`messages`.
        drift: As for :func:`message_rates`.
        charges: As for :func:`message_rates`.
        weights: As for :func:`messages`.
        slopes: Of the function by the channels and by their rates.

    Returns:
        Slopes by the charges, by their rates, and by the weights.
    """
    degrees, tables = weights.shape[1], _tables(edges, weights)
    wide = _each_degree(charges[0], degrees), _each_degree(charges[1], degrees)
    by_charges, by_table = (np.zeros_like(wide[0]), np.zeros_like(wide[0])), np.zeros_like(tables)
    _message_rate_slopes(edges, drift, wide, tables, slopes, by_charges, by_table)
    by_charge, by_rate = (_all_degrees(each, degrees) for each in by_charges)
    return by_charge, by_rate, _weights(by_table, weights.shape)


def _tables(edges: Edges, weights: NDArray[Any]) -> NDArray[Any]:
    """The weights as matrices, (element, element of the far end, function, degree and channel)."""
    elements, degrees, _, channels = weights.shape
    functions = edges.values.shape[1]
    parts = weights.reshape(elements, degrees, -1, functions, channels).transpose(0, 2, 3, 1, 4)
    return np.ascontiguousarray(parts).reshape(elements, -1, functions, degrees * channels)


def _weights(tables: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Back from matrices."""
    parts = tables.reshape(*tables.shape[:3], shape[1], -1).transpose(0, 3, 1, 2, 4)
    return np.ascontiguousarray(parts).reshape(shape)


def _each_degree(charges: NDArray[Any], degrees: int) -> NDArray[Any]:
    """Charges once for each degree, (atom, degree and channel)."""
    return np.tile(charges, degrees)


def _all_degrees(slopes: NDArray[Any], degrees: int) -> NDArray[Any]:
    """Summed over degrees, (atom, channel)."""
    return slopes.reshape(len(slopes), degrees, -1).sum(axis=1)


@_fast
def _radial(
    edges: Edges, atom: int, tables: NDArray[Any], functions: NDArray[Any], found: NDArray[Any]
) -> None:
    """R of the pairs of one atom, (pair, degree and channel), or their slopes."""
    first, stop = edges.first[atom], edges.first[atom + 1]
    pair = first
    while pair < stop:
        end = end_of_kind(edges, pair, stop)
        table = tables[edges.element[atom], edges.kind[pair]]
        np.dot(functions[pair:end], table, found[pair - first : end - first])
        pair = end


@_fast
def _add_outer(
    edges: Edges, atom: int, functions: NDArray[Any], slopes: NDArray[Any], found: NDArray[Any]
) -> None:
    """Slopes by the tables from those by R: the transpose of :func:`_radial`."""
    first, stop = edges.first[atom], edges.first[atom + 1]
    pair = first
    while pair < stop:
        end = end_of_kind(edges, pair, stop)
        product = np.dot(functions[pair:end].T, slopes[pair - first : end - first])
        found[edges.element[atom], edges.kind[pair]] += product
        pair = end


@_fast
def _spread(slopes: NDArray[Any], found: NDArray[Any]) -> None:
    """Channels of one atom as blocks of a matrix, (component, degree and channel).

    All else in it is zero, so that one product with it does what each degree needs.
    """
    channels = slopes.shape[1]
    for degree in range(found.shape[1] // channels):
        for m in range(degree * degree, (degree + 1) * (degree + 1)):
            for k in range(channels):
                found[m, degree * channels + k] = slopes[m, k]


@_fast
def _add_blocks(blocks: NDArray[Any], found: NDArray[Any]) -> None:
    """Add the blocks that are theirs to the channels of one atom."""
    channels = found.shape[1]
    for degree in range(blocks.shape[1] // channels):
        for m in range(degree * degree, (degree + 1) * (degree + 1)):
            for k in range(channels):
                found[m, k] += blocks[m, degree * channels + k]


@_fast
def _messages(
    edges: Edges, charges: NDArray[Any], tables: NDArray[Any], found: NDArray[Any]
) -> None:
    width, seen = charges.shape[1], found.shape[1]
    harmonic, radial = room_for_pairs(edges, seen), room_for_pairs(edges, width)
    blocks = np.empty((seen, width), found.dtype)
    for atom in range(len(edges.first) - 1):
        start, stop = edges.first[atom], edges.first[atom + 1]
        count = stop - start
        _radial(edges, atom, tables, edges.values, radial)
        for i, pair in enumerate(range(start, stop)):
            x, y, z = edges.unit[pair]
            fill_harmonics(x, y, z, harmonic[i])
            _scale(charges[edges.other[pair]], radial[i])
        np.dot(harmonic[:count].T, radial[:count], blocks)
        _add_blocks(blocks, found[atom])


@_fast
def _scale(factor: NDArray[Any], found: NDArray[Any]) -> None:
    for q in range(len(found)):
        found[q] *= factor[q]


@_fast
def _message_slopes(
    edges: Edges,
    charges: NDArray[Any],
    tables: NDArray[Any],
    slopes: NDArray[Any],
    by_charge: NDArray[Any],
    by_pair: NDArray[Any],
) -> None:
    width, seen = charges.shape[1], slopes.shape[1]
    harmonic, by_harmonic = room_for_pairs(edges, seen), room_for_pairs(edges, seen)
    radial, steep = room_for_pairs(edges, width), room_for_pairs(edges, width)
    turned = room_for_pairs(edges, width)
    blocks = np.zeros((seen, width), charges.dtype)
    for atom in range(len(edges.first) - 1):
        start, stop = edges.first[atom], edges.first[atom + 1]
        count = stop - start
        _radial(edges, atom, tables, edges.values, radial)
        _radial(edges, atom, tables, edges.slopes, steep)
        _spread(slopes[atom], blocks)
        for i, pair in enumerate(range(start, stop)):
            x, y, z = edges.unit[pair]
            fill_harmonics(x, y, z, harmonic[i])
        np.dot(harmonic[:count], blocks, turned[:count])
        for i, pair in enumerate(range(start, stop)):
            other = edges.other[pair]
            for q in range(width):
                by_charge[other, q] += radial[i, q] * turned[i, q]
            _scale(charges[other], radial[i])
            _scale(charges[other], turned[i])
        np.dot(radial[:count], blocks.T, by_harmonic[:count])
        for i, pair in enumerate(range(start, stop)):
            x, y, z = edges.unit[pair]
            gx, gy, gz = turning(x, y, z, 1 / edges.distance[pair], by_harmonic[i])
            along = inner(steep[i], turned[i])
            by_pair[pair, 0] = gx + along * x
            by_pair[pair, 1] = gy + along * y
            by_pair[pair, 2] = gz + along * z


@_fast
def _message_rates(
    edges: Edges, drift: NDArray[Any], charges: Pair, tables: NDArray[Any], found: Pair
) -> None:
    width, seen, dtype = charges[0].shape[1], found[0].shape[1], charges[0].dtype
    harmonic, turn = room_for_pairs(edges, seen), room_for_pairs(edges, seen)
    radial, steep = room_for_pairs(edges, width), room_for_pairs(edges, width)
    blocks = np.empty((seen, width), dtype)
    for atom in range(len(edges.first) - 1):
        start, stop = edges.first[atom], edges.first[atom + 1]
        count = stop - start
        _radial(edges, atom, tables, edges.values, radial)
        _radial(edges, atom, tables, edges.slopes, steep)
        for i, pair in enumerate(range(start, stop)):
            other = edges.other[pair]
            charge, rate = charges[0][other], charges[1][other]
            along = drifted(
                edges.unit[pair], edges.distance[pair], drift[pair], harmonic[i], turn[i]
            )
            for q in range(width):
                steep[i, q] = rate[q] * radial[i, q] + charge[q] * along * steep[i, q]
            _scale(charge, radial[i])
        np.dot(harmonic[:count].T, radial[:count], blocks)
        _add_blocks(blocks, found[0][atom])
        np.dot(harmonic[:count].T, steep[:count], blocks)
        _add_blocks(blocks, found[1][atom])
        np.dot(turn[:count].T, radial[:count], blocks)
        _add_blocks(blocks, found[1][atom])


@_fast
def _message_rate_slopes(
    edges: Edges,
    drift: NDArray[Any],
    charges: Pair,
    tables: NDArray[Any],
    slopes: Pair,
    by_charges: Pair,
    by_table: NDArray[Any],
) -> None:
    width, seen, dtype = charges[0].shape[1], slopes[0].shape[1], charges[0].dtype
    harmonic, turn = room_for_pairs(edges, seen), room_for_pairs(edges, seen)
    radial, steep = room_for_pairs(edges, width), room_for_pairs(edges, width)
    whole, more = room_for_pairs(edges, width), room_for_pairs(edges, width)
    turned = room_for_pairs(edges, width)
    along = np.empty(len(radial), dtype)
    blocks, rate_blocks = np.zeros((seen, width), dtype), np.zeros((seen, width), dtype)
    for atom in range(len(edges.first) - 1):
        start, stop = edges.first[atom], edges.first[atom + 1]
        count = stop - start
        _radial(edges, atom, tables, edges.values, radial)
        _radial(edges, atom, tables, edges.slopes, steep)
        _spread(slopes[0][atom], blocks)
        _spread(slopes[1][atom], rate_blocks)
        for i, pair in enumerate(range(start, stop)):
            along[i] = drifted(
                edges.unit[pair], edges.distance[pair], drift[pair], harmonic[i], turn[i]
            )
        np.dot(harmonic[:count], blocks, whole[:count])
        np.dot(turn[:count], rate_blocks, more[:count])
        np.dot(harmonic[:count], rate_blocks, turned[:count])
        for i, pair in enumerate(range(start, stop)):
            other = edges.other[pair]
            charge, rate = charges[0][other], charges[1][other]
            for q in range(width):
                whole[i, q] += more[i, q]
                more[i, q] = along[i] * turned[i, q]
            for q in range(width):
                by_charges[0][other, q] += radial[i, q] * whole[i, q] + steep[i, q] * more[i, q]
            for q in range(width):
                by_charges[1][other, q] += radial[i, q] * turned[i, q]
            # From here on, slopes by the radial part and by its steepness take their places.
            for q in range(width):
                whole[i, q] = charge[q] * whole[i, q] + rate[q] * turned[i, q]
            _scale(charge, more[i])
        _add_outer(edges, atom, edges.values, whole, by_table)
        _add_outer(edges, atom, edges.slopes, more, by_table)
