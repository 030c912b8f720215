"""The second layer's moments: what each neighbour is counted with what it has seen, compiled.

A_{k,lm} of atom i is Σ_j h_{jk} R_{k,l}(r_ij) Y_lm(r_ij/|r_ij|): the charges h_j say what the
first layer found around atom j, so atom i sees as far as two cutoffs. The radial functions
R = Σ_n W_n g_n are learnt per channel, degree and pair of elements; ``weights`` have the shape of
the first layer's mixing.

Source:
    Batatia et al., NeurIPS 2022 (messages from invariants only).
"""

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from sciml.materials.ace.edges import Edges
from sciml.materials.ace.harmonics import COMPONENTS, LARGEST_DEGREE, fill_harmonics, fill_slopes

_fast = numba.njit(cache=True, fastmath=True)
_DEGREES = LARGEST_DEGREE + 1

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
    found = np.zeros((len(charges), COMPONENTS, charges.shape[1]), charges.dtype)
    _messages(edges, charges, weights, found)
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
    by_charge, by_pair = np.zeros_like(charges), np.zeros_like(edges.unit)
    _message_slopes(edges, charges, weights, slopes, by_charge, by_pair)
    return by_charge, by_pair


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
    shape = (len(charges[0]), COMPONENTS, charges[0].shape[1])
    found = np.zeros(shape, charges[0].dtype), np.zeros(shape, charges[0].dtype)
    _message_rates(edges, drift, charges, weights, found)
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
    by_charge, by_rate = np.zeros_like(charges[0]), np.zeros_like(charges[0])
    by_weight = np.zeros_like(weights)
    _message_rate_slopes(edges, drift, charges, weights, slopes, (by_charge, by_rate), by_weight)
    return by_charge, by_rate, by_weight


@_fast
def _radial(table: NDArray[Any], functions: NDArray[Any], start: int, found: NDArray[Any]) -> None:
    """R of one pair, (degree, channel)."""
    found[:] = 0
    for degree in range(_DEGREES):
        for n in range(len(functions)):
            g = functions[n]
            for k in range(found.shape[1]):
                found[degree, k] += g * table[degree, start + n, k]


@_fast
def _turned(harmonic: NDArray[Any], slopes: NDArray[Any], found: NDArray[Any]) -> None:
    """Slopes by the channels, summed with the harmonics of one pair, (degree, channel)."""
    found[:] = 0
    for degree in range(_DEGREES):
        for m in range(degree * degree, (degree + 1) * (degree + 1)):
            y = harmonic[m]
            for k in range(found.shape[1]):
                found[degree, k] += y * slopes[m, k]


@_fast
def _add_turned(harmonic: NDArray[Any], part: NDArray[Any], found: NDArray[Any]) -> None:
    """Add a pair's radial part times its harmonics to the channels of one atom."""
    for degree in range(_DEGREES):
        for m in range(degree * degree, (degree + 1) * (degree + 1)):
            y = harmonic[m]
            for k in range(found.shape[1]):
                found[m, k] += y * part[degree, k]


@_fast
def _messages(
    edges: Edges, charges: NDArray[Any], weights: NDArray[Any], found: NDArray[Any]
) -> None:
    functions = edges.values.shape[1]
    harmonic = np.zeros(COMPONENTS, found.dtype)
    radial = np.zeros((_DEGREES, found.shape[2]), found.dtype)
    for atom in range(len(edges.first) - 1):
        table = weights[edges.element[atom]]
        for pair in range(edges.first[atom], edges.first[atom + 1]):
            x, y, z = edges.unit[pair]
            fill_harmonics(x, y, z, harmonic)
            _radial(table, edges.values[pair], edges.kind[pair] * functions, radial)
            radial *= charges[edges.other[pair]]
            _add_turned(harmonic, radial, found[atom])


@_fast
def _message_slopes(
    edges: Edges,
    charges: NDArray[Any],
    weights: NDArray[Any],
    slopes: NDArray[Any],
    by_charge: NDArray[Any],
    by_pair: NDArray[Any],
) -> None:
    functions, channels = edges.values.shape[1], charges.shape[1]
    harmonic = np.zeros(COMPONENTS, charges.dtype)
    gradient = np.zeros((COMPONENTS, 3), charges.dtype)
    radial = np.zeros((_DEGREES, channels), charges.dtype)
    steep, turned = np.zeros_like(radial), np.zeros_like(radial)
    for atom in range(len(edges.first) - 1):
        table = weights[edges.element[atom]]
        for pair in range(edges.first[atom], edges.first[atom + 1]):
            x, y, z = edges.unit[pair]
            other, start = edges.other[pair], edges.kind[pair] * functions
            fill_harmonics(x, y, z, harmonic)
            fill_slopes(x, y, z, 1 / edges.distance[pair], gradient)
            _radial(table, edges.values[pair], start, radial)
            _radial(table, edges.slopes[pair], start, steep)
            _turned(harmonic, slopes[atom], turned)
            along = fx = fy = fz = 0 * x
            for degree in range(_DEGREES):
                for k in range(channels):
                    by_charge[other, k] += radial[degree, k] * turned[degree, k]
                    along += charges[other, k] * steep[degree, k] * turned[degree, k]
                    radial[degree, k] *= charges[other, k]
                for m in range(degree * degree, (degree + 1) * (degree + 1)):
                    value = 0 * x
                    for k in range(channels):
                        value += slopes[atom, m, k] * radial[degree, k]
                    fx += value * gradient[m, 0]
                    fy += value * gradient[m, 1]
                    fz += value * gradient[m, 2]
            by_pair[pair, 0] = fx + along * x
            by_pair[pair, 1] = fy + along * y
            by_pair[pair, 2] = fz + along * z


@_fast
def _drifted(
    edges: Edges, pair: int, drift: NDArray[Any], harmonic: NDArray[Any], turning: NDArray[Any]
) -> float:
    """Harmonics of a pair and their rates; returns the rate of its distance."""
    x, y, z = edges.unit[pair]
    vx, vy, vz = drift[pair]
    along = vx * x + vy * y + vz * z
    across = 1 / edges.distance[pair]
    gradient = np.zeros((COMPONENTS, 3), harmonic.dtype)
    fill_harmonics(x, y, z, harmonic)
    fill_slopes(x, y, z, across, gradient)
    for m in range(COMPONENTS):
        turning[m] = vx * gradient[m, 0] + vy * gradient[m, 1] + vz * gradient[m, 2]
    return along


@_fast
def _message_rates(
    edges: Edges, drift: NDArray[Any], charges: Pair, weights: NDArray[Any], found: Pair
) -> None:
    charge, charge_rate = charges
    functions, channels = edges.values.shape[1], charge.shape[1]
    harmonic = np.zeros(COMPONENTS, charge.dtype)
    turning = np.zeros_like(harmonic)
    radial = np.zeros((_DEGREES, channels), charge.dtype)
    steep = np.zeros_like(radial)
    for atom in range(len(edges.first) - 1):
        table = weights[edges.element[atom]]
        for pair in range(edges.first[atom], edges.first[atom + 1]):
            other, start = edges.other[pair], edges.kind[pair] * functions
            along = _drifted(edges, pair, drift, harmonic, turning)
            _radial(table, edges.values[pair], start, radial)
            _radial(table, edges.slopes[pair], start, steep)
            for degree in range(_DEGREES):
                for k in range(channels):
                    value = radial[degree, k]
                    steep[degree, k] = (
                        charge_rate[other, k] * value + charge[other, k] * steep[degree, k] * along
                    )
                    radial[degree, k] = charge[other, k] * value
            _add_turned(harmonic, radial, found[0][atom])
            _add_turned(harmonic, steep, found[1][atom])
            _add_turned(turning, radial, found[1][atom])


@_fast
def _message_rate_slopes(
    edges: Edges,
    drift: NDArray[Any],
    charges: Pair,
    weights: NDArray[Any],
    slopes: Pair,
    by_charges: Pair,
    by_weight: NDArray[Any],
) -> None:
    charge, charge_rate = charges
    functions, channels = edges.values.shape[1], charge.shape[1]
    harmonic = np.zeros(COMPONENTS, charge.dtype)
    turning = np.zeros_like(harmonic)
    radial = np.zeros((_DEGREES, channels), charge.dtype)
    steep, value, rate = np.zeros_like(radial), np.zeros_like(radial), np.zeros_like(radial)
    turned = np.zeros_like(radial)
    for atom in range(len(edges.first) - 1):
        element = edges.element[atom]
        for pair in range(edges.first[atom], edges.first[atom + 1]):
            other, start = edges.other[pair], edges.kind[pair] * functions
            along = _drifted(edges, pair, drift, harmonic, turning)
            _radial(weights[element], edges.values[pair], start, radial)
            _radial(weights[element], edges.slopes[pair], start, steep)
            _turned(harmonic, slopes[0][atom], value)
            _turned(turning, slopes[1][atom], turned)
            _turned(harmonic, slopes[1][atom], rate)
            for degree in range(_DEGREES):
                for k in range(channels):
                    whole = value[degree, k] + turned[degree, k]
                    falling = along * rate[degree, k]
                    by_charges[0][other, k] += (
                        radial[degree, k] * whole + steep[degree, k] * falling
                    )
                    by_charges[1][other, k] += radial[degree, k] * rate[degree, k]
                    value[degree, k] = (
                        charge[other, k] * whole + charge_rate[other, k] * rate[degree, k]
                    )
                    rate[degree, k] = charge[other, k] * falling
                for n in range(functions):
                    g, dg = edges.values[pair, n], edges.slopes[pair, n]
                    row = by_weight[element, degree, start + n]
                    for k in range(channels):
                        row[k] += g * value[degree, k] + dg * rate[degree, k]
