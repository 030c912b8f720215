"""Rapid intensification: how likely the wind rises by 30 kt or more within a day.

A stack weighs the log-odds of experts so that the fates of seasons that they had not seen are most
likely. Its scale and offset are Platt's calibration, so that probabilities can be taken at their
word.
"""

# Not strict: xarray types what it holds as unknown.
# pyright: standard
from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np
import xarray as xr
from scipy.optimize import minimize
from scipy.special import expit, log_expit

from sciml.core.axes import BoolArray, FloatArray, axes
from sciml.core.errors import BadInput
from sciml.weather.cyclones.cases import RAPID, together, wind_change
from sciml.weather.cyclones.mixture import Folds, without
from sciml.weather.cyclones.rapid_experts import RapidExpert, RapidMakers

LEAD = 24  # h
_BINS = 20  # of the published calibration error


class Fates(NamedTuple):
    """Which cases' winds are known both now and a day later, and which rise rapidly."""

    known: BoolArray  # (case,)
    rapid: BoolArray  # (case,)


class Stack(NamedTuple):
    """Weights of the experts' log-odds, and an offset."""

    experts: tuple[str, ...]
    weights: FloatArray  # (expert,), not negative
    offset: float

    @classmethod
    def fit(
        cls, experts: Sequence[str], log_odds: FloatArray, rapid: BoolArray, together: float
    ) -> Self:
        """The weights and the offset that make what came most likely.

        Args:
            experts: Names.
            log_odds: Shape (expert, case).
            rapid: What came, shape (case,).
            together: Mean logarithmic score that a difference of one between weights costs. Few
                cases are rapid, so that differences between weights are mostly chance.

        Returns:
            The stack.

        Raises:
            BadInput: if all cases had the same fate.
        """
        axes(log_odds, "expert case", "log_odds", expert=len(experts), case=len(rapid))
        if rapid.all() or not rapid.any():
            raise BadInput(f"stack: {int(rapid.sum())} of {len(rapid)} cases are rapid; take more")
        sign = np.where(rapid, 1.0, -1.0)

        def cost(parameters: FloatArray) -> tuple[float, FloatArray]:
            weights, offset = parameters[:-1], parameters[-1]
            margin = sign * (weights @ log_odds + offset)
            slope = -sign * expit(-margin)
            apart = weights - weights.mean()
            gradient = np.append(log_odds @ slope, slope.sum()) / len(rapid)
            gradient[:-1] += together * apart
            return float(-log_expit(margin).mean() + together * (apart**2).sum() / 2), gradient

        bounds = [(0, None)] * len(experts) + [(None, None)]
        start = np.append(np.full(len(experts), 1 / len(experts)), 0.0)
        found = minimize(cost, start, jac=True, method="L-BFGS-B", bounds=bounds)
        return cls(tuple(experts), found.x[:-1], float(found.x[-1]))

    def probability(self, log_odds: FloatArray) -> FloatArray:
        """Probability of rapid intensification from log-odds (expert, case), shape (case,)."""
        return expit(self.weights @ log_odds + self.offset)


class RapidForecaster:
    """Experts and their stack."""

    def __init__(self, makers: RapidMakers, together: float = 1.0) -> None:
        """Keep the makers of the experts, and how much alike their weights are; see the stack."""
        self._makers, self._together = makers, together
        self._experts: list[RapidExpert] = []
        self.stack: Stack | None = None

    def learn(self, cases: xr.Dataset, others: xr.Dataset, folds: Folds, seed: int) -> FloatArray:
        """Learn the stack from seasons held out, then the experts from all cases.

        Args:
            cases: With environment; their fates make the stack.
            others: Further cases to learn from.
            folds: Seasons that are held out together.
            seed: Of the experts.

        Returns:
            Log-odds of the held-out seasons, shape (expert, case); NaN for others and for unknown
            fates.
        """
        held = self.held_out(cases, others, folds, seed)
        usable = np.isfinite(held).all(axis=0)
        rapid = fates(cases).rapid[usable]
        self.stack = Stack.fit(tuple(self._makers), held[:, usable], rapid, self._together)
        self._experts = self._learnt(together(cases, others), seed)
        return held

    def held_out(
        self, cases: xr.Dataset, others: xr.Dataset, folds: Folds, seed: int
    ) -> FloatArray:
        """Log-odds by experts that had not seen the season; see :meth:`learn`."""
        seasons, last = cases["season"].values, int(cases["season"].max())
        odds = np.full((len(self._makers), cases.sizes["case"]), np.nan)
        for fold in folds:
            aside = np.flatnonzero(np.isin(seasons, fold) & fates(cases).known)
            learnt = together(*(without(part, fold, last) for part in (cases, others)))
            asked = cases.isel(case=aside)
            for row, expert in enumerate(self._learnt(learnt, seed)):
                odds[row, aside] = expert.log_odds(asked)
        return odds

    def log_odds(self, cases: xr.Dataset) -> FloatArray:
        """What each expert says, shape (expert, case)."""
        return np.stack([expert.log_odds(cases) for expert in self._experts])

    def probability(self, cases: xr.Dataset) -> FloatArray:
        """Probability of rapid intensification, shape (case,).

        Args:
            cases: With predictors; missing ones take their mean or a tree's usual branch.

        Returns:
            Between 0 and 1.
        """
        assert self.stack is not None
        return self.stack.probability(self.log_odds(cases))

    def _learnt(self, cases: xr.Dataset, seed: int) -> list[RapidExpert]:
        """All experts, from the cases whose fate is known."""
        change = wind_change(cases, LEAD)
        known = np.isfinite(change)
        learnt = cases.isel(case=np.flatnonzero(known))
        experts = [make() for make in self._makers.values()]
        for expert in experts:
            expert.fit(learnt, change[known], seed)
        return experts


def fates(cases: xr.Dataset) -> Fates:
    """What became of the wind within a day.

    Args:
        cases: From :func:`sciml.weather.cyclones.cases.cases_of`, with the lead of 24 h.

    Returns:
        Which are known, and which rose by 30 kt or more.
    """
    change = wind_change(cases, LEAD)
    return Fates(np.isfinite(change), np.nan_to_num(change) >= RAPID)


def calibration_error(probability: FloatArray, rapid: BoolArray) -> float:
    """Mean distance between probability and frequency over 20 groups of equal size.

    The groups count alike whatever their spread, as in the published score; groups that coincide
    because many probabilities are equal are one.

    Args:
        probability: Shape (case,).
        rapid: What came, shape (case,).

    Returns:
        Between 0 and 1.
    """
    axes(probability, "case", "probability", case=len(rapid))
    edges = np.unique(np.quantile(probability, np.linspace(0, 1, _BINS + 1)))
    group = np.searchsorted(edges[1:-1], probability)
    number = np.bincount(group)
    filled = number > 0
    said = np.bincount(group, probability)[filled] / number[filled]
    came = np.bincount(group, rapid)[filled] / number[filled]
    return float(np.abs(said - came).mean())
