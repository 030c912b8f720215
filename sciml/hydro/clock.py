"""Quantities on a uniform clock: the spacing of samples, and what is prescribed at them."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from sciml.core.axes import FloatArray, axes
from sciml.core.errors import BadInput
from sciml.data.checks import numbers

Prescribed = Callable[[FloatArray], ArrayLike] | ArrayLike


def seconds(time: ArrayLike) -> FloatArray:
    """Times as numbers of seconds.

    Args:
        time: Seconds; no dates and no durations with a unit of their own.

    Returns:
        The times in double precision.

    Raises:
        BadInput: if they are dates, durations or no numbers; the text has the conversion.
    """
    given = np.asarray(time)
    if given.dtype.kind in "mM":
        raise BadInput(
            f"time: expected seconds, got {given.dtype}; "
            "give seconds: (t - t[0]) / np.timedelta64(1, 's')"
        )
    return numbers(time, "time").astype(np.float64, copy=False)


def even_step(samples: FloatArray) -> float:
    """The spacing of the samples of a clock.

    Args:
        samples: Times, s, shape (time,).

    Returns:
        The step, s; positive.

    Raises:
        BadInput: if there are fewer than 2, or if they do not increase by even steps.
    """
    samples = seconds(samples)
    axes(samples, "time", "time")
    if samples.size < 2 or not np.all(np.isfinite(samples)):
        raise BadInput(f"time: expected at least 2 finite samples, got {samples.size} samples")
    step = (samples[-1] - samples[0]) / (samples.size - 1)
    # A clock of many lifetimes rounds its samples by about 1e-16 of its reading.
    slack = 1e-6 * step + 4e-16 * np.abs(samples).max()
    if not step > 0 or np.abs(np.diff(samples) - step).max() > slack:
        raise BadInput("time: samples must increase by even steps; resample on a uniform clock")
    return float(step)


def sampled(given: Prescribed, samples: FloatArray, name: str) -> FloatArray:
    """A prescribed quantity at the samples of a clock.

    Args:
        given: A number, samples of shape (time,), or a function of time.
        samples: Times, s, shape (time,).
        name: What the caller calls the quantity, for the error text.

    Returns:
        Its values, shape (time,).

    Raises:
        BadInput: if the shape differs or a value is no number, missing (NaN, masked) or infinite.
    """
    values = numbers(given(samples) if callable(given) else given, name).astype(np.float64)
    values = np.full(samples.shape, values) if values.ndim == 0 else values
    axes(values, "time", name, time=samples.size)
    gaps = np.flatnonzero(~np.isfinite(values))
    if gaps.size:
        raise BadInput(
            f"{name}: {gaps.size} of {values.size} values are not finite, the first at "
            f"t = {samples[gaps[0]]:.6g} s; fill the gaps, for example by interpolation"
        )
    return values
