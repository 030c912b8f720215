"""Oscillations of a cavity: set one ringing in the section model, and measure its growth."""

import math

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import linalg, optimize

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.hydro.clock import even_step, sampled, seconds
from sciml.hydro.sections import SectionSettings, simulate_cavity

# Samples given to the matrix pencil; more cost time (cubic) and bring no accuracy, unless what
# oscillates fast needs them, up to the largest number.
PENCIL_SAMPLES = 240
MOST_SAMPLES = 2400
# Share of the power that may lie too high for the samples given to the pencil.
LOST_POWER = 0.01
# An oscillation with less of the strongest one's power is not taken for the one asked for.
AUDIBLE_POWER = 1e-6
# The modes that a neutral one wakes and that are still heard after a few lifetimes.
NEUTRAL_OSCILLATIONS = 4


def measured_growth(
    series: xr.DataArray, oscillations: int = 2, frequency: float | None = None
) -> complex:
    """Growth rate and angular frequency of one oscillation in a series.

    Fits a constant and a few complex exponentials by the matrix pencil, to no more samples than
    what oscillates needs.

    Args:
        series: Values with a uniform coordinate ``time`` in s, shape (time,); a few periods.
        oscillations: Number of oscillations fitted; more than there are does no harm.
        frequency: Hz; the oscillation nearest to it is returned. By default the one that carries
            most of the variance.

    Returns:
        λ in 1/s, with Im λ > 0: e^(λt) is the oscillation. Re λ > 0 grows.

    Raises:
        BadInput: if the series is too short, not finite or does not oscillate, or too long for
            how fast it does.

    Source:
        Hua & Sarkar, IEEE Trans. Acoust. Speech Signal Process. 38, 814 (1990).
    """
    samples = seconds(series["time"].values)
    step = even_step(samples)
    values = sampled(series.values, samples, "series")
    stride = _stride(values, step, frequency)
    # The mean is fitted as well, but removing it first saves the digits of a small oscillation.
    values = values[::stride] - values.mean()
    rank = 2 * oscillations + 1
    if values.size < 4 * rank:
        raise BadInput(f"series: {values.size} samples are too few for {oscillations} oscillations")
    poles, power = _pencil(values, rank)
    turns = np.angle(poles) / (2.0 * np.pi * stride * step)
    # A pole on the negative real axis alternates with the samples: not an oscillation in time.
    power[(turns <= 0.0) | (np.angle(poles) > np.pi - 1e-9)] = 0.0
    if not np.any(power > 0):
        raise BadInput("series: does not oscillate; give a longer part of the record")
    if frequency is None:
        chosen = np.argmax(power)
    else:
        heard = power > AUDIBLE_POWER * power.max()
        chosen = np.argmin(np.where(heard, np.abs(turns - frequency), np.inf))
    return complex(np.log(poles[chosen]) / (stride * step))


def _stride(values: FloatArray, step: float, frequency: float | None) -> int:
    """The widest stride, to 240 samples, at which no strong oscillation passes for a slower one."""
    # A jump from the last sample to the first would pass for fast oscillations.
    power = np.abs(np.fft.rfft(values - np.linspace(values[0], values[-1], values.size))) ** 2
    power[0] = 0.0
    above = np.cumsum(power[::-1])[::-1]  # at each frequency and beyond
    turns = np.fft.rfftfreq(values.size)  # per sample
    fastest = turns[above > LOST_POWER * above[0]].max(initial=0.0)
    fastest = max(fastest, 0.0 if frequency is None else frequency * step)
    stride = max(1, values.size // PENCIL_SAMPLES)
    if 2.0 * stride * fastest >= 1.0:
        stride = max(1, math.ceil(0.5 / fastest) - 1)
    if values.size > MOST_SAMPLES * stride:
        raise BadInput(
            f"series: {values.size} samples are too many for oscillations of {fastest / step:.4g} "
            "Hz; give a shorter part, or smooth noise away and resample"
        )
    return stride


def _pencil(values: FloatArray, rank: int) -> tuple[NDArray[np.complex128], FloatArray]:
    """Poles per sample of a sum of ``rank`` exponentials, and the mean power of each."""
    window = values.size // 2
    hankel = linalg.hankel(values[: values.size - window], values[values.size - window - 1 :])
    _, _, right = linalg.svd(hankel, full_matrices=False)
    basis = right[:rank].T  # (window, rank)
    pencil = np.linalg.lstsq(basis[:-1], basis[1:], rcond=None)[0]  # (rank, rank)
    poles = np.linalg.eigvals(pencil).astype(np.complex128)
    modes = poles ** np.arange(values.size)[:, np.newaxis]  # (time, rank)
    # Scaled columns: a spurious pole far from the unit circle would spoil the least squares.
    modes /= np.abs(modes).max(axis=0)
    weights = np.linalg.lstsq(modes, values.astype(np.complex128), rcond=None)[0]
    return poles, np.mean(np.abs(weights * modes) ** 2, axis=0)


def stability_experiment(
    beta: float,
    mode: int = 1,
    amplitude: float = 1e-5,
    lifetimes: float = 6.0,
    steps: int = 400,
) -> xr.Dataset:
    """A cavity with a fixed mass of gas and S₀ = 0, set ringing by n waves of pressure.

    Everything is in units of its own size: the lifetime is 1 s, the length 1 m, and the
    pressure gap p∞ - p_c of the steady cavity 1 Pa.

    Args:
        beta: β = σ_v/σ of the undisturbed cavity; above 1.
        mode: n, the number of waves of past pressure on the cavity.
        amplitude: Their height over the pressure gap.
        lifetimes: Length of the run over the lifetime.
        steps: Samples in a lifetime.

    Returns:
        As :func:`simulate_cavity`.

    Raises:
        BadInput: if β is not above 1 or the mode is less than 1, or as in the simulation.
    """
    if not (beta > 1 and mode >= 1):
        raise BadInput(f"expected β above 1 and a mode of at least 1, got β = {beta}, n = {mode}")
    # With V = 1 and ρ = 2, σ is the gap in Pa; D_n √c_x = σ / A makes the length 1 m.
    settings = SectionSettings(
        speed=1.0,
        diameter=0.5,
        drag_coefficient=1.0,
        expansion=2.0,
        birth_area="point",
        density=2.0,
        vapour_pressure=0.0,
    )
    time = np.arange(round(lifetimes * steps) + 1) / steps

    def past(t: FloatArray) -> FloatArray:
        return beta - 1.0 + amplitude * np.sin(2.0 * math.pi * mode * t)

    return simulate_cavity(settings, time, beta, 0.0, past)


def neutral_beta_by_simulation(
    mode: int = 1, bracket: tuple[float, float] = (2.0, 3.2), steps: int = 400
) -> float:
    """The β at which a simulated oscillation neither grows nor decays.

    Args:
        mode: n, the number of waves that are excited.
        bracket: Two β, the first with decay and the second with growth.
        steps: Samples in a lifetime.

    Returns:
        β_n, for comparison with 1 + n²π²/6.

    Raises:
        BadInput: if growth does not change sign in the bracket.
    """

    def growth(beta: float) -> float:
        run = stability_experiment(beta, mode, steps=steps)
        return measured_growth(run["cavity_pressure"], NEUTRAL_OSCILLATIONS, float(mode)).real

    ends = growth(bracket[0]), growth(bracket[1])
    if not ends[0] < 0 < ends[1]:
        raise BadInput(
            f"growth at β = {bracket[0]} and {bracket[1]} is {ends[0]:.3g} and {ends[1]:.3g}: "
            "expected decay, then growth; widen the bracket"
        )
    return float(optimize.root_scalar(growth, bracket=bracket, xtol=1e-7).root)
