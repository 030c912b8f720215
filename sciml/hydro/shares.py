"""Shares of experts by their errors of late: who has been right is listened to.

Source:
    Combination by inverse errors: Bates & Granger, Operational Research Quarterly 20 (1969).
"""

import numpy as np
from scipy import signal

from sciml.core.axes import BoolArray, FloatArray, axes
from sciml.core.errors import BadInput

_LEAST_ERROR = 1e-6  # mean squared error of scaled targets; keeps the shares finite
_HOPELESS = 1e6  # squared error of an expert that has nothing to say


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
    known = np.square(opinions[:, : max(0, sizes["time"] - lead)] - truth[lead:])
    measured = np.isfinite(truth[lead:]).any(axis=-1)
    known = np.where(np.isnan(known), _HOPELESS * silent[:, : known.shape[1], None], known)
    keep = 1.0 - 1.0 / memory
    errors = np.ones(silent.shape)
    errors[:, lead:] = _remembered(np.mean(known, axis=-1), measured, keep)
    shares = np.where(silent, 0.0, (errors + _LEAST_ERROR) ** -sharpness)
    return shares / shares.sum(axis=0)


def _remembered(known: FloatArray, measured: BoolArray, keep: float) -> FloatArray:
    """Exponential means over the errors that were measured, shape (expert, time)."""
    power = _faded(np.where(measured, known, 0.0), keep)
    weight = _faded(measured.astype(np.float64), keep)
    return np.where(weight > 0, power / np.maximum(weight, 1e-300), 1.0)


def _faded(series: FloatArray, keep: float) -> FloatArray:
    """An exponential mean along the last axis, from 0."""
    return np.asarray(signal.lfilter([1.0 - keep], [1.0, -keep], series, axis=-1))
