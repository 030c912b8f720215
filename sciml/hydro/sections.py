"""Section model of a ventilated cavity behind a fixed disk: independent sections, one gas balance.

A section is born at the disk at time τ and drifts away with the flow. Its area S obeys

    d²S/dt² = -k₁ [p∞(t) - p_c(t)] / ρ,   k₁ = 4π/A²,
    S(τ) = S₀,   dS/dt(τ) = B = (k₁ A / 4) D_n V √c_x,

and the attached cavity ends at the youngest section that has closed. Its gas obeys

    d(p_g Q)/dt = p_ref (q_in - q_out),   p_g = p_c - p_v,

isothermally, with Q the volume. The state is integrated without storing a single section: with
D = k₁ (p∞ - p_c) / ρ and its repeated integrals P₁, P₂, P₃ in time, sections of age a = t - τ have

    S = S₀ + B a - P₂(t) + P₂(τ) + P₁(τ) a,

and a cavity whose oldest section was born T ago has

    Q / V = S₀ T + B T²/2 - [P₂(t) + P₂(t - T)] T + 2 [P₃(t) - P₃(t - T)].

D is a quadratic polynomial on each time step, so these are exact polynomials, the closing section
is found inside a step, and the scheme is of third order while no pocket of gas is shed.

Source:
    The independence principle is usually credited to Logvinovich. The closed form of Q follows
    by integrating S over τ by parts; tests/hydro/test_sections.py checks it by quadrature.
"""

import math
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import numba
import numpy as np
import xarray as xr
from numba import types
from numpy.typing import ArrayLike, NDArray
from pydantic import NonNegativeFloat, PositiveFloat, field_validator
from scipy import linalg, optimize

from sciml.core.axes import FloatArray, axes
from sciml.core.errors import BadInput
from sciml.core.settings import Settings
from sciml.core.units import STANDARD_ATMOSPHERE, WATER_DENSITY, WATER_VAPOUR_PRESSURE
from sciml.hydro.cavity import DISK_DRAG

Prescribed = Callable[[FloatArray], ArrayLike] | ArrayLike
GasLoss = Callable[[float, float, float, float, float], float]

# With fewer steps in a lifetime the growth rates are off by more than 1 %.
FEWEST_STEPS_PER_LIFETIME = 30
# A past that differs from steady may hold a section open longer than the steady lifetime.
PAST_LIFETIMES = 2.0
# A cavity this many steps long is no longer resolved: it has collapsed.
COLLAPSED_STEPS = 4
# The portion law has a pole at σ = 0: its ratio p_g / (p∞ - p_c) = β - 1 is held at this value,
# a cap of ours and not of the law.
LARGEST_PRESSURE_RATIO = 50.0
# Relative change of the gas pressure at which Newton's method stops, above rounding in Q.
NEWTON_TOLERANCE = 1e-12
NEWTON_STEPS = 40
# Of a step: where the closing section is found.
FRACTION_TOLERANCE = 1e-13
# Samples given to the matrix pencil; more cost time (cubic) and bring no accuracy.
PENCIL_SAMPLES = 240
# An oscillation with less of the strongest one's power is not taken for the one asked for.
AUDIBLE_POWER = 1e-6
# The modes that a neutral one wakes and that are still heard after a few lifetimes.
NEUTRAL_OSCILLATIONS = 4

# Rows of the table of pressure integrals: node values, and polynomial coefficients of a step.
GAP, SLOPE, CURVATURE, FIRST, SECOND, THIRD = range(6)
# Columns of the kernel's output.
GAS_PRESSURE, LIFETIME, VOLUME, CONTENT, SUPPLIED, LEAKED, SHED, SHEDDINGS = range(8)
# How the kernel ended.
DONE, NO_TAIL, COLLAPSED, TOO_COARSE = range(4)

_loss_signature = types.float64(*[types.float64] * 5)
_gas_losses: dict[str, "_RegisteredLoss"] = {}


class _RegisteredLoss(NamedTuple):
    """A compiled law and the strength that settings give it."""

    law: Any
    strength: "Callable[[SectionSettings], float]"


def register_gas_loss(
    name: str, law: GasLoss, strength: "Callable[[SectionSettings], float]"
) -> None:
    """Make a law of gas loss known under a name that settings can give.

    Args:
        name: The name; it must be new.
        law: Volume of gas that leaves in a second, m³/s at the reference pressure, from
            (gas pressure p_g in Pa, pressure gap p∞ - p_c in Pa, largest section area in m²,
            cavity length in m, strength). numba compiles it: plain arithmetic and ``math`` only.
            It must vanish with p_g.
        strength: All that stays constant in a run, as one number, from the settings.

    Raises:
        BadInput: if the name is taken.
    """
    if name in _gas_losses:
        raise BadInput(f"gas loss '{name}' is already registered; choose another name")
    _gas_losses[name] = _RegisteredLoss(numba.cfunc(_loss_signature)(law), strength)


def gas_losses() -> tuple[str, ...]:
    """Names of the laws of gas loss that settings may give."""
    return tuple(sorted(_gas_losses))


def _no_loss(gas: float, gap: float, area: float, length: float, strength: float) -> float:  # noqa: ARG001
    """A closed bag of gas."""
    return 0.0


def _portion_loss(gas: float, gap: float, area: float, length: float, strength: float) -> float:  # noqa: ARG001
    """Foam torn off in portions, q = γ V S_c (σ_v/σ - 1); strength γ V. γ is a fit parameter."""
    ratio = LARGEST_PRESSURE_RATIO
    if gap * LARGEST_PRESSURE_RATIO > gas:
        ratio = gas / gap
    return strength * area * ratio


def _boundary_layer_loss(
    gas: float,
    gap: float,  # noqa: ARG001
    area: float,
    length: float,
    strength: float,
) -> float:
    """Gas carried off by the moving wall, a laminar estimate; ν is to be fitted.

    Rayleigh's flux 2V √(ν t/π) at t = L/2V times the girth 2√(π S_c): √(8 ν V L S_c) at p_g.
    """
    return strength * math.sqrt(area * length) * gas


register_gas_loss("none", _no_loss, lambda settings: 0.0)  # noqa: ARG005
register_gas_loss("portion", _portion_loss, lambda s: s.loss_coefficient * s.speed)
register_gas_loss(
    "boundary_layer",
    _boundary_layer_loss,
    lambda s: math.sqrt(8.0 * s.loss_coefficient * s.speed) / s.reference_pressure,
)


class SectionSettings(Settings):
    """A disk in a water tunnel and the law by which its cavity loses gas."""

    speed: PositiveFloat  # of the water past the disk, m/s
    diameter: PositiveFloat  # of the disk, m
    drag_coefficient: PositiveFloat = DISK_DRAG  # c_x
    expansion: PositiveFloat = 2.0  # A; a fit parameter, about 2 (unverified)
    birth_area: Literal["disk", "point"] = "disk"  # S₀ = π D_n²/4, or 0
    density: PositiveFloat = WATER_DENSITY  # of the water, kg/m³
    vapour_pressure: NonNegativeFloat = WATER_VAPOUR_PRESSURE  # Pa
    reference_pressure: PositiveFloat = STANDARD_ATMOSPHERE  # at which q is metered, Pa
    gas_loss: str = "none"
    # γ of the portion law, or ν in m²/s. A fit parameter: 0.01 to 0.02 is quoted for γ, unverified.
    loss_coefficient: NonNegativeFloat = 0.015

    @field_validator("gas_loss")
    @classmethod
    def _registered(cls, name: str) -> str:
        """Only laws that exist."""
        if name not in _gas_losses:
            raise ValueError(f"unknown gas loss '{name}'; known: {', '.join(gas_losses())}")
        return name

    @property
    def initial_area(self) -> float:
        """S₀, the area with which a section is born, m²."""
        return math.pi * self.diameter**2 / 4.0 if self.birth_area == "disk" else 0.0

    @property
    def growth(self) -> float:
        """B, the rate at which a new section grows, m²/s."""
        return math.pi / self.expansion * self.diameter * self.speed * self.drag_coefficient**0.5

    @property
    def compliance(self) -> float:
        """k₁/ρ, how strongly a pressure gap bends the growth of a section, m³/kg."""
        return 4.0 * math.pi / self.expansion**2 / self.density

    @property
    def dynamic_pressure(self) -> float:
        """½ ρ V², Pa."""
        return 0.5 * self.density * self.speed**2


class SteadyCavity(NamedTuple):
    """A cavity that does not change: its numbers, its size and its gas."""

    cavitation_number: float  # σ
    gas_number: float  # β = σ_v/σ
    peak_time: float  # age at which a section is largest, s
    lifetime: float  # T, age at which a section closes, s
    length: float  # L = V T, m
    diameter: float  # D_c, m
    volume: float  # Q, m³
    gas_content: float  # p_g Q, J


def steady_cavity(
    settings: SectionSettings, ambient_pressure: float, cavity_pressure: float
) -> SteadyCavity:
    """The cavity that constant pressures hold open.

    (D_c/D_n)² = 1 + c_x/σ for S₀ = π D_n²/4, whatever A is; for S₀ = 0 also
    t_max = A D_n √c_x / (2σV) and L = A D_n √c_x / σ.

    Args:
        settings: Disk, flow and gas loss.
        ambient_pressure: p∞, Pa.
        cavity_pressure: p_c, Pa; from the vapour pressure up to below p∞.

    Returns:
        The steady cavity.

    Raises:
        BadInput: if the cavity pressure is outside [p_v, p∞[.

    Source:
        Exact consequences of the section equation for a constant pressure gap.
    """
    gap = ambient_pressure - cavity_pressure
    if not (math.isfinite(gap) and gap > 0 and cavity_pressure >= settings.vapour_pressure):
        raise BadInput(
            f"no steady cavity at p_c = {cavity_pressure:g} Pa: it must lie from the vapour "
            f"pressure {settings.vapour_pressure:g} Pa up to below the ambient {ambient_pressure:g}"
        )
    S0, B, D = settings.initial_area, settings.growth, settings.compliance * gap
    T = (B + math.sqrt(B * B + 2.0 * D * S0)) / D
    volume = settings.speed * T * (S0 + T * (B / 2.0 - T * D / 6.0))
    return SteadyCavity(
        cavitation_number=gap / settings.dynamic_pressure,
        gas_number=(ambient_pressure - settings.vapour_pressure) / gap,
        peak_time=B / D,
        lifetime=T,
        length=settings.speed * T,
        diameter=math.sqrt(4.0 / math.pi * (S0 + B * B / (2.0 * D))),
        volume=volume,
        gas_content=(cavity_pressure - settings.vapour_pressure) * volume,
    )


def steady_loss(
    settings: SectionSettings, ambient_pressure: float, cavity_pressure: float
) -> float:
    """How much ventilation a steady cavity needs to keep its pressure.

    Args:
        settings: Disk, flow and gas loss.
        ambient_pressure: p∞, Pa.
        cavity_pressure: p_c, Pa; from the vapour pressure up to below p∞.

    Returns:
        q_out, m³/s at the reference pressure.

    Raises:
        BadInput: if the cavity pressure is outside [p_v, p∞[.
    """
    steady = steady_cavity(settings, ambient_pressure, cavity_pressure)
    loss = _gas_losses[settings.gas_loss]
    return loss.law.ctypes(
        cavity_pressure - settings.vapour_pressure,
        ambient_pressure - cavity_pressure,
        math.pi / 4.0 * steady.diameter**2,
        steady.length,
        loss.strength(settings),
    )


def balanced_pressure(
    settings: SectionSettings, ambient_pressure: float, ventilation: float
) -> float:
    """The cavity pressure at which the loss of gas equals the ventilation.

    Args:
        settings: Disk, flow and gas loss.
        ambient_pressure: p∞, Pa; above the vapour pressure.
        ventilation: q_in, m³/s at the reference pressure; positive.

    Returns:
        p_c, Pa.

    Raises:
        BadInput: if no pressure balances the gas: the law loses none, or not enough.
    """
    low, high = settings.vapour_pressure, ambient_pressure
    span = high - low
    if not span > 0:
        raise BadInput(f"ambient pressure {high:g} Pa is not above the vapour pressure {low:g} Pa")
    # Close to p∞ the cavity is a hundred million disks long: nothing steady lies beyond.
    inner = low + 1e-12 * span, high - 1e-8 * span
    surplus = [steady_loss(settings, high, pressure) - ventilation for pressure in inner]
    if not surplus[0] < 0 < surplus[1]:
        raise BadInput(
            f"no steady cavity loses {ventilation:g} m³/s by the law '{settings.gas_loss}' "
            f"(coefficient {settings.loss_coefficient:g}): give past_pressure, or change the "
            "ventilation or the law"
        )
    found = optimize.root_scalar(
        lambda pressure: steady_loss(settings, high, pressure) - ventilation,
        bracket=inner,
        xtol=1e-14 * span,
        rtol=1e-14,
    )
    return float(found.root)


class _Run(NamedTuple):
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


class _Cavity(NamedTuple):
    """The cavity at one node."""

    gas: float  # p_g, Pa; negative where Newton's method failed
    leak: float  # p_ref q_out h, J per step
    volume: float  # Q, m³
    cell: int  # step and
    s: float  # fraction of it at which the closing section was born
    widest: int  # node near which the widest section was born


class _Budget(NamedTuple):
    """What is known of the gas at a new node before its loss is."""

    content: float  # J, without the loss at the new node
    weight: float  # of that loss
    smooth: bool  # whether the last two steps join smoothly


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
def _area(run: _Run, now: int, cell: int, s: float) -> tuple[float, float]:
    """Area at node ``now`` of the section born at (cell, s), and its slope in s."""
    gap, first, second, _ = _integrals(run.table, cell, s)
    age = now - cell - s
    area = run.birth + (run.growth + first) * age - run.table[SECOND, now] + second
    return area, gap * age - run.growth


@numba.njit(cache=True)
def _node_area(run: _Run, now: int, node: int) -> float:
    """Area at node ``now`` of the section born at a node."""
    change = run.table[SECOND, node] - run.table[SECOND, now]
    return run.birth + (run.growth + run.table[FIRST, node]) * (now - node) + change


@numba.njit(cache=True)
def _tail(run: _Run, now: int, cell: int, s: float) -> tuple[int, float]:
    """Birth (cell, s) of the section that closes at node ``now``, going forward from the last.

    A section that has closed stays closed, so the tail never goes back.
    """
    if _area(run, now, cell, s)[0] >= 0.0:
        return cell, s
    while cell < now - COLLAPSED_STEPS and _node_area(run, now, cell + 1) <= 0.0:
        cell, s = cell + 1, 0.0
    low, high = s, 1.0
    for _ in range(NEWTON_STEPS):
        area, slope = _area(run, now, cell, s)
        if area < 0.0:
            low = s
        else:
            high = s
        step = -area / slope if slope > 0.0 else math.inf
        if not low <= s + step <= high:
            step = 0.5 * (low + high) - s
        s += step
        if abs(step) < FRACTION_TOLERANCE:
            break
    return cell, s


@numba.njit(cache=True)
def _volume(run: _Run, now: int, cell: int, s: float) -> float:
    """Volume at node ``now`` of the sections born since (cell, s), m³."""
    T = now - cell - s
    _, _, second, third = _integrals(run.table, cell, s)
    mean = run.birth + 0.5 * run.growth * T - run.table[SECOND, now] - second
    return run.drift * (mean * T + 2.0 * (run.table[THIRD, now] - third))


@numba.njit(cache=True)
def _survey(run: _Run, now: int, cell: int) -> tuple[int, int]:
    """The youngest closed node ahead of the tail (-1 if none), and the widest node before it."""
    widest, most = now - 1, 0.0
    for node in range(now - 1, cell, -1):
        area = _node_area(run, now, node)
        if area > most:
            most, widest = area, node
        elif area <= 0.0:
            return node, widest
    return -1, widest


@numba.njit(cache=True)
def _largest_area(run: _Run, now: int, widest: int) -> float:
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
def _leak(run: _Run, loss: Any, now: int, above: float, cavity: _Cavity) -> float:
    """Energy of the gas lost per step, J, by the law of loss."""
    area = _largest_area(run, now, max(cavity.widest, cavity.cell + 1))
    length = (now - cavity.cell - cavity.s) * run.drift
    return run.reference * loss(cavity.gas, above - cavity.gas, area, length, run.strength)


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
def _start(run: _Run, loss: Any, now: int) -> _Cavity:
    """Integrate the past up to node ``now``; the gas is negative if the past has no tail."""
    for node in range(now):
        _set_step(run.table, node, run.table[GAP, node + 1], node > 0)
    cell, widest = _survey(run, now, -1)
    if cell < 0 or cell >= now - COLLAPSED_STEPS:
        return _Cavity(-1.0, 0.0, 0.0, 0, 0.0, 0)
    cell, s = _tail(run, now, cell, 0.0)
    gas = run.above[0] - run.table[GAP, now] / run.compliance
    cavity = _Cavity(gas, 0.0, _volume(run, now, cell, s), cell, s, widest)
    leak = _leak(run, loss, now, run.above[0], cavity)
    return _Cavity(gas, leak, cavity.volume, cell, s, widest)


@numba.njit(cache=True)
def _advance(run: _Run, loss: Any, n: int, last: _Cavity, budget: _Budget) -> _Cavity:
    """One implicit step to sample n: the pressure at which gas and volume agree, by Newton."""
    now = run.table.shape[1] - len(run.above) + n
    above, gas = run.above[n], last.gas
    low, high, old_gas, old_excess = 0.0, math.inf, 0.0, -budget.content
    for attempt in range(NEWTON_STEPS if budget.content > 0.0 else 0):
        _set_step(run.table, now - 1, run.compliance * (above - gas), budget.smooth)
        cell, s = _tail(run, now, last.cell, last.s)
        Q = _volume(run, now, cell, s)
        leak = _leak(run, loss, now, above, _Cavity(gas, 0.0, Q, cell, s, last.widest))
        excess = gas * Q + budget.weight * leak - budget.content
        low, high = (gas, high) if excess < 0.0 else (low, gas)
        T = now - cell - s
        # dQ/dp_g at a fixed tail, whose own motion changes Q only where the tail is blunt.
        softness = T / 8.0 - 7.0 / 120.0 if budget.smooth else T / 6.0 - 1.0 / 12.0
        slope = Q + gas * softness * run.compliance * run.drift
        # The loss grows with p_g at a rate that only the secant knows.
        if attempt > 0 and gas != old_gas:
            slope = max(slope, (excess - old_excess) / (gas - old_gas))
        old_gas, old_excess = gas, excess
        gas -= excess / slope
        if not low <= gas <= high:
            gas = 0.5 * (low + high)
        if abs(gas - old_gas) <= NEWTON_TOLERANCE * gas:
            return _Cavity(gas, leak, Q, cell, s, last.widest)
    return _Cavity(-1.0, 0.0, 0.0, last.cell, last.s, last.widest)


@numba.njit(cache=True)
def _attached(
    run: _Run, loss: Any, n: int, last: _Cavity, budget: _Budget
) -> tuple[_Cavity, float, bool]:
    """The cavity at sample n, the share of its gas that stays, and whether a neck closed."""
    now = run.table.shape[1] - len(run.above) + n
    cavity = _advance(run, loss, n, last, budget)
    if cavity.gas < 0.0:
        return cavity, 1.0, False
    gas, leak, volume, cell, s, _ = cavity
    closed, widest = _survey(run, now, cell)
    if closed < 0:
        return _Cavity(gas, leak, volume, cell, s, widest), 1.0, False
    cell, s = _tail(run, now, closed, 0.0)
    kept = _volume(run, now, cell, s)
    if kept <= volume:
        return _Cavity(gas, leak, kept, cell, s, widest), kept / volume, True
    # The pocket holds less than the overshoot of the neck: step again with the tail at the neck.
    return _advance(run, loss, n, _Cavity(gas, leak, kept, closed, 0.0, widest), budget), 1.0, True


@numba.njit(cache=True)
def _step(
    run: _Run, loss: Any, n: int, past: tuple[_Cavity, float, bool], ledger: FloatArray
) -> _Cavity:
    """March to sample n: balance the gas, shed what lies behind a closed neck, keep the ledger."""
    last, earlier_leak, smooth = past
    # Adams-Moulton of third order; the trapezoidal rule after a kink.
    new, old, before = (5.0 / 12, 8.0 / 12, -1.0 / 12) if smooth else (0.5, 0.5, 0.0)
    gain = new * run.supply[n] + old * run.supply[n - 1] + before * run.supply[max(n - 2, 0)]
    spent = old * last.leak + before * earlier_leak
    content = ledger[n - 1, CONTENT] + gain - spent
    cavity, kept, parted = _attached(run, loss, n, last, _Budget(content, new, smooth))
    content -= new * cavity.leak
    ledger[n, SUPPLIED] = ledger[n - 1, SUPPLIED] + gain
    ledger[n, LEAKED] = ledger[n - 1, LEAKED] + spent + new * cavity.leak
    ledger[n, SHED] = ledger[n - 1, SHED] + content * (1.0 - kept)
    ledger[n, SHEDDINGS] = ledger[n - 1, SHEDDINGS] + parted
    ledger[n, CONTENT] = content * kept
    return cavity


@numba.njit(cache=True)
def _march(run: _Run, loss: Any, ledger: FloatArray) -> tuple[int, int]:
    """Fill the ledger, shape (time, 8), sample by sample; say how and where it ended."""
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
            cavity = _step(run, loss, n, (old, leak, n > kink + 1), ledger)
            leak = old.leak
            if cavity.gas < 0.0:
                return TOO_COARSE, n
            if ledger[n, SHEDDINGS] > ledger[n - 1, SHEDDINGS]:
                kink = n
        lifetime = now - cavity.cell - cavity.s
        if lifetime < COLLAPSED_STEPS + 1:
            return COLLAPSED, n
        ledger[n, GAS_PRESSURE], ledger[n, LIFETIME] = cavity.gas, lifetime
        ledger[n, VOLUME] = cavity.volume
        # Twice the cavity's own length costs few moves and hardly a digit.
        if now - origin > 3 * (now - cavity.cell) + 64:
            origin = cavity.cell
            _move_origin(run.table, origin, now)
    return DONE, samples


def simulate_cavity(
    settings: SectionSettings,
    time: ArrayLike,
    ambient_pressure: Prescribed,
    ventilation: Prescribed = 0.0,
    past_pressure: Callable[[FloatArray], ArrayLike] | float | None = None,
) -> xr.Dataset:
    """How a ventilated cavity answers prescribed ambient pressure and ventilation.

    Args:
        settings: Disk, flow and gas loss.
        time: Samples, s, shape (time,); evenly spaced, at least 30 in a lifetime L/V.
        ambient_pressure: p∞, Pa, above the vapour pressure: a number, samples of shape (time,),
            or a function of time. Before the first sample it has its first value.
        ventilation: q_in, m³/s at the reference pressure, 0 or more: as above.
        past_pressure: Cavity pressure p_c up to the first sample, Pa: a number, or a function of
            time. By default the pressure at which loss and ventilation balance.

    Returns:
        Cavity pressure, cavitation number, length, volume, gas content p_g Q and the gas
        supplied, leaked and shed since the first sample, on axis time. ``sheddings`` counts the
        times when a neck closed and what lay behind it drifted away.

    Raises:
        BadInput: if an input is not finite, has the wrong shape or is out of range, if no steady
            state exists to start from, if the step is too coarse, or if the cavity collapses.

    Source:
        The module's docstring.
    """
    samples = np.asarray(time, dtype=np.float64)
    step = _even_step(samples)
    ambient = _sampled(ambient_pressure, samples, "ambient_pressure")
    supply = _sampled(ventilation, samples, "ventilation")
    _check_forcing(settings, ambient, supply)
    past = _past_gap(settings, samples[0], step, (ambient[0], supply[0]), past_pressure)
    compliance = settings.compliance * step**2
    table = np.zeros((6, len(past) - 1 + len(samples)))
    table[GAP, : len(past)] = compliance * past
    loss = _gas_losses[settings.gas_loss]
    run = _Run(
        table=table,
        above=ambient - settings.vapour_pressure,
        supply=settings.reference_pressure * step * supply,
        birth=settings.initial_area,
        growth=settings.growth * step,
        compliance=compliance,
        drift=settings.speed * step,
        reference=settings.reference_pressure * step,
        strength=loss.strength(settings),
    )
    ledger = np.zeros((len(samples), 8))
    ending, sample = _march(run, loss.law, ledger)
    _check_ending(ending, samples[min(sample, len(samples) - 1)])
    ledger[:, LIFETIME] *= step
    return _dataset(settings, samples, ambient, supply, ledger)


def _even_step(samples: FloatArray) -> float:
    """The spacing of the samples, which must be positive and even."""
    axes(samples, "time", "time")
    if samples.size < 2 or not np.all(np.isfinite(samples)):
        raise BadInput(f"time: expected at least 2 finite samples, got {samples.size} samples")
    step = (samples[-1] - samples[0]) / (samples.size - 1)
    # A clock of many lifetimes rounds its samples by about 1e-16 of its reading.
    slack = 1e-6 * step + 4e-16 * np.abs(samples).max()
    if not step > 0 or np.abs(np.diff(samples) - step).max() > slack:
        raise BadInput("time: samples must increase by even steps; resample on a uniform clock")
    return float(step)


def _sampled(given: Prescribed, samples: FloatArray, name: str) -> FloatArray:
    """A prescribed quantity at the samples, finite, shape (time,)."""
    values = np.asarray(given(samples) if callable(given) else given, dtype=np.float64)
    values = np.full(samples.shape, values) if values.ndim == 0 else values
    axes(values, "time", name, time=samples.size)
    if not np.all(np.isfinite(values)):
        raise BadInput(f"{name}: {np.sum(~np.isfinite(values))} values are not finite; fill them")
    return values


def _check_forcing(settings: SectionSettings, ambient: FloatArray, supply: FloatArray) -> None:
    """The tunnel must not boil, and ventilation does not suck."""
    if not np.all(ambient > settings.vapour_pressure):
        raise BadInput(
            f"ambient_pressure falls to {ambient.min():g} Pa, not above the vapour pressure "
            f"{settings.vapour_pressure:g} Pa: the whole tunnel would boil; raise the pressure"
        )
    if not np.all(supply >= 0):
        raise BadInput(f"ventilation must be 0 or more, got {supply.min():g} m³/s")


def _past_gap(
    settings: SectionSettings,
    start: float,
    step: float,
    first: tuple[float, float],
    past_pressure: Callable[[FloatArray], ArrayLike] | float | None,
) -> FloatArray:
    """p∞ - p_c at the nodes of the past, the last of them the first sample, Pa."""
    ambient, ventilation = first
    if past_pressure is None:
        past_pressure = balanced_pressure(settings, ambient, ventilation)
    now = past_pressure(np.array([start])) if callable(past_pressure) else past_pressure
    steady = steady_cavity(settings, ambient, float(np.squeeze(now)))
    steps = steady.lifetime / step
    if steps < FEWEST_STEPS_PER_LIFETIME:
        raise BadInput(
            f"time: {steps:.3g} steps in a lifetime L/V = {steady.lifetime:.4g} s are too coarse; "
            f"use steps of at most {steady.lifetime / FEWEST_STEPS_PER_LIFETIME:.4g} s"
        )
    count = math.ceil(PAST_LIFETIMES * steps)
    nodes = start + step * np.arange(-count, 1)
    pressure = _sampled(past_pressure, nodes, "past_pressure")
    if not np.all((pressure >= settings.vapour_pressure) & (pressure < ambient)):
        raise BadInput(
            "past_pressure must lie from the vapour pressure up to below the ambient pressure, "
            f"got {pressure.min():g} to {pressure.max():g} Pa"
        )
    return ambient - pressure


def _check_ending(ending: int, time: float) -> None:
    """Say what the user can do when a run has not reached its last sample."""
    if ending == NO_TAIL:
        raise BadInput(
            "past_pressure: no section of the past has closed; let it vary less about its last "
            "value"
        )
    if ending == COLLAPSED:
        raise BadInput(
            f"the cavity collapsed to the disk at t = {time:.6g} s: give more gas or a smaller "
            "rise of the ambient pressure, or finer steps if it should have survived"
        )
    if ending == TOO_COARSE:
        raise BadInput(
            f"the gas balance has no solution at t = {time:.6g} s: the loss or the change of the "
            "ambient pressure in one step is too large; use finer steps"
        )


def _dataset(
    settings: SectionSettings,
    samples: FloatArray,
    ambient: FloatArray,
    supply: FloatArray,
    ledger: FloatArray,
) -> xr.Dataset:
    """The ledger as a dataset with CF metadata."""
    pressure = settings.vapour_pressure + ledger[:, GAS_PRESSURE]
    columns = {
        "ambient_pressure": (ambient, "Pa", "pressure of the undisturbed water"),
        "ventilation": (supply, "m3 s-1", "gas supplied, at the reference pressure"),
        "cavity_pressure": (pressure, "Pa", "pressure in the cavity"),
        "cavitation_number": (
            (ambient - pressure) / settings.dynamic_pressure,
            "1",
            "cavitation number",
        ),
        "length": (ledger[:, LIFETIME] * settings.speed, "m", "length of the attached cavity"),
        "volume": (ledger[:, VOLUME], "m3", "volume of the attached cavity"),
        "gas_content": (ledger[:, CONTENT], "J", "gas pressure times volume"),
        "gas_supplied": (ledger[:, SUPPLIED], "J", "gas content supplied since the start"),
        "gas_leaked": (ledger[:, LEAKED], "J", "gas content lost by leakage since the start"),
        "gas_shed": (ledger[:, SHED], "J", "gas content lost in detached pockets since the start"),
        "sheddings": (ledger[:, SHEDDINGS].astype(np.int64), "1", "pockets detached so far"),
    }
    return xr.Dataset(
        {
            name: ("time", values, {"units": units, "long_name": meaning})
            for name, (values, units, meaning) in columns.items()
        },
        coords={
            "time": ("time", samples, {"units": "s", "long_name": "time", "axis": "T"}),
        },
        attrs={
            "Conventions": "CF-1.11",
            "title": "Ventilated cavity by the section model",
            "source": "simulation: independent sections and isothermal gas balance",
            "settings": settings.model_dump_json(),
        },
    )


def measured_growth(
    series: xr.DataArray, oscillations: int = 2, frequency: float | None = None
) -> complex:
    """Growth rate and angular frequency of one oscillation in a series.

    Fits a constant and a few complex exponentials by the matrix pencil.

    Args:
        series: Values with a uniform coordinate ``time`` in s, shape (time,); a few periods.
        oscillations: Number of oscillations fitted; more than there are does no harm.
        frequency: Hz; the oscillation nearest to it is returned. By default the one that carries
            most of the variance.

    Returns:
        λ in 1/s, with Im λ > 0: e^(λt) is the oscillation. Re λ > 0 grows.

    Raises:
        BadInput: if the series is too short, not finite or does not oscillate.

    Source:
        Hua & Sarkar, IEEE Trans. Acoust. Speech Signal Process. 38, 814 (1990).
    """
    samples = np.asarray(series["time"].values, dtype=np.float64)
    step = _even_step(samples)
    values = _sampled(series.values, samples, "series")
    stride = max(1, values.size // PENCIL_SAMPLES)
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
