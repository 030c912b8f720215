"""Laws by which a ventilated cavity loses gas: plug-ins of the section model.

All coefficients are fit parameters: those quoted in the literature scatter by a factor of two
and more, and none has been verified here. A law has at most two, ``loss_coefficient`` (c below)
and ``loss_shape`` (m below) of the settings:

    none            q = 0
    portion         q = c V S_c (σ_v/σ - 1)
    twin_vortex     q = c V D_n² c_x² / [σ (σ³ Fr⁴ - m c_x)] p_g/p_ref
    boundary_layer  q = √(8 c V L S_c) p_g/p_ref, with c = ν
    power_law       q = c V D_n² σᵐ p_g/p_ref

A law is written once, in arithmetic that floats and tensors share: numba compiles it for the
simulation, and sciml.hydro.section_twin differentiates the same lines.

q is a volume at the reference pressure p_ref, and p_g/p_ref brings a volume at the pressure of the
cavity there; D_n and c_x are of the disk, S_c is the largest section, L the length of the cavity.
"""

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numba
from numba import types
from numba.extending import register_jitable

from sciml.core.errors import BadInput
from sciml.hydro.cavity import froude_number

if TYPE_CHECKING:
    from sciml.hydro.sections import SectionSettings

GasLoss = Callable[[float, float, float, float, float, float], float]
Constant = Callable[["SectionSettings"], float]

# Portion and power law have a pole at σ = 0: p_g / (p∞ - p_c) = β - 1 is held at this value
# there, a cap of ours and not of the laws.
LARGEST_PRESSURE_RATIO = 50.0
# The twin-vortex law has a pole at σ³ Fr⁴ = m c_x. Below this multiple of its σ we continue the
# law by its tangent: finite, smooth and so steep that a steady cavity hardly gets there.
NEAREST_TO_POLE = 1.01
# Pa; keeps a cavity with neither gas nor gap from 0/0.
SMALLEST_GAP = 1e-9

_loss_signature = types.float64(*[types.float64] * 6)
_laws: dict[str, "RegisteredLoss"] = {}


class RegisteredLoss(NamedTuple):
    """A law, the two constants that settings give it, and the coefficients quoted for it."""

    law: Any
    strength: Constant
    shape: Constant
    quoted: tuple[float, float] | None  # loss_coefficient and loss_shape


def _no_constant(settings: "SectionSettings") -> float:  # noqa: ARG001
    """The constant of a law that needs none."""
    return 0.0


def register_gas_loss(
    name: str,
    law: GasLoss,
    strength: Constant,
    shape: Constant = _no_constant,
    quoted: tuple[float, float] | None = None,
) -> None:
    """Make a law of gas loss known under a name that settings can give.

    Args:
        name: The name; it must be new.
        law: Volume of gas that leaves in a second, m³/s at the reference pressure, from
            (gas pressure p_g in Pa, pressure gap p∞ - p_c in Pa, largest section area in m²,
            cavity length in m, strength, shape). numba compiles it at its first use: plain
            arithmetic, ``**`` for roots and :func:`larger` for guards, without ``if`` and
            ``math``, so that it works on tensors too. It must vanish with p_g.
        strength: What stays constant in a run, as one number, from the settings.
        shape: A second such number, for laws that need it.
        quoted: ``loss_coefficient`` and ``loss_shape`` where settings give none. Without them
            the settings must give the coefficient.

    Raises:
        BadInput: if the name is taken.
    """
    if name in _laws:
        raise BadInput(f"gas loss '{name}' is already registered; choose another name")
    _laws[name] = RegisteredLoss(law, strength, shape, quoted)


@functools.cache
def gas_loss(name: str) -> RegisteredLoss:
    """The compiled law of a name that :func:`gas_losses` lists."""
    registered = _laws[name]
    return registered._replace(law=numba.cfunc(_loss_signature)(registered.law))


def written_loss(name: str) -> RegisteredLoss:
    """The law as it is written, for tensors; otherwise as :func:`gas_loss`."""
    return _laws[name]


def gas_losses() -> tuple[str, ...]:
    """Names of the laws of gas loss that settings may give."""
    return tuple(sorted(_laws))


def quoted_coefficients(name: str) -> tuple[float, float] | None:
    """``loss_coefficient`` and ``loss_shape`` quoted for a law; None if there are none."""
    return _laws[name].quoted


@register_jitable
def larger(a: Any, b: Any) -> Any:
    """The larger of two numbers or tensors, without a branch.

    Args:
        a: A float, or a tensor.
        b: A float, or a tensor that broadcasts with a.

    Returns:
        max(a, b), right to the last digit or two; its derivative where they are equal is a half.
    """
    return 0.5 * (a + b + abs(a - b))


@register_jitable
def _guarded_gap(gas: Any, gap: Any) -> Any:
    """The pressure gap, kept from the pole of a law at σ = 0."""
    return larger(larger(gap, gas / LARGEST_PRESSURE_RATIO), SMALLEST_GAP)


def _no_loss(
    gas: float,
    gap: float,  # noqa: ARG001
    area: float,  # noqa: ARG001
    length: float,  # noqa: ARG001
    strength: float,  # noqa: ARG001
    shape: float,  # noqa: ARG001
) -> float:
    """A closed bag of gas."""
    return 0.0 * gas


def _portion_loss(
    gas: float,
    gap: float,
    area: float,
    length: float,  # noqa: ARG001
    strength: float,
    shape: float,  # noqa: ARG001
) -> float:
    """Foam torn off in portions, q = γ V S_c (σ_v/σ - 1); strength γ V."""
    return strength * area * gas / _guarded_gap(gas, gap)


def _boundary_layer_loss(
    gas: float,
    gap: float,  # noqa: ARG001
    area: float,
    length: float,
    strength: float,
    shape: float,  # noqa: ARG001
) -> float:
    """Gas carried off by the moving wall, a laminar estimate.

    Rayleigh's flux 2V √(ν t/π) at t = L/2V times the girth 2√(π S_c): √(8 ν V L S_c) at p_g.
    """
    return strength * (area * length) ** 0.5 * gas


def _twin_vortex_loss(
    gas: float,
    gap: float,
    area: float,  # noqa: ARG001
    length: float,  # noqa: ARG001
    strength: float,
    shape: float,
) -> float:
    """Gas carried off in the cores of two vortices, Epshtein's form; shape: the gap at its pole.

    In the gap g and its value g₀ at the pole, q is p_g / [g (g³/g₀³ - 1)] times a constant.
    """
    near = larger(gap, NEAREST_TO_POLE * shape)
    excess = (near / shape) ** 3 - 1.0
    tangent = 1.0 + (4.0 + 3.0 / excess) * (near - gap) / near
    return strength * gas / (near * excess) * tangent


def _pole_coefficient(settings: "SectionSettings") -> float:
    """The coefficient m of the twin-vortex law, without which it has no pole to be guarded."""
    if not settings.loss_shape > 0:
        raise BadInput(
            f"twin_vortex: loss_shape must be positive, got {settings.loss_shape:g}; 2.5 is quoted"
        )
    return settings.loss_shape


def _twin_vortex_pole(settings: "SectionSettings") -> float:
    """The gap p∞ - p_c at which the law has its pole, σ³ Fr⁴ = m c_x, Pa."""
    Fr = float(froude_number(settings.speed, settings.diameter))
    pole = _pole_coefficient(settings) * settings.drag_coefficient / Fr**4  # σ³
    return settings.dynamic_pressure * pole ** (1.0 / 3.0)


def _twin_vortex_strength(settings: "SectionSettings") -> float:
    """The constant before p_g / [g (g³/g₀³ - 1)]: c V D_n² c_x ½ρV² / (m p_ref)."""
    return (
        settings.loss_coefficient
        * _disk_flow(settings)
        * settings.drag_coefficient
        * settings.dynamic_pressure
        / _pole_coefficient(settings)
    )


def _disk_flow(settings: "SectionSettings") -> float:
    """V D_n² / p_ref, the unit of the loss coefficient C_Q per Pa of gas pressure."""
    return settings.speed * settings.diameter**2 / settings.reference_pressure


def _power_law_loss(
    gas: float,
    gap: float,
    area: float,  # noqa: ARG001
    length: float,  # noqa: ARG001
    strength: float,
    shape: float,
) -> float:
    """C_Q = c σᵐ, for a fit to measured losses; shape: m."""
    return strength * gas * _guarded_gap(gas, gap) ** shape


register_gas_loss("none", _no_loss, _no_constant, quoted=(0.0, 0.0))
# 0.01 to 0.02 is quoted for γ.
register_gas_loss(
    "portion",
    _portion_loss,
    lambda s: s.loss_coefficient * s.speed,
    quoted=(0.015, 0.0),
)
# ν of air at 20 °C and 101 325 Pa, m²/s; it grows as the pressure falls.
register_gas_loss(
    "boundary_layer",
    _boundary_layer_loss,
    lambda s: (8.0 * s.loss_coefficient * s.speed) ** 0.5 / s.reference_pressure,
    quoted=(1.5e-5, 0.0),
)
# Usually credited to Epshtein, for σ Fr below about 1 and a horizontal flow.
register_gas_loss(
    "twin_vortex",
    _twin_vortex_loss,
    _twin_vortex_strength,
    _twin_vortex_pole,
    quoted=(0.42, 2.5),
)
register_gas_loss(
    "power_law",
    _power_law_loss,
    lambda s: s.loss_coefficient * _disk_flow(s) / s.dynamic_pressure**s.loss_shape,
    lambda s: s.loss_shape,
)
