"""A mixture of experts: weights by lead, from seasons that the experts had not seen.

What is forecast is a displacement (two numbers for a case and lead) or a change of the wind (one).
"""

# Not strict: xarray types what it holds as unknown.
# pyright: standard
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr
from scipy.optimize import minimize

from sciml.core.axes import BoolArray, FloatArray, IntArray
from sciml.core.errors import BadInput
from sciml.weather.cyclones.cases import together
from sciml.weather.cyclones.expert import Makers

Folds = Sequence[Sequence[int]]  # seasons of each


class Judged(NamedTuple):
    """Forecasts by experts that had not seen the season."""

    experts: tuple[str, ...]
    forecasts: FloatArray  # (expert, case, lead, ...); NaN where no fold held the season out


def season_folds(seasons: IntArray, number: int) -> tuple[tuple[int, ...], ...]:
    """Seasons dealt out to folds in turn, so that no storm and no season is in two of them.

    Args:
        seasons: Of the cases.
        number: Of folds.

    Returns:
        The seasons of each fold.

    Raises:
        BadInput: if there are fewer seasons than folds, or fewer than two folds.
    """
    found = sorted(set(seasons.tolist()))
    if not 2 <= number <= len(found):
        raise BadInput(
            f"folds: {number} of {len(found)} seasons; take 2 at least and {len(found)} at most"
        )
    return tuple(tuple(found[start::number]) for start in range(number))


def held_out(
    makers: Makers,
    cases: xr.Dataset,
    others: xr.Dataset | None,
    leads: Sequence[int],
    folds: Folds,
    last: int,
    seed: int,
) -> Judged:
    """Forecasts for each fold by experts that learnt from the other seasons.

    Args:
        makers: Experts by name.
        cases: To forecast and to learn from.
        others: Further cases to learn from, such as best tracks; may be of the same seasons.
            None: there are none.
        leads: Hours ahead.
        folds: Seasons that are held out together. Those after ``last`` are forecast too, but
            never learnt from.
        last: Last season to learn from.
        seed: Of the experts.

    Returns:
        Forecasts of every case whose season is in a fold.
    """
    seasons, size = cases["season"].values, cases.sizes["case"]
    forecasts: list[FloatArray] = []
    for fold in folds:
        aside = np.isin(seasons, fold)
        parts = [part for part in (cases, others) if part is not None]
        learnt = together(*(without(part, fold, last) for part in parts))
        asked = cases.isel(case=np.flatnonzero(aside))
        for number, make in enumerate(makers.values()):
            expert = make()
            expert.fit(learnt, leads, seed)
            answer = expert.predict(asked)
            if number == len(forecasts):
                forecasts.append(np.full((size, *answer.shape[1:]), np.nan))
            forecasts[number][aside] = answer
    return Judged(tuple(makers), np.stack(forecasts))


def without(cases: xr.Dataset, seasons: Sequence[int], last: int) -> xr.Dataset:
    """The cases of all seasons up to ``last`` but some."""
    kept = (cases["season"].values <= last) & ~np.isin(cases["season"].values, seasons)
    return cases.isel(case=np.flatnonzero(kept))


def mixture_weights(
    judged: Judged, observed: FloatArray, leads: Sequence[int], counted: Sequence[BoolArray]
) -> xr.DataArray:
    """Weights that make the mean distance between mixture and truth smallest at each lead.

    Args:
        judged: From :func:`held_out`.
        observed: What came, shape (case, lead) or (case, lead, 2); NaN where not known.
        leads: Hours ahead.
        counted: For each lead, which cases count, shape (case,).

    Returns:
        Dims (lead, expert), not negative, of sum 1 at each lead.

    Raises:
        BadInput: if no case counts at a lead.
    """
    count, size = judged.forecasts.shape[:2]
    apart = (judged.forecasts - observed).reshape(count, size, len(leads), -1)
    weights = np.empty((len(leads), len(judged.experts)))
    for index, lead in enumerate(leads):
        departures = apart[:, :, index]  # (expert, case, 1 or 2)
        usable = counted[index] & np.isfinite(departures).all(axis=(0, 2))
        if not usable.any():
            raise BadInput(f"mixture: no case counts at {lead} h; check folds and leads")
        weights[index] = _least_distance(departures[:, usable])
    coordinates = {"lead": list(leads), "expert": list(judged.experts)}
    return xr.DataArray(weights, coordinates, ("lead", "expert"), name="weight")


def mixed(forecasts: FloatArray, weights: xr.DataArray) -> FloatArray:
    """The mixture's forecasts.

    Args:
        forecasts: Of the experts, shape (expert, case, lead, ...).
        weights: Dims (lead, expert).

    Returns:
        Shape (case, lead, ...).
    """
    return np.einsum("ecl...,le->cl...", forecasts, weights.values)


def disagreement(forecasts: FloatArray, weights: xr.DataArray) -> FloatArray:
    """How far the experts are from their mixture.

    Args:
        forecasts: Of the experts, shape (expert, case, lead, ...).
        weights: Dims (lead, expert).

    Returns:
        Root of the weighted mean square distance, shape (case, lead).
    """
    apart = (forecasts - mixed(forecasts, weights)).reshape(*forecasts.shape[:3], -1)
    return np.sqrt(np.einsum("ecl,le->cl", (apart**2).sum(axis=-1), weights.values))


def _least_distance(departures: FloatArray) -> FloatArray:
    """Weights on the simplex with the least mean |Σ w d|; departures (expert, case, part)."""
    number = len(departures)

    def cost(weights: FloatArray) -> tuple[float, FloatArray]:
        error = np.einsum("e,ecd->cd", weights, departures)
        distance = np.sqrt((error**2).sum(axis=1) + 1e-6)
        slope = np.einsum("ecd,cd->e", departures, error / distance[:, None])
        return float(distance.mean()), slope / departures.shape[1]

    found = minimize(
        cost,
        np.full(number, 1 / number),
        jac=True,
        method="SLSQP",
        bounds=[(0, 1)] * number,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1, "jac": np.ones_like},
        options={"ftol": 1e-8, "maxiter": 200},
    )
    weights = np.clip(found.x, 0, 1)
    return weights / weights.sum()
