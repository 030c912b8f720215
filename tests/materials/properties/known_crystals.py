"""Potentials whose crystals have known numbers: springs in closed form, silicon from literature."""

from collections.abc import Sequence
from functools import cache

import numpy as np
from ase.build import bulk

from sciml.materials.neighbours import neighbours
from sciml.materials.potential import Evaluation
from sciml.materials.simulated_crystals import SILICON
from sciml.materials.structures import Structure, from_atoms

SPRING, LENGTH, DEPTH = 3.0, 2.6, 0.4  # eV/Å², Å, eV
EDGE = LENGTH * np.sqrt(2)  # of the face-centred cube whose nearest neighbours are at rest, Å


class Springs:
    """Springs between atoms nearer than 1.2 times their length: φ = k (r - l)² / 2 - D."""

    elements = (13,)
    cutoff = 1.2 * LENGTH

    def evaluate(self, structures: Sequence[Structure]) -> list[Evaluation]:
        return [self._evaluated(structure) for structure in structures]

    def _evaluated(self, one: Structure) -> Evaluation:
        pairs = neighbours(one, self.cutoff)
        r = np.linalg.norm(pairs.vector, axis=1)
        pulls = (SPRING * (r - LENGTH) / r)[:, None] * pairs.vector  # on the centre
        forces, energies = np.zeros_like(one.positions), np.zeros(len(one))
        np.add.at(forces, pairs.centre, pulls)
        np.add.at(energies, pairs.centre, (SPRING * (r - LENGTH) ** 2 / 2 - DEPTH) / 2)
        virial = pulls.T @ pairs.vector / 2
        volume = one.volume if one.periodic.all() else np.nan
        stress = virial[[0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]] / volume
        return Evaluation(float(energies.sum()), forces, stress, energies)


def spring_crystal(*, cubic: bool = True, stretch: float = 1.0) -> Structure:
    return from_atoms(bulk("Al", "fcc", a=EDGE * stretch, cubic=cubic))


@cache
def stillinger_weber():
    return SILICON.potential()
