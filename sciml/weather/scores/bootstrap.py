"""How sure a score is: cases that hang together are drawn together, again and again.

The cases of a day, a storm or a year are alike, so that a thousand of them may be worth a few tens.
A block is what is drawn as a whole; two methods are compared on the same draws.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sciml.core.axes import FloatArray, IntArray, axes
from sciml.core.errors import BadInput
from sciml.weather.scores.checks import complete

Labels = NDArray[np.generic]  # what block each case belongs to: dates, names or numbers
_CODES = {"day": "datetime64[D]", "month": "datetime64[M]", "year": "datetime64[Y]"}
_WEIGHTS_AT_ONCE = 5_000_000  # numbers held at the same time, 40 MB


class Interval(NamedTuple):
    """An estimate and the percentile interval of its bootstrap."""

    estimate: float  # from all cases, each once
    low: float
    high: float
    level: float  # share of the draws between low and high
    draws: int
    blocks: int
    undefined: int = 0  # draws in which the statistic had no value; they are left out

    def contains(self, value: float) -> bool:
        """Whether a value is within the interval, its ends included."""
        return self.low <= value <= self.high


class Draws(NamedTuple):
    """How a bootstrap is made."""

    seed: int
    number: int = 1000
    level: float = 0.95


def blocks_by(
    time: NDArray[np.datetime64], unit: Literal["day", "month", "year"]
) -> NDArray[np.datetime64]:
    """Blocks of the calendar: the cases of a day, month or year go together.

    Args:
        time: Shape (case,).
        unit: What goes together.

    Returns:
        The day, month or year of each case. Shape (case,).

    Raises:
        BadInput: if a time is missing.
    """
    axes(time, "case", "time")
    if np.isnat(time).any():
        raise BadInput(f"time: {int(np.isnat(time).sum())} of {len(time)} times are missing (NaT)")
    return time.astype(_CODES[unit])


def blocks_of_days(time: NDArray[np.datetime64], days: int) -> IntArray:
    """Blocks of a number of days, counted from the first time.

    Args:
        time: Shape (case,); in any order.
        days: Length of a block, longer than errors remember.

    Returns:
        The number of each case's block. Shape (case,).

    Raises:
        BadInput: if a time is missing or days is below 1.
    """
    if days < 1:
        raise BadInput(f"days: expected 1 or more, got {days}")
    dates = blocks_by(time, "day")
    return (dates - dates.min()).astype(np.int64) // days


def bootstrap_mean(values: ArrayLike, blocks: Labels, draws: Draws) -> Interval:
    """The mean of a score over cases, and how far other blocks might have moved it.

    For a root-mean-square error take the squares and then the roots of the three numbers: a
    percentile interval goes along with any rising function.

    Args:
        values: Score of each case. Shape (case,).
        blocks: What block each case belongs to. Shape (case,).
        draws: Seed, number and level.

    Returns:
        Mean and interval.

    Raises:
        BadInput: if a value is missing, there are fewer than 2 blocks, or a setting is out of
            range.

    Source:
        Efron & Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
    """
    score = complete(values, "case", "values")
    return bootstrap_ratio(score, np.ones_like(score), blocks, draws)


def bootstrap_difference(
    one: ArrayLike, other: ArrayLike, blocks: Labels, draws: Draws
) -> Interval:
    """By how much one method scores more than another on the same cases.

    Args:
        one: Score of each case. Shape (case,).
        other: Score of the other method on the same cases. Shape (case,).
        blocks: What block each case belongs to. Shape (case,).
        draws: Seed, number and level.

    Returns:
        Mean of one minus other, and its interval; a difference whose interval has no zero is
        hardly chance.

    Raises:
        BadInput: as :func:`bootstrap_mean`.
    """
    first = complete(one, "case", "one")
    second = complete(other, "case", "other", case=len(first))
    return bootstrap_mean(first - second, blocks, draws)


def bootstrap_skill(
    score: ArrayLike, reference: ArrayLike, blocks: Labels, draws: Draws
) -> Interval:
    """The share of a reference's mean score that a forecast takes away, 1 - S̄ / S̄ of the reference.

    Args:
        score: Score of each case, 0 being perfect. Shape (case,).
        reference: Score of the reference on the same cases. Shape (case,).
        blocks: What block each case belongs to. Shape (case,).
        draws: Seed, number and level.

    Returns:
        Skill and interval.

    Raises:
        BadInput: as :func:`bootstrap_mean`, or if the reference's mean is 0.
    """
    found = bootstrap_ratio(score, reference, blocks, draws)
    return found._replace(estimate=1 - found.estimate, low=1 - found.high, high=1 - found.low)


def bootstrap_ratio(above: ArrayLike, below: ArrayLike, blocks: Labels, draws: Draws) -> Interval:
    """The ratio of two sums over the cases, and its interval.

    Args:
        above: Shape (case,).
        below: Shape (case,).
        blocks: What block each case belongs to. Shape (case,).
        draws: Seed, number and level.

    Returns:
        Ratio and interval; draws in which the lower sum is 0 are left out and counted.

    Raises:
        BadInput: as :func:`bootstrap_mean`, or if the sum below is 0.
    """
    top = complete(above, "case", "above")
    bottom = complete(below, "case", "below", case=len(top))
    if bottom.sum() == 0:
        raise BadInput("below: its sum over all cases is 0, so there is no ratio")
    number = _numbered(blocks, len(top), draws)
    sums = np.stack([np.bincount(number, top), np.bincount(number, bottom)], axis=1)
    random = np.random.default_rng(draws.seed)
    size = len(sums)
    chunk = max(1, _WEIGHTS_AT_ONCE // size)
    drawn = [
        random.multinomial(size, np.full(size, 1 / size), size=count) @ sums
        for count in np.diff([*range(0, draws.number, chunk), draws.number])
    ]
    upper, lower = np.concatenate(drawn).T
    defined = lower != 0
    return _interval(float(top.sum() / bottom.sum()), upper[defined] / lower[defined], draws, size)


def bootstrap_statistic(
    statistic: Callable[[IntArray], float], blocks: Labels, draws: Draws
) -> Interval:
    """Any number that is computed from cases, such as an area under a curve, and its interval.

    Args:
        statistic: Takes indices of cases, some of them several times, and gives the number. A
            :class:`~sciml.core.errors.BadInput` in a draw, such as one without events, is counted.
        blocks: What block each case belongs to. Shape (case,).
        draws: Seed, number and level.

    Returns:
        The number from all cases, and its interval.

    Raises:
        BadInput: if the statistic has no value for all cases or in no draw, there are fewer than 2
            blocks, or a setting is out of range.
    """
    number = _numbered(blocks, len(blocks), draws)
    estimate = statistic(np.arange(len(number)))
    order = np.argsort(number, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(number))[:-1])
    random = np.random.default_rng(draws.seed)
    found: list[float] = []
    for _ in range(draws.number):
        chosen = random.integers(0, len(members), len(members))
        try:
            found.append(statistic(np.concatenate([members[block] for block in chosen])))
        except BadInput:
            continue  # the returned interval counts it
    if not found:
        raise BadInput(f"statistic: has no value in any of {draws.number} draws; take more cases")
    return _interval(estimate, np.array(found), draws, len(members))


def sign_flip_test(differences: ArrayLike, blocks: Labels, draws: Draws) -> float:
    """How often chance alone makes two methods differ as much as they do.

    If neither is better, the sum of the differences of a block might as well have the other sign;
    the signs of all blocks are drawn at random, and the mean difference is compared.

    Args:
        differences: Score of one method minus that of another. Shape (case,).
        blocks: What block each case belongs to; blocks are taken as independent. Shape (case,).
        draws: Seed and number; the level is not used.

    Returns:
        Two-sided p-value, at least 1 / (draws + 1).

    Raises:
        BadInput: as :func:`bootstrap_mean`.

    Source:
        Good, Permutation, Parametric and Bootstrap Tests of Hypotheses, 3rd ed. (2005), section
        3.2; the 1 added above and below: Phipson & Smyth, Stat. Appl. Genet. 9 (2010) 39.
    """
    apart = complete(differences, "case", "differences")
    sums = np.bincount(_numbered(blocks, len(apart), draws), apart)
    random = np.random.default_rng(draws.seed)
    chunk = max(1, _WEIGHTS_AT_ONCE // len(sums))
    flipped = [
        np.abs(random.choice((-1.0, 1.0), (count, len(sums))) @ sums)
        for count in np.diff([*range(0, draws.number, chunk), draws.number])
    ]
    # The rounding of a sum depends on its order; a flip of all signs must still count as equal.
    least = np.abs(sums.sum()) - 1e-12 * np.abs(sums).sum()
    return float((1 + np.sum(np.concatenate(flipped) >= least)) / (draws.number + 1))


def _numbered(blocks: Labels, cases: int, draws: Draws) -> IntArray:
    """Blocks as numbers 0, 1, ..., and all that can be wrong with them."""
    axes(blocks, "case", "blocks", case=cases)
    if draws.number < 1 or not 0 < draws.level < 1:
        raise BadInput(
            f"draws: expected a positive number and a level between 0 and 1, "
            f"got {draws.number} and {draws.level}"
        )
    labels, number = np.unique(blocks, return_inverse=True)
    if len(labels) < 2:
        raise BadInput(
            f"blocks: expected at least 2, got {len(labels)}; with a single one nothing can be "
            "drawn, so that no interval is known"
        )
    return number.astype(np.int64)


def _interval(estimate: float, found: FloatArray, draws: Draws, blocks: int) -> Interval:
    """Percentiles of what the draws gave."""
    low, high = np.quantile(found, [(1 - draws.level) / 2, (1 + draws.level) / 2])
    undefined = draws.number - len(found)
    return Interval(estimate, float(low), float(high), draws.level, draws.number, blocks, undefined)
