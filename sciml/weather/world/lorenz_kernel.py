"""The compiled march of Lorenz's rings; the equations are in :mod:`sciml.weather.world.lorenz`.

All kernels stand in this file: numba's cache knows when a file changes, but not when a file that
it calls into does. They add and multiply only, in a fixed order, and numba does not contract
products and sums, so that all processors compute the same weather, digit for digit.
"""

from typing import NamedTuple

import numba
import numpy as np

from sciml.core.axes import FloatArray


class Ring(NamedTuple):
    """Sizes and rates of the rings."""

    slow: int  # K
    fast: int  # J, 0 for the one-scale model
    exchange: float  # h c / b, of slow and fast variables
    turning: float  # c b, of the fast advection
    decay: float  # c, of the fast variables


@numba.njit(cache=True)
def tendency(
    state: FloatArray, push: FloatArray, closure: FloatArray, ring: Ring, rate: FloatArray
) -> None:
    """Write dX/dt and dY/dt of one member into ``rate``. Negative indices go round the ring.

    ``state`` and ``rate`` hold the slow variables, then the fast ones; ``push`` (slow,) is the
    forcing; ``closure`` the coefficients, lowest first, of a polynomial of X_k that stands for
    the fast variables.
    """
    K, J = ring.slow, ring.fast
    X, Y = state[:K], state[K:]
    for k in range(K):
        unresolved = 0.0
        for n in range(closure.size - 1, -1, -1):
            unresolved = unresolved * X[k] + closure[n]
        for j in range(k * J, k * J + J):
            unresolved += ring.exchange * Y[j]
        rate[k] = X[k - 1] * (X[k + 1 - K] - X[k - 2]) - X[k] + push[k] - unresolved
    n = K * J
    for k in range(K):
        for j in range(k * J, k * J + J):
            turned = ring.turning * Y[j + 1 - n] * (Y[j - 1] - Y[j + 2 - n])
            rate[K + j] = turned - ring.decay * Y[j] + ring.exchange * X[k]


@numba.njit(cache=True)
def march(
    start: FloatArray,
    push: FloatArray,
    closure: FloatArray,
    ring: Ring,
    step: float,
    every: int,
) -> FloatArray:
    """March all members by Runge and Kutta's method of fourth order, each by itself.

    ``start`` (member, variable), ``push`` (member, step, slow), constant during a step. Returns
    (member, time, variable): the start and then each ``every``-th step.
    """
    members, size = start.shape
    steps = push.shape[1]
    kept = np.empty((members, steps // every + 1, size))
    first, second, third, fourth = np.empty((4, size))
    for member in range(members):
        state = start[member].copy()
        kept[member, 0] = state
        for n in range(steps):
            now = push[member, n]
            tendency(state, now, closure, ring, first)
            tendency(state + 0.5 * step * first, now, closure, ring, second)
            tendency(state + 0.5 * step * second, now, closure, ring, third)
            tendency(state + step * third, now, closure, ring, fourth)
            state += step / 6.0 * (first + 2.0 * (second + third) + fourth)
            if (n + 1) % every == 0:
                kept[member, (n + 1) // every] = state
    return kept
