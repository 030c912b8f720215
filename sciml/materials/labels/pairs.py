"""Pairs of frames of the same atoms, and the work on the way from one to the other.

Along the straight path the energy changes by the work of forces and stress. The trapezoidal rule
gives this work from the labels at both ends, with an error of third order in strain and shift, and
needs no model of the physics.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

from sciml.core.axes import BoolArray, FloatArray
from sciml.materials.labels.findings import finite
from sciml.materials.structures import Structure, components

LARGEST_STRAIN = 0.15  # between two cells; beyond, third-order terms rule
LARGEST_SHIFT = 0.3  # Å, of an atom between two cells beside the strain
NEAREST = 4  # pairs that each frame forms
MOST = 300  # frames of a group that are compared, evenly chosen: pairs grow with the square
ENERGY_ERROR = 1e-3  # eV, of energies that are not converged alike
MODULUS = 5.0  # eV/Å³, usual size of what third and fourth order add, over their factorials
_BOND = 2.5  # Å, over which a shift is a strain


class Pairs(NamedTuple):
    """Pairs of frames and the work between them."""

    gain: FloatArray  # eV, energy of the second over that of the first, (pair,)
    push: FloatArray  # eV, work of the forces, (pair,)
    work: FloatArray  # eV for a stress of one, by end and component, (pair, 2, 6)
    labels: FloatArray  # stress at both ends, NaN without labels, (pair, 2, 6)
    swelling: FloatArray  # Å³, work of a unit pressure, (pair,)
    bending: FloatArray  # Å³, volume times what the rule leaves out, see _thirds, (pair, 5)
    atoms: FloatArray  # how many, (pair,)
    volume: FloatArray  # Å³, mean of both, (pair,)
    weight: FloatArray  # over the expected error, 1/eV, (pair,)

    def only(self, chosen: BoolArray) -> "Pairs":
        """Some of the pairs."""
        return Pairs(*(each[chosen] for each in self))

    @property
    def stressed(self) -> BoolArray:
        """Which pairs have stress labels at both ends, (pair,)."""
        return np.isfinite(self.labels).all(axis=(1, 2))

    @property
    def still(self) -> BoolArray:
        """Which pairs are of one cell, so that forces alone do work, (pair,)."""
        return np.abs(self.work).max(axis=(1, 2)) < 1e-9 * self.volume


def pairs_of(structures: Sequence[Structure]) -> Pairs | None:
    """Each frame with its nearest others of the same atoms.

    Args:
        structures: Of one group; those with energy, forces and three periodic directions count.

    Returns:
        The pairs, or None if there are none.
    """
    usable = [one for one in structures if _usable(one)]
    if len(usable) > MOST:
        usable = [usable[place] for place in np.linspace(0, len(usable) - 1, MOST).astype(int)]
    near: dict[tuple[int, int], float] = {}
    for i, j in combinations(range(len(usable)), 2):
        distance = _distance(usable[i], usable[j])
        if distance is not None:
            near[i, j] = distance
    chosen = _nearest(near, len(usable))
    if not chosen:
        return None
    found = [_between(usable[i], usable[j], near[i, j]) for i, j in chosen]
    return Pairs(*(np.array(each, dtype=float) for each in zip(*found, strict=True)))


def _usable(one: Structure) -> bool:
    labelled = one.energy is not None and one.forces is not None
    return labelled and bool(one.periodic.all()) and finite(one)


def _shift(one: Structure, other: Structure) -> FloatArray:
    """Change of fractional coordinates, the shorter way round, without a common shift."""
    scaled = [frame.positions @ np.linalg.inv(frame.cell) for frame in (one, other)]
    change = scaled[1] - scaled[0]
    change -= np.round(change)
    # The mean is of no consequence to the energy, but net forces would make it so.
    return change - change.mean(axis=0)


def _distance(one: Structure, other: Structure) -> float | None:
    """Strain between two cells, and shifts as strains; None if they are not of one crystal."""
    if not np.array_equal(one.numbers, other.numbers):
        return None
    strain = float(np.abs(np.linalg.inv(one.cell) @ other.cell - np.eye(3)).max())
    if strain > LARGEST_STRAIN:
        return None
    lengths = np.linalg.norm(_shift(one, other) @ one.cell, axis=1)
    if lengths.max() > LARGEST_SHIFT:
        return None
    return float(np.hypot(strain, np.sqrt(np.mean(lengths**2)) / _BOND))


def _nearest(near: dict[tuple[int, int], float], count: int) -> list[tuple[int, int]]:
    """The pairs of each frame with its nearest."""
    by_frame: list[list[tuple[int, int]]] = [[] for _ in range(count)]
    for pair in near:
        for place in pair:
            by_frame[place].append(pair)
    return sorted({p for pairs in by_frame for p in sorted(pairs, key=near.__getitem__)[:NEAREST]})


def _between(one: Structure, other: Structure, distance: float) -> Pairs:
    """One pair, each field without its first axis."""
    change, stretch = _shift(one, other), other.cell - one.cell
    assert one.energy is not None
    assert other.energy is not None
    push, swelling, work = 0.0, 0.0, []
    for end in (one, other):
        assert end.forces is not None
        push += float(np.sum(end.forces * (change @ end.cell))) / 2
        gradient = np.linalg.inv(end.cell) @ stretch
        strain = components((gradient + gradient.T) / 2) * [1, 1, 1, 2, 2, 2]
        work.append(end.volume * strain / 2)
        swelling += end.volume * float(np.trace(gradient)) / 2
    middle = np.linalg.inv((one.cell + other.cell) / 2) @ stretch
    volume = (one.volume + other.volume) / 2
    unknown = np.full(6, np.nan)
    labels = [unknown if end.stress is None else end.stress for end in (one, other)]
    error = np.hypot(ENERGY_ERROR, MODULUS * one.volume * distance**4)
    return Pairs(
        np.array(other.energy - one.energy),
        np.array(push),
        np.array(work),
        np.array(labels),
        np.array(swelling),
        volume * _thirds((middle + middle.T) / 2, change @ (one.cell + other.cell) / 2),
        np.array(len(one)),
        np.array(volume),
        1 / np.array(error),
    )


def _thirds(strain: FloatArray, shift: FloatArray) -> FloatArray:
    """What is of third order in strain and shift and does not vanish on average.

    Three cubic invariants of the strain, and the square of the shifts by the swelling and by the
    shear: atoms off their sites are harder in a smaller cell. Left out, this passes for a pressure.
    """
    swelling = np.trace(strain)
    shear = strain - np.eye(3) * swelling / 3
    square = shift.T @ shift / (len(shift) * _BOND**2)
    return np.array(
        [
            swelling**3,
            swelling * np.sum(shear**2),
            np.linalg.det(shear),
            swelling * np.trace(square),
            np.sum(shear * square),
        ]
    )
