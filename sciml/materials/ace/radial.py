"""Functions of the distance between two atoms, zero and smooth at the cutoff."""

import numpy as np
from pydantic import Field, NonNegativeFloat, PositiveFloat

from sciml.core.axes import FloatArray
from sciml.core.settings import Settings


class RadialSettings(Settings):
    """The fixed functions that the learned channels are sums of."""

    cutoff: PositiveFloat = 5.0  # Å
    functions: int = Field(default=10, ge=2)
    crowding: NonNegativeFloat = 3.0  # how much finer they resolve short distances than long ones


def radial_functions(distance: FloatArray, settings: RadialSettings) -> FloatArray:
    """T_n(x(r)) (1 - u)³ (1 + 3u + 6u²) with u = r/r_c, and their slopes.

    x falls from 1 at the atom to -1 at the cutoff, exponentially with ``crowding``. The envelope
    and two of its derivatives vanish at the cutoff.

    Args:
        distance: r, Å, shape (pair,); beyond the cutoff the functions are zero.
        settings: Cutoff r_c and number of functions.

    Returns:
        Values, and derivatives by r in 1/Å, shape (2, pair, function).

    Source:
        Drautz, Phys. Rev. B 99 (2019) 014104, eq. 24 (exponential distance, Chebyshev polynomials).
    """
    u = np.minimum(np.asarray(distance, dtype=np.float64) / settings.cutoff, 1.0)
    x, dx = _scaled(u, settings)
    envelope = (1 - u) ** 3 * (1 + 3 * u + 6 * u**2)
    envelope_slope = -30 * u**2 * (1 - u) ** 2 / settings.cutoff
    polynomials, slopes = _chebyshev(x, settings.functions)
    found = np.empty((2, len(u), settings.functions))
    found[0] = (polynomials * envelope).T
    found[1] = (slopes * (dx * envelope) + polynomials * envelope_slope).T
    return found


def _scaled(u: FloatArray, settings: RadialSettings) -> tuple[FloatArray, FloatArray]:
    """The scaled distance x in [-1, 1] and dx/dr."""
    c = settings.crowding
    if c == 0:
        return 1 - 2 * u, np.full_like(u, -2 / settings.cutoff)
    decay = np.exp(-c * u)
    span = 1 - np.exp(-c)
    return 1 - 2 * (1 - decay) / span, -2 * c * decay / (span * settings.cutoff)


def _chebyshev(x: FloatArray, count: int) -> tuple[FloatArray, FloatArray]:
    """Chebyshev polynomials T_0 to T_{count-1} and their derivatives by x, (function, pair)."""
    values, slopes = np.ones((count, len(x))), np.zeros((count, len(x)))
    values[1], slopes[1], twice = x, 1, 2 * x
    for n in range(2, count):
        values[n] = twice * values[n - 1] - values[n - 2]
        slopes[n] = 2 * values[n - 1] + twice * slopes[n - 1] - slopes[n - 2]
    return values, slopes
