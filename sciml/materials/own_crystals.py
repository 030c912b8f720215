"""A crystal as a recipe names it: by its structure, elements and edge, or by a file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import PositiveFloat, model_validator

from sciml.core.errors import BadInput
from sciml.core.paths import shown
from sciml.core.settings import Settings
from sciml.core.user_files import user_file
from sciml.materials.elements import atomic_number
from sciml.materials.structures import Structure, from_atoms

_ONE = ("sc", "fcc", "bcc", "diamond")  # as ASE calls structures of one element
# What the readers of ASE raise at a file that is not what its name says.
_UNREADABLE = (ValueError, KeyError, IndexError, TypeError, RuntimeError, OSError, AssertionError)
_TWO = ("zincblende", "rocksalt", "cesiumchloride")


class CrystalSettings(Settings):
    """A cubic crystal without flaw."""

    structure: Literal["sc", "fcc", "bcc", "diamond", "zincblende", "rocksalt", "cesiumchloride"]
    elements: tuple[str, ...]  # symbols, one or two
    lattice: PositiveFloat  # Å, edge of the cube, near rest

    @model_validator(mode="after")
    def _as_many_elements_as_sites(self) -> Self:
        count = 1 if self.structure in _ONE else 2
        if len(self.elements) != count:
            raise ValueError(
                f"elements: {self.structure} has {count}, got {len(self.elements)}; there are "
                f"{', '.join(_ONE)} of one and {', '.join(_TWO)} of two"
            )
        return self


def crystal_of(told: str | CrystalSettings) -> Structure:
    """A crystal.

    Args:
        told: Settings, or a file that ASE reads, such as CIF, POSCAR or extended XYZ, whose last
            frame is taken; looked for in the working folder, then in the project.

    Returns:
        Atoms without labels; of settings a cube with its edges along x, y and z.

    Raises:
        BadInput: if the file is missing or cannot be read, an element is not known, a site is
            shared by several elements or partly empty, or the crystal is not periodic in three
            directions.
    """
    return _of_file(user_file(told, "crystal")) if isinstance(told, str) else _of_settings(told)


def _of_settings(told: CrystalSettings) -> Structure:
    """A cube of a crystal."""
    from ase.build import bulk

    for name in told.elements:
        atomic_number(name)
    formula = "".join(told.elements)
    atoms = bulk(formula, told.structure, a=told.lattice, cubic=True)
    return from_atoms(atoms, {"source": f"{told.structure} {formula}"})


def _of_file(path: Path) -> Structure:
    """The last frame of a file."""
    from ase.io import read
    from ase.io.formats import UnknownFileTypeError

    try:
        atoms = read(path)
    except (*_UNREADABLE, UnknownFileTypeError) as error:
        raise BadInput(
            f"crystal: {shown(path)}: ASE cannot read it ({error}); write CIF or extended XYZ."
        ) from None
    assert not isinstance(atoms, list)
    _require_whole_atoms(path, atoms.info.get("occupancy", {}))
    atoms.calc = None
    found = from_atoms(atoms, {"source": path.name})
    if not found.periodic.all():
        raise BadInput(
            f"crystal: {shown(path)}: expected a cell that repeats in three directions, got "
            f"{found.periodic.tolist()}; give its lattice vectors."
        )
    return found


def _require_whole_atoms(path: Path, occupancy: Mapping[str, Mapping[str, float]]) -> None:
    """ASE would put whole atoms of the first element on sites that are shared or partly empty."""
    for shares in occupancy.values():
        if list(shares.values()) != [1.0]:
            told = ", ".join(f"{element} {share:g}" for element, share in shares.items())
            raise BadInput(
                f"crystal: {shown(path)}: a site is occupied by {told}; expected one whole atom; "
                "make the structure ordered first."
            )
