"""Auto-oscillation of a cavity that holds a fixed mass of gas: characteristic roots.

The section model, linearised about a steady cavity with S₀ = 0 at constant speed and ambient
pressure. Unit of time is the lifetime T = L/V of a section. With β = σ_v/σ, a pressure
perturbation e^(λt) survives where

    1 + 12 (β - 1) G(λ) = 0,   G(λ) = ∫₀¹ θ (1 - θ) e^(-λθ) dθ.

Mode n is neutral, λ = 2πin, at β_n = 1 + n²π²/6. The threshold holds only for S₀ = 0 without
gas loss: a loss damps, and a finite S₀ shifts it.

Source:
    Derived from the section model: a pressure perturbation p' changes the volume by
    -2 ∫₀¹ θ (1 - θ) p'(t - θ) dθ (unit lifetime), and the gas law closes the loop. The first
    threshold, quoted as 2.645, is usually credited to Paryshev.
"""

import math

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from sciml.core.errors import BadInput

ComplexArray = NDArray[np.complex128]

# Below this |λ| the closed form of G, which cancels like 1/λ³, gives way to its series.
SERIES_RADIUS = 2.0
# 2³⁰/30! is 4e-24, so the series is exact to rounding on its disk.
SERIES_TERMS = 30
# Steps of the continuation in ln(β - 1); Newton converges from a step of 0.1 for all modes.
CONTINUATION_STEP = 0.1
NEWTON_STEPS = 4


def volume_response(rate: ArrayLike) -> ComplexArray:
    """Share of a past pressure e^(λt) that the cavity's volume remembers, G(λ).

    Args:
        rate: λ in units of 1/T, complex, any shape.

    Returns:
        G(λ), dimensionless, of the shape of λ; 1/6 at λ = 0.
    """
    lam = np.asarray(rate, dtype=np.complex128)
    small = np.abs(lam) < SERIES_RADIUS
    safe = np.where(small, SERIES_RADIUS, lam)
    closed = ((safe - 2.0) + (safe + 2.0) * np.exp(-safe)) / safe**3
    return np.where(small, _series(np.where(small, lam, 0.0)), closed)


def _series(lam: ComplexArray) -> ComplexArray:
    """G as Σ (-λ)ᵏ / (k! (k+2)(k+3)), by Horner's rule."""
    total = np.zeros_like(lam)
    for k in reversed(range(SERIES_TERMS)):
        total = 1.0 / (math.factorial(k) * (k + 2) * (k + 3)) - lam * total
    return total


def _response_slope(lam: ComplexArray) -> ComplexArray:
    """dG/dλ by its closed form, for |λ| well away from 0, where all roots lie."""
    numerator_slope = 1.0 - (lam + 1.0) * np.exp(-lam)
    return numerator_slope / lam**3 - 3.0 * volume_response(lam) / lam


def characteristic_function(rate: ArrayLike, beta: ArrayLike) -> ComplexArray:
    """What vanishes when a perturbation e^(λt) sustains itself, 1 + 12 (β - 1) G(λ).

    Args:
        rate: λ in units of 1/T, complex, any shape.
        beta: β = σ_v/σ, dimensionless, of a shape that broadcasts with λ.

    Returns:
        The residual, dimensionless, of the common shape.
    """
    return 1.0 + 12.0 * (np.asarray(beta) - 1.0) * volume_response(rate)


def neutral_beta(mode: int = 1) -> float:
    """The β at which n waves stand on the cavity without growing, 1 + n²π²/6.

    Args:
        mode: n, the number of waves; at least 1.

    Returns:
        β_n, dimensionless.

    Raises:
        BadInput: if the mode is less than 1.
    """
    _check_mode(mode)
    return 1.0 + mode**2 * math.pi**2 / 6.0


def _check_mode(mode: int) -> None:
    """Modes count waves on the cavity, so they start at 1."""
    if mode < 1:
        raise BadInput(f"mode must be 1 or more, got {mode}; it counts the waves on the cavity")


def characteristic_root(beta: ArrayLike, mode: int = 1) -> ComplexArray:
    """Growth rate and angular frequency of mode n, λ, followed from its neutral point.

    Newton's method along a path in ln(β - 1) that starts at λ = 2πin, all β at once.

    Args:
        beta: β = σ_v/σ, dimensionless, any shape; above 1.
        mode: n, the number of waves on the cavity at the neutral point.

    Returns:
        λ with Im λ > 0, in units of 1/T, of the shape of β. Re λ > 0 grows.

    Raises:
        BadInput: if the mode is less than 1 or a β is not finite and above 1.
    """
    target = np.asarray(beta, dtype=np.float64)
    if not np.all((target > 1.0) & np.isfinite(target)):
        raise BadInput(
            "characteristic_root: β must be finite and above 1; at β = 1 the cavity holds vapour "
            "only and cannot oscillate"
        )
    start = math.log(neutral_beta(mode) - 1.0)
    span = np.log(target - 1.0) - start
    steps = max(1, math.ceil(float(np.max(np.abs(span), initial=0.0)) / CONTINUATION_STEP))
    lam = np.full(target.shape, 2j * math.pi * mode, dtype=np.complex128)
    for step in range(1, steps + 1):
        strength = 12.0 * np.exp(start + span * step / steps)
        for _ in range(NEWTON_STEPS):
            lam = lam - (1.0 / strength + volume_response(lam)) / _response_slope(lam)
    return lam


def stability_map(beta: ArrayLike, modes: ArrayLike = (1, 2, 3)) -> xr.Dataset:
    """How fast each mode grows and turns over a range of β.

    Args:
        beta: β = σ_v/σ, dimensionless, shape (beta,); above 1.
        modes: Numbers of waves on the cavity, shape (mode,); each at least 1.

    Returns:
        ``growth_rate`` Re λ and ``frequency`` Im λ / 2π, both per lifetime L/V, on axes
        (mode, beta).

    Raises:
        BadInput: if a mode is less than 1 or a β is not finite and above 1.
    """
    ratios = np.atleast_1d(np.asarray(beta, dtype=np.float64))
    counts = np.atleast_1d(np.asarray(modes, dtype=np.int64))
    roots = np.stack([characteristic_root(ratios, int(n)) for n in counts])  # (mode, beta)
    per_lifetime = {"units": "1", "comment": "per lifetime L/V of a section"}
    return xr.Dataset(
        {
            "growth_rate": (
                ("mode", "beta"),
                roots.real,
                {"long_name": "growth rate", **per_lifetime},
            ),
            "frequency": (
                ("mode", "beta"),
                roots.imag / (2.0 * math.pi),
                {"long_name": "frequency", **per_lifetime},
            ),
        },
        coords={
            "mode": ("mode", counts, {"long_name": "waves on the cavity", "units": "1"}),
            "beta": ("beta", ratios, {"long_name": "vapour number over σ", "units": "1"}),
        },
        attrs={"Conventions": "CF-1.11", "title": "Auto-oscillation of a fixed-mass cavity"},
    )
