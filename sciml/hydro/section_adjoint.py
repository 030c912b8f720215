"""The march of the section model in reverse: how its outputs depend on all that it was given.

The adjoint of the very scheme of :mod:`sciml.hydro.section_kernel`, so its gradients are those of
the computed numbers, not of an approximation. At sample n the kernel solves

    E(p_g) = p_g Q + w q_out - C = 0

for the gas pressure. With bars for the derivatives of a scalar J, λ = -J_p / E_p turns a bar of
p_g into bars of Q, q_out and C. Two facts keep it short: Q, P₂ and P₃ are linear in the gaps D,
and the motion of the tail does not change Q, because the area is zero there.

Only for cavities that shed nothing. All kernels stand in this file, see section_kernel.
"""

import math
from typing import NamedTuple

import numba
import numpy as np

from sciml.core.axes import FloatArray

# Rows: gaps, their polynomial coefficients, integrals P₁, P₂, P₃.
GAP, SLOPE, CURVATURE, FIRST, SECOND, THIRD = range(6)
# Columns of the closures: the widest section and its weights on three node areas.
AREA, NODE, BEFORE, MIDDLE, AFTER = range(5)
# Rows of the law's partial derivatives, in the order of its arguments.
BY_GAS, BY_GAP, BY_AREA, BY_LENGTH, BY_STRENGTH, BY_SHAPE = range(6)
# Scalars that the adjoint returns derivatives for.
GROWTH, COMPLIANCE, STRENGTH, SHAPE, PAST_GAP = range(5)


class Trajectory(NamedTuple):
    """What the kernel found, and the constants it used. Unit of time: one step."""

    above: FloatArray  # p∞ - p_v, Pa, (time,)
    gas: FloatArray  # p_g, Pa, (time,)
    lifetime: FloatArray  # T, steps, (time,)
    volume: FloatArray  # Q, m³, (time,)
    widest: FloatArray  # node near which the widest section was born, (time,)
    past_gap: float  # p∞ - p_c up to the first sample, Pa
    past: int  # nodes before the first sample
    birth: float  # S₀, m²
    growth: float  # B, m² per step
    compliance: float  # k₁/ρ, m² per step² and Pa
    drift: float  # V h, m per step
    reference: float  # p_ref h, J per m³/s and step


@numba.njit(cache=True)
def _is_smooth(track: Trajectory, node: int) -> bool:
    """Whether the step that ends at a node continues a parabola."""
    return node > 1 and node != track.past + 1


@numba.njit(cache=True)
def _tables(track: Trajectory) -> FloatArray:
    """Gaps and their integrals at all nodes, shape (6, past + time)."""
    table = np.zeros((6, track.past + len(track.gas)))
    for node in range(track.past + 1):
        table[GAP, node] = track.compliance * track.past_gap
    for n in range(1, len(track.gas)):
        table[GAP, track.past + n] = track.compliance * (track.above[n] - track.gas[n])
    for node in range(1, table.shape[1]):
        cell = node - 1
        here, b, c = table[GAP, cell], table[GAP, node] - table[GAP, cell], 0.0
        if _is_smooth(track, node):
            before = table[GAP, cell - 1]
            b = (table[GAP, node] - before) / 2.0
            c = (table[GAP, node] - 2.0 * here + before) / 2.0
        table[SLOPE, cell], table[CURVATURE, cell] = b, c
        first, second = table[FIRST, cell], table[SECOND, cell]
        table[FIRST, node] = first + here + b / 2.0 + c / 3.0
        table[SECOND, node] = second + first + here / 2.0 + b / 6.0 + c / 12.0
        table[THIRD, node] = (
            table[THIRD, cell] + second + first / 2.0 + here / 6.0 + b / 24.0 + c / 60.0
        )
    return table


@numba.njit(cache=True)
def _node_area(track: Trajectory, table: FloatArray, now: int, node: int) -> float:
    """Area at node ``now`` of the section born at a node."""
    change = table[SECOND, node] - table[SECOND, now]
    return track.birth + (track.growth + table[FIRST, node]) * (now - node) + change


@numba.njit(cache=True)
def largest_sections(track: Trajectory) -> FloatArray:
    """The widest section at each sample, and what it owes to three node areas, (time, 5).

    The same climb and the same parabola as in the kernel.
    """
    table = _tables(track)
    found = np.zeros((len(track.gas), 5))
    for n in range(len(track.gas)):
        now = track.past + n
        cell = math.floor(now - track.lifetime[n])
        widest = max(int(track.widest[max(n - 1, 0)]), cell + 1)
        middle = _node_area(track, table, now, widest)
        while widest + 2 < now and _node_area(track, table, now, widest + 1) > middle:
            widest += 1
            middle = _node_area(track, table, now, widest)
        before = _node_area(track, table, now, widest - 1)
        after = _node_area(track, table, now, widest + 1)
        bend, tilt = 2.0 * middle - before - after, after - before
        found[n, NODE] = widest
        if bend <= 0.0 or abs(tilt) > 2.0 * bend:
            most = max(before, middle, after)
            found[n, AREA] = most
            found[n, BEFORE], found[n, MIDDLE], found[n, AFTER] = (
                1.0 if before == most else 0.0,
                1.0 if middle == most else 0.0,
                1.0 if after == most else 0.0,
            )
        else:
            square = (tilt / bend) ** 2 / 8.0
            found[n, AREA] = middle + square * bend
            found[n, BEFORE] = square - tilt / bend / 4.0
            found[n, MIDDLE] = 1.0 - 2.0 * square
            found[n, AFTER] = square + tilt / bend / 4.0
    return found


@numba.njit(cache=True)
def _add_polynomial(bars: FloatArray, cell: int, s: float, first: float, second: float) -> None:
    """Bars of P₁ and P₂ at the fraction s of a step become bars of its coefficients."""
    bars[FIRST, cell] += first + s * second
    bars[SECOND, cell] += second
    bars[GAP, cell] += s * (first + s * second / 2.0)
    bars[SLOPE, cell] += s * s * (first / 2.0 + s * second / 6.0)
    bars[CURVATURE, cell] += s**3 * (first / 3.0 + s * second / 12.0)


@numba.njit(cache=True)
def _add_third(bars: FloatArray, cell: int, s: float, third: float) -> None:
    """A bar of P₃ at the fraction s of a step becomes bars of its coefficients."""
    bars[THIRD, cell] += third
    bars[SECOND, cell] += s * third
    bars[FIRST, cell] += s * s * third / 2.0
    bars[GAP, cell] += s**3 * third / 6.0
    bars[SLOPE, cell] += s**4 * third / 24.0
    bars[CURVATURE, cell] += s**5 * third / 60.0


@numba.njit(cache=True)
def _gap_bar(bars: FloatArray, node: int, smooth: bool) -> float:
    """The derivative by the gap at a node, of all that its step and later ones made of it."""
    b = bars[SLOPE, node - 1] + bars[FIRST, node] / 2.0
    c = bars[CURVATURE, node - 1] + bars[FIRST, node] / 3.0
    b += bars[SECOND, node] / 6.0 + bars[THIRD, node] / 24.0
    c += bars[SECOND, node] / 12.0 + bars[THIRD, node] / 60.0
    return bars[GAP, node] + ((b + c) / 2.0 if smooth else b)


@numba.njit(cache=True)
def _undo_step(bars: FloatArray, node: int, smooth: bool) -> None:
    """Hand the bars of a node to the node before, and to the gap two before."""
    first, second, third = bars[FIRST, node], bars[SECOND, node], bars[THIRD, node]
    b = bars[SLOPE, node - 1] + first / 2.0 + second / 6.0 + third / 24.0
    c = bars[CURVATURE, node - 1] + first / 3.0 + second / 12.0 + third / 60.0
    bars[GAP, node - 1] += first + second / 2.0 + third / 6.0 - (c if smooth else b)
    if smooth:
        bars[GAP, node - 2] += (c - b) / 2.0
    bars[FIRST, node - 1] += first + second + third / 2.0
    bars[SECOND, node - 1] += second + third
    bars[THIRD, node - 1] += third


class _Bars(NamedTuple):
    """Derivatives of the scalar, gathered from its outputs back to its inputs."""

    table: FloatArray  # by the rows of the table of pressure integrals, (6, past + time)
    above: FloatArray  # by p∞ - p_v, (time,)
    supply: FloatArray  # by p_ref q_in h, (time,)
    leaks: FloatArray  # by the energy lost per step, (time,)
    scalars: FloatArray  # (5,)


class _Sample(NamedTuple):
    """A sample seen in reverse: its tail, and how the loss depends on the rest."""

    n: int
    cell: int
    s: float
    steep: float  # slope in s of the area at the tail
    by_gas: float  # of the loss per step: along p_g at a fixed p∞,
    by_area: float  # along the largest area,
    by_age: float  # and along the lifetime


@numba.njit(cache=True)
def _sample(track: Trajectory, table: FloatArray, partials: FloatArray, n: int) -> _Sample:
    """What sample n looks like."""
    T = track.lifetime[n]
    cell = math.floor(track.past + n - T)
    s = track.past + n - T - cell
    gap = table[GAP, cell] + s * (table[SLOPE, cell] + s * table[CURVATURE, cell])
    return _Sample(
        n,
        cell,
        s,
        gap * T - track.growth,
        track.reference * (partials[BY_GAS, n] - partials[BY_GAP, n]),
        track.reference * partials[BY_AREA, n],
        track.reference * partials[BY_LENGTH, n] * track.drift,
    )


@numba.njit(cache=True)
def _balance(
    track: Trajectory, bars: _Bars, at: _Sample, outputs: FloatArray, content: float
) -> tuple[float, float, float]:
    """Bars of the volume, the loss and the earlier content, once that of p_g is eliminated."""
    n, T, k, gas = at.n, track.lifetime[at.n], track.compliance, track.gas[at.n]
    smooth = n > 1
    w, old, before = (5.0 / 12, 8.0 / 12, -1.0 / 12) if smooth else (0.5, 0.5, 0.0)
    P2, P3 = (1.0 / 8.0, 7.0 / 240.0) if smooth else (1.0 / 6.0, 1.0 / 24.0)  # by D_n
    leak = bars.leaks[n] - content * w
    Q_gas = k * track.drift * (T * P2 - 2.0 * P3)
    T_gas = k * P2 / at.steep
    leak_gas = at.by_gas + at.by_area * k * P2 + at.by_age * T_gas
    slope = outputs[0, n] - k * _gap_bar(bars.table, track.past + n, smooth)
    slope += outputs[2, n] * Q_gas + outputs[1, n] * T_gas + leak * leak_gas
    scale = -slope / (track.volume[n] + gas * Q_gas + w * leak_gas)
    content -= scale
    bars.supply[n] += w * content
    bars.supply[n - 1] += old * content
    bars.leaks[n - 1] -= old * content
    bars.supply[max(n - 2, 0)] += before * content
    bars.leaks[max(n - 2, 0)] -= before * content
    return outputs[2, n] + scale * gas, leak + scale * w, content


@numba.njit(cache=True)
def pull_back(
    track: Trajectory, closures: FloatArray, partials: FloatArray, outputs: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Derivatives of a scalar by the inputs of a run, from those by its outputs.

    Args:
        track: The run.
        closures: Of :func:`largest_sections`.
        partials: Of the law of loss by its six arguments, shape (6, time).
        outputs: Derivatives of the scalar by gas pressure, lifetime in steps and volume, (3, time).

    Returns:
        Derivatives by p∞ - p_v, shape (time,), by p_ref q_in h, shape (time,), and by the five
        scalars named above, shape (5,).
    """
    count, k, table, content = len(track.gas), track.compliance, _tables(track), 0.0
    bars = _Bars(
        np.zeros(table.shape), np.zeros(count), np.zeros(count), np.zeros(count), np.zeros(5)
    )
    for n in range(count - 1, -1, -1):
        at = _sample(track, table, partials, n)
        if n > 0:
            volume, leak, content = _balance(track, bars, at, outputs, content)
        else:
            # The past gives p_g, and the first content is p_g Q.
            volume, leak = outputs[2, 0] + content * track.gas[0], bars.leaks[0]
            gas = outputs[0, 0] + content * track.volume[0] + leak * at.by_gas
            bars.above[0] += gas
            bars.scalars[PAST_GAP] -= gas
        bars.above[n] += leak * track.reference * partials[BY_GAP, n]
        bars.scalars[STRENGTH] += leak * track.reference * partials[BY_STRENGTH, n]
        bars.scalars[SHAPE] += leak * track.reference * partials[BY_SHAPE, n]
        _close(track, bars, at, volume, (outputs[1, n] + leak * at.by_age) / at.steep)
        _widen(bars, track.past + n, closures[n], leak * at.by_area)
        if n > 0:
            bar = _gap_bar(bars.table, track.past + n, n > 1)
            bars.above[n] += k * bar
            bars.scalars[COMPLIANCE] += bar * (track.above[n] - track.gas[n])
            _undo_step(bars.table, track.past + n, n > 1)
    steady = 0.0
    for node in range(track.past, 0, -1):
        steady += _gap_bar(bars.table, node, node > 1)
        _undo_step(bars.table, node, node > 1)
    steady += bars.table[GAP, 0]
    bars.scalars[PAST_GAP] += k * steady
    bars.scalars[COMPLIANCE] += track.past_gap * steady
    return bars.above, bars.supply, bars.scalars


@numba.njit(cache=True)
def _close(track: Trajectory, bars: _Bars, at: _Sample, volume: float, area: float) -> None:
    """Bars of the volume, and of the area at the fixed tail, which moves the tail."""
    now, T, volume = track.past + at.n, track.lifetime[at.n], volume * track.drift
    bars.scalars[GROWTH] += volume * T * T / 2.0 + area * T
    bars.table[SECOND, now] -= volume * T + area
    bars.table[THIRD, now] += 2.0 * volume
    _add_polynomial(bars.table, at.cell, at.s, area * T, area - volume * T)
    _add_third(bars.table, at.cell, at.s, -2.0 * volume)


@numba.njit(cache=True)
def _widen(bars: _Bars, now: int, closure: FloatArray, area: float) -> None:
    """The bar of the largest area becomes bars of the three node areas that it comes from."""
    for side in range(3):
        node = int(closure[NODE]) - 1 + side
        bar = area * closure[BEFORE + side]
        bars.scalars[GROWTH] += bar * (now - node)
        bars.table[FIRST, node] += bar * (now - node)
        bars.table[SECOND, node] += bar
        bars.table[SECOND, now] -= bar
