"""Moments of an atom's surroundings, and what follows from their change, compiled.

M_{z,n,lm} of an atom is the sum of g_n(r) Y_lm(r/|r|) over its neighbours of element z. For given
positions it does not depend on any weight, so a training computes it once.
"""

from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from sciml.materials.ace.edges import Edges
from sciml.materials.ace.harmonics import components, fill_harmonics, fill_rates, turning

_fast = numba.njit(cache=True, fastmath=True)


class Pulled(NamedTuple):
    """What slopes by moments mean for the atoms."""

    forces: NDArray[Any]  # eV/Å, (atom, 3)
    strain_energy: NDArray[Any]  # ∂E/∂ε, eV, xx, yy, zz, yz, xz, xy, (frame, 6)


def moments(edges: Edges, elements: int, degree: int) -> NDArray[Any]:
    """The moments of all atoms.

    Args:
        edges: Pairs of one or more structures.
        elements: How many elements are known.
        degree: The largest l.

    Returns:
        Shape (atom, component, channel); the channel counts radial functions, and elements
        before them.
    """
    shape = (len(edges.element), components(degree), elements * edges.values.shape[1])
    found = np.zeros(shape, edges.values.dtype)
    _sum_moments(edges, found)
    return found


def pair_slopes(edges: Edges, slopes: NDArray[Any]) -> NDArray[Any]:
    """Slopes of the energy by the vector of each pair, from those by the moments.

    Args:
        edges: As for :func:`moments`.
        slopes: ∂E/∂M, eV, shape (atom, component, moment).

    Returns:
        eV/Å, shape (pair, 3).
    """
    found = np.empty_like(edges.unit)
    _pair_slopes(edges, slopes, found)
    return found


def pull(edges: Edges, slopes: NDArray[Any]) -> Pulled:
    """Forces and stresses from the slopes of the energy by the pairs' vectors.

    Args:
        edges: As for :func:`moments`.
        slopes: ∂E/∂r, eV/Å, shape (pair, 3).

    Returns:
        F = -∂E/∂x and ∂E/∂ε under a symmetric strain.
    """
    frames = int(edges.frame[-1]) + 1
    forces = np.zeros((len(edges.element), 3), slopes.dtype)
    strain_energy = np.zeros((frames, 6), slopes.dtype)
    _pull(edges, slopes, forces, strain_energy)
    return Pulled(forces, strain_energy)


def pair_rates(edges: Edges, shift: NDArray[Any], strain: NDArray[Any]) -> NDArray[Any]:
    """How fast the pairs' vectors change when atoms and cells move: the transpose of `pull`.

    Args:
        edges: As for :func:`moments`.
        shift: Rate of each atom, Å, shape (atom, 3).
        strain: Rate of strain of each frame, xx, yy, zz, 2yz, 2xz, 2xy, shape (frame, 6).

    Returns:
        Å, shape (pair, 3); for any slopes S, Σ S·rates = -Σ F·shift + Σ (∂E/∂ε)·strain.
    """
    rates = np.zeros_like(edges.unit)
    dtype = rates.dtype
    _pair_rates(edges, shift.astype(dtype, copy=False), strain.astype(dtype, copy=False), rates)
    return rates


def push(edges: Edges, elements: int, degree: int, drift: NDArray[Any]) -> NDArray[Any]:
    """How fast the moments change when the pairs' vectors change.

    Args:
        edges: As for :func:`moments`.
        elements: As for :func:`moments`.
        degree: As for :func:`moments`.
        drift: From :func:`pair_rates`, Å, shape (pair, 3).

    Returns:
        Rates of the moments, shape (atom, component, moment).
    """
    shape = (len(edges.element), components(degree), elements * edges.values.shape[1])
    rates = np.zeros(shape, edges.values.dtype)
    _push(edges, drift, rates)
    return rates


@_fast
def room_for_pairs(edges: Edges, width: int) -> NDArray[Any]:
    """Room for the pairs of any one atom, (pair, width)."""
    most = 0
    for atom in range(len(edges.first) - 1):
        most = max(most, edges.first[atom + 1] - edges.first[atom])
    return np.empty((most, width), edges.values.dtype)


@_fast
def end_of_kind(edges: Edges, pair: int, stop: int) -> int:
    """Up to where the pairs from one on, before another, have far ends of one element."""
    end = pair + 1
    while end < stop and edges.kind[end] == edges.kind[pair]:
        end += 1
    return end


@_fast
def inner(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Sum of products, in the type of the arrays."""
    total = one.dtype.type(0)
    for q in range(len(one)):
        total += one[q] * other[q]
    return total


@_fast
def drifted(
    unit: NDArray[Any],
    distance: float,
    drift: NDArray[Any],
    harmonic: NDArray[Any],
    rates: NDArray[Any],
) -> float:
    """Harmonics of a pair and their rates; returns the rate of its distance."""
    x, y, z = unit
    vx, vy, vz = drift
    fill_harmonics(x, y, z, harmonic)
    fill_rates(x, y, z, 1 / distance, (vx, vy, vz), rates)
    return vx * x + vy * y + vz * z


@_fast
def _add_product(
    rows: NDArray[Any], columns: NDArray[Any], found: NDArray[Any], start: int
) -> None:
    """Add a product of matrices to the columns from a place on."""
    product = np.dot(rows.T, columns)
    for m in range(product.shape[0]):
        for n in range(product.shape[1]):
            found[m, start + n] += product[m, n]


@_fast
def _sum_moments(edges: Edges, found: NDArray[Any]) -> None:
    functions = edges.values.shape[1]
    harmonic = room_for_pairs(edges, found.shape[1])
    for atom in range(len(edges.first) - 1):
        pair, stop = edges.first[atom], edges.first[atom + 1]
        while pair < stop:
            end = end_of_kind(edges, pair, stop)
            for i in range(end - pair):
                x, y, z = edges.unit[pair + i]
                fill_harmonics(x, y, z, harmonic[i])
            start = edges.kind[pair] * functions
            _add_product(harmonic[: end - pair], edges.values[pair:end], found[atom], start)
            pair = end


@_fast
def _pair_slopes(edges: Edges, slopes: NDArray[Any], found: NDArray[Any]) -> None:
    functions = edges.values.shape[1]
    seen = slopes.shape[1]
    harmonic = np.zeros(seen, slopes.dtype)
    own = np.zeros((seen, functions), slopes.dtype)
    level, steep = room_for_pairs(edges, seen), room_for_pairs(edges, seen)
    for atom in range(len(edges.first) - 1):
        pair, stop = edges.first[atom], edges.first[atom + 1]
        while pair < stop:
            end, start = end_of_kind(edges, pair, stop), edges.kind[pair] * functions
            own[:] = slopes[atom, :, start : start + functions]
            np.dot(edges.values[pair:end], own.T, level[: end - pair])
            np.dot(edges.slopes[pair:end], own.T, steep[: end - pair])
            for i in range(end - pair):
                x, y, z = edges.unit[pair + i]
                fill_harmonics(x, y, z, harmonic)
                gx, gy, gz = turning(x, y, z, 1 / edges.distance[pair + i], level[i])
                along = inner(steep[i], harmonic)
                found[pair + i, 0] = gx + along * x
                found[pair + i, 1] = gy + along * y
                found[pair + i, 2] = gz + along * z
            pair = end


@_fast
def _pull(
    edges: Edges, slopes: NDArray[Any], forces: NDArray[Any], strain_energy: NDArray[Any]
) -> None:
    for atom in range(len(edges.first) - 1):
        frame = edges.frame[atom]
        for pair in range(edges.first[atom], edges.first[atom + 1]):
            x, y, z = edges.unit[pair]
            fx, fy, fz = slopes[pair]
            length, other = edges.distance[pair], edges.other[pair]
            forces[atom, 0] += fx
            forces[atom, 1] += fy
            forces[atom, 2] += fz
            forces[other, 0] -= fx
            forces[other, 1] -= fy
            forces[other, 2] -= fz
            strain_energy[frame, 0] += fx * x * length
            strain_energy[frame, 1] += fy * y * length
            strain_energy[frame, 2] += fz * z * length
            strain_energy[frame, 3] += (fy * z + fz * y) * length / 2
            strain_energy[frame, 4] += (fx * z + fz * x) * length / 2
            strain_energy[frame, 5] += (fx * y + fy * x) * length / 2


@_fast
def _pair_rates(
    edges: Edges, shift: NDArray[Any], strain: NDArray[Any], rates: NDArray[Any]
) -> None:
    for atom in range(len(edges.first) - 1):
        s = strain[edges.frame[atom]]
        for pair in range(edges.first[atom], edges.first[atom + 1]):
            x, y, z = edges.unit[pair]
            length, other = edges.distance[pair], edges.other[pair]
            vx = s[0] * x + (s[5] * y + s[4] * z) / 2
            vy = s[1] * y + (s[5] * x + s[3] * z) / 2
            vz = s[2] * z + (s[4] * x + s[3] * y) / 2
            rates[pair, 0] = vx * length + shift[other, 0] - shift[atom, 0]
            rates[pair, 1] = vy * length + shift[other, 1] - shift[atom, 1]
            rates[pair, 2] = vz * length + shift[other, 2] - shift[atom, 2]


@_fast
def _push(edges: Edges, drift: NDArray[Any], rates: NDArray[Any]) -> None:
    functions = edges.values.shape[1]
    seen = rates.shape[1]
    harmonic, turn = room_for_pairs(edges, seen), room_for_pairs(edges, seen)
    for atom in range(len(edges.first) - 1):
        pair, stop = edges.first[atom], edges.first[atom + 1]
        while pair < stop:
            end, start = end_of_kind(edges, pair, stop), edges.kind[pair] * functions
            for i in range(end - pair):
                p = pair + i
                along = drifted(edges.unit[p], edges.distance[p], drift[p], harmonic[i], turn[i])
                for m in range(seen):
                    harmonic[i, m] *= along
            _add_product(harmonic[: end - pair], edges.slopes[pair:end], rates[atom], start)
            _add_product(turn[: end - pair], edges.values[pair:end], rates[atom], start)
            pair = end
