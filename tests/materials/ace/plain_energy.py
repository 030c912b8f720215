"""The energy by its formulas alone, in NumPy, atom by atom and neighbour by neighbour."""

from itertools import product

import numpy as np
from numpy.polynomial import Chebyshev

from sciml.materials.ace.couplings import couplings
from sciml.materials.ace.harmonics import DEGREE, harmonics
from sciml.materials.ace.model import AcePotential
from sciml.materials.elements import covalent_radius, symbol
from sciml.materials.structures import Structure
from sciml.materials.zbl import NuclearRepulsion


def plain_energies(potential: AcePotential, structure: Structure) -> np.ndarray:
    """Energies of the atoms, eV."""
    w, elements = potential.weights, potential.elements
    kinds = np.array([elements.index(z) for z in structure.numbers])
    around = [_neighbours(structure, atom, potential.cutoff) for atom in range(len(kinds))]
    local = []
    for atom, found in enumerate(around):
        channels = np.zeros((16, w.mixing.shape[3]))
        for other, vector in found:
            channels += _bond(potential, w.mixing, (kinds[atom], kinds[other]), vector)
        local.append(_invariants(potential, channels))
    split = len(w.charge_share)
    x = (np.array(local) - w.shift[:split]) * w.scale[:split]
    charges = w.charge_bias[kinds] + _summed(x * w.charge_share, w.mixing.shape[3]) @ w.charge
    rows = []
    for atom, found in enumerate(around):
        channels = np.zeros((16, w.message.shape[3]))
        for other, vector in found:
            bond = _bond(potential, w.message, (kinds[atom], kinds[other]), vector)
            channels += bond * charges[other]
        far = (_invariants(potential, channels) - w.shift[split:]) * w.scale[split:]
        rows.append(_atom_energy(potential, kinds[atom], x[atom], far))
    if potential.settings.core:
        nuclei = NuclearRepulsion([symbol(z) for z in elements]).evaluate([structure])[0]
        return np.array(rows) + nuclei.atom_energies
    return np.array(rows)


def _neighbours(structure: Structure, atom: int, cutoff: float) -> list[tuple[int, np.ndarray]]:
    """All images closer than the cutoff; three cells each way are enough here."""
    found = []
    ranges = [range(-3, 4) if periodic else (0,) for periodic in structure.periodic]
    for other, cells in product(range(len(structure)), product(*ranges)):
        vector = structure.positions[other] + np.array(cells) @ structure.cell
        vector = vector - structure.positions[atom]
        if 0 < np.linalg.norm(vector) < cutoff:
            found.append((other, vector))
    return found


def _bond(
    potential: AcePotential, table: np.ndarray, kinds: tuple[int, int], vector: np.ndarray
) -> np.ndarray:
    """What one neighbour adds, (component, channel)."""
    radial, distance = potential.settings.radial, float(np.linalg.norm(vector))
    u, c = distance / radial.cutoff, radial.crowding
    x = 1 - 2 * (1 - np.exp(-c * u)) / (1 - np.exp(-c))
    envelope = (1 - u) ** 3 * (1 + 3 * u + 6 * u**2)
    values = [float(Chebyshev.basis(n)(x)) * envelope for n in range(radial.functions)]
    mine = slice(kinds[1] * radial.functions, (kinds[1] + 1) * radial.functions)
    by_degree = np.einsum("n,lnk->lk", values, table[kinds[0]][:, mine])
    if potential.settings.core:
        reach = sum(covalent_radius(potential.elements[kind]) for kind in kinds)
        t = min(max(distance / reach / 0.4 - 1, 0), 1)
        by_degree = by_degree * t**3 * (10 - 15 * t + 6 * t**2)
    return harmonics((vector / distance)[None])[0][:, None] * by_degree[DEGREE]


def _invariants(potential: AcePotential, channels: np.ndarray) -> np.ndarray:
    """All invariants of one atom, as a row."""
    lists = couplings(potential.settings.couplings)
    nodes = list(channels)
    for a, b in zip(lists.left, lists.right, strict=True):
        nodes.append(nodes[a] * nodes[b])
    found = np.zeros((lists.invariants, channels.shape[1]))
    for node, invariant, value in zip(lists.node, lists.invariant, lists.coefficient, strict=True):
        found[invariant] += value * nodes[node]
    return found.ravel()


def _summed(rows: np.ndarray, channels: int) -> np.ndarray:
    """Sums over the invariants of each channel."""
    return rows.reshape(len(rows), -1, channels).sum(axis=1)


def _atom_energy(potential: AcePotential, kind: int, near: np.ndarray, far: np.ndarray) -> float:
    """Linear part and network."""
    w, split = potential.weights, len(near)
    parts = [_summed((near * w.share[:split])[None], w.mixing.shape[3])[0]]
    if len(far):
        parts.append(_summed((far * w.share[split:])[None], w.message.shape[3])[0])
    hidden = _silu(np.concatenate(parts) @ w.first + w.first_bias[kind])
    deep = _silu(hidden @ w.second + w.second_bias)
    linear = np.concatenate([near, far]) @ w.linear[kind]
    return float(w.element_energy[kind] + linear + deep @ w.last)


def _silu(h: np.ndarray) -> np.ndarray:
    return h / (1 + np.exp(-h))
