"""An ensemble of simulated cavities in a tunnel whose pressure swings: data without a download."""

import math
from collections.abc import Iterator
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


class PlannedRun(NamedTuple):
    """A run of the ensemble before it is simulated."""

    split: str  # which forecasters may learn from it, or be judged on it
    name: str  # the frequency of the tunnel's swing
    swing: Swing
    noise_seed: int


def cavity_history(swing: Swing, seed: int) -> xr.Dataset:
    """One simulated run with noisy pressure sensors.

    Args:
        swing: How tunnel pressure and ventilation vary.
        seed: Seed of the noise.

    Returns:
        As :func:`quiet_history`, with noise on ``cavity_pressure`` and ``ambient_pressure``, Pa.
    """
    return with_noise(quiet_history(swing), seed)


def quiet_history(swing: Swing) -> xr.Dataset:
    """One simulated run as it is, without sensors.

    Args:
        swing: How tunnel pressure and ventilation vary.

    Returns:
        The variables of :func:`sciml.hydro.sections.simulate_cavity` at ``RATE``.
    """
    gap = CAVITATION_NUMBER * TUNNEL.dynamic_pressure
    supply = steady_loss(TUNNEL, AMBIENT_PRESSURE, AMBIENT_PRESSURE - gap)
    time = np.arange(round(DURATION * RATE) * _STEPS_PER_SAMPLE) / (RATE * _STEPS_PER_SAMPLE)
    rise = np.minimum(time / SETTLING, 1.0)
    pressure_swing = swing.amplitude * np.sin(2 * math.pi * swing.frequency * time)
    gas_swing = swing.gas_amplitude * np.sin(2 * math.pi * swing.gas_frequency * time)
    return simulate_cavity(
        TUNNEL,
        time,
        AMBIENT_PRESSURE * (1 + rise * pressure_swing),
        supply * (1 + rise * gas_swing),
    ).isel(time=slice(None, None, _STEPS_PER_SAMPLE))


def with_noise(run: xr.Dataset, seed: int) -> xr.Dataset:
    """A run as noisy pressure sensors see it.

    Args:
        run: From :func:`quiet_history`.
        seed: Seed of the noise.

    Returns:
        The run with noise on ``cavity_pressure`` and ``ambient_pressure``, Pa; ``run`` stays.
    """
    generator = np.random.default_rng(seed)
    noisy = run.copy()
    for name in ("cavity_pressure", "ambient_pressure"):
        noise = NOISE * AMBIENT_PRESSURE * generator.standard_normal(run.sizes["time"])
        noisy[name] = run[name] + xr.DataArray(noise, dims="time")
    return noisy


def planned_runs(seed: int = 0) -> Iterator[PlannedRun]:
    """What the ensemble consists of: slow swings to learn from, and others to be judged on.

    Args:
        seed: Seed of amplitudes and noise.

    Yields:
        The runs, those to learn from first.
    """
    number = 0
    for split, frequencies in _FREQUENCIES.items():
        for frequency in frequencies:
            number += 1
            generator = np.random.default_rng([seed, number])
            amplitude, gas_amplitude = generator.uniform(0.5, 1.0, 2) * (_SWING, _GAS_SWING)
            swing = Swing(frequency, amplitude, generator.uniform(0.3, 1.0), gas_amplitude)
            yield PlannedRun(split, f"{frequency:g} Hz", swing, int(generator.integers(2**32)))


def training_runs() -> tuple[str, ...]:
    """The names of the runs of the ensemble to learn from."""
    return tuple(one.name for one in planned_runs() if one.split == TRAIN)


def simulated_cavities(seed: int = 0) -> Splits:
    """Runs with slow swings to learn from, others between them, and faster ones outside.

    Args:
        seed: Seed of amplitudes and noise.

    Returns:
        ``train``, ``in_envelope`` and ``out_of_envelope``; the cavity pressure is the target.
    """
    cases: dict[str, dict[str, Case]] = {split: {} for split in _FREQUENCIES}
    for planned in planned_runs(seed):
        cases[planned.split][planned.name] = _case(planned)
    return {split: Cases(runs, CHANNELS, TARGETS, RATE) for split, runs in cases.items()}


def _case(planned: PlannedRun) -> Case:
    """A run as forecasters take it."""
    run = cavity_history(planned.swing, planned.noise_seed)
    values: FloatArray = np.stack([run[name].values for name in CHANNELS], axis=-1)
    settled = slice(round(SETTLING * RATE), len(values))
    return Case(values, settled, settled)
