"""What every interatomic potential offers, whoever wrote it."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from sciml.core.axes import FloatArray
from sciml.materials.structures import Structure


class Evaluation(NamedTuple):
    """What a potential says of one structure."""

    energy: float  # eV
    forces: FloatArray  # eV/Å, (atom, 3)
    stress: FloatArray  # eV/Å³, tension positive, xx, yy, zz, yz, xz, xy; NaN without a volume
    atom_energies: FloatArray  # eV, (atom,); they add up to the energy
    grades: FloatArray | None = None  # extrapolation grade of each atom, (atom,)
    spread: FloatArray | None = None  # committee's spread of each atom's force, eV/Å, (atom,)


class Potential(Protocol):
    """Energy, forces and stress of any structure of known elements."""

    @property
    def elements(self) -> tuple[int, ...]:
        """Atomic numbers that it knows."""
        ...

    @property
    def cutoff(self) -> float:
        """Å; atoms farther apart than this do not feel one another directly."""
        ...

    def evaluate(self, structures: Sequence[Structure]) -> list[Evaluation]:
        """Energies, forces and stresses in float64.

        Raises:
            BadInput: if a structure has an element that the potential does not know.
        """
        ...
