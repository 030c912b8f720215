"""Growth of a cavity after an impulsive start, and the theory's numbers fitted to it.

At a constant pressure gap Δp every section follows the same parabola of its age, so the volume of
a cavity that began at t₀ is a cubic until its first section closes at age T, and constant then:

    Q(t) = V [S₀ a + B a²/2 - (k₁ Δp/ρ) a³/6],   a = min(t - t₀, T).

Fitted are a₀ and a₁ of A = a₀ √(ln 1/σ)^a₁, the growth factor f of B and the virtual start
t₀ in units of D_n/V: water that is set in motion at once does not part at once.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from pydantic import PositiveFloat
from scipy import optimize

from sciml.core.axes import FloatArray, axes
from sciml.core.errors import BadInput
from sciml.core.nearest import nearest
from sciml.core.settings import Settings
from sciml.hydro.cavity import drag_coefficient
from sciml.hydro.clock import seconds
from sciml.hydro.sections import SectionSettings, expansion_at

# Numbers that a fit may free.
GROWTH_NUMBERS = ("a0", "a1", "growth_factor", "start", "disk_drag")
_POSITIVE = ("a0", "growth_factor", "disk_drag")
# A growth phase needs more samples than there are numbers.
_FEWEST = 8

Volumes = Mapping[float, tuple[ArrayLike, ArrayLike]]


class GrowthTheory(Settings):
    """How the cavities of a disk grow at any cavitation number."""

    tunnel: SectionSettings  # its drag coefficient and expansion are those of σ, below
    disk_drag: PositiveFloat = 0.82  # c_x0 of c_x = c_x0 (1 + σ)
    a0: PositiveFloat = 1.0
    a1: float = 1.0
    growth_factor: PositiveFloat = 1.0
    start: float = 0.0  # t₀ V / D_n

    def at(self, cavitation_number: float) -> SectionSettings:
        """The tunnel with the drag, expansion and growth that belong to a σ in ]0, 1[."""
        changes = {
            "drag_coefficient": float(drag_coefficient(cavitation_number, self.disk_drag)),
            "expansion": expansion_at(cavitation_number, self.a0, self.a1),
            "growth_factor": self.growth_factor,
        }
        return self.tunnel.model_copy(update=changes)


class GrowthFit(NamedTuple):
    """A theory of growth fitted to volumes."""

    theory: GrowthTheory
    errors: dict[str, float]  # standard errors of what was free, for independent residuals
    misfit: float  # root mean square residual over the largest volume of its series


def grown_volume(theory: GrowthTheory, cavitation_number: float, time: ArrayLike) -> FloatArray:
    """Volume of a cavity since its impulsive start at a constant pressure gap.

    Args:
        theory: Disk, flow and the numbers of the theory.
        cavitation_number: σ, in ]0, 1[.
        time: Since the start of the flow, s, shape (time,).

    Returns:
        Q, m³, shape (time,).

    Raises:
        BadInput: if σ is outside ]0, 1[, or times are dates or durations.

    Source:
        The module's docstring; tests/hydro/test_cavity_growth.py checks it by quadrature.
    """
    tunnel = theory.at(cavitation_number)
    S0, B = tunnel.initial_area, tunnel.growth
    D = tunnel.compliance * cavitation_number * tunnel.dynamic_pressure
    T = (B + math.sqrt(B * B + 2.0 * D * S0)) / D
    begun = theory.start * tunnel.diameter / tunnel.speed
    a = np.clip(seconds(time) - begun, 0.0, T)
    return tunnel.speed * a * (S0 + a * (B / 2.0 - a * D / 6.0))


def growth_phase(time: ArrayLike, volume: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """The part of a series from its beginning to its first maximum, before the cavity sheds.

    The first maximum is the first sample that no later one exceeds until the volume has fallen by
    2 % of it.

    Args:
        time: s, shape (time,); increasing.
        volume: m³, shape (time,).

    Returns:
        Time and volume of that part.

    Raises:
        BadInput: if the shapes differ, a value is not finite, times are dates or durations or do
            not increase, or fewer than 8 samples remain.
    """
    t, Q = seconds(time), np.asarray(volume, dtype=np.float64)
    sizes = axes(t, "time", "time")
    axes(Q, "time", "volume", **sizes)
    if not (np.all(np.isfinite(t)) and np.all(np.isfinite(Q)) and np.all(np.diff(t) > 0)):
        raise BadInput("growth: time must increase and all values be finite; sort, drop the rest")
    peaks = np.maximum.accumulate(Q)
    fallen = np.flatnonzero(0.98 * peaks > Q)
    stop = fallen[0] if fallen.size else Q.size
    last = int(np.argmax(Q[:stop])) if stop else 0
    if last + 1 < _FEWEST:
        raise BadInput(
            f"growth: {last + 1} samples up to the first maximum are too few, expected at least "
            f"{_FEWEST}; give finer samples"
        )
    return t[: last + 1], Q[: last + 1]


def fit_growth(volumes: Volumes, theory: GrowthTheory, free: Sequence[str]) -> GrowthFit:
    """Fit the theory's numbers to the growth phases of cavities at several cavitation numbers.

    Args:
        volumes: Time in s and volume in m³, each of shape (time,), by σ in ]0, 1[.
        theory: What to start from.
        free: Of :data:`GROWTH_NUMBERS`. The volume feels only f² c_x0: free one of the two.

    Returns:
        The fitted theory.

    Raises:
        BadInput: if a name is unknown, nothing is given or a series is damaged.
    """
    for name in free:
        if name not in GROWTH_NUMBERS:
            raise BadInput(f"free: unknown number '{name}'; {nearest(name, GROWTH_NUMBERS)}")
    if not (volumes and free) or {"growth_factor", "disk_drag"} <= set(free):
        raise BadInput(
            "expected at least one series and one free number, and not both growth_factor and "
            f"disk_drag, got {len(volumes)} series and free = {tuple(free)}"
        )
    phases = {sigma: growth_phase(*series) for sigma, series in volumes.items()}
    base = np.array([float(getattr(theory, name)) for name in free])
    signs = np.array([name in _POSITIVE for name in free])

    def theory_at(z: FloatArray) -> GrowthTheory:
        values = np.where(signs, base * np.exp(z), base + z)
        return theory.model_copy(update=dict(zip(free, values.tolist(), strict=True)))

    def residuals(z: FloatArray) -> FloatArray:
        now = theory_at(z)
        return np.concatenate(
            [
                # Each σ weighs the same, however finely it was sampled.
                (grown_volume(now, sigma, t) - Q) / Q.max() / math.sqrt(t.size * len(phases))
                for sigma, (t, Q) in phases.items()
            ]
        )

    found = optimize.least_squares(residuals, np.zeros(len(free)), x_scale="jac", xtol=1e-12)
    count = sum(t.size for t, _ in phases.values())
    variance = 2.0 * found.cost / max(count - len(free), 1)
    deviations = np.sqrt(np.diag(np.linalg.pinv(found.jac.T @ found.jac)) * variance)
    fitted = theory_at(found.x)
    values = np.array([float(getattr(fitted, name)) for name in free])
    errors = deviations * np.where(signs, values, 1.0)
    return GrowthFit(fitted, dict(zip(free, errors.tolist(), strict=True)), (2 * found.cost) ** 0.5)


def growth_error(theory: GrowthTheory, volumes: Volumes) -> float:
    """How far a theory is from growing cavities, root mean square over their largest volumes.

    Args:
        theory: The theory.
        volumes: Time in s and volume in m³, each of shape (time,), by σ in ]0, 1[.

    Returns:
        The error of the growth phases, dimensionless; each σ weighs the same.
    """
    squares: list[float] = []
    for sigma, series in volumes.items():
        t, Q = growth_phase(*series)
        squares.append(float(np.mean((grown_volume(theory, sigma, t) - Q) ** 2)) / Q.max() ** 2)
    return math.sqrt(sum(squares) / len(squares))
