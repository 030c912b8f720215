"""The atmosphere on a latitude circle: Lorenz's model of 1996 with one scale and with two.

K slow variables X stand for the weather in K sectors of the circle; in each sector J fast
variables Y stand for what a forecast model does not resolve:

    dX_k/dt = -X_{k-1} (X_{k-2} - X_{k+1}) - X_k + F - U_k,   U_k = (h c / b) Σ_j Y_{j,k}
    dY_j/dt = -c b Y_{j+1} (Y_{j+2} - Y_{j-1}) - c Y_j + (h c / b) X_k(j)

Both rings are closed, so all sectors are alike. The one-scale model leaves the fast variables out
or puts a polynomial of X_k in the place of U_k. A unit of time stands for five days.

Source:
    Lorenz, Predictability - a problem partly solved, ECMWF Seminar (1996).
"""

from collections.abc import Sequence

import numpy as np
from pydantic import Field, NonNegativeInt, PositiveFloat

from sciml.core.axes import Array, FloatArray, axes
from sciml.core.errors import BadInput
from sciml.core.settings import Settings
from sciml.weather.world.lorenz_kernel import Ring, march, tendency

DAYS_PER_UNIT = 5.0  # days of weather in a unit of time (Lorenz 1996)
STEP = 0.005  # units, of the two-scale model: its fast variables change c times as fast
SLOW_STEP = 0.01  # units, of the one-scale model
SPIN_UP = 20.0  # units, until a random start is forgotten


class LorenzSettings(Settings):
    """Numbers of the model; h, b and c are those of Lorenz (1996) and of Wilks (2005)."""

    slow: int = Field(default=36, ge=4)  # K; below 4 the neighbours k - 2 and k + 1 coincide
    fast: NonNegativeInt = 10  # J, in each sector; 0 is the one-scale model
    forcing: float = 10.0  # F
    coupling: float = 1.0  # h
    amplitude_ratio: PositiveFloat = 10.0  # b, slow over fast variables
    speed_ratio: PositiveFloat = 10.0  # c, fast over slow changes

    @property
    def ring(self) -> Ring:
        """Sizes and rates as the kernel takes them."""
        b, c = self.amplitude_ratio, self.speed_ratio
        return Ring(self.slow, self.fast, self.coupling * c / b, c * b, c)

    @property
    def size(self) -> int:
        """Number of variables, K (1 + J)."""
        return self.slow * (1 + self.fast)


def random_start(settings: LorenzSettings, members: int, seed: int) -> FloatArray:
    """States on the attractor, from which transients have gone.

    Args:
        settings: The model.
        members: Number of states, independent of each other.
        seed: Of the random states before the spin-up.

    Returns:
        X, then Y. Shape (member, variable).
    """
    generator = np.random.default_rng(seed)
    wild = generator.normal(0.0, 0.1, (members, settings.size))
    wild[:, : settings.slow] += settings.forcing / 4
    steps = round(SPIN_UP / STEP)
    return run(settings, wild, steps, every=steps)[:, -1]


def run(
    settings: LorenzSettings,
    start: FloatArray,
    steps: int,
    *,
    step: float = STEP,
    every: int = 1,
    push: Array | None = None,
    closure: Sequence[float] = (),
) -> FloatArray:
    """The weather from given states on, by Runge and Kutta's method of fourth order.

    A member's weather does not depend on the others in the batch, not even in the last digit.

    Args:
        settings: The model.
        start: X, then Y. Shape (member, variable).
        steps: Number of steps.
        step: Length of a step, units.
        every: Steps from one kept state to the next.
        push: In the place of F, constant in each step; broadcast to (member, step, slow).
        closure: Coefficients, lowest power first, of a polynomial of X_k that is taken from
            dX_k/dt as U_k is.

    Returns:
        The start and each ``every``-th state after it. Shape (member, time, variable).

    Raises:
        BadInput: if shapes do not fit, or the step is so long that the numbers overflow.
    """
    members = axes(start, "member variable", "start", variable=settings.size)["member"]
    if steps < 1 or every < 1 or not step > 0:
        raise BadInput(f"run: expected steps, every and step above 0, got {steps}, {every}, {step}")
    force = np.asarray(settings.forcing if push is None else push, np.float64)
    shape = (members, steps, settings.slow)
    try:
        force = np.broadcast_to(force, shape)
    except ValueError:
        raise BadInput(
            f"push: shape {force.shape} does not broadcast to (member, step, slow) = {shape}"
        ) from None
    weights = np.array(closure, np.float64)
    kept = march(np.ascontiguousarray(start), force, weights, settings.ring, step, every)
    if not np.isfinite(kept[:, -1]).all():
        raise BadInput(f"run: the numbers overflow with step = {step} units; take a shorter one")
    return kept


def rates(settings: LorenzSettings, state: FloatArray, closure: Sequence[float] = ()) -> FloatArray:
    """dX/dt and dY/dt, for checks of the budget.

    Args:
        settings: The model.
        state: X, then Y. Shape (variable,).
        closure: See :func:`run`.

    Returns:
        Per unit of time. Shape (variable,).
    """
    axes(state, "variable", "state", variable=settings.size)
    rate = np.empty(settings.size)
    push = np.full(settings.slow, settings.forcing)
    tendency(state, push, np.array(closure, np.float64), settings.ring, rate)
    return rate


def unresolved(settings: LorenzSettings, states: FloatArray) -> FloatArray:
    """U, what the fast variables take from the slow ones.

    Args:
        settings: The model.
        states: X, then Y. Shape (..., variable).

    Returns:
        U = (h c / b) Σ_j Y_j, per unit of time. Shape (..., slow).
    """
    axes(states, "... variable", "states", variable=settings.size)
    fast = states[..., settings.slow :]
    sectors = fast.reshape(*fast.shape[:-1], settings.slow, settings.fast)
    return settings.ring.exchange * sectors.sum(axis=-1)
