"""Section model of a ventilated cavity behind a fixed disk: independent sections, one gas balance.

A section is born at the disk at time τ and drifts away with the flow. Its area S obeys

    d²S/dt² = -k₁ [p∞(t) - p_c(t)] / ρ,   k₁ = 4π/A²,
    S(τ) = S₀,   dS/dt(τ) = B = f (k₁ A / 4) D_n V √c_x,

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

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike
from pydantic import NonNegativeFloat, PositiveFloat, field_validator, model_validator
from scipy import optimize

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.core.settings import Settings
from sciml.core.units import STANDARD_ATMOSPHERE, WATER_DENSITY, WATER_VAPOUR_PRESSURE
from sciml.data.checks import numbers
from sciml.hydro.cavity import DISK_DRAG
from sciml.hydro.clock import Prescribed, even_step, sampled, seconds
from sciml.hydro.gas_loss import gas_loss, gas_losses, quoted_coefficients
from sciml.hydro.section_kernel import COLUMNS, GAP, LIFETIME, SectionRun, march
from sciml.hydro.section_ledger import check_ending, ledger_dataset

# With fewer steps in a lifetime the growth rates are off by more than 1 %.
FEWEST_STEPS_PER_LIFETIME = 30
# A past that differs from steady may hold a section open longer than the steady lifetime.
PAST_LIFETIMES = 2.0
# Six tables of so many nodes take 200 MB. A cavity near the ambient pressure lives without end.
MOST_PAST_STEPS = 4_000_000

PastPressure = Callable[[FloatArray], ArrayLike] | float | None


class SectionSettings(Settings):
    """A disk in a water tunnel and the law by which its cavity loses gas."""

    speed: PositiveFloat  # of the water past the disk, m/s
    diameter: PositiveFloat  # of the disk, m
    drag_coefficient: PositiveFloat = DISK_DRAG  # c_x
    expansion: PositiveFloat = 2.0  # A; a fit parameter, about 2 (unverified); see expansion_at
    growth_factor: PositiveFloat = 1.0  # f, of a new section; a fit parameter
    birth_area: Literal["disk", "point"] = "disk"  # S₀ = π D_n²/4, or 0
    density: PositiveFloat = WATER_DENSITY  # of the water, kg/m³
    vapour_pressure: NonNegativeFloat = WATER_VAPOUR_PRESSURE  # Pa
    reference_pressure: PositiveFloat = STANDARD_ATMOSPHERE  # at which q is metered, Pa
    gas_loss: str = "none"
    # Fit parameters of the law, listed in sciml.hydro.gas_loss; by default those quoted for it.
    loss_coefficient: NonNegativeFloat = 0.0
    loss_shape: float = 0.0

    @model_validator(mode="before")
    @classmethod
    def _quoted(cls, given: Any) -> Any:
        """Coefficients that are not given are those quoted for the law."""
        name = given.get("gas_loss", "none") if isinstance(given, dict) else None
        if name not in gas_losses():
            return given
        quoted = quoted_coefficients(name)
        if quoted is None and "loss_coefficient" not in given:
            raise ValueError(f"gas loss '{name}' has no quoted coefficient: give loss_coefficient")
        coefficient, shape = quoted or (0.0, 0.0)
        return {"loss_coefficient": coefficient, "loss_shape": shape} | given

    @field_validator("gas_loss")
    @classmethod
    def _registered(cls, name: str) -> str:
        """Only laws that exist."""
        if name not in gas_losses():
            raise ValueError(f"unknown gas loss '{name}'; known: {', '.join(gas_losses())}")
        return name

    @property
    def initial_area(self) -> float:
        """S₀, the area with which a section is born, m²."""
        return math.pi * self.diameter**2 / 4.0 if self.birth_area == "disk" else 0.0

    @property
    def growth(self) -> float:
        """B, the rate at which a new section grows, m²/s."""
        growth = math.pi / self.expansion * self.diameter * self.speed * self.drag_coefficient**0.5
        return self.growth_factor * growth

    @property
    def compliance(self) -> float:
        """k₁/ρ, how strongly a pressure gap bends the growth of a section, m³/kg."""
        return 4.0 * math.pi / self.expansion**2 / self.density

    @property
    def dynamic_pressure(self) -> float:
        """½ ρ V², Pa."""
        return 0.5 * self.density * self.speed**2


def expansion_at(cavitation_number: float, a0: float = 1.0, a1: float = 1.0) -> float:
    """The expansion coefficient of a long cavity, A = a₀ √(ln 1/σ) ^ a₁.

    With a₀ = a₁ = 1 a steady cavity has Garabedian's length, L = D_n √(c_x ln 1/σ) / σ.

    A section keeps the A with which it was born, and so does a run: take σ of its steady state,
    or of the middle of its swing. An A that followed σ(t) would bend sections that nothing pushes.

    Args:
        cavitation_number: σ of the reference state; above 0 and below 1.
        a0: Fit parameter; positive.
        a1: Fit parameter; 0 makes A independent of σ.

    Returns:
        A, for ``SectionSettings.expansion``.

    Raises:
        BadInput: if σ is not between 0 and 1, or a₀ is not positive.

    Source:
        The form is usually credited to Garabedian's slender-cavity asymptotics (unverified).
    """
    if not 0.0 < cavitation_number < 1.0:
        raise BadInput(
            f"expansion_at: σ = {cavitation_number:g} is not between 0 and 1, where ln 1/σ is "
            "positive; give the σ of a long cavity, or set the expansion itself"
        )
    if not (a0 > 0 and math.isfinite(a0) and math.isfinite(a1)):
        raise BadInput(f"expansion_at: expected a0 above 0 and a finite a1, got {a0:g} and {a1:g}")
    return a0 * math.log(1.0 / cavitation_number) ** (0.5 * a1)


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

    (D_c/D_n)² = 1 + f² c_x/σ for S₀ = π D_n²/4, whatever A is; for S₀ = 0 also
    t_max = f A D_n √c_x / (2σV) and L = f A D_n √c_x / σ.

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
    loss = gas_loss(settings.gas_loss)
    return loss.law.ctypes(
        cavity_pressure - settings.vapour_pressure,
        ambient_pressure - cavity_pressure,
        math.pi / 4.0 * steady.diameter**2,
        steady.length,
        loss.strength(settings),
        loss.shape(settings),
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


def simulate_cavity(
    settings: SectionSettings,
    time: ArrayLike,
    ambient_pressure: Prescribed,
    ventilation: Prescribed = 0.0,
    past_pressure: PastPressure = None,
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
    samples = seconds(time)
    ambient = sampled(ambient_pressure, samples, "ambient_pressure")
    supply = sampled(ventilation, samples, "ventilation")
    run = section_run(settings, samples, ambient, supply, past_pressure)
    ledger = np.zeros((len(samples), COLUMNS))
    ending, sample = march(run, gas_loss(settings.gas_loss).law, ledger)
    check_ending(ending, samples[min(sample, len(samples) - 1)])
    ledger[:, LIFETIME] *= even_step(samples)
    return ledger_dataset(settings, samples, ambient, supply, ledger)


def section_run(
    settings: SectionSettings,
    samples: FloatArray,
    ambient: FloatArray,
    supply: FloatArray,
    past_pressure: PastPressure,
) -> SectionRun:
    """What the compiled march needs for a run.

    Args:
        settings: Disk, flow and gas loss.
        samples: Times, s, shape (time,); evenly spaced.
        ambient: p∞, Pa, shape (time,).
        supply: q_in, m³/s at the reference pressure, shape (time,).
        past_pressure: As in :func:`simulate_cavity`.

    Returns:
        The run, its pressure table filled up to the first sample.

    Raises:
        BadInput: as :func:`simulate_cavity`.
    """
    samples = seconds(samples)
    step = even_step(samples)
    _check_forcing(settings, ambient, supply)
    past = _past_gap(settings, samples[0], step, (ambient[0], supply[0]), past_pressure)
    compliance = settings.compliance * step**2
    table = np.zeros((6, len(past) - 1 + len(samples)))
    table[GAP, : len(past)] = compliance * past
    loss = gas_loss(settings.gas_loss)
    return SectionRun(
        table=table,
        above=ambient - settings.vapour_pressure,
        supply=settings.reference_pressure * step * supply,
        birth=settings.initial_area,
        growth=settings.growth * step,
        compliance=compliance,
        drift=settings.speed * step,
        reference=settings.reference_pressure * step,
        strength=loss.strength(settings),
        shape=loss.shape(settings),
    )


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
    past_pressure: PastPressure,
) -> FloatArray:
    """p∞ - p_c at the nodes of the past, the last of them the first sample, Pa."""
    ambient, ventilation = first
    if past_pressure is None:
        past_pressure = balanced_pressure(settings, ambient, ventilation)
    steady = steady_cavity(settings, ambient, _pressure_at(start, past_pressure))
    count = _past_steps(steady, step)
    nodes = start + step * np.arange(-count, 1)
    pressure = sampled(past_pressure, nodes, "past_pressure")
    if not np.all((pressure >= settings.vapour_pressure) & (pressure < ambient)):
        raise BadInput(
            "past_pressure must lie from the vapour pressure up to below the ambient pressure, "
            f"got {pressure.min():g} to {pressure.max():g} Pa"
        )
    return ambient - pressure


def _pressure_at(start: float, past_pressure: Callable[[FloatArray], ArrayLike] | float) -> float:
    """The cavity pressure at the first sample, Pa."""
    given = past_pressure(np.array([start])) if callable(past_pressure) else past_pressure
    now = numbers(given, "past_pressure")
    if now.size != 1 or (now.ndim and not callable(past_pressure)):
        raise BadInput(
            "past_pressure: expected a number, or a function of time, since the nodes of the past "
            f"are not those of the run; got shape {now.shape}"
        )
    return float(now.squeeze())


def _past_steps(steady: SteadyCavity, step: float) -> int:
    """How many steps of the past a run begins with."""
    steps = steady.lifetime / step
    if steps < FEWEST_STEPS_PER_LIFETIME:
        raise BadInput(
            f"time: {steps:.3g} steps in a lifetime L/V = {steady.lifetime:.4g} s are too coarse; "
            f"use steps of at most {steady.lifetime / FEWEST_STEPS_PER_LIFETIME:.4g} s"
        )
    if PAST_LIFETIMES * steps > MOST_PAST_STEPS:
        raise BadInput(
            f"time: the cavity of the first sample lives L/V = {steady.lifetime:.4g} s, "
            f"{steps:.3g} steps, and its past of {PAST_LIFETIMES:g} lifetimes may have "
            f"{MOST_PAST_STEPS}; lower past_pressure, which is close to the ambient pressure, or "
            "use longer steps"
        )
    return math.ceil(PAST_LIFETIMES * steps)
