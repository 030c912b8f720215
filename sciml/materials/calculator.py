"""Any potential as a calculator of ASE."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from ase.calculators.calculator import Calculator, all_changes

from sciml.materials.potential import Potential
from sciml.materials.structures import from_atoms

if TYPE_CHECKING:
    from ase import Atoms


class PotentialCalculator(Calculator):
    """Energies, forces, stress and energies of the atoms, as ASE asks for them.

    Beside the properties of ASE, ``results`` has ``grades`` and ``spread`` where the potential
    gives them.

    Args:
        potential: Any :class:`sciml.materials.potential.Potential`.
    """

    implemented_properties: ClassVar[list[str]] = [  # pyright: ignore[reportIncompatibleVariableOverride]
        "energy",
        "free_energy",
        "energies",
        "forces",
        "stress",
    ]

    def __init__(self, potential: Potential) -> None:
        super().__init__()
        self._potential = potential

    def calculate(
        self,
        atoms: "Atoms | None" = None,
        properties: Sequence[str] = ("energy",),
        system_changes: Sequence[str] = tuple(all_changes),
    ) -> None:
        """Evaluate the potential once; all properties come together.

        Raises:
            BadInput: if an element is not known to the potential.
        """
        super().calculate(atoms, list(properties), list(system_changes))
        bare = self.atoms.copy()  # pyright: ignore[reportOptionalMemberAccess]
        found = self._potential.evaluate([from_atoms(bare)])[0]
        results: dict[str, Any] = {
            "energy": found.energy,
            "free_energy": found.energy,
            "energies": found.atom_energies,
            "forces": found.forces,
        }
        if np.isfinite(found.stress).all():
            results["stress"] = found.stress
        extra = {"grades": found.grades, "spread": found.spread}
        self.results = results | {k: v for k, v in extra.items() if v is not None}
