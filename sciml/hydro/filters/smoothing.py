"""The Rauch-Tung-Striebel smoother, in the coordinates in which every covariance is the unit one.

Write the state after an update as x = m + S z with z ~ N(0, I). The reflections Θ that made the
next prediction and update tell how z is put together from the whitened innovation, from the z
of the next sample and from what the future says nothing about. So what is known of the next z
passes back through the same orthogonal Θ: no gain, no inverse, no difference of covariances, and
nothing to break where Q or P is singular. In exact arithmetic it is the smoother of

    Rauch, Tung & Striebel, AIAA Journal 3 (1965).
"""

from typing import NamedTuple

import numpy as np

from sciml.core.axes import FloatArray
from sciml.hydro.filters import kernels
from sciml.hydro.filters.gaussian import Gaussian, row_lengths
from sciml.hydro.filters.models import LinearModel, NonlinearModel
from sciml.hydro.filters.sequential import Filtered


class Smoothed(NamedTuple):
    """What is known of each sample from the whole record."""

    means: FloatArray  # (batch, time, state)
    factors: FloatArray  # (batch, time, state, state)

    @property
    def deviations(self) -> FloatArray:
        """Standard deviations of the states, (batch, time, state)."""
        return row_lengths(self.factors)


def smooth(model: LinearModel | NonlinearModel, filtered: Filtered) -> Smoothed:
    """Use the whole record for every sample.

    Args:
        model: The one that filtered.
        filtered: Answer of :func:`~sciml.hydro.filters.sequential.run_filter`.

    Returns:
        Means and factors.
    """
    batch, times, n = filtered.means.shape
    means, factors = filtered.means.copy(), filtered.factors.copy()
    whites, spreads = np.zeros((batch, n)), np.broadcast_to(np.eye(n), (batch, n, n)).copy()
    for t in range(times - 2, -1, -1):
        state = Gaussian(filtered.means[:, t], np.ascontiguousarray(filtered.factors[:, t]))
        control = filtered.controls[:, t + 1]
        ahead = model.predicted(state, control, t + 1)
        factor = np.ascontiguousarray(filtered.predicted_factors[:, t + 1])
        seen = model.observed(Gaussian(filtered.predicted_means[:, t + 1], factor), control, t + 1)
        kernels.smooth_back(
            (ahead.deviations, model.process_factor(t + 1)),
            (seen.deviations, model.sensor_factor(t + 1)),
            np.ascontiguousarray(filtered.innovations[:, t + 1]),
            factor,
            whites,
            spreads,
        )
        means[:, t] += np.einsum("bij,bj->bi", state.factor, whites)
        none = np.zeros((1, n, 0))
        factors[:, t] = kernels.triangles(kernels.products(state.factor, spreads), none)
    return Smoothed(means, factors)
