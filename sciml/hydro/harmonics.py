"""Waves as harmonics of one frequency that is tracked: a stationary Kalman filter.

Each channel is a mean and a few harmonics, whose complex amplitudes a and trends b turn with the
tracked frequency ω,

    a ← e^{ikωΔ} (a + b),   b ← φ e^{ikωΔ} b,   y = c + Re Σ a + noise,

with random steps in all of them. The filter's gain depends on ω alone, so it is tabulated once.
The frequency is that by which the fundamental turns from sample to sample, weighed by power over
the channels and forgotten exponentially: every channel hears the same wavemaker.

Source:
    Stationary gains: Anderson & Moore, Optimal Filtering (1979). The rate at which an estimated
    amplitude turns is the classical quadrature detector of frequency.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt, model_validator
from scipy import linalg

from sciml.core.axes import FloatArray, axes
from sciml.core.errors import BadInput
from sciml.core.settings import Settings

GAIN_SPACING = 0.01  # relative, of the frequencies at which gains are tabulated
_AUDIBLE = 1e-7  # power of the fundamental, over that of a scaled channel, that moves the clock
_SMALLEST = 1e-14  # variance that keeps the Riccati equation regular


class HarmonicSettings(Settings):
    """What is believed of the waves. Variances are per sample, over that of the sensor's noise."""

    harmonics: PositiveInt = 3
    lowest: PositiveFloat = 0.4  # frequency of the fundamental, Hz
    highest: PositiveFloat = 2.2  # Hz
    amplitude_step: PositiveFloat = 1e-2  # variance of the fundamental's random steps
    trend_step: NonNegativeFloat = 1e-6  # variance of the steps of its trend
    trend_memory: NonNegativeFloat = 0.99  # φ: what is left of a trend after a sample
    mean_step: PositiveFloat = 1e-4  # variance of the mean's steps
    decay: PositiveFloat = 0.5  # of the variances from a harmonic to the next
    frequency_memory: PositiveFloat = 4.0  # s, of the frequency

    @model_validator(mode="after")
    def _ordered(self) -> "HarmonicSettings":
        """A band, and a trend that does not grow."""
        if self.lowest >= self.highest:
            raise ValueError(f"lowest {self.lowest:g} Hz must be below highest {self.highest:g} Hz")
        if self.trend_memory >= 1:
            raise ValueError(f"trend_memory must be below 1, got {self.trend_memory:g}")
        return self


class Harmonics(NamedTuple):
    """A run seen through the filter; each value rests on samples up to its own time only."""

    forecast: FloatArray  # of the harmonics alone, (time, lead, channel)
    innovation: FloatArray  # sample less its one-step forecast, guessed if missing, (time, channel)
    filled: FloatArray  # the samples, the missing ones as expected, (time, channel)
    frequency: FloatArray  # of the fundamental, Hz, (time,)


def track_harmonics(
    values: FloatArray,
    rate: float,
    leads: Sequence[int],
    settings: HarmonicSettings | None = None,
    clock: Sequence[int] | None = None,
    covariance: FloatArray | None = None,
) -> Harmonics:
    """Follow frequency, amplitudes and phases through a run, and extend them.

    Args:
        values: Channels scaled to like noise, shape (time, channel); NaN is a missing sample.
        rate: Samples per second, Hz.
        leads: Samples ahead.
        settings: What is believed of the waves.
        clock: Channels that tell the frequency; by default all.
        covariance: Of the innovations, (channel, channel), by which those of missing samples are
            guessed from those of the channels seen at the same time; by default they are 0.

    Returns:
        Forecasts, innovations, filled samples and frequency.

    Raises:
        BadInput: if a value is infinite, a lead is below 1, there is no clock channel or one does
            not exist, the covariance has another shape, or the highest harmonic of the highest
            frequency is beyond half the rate.
    """
    settings = settings or HarmonicSettings()
    sizes = axes(values, "time channel", "values")
    if np.isinf(values).any():
        raise BadInput("values: infinite; mark a missing sample by NaN")
    if any(lead < 1 for lead in leads):
        raise BadInput(f"leads: expected at least 1 sample ahead, got {list(leads)}")
    if settings.harmonics * settings.highest >= rate / 2:
        raise BadInput(
            f"harmonic {settings.harmonics} of {settings.highest:g} Hz is not below half the rate, "
            f"{rate / 2:g} Hz: use fewer harmonics or a lower highest frequency"
        )
    weights = np.zeros(sizes["channel"])
    chosen = range(sizes["channel"]) if clock is None else clock
    if not chosen or not all(0 <= channel < sizes["channel"] for channel in chosen):
        raise BadInput(
            f"clock: expected channels from 0 to {sizes['channel'] - 1}, got {list(chosen)}"
        )
    weights[list(chosen)] = 1.0
    spectrum, gains = _gains(settings, rate)  # pyright: ignore[reportArgumentType] - frozen, so hashable
    memory = 1.0 - 1.0 / max(1.0, settings.frequency_memory * rate)
    out = Harmonics(
        np.zeros((sizes["time"], len(leads), sizes["channel"])),
        np.zeros(values.shape),
        np.zeros(values.shape),
        np.zeros(sizes["time"]),
    )
    related = np.eye(sizes["channel"]) if covariance is None else np.asarray(covariance, float)
    axes(related, "channel channel", "covariance", channel=sizes["channel"])
    beliefs = _Beliefs(spectrum, gains, settings.trend_memory, memory, weights, related)
    _track(np.ascontiguousarray(values, np.float64), np.array(leads, np.int64), beliefs, out)
    out.frequency[:] *= rate / (2.0 * math.pi)
    return out


def transition(settings: HarmonicSettings, frequency: float, rate: float) -> FloatArray:
    """The matrix that moves mean, amplitudes and trends by one sample.

    Args:
        settings: What is believed of the waves.
        frequency: Of the fundamental, Hz.
        rate: Hz.

    Returns:
        Shape (state, state); the state is the mean, then for each harmonic real and imaginary
        part of the amplitude and of the trend.
    """
    F = np.zeros((1 + 4 * settings.harmonics,) * 2)
    F[0, 0] = 1.0
    for harmonic in range(1, settings.harmonics + 1):
        angle = 2.0 * math.pi * harmonic * frequency / rate
        turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        first = 4 * harmonic - 3
        F[first : first + 2, first : first + 2] = turn
        F[first : first + 2, first + 2 : first + 4] = turn
        F[first + 2 : first + 4, first + 2 : first + 4] = settings.trend_memory * turn
    return F


def step_variances(settings: HarmonicSettings) -> FloatArray:
    """Variance of the random step of each state, over that of the sensor's noise; (state,)."""
    variances = [settings.mean_step]
    for harmonic in range(settings.harmonics):
        fade = settings.decay**harmonic
        variances += [settings.amplitude_step * fade] * 2 + [settings.trend_step * fade] * 2
    return np.array(variances) + _SMALLEST


def seen(settings: HarmonicSettings) -> FloatArray:
    """What a sensor sees of the state: the mean and the real parts of the amplitudes; (state,)."""
    H = np.zeros(1 + 4 * settings.harmonics)
    H[0] = 1.0
    H[1::4] = 1.0
    return H


@lru_cache(maxsize=8)
def _gains(settings: HarmonicSettings, rate: float) -> tuple[FloatArray, FloatArray]:
    """Frequencies, radians per sample, and the stationary gain at each, (frequency, state)."""
    low, high = (2.0 * math.pi * f / rate for f in (settings.lowest, settings.highest))
    count = 2 + math.ceil(math.log(high / low) / GAIN_SPACING)
    spectrum = np.geomspace(low, high, count)
    Q, H = np.diag(step_variances(settings)), seen(settings)
    gains = []
    for turn in spectrum:
        F = transition(settings, turn * rate / (2.0 * math.pi), rate)
        P = linalg.solve_discrete_are(F.T, H[:, None], Q, np.ones((1, 1)))
        gains.append(P @ H / (H @ P @ H + 1.0))
    return spectrum, np.array(gains)


class _Beliefs(NamedTuple):
    """What the march needs to know."""

    spectrum: FloatArray  # frequencies of the gains, radians per sample, (frequency,)
    gains: FloatArray  # (frequency, state)
    fading: float  # φ
    memory: float  # of the frequency, what is left after a sample
    weights: FloatArray  # of the channels in the frequency, (channel,)
    covariance: FloatArray  # of the innovations, (channel, channel)


@numba.njit(cache=True)
def _track(values: FloatArray, leads: NDArray[np.int_], beliefs: _Beliefs, out: Harmonics) -> None:
    """March through a run and fill ``out``, the frequency in radians per sample."""
    spectrum, gains, fading, memory, weights, covariance = beliefs
    harmonics, channels = (gains.shape[1] - 1) // 4, values.shape[1]
    spacing = math.log(spectrum[1] / spectrum[0])
    a = np.zeros((harmonics, channels), np.complex128)
    b = np.zeros((harmonics, channels), np.complex128)
    mean = np.zeros(channels)
    turned, w = 0j, math.sqrt(spectrum[0] * spectrum[-1])
    for t in range(len(values)):
        before = a[0].copy()
        for k in range(harmonics):
            turn = np.exp(1j * (k + 1) * w)
            a[k] = turn * (a[k] + b[k])
            b[k] = fading * turn * b[k]
        nearest = round(math.log(w / spectrum[0]) / spacing)
        gain = gains[min(max(nearest, 0), len(gains) - 1)]
        for c in range(channels):
            out.filled[t, c] = mean[c] + a[:, c].real.sum()
        out.innovation[t] = values[t] - out.filled[t]
        _guess(out.innovation[t], covariance)
        out.filled[t] += out.innovation[t]
        _correct(out.innovation[t], gain, (mean, a, b))
        now = 0j
        for c in range(channels):
            now += weights[c] * a[0, c] * np.conj(before[c])
        turned = memory * turned + (1.0 - memory) * now
        if abs(turned) > _AUDIBLE:
            w = min(max(float(np.angle(turned)), spectrum[0]), spectrum[-1])
        out.frequency[t] = w
        _extend(w, fading, leads, (mean, a, b), out.forecast[t])


@numba.njit(cache=True)
def _guess(innovation: FloatArray, covariance: FloatArray) -> None:
    """Put in place of each missing innovation what is expected of it, given those seen."""
    missing = np.isnan(innovation)
    if not missing.any():
        return
    seen, unseen = np.flatnonzero(~missing), np.flatnonzero(missing)
    innovation[unseen] = 0.0
    if len(seen) == 0:
        return
    among = covariance[seen][:, seen]
    innovation[unseen] = covariance[unseen][:, seen] @ np.linalg.solve(among, innovation[seen])


@numba.njit(cache=True)
def _correct(
    innovation: FloatArray,
    gain: FloatArray,
    state: tuple[FloatArray, NDArray[np.complex128], NDArray[np.complex128]],
) -> None:
    """Let each channel learn from its innovation."""
    mean, a, b = state
    mean += gain[0] * innovation
    for k in range(len(a)):
        first = 1 + 4 * k
        a[k] += (gain[first] + 1j * gain[first + 1]) * innovation
        b[k] += (gain[first + 2] + 1j * gain[first + 3]) * innovation


@numba.njit(cache=True)
def _extend(
    w: float,
    fading: float,
    leads: NDArray[np.int_],
    state: tuple[FloatArray, NDArray[np.complex128], NDArray[np.complex128]],
    forecast: FloatArray,
) -> None:
    """Turn amplitudes and trends on by each lead."""
    mean, a, b = state
    for number in range(len(leads)):
        lead = leads[number]
        reach = (1.0 - fading**lead) / (1.0 - fading)  # 1 + φ + ... + φ^(lead-1)
        forecast[number] = mean
        for k in range(len(a)):
            turn = np.exp(1j * (k + 1) * w * lead)
            forecast[number] += (turn * (a[k] + reach * b[k])).real
