"""Energy, volume and enthalpy over pressure, and the numbers that sum them up."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import xarray as xr
from ase.eos import EquationOfState as AseEquationOfState
from ase.eos import birchmurnaghan, vinet

from sciml.core.axes import FloatArray, axes
from sciml.core.errors import BadInput
from sciml.core.nearest import nearest
from sciml.materials.potential import Potential
from sciml.materials.properties.relaxation import pressure_of, relax
from sciml.materials.structures import GPA, Structure

PRESSURES = (-10.0, -7.5, -5.0, -2.5, 0.0, 2.5, 5.0, 7.5, 10.0, 12.5, 15.0, 17.5, 20.0)  # GPa

_FORMS: Mapping[str, tuple[str, Callable[..., FloatArray]]] = MappingProxyType(
    {"birch-murnaghan": ("birchmurnaghan", birchmurnaghan), "vinet": ("vinet", vinet)}
)
_PARAMETERS = 4
_DIFFERENCE = 1e-5  # of the volume, for the slope of the energy


class EquationOfState(NamedTuple):
    """A form of E(V) with four numbers, all for one atom."""

    form: str
    energy: float  # eV/atom, at rest
    volume: float  # Å³/atom, at rest
    bulk_modulus: float  # GPa, at rest
    bulk_modulus_slope: float  # dB/dP at rest
    residual: float  # root mean square of the energies that were fitted, eV/atom

    def energies(self, volumes: FloatArray) -> FloatArray:
        """E(V), eV/atom, at volumes in Å³/atom."""
        return _FORMS[self.form][1](
            volumes, self.energy, self.bulk_modulus * GPA, self.bulk_modulus_slope, self.volume
        )

    def pressures(self, volumes: FloatArray) -> FloatArray:
        """-dE/dV, GPa, at volumes in Å³/atom."""
        step = _DIFFERENCE * self.volume
        slope = (self.energies(volumes + step) - self.energies(volumes - step)) / (2 * step)
        return -slope / GPA


def fit_equation_of_state(
    volumes: FloatArray, energies: FloatArray, form: str = "birch-murnaghan"
) -> EquationOfState:
    """Fit energies over volumes by least squares.

    Args:
        volumes: Å³/atom, shape (state,).
        energies: eV/atom, shape (state,).
        form: ``birch-murnaghan`` (third order) or ``vinet``.

    Returns:
        The four numbers and what is left of the energies.

    Raises:
        BadInput: if the form is not known, there are fewer than five states, or the energies have
            no minimum near the volumes.

    Source:
        Both forms as in Hebbache & Zemzemi, Phys. Rev. B 70, 224107 (2004); the fit is ASE's.
    """
    axes(energies, "state", "energies", **axes(volumes, "state", "volumes"))
    if form not in _FORMS:
        raise BadInput(f"equation of state: form '{form}': {nearest(form, _FORMS)}")
    if len(volumes) <= _PARAMETERS:
        raise BadInput(
            f"equation of state: {len(volumes)} states cannot fix {_PARAMETERS} numbers; give more."
        )
    if not (np.isfinite(volumes).all() and np.isfinite(energies).all()):
        raise BadInput("equation of state: volumes and energies must be finite; leave others out.")
    fit = AseEquationOfState(volumes, energies, eos=_FORMS[form][0])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what they warn of is judged below
            fit.fit(warn=False)
    except RuntimeError as error:
        raise BadInput(f"equation of state: {form} cannot be fitted: {error}") from error
    energy, modulus, slope, volume = (float(number) for number in fit.eos_parameters)
    if not (0.5 * volumes.min() < volume < 2 * volumes.max() and modulus > 0):
        raise BadInput(
            f"equation of state: the energies have no minimum near the volumes "
            f"{volumes.min():.4g} to {volumes.max():.4g} Å³/atom; give volumes on both sides of it."
        )
    found = EquationOfState(form, energy, volume, modulus / GPA, slope, 0.0)
    rest = float(np.sqrt(np.mean((found.energies(volumes) - energies) ** 2)))
    return found._replace(residual=rest)


def compression(
    potential: Potential, structure: Structure, pressures: Sequence[float] = PRESSURES
) -> xr.Dataset:
    """Relax a crystal at pressures, each from the rest at the last one.

    Args:
        potential: Any.
        structure: A crystal near its rest without pressure.
        pressures: GPa; tension is negative.

    Returns:
        ``volume`` (Å³/atom), ``energy`` and ``enthalpy`` (eV/atom) by ``pressure``.

    Raises:
        BadInput: if there is no rest at a pressure, as beyond the strength of the crystal.
    """
    rest = relax(potential, structure)
    found: dict[float, Structure] = {}
    rising = sorted(p for p in pressures if p >= 0)
    falling = sorted((p for p in pressures if p < 0), reverse=True)
    for direction in (rising, falling):
        state = rest
        for pressure in direction:
            state = relax(potential, state, pressure=pressure)
            found[pressure] = state
    ordered = sorted(found)
    return _curve([found[pressure] for pressure in ordered], np.array(ordered))


def _curve(states: Sequence[Structure], pressures: FloatArray) -> xr.Dataset:
    """Volumes, energies and enthalpies for one atom."""
    volume = np.array([state.volume / len(state) for state in states])
    energy = np.array([(state.energy or 0.0) / len(state) for state in states])
    reached = np.array([pressure_of(state) for state in states])
    return xr.Dataset(
        {
            "volume": ("pressure", volume, {"units": "Å³/atom"}),
            "energy": ("pressure", energy, {"units": "eV/atom"}),
            "enthalpy": ("pressure", energy + reached * GPA * volume, {"units": "eV/atom"}),
        },
        {"pressure": ("pressure", pressures, {"units": "GPa"})},
    )


def transition_pressure(one: xr.Dataset, other: xr.Dataset) -> float:
    """Where two crystals have the same enthalpy, so that the denser one takes over.

    Args:
        one: From :func:`compression`.
        other: The same at the same pressures.

    Returns:
        GPa, by a straight line between the two pressures; NaN where none of them wins over.

    Raises:
        BadInput: if the pressures differ.
    """
    if not np.array_equal(one["pressure"], other["pressure"]):
        raise BadInput("transition_pressure: the two crystals were pressed differently.")
    gap = (other["enthalpy"] - one["enthalpy"]).values
    crossing = np.flatnonzero(np.sign(gap[1:]) != np.sign(gap[:-1]))
    if len(crossing) == 0:
        return float("nan")
    at = int(crossing[0])
    pressure = one["pressure"].values
    share = gap[at] / (gap[at] - gap[at + 1])
    return float(pressure[at] + share * (pressure[at + 1] - pressure[at]))
