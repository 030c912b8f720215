"""The door of the scores: shapes, missing values, probabilities and outcomes, checked once."""

import numpy as np
from numpy.typing import ArrayLike

from sciml.core.axes import BoolArray, FloatArray, axes
from sciml.core.errors import BadInput


def complete(values: ArrayLike, spec: str, name: str, **known: int) -> FloatArray:
    """Numbers of which none is missing.

    Args:
        values: What the caller gave.
        spec: Its axes; see :func:`sciml.core.axes.axes`.
        name: What the caller calls it, for the error text.
        **known: Sizes that a named axis must have.

    Returns:
        The numbers, float64.

    Raises:
        BadInput: if an axis differs, there is no value, or a value is NaN or infinite.
    """
    array = np.asarray(values, np.float64)
    axes(array, spec, name, **known)
    if array.size == 0:
        raise BadInput(f"{name}: no value at all, so there is nothing to score")
    bad = ~np.isfinite(array)
    if bad.any():
        raise BadInput(
            f"{name}: {int(bad.sum())} of {array.size} values are missing or infinite, the first "
            f"at index {_first(bad)}; leave those cases out before scoring, and say how many"
        )
    return array


def same_shape(array: FloatArray, other: FloatArray, name: str, other_name: str) -> None:
    """Refuse two arrays of different shapes.

    Args:
        array: One.
        other: The other.
        name: What the caller calls the one.
        other_name: What the caller calls the other.

    Raises:
        BadInput: if the shapes differ.
    """
    if array.shape != other.shape:
        raise BadInput(f"{name}: expected shape {other.shape} as {other_name}, got {array.shape}")


def ensemble(
    members: ArrayLike, observation: ArrayLike, fewest: int = 1
) -> tuple[FloatArray, FloatArray]:
    """An ensemble and what came, with as many members in each case as a score needs.

    Args:
        members: Shape (..., member); NaN where a member is missing.
        observation: Shape (...), complete.
        fewest: Members that each case must have.

    Returns:
        Members and observation, float64.

    Raises:
        BadInput: if shapes differ, a member is infinite, an observation is missing, or a case
            has too few members.
    """
    given = np.asarray(members, np.float64)
    if given.ndim == 0 or given.shape[-1] == 0:
        raise BadInput(f"members: expected axes (..., member), got shape {given.shape}")
    truth = complete(observation, "...", "observation")
    if given.shape[:-1] != truth.shape:
        raise BadInput(
            f"members: expected axes (..., member) over cases of shape {truth.shape}, "
            f"the observation's, got shape {given.shape}"
        )
    if np.isinf(given).any():
        raise BadInput(f"members: infinite at index {_first(np.isinf(given))}; NaN marks a gap")
    short = (~np.isnan(given)).sum(axis=-1) < fewest
    if short.any():
        raise BadInput(
            f"members: {int(short.sum())} of {short.size} cases have fewer than {fewest} members, "
            f"the first at index {_first(short)}; leave those cases out, and say how many"
        )
    return given, truth


def probabilities(values: ArrayLike, name: str = "probability", **known: int) -> FloatArray:
    """Probabilities, complete and between 0 and 1.

    Args:
        values: Shape (case,).
        name: What the caller calls them, for the error text.
        **known: The number of cases, if it is known.

    Returns:
        The probabilities. Shape (case,).

    Raises:
        BadInput: if one is missing or outside [0, 1]; percent are a likely cause.
    """
    array = complete(values, "case", name, **known)
    if array.min() < 0 or array.max() > 1:
        raise BadInput(
            f"{name}: expected probabilities between 0 and 1, got {array.min():g} to "
            f"{array.max():g}; divide percent by 100"
        )
    return array


def outcomes(values: ArrayLike, name: str = "event", **known: int) -> BoolArray:
    """Whether an event came, as booleans.

    Args:
        values: True or 1 where it came, False or 0 where not. Shape (case,).
        name: What the caller calls them, for the error text.
        **known: The number of cases, if it is known.

    Returns:
        Shape (case,).

    Raises:
        BadInput: if a value is missing or is neither 0 nor 1.
    """
    array = complete(values, "case", name, **known)
    if not np.isin(array, (0.0, 1.0)).all():
        odd = array[~np.isin(array, (0.0, 1.0))][0]
        raise BadInput(f"{name}: expected 0 or 1 in each case, got {odd:g}")
    return array == 1


def both_outcomes(event: BoolArray, measure: str) -> None:
    """Refuse a sample in which the event always or never came.

    Args:
        event: Whether it came. Shape (case,).
        measure: What is then undefined, for the error text.

    Raises:
        BadInput: if one of the two outcomes is absent.
    """
    came = int(event.sum())
    if came in (0, event.size):
        raise BadInput(
            f"event: came in {came} of {event.size} cases, so {measure} is undefined; "
            "take a longer record or another threshold"
        )


def _first(where: BoolArray) -> str:
    """The index of the first true value, as one would write it."""
    index = [int(i) for i in np.argwhere(where)[0]]
    return str(index[0]) if len(index) == 1 else str(tuple(index))
