"""Vibrations of crystals by finite displacements, and what follows from them.

phonopy finds the displacements that symmetry leaves to compute and solves the dynamical matrix.
Frequencies are in THz; an unstable direction has a negative one.

Sources:
    Togo, Chaput, Tadano & Tanaka, J. Phys.: Condens. Matter 35, 353001 (2023): phonopy.
    Setyawan & Curtarolo, Comput. Mater. Sci. 49, 299 (2010): names of points of high symmetry.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from ase.cell import Cell
from ase.dft.kpoints import BandPath, parse_path_string
from phonopy import Phonopy
from phonopy.structure.atoms import PhonopyAtoms
from phonopy.structure.cells import guess_primitive_matrix
from scipy.optimize import brentq

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.materials.potential import Potential
from sciml.materials.properties.equation_of_state import fit_equation_of_state
from sciml.materials.properties.relaxation import relax
from sciml.materials.structures import Structure

DISPLACEMENT = 0.01  # Å
EV_IN_KJ_PER_MOL = 96.48533212  # CODATA 2018

_MESH = 24  # points of a mesh along each reciprocal lattice vector
_IMAGINARY = -1e-3  # THz, below which a crystal counts as unstable; rounding stays above
_SYMMETRY = 1e-4  # Å, by which an atom may miss its image
_REST = 1e-2  # eV/Å, the largest force that still counts as rest
_WARMER = 5.0  # K, for the slope of the volume by temperature
_SCALES = (0.98, 0.99, 1.0, 1.01, 1.02, 1.03, 1.04)  # of lengths, for the quasi-harmonic volumes


class Vibrations(NamedTuple):
    """The harmonic vibrations of a crystal; see :func:`vibrations`."""

    solver: Any  # phonopy's, with force constants
    sum_rule_gap: (
        float  # eV/Å², largest force on an atom when all move by 1 Å, before it was mended
    )

    @property
    def atoms(self) -> int:
        """Atoms in the primitive cell."""
        return len(self.solver.primitive)

    @property
    def points(self) -> dict[str, FloatArray]:
        """Points of high symmetry by name, in reciprocal vectors of the primitive cell."""
        return dict(self._path(None).special_points)

    def frequencies(self, wavevectors: FloatArray) -> FloatArray:
        """Of all modes at some points.

        Args:
            wavevectors: In reciprocal vectors of the primitive cell, shape (point, 3).

        Returns:
            THz, shape (point, mode), from low to high.
        """
        self.solver.run_qpoints(np.atleast_2d(wavevectors))
        return np.array(self.solver.qpoints.frequencies)

    def at(self, point: str) -> FloatArray:
        """Of all modes at a point of high symmetry, THz, shape (mode,).

        Raises:
            BadInput: if the lattice has no such point.
        """
        points = self.points
        if point not in points:
            raise BadInput(f"vibrations: no point '{point}'; there are {', '.join(points)}.")
        return self.frequencies(points[point])[0]

    def bands(self, path: str | None = None, points: int = 200) -> xr.Dataset:
        """Frequencies along a path.

        Args:
            path: Such as ``"GXKGL"``, with a comma at a jump; the lattice's own without it.
            points: Along the whole path.

        Returns:
            ``frequency`` (THz) by ``distance`` (1/Å) and ``mode``; the corners of the path are in
            the attributes ``corners`` and ``corner_names``.
        """
        along = self._path(path, points)
        distance, corners, names = along.get_linear_kpoint_axis()
        frequency = self.frequencies(along.kpts)
        return xr.Dataset(
            {"frequency": (("distance", "mode"), frequency, {"units": "THz"})},
            {"distance": ("distance", distance / (2 * np.pi), {"units": "1/Å"})},
            {"corners": corners / (2 * np.pi), "corner_names": list(names)},
        )

    def density_of_states(self, points: int = 300, mesh: int = _MESH) -> xr.Dataset:
        """How many modes an atom has in each interval of frequency.

        Args:
            points: Of frequency.
            mesh: Points along each reciprocal vector; tetrahedra fill the space between them.

        Returns:
            ``density`` (1/THz for an atom) by ``frequency``; its integral is three.
        """
        self.solver.run_mesh([mesh] * 3, is_gamma_center=True)
        highest = self.solver.mesh.frequencies.max()
        self.solver.run_total_dos(freq_max=1.02 * highest, freq_pitch=1.02 * highest / points)
        found = self.solver.total_dos
        return xr.Dataset(
            {"density": ("frequency", np.array(found.dos) / self.atoms, {"units": "1/THz/atom"})},
            {"frequency": ("frequency", np.array(found.frequency_points), {"units": "THz"})},
        )

    def thermodynamics(self, temperatures: Sequence[float], mesh: int = _MESH) -> xr.Dataset:
        """What the vibrations hold of energy and disorder, by quantum statistics.

        Args:
            temperatures: K.
            mesh: Points along each reciprocal vector.

        Returns:
            ``free_energy`` (eV/atom, with the motion at 0 K), ``entropy`` and ``heat_capacity`` at
            constant volume (eV/K/atom) by ``temperature``.

        Raises:
            BadInput: if the crystal is not stable, so that it has no free energy.
        """
        self.solver.run_mesh([mesh] * 3, is_gamma_center=True)
        lowest = float(self.solver.mesh.frequencies.min())
        if lowest < _IMAGINARY:
            raise BadInput(
                f"vibrations: the lowest frequency is {lowest:.3f} THz (imaginary); the crystal is "
                "not stable, relax it or look at a larger cell."
            )
        # The crystal as a whole moves at Γ: that is no vibration.
        self.solver.run_thermal_properties(
            temperatures=np.array(temperatures, dtype=np.float64), exclude_gamma_acoustic=True
        )
        found = self.solver.thermal_properties
        for_an_atom = 1 / (EV_IN_KJ_PER_MOL * self.atoms)
        parts = {
            "free_energy": (found.free_energy * for_an_atom, "eV/atom"),
            "entropy": (found.entropy * 1e-3 * for_an_atom, "eV/K/atom"),
            "heat_capacity": (found.heat_capacity * 1e-3 * for_an_atom, "eV/K/atom"),
        }
        return xr.Dataset(
            {name: ("temperature", v, {"units": unit}) for name, (v, unit) in parts.items()},
            {"temperature": ("temperature", np.array(temperatures, float), {"units": "K"})},
        )

    def _path(self, path: str | None, points: int = 0) -> BandPath:
        """ASE's path in the primitive cell that phonopy has chosen."""
        cell = Cell(self.solver.primitive.cell)
        known = cell.bandpath(npoints=0).special_points
        named = [name for part in parse_path_string(path or "") for name in part]
        unknown = [name for name in named if name not in known]
        if unknown:
            raise BadInput(f"vibrations: no point '{unknown[0]}'; there are {', '.join(known)}.")
        return cell.bandpath(path, npoints=points)


def vibrations(
    potential: Potential,
    structure: Structure,
    repeats: int | Sequence[int] = 2,
    *,
    displacement: float = DISPLACEMENT,
) -> Vibrations:
    """Displace atoms of a repeated cell, and find the force constants.

    Args:
        potential: Any.
        structure: At rest; phonopy finds its primitive cell.
        repeats: Of the structure, along each lattice vector. The repeated cell should be wider than
            twice the cutoff, for force constants to end before they meet their images.
        displacement: Å.

    Returns:
        The vibrations. Force constants are mended to obey the acoustic sum rule and symmetry; by
        how much they missed it is told.

    Raises:
        BadInput: if the structure is not periodic in all directions, or is not at rest.
    """
    if not structure.periodic.all():
        raise BadInput(f"{structure.name}: vibrations need a cell periodic in all directions.")
    _require_rest(potential, structure)
    cell = PhonopyAtoms(
        numbers=structure.numbers, positions=structure.positions, cell=structure.cell
    )
    solver = Phonopy(
        cell,
        supercell_matrix=np.diag(np.broadcast_to(repeats, 3)),
        primitive_matrix=guess_primitive_matrix(cell, symprec=_SYMMETRY),
        symprec=_SYMMETRY,
    )
    solver.generate_displacements(distance=displacement)
    displaced = [_structure(one) for one in solver.supercells_with_displacements or []]
    solver.forces = [found.forces for found in potential.evaluate(displaced)]
    solver.produce_force_constants()
    constants = np.array(solver.force_constants)
    gap = float(np.abs(constants.sum(axis=1)).max())
    solver.symmetrize_force_constants(show_drift=False)
    return Vibrations(solver, gap)


class QuasiHarmonic(NamedTuple):
    """A crystal over temperature whose vibrations depend on its volume."""

    data: xr.Dataset  # volume, expansion, bulk_modulus by temperature
    volumes: FloatArray  # Å³/atom, at which vibrations were found


def quasi_harmonic(
    potential: Potential,
    structure: Structure,
    temperatures: Sequence[float],
    *,
    pressure: float = 0.0,
    repeats: int = 2,
) -> QuasiHarmonic:
    """Volume and stiffness over temperature from F(V, T) = E(V) + vibrations at V.

    The shape of the cell stays as it is at rest, which is exact for cubic crystals.

    Args:
        potential: Any.
        structure: At rest at this pressure.
        temperatures: K.
        pressure: GPa.
        repeats: As in :func:`vibrations`.

    Returns:
        ``volume`` (Å³/atom), linear ``expansion`` (1/K) and isothermal ``bulk_modulus`` (GPa) by
        ``temperature``.

    Raises:
        BadInput: if the crystal is not stable at one of the volumes, or a volume lies beyond them.
    """
    scaled = [_scaled(structure, scale) for scale in _SCALES]
    rested = [relax(potential, one, cell="fixed") for one in scaled]
    cooler, warmer = ([max(T + d, 0.0) for T in temperatures] for d in (-_WARMER, _WARMER))
    grid = [*cooler, *temperatures, *warmer]
    thermal = [vibrations(potential, one, repeats).thermodynamics(grid) for one in rested]
    volumes = np.array([one.volume / len(one) for one in rested])
    static = np.array([(one.energy or 0.0) / len(one) for one in rested])
    free = static[:, None] + np.array([one["free_energy"].values for one in thermal])
    rows = np.array([_at_pressure(volumes, column, pressure) for column in free.T])
    before, at, after = rows.reshape(3, len(temperatures), 2)[:, :, 0]
    T = np.array(temperatures, dtype=np.float64)
    expansion = (after - before) / at / (_WARMER + np.minimum(T, _WARMER)) / 3
    data = xr.Dataset(
        {
            "volume": ("temperature", at, {"units": "Å³/atom"}),
            "expansion": ("temperature", expansion, {"units": "1/K"}),
            "bulk_modulus": ("temperature", rows[len(T) : 2 * len(T), 1], {"units": "GPa"}),
        },
        {"temperature": ("temperature", T, {"units": "K"})},
    )
    return QuasiHarmonic(data, volumes)


def _at_pressure(volumes: FloatArray, free: FloatArray, pressure: float) -> tuple[float, float]:
    """Volume (Å³/atom) and bulk modulus (GPa) where the free energy gives the pressure."""
    fit = fit_equation_of_state(volumes, free, "vinet")

    def excess(volume: float) -> float:
        return float(fit.pressures(np.array([volume]))[0]) - pressure

    low, high = float(volumes.min()), float(volumes.max())
    if excess(low) * excess(high) > 0:
        raise BadInput(
            f"quasi_harmonic: {pressure:g} GPa is not reached from {low:.4g} to {high:.4g} "
            "Å³/atom; relax the structure at this pressure first, or ask for less heat."
        )
    volume = float(brentq(excess, low, high))  # pyright: ignore[reportArgumentType]
    near = np.array([0.999, 1.001]) * volume
    slope = np.diff(fit.pressures(near))[0] / np.diff(near)[0]
    return volume, -volume * float(slope)


def _scaled(structure: Structure, scale: float) -> Structure:
    """All lengths of a crystal by a factor, without labels."""
    return Structure(
        structure.numbers,
        structure.positions * scale,
        structure.cell * scale,
        structure.periodic,
        about=structure.about,
    )


def _structure(atoms: PhonopyAtoms) -> Structure:
    """Atoms of phonopy."""
    return Structure(
        np.array(atoms.numbers, dtype=np.int64),
        np.array(atoms.positions),
        np.array(atoms.cell),
        np.ones(3, dtype=np.bool_),
    )


def _require_rest(potential: Potential, structure: Structure) -> None:
    """Vibrations about a place that is no minimum would be wrong without a sign of it."""
    force = float(np.abs(potential.evaluate([structure])[0].forces).max())
    if force > _REST:
        raise BadInput(
            f"{structure.name}: not at rest, a force is {force:.3g} eV/Å; relax it first."
        )
