"""Atoms with their labels, and the door to ASE and pymatgen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from sciml.core.axes import BoolArray, FloatArray, IntArray, axes
from sciml.core.errors import BadInput

if TYPE_CHECKING:
    from ase import Atoms
    from pymatgen.core import Molecule
    from pymatgen.core import Structure as PymatgenStructure

VOIGT = ("xx", "yy", "zz", "yz", "xz", "xy")
_ROWS, _COLUMNS = [0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]  # where VOIGT is in a matrix
GPA = 1 / 160.21766208  # eV/Å³ in one GPa, CODATA 2014 as in ASE
HEAVIEST = 118  # atomic number of oganesson

_PLAIN = (str, float, int, bool, np.number, np.bool_)
About = Mapping[str, str | float | int | bool]
_NOTHING: About = MappingProxyType({})


@dataclass(frozen=True, eq=False)
class Structure:
    """Atoms in a cell, and what was computed for them.

    Attributes:
        numbers: Atomic numbers, shape (atom,).
        positions: Å, shape (atom, 3).
        cell: Lattice vectors as rows, Å, shape (3, 3); a row of zeros where there is none.
        periodic: Which lattice vectors repeat, shape (3,).
        energy: Of all atoms together, eV; None where it is not known.
        forces: eV/Å, shape (atom, 3); None where they are not known.
        stress: eV/Å³, positive in tension, xx, yy, zz, yz, xz, xy; None where it is not known.
        about: What the dataset tells of the frame, such as ``group`` and ``temperature_K``.

    Raises:
        BadInput: if a shape is wrong, a position is not finite, there is no atom, an atomic
            number is of no element, or a periodic direction has no volume.
    """

    numbers: IntArray
    positions: FloatArray
    cell: FloatArray
    periodic: BoolArray
    energy: float | None = None
    forces: FloatArray | None = None
    stress: FloatArray | None = None
    about: About = field(default_factory=lambda: _NOTHING)  # unhashable on Python 3.11

    def __post_init__(self) -> None:
        sizes = axes(self.numbers, "atom", "numbers")
        axes(self.positions, "atom 3", "positions", **sizes)
        axes(self.cell, "3 3", "cell")
        axes(self.periodic, "3", "periodic")
        if self.forces is not None:
            axes(self.forces, "atom 3", "forces", **sizes)
        if self.stress is not None:
            axes(self.stress, "6", "stress")
        if sizes["atom"] == 0:
            raise BadInput(f"{self.name}: it has no atoms; leave it out.")
        strange = self.numbers[(self.numbers < 1) | (self.numbers > HEAVIEST)]
        if len(strange):
            raise BadInput(
                f"{self.name}: {strange[0]} is not the atomic number of an element; expected 1 to "
                f"{HEAVIEST}."
            )
        _require_finite(self.name, "position", self.positions)
        _require_finite(self.name, "cell", self.cell)
        if self.periodic.all() and self.volume < 1e-6:
            raise BadInput(
                f"{self.name}: periodic in three directions but the volume of the cell is "
                f"{self.volume:.3g} Å³; give the lattice vectors, or set periodic to False."
            )
        lattice = self.cell[self.periodic]
        if len(lattice) in (1, 2) and np.linalg.det(lattice @ lattice.T) < 1e-12:
            raise BadInput(
                f"{self.name}: the lattice vectors {lattice.tolist()} of its periodic directions "
                "are zero or parallel; give them, or set periodic to False."
            )

    @property
    def name(self) -> str:
        """What an error calls it: where it is from, if that is known."""
        return str(self.about.get("source", "structure"))

    @property
    def group(self) -> str:
        """With which frames it is counted."""
        return str(self.about.get("group", "unnamed"))

    @property
    def volume(self) -> float:
        """Volume of the cell, Å³."""
        return float(abs(np.linalg.det(self.cell)))

    def __len__(self) -> int:
        return len(self.numbers)


def from_atoms(atoms: "Atoms", about: About = _NOTHING) -> Structure:
    """Take over atoms of ASE and the results of their calculator, if they carry one.

    Args:
        atoms: Energy, forces and stress are read from a finished calculator, never computed; those
            of atoms that have moved since are not taken.
        about: Kept beside what ``atoms.info`` has of numbers and words.

    Returns:
        A copy that shares nothing with them.

    Raises:
        BadInput: if the energy is not one number; as :class:`Structure`.
    """
    results: Mapping[str, Any] = {}
    if atoms.calc is not None and not atoms.calc.check_state(atoms):
        results = atoms.calc.results
    kept = {k: _plain(v) for k, v in atoms.info.items() if isinstance(v, _PLAIN)}
    energy, forces, stress = (results.get(name) for name in ("energy", "forces", "stress"))
    told = MappingProxyType(kept | dict(about))
    return Structure(
        numbers=np.array(atoms.numbers, dtype=np.int64),
        positions=np.array(atoms.positions, dtype=np.float64),
        cell=np.array(atoms.cell.array, dtype=np.float64),
        periodic=np.array(atoms.pbc, dtype=np.bool_),
        energy=None if energy is None else _total(energy, str(told.get("source", "atoms"))),
        forces=None if forces is None else np.array(forces, dtype=np.float64),
        stress=None if stress is None else np.array(stress, dtype=np.float64),
        about=told,
    )


def _total(energy: Any, name: str) -> float:
    """The one number that an energy must be."""
    if np.size(energy) != 1:
        raise BadInput(
            f"{name}: energy is {np.asarray(energy).tolist()}; expected one number, of all atoms "
            "together in eV."
        )
    return float(np.asarray(energy).item())


def _plain(value: Any) -> str | float | int | bool:
    """A number of NumPy as one of Python."""
    return value.item() if isinstance(value, np.generic) else value


def to_atoms(structure: Structure) -> "Atoms":
    """The same as atoms of ASE; labels travel in a ``SinglePointCalculator``."""
    from ase import Atoms
    from ase.calculators.singlepoint import SinglePointCalculator

    atoms = Atoms(
        numbers=structure.numbers,
        positions=structure.positions,
        cell=structure.cell,
        pbc=structure.periodic,
        info=dict(structure.about),
    )
    labels = {n: getattr(structure, n) for n in ("energy", "forces", "stress")}
    known = {name: value for name, value in labels.items() if value is not None}
    if known:
        atoms.calc = SinglePointCalculator(atoms, **known)
    return atoms


def components(matrix: FloatArray) -> FloatArray:
    """The six components of a symmetric matrix, xx, yy, zz, yz, xz, xy.

    Args:
        matrix: Shape (3, 3).

    Returns:
        Shape (6,).
    """
    return np.array(matrix, dtype=np.float64)[_ROWS, _COLUMNS]


def matrix(components: FloatArray) -> FloatArray:
    """A symmetric matrix from xx, yy, zz, yz, xz, xy.

    Args:
        components: Shape (6,).

    Returns:
        Shape (3, 3).
    """
    found = np.empty((3, 3))
    found[_ROWS, _COLUMNS] = found[_COLUMNS, _ROWS] = components
    return found


def from_pymatgen(found: "PymatgenStructure | Molecule", about: About = _NOTHING) -> Structure:
    """Take over a structure or molecule of pymatgen.

    Args:
        found: Each site is one whole atom; charges and oxidation states are dropped. Labels are
            read where :func:`to_pymatgen` puts them: ``energy`` (eV) and ``stress`` (eV/Å³,
            3 by 3) from its ``properties``, ``forces`` (eV/Å) from its ``site_properties``.
        about: Kept beside what ``properties`` has of numbers and words.

    Returns:
        A copy that shares nothing with it.

    Raises:
        BadInput: if a site is shared by several elements or partly empty; as :class:`Structure`.
    """
    told = dict(found.properties or {})
    energy, stress = told.pop("energy", None), told.pop("stress", None)
    forces = found.site_properties.get("forces")
    lattice = getattr(found, "lattice", None)
    kept = {k: _plain(v) for k, v in told.items() if isinstance(v, _PLAIN)} | dict(about)
    if stress is not None and np.shape(stress) != (3, 3):
        raise BadInput(f"pymatgen: stress has shape {np.shape(stress)}; expected (3, 3), in eV/Å³.")
    return Structure(
        numbers=_atomic_numbers(found),
        positions=np.array(found.cart_coords, dtype=np.float64).reshape(-1, 3),
        cell=np.zeros((3, 3)) if lattice is None else np.array(lattice.matrix, dtype=np.float64),
        periodic=np.array([False] * 3 if lattice is None else lattice.pbc, dtype=np.bool_),
        energy=None if energy is None else _total(energy, "pymatgen"),
        forces=None if forces is None else np.array(forces, dtype=np.float64),
        stress=None if stress is None else components(np.array(stress)),
        about=MappingProxyType(kept),
    )


def to_pymatgen(structure: Structure) -> "PymatgenStructure | Molecule":
    """The same for pymatgen: a ``Structure``, or a ``Molecule`` where no direction is periodic.

    Args:
        structure: Its labels go to ``properties`` and ``site_properties``, ``about`` with them.

    Returns:
        Atoms at the same places; the cell of a molecule is dropped.

    Raises:
        BadInput: if some directions are periodic and the cell has no volume, which pymatgen needs.
    """
    from pymatgen.core import Lattice, Molecule
    from pymatgen.core import Structure as PymatgenStructure

    numbers = structure.numbers.tolist()
    told: dict[str, Any] = dict(structure.about)
    if structure.energy is not None:
        told["energy"] = structure.energy
    if structure.stress is not None:
        told["stress"] = matrix(structure.stress).tolist()
    sites = {} if structure.forces is None else {"forces": structure.forces.tolist()}
    if not structure.periodic.any():
        return Molecule(numbers, structure.positions, site_properties=sites, properties=told)
    if structure.volume < 1e-6:
        raise BadInput(
            f"{structure.name}: pymatgen needs three lattice vectors, also across the directions "
            "that do not repeat; give the cell a vacuum."
        )
    first, second, third = structure.periodic.tolist()
    return PymatgenStructure(
        Lattice(structure.cell, pbc=(first, second, third)),
        numbers,
        structure.positions,
        coords_are_cartesian=True,
        site_properties=sites,
        properties=told,
    )


def _atomic_numbers(found: "PymatgenStructure | Molecule") -> IntArray:
    """Of each site, which must be one whole atom."""
    numbers = []
    for place, site in enumerate(found):
        if not site.is_ordered:
            raise BadInput(
                f"pymatgen: site {place} is {site.species_string}; expected one whole atom; make "
                "the structure ordered first."
            )
        numbers.append(site.specie.Z)
    return np.array(numbers, dtype=np.int64)


def _require_finite(name: str, what: str, values: FloatArray) -> None:
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        row = int(bad[0][0])
        raise BadInput(f"{name}: {what} of row {row} is {values[row]}; it must be finite.")
