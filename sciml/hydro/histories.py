"""An ensemble of simulated cavities in a tunnel whose pressure swings: data without a download."""

import math
from typing import NamedTuple

import numpy as np
import xarray as xr

from sciml.core.axes import FloatArray
from sciml.hydro.cases import INSIDE, OUTSIDE, TRAIN, Case, Cases, Splits
from sciml.hydro.sections import SectionSettings, simulate_cavity, steady_loss

RATE = 500.0  # Hz, of the recorded samples
DURATION = 3.0  # s, of a run
SETTLING = 0.5  # s, until the tunnel's swing is fully there
NOISE = 0.01  # of the pressure sensors, over the mean ambient pressure; standard deviation
CHANNELS = ("cavity_pressure", "ambient_pressure", "ventilation")
TARGETS = ("cavity_pressure",)

AMBIENT_PRESSURE = 25e3  # Pa, mean
CAVITATION_NUMBER = 0.2  # of the undisturbed cavity
TUNNEL = SectionSettings(speed=10.0, diameter=0.02, gas_loss="portion", loss_coefficient=0.015)

_STEPS_PER_SAMPLE = 5  # of the simulation
_SWING = 0.12  # largest amplitude of the ambient pressure over its mean
_GAS_SWING = 0.2  # largest amplitude of the ventilation over its mean
# Swings of the ambient pressure, Hz; a cavity lives about 20 ms. Outside swings are faster.
_FREQUENCIES = {
    TRAIN: (1.0, 1.5, 2.0, 2.6, 3.0, 3.5, 4.4, 5.0, 5.6, 6.3, 7.1, 8.0),
    INSIDE: (2.3, 4.0, 6.7),
    OUTSIDE: (9.5, 11.0),
}


class Swing(NamedTuple):
    """How tunnel pressure and ventilation vary in a run."""

    frequency: float  # of the ambient pressure, Hz
    amplitude: float  # of the ambient pressure, over its mean
    gas_frequency: float  # of the ventilation, Hz
    gas_amplitude: float  # of the ventilation, over its mean


def cavity_history(swing: Swing, seed: int) -> xr.Dataset:
    """One simulated run with noisy pressure sensors.

    Args:
        swing: How tunnel pressure and ventilation vary.
        seed: Seed of the noise.

    Returns:
        The variables of :func:`sciml.hydro.sections.simulate_cavity` at ``RATE``, with noise on
        ``cavity_pressure`` and ``ambient_pressure``, Pa.
    """
    gap = CAVITATION_NUMBER * TUNNEL.dynamic_pressure
    supply = steady_loss(TUNNEL, AMBIENT_PRESSURE, AMBIENT_PRESSURE - gap)
    time = np.arange(round(DURATION * RATE) * _STEPS_PER_SAMPLE) / (RATE * _STEPS_PER_SAMPLE)
    rise = np.minimum(time / SETTLING, 1.0)
    pressure_swing = swing.amplitude * np.sin(2 * math.pi * swing.frequency * time)
    gas_swing = swing.gas_amplitude * np.sin(2 * math.pi * swing.gas_frequency * time)
    run = simulate_cavity(
        TUNNEL,
        time,
        AMBIENT_PRESSURE * (1 + rise * pressure_swing),
        supply * (1 + rise * gas_swing),
    ).isel(time=slice(None, None, _STEPS_PER_SAMPLE))
    generator = np.random.default_rng(seed)
    for name in ("cavity_pressure", "ambient_pressure"):
        noise = NOISE * AMBIENT_PRESSURE * generator.standard_normal(run.sizes["time"])
        run[name] = run[name] + xr.DataArray(noise, dims="time")
    return run


def simulated_cavities(seed: int = 0) -> Splits:
    """Runs with slow swings to learn from, others between them, and faster ones outside.

    Args:
        seed: Seed of amplitudes and noise.

    Returns:
        ``train``, ``in_envelope`` and ``out_of_envelope``; the cavity pressure is the target.
    """
    splits, number = {}, 0
    for split, frequencies in _FREQUENCIES.items():
        cases = {}
        for frequency in frequencies:
            number += 1
            cases[f"{frequency:g} Hz"] = _case(frequency, [seed, number])
        splits[split] = Cases(cases, CHANNELS, TARGETS, RATE)
    return splits


def _case(frequency: float, seed: list[int]) -> Case:
    """A run with random amplitudes."""
    generator = np.random.default_rng(seed)
    amplitude, gas_amplitude = generator.uniform(0.5, 1.0, 2) * (_SWING, _GAS_SWING)
    swing = Swing(frequency, amplitude, generator.uniform(0.3, 1.0), gas_amplitude)
    run = cavity_history(swing, int(generator.integers(2**32)))
    values: FloatArray = np.stack([run[name].values for name in CHANNELS], axis=-1)
    settled = slice(round(SETTLING * RATE), len(values))
    return Case(values, settled, settled)
