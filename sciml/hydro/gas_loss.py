"""Laws by which a ventilated cavity loses gas: plug-ins of the section model."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numba
from numba import types

from sciml.core.errors import BadInput

if TYPE_CHECKING:
    from sciml.hydro.sections import SectionSettings

GasLoss = Callable[[float, float, float, float, float], float]

# The portion law has a pole at σ = 0: its ratio p_g / (p∞ - p_c) = β - 1 is held at this value,
# a cap of ours and not of the law.
LARGEST_PRESSURE_RATIO = 50.0

_loss_signature = types.float64(*[types.float64] * 5)
_laws: dict[str, "RegisteredLoss"] = {}


class RegisteredLoss(NamedTuple):
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
    if name in _laws:
        raise BadInput(f"gas loss '{name}' is already registered; choose another name")
    _laws[name] = RegisteredLoss(numba.cfunc(_loss_signature)(law), strength)


def gas_loss(name: str) -> RegisteredLoss:
    """The law of a name that :func:`gas_losses` lists."""
    return _laws[name]


def gas_losses() -> tuple[str, ...]:
    """Names of the laws of gas loss that settings may give."""
    return tuple(sorted(_laws))


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
