"""The compiled march of the section model; its equations are in :mod:`sciml.hydro.sections`.

All kernels stand in this file: numba's cache knows when a file changes, but not when a file that
it calls into does.
"""

import math
from typing import Any, NamedTuple

import numba

from sciml.core.axes import FloatArray

# A cavity this many steps long is no longer resolved: it has collapsed.
COLLAPSED_STEPS = 4
# Relative change of the gas pressure at which Newton's method stops; its error is then 1e-12,
# because the loss and the volume follow the last change along their tangents.
NEWTON_TOLERANCE = 1e-10
NEWTON_STEPS = 40
# A shorter change of the gas pressure, over it, leaves no digits for the slope of a secant.
SECANT_SPAN = 1e-8
# Of a step: where the closing section is found. Newton's method squares its last step.
FRACTION_TOLERANCE = 1e-13
NEWTON_FRACTION = 1e-8

# Rows of the table of pressure integrals: node values, and polynomial coefficients of a step.
GAP, SLOPE, CURVATURE, FIRST, SECOND, THIRD = range(6)
# Columns of the kernel's output.
GAS_PRESSURE, LIFETIME, VOLUME, CONTENT, SUPPLIED, LEAKED, SHED, SHEDDINGS, WIDEST = range(9)
COLUMNS = 9
# How the kernel ended.
DONE, NO_TAIL, COLLAPSED, TOO_COARSE = range(4)


class SectionRun(NamedTuple):
    """What a run is given. Unit of time: one step, so volumes are in V h m³."""

    table: FloatArray  # pressure integrals, (6, past + time)
    above: FloatArray  # p∞ - p_v, Pa, (time,)
    supply: FloatArray  # p_ref q_in h, J per step, (time,)
    birth: float  # S₀, m²
    growth: float  # B, m² per step
    compliance: float  # k₁/ρ, m² per step² and Pa
    drift: float  # V h, m per step
    reference: float  # p_ref h, J per m³/s and step
    strength: float  # of the gas loss
    shape: float  # of the gas loss


class _Cavity(NamedTuple):
    """The cavity at one node."""

    gas: float  # p_g, Pa; negative where Newton's method failed
    leak: float  # p_ref q_out h, J per step
    volume: float  # Q, m³
    cell: int  # step and
    s: float  # fraction of it at which the closing section was born
    widest: int  # node near which the widest section was born
    stiffness: float  # by what the loss steepens the gas balance, about 1


class _Budget(NamedTuple):
    """What is known of the gas at a new node before its loss is."""

    content: float  # J, without the loss at the new node
    weight: float  # of that loss
    smooth: bool  # whether the last two steps join smoothly
    gas: float  # predicted p_g, Pa
    tail: float  # predicted birth of the closing section, in nodes


@numba.njit(cache=True)
def _set_step(table: FloatArray, cell: int, gap: float, smooth: bool) -> None:
    """Continue D to ``gap`` at node cell + 1, quadratically if smooth, and integrate it exactly."""
    here = table[GAP, cell]
    b, c = gap - here, 0.0
    if smooth:
        before = table[GAP, cell - 1]
        b, c = (gap - before) / 2.0, (gap - 2.0 * here + before) / 2.0
    first, second = table[FIRST, cell], table[SECOND, cell]
    table[SLOPE, cell], table[CURVATURE, cell] = b, c
    table[GAP, cell + 1] = gap
    table[FIRST, cell + 1] = first + here + b / 2.0 + c / 3.0
    table[SECOND, cell + 1] = second + first + here / 2.0 + b / 6.0 + c / 12.0
    table[THIRD, cell + 1] = (
        table[THIRD, cell] + second + first / 2.0 + here / 6.0 + b / 24.0 + c / 60.0
    )


@numba.njit(cache=True)
def _integrals(table: FloatArray, cell: int, s: float) -> tuple[float, float, float, float]:
    """D, P₁, P₂, P₃ at the fraction s of a step."""
    D, b, c = table[GAP, cell], table[SLOPE, cell], table[CURVATURE, cell]
    P1, P2, P3 = table[FIRST, cell], table[SECOND, cell], table[THIRD, cell]
    gap = D + s * (b + s * c)
    first = P1 + s * (D + s * (b / 2.0 + s * c / 3.0))
    second = P2 + s * (P1 + s * (D / 2.0 + s * (b / 6.0 + s * c / 12.0)))
    third = P3 + s * (P2 + s * (P1 / 2.0 + s * (D / 6.0 + s * (b / 24.0 + s * c / 60.0))))
    return gap, first, second, third


@numba.njit(cache=True)
def _area(run: SectionRun, now: int, cell: int, s: float) -> tuple[float, float]:
    """Area at node ``now`` of the section born at (cell, s), and its slope in s."""
    gap, first, second, _ = _integrals(run.table, cell, s)
    age = now - cell - s
    area = run.birth + (run.growth + first) * age - run.table[SECOND, now] + second
    return area, gap * age - run.growth


@numba.njit(cache=True)
def _node_area(run: SectionRun, now: int, node: int) -> float:
    """Area at node ``now`` of the section born at a node."""
    change = run.table[SECOND, node] - run.table[SECOND, now]
    return run.birth + (run.growth + run.table[FIRST, node]) * (now - node) + change


@numba.njit(cache=True)
def _tail(run: SectionRun, now: int, cell: int, s: float, guess: float) -> tuple[int, float]:
    """Birth (cell, s) of the section that closes at node ``now``, going forward from the last.

    A section that has closed stays closed, so the tail never goes back. The guess only saves time.
    """
    if _area(run, now, cell, s)[0] >= 0.0:
        return cell, s
    while cell < now - COLLAPSED_STEPS and _node_area(run, now, cell + 1) <= 0.0:
        cell, s = cell + 1, 0.0
    low, high = s, 1.0
    if low < guess - cell < high:
        s = guess - cell
    for _ in range(NEWTON_STEPS):
        area, slope = _area(run, now, cell, s)
        if area < 0.0:
            low = s
        else:
            high = s
        step = -area / slope if slope > 0.0 else math.inf
        enough = NEWTON_FRACTION
        if not low <= s + step <= high:
            step, enough = 0.5 * (low + high) - s, FRACTION_TOLERANCE
        s += step
        if abs(step) < enough:
            break
    return cell, s


@numba.njit(cache=True)
def _volume(run: SectionRun, now: int, cell: int, s: float) -> float:
    """Volume at node ``now`` of the sections born since (cell, s), m³."""
    T = now - cell - s
    _, _, second, third = _integrals(run.table, cell, s)
    mean = run.birth + 0.5 * run.growth * T - run.table[SECOND, now] - second
    return run.drift * (mean * T + 2.0 * (run.table[THIRD, now] - third))


@numba.njit(cache=True)
def _outside(run: SectionRun, now: int, cell: int, largest: float) -> int:
    """How many of the nodes after a cell have closed, or are wider than the largest area.

    Counting has no branch and no order, so the processor takes several nodes abreast.
    """
    first, second = run.table[FIRST, cell + 1 : now], run.table[SECOND, cell + 1 : now]
    birth, growth, latest, oldest = run.birth, run.growth, run.table[SECOND, now], now - cell - 1
    count = 0
    for i in range(len(first)):
        # As in _node_area, to the last bit.
        area = birth + (growth + first[i]) * float(oldest - i) + (second[i] - latest)
        count += 1 if (area <= 0.0) | (area > largest) else 0
    return count


@numba.njit(cache=True)
def _survey(run: SectionRun, now: int, cell: int, widest: int) -> tuple[int, int]:
    """The youngest closed node ahead of the tail (-1 if none), and the widest node before it."""
    widest = min(max(widest, cell + 1), now - 1)
    largest = _node_area(run, now, widest)
    while widest + 1 < now and _node_area(run, now, widest + 1) > largest:
        widest += 1
        largest = _node_area(run, now, widest)
    if largest > 0.0 and _outside(run, now, cell, largest) == 0:
        return -1, widest
    widest, largest = now - 1, 0.0
    for node in range(now - 1, cell, -1):
        area = _node_area(run, now, node)
        if area > largest:
            largest, widest = area, node
        elif area <= 0.0:
            return node, widest
    return -1, widest


@numba.njit(cache=True)
def _largest_area(run: SectionRun, now: int, widest: int) -> float:
    """Area of the largest section near a node: climb, then the top of a parabola."""
    middle = _node_area(run, now, widest)
    while widest + 2 < now and _node_area(run, now, widest + 1) > middle:
        widest += 1
        middle = _node_area(run, now, widest)
    before = _node_area(run, now, widest - 1)
    after = _node_area(run, now, widest + 1)
    bend = 2.0 * middle - before - after
    if bend <= 0.0 or abs(after - before) > 2.0 * bend:
        return max(before, middle, after)
    return middle + (after - before) ** 2 / (8.0 * bend)


@numba.njit(cache=True)
def _leak(run: SectionRun, loss: Any, now: int, above: float, cavity: _Cavity) -> float:
    """Energy of the gas lost per step, J, by the law of loss."""
    area = _largest_area(run, now, max(cavity.widest, cavity.cell + 1))
    length = (now - cavity.cell - cavity.s) * run.drift
    gap = above - cavity.gas
    return run.reference * loss(cavity.gas, gap, area, length, run.strength, run.shape)


@numba.njit(cache=True)
def _move_origin(table: FloatArray, origin: int, now: int) -> None:
    """Let P₁, P₂, P₃ start at node ``origin``, so that they stay as small as the cavity.

    Otherwise P₃ grows with the cube of time and its differences lose digits.
    """
    P1, P2, P3 = table[FIRST, origin], table[SECOND, origin], table[THIRD, origin]
    for node in range(origin, now + 1):
        a = float(node - origin)
        table[THIRD, node] -= P3 + a * (P2 + 0.5 * a * P1)
        table[SECOND, node] -= P2 + a * P1
        table[FIRST, node] -= P1


@numba.njit(cache=True)
def _start(run: SectionRun, loss: Any, now: int) -> _Cavity:
    """Integrate the past up to node ``now``; the gas is negative if the past has no tail."""
    for node in range(now):
        _set_step(run.table, node, run.table[GAP, node + 1], node > 0)
    cell, widest = _survey(run, now, -1, now)
    if cell < 0 or cell >= now - COLLAPSED_STEPS:
        return _Cavity(-1.0, 0.0, 0.0, 0, 0.0, 0, 1.0)
    cell, s = _tail(run, now, cell, 0.0, 0.0)
    gas = run.above[0] - run.table[GAP, now] / run.compliance
    cavity = _Cavity(gas, 0.0, _volume(run, now, cell, s), cell, s, widest, 1.0)
    leak = _leak(run, loss, now, run.above[0], cavity)
    return _Cavity(gas, leak, cavity.volume, cell, s, widest, 1.0)


@numba.njit(cache=True)
def _advance(run: SectionRun, loss: Any, n: int, last: _Cavity, budget: _Budget) -> _Cavity:
    """One implicit step to sample n: the pressure at which gas and volume agree, by Newton."""
    now = run.table.shape[1] - len(run.above) + n
    above, gas, guess, stiffness = run.above[n], budget.gas, budget.tail, last.stiffness
    low, high, old_gas, old_excess = 0.0, math.inf, 0.0, -budget.content
    for attempt in range(NEWTON_STEPS if budget.content > 0.0 else 0):
        _set_step(run.table, now - 1, run.compliance * (above - gas), budget.smooth)
        cell, s = _tail(run, now, last.cell, last.s, guess)
        guess = cell + s
        Q = _volume(run, now, cell, s)
        leak = _leak(run, loss, now, above, _Cavity(gas, 0.0, Q, cell, s, last.widest, 1.0))
        excess = gas * Q + budget.weight * leak - budget.content
        low, high = (gas, high) if excess < 0.0 else (low, gas)
        T = now - cell - s
        # dQ/dp_g at a fixed tail, whose own motion changes Q only where the tail is blunt.
        softness = T / 8.0 - 7.0 / 120.0 if budget.smooth else T / 6.0 - 1.0 / 12.0
        softness *= run.compliance * run.drift
        slope = Q + gas * softness
        # The loss grows with p_g at a rate that only the secant knows.
        if attempt > 0 and abs(gas - old_gas) > SECANT_SPAN * gas:
            stiffness = max(1.0, (excess - old_excess) / (gas - old_gas) / slope)
        old_gas, old_excess = gas, excess
        gas -= excess / (stiffness * slope)
        if not low <= gas <= high:
            gas = 0.5 * (low + high)
        change = gas - old_gas
        if abs(change) <= NEWTON_TOLERANCE * gas:
            _set_step(run.table, now - 1, run.compliance * (above - gas), budget.smooth)
            leak += (stiffness - 1.0) * slope * change / budget.weight
            return _Cavity(gas, leak, Q + softness * change, cell, s, last.widest, stiffness)
    return _Cavity(-1.0, 0.0, 0.0, last.cell, last.s, last.widest, 1.0)


@numba.njit(cache=True)
def _attached(
    run: SectionRun, loss: Any, n: int, last: _Cavity, budget: _Budget
) -> tuple[_Cavity, float, bool]:
    """The cavity at sample n, the share of its gas that stays, and whether a neck closed."""
    now = run.table.shape[1] - len(run.above) + n
    cavity = _advance(run, loss, n, last, budget)
    if cavity.gas < 0.0:
        return cavity, 1.0, False
    gas, leak, volume, cell, s, _, stiffness = cavity
    closed, widest = _survey(run, now, cell, last.widest)
    if closed < 0:
        return _Cavity(gas, leak, volume, cell, s, widest, stiffness), 1.0, False
    cell, s = _tail(run, now, closed, 0.0, 0.0)
    kept = _volume(run, now, cell, s)
    if kept <= volume:
        return _Cavity(gas, leak, kept, cell, s, widest, stiffness), kept / volume, True
    # The pocket holds less than the overshoot of the neck: step again with the tail at the neck.
    neck = _Cavity(gas, leak, kept, closed, 0.0, widest, stiffness)
    return _advance(run, loss, n, neck, budget), 1.0, True


@numba.njit(cache=True)
def _predicted(ledger: FloatArray, column: int, n: int, known: int) -> float:
    """A column at sample n, continued from as many samples as join smoothly, at most three."""
    last = ledger[n - 1, column]
    guess = last
    if known > 2:
        guess = 3.0 * (last - ledger[n - 2, column]) + ledger[n - 3, column]
    elif known > 1:
        guess = 2.0 * last - ledger[n - 2, column]
    return guess if 0.5 * last < guess < 2.0 * last else last


@numba.njit(cache=True)
def _step(
    run: SectionRun, loss: Any, n: int, past: tuple[_Cavity, float, int], ledger: FloatArray
) -> _Cavity:
    """March to sample n: balance the gas, shed what lies behind a closed neck, keep the ledger."""
    last, earlier_leak, known = past
    smooth = known > 1
    # Adams-Moulton of third order; the trapezoidal rule after a kink.
    new, old, before = (5.0 / 12, 8.0 / 12, -1.0 / 12) if smooth else (0.5, 0.5, 0.0)
    gain = new * run.supply[n] + old * run.supply[n - 1] + before * run.supply[max(n - 2, 0)]
    spent = old * last.leak + before * earlier_leak
    content = ledger[n - 1, CONTENT] + gain - spent
    gas = _predicted(ledger, GAS_PRESSURE, n, known)
    now = run.table.shape[1] - len(run.above) + n
    tail = now - _predicted(ledger, LIFETIME, n, known)
    cavity, kept, parted = _attached(run, loss, n, last, _Budget(content, new, smooth, gas, tail))
    content -= new * cavity.leak
    ledger[n, SUPPLIED] = ledger[n - 1, SUPPLIED] + gain
    ledger[n, LEAKED] = ledger[n - 1, LEAKED] + spent + new * cavity.leak
    ledger[n, SHED] = ledger[n - 1, SHED] + content * (1.0 - kept)
    ledger[n, SHEDDINGS] = ledger[n - 1, SHEDDINGS] + parted
    ledger[n, CONTENT] = content * kept
    return cavity


@numba.njit(cache=True, nogil=True)
def march(run: SectionRun, loss: Any, ledger: FloatArray) -> tuple[int, int]:
    """Fill the ledger, shape (time, 9), sample by sample; say how and where it ended."""
    samples = len(run.above)
    past = run.table.shape[1] - samples
    cavity = _start(run, loss, past)
    if cavity.gas < 0.0:
        return NO_TAIL, 0
    ledger[0, CONTENT] = cavity.gas * cavity.volume
    origin, kink, leak = 0, 0, cavity.leak
    for n in range(samples):
        now = past + n
        if n > 0:
            old = cavity
            cavity = _step(run, loss, n, (old, leak, n - kink), ledger)
            leak = old.leak
            if cavity.gas < 0.0:
                return TOO_COARSE, n
            if ledger[n, SHEDDINGS] > ledger[n - 1, SHEDDINGS]:
                kink = n
        lifetime = now - cavity.cell - cavity.s
        if lifetime < COLLAPSED_STEPS + 1:
            return COLLAPSED, n
        ledger[n, GAS_PRESSURE], ledger[n, LIFETIME] = cavity.gas, lifetime
        ledger[n, VOLUME], ledger[n, WIDEST] = cavity.volume, cavity.widest
        # Twice the cavity's own length costs few moves and hardly a digit.
        if now - origin > 3 * (now - cavity.cell) + 64:
            origin = cavity.cell
            _move_origin(run.table, origin, now)
    return DONE, samples
