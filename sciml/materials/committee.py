"""Several potentials as one: their mean, and how far they disagree."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sciml.core.errors import BadInput
from sciml.materials.potential import Evaluation, Potential
from sciml.materials.structures import Structure


@dataclass(frozen=True)
class Committee:
    """The mean of potentials that differ in their seed; it obeys ``Potential`` itself.

    The mean has smaller errors than its members, and ``spread`` says where they disagree: the
    deviation of the members' forces on an atom, eV/Å.

    Attributes:
        members: Two or more, for the same elements.

    Raises:
        BadInput: if there are fewer, or their elements differ.

    Source:
        Schran et al., J. Chem. Phys. 153 (2020) 104105.
    """

    members: tuple[Potential, ...]

    def __post_init__(self) -> None:
        known = {member.elements for member in self.members}
        if len(self.members) < 2 or len(known) != 1:
            raise BadInput(
                f"committee: expected two or more potentials of the same elements, got "
                f"{len(self.members)} for {sorted(known)}; load others."
            )

    @property
    def elements(self) -> tuple[int, ...]:
        """Atomic numbers that the members know."""
        return self.members[0].elements

    @property
    def cutoff(self) -> float:
        """The members' largest, Å."""
        return max(member.cutoff for member in self.members)

    def evaluate(self, structures: Sequence[Structure]) -> list[Evaluation]:
        """Means over the members, in float64.

        Raises:
            BadInput: if an element is not known.
        """
        found = [member.evaluate(structures) for member in self.members]
        return [_mean(parts) for parts in zip(*found, strict=True)]


def _mean(parts: tuple[Evaluation, ...]) -> Evaluation:
    """One structure's mean; grades are the largest of any member."""
    forces = np.stack([part.forces for part in parts])
    grades = [part.grades for part in parts if part.grades is not None]
    return Evaluation(
        energy=float(np.mean([part.energy for part in parts])),
        forces=forces.mean(axis=0),
        stress=np.mean([part.stress for part in parts], axis=0),
        atom_energies=np.mean([part.atom_energies for part in parts], axis=0),
        grades=np.max(grades, axis=0) if grades else None,
        spread=np.sqrt(np.sum(np.var(forces, axis=0), axis=1)),
    )
