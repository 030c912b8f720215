"""The re-entrant jet at the end of a cavity: its speed, its area and its push on the disk."""

import math

import numpy as np
import xarray as xr
from pydantic import NonNegativeFloat

from sciml.core.axes import Array, FloatArray
from sciml.core.errors import BadInput
from sciml.core.settings import Settings
from sciml.hydro.clock import even_step, sampled, seconds
from sciml.hydro.sections import SectionSettings


class JetSettings(Settings):
    """How much of the jet reaches the disk, and when; both numbers are to be identified."""

    force_coefficient: NonNegativeFloat = 1.0  # C_j; 1: a jet stopped dead, an upper estimate
    delay_coefficient: NonNegativeFloat = 1.0  # c_t; 1: there with the flow, back with the jet


def jet_speed(speed: float, cavitation_number: Array) -> Array:
    """Speed of the re-entrant jet by Bernoulli, V_j = V √(1 + σ).

    Args:
        speed: V, of the flow, m/s; positive.
        cavitation_number: σ, dimensionless; 0 or more.

    Returns:
        V_j, m/s, of the shape of σ.

    Raises:
        BadInput: if the speed is not positive or a σ is negative or not a number.
    """
    if not speed > 0:
        raise BadInput(f"jet_speed: speed must be positive, got {speed:g} m/s")
    return speed * _speed_ratio(cavitation_number, "jet_speed")


def jet_area_ratio(cavitation_number: Array, drag_coefficient: Array) -> Array:
    """Section of the jet over the area of the disk, c_x / [2 √(1 + σ) (1 + √(1 + σ))].

    The drag of the disk is what turns the jet around, ½ ρ V² c_x S_n = ρ S_j V_j (V + V_j).

    Args:
        cavitation_number: σ, dimensionless; 0 or more.
        drag_coefficient: c_x, dimensionless.

    Returns:
        S_j / S_n, dimensionless, of the common shape.

    Raises:
        BadInput: if a σ is negative or not a number.

    Source:
        Momentum of the model usually credited to Efros and Gilbarg.
    """
    r = _speed_ratio(cavitation_number, "jet_area_ratio")
    return drag_coefficient / (2.0 * r * (1.0 + r))


def jet_history(
    history: xr.Dataset, tunnel: SectionSettings, jet: JetSettings | None = None
) -> xr.Dataset:
    """The push of the re-entrant jet on the disk, F(t) = C_j (ρ S_j V_j²)(t - τ_j(t)).

    The delay is τ_j = c_t (L/V + L/V_j) for the present cavity: the flow's way to the closure and
    the jet's way back. Between samples the push is linear in time; before the first sample the
    cavity is taken to have been as in the first. F never depends on what comes later.

    Args:
        history: ``length`` in m and ``cavitation_number`` on a uniform ``time`` in s, as
            :func:`sciml.hydro.sections.simulate_cavity` returns them.
        tunnel: The settings of that simulation.
        jet: Coefficients of force and delay.

    Returns:
        ``jet_speed``, ``jet_area`` and ``jet_delay`` of the present cavity and the delayed
        ``jet_force``, on the time of the history.

    Raises:
        BadInput: if a variable is missing, not finite or out of range.
    """
    jet = jet or JetSettings()
    missing = {"time", "length", "cavitation_number"} - set(history.variables)
    if missing:
        raise BadInput(f"history: no variable '{min(missing)}'; give what simulate_cavity returns")
    samples = seconds(history["time"].values)
    even_step(samples)
    sigma = sampled(history["cavitation_number"].values, samples, "cavitation_number")
    length = sampled(history["length"].values, samples, "length")
    if not np.all(length >= 0):
        raise BadInput(f"length must be 0 or more, got {length.min():g} m")
    speed = np.asarray(jet_speed(tunnel.speed, sigma))
    ratio = jet_area_ratio(sigma, tunnel.drag_coefficient)
    area = np.asarray(ratio * math.pi * tunnel.diameter**2 / 4.0)
    delay = jet.delay_coefficient * (length / tunnel.speed + length / speed)
    # A linear interpolation between samples up to t - τ ≤ t looks at none later than t.
    push = jet.force_coefficient * tunnel.density * area * speed**2
    force = np.interp(samples - delay, samples, push)
    return _dataset(history, speed, area, delay, force)


def _dataset(
    history: xr.Dataset, speed: FloatArray, area: FloatArray, delay: FloatArray, force: FloatArray
) -> xr.Dataset:
    """The jet as a dataset with CF metadata."""
    columns = {
        "jet_speed": (speed, "m s-1", "speed of the re-entrant jet"),
        "jet_area": (area, "m2", "section of the re-entrant jet"),
        "jet_delay": (delay, "s", "time until a change of the cavity is felt by the disk"),
        "jet_force": (force, "N", "force of the re-entrant jet on the disk, against the flow"),
    }
    return xr.Dataset(
        {
            name: ("time", values, {"units": units, "long_name": meaning})
            for name, (values, units, meaning) in columns.items()
        },
        coords={"time": history["time"]},
        attrs={"Conventions": "CF-1.11", "title": "Re-entrant jet of a simulated cavity"},
    )


def _speed_ratio(cavitation_number: Array, caller: str) -> Array:
    """V_j / V."""
    if not np.all(np.asarray(cavitation_number) >= 0):
        raise BadInput(
            f"{caller}: σ must be 0 or more, got {np.min(cavitation_number):g}; below, the cavity "
            "does not close and has no jet"
        )
    return np.sqrt(1.0 + cavitation_number)
