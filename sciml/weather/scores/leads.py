"""Lead time gained: how much farther ahead one forecast is as good as another."""

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.weather.scores.checks import complete

Side = Literal["crossed", "before the first lead", "after the last lead"]


class Crossing(NamedTuple):
    """Where a score first gets worse than a level."""

    lead: float  # in the unit of the leads; the first or last lead if it is not between them
    side: Side


class LeadGained(NamedTuple):
    """How much farther ahead a forecast stays better than a level than a reference does."""

    gained: float  # in the unit of the leads
    bound: Literal["exact", "at least", "at most", "unknown"]
    crossing: Crossing
    reference: Crossing


def lead_of_crossing(
    leads: ArrayLike, score: ArrayLike, level: float, *, better: Literal["less", "more"] = "less"
) -> Crossing:
    """The lead at which a score first gets as bad as a level, on straight lines between leads.

    Args:
        leads: Ascending, in any unit of time. Shape (lead,).
        score: Shape (lead,), complete.
        level: What counts as no longer useful, such as the score of climatology.
        better: Whether a good score is small (an error) or large (a skill).

    Returns:
        The crossing. A score that is bad at once crossed before the first lead; one that stays
        good crosses after the last: the lead is then that lead, a bound.

    Raises:
        BadInput: if the leads do not ascend, or a value is missing.
    """
    when = complete(leads, "lead", "leads")
    if np.any(np.diff(when) <= 0):
        raise BadInput("leads: must ascend, each once; sort them and the scores with them")
    sign = 1.0 if better == "less" else -1.0
    excess: FloatArray = sign * (complete(score, "lead", "score", lead=len(when)) - level)
    bad = np.flatnonzero(excess >= 0)
    if len(bad) == 0:
        return Crossing(float(when[-1]), "after the last lead")
    after = int(bad[0])
    if after == 0:
        side: Side = "crossed" if excess[0] == 0 else "before the first lead"
        return Crossing(float(when[0]), side)
    share = excess[after - 1] / (excess[after - 1] - excess[after])
    return Crossing(float(when[after - 1] + share * (when[after] - when[after - 1])), "crossed")


def lead_time_gained(
    leads: ArrayLike,
    score: ArrayLike,
    reference: ArrayLike,
    level: float,
    *,
    better: Literal["less", "more"] = "less",
) -> LeadGained:
    """By how much a forecast moves the lead at which its score gets as bad as a level.

    Args:
        leads: Ascending, in any unit of time. Shape (lead,).
        score: Of the forecast. Shape (lead,), complete.
        reference: Of what it is compared with. Shape (lead,), complete.
        level: What counts as no longer useful.
        better: Whether a good score is small or large.

    Returns:
        The difference of the two crossings, and what it is: exact if both lie between leads; a
        bound if one of them does not; unknown if both lie beyond the same end.

    Raises:
        BadInput: if the leads do not ascend, or a value is missing.
    """
    ours = lead_of_crossing(leads, score, level, better=better)
    theirs = lead_of_crossing(leads, reference, level, better=better)
    gained = ours.lead - theirs.lead
    # Ours after the end, or theirs before the start, makes the true gain larger than the seen one.
    larger = ours.side == "after the last lead" or theirs.side == "before the first lead"
    smaller = ours.side == "before the first lead" or theirs.side == "after the last lead"
    if larger and smaller:
        return LeadGained(gained, "unknown", ours, theirs)
    if larger:
        return LeadGained(gained, "at least", ours, theirs)
    return LeadGained(gained, "at most" if smaller else "exact", ours, theirs)
