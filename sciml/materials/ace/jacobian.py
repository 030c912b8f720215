"""Forces and strain energies of every single invariant, for linear least squares, compiled."""

from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from sciml.materials.ace.couplings import Couplings
from sciml.materials.ace.edges import Edges
from sciml.materials.ace.harmonics import fill_harmonics, fill_slopes
from sciml.materials.ace.invariants import invariants
from sciml.materials.ace.mixing import mixed
from sciml.materials.ace.moments import moments

_fast = numba.njit(cache=True, fastmath=True)


class Rows(NamedTuple):
    """What each feature adds to energies, forces and ∂E/∂ε, if its weight is one.

    A feature is an invariant in a channel at the atoms of one element, in this order of axes.
    """

    energy: NDArray[Any]  # (frame, feature)
    forces: NDArray[Any]  # 1/Å, (atom, 3, feature)
    strain_energy: NDArray[Any]  # (frame, 6, feature)


def rows_of(edges: Edges, mixing: NDArray[Any], couplings: Couplings) -> Rows:
    """Energies, forces and strain energies of all features.

    Args:
        edges: Pairs of one or more structures; memory grows with atoms times features.
        mixing: Weights, shape (element, degree, moment, channel).
        couplings: Products and sums.

    Returns:
        A linear energy with weights c has energies ``rows.energy @ c``, and so on.
    """
    elements, _, _, channels = mixing.shape
    each = couplings.invariants * channels
    frames, atoms = int(edges.frame[-1]) + 1, len(edges.element)
    sums = moments(edges, elements, mixing.shape[1] - 1)
    values = invariants(couplings, mixed(mixing, edges.element, sums)).reshape(atoms, each)
    energy = np.zeros((frames, elements, each))
    np.add.at(energy, (edges.frame, edges.element), values)
    forces = np.zeros((atoms, 3, elements * each))
    strain_energy = np.zeros((frames, 6, elements * each))
    _fill(edges, mixing, couplings, sums, forces, strain_energy)
    return Rows(energy.reshape(frames, -1), forces, strain_energy)


@_fast
def _fill(
    edges: Edges,
    mixing: NDArray[Any],
    couplings: Couplings,
    moment: NDArray[Any],
    forces: NDArray[Any],
    strain_energy: NDArray[Any],
) -> None:
    count, channels = couplings.invariants, mixing.shape[3]
    seen = len(couplings.degree)
    by_channel = np.zeros((count, seen, channels), moment.dtype)
    gradient = np.zeros((seen, 3, channels), moment.dtype)
    part = np.zeros((3, channels), moment.dtype)
    for atom in range(len(edges.element)):
        weights = mixing[edges.element[atom]]
        _slopes_by_channel(weights, couplings, moment[atom], by_channel)
        for pair in range(edges.first[atom], edges.first[atom + 1]):
            _channel_gradient(edges, pair, weights, couplings.degree, gradient)
            for i in range(count):
                _contract(by_channel[i], gradient, part)
                start = (edges.element[atom] * count + i) * channels
                _place(edges, atom, pair, start, part, forces, strain_energy)


@_fast
def _slopes_by_channel(
    weights: NDArray[Any], couplings: Couplings, moment: NDArray[Any], found: NDArray[Any]
) -> None:
    """Slopes of each invariant by the mixed moments of its channel, for one atom."""
    seen = len(couplings.degree)
    nodes = np.zeros((seen + len(couplings.left), weights.shape[2]), moment.dtype)
    for m in range(seen):
        for q in range(moment.shape[1]):
            nodes[m] += moment[m, q] * weights[couplings.degree[m], q]
    for n in range(len(couplings.left)):
        nodes[seen + n] = nodes[couplings.left[n]] * nodes[couplings.right[n]]
    by_node = np.zeros_like(nodes)
    for i in range(couplings.invariants):
        by_node[:] = 0
        for t in range(len(couplings.node)):
            if couplings.invariant[t] == i:
                by_node[couplings.node[t]] += couplings.coefficient[t]
        for n in range(len(couplings.left) - 1, -1, -1):
            a, b = couplings.left[n], couplings.right[n]
            by_node[a] += by_node[seen + n] * nodes[b]
            by_node[b] += by_node[seen + n] * nodes[a]
        found[i] = by_node[:seen]


@_fast
def _channel_gradient(
    edges: Edges, pair: int, weights: NDArray[Any], degree: NDArray[Any], found: NDArray[Any]
) -> None:
    """How the mixed moments of the centre change as the far end of a pair moves."""
    x, y, z = edges.unit[pair]
    functions = edges.values.shape[1]
    start = edges.kind[pair] * functions
    harmonic = np.zeros(len(found), found.dtype)
    slopes = np.zeros((len(found), 3), found.dtype)
    fill_harmonics(x, y, z, harmonic)
    fill_slopes(x, y, z, 1 / edges.distance[pair], slopes)
    for m in range(len(found)):
        row = weights[degree[m]]
        for k in range(found.shape[2]):
            value = slope = 0 * x
            for n in range(functions):
                value += row[start + n, k] * edges.values[pair, n]
                slope += row[start + n, k] * edges.slopes[pair, n]
            found[m, 0, k] = slope * harmonic[m] * x + value * slopes[m, 0]
            found[m, 1, k] = slope * harmonic[m] * y + value * slopes[m, 1]
            found[m, 2, k] = slope * harmonic[m] * z + value * slopes[m, 2]


@_fast
def _contract(slopes: NDArray[Any], gradient: NDArray[Any], part: NDArray[Any]) -> None:
    """Gradient of one invariant in all channels by the far end of a pair, (3, channel)."""
    part[:] = 0
    for m in range(len(slopes)):
        for axis in range(3):
            for k in range(part.shape[1]):
                part[axis, k] += slopes[m, k] * gradient[m, axis, k]


@_fast
def _place(
    edges: Edges,
    atom: int,
    pair: int,
    start: int,
    part: NDArray[Any],
    forces: NDArray[Any],
    strain_energy: NDArray[Any],
) -> None:
    """Add the share of a pair to the rows."""
    other, frame, length = edges.other[pair], edges.frame[atom], edges.distance[pair]
    x, y, z = edges.unit[pair]
    for k in range(part.shape[1]):
        gx, gy, gz = part[0, k], part[1, k], part[2, k]
        column = start + k
        for axis in range(3):
            forces[atom, axis, column] += part[axis, k]
            forces[other, axis, column] -= part[axis, k]
        strain_energy[frame, 0, column] += gx * x * length
        strain_energy[frame, 1, column] += gy * y * length
        strain_energy[frame, 2, column] += gz * z * length
        strain_energy[frame, 3, column] += (gy * z + gz * y) * length / 2
        strain_energy[frame, 4, column] += (gx * z + gz * x) * length / 2
        strain_energy[frame, 5, column] += (gx * y + gy * x) * length / 2
