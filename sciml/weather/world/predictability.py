"""How long weather can be foretold, and how far an ensemble is from saying it honestly."""

import math

import numpy as np
import xarray as xr

from sciml.core.axes import FloatArray, axes
from sciml.core.errors import BadInput
from sciml.weather.scores.ensemble import outside_range, rank_histogram, spread_and_skill
from sciml.weather.world.lorenz import SLOW_STEP, LorenzSettings, random_start, run


def leading_exponent(
    settings: LorenzSettings, units: float, *, members: int = 8, seed: int = 0
) -> float:
    """The rate at which small differences grow in the long run, the first Lyapunov exponent.

    Pairs of states run side by side; after each stretch their difference is measured and made
    small again.

    Args:
        settings: The one-scale model (``fast = 0``).
        units: Units of time over which growth is averaged, after a tenth more to settle.
        members: Pairs, independent of each other.
        seed: Of the states and of the first differences.

    Returns:
        Per unit of time.

    Raises:
        BadInput: if the model has fast variables, whose own growth would hide that of the slow.

    Source:
        Benettin, Galgani, Giorgilli & Strelcyn, Meccanica 15, 9 (1980).
    """
    if settings.fast:
        raise BadInput(f"settings: expected the one-scale model, fast = 0, got {settings.fast}")
    small, steps = 1e-7, 20
    stretches = math.ceil(units / (steps * SLOW_STEP))
    first = random_start(settings, members, seed)
    gap = np.random.default_rng(seed).normal(size=first.shape)
    growth: list[float] = []
    for _ in range(math.ceil(1.1 * stretches)):
        gap *= small / np.linalg.norm(gap, axis=1, keepdims=True)
        both = np.concatenate([first, first + gap])
        ends = run(settings, both, steps, step=SLOW_STEP, every=steps)[:, -1]
        first, gap = ends[:members], ends[members:] - ends[:members]
        growth.append(float(np.mean(np.log(np.linalg.norm(gap, axis=1) / small))))
    return float(np.mean(growth[-stretches:])) / (steps * SLOW_STEP)


def doubling_time(error: FloatArray, lead: FloatArray, below: float) -> float:
    """Time in which an error doubles while it is small.

    Args:
        error: Root-mean-square errors, positive. Shape (lead,).
        lead: When they are reached, ascending. Shape (lead,).
        below: Errors above this are no longer small, and do not count.

    Returns:
        In the unit of the leads, from the slope of a line through the logarithms.

    Raises:
        BadInput: if fewer than two errors count, or they do not grow.
    """
    sizes = axes(error, "lead", "error")
    axes(lead, "lead", "lead", **sizes)
    counted = (error < below) & (error > 0)
    if np.count_nonzero(counted) < 2:
        raise BadInput(
            f"doubling_time: fewer than two errors are below {below:g}; start from a smaller one"
        )
    slope = float(np.polyfit(lead[counted], np.log(error[counted]), 1)[0])
    if slope <= 0:
        raise BadInput("doubling_time: the errors do not grow")
    return math.log(2.0) / slope


def calibration(ensemble: xr.Dataset) -> dict[str, float]:
    """How honest an ensemble is, in the numbers that post-processing shall mend.

    Args:
        ensemble: A station ensemble: ``forecast`` (case, member), ``observation`` (case,).

    Returns:
        ``bias`` and ``error`` (root mean square) of the mean of the members; ``spread``, the error
        that the mean of an honest ensemble of so many members would have, see
        :func:`sciml.weather.scores.ensemble.spread_and_skill`; ``spread_over_error``, which is 1
        for an honest ensemble; ``outside``, the share of observations beyond all members, and
        ``fair``, that share if members and observation were alike, 2 / (members + 1). Cases
        without observation, or with fewer than two members, do not count.

    Raises:
        BadInput: if no case counts, or the mean of the members is never wrong.
    """
    members, truth = _cases(ensemble)
    counts = ~np.isnan(truth) & ((~np.isnan(members)).sum(axis=1) > 1)
    if not counts.any():
        raise BadInput("ensemble: no case has an observation and two members")
    members, truth = members[counts], truth[counts]
    skill, beyond = spread_and_skill(members, truth), outside_range(members, truth)
    return {
        "bias": float(np.mean(np.nanmean(members, axis=1) - truth)),
        "error": skill.error,
        "spread": skill.spread,
        "spread_over_error": skill.ratio,
        "outside": beyond.share,
        "fair": beyond.expected,
    }


def ranks(ensemble: xr.Dataset, seed: int = 0) -> xr.DataArray:
    """How often the observation falls between which members.

    Args:
        ensemble: As in :func:`calibration`; only cases with all members and an observation count.
        seed: Of the lots that are drawn where an observation equals a member.

    Returns:
        Share of the cases, (rank,), from below all members to above all of them.

    Raises:
        BadInput: if no case counts.
    """
    members, truth = _cases(ensemble)
    whole = np.isfinite(truth) & np.isfinite(members).all(axis=1)
    if not whole.any():
        raise BadInput("ensemble: no case has an observation and all members")
    share = rank_histogram(members[whole], truth[whole], seed=seed) / np.count_nonzero(whole)
    return xr.DataArray(share, {"rank": np.arange(len(share))}, ("rank",), name="share")


def _cases(ensemble: xr.Dataset) -> tuple[FloatArray, FloatArray]:
    """Members (case, member) and observations (case,) as arrays."""
    members = ensemble["forecast"].transpose("case", "member").values
    return members, ensemble["observation"].values
