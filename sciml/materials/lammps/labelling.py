"""Energy, forces and stress by any pair style of LAMMPS."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.materials.elements import atomic_mass, atomic_number, unknown_elements
from sciml.materials.lammps.engine import start_lammps, with_shipped_files
from sciml.materials.lammps.restricted_cell import RestrictedCell, restricted_cell
from sciml.materials.potential import Evaluation, Potential
from sciml.materials.structures import Structure

_SMALLEST_VOLUME = 1e-6  # Å³
# LAMMPS gives xx, yy, zz, xy, xz, yz.
_ORDER = [0, 1, 2, 5, 4, 3]
_SETTINGS = (
    "units metal",
    "atom_style atomic",
    "atom_modify map array sort 0 0.0",
    "box tilt large",
    "region box prism 0 1 0 1 0 1 0 0 0",
)
_MEASURES = (
    "neighbor 0.0 bin",
    "neigh_modify every 1 delay 0 check yes one 20000 page 400000",
    "compute atom_energy all pe/atom",
    "compute atom_energies all reduce sum c_atom_energy",
    "compute virial all pressure NULL virial",
    # Per-atom energies and the virial are summed in steps only whose output asks for them.
    "thermo_style custom step pe c_atom_energies c_virial[1]",
    "thermo_modify norm no lost error",
)


def labelled(potential: Potential, structures: Sequence[Structure]) -> list[Structure]:
    """Structures with energy, forces and stress by a potential.

    Args:
        potential: Any.
        structures: Their own labels are replaced.

    Returns:
        The same atoms; no stress where there is no volume.

    Raises:
        BadInput: if the potential does not know an element.
    """
    done = potential.evaluate(structures)
    return [
        replace(
            structure,
            energy=e.energy,
            forces=e.forces,
            stress=e.stress if np.isfinite(e.stress).all() else None,
        )
        for structure, e in zip(structures, done, strict=True)
    ]


class LammpsPotential:
    """A potential of LAMMPS as a :class:`sciml.materials.potential.Potential`, on one core.

    Any cell will do: it is turned into LAMMPS' form, and forces and stress are turned back. The
    stress of a structure with open directions is its virial over the volume of its cell.

    Args:
        commands: ``pair_style`` and ``pair_coeff`` commands in metal units; files that come with
            LAMMPS are found by name. Atom types are numbered in the order of ``elements``.
        elements: Symbols, in the order of the types.

    Raises:
        BadInput: if LAMMPS is not installed, refuses a command, or an element is unknown.

    Example:
        ``LammpsPotential(["pair_style sw", "pair_coeff * * Si.sw Si"], ["Si"])``
    """

    def __init__(self, commands: Sequence[str], elements: Sequence[str]) -> None:
        self._numbers = tuple(atomic_number(name) for name in elements)
        if not self._numbers or len(set(self._numbers)) < len(self._numbers):
            raise BadInput(f"elements: expected different symbols, at least one, got {elements}.")
        self._commands = tuple(with_shipped_files(command) for command in commands)
        self._engine: Any = None
        self._cutoff = self._measured_cutoff()

    @property
    def elements(self) -> tuple[int, ...]:
        """Atomic numbers that it knows, in the order of LAMMPS' types."""
        return self._numbers

    @property
    def cutoff(self) -> float:
        """Å; atoms farther apart than this do not feel one another directly."""
        return self._cutoff

    def evaluate(self, structures: Sequence[Structure]) -> list[Evaluation]:
        """Energies, forces and stresses in float64.

        Args:
            structures: In any cells and sizes.

        Returns:
            One evaluation for each, with energies of atoms.

        Raises:
            BadInput: if a structure has an element that the potential does not know, two of its
                atoms are at the same place, or LAMMPS refuses it.
        """
        return [self._evaluated(structure) for structure in structures]

    def load(self, structure: Structure) -> tuple[Any, RestrictedCell]:
        """Put a structure into LAMMPS in place of the last one, for those who drive it further.

        Args:
            structure: In any cell.

        Returns:
            LAMMPS, with atoms numbered from one in the order of the structure, and the cell.

        Raises:
            BadInput: if an element is unknown or LAMMPS refuses the structure.
        """
        unknown = unknown_elements(structure.numbers, self._numbers)
        if unknown:
            raise BadInput(
                f"{structure.name}: this potential does not know {unknown}; it knows atomic "
                f"numbers {', '.join(map(str, self._numbers))}."
            )
        cell = restricted_cell(structure)
        engine = self._started()
        types = [self._numbers.index(number) + 1 for number in structure.numbers]
        self.command(
            structure.name, ["delete_atoms group all compress yes", _box_change(structure, cell)]
        )
        made = engine.create_atoms(
            len(types), list(range(1, len(types) + 1)), types, cell.positions.ravel().tolist()
        )
        if made != len(types):
            self.drop()
            raise BadInput(f"{structure.name}: LAMMPS took {made} of its {len(types)} atoms.")
        return engine, cell

    def command(self, name: str, commands: Sequence[str]) -> None:
        """Run commands on what was loaded.

        Args:
            name: What an error calls the structure.
            commands: In the language of LAMMPS.

        Raises:
            BadInput: if LAMMPS refuses one; its state is not trusted again.
        """
        for command in commands:
            try:
                self._engine.command(command)
            except Exception as error:  # LAMMPS raises nothing narrower
                self.drop()
                raise BadInput(f"{name}: LAMMPS refused `{command}`: {error}") from error

    def drop(self) -> None:
        """Forget the state of LAMMPS; the next structure starts a fresh one."""
        if self._engine is not None:
            self._engine.close()
        self._engine = None

    def _evaluated(self, structure: Structure) -> Evaluation:
        """One structure."""
        engine, cell = self.load(structure)
        self.command(structure.name, ["run 0 post no"])
        forces = np.array(engine.gather_atoms("f", 1, 3)).reshape(-1, 3)
        _require_finite(structure, forces)
        order = np.argsort(engine.numpy.extract_atom("id")[: len(structure)])
        energies = np.array(engine.numpy.extract_compute("atom_energy", 1, 1))[order]
        return Evaluation(
            energy=float(engine.get_thermo("pe")),
            forces=cell.turned_back(forces),
            stress=_stress(engine, structure, cell),
            atom_energies=energies,
        )

    def _started(self) -> Any:
        """LAMMPS with the potential set up and an empty box."""
        if self._engine is None:
            ours = any(command.split()[:2] == ["pair_style", "sciml"] for command in self._commands)
            self._engine = start_lammps(style=ours)
            types = enumerate(self._numbers, start=1)
            self.command(
                "LAMMPS",
                [
                    *_SETTINGS,
                    f"create_box {len(self._numbers)} box",
                    *(f"mass {kind} {atomic_mass(number)}" for kind, number in types),
                    *self._commands,
                    *_MEASURES,
                ],
            )
        return self._engine

    def _measured_cutoff(self) -> float:
        """How far LAMMPS looks for neighbours when it keeps no margin."""
        engine = self._started()
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "communication.txt"
            self.command(
                "LAMMPS", ["run 0 post no", f'info communication out overwrite "{report}"']
            )
            engine.flush_buffers()
            lines = report.read_text(encoding="utf-8").splitlines()
        line = next(line for line in lines if "cutoff" in line.lower())
        return float(line.split("=")[1].split()[0])


def _box_change(structure: Structure, cell: RestrictedCell) -> str:
    """The command that gives the empty box its size, tilt and boundaries."""
    (lx, _, _), (xy, ly, _), (xz, yz, lz) = cell.box
    kinds = " ".join("p" if repeats else "f" for repeats in structure.periodic)
    return (
        "change_box all boundary p p p xy final 0 xz final 0 yz final 0 "
        f"x final 0 {lx:.17g} y final 0 {ly:.17g} z final 0 {lz:.17g} "
        f"xy final {xy:.17g} xz final {xz:.17g} yz final {yz:.17g} boundary {kinds} units box"
    )


def _require_finite(structure: Structure, forces: FloatArray) -> None:
    """Refuse forces that are not numbers."""
    bad = np.flatnonzero(~np.isfinite(forces).all(axis=-1))
    if len(bad):
        raise BadInput(
            f"{structure.name}: the force on atom {bad[0]} is {forces[bad[0]]} eV/Å; two atoms are "
            "at the same place, or too close for this potential. Move them or leave the frame out."
        )


def _stress(engine: Any, structure: Structure, cell: RestrictedCell) -> FloatArray:
    """The stress in the frame of the structure; LAMMPS gives a pressure of its own box in bar."""
    if structure.volume < _SMALLEST_VOLUME:
        return np.full(6, np.nan)
    pressure = np.array(engine.numpy.extract_compute("virial", 0, 1))[_ORDER]
    pressure = pressure / engine.extract_global("nktv2p")  # eV/Å³
    share = np.prod(np.diag(cell.box)) / structure.volume
    return cell.stress_turned_back(-pressure * share)
