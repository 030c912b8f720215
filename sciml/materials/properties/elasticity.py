"""Elastic constants from the stress of strained crystals, at any pressure.

C is what a crystal's stress gains by a small strain of the state it is in: σ(ε) = σ(0) + C ε, with
Voigt's engineering strains in the order xx, yy, zz, yz, xz, xy. Under pressure these are the
stress-strain coefficients of Wallace, which decide on stability and on the speed of sound; the
second derivatives of the energy differ from them by the pressure.

Sources:
    Wallace, Thermodynamics of Crystals (1972), chapter 2.
    Born & Huang, Dynamical Theory of Crystal Lattices (1954), for stability.
    Hill, Proc. Phys. Soc. A 65, 349 (1952), for averages over grains.
"""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from phonopy.structure.atoms import PhonopyAtoms
from phonopy.structure.symmetry import Symmetry
from spglib import get_symmetry_dataset
from spglib.error import SpglibError

from sciml.core.axes import FloatArray, axes
from sciml.core.errors import BadInput
from sciml.materials.potential import Potential
from sciml.materials.properties.relaxation import relax
from sciml.materials.structures import GPA, Structure

STRAIN = 0.005  # so small that the curvature of the stress is cancelled by the formula below

_PLACES = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))
# Central differences that are exact for a quartic: f'(0) ≈ Σ weight f(multiple · h) / h.
_DIFFERENCES = ((1.0, 2 / 3), (-1.0, -2 / 3), (2.0, -1 / 12), (-2.0, 1 / 12))
_SYMMETRY = 1e-3  # Å, by which an atom may miss its image
_FIRST_CUBIC = 195  # of the 230 space groups
_REST = 1e-5  # eV/Å, of the atoms in strained cells
# √2 for shear makes a rotation of stresses and of strains the same orthogonal matrix (Kelvin).
_KELVIN = np.array([1, 1, 1, np.sqrt(2), np.sqrt(2), np.sqrt(2)])


class GrainAverage(NamedTuple):
    """What a material of many grains in all directions shows, between two bounds."""

    bulk: float  # GPa, mean of the bounds
    shear: float  # GPa, mean of the bounds
    young: float  # GPa
    poisson: float
    anisotropy: float  # 5 G_V/G_R + B_V/B_R - 6; 0 if all directions are equal


def elastic_constants(
    potential: Potential,
    structure: Structure,
    *,
    strain: float = STRAIN,
    relaxed: bool = True,
) -> FloatArray:
    """All elastic constants of a crystal in the state that it is given in.

    Args:
        potential: Any.
        structure: At rest under the pressure of interest; see
            :func:`sciml.materials.properties.relaxation.relax`.
        strain: Of the differences; the largest strain is twice that.
        relaxed: Whether atoms find their places in the strained cell, as they do in experiments;
            otherwise they follow the cell.

    Returns:
        GPa, shape (6, 6), symmetric; without regard to the symmetry of the crystal.

    Raises:
        BadInput: if the structure is not periodic in all directions, the strain is not positive, or
            atoms find no rest.
    """
    if not structure.periodic.all():
        raise BadInput(
            f"{structure.name}: elastic constants need a cell periodic in all directions."
        )
    if not 0 < strain < 0.1:
        raise BadInput(
            f"elastic_constants: strain is {strain}; expected 0 to 0.1, such as {STRAIN}"
        )
    C = np.zeros((6, 6))
    for column in range(6):
        for multiple, weight in _DIFFERENCES:
            stretched = strained(structure, column, multiple * strain)
            C[:, column] += weight * _stress(potential, stretched, relaxed) / strain
    return (C + C.T) / 2 / GPA


def strained(structure: Structure, component: int, strain: float) -> Structure:
    """A crystal under one component of strain, without labels.

    Args:
        structure: Any.
        component: Of Voigt: 0 to 5 for xx, yy, zz, yz, xz, xy.
        strain: Engineering strain, so that a shear strain is twice the entry of the tensor.

    Returns:
        Atoms that follow the cell.
    """
    row, column = _PLACES[component]
    stretch = np.eye(3)
    stretch[row, column] += strain / 2
    stretch[column, row] += strain / 2
    return replace(
        structure,
        positions=structure.positions @ stretch,
        cell=structure.cell @ stretch,
        energy=None,
        forces=None,
        stress=None,
    )


def _stress(potential: Potential, structure: Structure, relaxed: bool) -> FloatArray:
    """Of a strained cell, eV/Å³."""
    if not relaxed:
        return potential.evaluate([structure])[0].stress
    rested = relax(potential, structure, cell="fixed", tolerance=_REST)
    assert rested.stress is not None
    return rested.stress


def with_symmetry(C: FloatArray, structure: Structure) -> FloatArray:
    """The part of elastic constants that the symmetry of the crystal allows.

    Args:
        C: GPa, shape (6, 6).
        structure: The crystal, in the same axes.

    Returns:
        The mean over all rotations that map the crystal onto itself, GPa, shape (6, 6).

    Raises:
        BadInput: if no symmetry can be found, as for atoms at the same place.
    """
    axes(C, "6 6", "C")
    crystal = PhonopyAtoms(
        numbers=structure.numbers, positions=structure.positions, cell=structure.cell
    )
    try:
        found = Symmetry(crystal, symprec=_SYMMETRY).symmetry_operations["rotations"]
    except SpglibError as error:
        raise BadInput(f"{structure.name}: no symmetry found: {error}") from error
    kelvin = C * np.outer(_KELVIN, _KELVIN)
    columns = structure.cell.T
    # A rotation acts on fractions; in space it is A W A⁻¹ with the lattice vectors in columns.
    turns = [columns @ W @ np.linalg.inv(columns) for W in np.unique(found, axis=0)]
    matrices = [_kelvin_rotation(turn) for turn in turns]
    mean = np.mean([M @ kelvin @ M.T for M in matrices], axis=0)
    return mean / np.outer(_KELVIN, _KELVIN)


def _kelvin_rotation(turn: FloatArray) -> FloatArray:
    """How a rotation acts on symmetric tensors in Kelvin's form, an orthogonal matrix (6, 6)."""
    matrix = np.empty((6, 6))
    for column, (i, j) in enumerate(_PLACES):
        unit = np.zeros((3, 3))
        unit[i, j] += 0.5
        unit[j, i] += 0.5
        turned = turn @ unit @ turn.T
        entries = np.array([turned[place] for place in _PLACES])
        matrix[:, column] = entries * _KELVIN * (1 if i == j else np.sqrt(2))
    return matrix


def cubic_constants(C: FloatArray) -> tuple[float, float, float]:
    """C11, C12 and C44 of a cubic crystal whose axes are those of space.

    Args:
        C: GPa, shape (6, 6).

    Returns:
        Means over the entries that are equal by symmetry, GPa.
    """
    axes(C, "6 6", "C")
    diagonal = np.diag(C)
    off = (C[0, 1] + C[0, 2] + C[1, 2]) / 3
    return float(diagonal[:3].mean()), float(off), float(diagonal[3:].mean())


def require_cube(structure: Structure) -> None:
    """Refuse a crystal that is not cubic, or whose cell is not a cube along x, y and z.

    Raises:
        BadInput: as said.
    """
    edge = structure.volume ** (1 / 3)
    along = np.abs(structure.cell - edge * np.eye(3)).max() < _SYMMETRY * edge
    if not along or _space_group(structure) < _FIRST_CUBIC:
        raise BadInput(
            f"{structure.name}: expected a cubic crystal in a cube with its edges along x, y and "
            f"z, got the cell {np.round(structure.cell, 4).tolist()} of space group "
            f"{_space_group(structure)}; give its conventional cell, or leave the compression out."
        )


def _space_group(structure: Structure) -> int:
    """Its number in the International Tables."""
    shares = structure.positions @ np.linalg.inv(structure.cell)
    cell: Any = (structure.cell, shares, structure.numbers)  # spglib takes arrays, and says lists
    try:
        found = get_symmetry_dataset(cell, _SYMMETRY)
    except SpglibError as error:
        raise BadInput(f"{structure.name}: no symmetry found: {error}") from error
    if found is None:
        raise BadInput(f"{structure.name}: no symmetry found; look at its positions.")
    return int(found.number)


def stability(C: FloatArray) -> float:
    """The softest stiffness, GPa; a crystal that is stable against strain has it above zero.

    Args:
        C: GPa, shape (6, 6).

    Returns:
        The smallest eigenvalue in Kelvin's form, which does not depend on the axes.
    """
    return float(np.linalg.eigvalsh(C * np.outer(_KELVIN, _KELVIN)).min())


def grain_average(C: FloatArray) -> GrainAverage:
    """Moduli of a material of many grains.

    Args:
        C: GPa, shape (6, 6).

    Returns:
        Hill's means of the bounds by Voigt (equal strain) and Reuss (equal stress).

    Raises:
        BadInput: if the crystal is not stable, so that the bounds have no meaning.
    """
    axes(C, "6 6", "C")
    if stability(C) <= 0:
        raise BadInput(
            f"grain_average: softest stiffness {stability(C):.3g} GPa; the crystal is not stable."
        )
    S = np.linalg.inv(C)
    bulk_v, shear_v = _voigt(C)
    # In compliances a shear strain is twice the entry of the tensor, hence the fours.
    bulk_r = 1 / S[:3, :3].sum()
    off = S[0, 1] + S[0, 2] + S[1, 2]
    shear_r = 15 / (4 * np.trace(S[:3, :3]) - 4 * off + 3 * np.trace(S[3:, 3:]))
    bulk, shear = (bulk_v + bulk_r) / 2, (shear_v + shear_r) / 2
    young = 9 * bulk * shear / (3 * bulk + shear)
    anisotropy = 5 * shear_v / shear_r + bulk_v / bulk_r - 6
    poisson = (3 * bulk - 2 * shear) / (2 * (3 * bulk + shear))
    return GrainAverage(*(float(x) for x in (bulk, shear, young, poisson, anisotropy)))


def _voigt(C: FloatArray) -> tuple[float, float]:
    """Bulk and shear modulus if all grains are strained equally."""
    off = C[0, 1] + C[0, 2] + C[1, 2]
    shear = (np.trace(C[:3, :3]) - off + 3 * np.trace(C[3:, 3:])) / 15
    return float(C[:3, :3].sum() / 9), float(shear)
