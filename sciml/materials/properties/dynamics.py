"""Atoms in motion at given energy, temperature or pressure, by any potential."""

from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import xarray as xr
from ase import Atoms, units
from ase.md.langevinbaoab import LangevinBAOAB
from ase.md.nose_hoover_chain import IsotropicMTKNPT, NoseHooverChainNVT
from ase.md.velocitydistribution import Stationary, thermalize_momenta
from ase.md.verlet import VelocityVerlet
from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from sciml.core.errors import BadInput
from sciml.core.settings import Settings
from sciml.core.writing import write_with
from sciml.materials.calculator import PotentialCalculator
from sciml.materials.potential import Potential
from sciml.materials.structures import GPA, Structure, to_atoms

_PICOSECOND = 1e3 * units.fs  # in ASE's unit of time
_BATH, _PISTON = 0.1, 1.0  # ps, in which bath and piston answer
_RUNAWAY = 10.0  # times the temperature asked for, at which a potential has failed


class MotionSettings(Settings):
    """How atoms move, how long, and what is kept."""

    ensemble: Literal["nve", "nvt", "npt"] = "nvt"
    temperature: PositiveFloat  # K; in `nve` that of the settling before it
    pressure: float = 0.0  # GPa, for `npt`
    step: PositiveFloat = Field(default=0.002, le=0.02)  # ps
    settling: NonNegativeInt = 500  # steps in a Langevin bath; in `npt` as many again with the cell
    steps: PositiveInt = 2000  # that are kept
    every: PositiveInt = 10  # steps from one kept frame to the next


def move(
    potential: Potential, structure: Structure, settings: MotionSettings, seed: int
) -> xr.Dataset:
    """Run molecular dynamics.

    The start is settled in a Langevin bath. What is kept moves by Newton's equations (``nve``),
    with a chain of Nosé-Hoover thermostats (``nvt``), or with a piston of Martyna, Tobias and
    Klein too, which keeps the shape of the cell (``npt``). Their momentum is zero and stays so, so
    that 3 N - 3 directions share the temperature.

    Args:
        potential: Any.
        structure: Where to start; velocities are drawn.
        settings: How.
        seed: Of velocities and bath; the same seed gives the same motion on the same machine.

    Returns:
        By ``time`` (ps): ``position`` (Å, atoms are followed across the borders of the cell),
        ``cell`` (Å), ``temperature`` (K), ``potential_energy``, ``kinetic_energy`` and
        ``conserved`` (eV: what the equations of motion keep), and with a volume ``pressure`` (GPa)
        and ``volume`` (Å³); ``number`` (of the element) by ``atom``.

    Raises:
        BadInput: if ``npt`` has no volume, there are fewer than two atoms, or the atoms run away,
            as they do where a potential has a hole.

    Source:
        Leimkuhler & Matthews, Appl. Math. Res. Express 2013, 34; Martyna, Tobias & Klein, J. Chem.
        Phys. 101, 4177 (1994); both as in ASE.
    """
    if settings.ensemble == "npt" and not structure.periodic.all():
        raise BadInput(f"{structure.name}: npt needs a cell periodic in all directions.")
    if len(structure) < 2:
        raise BadInput(f"{structure.name}: one atom alone has no temperature.")
    atoms = to_atoms(Structure(*_bare(structure)))
    atoms.calc = PotentialCalculator(potential)
    random = np.random.default_rng(seed)
    thermalize_momenta(atoms, temperature_K=settings.temperature, rng=random)
    _settle(atoms, settings, random)
    runner = _runner(atoms, settings)
    if settings.ensemble == "npt":
        runner.run(settings.settling)
    states: list[_State] = []
    for frame in range(settings.steps // settings.every + 1):
        if frame:
            runner.run(settings.every)
        states.append(_state(atoms, runner, frame * settings.every * settings.step))
        _require_calm(structure, states[-1], settings)
    return _dataset(states, structure, settings, seed)


def save_motion(path: Path, motion: xr.Dataset) -> Path:
    """Write a motion as netCDF, whole or not at all.

    Args:
        path: The file, which ends in ``.nc``.
        motion: From :func:`move`.

    Returns:
        The same path.

    Raises:
        WriteFailed: if it cannot be written.
    """
    write_with(path, lambda part: motion.to_netcdf(part, engine="netcdf4"))
    return path


def frames_of(motion: xr.Dataset) -> list[Structure]:
    """The frames of a motion as structures without labels, atoms where they have gone."""
    periodic = np.array(motion.attrs["periodic"], dtype=np.bool_)
    numbers = motion["number"].values.astype(np.int64)
    return [
        Structure(numbers, position, cell, periodic)
        for position, cell in zip(motion["position"].values, motion["cell"].values, strict=True)
    ]


class Drift(NamedTuple):
    """How well a motion keeps what it should keep."""

    slope: float  # meV/atom/ps, of the conserved quantity
    ripple: float  # meV/atom, root mean square about that slope


def drift(motion: xr.Dataset) -> Drift:
    """Whether the forces are the slopes of the energy and the step is short enough.

    Args:
        motion: From :func:`move`, with at least three frames.

    Returns:
        The slope of the conserved quantity and its ripple.

    Raises:
        BadInput: if there are too few frames.
    """
    if motion.sizes["time"] < 3:
        raise BadInput(f"drift: {motion.sizes['time']} frames have none; keep at least 3.")
    time = motion["time"].values
    each = 1e3 * motion["conserved"].values / motion.sizes["atom"]
    line = np.polyfit(time, each, 1)
    return Drift(float(line[0]), float(np.std(each - np.polyval(line, time))))


class _State(NamedTuple):
    """What is kept of a moment."""

    time: float
    position: Any
    cell: Any
    temperature: float
    potential_energy: float
    kinetic_energy: float
    conserved: float
    pressure: float
    volume: float


def _bare(structure: Structure) -> tuple[Any, ...]:
    """Atoms without labels."""
    return structure.numbers, structure.positions, structure.cell, structure.periodic


def _settle(atoms: Atoms, settings: MotionSettings, random: np.random.Generator) -> None:
    """Let the bath find the temperature, then stop the motion of the whole."""
    if settings.settling:
        bath = LangevinBAOAB(
            atoms,
            settings.step * _PICOSECOND,
            temperature_K=settings.temperature,
            T_tau=_BATH * _PICOSECOND,
            rng=random,
        )
        bath.run(settings.settling)
    Stationary(atoms, preserve_temperature=False)


def _runner(atoms: Atoms, settings: MotionSettings) -> Any:
    """The equations of motion of an ensemble."""
    step = settings.step * _PICOSECOND
    if settings.ensemble == "nve":
        return VelocityVerlet(atoms, step)
    # ASE's thermostat counts 3 N directions, but the three of the whole do not move.
    told = settings.temperature * (len(atoms) - 1) / len(atoms)
    if settings.ensemble == "nvt":
        return NoseHooverChainNVT(atoms, step, told, tdamp=_BATH * _PICOSECOND)
    return IsotropicMTKNPT(
        atoms,
        step,
        told,
        pressure_au=settings.pressure * GPA,
        tdamp=_BATH * _PICOSECOND,
        pdamp=_PISTON * _PICOSECOND,
    )


def _state(atoms: Atoms, runner: Any, time: float) -> _State:
    """What is kept of the present."""
    kinetic, potential = atoms.get_kinetic_energy(), atoms.get_potential_energy()
    keeps = getattr(runner, "get_conserved_energy", atoms.get_total_energy)
    whole = bool(atoms.pbc.all())
    stress = atoms.get_stress(include_ideal_gas=True) if whole else np.full(6, np.nan)
    return _State(
        time=time,
        position=atoms.get_positions(),
        cell=atoms.cell.array.copy(),
        temperature=float(2 * kinetic / (3 * (len(atoms) - 1) * units.kB)),
        potential_energy=float(potential),
        kinetic_energy=float(kinetic),
        conserved=float(keeps()),
        pressure=-float(stress[:3].mean()) / GPA,
        volume=atoms.get_volume() if whole else np.nan,
    )


def _require_calm(structure: Structure, state: _State, settings: MotionSettings) -> None:
    """A potential with a hole lets atoms fall into it; that is no result."""
    hot = not state.temperature < _RUNAWAY * settings.temperature
    if hot or not np.isfinite(state.potential_energy):
        raise BadInput(
            f"{structure.name}: after {state.time:g} ps the temperature is {state.temperature:.4g} "
            f"K, {settings.temperature:g} K was asked for; the potential fails here, or the step "
            f"of {settings.step:g} ps is too long."
        )


_UNITS = {
    "temperature": "K",
    "potential_energy": "eV",
    "kinetic_energy": "eV",
    "conserved": "eV",
    "pressure": "GPa",
    "volume": "Å³",
}


def _dataset(
    states: list[_State], structure: Structure, settings: MotionSettings, seed: int
) -> xr.Dataset:
    """Moments one after the other."""
    kept = [name for name in _UNITS if not np.isnan(getattr(states[0], name))]
    series: dict[str, Any] = {
        name: ("time", np.array([getattr(s, name) for s in states]), {"units": _UNITS[name]})
        for name in kept
    }
    positions = np.array([s.position for s in states])
    series["position"] = (("time", "atom", "axis"), positions, {"units": "Å"})
    cells = np.array([s.cell for s in states])
    series["cell"] = (("time", "vector", "axis"), cells, {"units": "Å"})
    series["number"] = ("atom", structure.numbers)
    time = np.array([s.time for s in states])
    about = settings.model_dump(mode="json") | {"seed": seed}
    periodic = {"periodic": structure.periodic.astype(np.int8)}
    return xr.Dataset(series, {"time": ("time", time, {"units": "ps"})}, about | periodic)
