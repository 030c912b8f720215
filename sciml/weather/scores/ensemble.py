"""Scores of an ensemble whose members may be missing: error, spread, rank, and the range."""

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from sciml.core.axes import BoolArray, FloatArray, IntArray
from sciml.core.errors import BadInput
from sciml.weather.scores.checks import complete, ensemble, probabilities


def crps_of_members(
    members: ArrayLike, observation: ArrayLike, *, fair: bool = False
) -> FloatArray:
    """Continuous ranked probability score: the distance of an ensemble from what came.

    CRPS = mean|xᵢ - y| - Σᵢⱼ|xᵢ - xⱼ| / 2K over the m members that are there, with K = m² for
    the distribution that the members are (one member gives the absolute error), and K = m(m - 1)
    for the distribution that they were drawn from (fair). The double sum is 2 Σ (2i - m - 1) x₍ᵢ₎
    over sorted members, so that m members cost m log m.

    Args:
        members: Shape (..., member); NaN where a member is missing.
        observation: Shape (...), complete.
        fair: Whether the members are a sample, so that ensembles of different sizes compare.

    Returns:
        Score of each case, in the unit of the observation. Shape (...).

    Raises:
        BadInput: if shapes differ, an observation is missing, or a case has no member (no two
            members for the fair score, which one member leaves undefined).

    Source:
        Gneiting & Raftery, J. Am. Stat. Assoc. 102 (2007) 359-378; fair: Ferro, Q. J. R.
        Meteorol. Soc. 140 (2014) 1917-1923.
    """
    given, truth = ensemble(members, observation, fewest=2 if fair else 1)
    return _crps_of_deviations(given - truth[..., None], fair=fair)


def _crps_of_deviations(deviations: FloatArray, *, fair: bool) -> FloatArray:
    """CRPS from members minus observation; subtracting first keeps small spreads exact."""
    ordered = np.sort(deviations, axis=-1)  # missing members go last
    there = ~np.isnan(ordered)
    m = there.sum(axis=-1)
    filled = np.where(there, ordered, 0.0)
    rank = np.arange(1, ordered.shape[-1] + 1)
    half_sum = np.sum((2 * rank - m[..., None] - 1) * filled, axis=-1)  # ½ Σᵢⱼ|xᵢ - xⱼ|
    pairs = m * (m - 1) if fair else m**2
    return np.abs(filled).sum(axis=-1) / m - half_sum / pairs


def threshold_weighted_crps(
    members: ArrayLike,
    observation: ArrayLike,
    threshold: ArrayLike,
    *,
    tail: Literal["upper", "lower"] = "upper",
    fair: bool = False,
) -> FloatArray:
    """CRPS that looks at one tail only: differences beyond a threshold count, the rest do not.

    It is the CRPS of v(members) against v(observation) with v(x) = max(x, t) for the upper tail
    and min(x, t) for the lower, and equals ∫ (F(x) - 1{y ≤ x})² dx over that tail.

    Args:
        members: Shape (..., member); NaN where a member is missing.
        observation: Shape (...), complete.
        threshold: t, one for all or one for each case; it must be broadcastable to (...).
        tail: Which side of the threshold counts.
        fair: As in :func:`crps_of_members`.

    Returns:
        Score of each case, in the unit of the observation. Shape (...).

    Raises:
        BadInput: as :func:`crps_of_members`, or if the threshold does not fit the cases.

    Source:
        Gneiting & Ranjan, J. Bus. Econ. Stat. 29 (2011) 411-422; Allen, Ginsbourger & Ziegel,
        SIAM/ASA J. Uncertain. Quantif. 11 (2023) 906-940.
    """
    given, truth = ensemble(members, observation, fewest=2 if fair else 1)
    bound = complete(threshold, "...", "threshold")
    try:
        bound = np.broadcast_to(bound, truth.shape)
    except ValueError:
        raise BadInput(
            f"threshold: expected one value or the cases' shape {truth.shape}, got {bound.shape}"
        ) from None
    chained = np.maximum if tail == "upper" else np.minimum
    deviations = chained(given, bound[..., None]) - chained(truth, bound)[..., None]
    return _crps_of_deviations(deviations, fair=fair)


def rank_histogram(members: ArrayLike, observation: ArrayLike, *, seed: int) -> IntArray:
    """How often the observation took each place among the members; flat if they are honest.

    An observation that equals members takes one of the tied places at random. With m of M members
    there, its place r of m + 1 is spread at random over the M + 1 bins,
    bin = ⌊(M + 1)(r + U)/(m + 1)⌋ with U uniform on [0, 1), which is r when no member is missing
    and leaves a flat histogram flat.

    Args:
        members: Shape (..., member); NaN where a member is missing.
        observation: Shape (...), complete.
        seed: Seed of the random places.

    Returns:
        Number of cases with 0, 1, ..., M members below the observation. Shape (member + 1,).

    Raises:
        BadInput: if shapes differ, an observation is missing, or a case has no member.

    Source:
        Hamill, Mon. Weather Rev. 129 (2001) 550-560.
    """
    given, _ = ensemble(members, observation)
    bins = given.shape[-1] + 1
    place = np.floor(bins * pit_of_members(members, observation, seed=seed)).astype(np.int64)
    return np.bincount(np.minimum(place, bins - 1).ravel(), minlength=bins)


def pit_of_members(members: ArrayLike, observation: ArrayLike, *, seed: int) -> FloatArray:
    """Where the observation lies in its ensemble, from 0 to 1; uniform if the ensemble is honest.

    (r + U)/(m + 1), with r of m members below the observation, tied places taken at random, and U
    uniform on [0, 1).

    Args:
        members: Shape (..., member); NaN where a member is missing.
        observation: Shape (...), complete.
        seed: Seed of U and of the tied places.

    Returns:
        Shape (...).

    Raises:
        BadInput: if shapes differ, an observation is missing, or a case has no member.
    """
    given, truth = ensemble(members, observation)
    random = np.random.default_rng(seed)
    below = (given < truth[..., None]).sum(axis=-1)
    tied = (given == truth[..., None]).sum(axis=-1)
    place = below + random.integers(0, tied + 1)
    return (place + random.random(truth.shape)) / ((~np.isnan(given)).sum(axis=-1) + 1)


def randomised_pit(below: ArrayLike, at: ArrayLike, *, seed: int) -> FloatArray:
    """Probability integral transform of distributions that may jump, as those of rain do at zero.

    Args:
        below: F(y-), the probability that was given to values less than the observation.
            Shape (case,).
        at: F(y), that of values up to and with the observation. Shape (case,).
        seed: Seed of the draw between the two.

    Returns:
        Uniform on [0, 1] if the distributions are honest. Shape (case,).

    Raises:
        BadInput: if one is not a probability, or F(y-) exceeds F(y).

    Source:
        Czado, Gneiting & Held, Biometrics 65 (2009) 1254-1261.
    """
    low = probabilities(below, "below")
    high = probabilities(at, "at", case=len(low))
    if np.any(low > high):
        raise BadInput(f"below: exceeds F(y) at index {int(np.argmax(low > high))}")
    return low + (high - low) * np.random.default_rng(seed).random(len(low))


class Range(NamedTuple):
    """How often the observation lies outside the members' range, and how often it should."""

    share: float  # of the cases
    expected: float  # mean of 2/(m + 1), if observation and members are drawn alike


def outside_range(members: ArrayLike, observation: ArrayLike) -> Range:
    """How often the observation is less than all members or greater than all.

    Args:
        members: Shape (..., member); NaN where a member is missing.
        observation: Shape (...), complete. One that equals a member lies inside.

    Returns:
        The share of the cases and the share to expect of an honest ensemble.

    Raises:
        BadInput: if shapes differ, an observation is missing, or a case has no member.
    """
    given, truth = ensemble(members, observation)
    outside: BoolArray = (truth < np.nanmin(given, axis=-1)) | (truth > np.nanmax(given, axis=-1))
    m = (~np.isnan(given)).sum(axis=-1)
    return Range(float(outside.mean()), float(np.mean(2 / (m + 1))))


class SpreadAndSkill(NamedTuple):
    """The spread of an ensemble and the error of its mean, in the unit of the observation."""

    spread: float
    error: float

    @property
    def ratio(self) -> float:
        """Spread over error: below 1 the ensemble is too sure of itself.

        Raises:
            BadInput: if the error is 0.
        """
        if self.error == 0:
            raise BadInput("observation: equals the ensemble's mean in all cases; no ratio")
        return self.spread / self.error


def spread_and_skill(members: ArrayLike, observation: ArrayLike) -> SpreadAndSkill:
    """Whether an ensemble is as wide as its mean is wrong.

    The spread is √ mean of (m + 1)/m s², with the unbiased variance s² of the m members of a case:
    the mean of a finite ensemble errs by σ²(1 + 1/m) even when the observation and the members
    are drawn alike, and the factor lets the ratio be 1 then.

    Args:
        members: Shape (..., member); NaN where a member is missing.
        observation: Shape (...), complete.

    Returns:
        Spread and root-mean-square error of the members' mean.

    Raises:
        BadInput: if shapes differ, an observation is missing, or a case has fewer than 2 members.

    Source:
        Fortin, Abaza, Anctil & Turcotte, J. Hydrometeorol. 15 (2014) 1708-1713.
    """
    given, truth = ensemble(members, observation, fewest=2)
    m = (~np.isnan(given)).sum(axis=-1)
    variance = np.nanvar(given, axis=-1, ddof=1)
    error = np.nanmean(given, axis=-1) - truth
    return SpreadAndSkill(
        float(np.sqrt(np.mean(variance * (m + 1) / m))), float(np.sqrt(np.mean(error**2)))
    )
