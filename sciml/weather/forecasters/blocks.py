"""Leaving out blocks of time: errors on truths that were not learnt from."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sciml.core.axes import FloatArray, IntArray
from sciml.core.errors import BadInput
from sciml.weather.forecast import step_of


def time_blocks(times: NDArray[Any], count: int) -> IntArray:
    """Which block of time each time belongs to.

    Days that follow each other are alike, so a sample must be left out with its neighbours.

    Args:
        times: Ascending, shape (time,).
        count: Blocks, of equally many times each.

    Returns:
        Number of the block, ascending from 0. Shape (time,).

    Raises:
        BadInput: if there are fewer than two blocks, or fewer times than blocks.
    """
    if not 2 <= count <= len(times):
        raise BadInput(f"blocks: expected 2 to {len(times)} (the number of times), got {count}")
    return np.arange(len(times)) * count // len(times)


def apart_from(
    times: NDArray[Any], block: IntArray, number: int, embargo: int
) -> NDArray[np.bool_]:
    """The times outside of a block that do not overlap with it.

    Args:
        times: Ascending, shape (time,).
        block: From :func:`time_blocks`.
        number: Of the block that is left out.
        embargo: Steps on both sides of it that are left out, too.

    Returns:
        Whether each time may be learnt from. Shape (time,).
    """
    inside = times[block == number]
    reach = embargo * step_of(times)
    return (times < inside[0] - reach) | (times > inside[-1] + reach)


def best_ridge(errors: dict[float, FloatArray]) -> float:
    """The penalty with the smallest mean squared error on blocks left out.

    Args:
        errors: Squared errors by penalty.

    Returns:
        The penalty; the larger of two that are equal.
    """
    return min(sorted(errors, reverse=True), key=lambda ridge: float(errors[ridge].mean()))
