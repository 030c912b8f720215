"""The stress of a potential against finite strains of its energy."""

from typing import NamedTuple

import numpy as np

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.materials.potential import Potential
from sciml.materials.properties.elasticity import strained
from sciml.materials.structures import Structure

STEP = 1e-4  # of strain; the error is of its square


class StressConsistency(NamedTuple):
    """Both stresses, eV/Å³, xx, yy, zz, yz, xz, xy."""

    told: FloatArray
    by_strain: FloatArray

    @property
    def difference(self) -> float:
        """The largest of the components, eV/Å³."""
        return float(np.abs(self.told - self.by_strain).max())


def stress_consistency(potential: Potential, structure: Structure) -> StressConsistency:
    """What a potential tells of the stress, and what its energy implies.

    Args:
        potential: Any potential.
        structure: Periodic in three directions.

    Returns:
        The stress that is told, and the slope of the energy by strain over the volume, by central
        differences.

    Raises:
        BadInput: if the structure has no volume.
    """
    if not structure.periodic.all():
        raise BadInput(f"{structure.name}: stress needs three periodic directions.")
    cells = [strained(structure, place, step) for step in (STEP, -STEP) for place in range(6)]
    energies = np.array([one.energy for one in potential.evaluate(cells)])
    by_strain = (energies[:6] - energies[6:]) / (2 * STEP * structure.volume)
    return StressConsistency(potential.evaluate([structure])[0].stress, by_strain)
