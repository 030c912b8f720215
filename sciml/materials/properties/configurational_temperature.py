"""The temperature that forces imply, without any velocity."""

from dataclasses import replace
from zlib import crc32

import numpy as np
from ase.units import kB

from sciml.core.errors import BadInput
from sciml.materials.potential import Potential
from sciml.materials.structures import Structure

DRAWS = 16  # directions that the curvature is measured along
STEP = 2e-3  # Å


def configurational_temperature(
    potential: Potential, structure: Structure, *, draws: int = DRAWS, seed: int = 0
) -> float:
    """The temperature at which forces as large as these are usual where the energy curves so.

    In equilibrium <|∇U|²> = k T <∇²U>, in crystals and melts alike. One frame of N atoms tells its
    temperature to about √(2 / 3N), 10 % for 64 atoms; the mean of several frames tells more.

    Args:
        potential: Tells the curvature, and the forces if the structure has none.
        structure: A frame of a motion in equilibrium, with all its atoms free; what moved them must
            be the energies that its forces are of.
        draws: Random directions, of +1 and -1 for each coordinate, over which the sum of the second
            derivatives is a mean; it is off by some per cent, in each frame by chance anew.
        seed: Of the directions, with the positions: two frames have other directions, so that what
            is off goes away in a mean over frames.

    Returns:
        K.

    Raises:
        BadInput: if the energy curves downwards in the mean, as it does far from equilibrium.

    Source:
        Rugh, Phys. Rev. Lett. 78, 772 (1997); Butler, Ayton, Jepps & Evans, J. Chem. Phys. 109,
        6519 (1998). The mean over directions: Hutchinson, Commun. Stat. Simul. Comput. 19, 433
        (1990).
    """
    rng = np.random.default_rng([seed, crc32(structure.positions.tobytes())])
    ways = rng.choice([-STEP, STEP], size=(draws, *structure.positions.shape))
    moved = [replace(structure, positions=structure.positions + way) for way in (*ways, *-ways)]
    forces = np.array([one.forces for one in potential.evaluate(moved)])
    curvature = -float(np.sum(ways * (forces[:draws] - forces[draws:]))) / (2 * draws * STEP**2)
    if curvature <= 0:
        raise BadInput(
            f"{structure.name}: the energy curves downwards ({curvature:.3g} eV/Å² in all), which "
            "no equilibrium does; give a frame of a motion, and a potential that knows it."
        )
    own = structure.forces
    pulls = potential.evaluate([structure])[0].forces if own is None else own
    return float(np.sum(pulls**2)) / (kB * curvature)
