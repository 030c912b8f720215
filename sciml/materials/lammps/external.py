"""Any potential in LAMMPS without a compiler: one rank, through `fix external`.

Neighbours are sought anew in each step, by our own list, so that this is slower than
``pair_style sciml``; for a potential of ours use that wherever there is a compiler.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.materials.elements import atomic_number, unknown_elements
from sciml.materials.potential import Potential
from sciml.materials.structures import Structure

_VIRIAL = [0, 1, 2, 5, 4, 3]  # LAMMPS takes xx, yy, zz, xy, xz, yz


class Attached:
    """A potential that drives the atoms of a LAMMPS.

    Errors of the potential end a run at its next step and are raised by :meth:`command`; LAMMPS
    itself would lose them.
    """

    def __init__(self, engine: Any, potential: Potential, elements: Sequence[str]) -> None:
        self._engine, self._potential = engine, potential
        self._numbers = np.array([0, *(atomic_number(name) for name in elements)])
        self._error: Exception | None = None

    def command(self, command: str) -> None:
        """Run a command of LAMMPS.

        Raises:
            Exception: that of the potential, if it had one meanwhile.
        """
        self._error = None
        self._engine.command(command)
        if self._error is not None:
            raise self._error

    def forces(self, _: Any, step: int, count: int, tag: Any, x: FloatArray, f: FloatArray) -> None:
        """What `fix external` calls in each step."""
        del step, tag
        try:
            self._set(count, x, f)
        except Exception as error:  # goes on beyond LAMMPS, whose C++ cannot carry it
            self._error = error
            f[:] = 0
            self._engine.lib.lammps_force_timeout(self._engine.lmp)

    def _set(self, count: int, x: FloatArray, f: FloatArray) -> None:
        engine = self._engine
        types = engine.numpy.extract_atom("type")[:count]
        low, high, xy, yz, xz, periodic, _ = engine.extract_box()
        lx, ly, lz = np.subtract(high, low)
        cell = np.array([[lx, 0, 0], [xy, ly, 0], [xz, yz, lz]])
        atoms = Structure(self._numbers[types], x - low, cell, np.array(periodic, dtype=bool))
        found = self._potential.evaluate([atoms])[0]
        f[:] = found.forces
        engine.fix_external_set_energy_global(NAME, found.energy)
        engine.fix_external_set_energy_peratom(NAME, found.atom_energies)
        if atoms.periodic.all():
            virial = -found.stress[_VIRIAL] * atoms.volume
            engine.fix_external_set_virial_global(NAME, virial.tolist())


NAME = "sciml"


def attach(engine: Any, potential: Potential, elements: Sequence[str]) -> Attached:
    """Let a potential drive the atoms of a LAMMPS.

    Args:
        engine: From :func:`sciml.materials.lammps.engine.start_lammps`, in metal units and with a
            box; pressure is known where all directions repeat.
        potential: Any.
        elements: The symbol of each atom type, in their order.

    Returns:
        To run commands by, so that errors of the potential are seen.

    Raises:
        BadInput: if LAMMPS runs on several ranks, in other units or without a box, or an element
            is not known.
    """
    ranks = engine.extract_setting("world_size")
    if ranks > 1:
        raise BadInput(
            f"attach: LAMMPS runs on {ranks} ranks, and a fix cannot give forces to atoms of "
            "others; use `pair_style sciml`, or one rank."
        )
    if engine.extract_global("units") != "metal":
        raise BadInput("attach: energies are in eV and lengths in Å; set `units metal`.")
    types = engine.extract_global("ntypes")
    if not engine.extract_setting("box_exist") or len(elements) != types:
        raise BadInput(
            f"attach: {len(elements)} elements for {types} atom types; make the box first and name "
            "one element for each type."
        )
    driver = Attached(engine, potential, elements)
    unknown = unknown_elements(np.array([atomic_number(e) for e in elements]), potential.elements)
    if unknown:
        raise BadInput(f"attach: the potential does not know {unknown}.")
    for command in (
        f"pair_style zero {potential.cutoff}",  # atoms are communicated as far as this
        "pair_coeff * *",
        f"fix {NAME} all external pf/callback 1 1",
        f"fix_modify {NAME} energy yes virial yes",
    ):
        engine.command(command)
    engine.set_fix_external_callback(NAME, driver.forces)
    return driver
