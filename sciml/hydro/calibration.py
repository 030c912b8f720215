"""Calibrated quantiles for any forecaster: the errors of late set the width, and it is corrected.

A forecast error over its recent root mean square is nearly free of scale. Its quantiles start from
those over the training runs and then follow the run: quantile q of level τ moves by

    q ← q + step (τ - [error ≤ quantile as issued]),

so that in the long run a share τ of the errors lies below it, whatever the law of the errors and
however it drifts. An error counts once it can be known; missing samples count for nothing.

Source:
    Online conformal prediction: Gibbs & Candès, NeurIPS (2021); the same rule as stochastic
    gradient descent on the pinball loss. Continuous ranked probability score as an integral of
    pinball losses: Gneiting & Raftery, J. Am. Stat. Assoc. 102 (2007).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numba
import numpy as np
import xarray as xr
from pydantic import PositiveFloat

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.core.settings import Settings
from sciml.hydro.cases import Cases
from sciml.hydro.forecast import Forecaster, Plan, check_leads, judged, told, with_gaps

LEVELS = tuple(level / 20 for level in range(1, 20))  # 0.05 to 0.95
_LEAST_SCALE = 1e-3  # of the training runs' root-mean-square error


class CalibrationSettings(Settings):
    """How fast width and quantiles follow."""

    memory: PositiveFloat = 25.0  # samples over which squared errors are forgotten
    # Of the quantiles, over the recent root-mean-square error. An error is known a lead late, so
    # that a quantile can overshoot by step x lead: from 0.05 on it runs away at 50 samples.
    step: PositiveFloat = 0.02


class Calibrated:
    """A forecaster whose answer also has ``quantile`` (time, lead, target, level)."""

    def __init__(self, forecaster: Forecaster, settings: CalibrationSettings | None = None) -> None:
        """Choose what to calibrate; it need not be fitted yet.

        Args:
            forecaster: Any.
            settings: How fast to follow.
        """
        self._forecaster, self._settings = forecaster, settings or CalibrationSettings()
        self._begin: dict[int, _Beginning] = {}
        self.name = f"{forecaster.name}, calibrated"

    def fit(self, train: Cases) -> dict[str, float]:
        """Fit the forecaster; :meth:`start` then learns the quantiles at some leads."""
        return self._forecaster.fit(train)

    def start(
        self, train: Cases, leads: Sequence[int], planned: Sequence[str] = ()
    ) -> "Calibrated":
        """Learn where scale and quantiles start, from the errors of the training runs.

        Args:
            train: Runs; the forecaster may have been fitted on them.
            leads: Samples ahead, all that will be asked for.
            planned: Channels whose future the forecaster is told.

        Returns:
            This forecaster, ready.

        Raises:
            BadInput: if no forecast is due in the judged part of any run, or one is without error.
        """
        self._targets, self._channels = train.target_indices, train.channels
        errors: dict[int, list[FloatArray]] = {lead: [] for lead in leads}
        for case in train.cases.values():
            forecast = told(self._forecaster, case, train, leads, planned)["forecast"]
            for number, lead in enumerate(leads):
                expected, truth = judged(forecast[:, number], case, self._targets, lead)
                measured = np.isfinite(truth).all(axis=1)
                errors[lead].append((truth - expected)[measured])
        self._begin = {lead: _beginning(pooled, lead) for lead, pooled in errors.items()}
        return self

    def predict(
        self, inputs: FloatArray, leads: Sequence[int], planned: Plan | None = None
    ) -> xr.Dataset:
        """Forecast one run with quantiles; see :class:`sciml.hydro.forecast.Forecaster`.

        Raises:
            BadInput: if a lead was not started, or a value is infinite.
        """
        check_leads(leads)
        unknown = sorted(set(leads) - set(self._begin))
        if unknown:
            raise BadInput(f"{self.name}: no quantiles for leads {unknown}; call start with them")
        inputs = with_gaps(inputs, f"{self.name}: inputs", self._channels)
        answer = self._forecaster.predict(inputs, leads, planned)
        forecast, first = answer["forecast"], int(answer["time"][0])
        truth = np.ascontiguousarray(inputs[first:, self._targets])
        quantiles = np.empty((*forecast.shape, len(LEVELS)))
        memory = 1.0 - 1.0 / max(1.0, self._settings.memory)
        for number, lead in enumerate(leads):
            gaps = np.full(truth.shape, np.nan)  # known at (time), of the forecast lead before
            gaps[lead:] = truth[lead:] - forecast.values[: max(0, len(truth) - lead), number]
            begin = self._begin[lead]
            widths = _followed(gaps, lead, begin, np.array(LEVELS), memory, self._settings.step)
            quantiles[:, number] = forecast.values[:, number, :, None] + widths
        dims = ("time", "lead", "target", "level")
        return answer.assign(quantile=(dims, quantiles)).assign_coords(level=list(LEVELS))


class _Beginning(NamedTuple):
    """Where the run begins."""

    scale: FloatArray  # root-mean-square error, (target,)
    quantiles: FloatArray  # of errors over their scale, (target, level)


def _beginning(errors: Sequence[FloatArray], lead: int) -> _Beginning:
    """Scale and quantiles of the errors of the training runs, each run in its own scale."""
    errors = [one for one in errors if len(one)]
    if not errors:
        raise BadInput(f"calibration: no forecast at lead {lead} is due in any training run")
    scales = [np.sqrt(np.mean(one**2, axis=0)) for one in errors]
    if not np.all(np.array(scales) > 0):
        raise BadInput(f"calibration: a target is forecast at lead {lead} without any error")
    ratios = np.concatenate([one / scale for one, scale in zip(errors, scales, strict=True)])
    return _Beginning(np.mean(scales, axis=0), np.quantile(ratios, LEVELS, axis=0).T)


@numba.njit(cache=True)
def _followed(
    gaps: FloatArray,
    lead: int,
    begin: _Beginning,
    levels: FloatArray,
    memory: float,
    step: float,
) -> FloatArray:
    """Quantiles of the error of the forecast issued at each time, (time, target, level)."""
    times, targets = gaps.shape
    issued = np.empty((times, targets, len(levels)))
    for c in range(targets):
        power, least = begin.scale[c] ** 2, (_LEAST_SCALE * begin.scale[c]) ** 2
        q = begin.quantiles[c].copy()
        for t in range(times):
            gap = gaps[t, c]
            if not np.isnan(gap):
                for n in range(len(levels)):
                    below = 1.0 if gap <= issued[t - lead, c, n] else 0.0
                    q[n] += step * (levels[n] - below)
                power = memory * power + (1.0 - memory) * gap**2
                # Quantiles that crossed on their ways change places for good: were they put in
                # order only as issued, each would be moved by the misses of another and run away.
                q.sort()
            issued[t, c] = q * np.sqrt(max(power, least))
    return issued


def interval_scores(
    forecaster: Forecaster,
    cases: Cases,
    leads: Sequence[int],
    planned: Sequence[str] = (),
    share: float = 0.9,
) -> xr.Dataset:
    """How honest and how sharp the quantiles of a forecaster are.

    Args:
        forecaster: Fitted; its answer has ``quantile``.
        cases: Runs to judge on; a truth that is missing (NaN) does not count.
        leads: Samples ahead.
        planned: Channels whose future the forecaster is told.
        share: Probability of the central interval; both of its ends must be levels.

    Returns:
        By lead: ``coverage``, the share of the truths inside the interval; ``width``, the mean
        width of the interval, and ``crps``, the continuous ranked probability score as twice the
        integral of the pinball loss over the levels, both over the standard deviation of the
        target; all averaged over targets.

    Raises:
        BadInput: if an end of the interval is no level, or no forecast is due in any run.
    """
    ends = [_level((1 - share) / 2), _level((1 + share) / 2)]
    sums = np.zeros((5, len(leads), len(cases.targets)))
    for case in cases.cases.values():
        quantiles = told(forecaster, case, cases, leads, planned)["quantile"]
        for number, lead in enumerate(leads):
            issued, truth = judged(quantiles[:, number], case, cases.target_indices, lead)
            sums[:, number] += _sums(issued, truth, ends)
    due = sums[0]
    if due.min() == 0:
        raise BadInput(f"{forecaster.name}: no forecast is due in the judged part of the runs")
    coverage, width, crps, variance = sums[1:] / due
    deviation = np.sqrt(variance)
    scores = {"coverage": coverage, "width": width / deviation, "crps": crps / deviation}
    data = {name: ("lead", values.mean(axis=1)) for name, values in scores.items()}
    return xr.Dataset(data, coords={"lead": list(leads)})


def _sums(issued: FloatArray, truth: FloatArray, ends: Sequence[int]) -> FloatArray:
    """Over the truths of a run: count, inside, width, CRPS, squared deviation; (5, target)."""
    low, high = (issued[..., end] for end in ends)
    known = np.isfinite(truth)
    mean = np.sum(truth, axis=0, where=known) / np.maximum(known.sum(axis=0), 1)
    # The trapezoidal rule: the pinball loss vanishes at the levels 0 and 1.
    crps = 2.0 * _pinball(truth[..., None] - issued).sum(axis=-1) / (len(LEVELS) + 1)
    inside = (truth >= low) & (truth <= high)
    each = np.stack([known, inside, high - low, crps, (truth - mean) ** 2])
    return np.sum(each, axis=1, where=known)


def _pinball(gaps: FloatArray) -> FloatArray:
    """Loss of each quantile, for truth minus quantile; the last axis is the level."""
    levels = np.array(LEVELS)
    return np.maximum(levels * gaps, (levels - 1.0) * gaps)


def _level(wanted: float) -> int:
    """The number of a level."""
    distances = np.abs(np.array(LEVELS) - wanted)
    if distances.min() > 1e-9:
        raise BadInput(f"share: no quantile of level {wanted:g}; levels are multiples of 0.05")
    return int(distances.argmin())
