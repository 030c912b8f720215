"""Another cavity than the library's: the truth that an identification must not share.

Sections are marched one by one on a ring, semi-implicitly and to first order. They differ from the
library's model in what they know: the pressure rises towards the closure and is smoothed between
neighbours (a term μ d²Δp/dx²), drag and thus birth follow σ(t), the jet's push is blurred,
sections are born with another area, and gas leaves by a mixture of two laws.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numba
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sciml.core.errors import BadInput
from sciml.core.units import STANDARD_ATMOSPHERE, WATER_DENSITY, WATER_VAPOUR_PRESSURE

FloatArray = NDArray[np.float64]

CLOSURE_WIDTH = 0.12  # of the pressure rise at the closure, over the length
SETTLE = 40.0  # lifetimes of 20 ms before the record begins
CORRECTIONS = 4  # of the pressure in a step
RING = 4096  # sections at most


class _Sections(NamedTuple):
    """The part of a truth that the march needs."""

    speed: float
    diameter: float
    disk_drag: float
    expansion: float
    birth: float
    closure: float
    smoothing: float
    portion: float
    layer: float


class Truth(NamedTuple):
    """What the other cavity is made of."""

    speed: float = 10.0  # m/s
    diameter: float = 0.02  # m
    disk_drag: float = 0.80  # c_x0; c_x = c_x0 (1 + σ)
    expansion: float = 1.75  # A
    birth: float = 0.3  # S₀ over the disk's area
    closure: float = 0.25  # rise of the gap at the closure, over the gap
    smoothing: float = 2e-3  # μ, over the length squared
    portion: float = 0.018  # γ of q = γ V S_c (σ_v/σ - 1)
    layer: float = 0.0  # ν of q = √(8 ν V L S_c) p_g/p_ref, m²/s
    force: float = 0.6  # C_j
    delay: float = 0.8  # c_t
    blur: float = 0.15  # of the jet, over its delay


@numba.njit(cache=True)
def _measured(S: FloatArray, count: int, drift: float) -> tuple[float, float, float, int]:
    """Volume, widest section and length of the sections before the first closed one, its index."""
    volume, widest, tail = -0.5 * S[0] * drift, S[0], count
    for i in range(count):
        if i > 0 and S[i] <= 0.0:
            tail = i
            break
        volume += S[i] * drift
        widest = max(widest, S[i])
    length = tail * drift
    if tail < count:
        length -= drift * (-S[tail] / (S[tail - 1] - S[tail]))
    return volume, widest, length, tail


@numba.njit(cache=True)
def _drifted(
    sections: FloatArray, count: int, bend: FloatArray, birth: FloatArray, step: float
) -> None:
    """Move every section by a step; index 0 is the youngest. Rows: area and its rate."""
    for i in range(count - 1, -1, -1):
        new = sections[1, i] - bend[i] * step
        sections[0, i + 1] = sections[0, i] + 0.5 * (sections[1, i] + new) * step
        sections[1, i + 1] = new
    sections[:, 0] = birth


@numba.njit(cache=True)
def _bent(gap: float, count: int, closure: float, mu: float, share: float) -> FloatArray:
    """The local pressure gap along the cavity, higher at the closure and smoothed.

    ``share`` is a step of the flow over the cavity's length.
    """
    local = np.empty(count)
    for i in range(count):
        away = ((i + 0.5) * share - 1.0) / CLOSURE_WIDTH
        local[i] = gap * (1.0 + closure * math.exp(-away * away))
    smooth = np.empty(count)
    for i in range(count):
        left, right = local[max(i - 1, 0)], local[min(i + 1, count - 1)]
        smooth[i] = local[i] + mu / share**2 * (left - 2.0 * local[i] + right)
    return smooth


@numba.njit(cache=True)
def _born(truth: _Sections, gap: float) -> FloatArray:
    """Area of a new section and its rate, with the drag of the moment."""
    disk = math.pi * truth.diameter**2 / 4.0
    drag = truth.disk_drag * (1.0 + gap / (0.5 * WATER_DENSITY * truth.speed**2))
    rate = math.pi / truth.expansion * truth.diameter * truth.speed * math.sqrt(drag)
    return np.array([truth.birth * disk, rate])


@numba.njit(cache=True)
def _march(
    truth: _Sections, step: float, ambient: FloatArray, supply: FloatArray, out: FloatArray
) -> bool:
    """Fill (time, 4): gas pressure, length, volume, loss; whether all sections had room."""
    k = 4.0 * math.pi / truth.expansion**2 / WATER_DENSITY
    drift, V = truth.speed * step, truth.speed
    gas = 0.5 * (ambient[0] - WATER_VAPOUR_PRESSURE)
    gap = ambient[0] - WATER_VAPOUR_PRESSURE - gas
    birth = _born(truth, gap)
    sections, count = np.zeros((2, RING)), 0
    while count < RING - 1 and sections[0, max(count - 1, 0)] >= 0.0:
        age = count * step
        sections[0, count] = birth[0] + birth[1] * age - 0.5 * k * gap * age * age
        sections[1, count] = birth[1] - k * gap * age
        count += 1
    if sections[0, count - 1] >= 0.0:
        return False
    content = gas * _measured(sections[0], count, drift)[0]
    for n in range(ambient.size):
        above = ambient[n] - WATER_VAPOUR_PRESSURE
        volume, widest, length, tail = _measured(sections[0], count, drift)
        loss = 0.0
        for _ in range(CORRECTIONS):
            loss = truth.portion * V * widest * gas / (above - gas)
            layer = math.sqrt(8.0 * truth.layer * V * length * widest)
            loss += layer * gas / STANDARD_ATMOSPHERE
            # d(p_g Q) with the loss at the new pressure.
            share = STANDARD_ATMOSPHERE * step * loss / gas
            gas = (content + STANDARD_ATMOSPHERE * step * supply[n]) / (volume + share)
        content = gas * volume
        out[n, 0], out[n, 1], out[n, 2], out[n, 3] = gas, length, volume, loss
        count = tail + 1
        if count > RING - 2:
            return False
        bend = k * _bent(above - gas, count, truth.closure, truth.smoothing, drift / length)
        _drifted(sections, count, bend, _born(truth, above - gas), step)
        count += 1
    return True


def other_cavity(
    truth: Truth, time: FloatArray, ambient: FloatArray, supply: FloatArray, substeps: int = 20
) -> xr.Dataset:
    """Run the other cavity from the steady state of its first forcing.

    Args:
        truth: What it is made of.
        time: Samples, s, shape (time,); even.
        ambient: p∞, Pa, shape (time,).
        supply: q_in, m³/s at the reference pressure, shape (time,).
        substeps: Of a sample.

    Returns:
        Signals without noise, ``gas_loss`` in m³/s and the forcing, on axis time.

    Raises:
        BadInput: if the cavity is longer than its sections can reach at this step.
    """
    step = (time[1] - time[0]) / substeps
    fine = np.linspace(time[0], time[-1], (time.size - 1) * substeps + 1)
    before = round(SETTLE * 0.02 / step)
    p, q = (
        np.concatenate([np.full(before, x[0]), np.interp(fine, time, x)]) for x in (ambient, supply)
    )
    out = np.zeros((p.size, 4))
    if not _march(_Sections(*truth[:9]), step, p, q, out):
        reach = RING * step * truth.speed
        raise BadInput(
            f"other_cavity: the cavity grows longer than {RING} sections, which reach {reach:.3g} "
            f"m with {substeps} substeps; use fewer"
        )
    gas, length, volume, loss = out.T
    pressure = WATER_VAPOUR_PRESSURE + gas
    sigma = (p - pressure) / (0.5 * WATER_DENSITY * truth.speed**2)
    force = _push(truth, step, sigma, length)
    columns = {
        "ambient_pressure": p,
        "ventilation": q,
        "cavity_pressure": pressure,
        "length": length,
        "volume": volume,
        "gas_loss": loss,
        "jet_force": force,
    }
    return xr.Dataset(
        {name: ("time", values[before::substeps]) for name, values in columns.items()},
        coords={"time": time},
    )


def _push(truth: Truth, step: float, sigma: FloatArray, length: FloatArray) -> FloatArray:
    """The jet's push with its own drag, delayed and blurred by a spread of delays."""
    ratio = np.sqrt(1.0 + sigma)
    area = truth.disk_drag * (1 + sigma) / (2 * ratio * (1 + ratio))
    area *= math.pi * truth.diameter**2 / 4
    push = truth.force * WATER_DENSITY * area * (truth.speed * ratio) ** 2
    delay = truth.delay * length / truth.speed * (1 + 1 / ratio)
    clock = step * np.arange(sigma.size)
    spreads = 1 + truth.blur * np.array([-1.5, -0.5, 0.5, 1.5])
    return np.mean([np.interp(clock - spread * delay, clock, push) for spread in spreads], axis=0)


def sensed(
    signal: FloatArray, step: float, noise: float, cutoff: float, seed: Sequence[int]
) -> FloatArray:
    """A signal through a slow sensor, with white and coloured noise.

    Args:
        signal: Without noise, shape (time,).
        step: Between samples, s.
        noise: Standard deviation over the signal's own; half of its variance is AR(1) with 0.9.
        cutoff: Of the sensor, Hz; a filter of first order.
        seed: Of the noise.

    Returns:
        The reading, shape (time,).
    """
    share = 1 - math.exp(-2 * math.pi * cutoff * step)
    slow = np.empty_like(signal)
    state = signal[0]
    for n, value in enumerate(signal):
        state += share * (value - state)
        slow[n] = state
    generator = np.random.default_rng(seed)
    white, kicks = generator.standard_normal((2, signal.size))
    coloured = np.empty_like(signal)
    last = kicks[0]
    for n, kick in enumerate(kicks):
        last = 0.9 * last + math.sqrt(1 - 0.81) * kick if n else kick
        coloured[n] = last
    return slow + noise * signal.std() * (white + coloured) / math.sqrt(2)
