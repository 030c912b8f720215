"""Moments of an atom's surroundings, and what follows from their change, compiled.

M_{z,n,lm} of an atom is the sum of g_n(r) Y_lm(r/|r|) over its neighbours of element z. For given
positions it does not depend on any weight, so a training computes it once.
"""

from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from sciml.materials.ace.edges import Edges
from sciml.materials.ace.harmonics import COMPONENTS, fill_harmonics, fill_slopes

_fast = numba.njit(cache=True, fastmath=True)


class Pulled(NamedTuple):
    """What slopes by moments mean for the atoms."""

    forces: NDArray[Any]  # eV/Å, (atom, 3)
    strain_energy: NDArray[Any]  # ∂E/∂ε, eV, xx, yy, zz, yz, xz, xy, (frame, 6)


def moments(edges: Edges, elements: int) -> NDArray[Any]:
    """The moments of all atoms.

    Args:
        edges: Pairs of one or more structures.
        elements: How many elements are known.

    Returns:
        Shape (atom, component, channel); the channel counts radial functions, and elements
        before them.
    """
    shape = (len(edges.element), COMPONENTS, elements * edges.values.shape[1])
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
    found = np.zeros_like(edges.unit)
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


def push(edges: Edges, elements: int, drift: NDArray[Any]) -> NDArray[Any]:
    """How fast the moments change when the pairs' vectors change.

    Args:
        edges: As for :func:`moments`.
        elements: As for :func:`moments`.
        drift: From :func:`pair_rates`, Å, shape (pair, 3).

    Returns:
        Rates of the moments, shape (atom, component, moment).
    """
    shape = (len(edges.element), COMPONENTS, elements * edges.values.shape[1])
    rates = np.zeros(shape, edges.values.dtype)
    _push(edges, drift, rates)
    return rates


@_fast
def _sum_moments(edges: Edges, found: NDArray[Any]) -> None:
    functions = edges.values.shape[1]
    harmonic = np.zeros(COMPONENTS, found.dtype)
    for atom in range(len(edges.first) - 1):
        for pair in range(edges.first[atom], edges.first[atom + 1]):
            unit = edges.unit[pair]
            fill_harmonics(unit[0], unit[1], unit[2], harmonic)
            start = edges.kind[pair] * functions
            for m in range(COMPONENTS):
                for n in range(functions):
                    found[atom, m, start + n] += harmonic[m] * edges.values[pair, n]


@_fast
def _pair_slopes(edges: Edges, slopes: NDArray[Any], found: NDArray[Any]) -> None:
    functions = edges.values.shape[1]
    harmonic = np.zeros(COMPONENTS, slopes.dtype)
    gradient = np.zeros((COMPONENTS, 3), slopes.dtype)
    for atom in range(len(edges.first) - 1):
        for pair in range(edges.first[atom], edges.first[atom + 1]):
            x, y, z = edges.unit[pair]
            fill_harmonics(x, y, z, harmonic)
            fill_slopes(x, y, z, 1 / edges.distance[pair], gradient)
            start = edges.kind[pair] * functions
            along = fx = fy = fz = 0 * x
            for m in range(COMPONENTS):
                value = slope = 0 * x
                for n in range(functions):
                    value += slopes[atom, m, start + n] * edges.values[pair, n]
                    slope += slopes[atom, m, start + n] * edges.slopes[pair, n]
                along += slope * harmonic[m]
                fx += value * gradient[m, 0]
                fy += value * gradient[m, 1]
                fz += value * gradient[m, 2]
            found[pair, 0] = fx + along * x
            found[pair, 1] = fy + along * y
            found[pair, 2] = fz + along * z


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
    harmonic = np.zeros(COMPONENTS, rates.dtype)
    gradient = np.zeros((COMPONENTS, 3), rates.dtype)
    for atom in range(len(edges.first) - 1):
        for pair in range(edges.first[atom], edges.first[atom + 1]):
            x, y, z = edges.unit[pair]
            vx, vy, vz = drift[pair]
            fill_harmonics(x, y, z, harmonic)
            fill_slopes(x, y, z, 1 / edges.distance[pair], gradient)
            along = vx * x + vy * y + vz * z
            start = edges.kind[pair] * functions
            for m in range(COMPONENTS):
                radial = along * harmonic[m]
                turning = vx * gradient[m, 0] + vy * gradient[m, 1] + vz * gradient[m, 2]
                for n in range(functions):
                    rates[atom, m, start + n] += (
                        radial * edges.slopes[pair, n] + turning * edges.values[pair, n]
                    )
