"""How good calibrated forecasts are: scores of the mixture, its experts and the raw members."""

from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sciml.core.axes import BoolArray, FloatArray
from sciml.core.errors import BadInput
from sciml.weather.post_processing.table import StationTable
from sciml.weather.post_processing.walk import Walked
from sciml.weather.scores.bootstrap import Draws, bootstrap_mean, bootstrap_skill
from sciml.weather.scores.ensemble import crps_of_members, outside_range, spread_and_skill
from sciml.weather.scores.probability import squared_probability_errors
from sciml.weather.scores.reliability import reliability_line
from sciml.weather.values import exceedance, levels

DatetimeArray = NDArray[np.datetime64]

RANGE_MEMBERS = 8  # drawn from the mixture to see how often observations lie outside of them
_BINS = 10  # of the reliability diagram


class Judged(NamedTuple):
    """Scores of the judged part."""

    numbers: dict[str, float]  # for the record
    by_date: xr.Dataset  # scores of each forecaster and weights of experts, date by date
    reliability: xr.Dataset  # forecast and observed frequencies of the extremes


def judged(walked: Walked, extremes: tuple[float, ...], seed: int) -> Judged:
    """Score the test part of a walk.

    Args:
        walked: Forecasts.
        extremes: Quantiles of the observations before the test, whose exceedance is judged.
        seed: Of the bootstrap.

    Returns:
        The scores; those without events are left out of the numbers.

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
    draws = Draws(seed)
    numbers |= _intervals(scores, table.time, draws)
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
            numbers |= _extreme_numbers(forecasts, event, (share, threshold), (table.time, draws))
            panels.append(_reliability(forecasts, event, threshold, share))
    reliability = xr.concat(panels, "quantile") if panels else xr.Dataset()
    return Judged(numbers, _by_date(walked, where, scores), reliability)


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
    scores: dict[str, FloatArray], dates: DatetimeArray, draws: Draws
) -> dict[str, float]:
    """Intervals of the mixture's score and of its skill over the raw members, by dates."""
    mean = bootstrap_mean(scores["mixture"], dates, draws)
    skill = bootstrap_skill(scores["mixture"], scores["raw_members"], dates, draws)
    return {
        "skill_over_raw": skill.estimate,
        "skill_over_raw_low": skill.low,
        "skill_over_raw_high": skill.high,
        "crps_mixture_low": mean.low,
        "crps_mixture_high": mean.high,
    }


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
    found["spread_over_skill_mixture"] = float(np.sqrt(variance / error))
    several = (~np.isnan(table.forecast)).sum(axis=1) > 1
    if several.any():
        raw = spread_and_skill(table.forecast[several], table.observation[several])
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
    dates: tuple[DatetimeArray, Draws],
) -> dict[str, float]:
    """Brier score, its skill over the base rate, and the slope of reliability over all cases."""
    share, threshold = extreme
    label = f"p{100 * share:g}"
    base = squared_probability_errors(np.full(len(event), 1 - share), event)
    found = {f"threshold_{label}": threshold, f"events_{label}": float(event.sum())}
    for name, forecast in forecasts.items():
        probability = _probability(forecast, name, threshold)
        brier = squared_probability_errors(probability, event)
        skill = bootstrap_skill(brier, base, *dates)
        found[f"brier_{label}_{name}"] = float(brier.mean())
        found[f"brier_skill_{label}_{name}"] = skill.estimate
        found[f"brier_skill_{label}_{name}_low"] = skill.low
        found[f"brier_skill_{label}_{name}_high"] = skill.high
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
