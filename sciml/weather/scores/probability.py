"""Scores of probabilities of an event: Brier, its parts, discrimination and precision."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from sciml.core.axes import FloatArray, IntArray
from sciml.core.errors import BadInput
from sciml.weather.scores.checks import both_outcomes, complete, outcomes, probabilities


def squared_probability_errors(probability: ArrayLike, event: ArrayLike) -> FloatArray:
    """The Brier score of each case, (p - o)², for bootstraps and differences.

    Args:
        probability: Shape (case,).
        event: Whether it came. Shape (case,).

    Returns:
        Shape (case,).

    Raises:
        BadInput: if a value is missing, not a probability, or not an outcome.
    """
    came = outcomes(event)
    return (probabilities(probability, case=len(came)) - came) ** 2


def brier_score(probability: ArrayLike, event: ArrayLike) -> float:
    """Mean squared error of probabilities: 0 is perfect, 1 is always wrong.

    Args:
        probability: Shape (case,).
        event: Whether it came. Shape (case,).

    Returns:
        Mean of (p - o)².

    Raises:
        BadInput: if a value is missing, not a probability, or not an outcome.

    Source:
        Brier, Mon. Weather Rev. 78 (1950) 1-3 (half of his sum over both categories).
    """
    return float(squared_probability_errors(probability, event).mean())


def brier_skill(probability: ArrayLike, event: ArrayLike, reference: ArrayLike) -> float:
    """The share of a reference's Brier score that a forecast takes away.

    Args:
        probability: Shape (case,).
        event: Whether it came. Shape (case,).
        reference: Probabilities to compare with: one for all cases, such as the frequency in
            training years, or one for each. The frequency of the judged sample itself knows more
            than any forecast could; give it only to compare with papers that did.

    Returns:
        1 - BS / BS of the reference.

    Raises:
        BadInput: if a value is missing, not a probability or not an outcome, or the reference is
            perfect.
    """
    came = outcomes(event)
    known = complete(reference, "...", "reference")
    if known.ndim == 0:
        known = np.full(len(came), float(known))
    worst = brier_score(probabilities(known, "reference", case=len(came)), came)
    if worst == 0:
        raise BadInput("reference: is perfect, so no forecast can have skill over it")
    return 1 - brier_score(probability, event) / worst


class BrierParts(NamedTuple):
    """A Brier score in parts that add up exactly.

    BS = reliability - resolution + uncertainty + within_bin_variance - within_bin_covariance.
    The last two are zero if all probabilities of a bin are equal: the variance is that of the
    probabilities inside their bin, the covariance is twice that of probabilities and outcomes
    there, the discrimination that the bins hide.
    """

    reliability: float  # Σ n (p̄ - ō)² / N over bins; 0 is best
    resolution: float  # Σ n (ō - o̅)² / N; large is best
    uncertainty: float  # o̅ (1 - o̅), the score of the sample's frequency
    within_bin_variance: float
    within_bin_covariance: float

    @property
    def score(self) -> float:
        """The Brier score."""
        within = self.within_bin_variance - self.within_bin_covariance
        return self.reliability - self.resolution + self.uncertainty + within


def brier_parts(probability: ArrayLike, event: ArrayLike, bins: int | None = None) -> BrierParts:
    """How much of a Brier score is dishonesty, how much is knowledge, how much is the weather.

    Args:
        probability: Shape (case,).
        event: Whether it came. Shape (case,).
        bins: Number of bins of equal width on [0, 1]; by default each distinct probability is its
            own, which only forecasts with few of them (members that are counted) can afford.

    Returns:
        The parts.

    Raises:
        BadInput: if a value is missing, not a probability or not an outcome, or bins is below 1.

    Source:
        Murphy, J. Appl. Meteorol. 12 (1973) 595-600; within bins: Stephenson, Coelho & Jolliffe,
        Weather Forecast. 23 (2008) 752-757.
    """
    came = outcomes(event).astype(np.float64)
    said = probabilities(probability, case=len(came))
    where = bins_of(said, bins)
    count = np.bincount(where)
    mean_said, mean_came = (np.bincount(where, one) / count for one in (said, came))
    base = came.mean()
    inside_said, inside_came = said - mean_said[where], came - mean_came[where]
    return BrierParts(
        reliability=float(np.average((mean_said - mean_came) ** 2, weights=count)),
        resolution=float(np.average((mean_came - base) ** 2, weights=count)),
        uncertainty=float(base * (1 - base)),
        within_bin_variance=float(np.mean(inside_said**2)),
        within_bin_covariance=float(2 * np.mean(inside_said * inside_came)),
    )


def bins_of(probability: FloatArray, bins: int | None) -> IntArray:
    """The bin of each probability, numbered without empty ones.

    Args:
        probability: Between 0 and 1. Shape (case,).
        bins: Number of bins of equal width, closed to the left, the last to the right too;
            None for one bin for each distinct value.

    Returns:
        Numbers 0, 1, ... in the order of the probabilities. Shape (case,).

    Raises:
        BadInput: if bins is below 1.
    """
    if bins is None:
        return np.unique(probability, return_inverse=True)[1].astype(np.int64)
    if bins < 1:
        raise BadInput(f"bins: expected 1 or more, got {bins}")
    # The edges themselves are compared, not p x bins: 0.3 belongs to [0.3, 0.4).
    edges = np.arange(1, bins) / bins
    numbers = np.searchsorted(edges, probability, side="right")
    return np.unique(numbers, return_inverse=True)[1].astype(np.int64)


class OperatingCharacteristic(NamedTuple):
    """Hit rate against false alarm rate over all thresholds, from never to always warning."""

    threshold: FloatArray  # warn if p ≥ threshold; descending from infinity. Shape (point,)
    false_alarm_rate: FloatArray
    hit_rate: FloatArray


def operating_characteristic(probability: ArrayLike, event: ArrayLike) -> OperatingCharacteristic:
    """How many events are caught at the price of how many false alarms (ROC).

    Args:
        probability: Probabilities, or any numbers that rise with the danger. Shape (case,).
        event: Whether it came. Shape (case,).

    Returns:
        The curve, a point for each distinct probability and one for never warning.

    Raises:
        BadInput: if a value is missing, or the event always or never came.
    """
    hits, alarms, cutoff = _warned(probability, event)
    quiet = alarms - hits
    return OperatingCharacteristic(
        threshold=np.concatenate([[np.inf], cutoff]),
        false_alarm_rate=np.concatenate([[0.0], quiet / quiet[-1]]),
        hit_rate=np.concatenate([[0.0], hits / hits[-1]]),
    )


def area_under_curve(probability: ArrayLike, event: ArrayLike) -> float:
    """The chance that an event had a higher probability than a non-event (AUROC).

    It is the area under :func:`operating_characteristic`, computed as the Mann-Whitney statistic;
    a tie counts a half.

    Args:
        probability: Probabilities, or any numbers that rise with the danger. Shape (case,).
        event: Whether it came. Shape (case,).

    Returns:
        1 is perfect, ½ is chance.

    Raises:
        BadInput: if a value is missing, or the event always or never came.

    Source:
        Hanley & McNeil, Radiology 143 (1982) 29-36.
    """
    hits, alarms, _ = _warned(probability, event)
    new_hits, quiet = np.diff(hits, prepend=0), alarms - hits
    new_quiet = np.diff(quiet, prepend=0)
    # Events outrank the quiet cases that are not warned of yet, and tie with those of their value.
    won = np.sum(new_hits * (quiet[-1] - quiet)) + 0.5 * np.sum(new_hits * new_quiet)
    return float(won / (hits[-1] * quiet[-1]))


def average_precision(probability: ArrayLike, event: ArrayLike) -> float:
    """Mean share of right warnings, over the thresholds that catch one event more each (AUPRC).

    Σ (Rₙ - Rₙ₋₁) Pₙ over distinct thresholds from above, with the precision P = hits / warnings
    and the recall R = hits / events; no line is drawn between the points, which would flatter.

    Args:
        probability: Probabilities, or any numbers that rise with the danger. Shape (case,).
        event: Whether it came. Shape (case,).

    Returns:
        1 is perfect; a random order scores about the base rate.

    Raises:
        BadInput: if a value is missing, or the event always or never came.

    Source:
        Davis & Goadrich, Proc. 23rd ICML (2006) 233-240, on why not to interpolate.
    """
    hits, alarms, _ = _warned(probability, event)
    return float(np.sum(np.diff(hits, prepend=0) * hits / alarms) / hits[-1])


def _warned(probability: ArrayLike, event: ArrayLike) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Hits and warnings at each distinct threshold, descending, and the thresholds."""
    came = outcomes(event)
    said = complete(probability, "case", "probability", case=len(came))
    both_outcomes(came, "the curve")
    order = np.argsort(-said, kind="stable")
    ordered = said[order]
    last = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)  # of each distinct value
    hits = np.cumsum(came[order])[last]
    return hits.astype(np.float64), (last + 1).astype(np.float64), ordered[last]
