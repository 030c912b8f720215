"""The section model as delay-differential equations, solved by the method of steps.

Nothing of the compiled kernel is used: no table of integrals, no sub-step tail, no Newton's method.
Differentiating volume, tail and gas balance in time leaves ordinary equations that reach back to
one earlier moment, the birth τ of the section that closes now:

    τ' = -(B - I) / (T D(τ) - B),   T = t - τ,   I = ∫ D over [τ, t],
    Q' = V (S₀ + M),   M' = B (1 - τ') - T D(t) + τ' I,   I' = D(t) - τ' D(τ),
    C' = p_ref (q_in - q_out),   p_g = C/Q,   D = k₁ (p∞ - p_v - p_g) / ρ.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import integrate

from sciml.hydro.gas_loss import written_loss
from sciml.hydro.sections import SectionSettings, steady_cavity

CONTENT, VOLUME, BIRTH, GAP_INTEGRAL, SWELLING, FIRST, SECOND = range(7)


class Delayed(NamedTuple):
    cavity_pressure: np.ndarray
    length: np.ndarray
    volume: np.ndarray


class History:
    """What was solved so far: dense output, piece by piece, after a constant past."""

    def __init__(self, before: Callable[[float], np.ndarray]) -> None:
        self.before, self.starts, self.pieces = before, [], []

    def __call__(self, t: float) -> np.ndarray:
        k = int(np.searchsorted(self.starts, t, side="right")) - 1
        return self.pieces[k](t) if k >= 0 else self.before(t)


def delayed_cavity(
    settings: SectionSettings,
    samples: np.ndarray,
    ambient: Callable[[float], float],
    ventilation: Callable[[float], float],
    past_pressure: float,
) -> Delayed:
    """As ``simulate_cavity``, for forcing given by smooth functions that start at samples[0]."""
    V, S0, B, p_v = (
        settings.speed,
        settings.initial_area,
        settings.growth,
        settings.vapour_pressure,
    )
    start = samples[0]
    first = steady_cavity(settings, ambient(start), past_pressure)
    D0 = settings.compliance * (ambient(start) - past_pressure)
    law = written_loss(settings.gas_loss)
    strength, shape = law.strength(settings), law.shape(settings)

    def gap(t: float, y: np.ndarray) -> float:
        return settings.compliance * (ambient(t) - p_v - y[CONTENT] / y[VOLUME])

    def before(t: float) -> np.ndarray:
        a = t - start
        return np.array([0.0, 0.0, t - first.lifetime, 0.0, 0.0, D0 * a, D0 * a * a / 2])

    def past_gap(t: float) -> float:
        return D0 if t <= start else gap(t, history(t))

    history = History(before)

    def largest_area(t: float, y: np.ndarray) -> float:
        """The section that is stationary in its birth: (t - τ) D(τ) = B."""
        age = first.peak_time
        for _ in range(60):
            old, age = age, B / past_gap(t - age)
            if abs(age - old) < 1e-12 * age:
                break
        young = history(t - age)
        bent = y[SECOND] - young[SECOND] - young[FIRST] * age
        return S0 + B * age - bent

    def rates(t: float, y: np.ndarray) -> list[float]:
        T, gas, D = t - y[BIRTH], y[CONTENT] / y[VOLUME], gap(t, y)
        tail_gap = past_gap(y[BIRTH])
        moving = -(B - y[GAP_INTEGRAL]) / (T * tail_gap - B)
        area = 0.0 if settings.gas_loss in ("none", "power_law") else largest_area(t, y)
        out = law.law(gas, D / settings.compliance, area, T * V, strength, shape)
        return [
            settings.reference_pressure * (ventilation(t) - out),
            V * (S0 + y[SWELLING]),
            moving,
            D - moving * tail_gap,
            B * (1 - moving) - T * D + moving * y[GAP_INTEGRAL],
            D,
            y[FIRST],
        ]

    T0 = first.lifetime
    state = np.array(
        [first.gas_content, first.volume, start - T0, D0 * T0, B * T0 - D0 * T0**2 / 2, 0.0, 0.0]
    )
    sizes = np.array([*state[:2], T0, D0 * T0, B * T0, D0 * T0, D0 * T0**2])
    t, piece = start, T0 / 5
    while t < samples[-1]:
        solved = integrate.solve_ivp(
            rates,
            (t, t + piece),
            state,
            "DOP853",
            dense_output=True,
            rtol=1e-10,
            atol=1e-11 * sizes,
        )
        assert solved.success
        history.starts.append(t)
        history.pieces.append(solved.sol)
        t, state = t + piece, solved.y[:, -1]
    found = np.array([history(t) for t in samples])
    return Delayed(
        p_v + found[:, CONTENT] / found[:, VOLUME],
        V * (samples - found[:, BIRTH]),
        found[:, VOLUME],
    )


def delayed_ripple(beta: float, times: np.ndarray) -> np.ndarray:
    """Pressure after a past of sin 2πt, linearised about S₀ = 0; unit of time: the lifetime.

    Three derivatives of p(t) = -12 (β-1) ∫θ(1-θ) p(t-θ) dθ + const leave
    p''' = -12 (β-1) [p'(t) + p'(t-1) - 2p(t) + 2p(t-1)].
    """
    k = 12.0 * (beta - 1.0)
    w = 2 * np.pi
    history = History(lambda t: np.array([np.sin(w * t), w * np.cos(w * t), 0.0]))

    def rates(t: float, y: np.ndarray) -> list[float]:
        old = history(t - 1.0)
        return [y[1], y[2], -k * (y[1] + old[1] - 2 * y[0] + 2 * old[0])]

    # The integrals of the past: ∫(1+2u) sin 2πu du = -1/π over [-1, 0], and ∫sin 2πu du = 0.
    state, t = np.array([0.0, k / np.pi, 0.0]), 0.0
    while t < times[-1]:
        solved = integrate.solve_ivp(
            rates, (t, t + 1.0), state, "DOP853", dense_output=True, rtol=1e-11, atol=1e-12
        )
        history.starts.append(t)
        history.pieces.append(solved.sol)
        t, state = t + 1.0, solved.y[:, -1]
    return np.array([history(t)[0] for t in times])
