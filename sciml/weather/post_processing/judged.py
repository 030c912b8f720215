"""How good calibrated forecasts are: scores of the mixture, its experts and the raw members."""

from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sciml.core.axes import BoolArray, FloatArray
from sciml.core.errors import BadInput
from sciml.weather.post_processing.table import StationTable
from sciml.weather.post_processing.walk import Walked
from sciml.weather.scores.bootstrap import Draws, blocks_by, bootstrap_mean, bootstrap_skill
from sciml.weather.scores.ensemble import crps_of_members, outside_range, spread_and_skill
from sciml.weather.scores.probability import squared_probability_errors
from sciml.weather.scores.reliability import reliability_line
from sciml.weather.values import exceedance, levels

DatetimeArray = NDArray[np.datetime64]

RANGE_MEMBERS = 8  # drawn from the mixture to see how often observations lie outside of them
_BINS = 10  # of the reliability diagram
_EXACT = 1e-12  # of the largest amount; smaller errors are those of rounding


class Judged(NamedTuple):
    """Scores of the judged part."""

    numbers: dict[str, float]  # for the record
    by_date: xr.Dataset  # scores of each forecaster and weights of experts, date by date
    reliability: xr.Dataset  # forecast and observed frequencies of the extremes
    left_out: tuple[str, ...]  # what has no value here, and why: sentences


def judged(walked: Walked, extremes: tuple[float, ...], seed: int) -> Judged:
    """Score the test part of a walk.

    Args:
        walked: Forecasts.
        extremes: Quantiles of the observations before the test, whose exceedance is judged.
        seed: Of the bootstrap.

    Returns:
        The scores; those without events are left out of the numbers, as are intervals if the test
        has one day, and ratios over an error of 0.

    Raises:
        BadInput: if no observation of the test is known.
    """
    where = walked.test & walked.table.known
    if not where.any():
        raise BadInput("walk.test: no observation is known from there on; nothing can be judged")
    table, values = walked.table.take(where), walked.values[where]
    scores = _scores(walked, where)
    numbers = {f"crps_{name}": float(score.mean()) for name, score in scores.items()}
    numbers["cases"] = float(len(values))
    days = (blocks_by(table.time, "day"), Draws(seed))  # the hours of a day go together
    numbers |= _intervals(scores, days)
    numbers |= _calibration(table, values)
    thresholds = {
        share: float(
            np.quantile(walked.table.observation[~walked.test & walked.table.known], share)
        )
        for share in extremes
        if (~walked.test & walked.table.known).any()
    }
    panels: list[xr.Dataset] = []
    for share, threshold in thresholds.items():
        event = table.observation > threshold
        if event.any() and not event.all():
            forecasts = {"mixture": values, "raw_members": table.forecast}
            numbers |= _extreme_numbers(forecasts, event, (share, threshold), days)
            panels.append(_reliability(forecasts, event, threshold, share))
    reliability = xr.concat(panels, "quantile") if panels else xr.Dataset()
    return Judged(numbers, _by_date(walked, where, scores), reliability, _left_out(numbers, table))


def _left_out(numbers: dict[str, float], table: StationTable) -> tuple[str, ...]:
    """Why numbers that every record might have are not there."""
    found: list[str] = []
    if "crps_mixture_low" not in numbers:
        day = table.time[0].astype("datetime64[D]")
        found.append(
            f"no intervals: the test has one day, {day}; they need several: begin walk.test earlier"
        )
    if "skill_over_raw" not in numbers:
        found.append("no skill over the raw members: they are without error in the whole test")
    if "spread_over_skill_mixture" not in numbers:
        found.append("no spread over skill of the mixture: its mean is without error in the test")
    return tuple(found)


def _scores(walked: Walked, where: BoolArray) -> dict[str, FloatArray]:
    """CRPS of each case: mixture, raw members, experts."""
    observation = walked.table.observation[where]
    found = {
        "mixture": crps_of_members(walked.values[where], observation),
        "raw_members": crps_of_members(walked.table.forecast[where], observation),
    }
    for number, name in enumerate(walked.names):
        found[name] = crps_of_members(walked.experts[where, number], observation)
    return found


def mean_crps(walked: Walked) -> float:
    """The mixture's mean score over the judged cases.

    Args:
        walked: Forecasts.

    Returns:
        CRPS in the unit of the observations.
    """
    where = walked.test & walked.table.known
    return float(crps_of_members(walked.values[where], walked.table.observation[where]).mean())


def _intervals(
    scores: dict[str, FloatArray], days: tuple[DatetimeArray, Draws]
) -> dict[str, float]:
    """Skill of the mixture over the raw members, and intervals of it and of the score."""
    found = _skill("skill_over_raw", scores["mixture"], scores["raw_members"], days)
    if len(np.unique(days[0])) > 1:
        mean = bootstrap_mean(scores["mixture"], *days)
        found |= {"crps_mixture_low": mean.low, "crps_mixture_high": mean.high}
    return found


def _skill(
    name: str, score: FloatArray, reference: FloatArray, days: tuple[DatetimeArray, Draws]
) -> dict[str, float]:
    """A skill and its interval: without the latter on one day, none over a perfect reference."""
    if not reference.any():
        return {}
    if len(np.unique(days[0])) < 2:
        return {name: float(1 - score.sum() / reference.sum())}
    skill = bootstrap_skill(score, reference, *days)
    return {name: skill.estimate, f"{name}_low": skill.low, f"{name}_high": skill.high}


def _calibration(table: StationTable, values: FloatArray) -> dict[str, float]:
    """Spread over skill, and how often observations lie outside of a few members' range.

    The variance of the mixture is that of its quantiles, the law itself; that of the raw members,
    a sample, has the correction of :func:`spread_and_skill`.
    """
    count = RANGE_MEMBERS
    wanted = np.arange(1, count + 1) / (count + 1)
    drawn = np.stack([np.interp(wanted, levels(), row) for row in values])
    found = {"mae_mixture": float(np.abs(np.median(values, axis=1) - table.observation).mean())}
    for name, forecast in (("mixture", drawn), ("raw_members", table.forecast)):
        outside = outside_range(forecast, table.observation)
        found[f"outside_{name}"] = outside.share
        found[f"outside_{name}_expected"] = outside.expected
    variance = float(values.var(axis=1).mean())
    error = float(np.mean((values.mean(axis=1) - table.observation) ** 2))
    least = _EXACT * max(float(np.abs(table.observation).max()), float(np.sqrt(variance)))
    if np.sqrt(error) > least:
        found["spread_over_skill_mixture"] = float(np.sqrt(variance / error))
    several = (~np.isnan(table.forecast)).sum(axis=1) > 1
    if several.any():
        raw = spread_and_skill(table.forecast[several], table.observation[several])
        if raw.error > least:
            found["spread_over_skill_raw_members"] = raw.ratio
    return found


def _probability(forecast: FloatArray, name: str, threshold: float) -> FloatArray:
    """P(X > threshold) by a forecast; of raw members, the share of those above."""
    if name == "mixture":
        return exceedance(forecast, threshold)
    there = ~np.isnan(forecast)
    return (np.where(there, forecast, -np.inf) > threshold).sum(axis=1) / there.sum(axis=1)


def _extreme_numbers(
    forecasts: dict[str, FloatArray],
    event: BoolArray,
    extreme: tuple[float, float],
    days: tuple[DatetimeArray, Draws],
) -> dict[str, float]:
    """Brier score, its skill over the base rate, and the slope of reliability over all cases."""
    share, threshold = extreme
    label = f"p{100 * share:g}"
    base = squared_probability_errors(np.full(len(event), 1 - share), event)
    found = {f"threshold_{label}": threshold, f"events_{label}": float(event.sum())}
    for name, forecast in forecasts.items():
        probability = _probability(forecast, name, threshold)
        brier = squared_probability_errors(probability, event)
        found[f"brier_{label}_{name}"] = float(brier.mean())
        found |= _skill(f"brier_skill_{label}_{name}", brier, base, days)
        if np.ptp(probability) > 0:
            slope = reliability_line(probability, event).slope
            found[f"reliability_slope_{label}_{name}"] = slope
    return found


def _reliability(
    forecasts: dict[str, FloatArray], event: BoolArray, threshold: float, share: float
) -> xr.Dataset:
    """How often what was given a probability came, in bins of the probability."""
    shape = (len(forecasts), _BINS)
    said, came, cases = np.full(shape, np.nan), np.full(shape, np.nan), np.zeros(shape)
    for row, (name, forecast) in enumerate(forecasts.items()):
        probability = _probability(forecast, name, threshold)
        place = np.minimum((probability * _BINS).astype(int), _BINS - 1)
        cases[row] = np.bincount(place, minlength=_BINS)
        some = cases[row] > 0
        said[row, some] = np.bincount(place, probability, _BINS)[some] / cases[row, some]
        came[row, some] = np.bincount(place, event, _BINS)[some] / cases[row, some]
    return xr.Dataset(
        {
            "said": (("forecaster", "bin"), said, {"long_name": "forecast probability"}),
            "came": (("forecaster", "bin"), came, {"long_name": "observed frequency"}),
            "cases": (("forecaster", "bin"), cases, {"long_name": "forecasts in the bin"}),
            "threshold": ((), threshold),
        },
        {"forecaster": list(forecasts), "quantile": share},
    )


def _by_date(walked: Walked, where: BoolArray, scores: dict[str, FloatArray]) -> xr.Dataset:
    """Mean scores and weights of each date."""
    dates, which = np.unique(walked.table.time[where], return_inverse=True)
    cases = np.bincount(which)
    means = [np.bincount(which, score) / cases for score in scores.values()]
    weights = walked.weights[where]
    shares = [np.bincount(which, weights[:, n]) / cases for n in range(len(walked.names))]
    return xr.Dataset(
        {
            "crps": (("forecaster", "time"), np.stack(means)),
            "weight": (("expert", "time"), np.stack(shares), {"units": "1"}),
            "cases": ("time", cases),
        },
        {"forecaster": list(scores), "expert": list(walked.names), "time": dates},
    )
