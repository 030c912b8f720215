"""Shares of experts by their errors of late: who has been right is listened to.

Source:
    Combination by inverse errors: Bates & Granger, Operational Research Quarterly 20 (1969).
"""

import numpy as np
from scipy import signal

from sciml.core.axes import FloatArray, axes
from sciml.core.errors import BadInput

_LEAST_ERROR = 1e-6  # mean squared error of scaled targets; keeps the shares finite
_HOPELESS = 1e6  # squared error of an expert that has nothing to say
_LEAST_COUNT = 1e-300  # keeps the quotient finite where nothing was measured


def error_shares(
    opinions: FloatArray, truth: FloatArray, lead: int, memory: float, sharpness: float
) -> FloatArray:
    """How much each expert counts at each time, share ∝ (mean squared error)^(-sharpness).

    An error counts from when it can be known, ``lead`` samples after the forecast; before the
    first all experts count alike. An expert that says NaN has no share.

    Args:
        opinions: Forecasts of scaled targets by the time they are issued. Shape (expert, time,
            target).
        truth: What came, scaled; NaN where it was not measured. Shape (time, target).
        lead: Samples ahead.
        memory: Samples over which errors are forgotten.
        sharpness: 0 shares equally; a large one takes the best.

    Returns:
        Shares that sum to 1, shape (expert, time).

    Raises:
        BadInput: if lead, memory or sharpness is out of range, or all experts say NaN at a time.
    """
    sizes = axes(opinions, "expert time target", "opinions")
    axes(truth, "time target", "truth", time=sizes["time"], target=sizes["target"])
    if lead < 1 or memory < 1 or sharpness < 0:
        raise BadInput(
            f"error_shares: expected lead and memory of at least 1 and sharpness of 0 or more, got "
            f"{lead}, {memory:g} and {sharpness:g}"
        )
    silent = np.isnan(opinions).any(axis=-1)
    if silent.all(axis=0).any():
        first = int(np.flatnonzero(silent.all(axis=0))[0])
        raise BadInput(f"error_shares: no expert has a forecast at sample {first}")
    squares, count = np.zeros(silent.shape), np.zeros(sizes["time"])
    measured = np.isfinite(truth[lead:])
    known = np.square(opinions[:, : max(0, sizes["time"] - lead)] - truth[lead:])
    known = np.where(np.isnan(known), _HOPELESS, known)
    squares[:, lead:] = np.sum(known, axis=-1, where=measured)
    count[lead:] = np.sum(measured, axis=-1)
    seen = _faded(count, memory)
    errors = np.where(seen > 0, _faded(squares, memory) / np.maximum(seen, _LEAST_COUNT), 1.0)
    shares = np.where(silent, 0.0, (errors + _LEAST_ERROR) ** -sharpness)
    return shares / shares.sum(axis=0)


def _faded(series: FloatArray, memory: float) -> FloatArray:
    """Sums along the last axis in which what is older counts less."""
    return np.asarray(signal.lfilter([1.0], [1.0, 1.0 / memory - 1.0], series, axis=-1))
