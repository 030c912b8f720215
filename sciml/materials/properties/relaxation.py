"""Atoms and cells at rest under a given pressure."""

import warnings
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from ase.filters import FrechetCellFilter
from ase.optimize import BFGS, FIRE

from sciml.core.errors import BadInput
from sciml.materials.calculator import PotentialCalculator
from sciml.materials.potential import Potential
from sciml.materials.structures import GPA, Structure, from_atoms, to_atoms

FORCE_TOLERANCE = 1e-4  # eV/Å; for the cell, eV for each atom at a strain of one
TORN = 10.0  # times larger or smaller, a cell is no longer that of the crystal
_METHODS: dict[str, Any] = {"bfgs": BFGS, "fire": FIRE}


def relax(
    potential: Potential,
    structure: Structure,
    *,
    cell: Literal["fixed", "scaled", "free"] = "free",
    pressure: float = 0.0,
    tolerance: float = FORCE_TOLERANCE,
    steps: int = 500,
    method: Literal["bfgs", "fire"] = "bfgs",
) -> Structure:
    """Move atoms and cell to the nearest minimum of the enthalpy H = E + P V.

    Args:
        potential: Any.
        structure: Where to start.
        cell: ``fixed``; ``scaled`` by one factor, so that its shape stays; or ``free``.
        pressure: GPa, positive in compression; it has no say in a fixed cell.
        tolerance: Largest force on an atom at the end, eV/Å, and largest slope of H by the
            logarithmic strain, over the number of atoms, eV.
        steps: Most steps.
        method: ``bfgs`` is quick near a minimum, ``fire`` is safe far from one.

    Returns:
        The same atoms with energy, forces and, where there is a volume, stress.

    Raises:
        BadInput: if the cell may change but has no volume, or there is no rest within the steps;
            a crystal that is torn apart is left once its volume has changed tenfold.
    """
    if cell != "fixed" and not structure.periodic.all():
        raise BadInput(
            f"{structure.name}: its cell cannot be relaxed, it is not periodic in all directions; "
            "ask for cell='fixed'."
        )
    atoms = to_atoms(replace(structure, energy=None, forces=None, stress=None))
    atoms.calc = PotentialCalculator(potential)
    mover: Any = (  # ASE's optimisers take both, and say that they take atoms
        atoms
        if cell == "fixed"
        else FrechetCellFilter(
            atoms, scalar_pressure=pressure * GPA, hydrostatic_strain=cell == "scaled"
        )
    )
    with warnings.catch_warnings(), _METHODS[method](mover, logfile=None) as search:
        warnings.simplefilter("ignore", RuntimeWarning)  # cells that fly apart are told below
        if cell != "fixed":
            search.attach(lambda: _require_whole(structure, atoms.get_volume(), pressure))
        rested = search.run(fmax=tolerance, steps=steps)
    if not rested or not np.isfinite(atoms.positions).all():
        raise BadInput(
            f"{structure.name}: not at rest after {steps} steps at {pressure:g} GPa; start nearer "
            "to a minimum, allow more steps, or try method='fire'."
        )
    return from_atoms(atoms, about=structure.about)


def _require_whole(structure: Structure, volume: float, pressure: float) -> None:
    """Stop at a crystal that is torn apart or crushed, which no further step would mend."""
    ratio = volume / structure.volume
    if not 1 / TORN < ratio < TORN:
        raise BadInput(
            f"{structure.name}: its volume has become {ratio:.3g} times that of the start at "
            f"{pressure:g} GPa, expected a crystal that holds together; ask for less tension or "
            "pressure, or look at the potential there."
        )


def pressure_of(structure: Structure) -> float:
    """The pressure that the stress of a structure means, GPa, positive in compression.

    Raises:
        BadInput: if it has no stress.
    """
    if structure.stress is None:
        raise BadInput(f"{structure.name}: has no stress; relax or label it first.")
    return -float(np.mean(structure.stress[:3])) / GPA
