"""How strong a storm will be: quantiles of the wind at each lead.

Experts forecast the change of the wind, their mixture is the middle, and errors of seasons that
they had not seen, divided by what size of error was to be expected, give the quantiles.
"""

# Not strict: scikit-learn and xarray type what they hold as unknown.
# pyright: standard
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.weather.cyclones.cases import LEADS, together, wind_change
from sciml.weather.cyclones.expert import Expert, Makers
from sciml.weather.cyclones.features import chosen
from sciml.weather.cyclones.mixture import (
    Folds,
    disagreement,
    held_out,
    mixed,
    mixture_weights,
)
from sciml.weather.cyclones.rapid_experts import ALL, FEW
from sciml.weather.cyclones.regressions import TreeSettings, boosted_trees, products
from sciml.weather.cyclones.spread import log_deviation_coefficients
from sciml.weather.cyclones.track import Standard

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
_RIDGE = 300.0  # penalty of the quadratic regression on squared coefficients
_SMALLEST = 1.0  # kt: best tracks are rounded to 5
WIND_TREES = TreeSettings(
    iterations=200, learning_rate=0.04, leaves=8, smallest_leaf=40, ridge=10.0
)


class SteadyWind:
    """The wind stays as it is."""

    def __init__(self) -> None:
        """Nothing is known yet of the leads."""
        self._leads: tuple[int, ...] = ()

    def fit(self, _cases: xr.Dataset, leads: Sequence[int], _seed: int, /) -> None:
        """There is nothing to learn."""
        self._leads = tuple(leads)

    def predict(self, cases: xr.Dataset, /) -> FloatArray:
        """No change: zeros, kt, shape (case, lead)."""
        return np.zeros((cases.sizes["case"], len(self._leads)))


class WindQuadratic:
    """Regression on products of two of a few predictors, as the SHIFOR models have it."""

    def __init__(self) -> None:
        """Nothing is learnt yet."""
        self._fitted: list[tuple[Standard, Any]] = []

    def fit(self, cases: xr.Dataset, leads: Sequence[int], _seed: int, /) -> None:
        """See :class:`sciml.weather.cyclones.expert.Expert`."""
        from sklearn.linear_model import Ridge

        self._fitted = []
        for lead in leads:
            values, change = learnable_change(cases, lead, FEW)
            standard = Standard.fit(values)
            model = Ridge(_RIDGE).fit(products(standard.apply(values)), change)
            self._fitted.append((standard, model))

    def predict(self, cases: xr.Dataset, /) -> FloatArray:
        """See :class:`sciml.weather.cyclones.expert.Expert`."""
        values = chosen(cases["predictors"], FEW)
        changes = [model.predict(products(s.apply(values))) for s, model in self._fitted]
        return np.stack(changes, axis=1)


class WindTrees:
    """Boosted trees on all predictors."""

    def __init__(self, settings: TreeSettings | None = None) -> None:
        """Keep the settings."""
        self._settings = settings or WIND_TREES
        self._fitted: list[Any] = []

    def fit(self, cases: xr.Dataset, leads: Sequence[int], seed: int, /) -> None:
        """See :class:`sciml.weather.cyclones.expert.Expert`."""
        self._fitted = [
            boosted_trees(self._settings, seed).fit(*learnable_change(cases, lead, ALL))
            for lead in leads
        ]

    def predict(self, cases: xr.Dataset, /) -> FloatArray:
        """See :class:`sciml.weather.cyclones.expert.Expert`."""
        values = chosen(cases["predictors"], ALL)
        return np.stack([model.predict(values) for model in self._fitted], axis=1)


def wind_makers(trees: TreeSettings = WIND_TREES) -> Makers:
    """Makers of the three experts on the wind, by name."""
    return {
        "persistence": SteadyWind,
        "quadratic": WindQuadratic,
        "trees": lambda: WindTrees(trees),
    }


class IntensityForecaster:
    """Quantiles of the wind."""

    def __init__(self, makers: Makers | None = None, leads: Sequence[int] = LEADS) -> None:
        """Keep the makers of the experts.

        Args:
            makers: Experts by name; None: those of :func:`wind_makers`.
            leads: Hours ahead.
        """
        self._makers, self.leads = makers or wind_makers(), tuple(leads)
        self._experts: list[Expert] = []
        self._sizes: list[FloatArray] = []  # of each lead: coefficients of log σ
        self._errors: list[FloatArray] = []  # of each lead: quantiles of errors over σ
        self.weights: xr.DataArray | None = None

    def learn(self, cases: xr.Dataset, others: xr.Dataset, folds: Folds, seed: int) -> xr.Dataset:
        """Learn mixture and quantiles from seasons held out, then experts from all cases.

        Args:
            cases: With environment.
            others: Further cases to learn from.
            folds: Seasons that are held out together.
            seed: Of the experts.

        Returns:
            Forecasts of the seasons held out, as :meth:`predict` gives them; NaN for others.

        Raises:
            BadInput: if no wind is known at a lead.
        """
        last = int(cases["season"].max())
        judged = held_out(self._makers, cases, others, self.leads, folds, last, seed)
        observed = np.stack([wind_change(cases, lead) for lead in self.leads], axis=1)
        counted = [np.isfinite(observed[:, index]) for index in range(len(self.leads))]
        self.weights = mixture_weights(judged, observed, self.leads, counted)
        middle = mixed(judged.forecasts, self.weights)
        terms = self._terms(cases, judged.forecasts)
        self._sizes, self._errors = [], []
        for index in range(len(self.leads)):
            error = observed[:, index] - middle[:, index]
            usable = np.isfinite(error)
            size = log_deviation_coefficients(terms[usable, index], error[usable])
            scaled = error[usable] / _deviation(terms[usable, index], size)
            self._sizes.append(size)
            self._errors.append(np.quantile(scaled, LEVELS))
        told = self._told(cases, judged.forecasts)
        self._experts = [make() for make in self._makers.values()]
        for expert in self._experts:
            expert.fit(together(cases, others), self.leads, seed)
        return told

    def predict(self, cases: xr.Dataset) -> xr.Dataset:
        """Forecast.

        Args:
            cases: What is known; where the present wind is missing, so is the forecast.

        Returns:
            ``wind`` (case, lead, level), kt, never below zero, and ``expert_change``
            (expert, case, lead), kt.

        Raises:
            BadInput: if nothing was learnt.
        """
        if not self._experts:
            raise BadInput("intensity forecaster: it has not learnt; call learn first")
        return self._told(cases, np.stack([expert.predict(cases) for expert in self._experts]))

    def _told(self, cases: xr.Dataset, changes: FloatArray) -> xr.Dataset:
        """The forecast that follows from what the experts say, (expert, case, lead)."""
        assert self.weights is not None
        terms = self._terms(cases, changes)
        deviations = [_deviation(terms[:, i], size) for i, size in enumerate(self._sizes)]
        now = cases["predictors"].sel(predictor="wind").values
        middle = now[:, None] + mixed(changes, self.weights)
        away = np.stack(deviations, axis=1)[..., None] * np.stack(self._errors)
        wind = np.maximum(middle[..., None] + away, 0)
        return xr.Dataset(
            {
                "wind": (("case", "lead", "level"), wind, {"units": "kt"}),
                "expert_change": (("expert", "case", "lead"), changes, {"units": "kt"}),
            },
            {
                "lead": ("lead", list(self.leads), {"units": "h"}),
                "level": list(LEVELS),
                "expert": list(self._makers),
                **{name: ("case", cases[name].values) for name in ("storm", "time")},
            },
        )

    def _terms(self, cases: xr.Dataset, changes: FloatArray) -> FloatArray:
        """What the size of errors depends on, shape (case, lead, term)."""
        assert self.weights is not None
        names = ("wind", "wind_change_12h", "land_least")
        wind, change, land = np.nan_to_num(chosen(cases["predictors"], names)).T
        of_case = [np.ones_like(wind), wind / 50, (wind / 50) ** 2, np.abs(change) / 10, land < 0]
        apart = np.log1p(disagreement(changes, self.weights) / 5)
        shape = (*apart.shape, len(of_case))
        same = np.broadcast_to(np.stack(of_case, axis=1)[:, None], shape)
        return np.concatenate([same, apart[..., None]], axis=-1)


def learnable_change(
    cases: xr.Dataset, lead: int, names: Sequence[str]
) -> tuple[FloatArray, FloatArray]:
    """Predictors and changes of the wind of the cases that have the latter.

    Args:
        cases: To learn from.
        lead: Hours ahead.
        names: Predictors.

    Returns:
        Shapes (case, predictor) and (case,), the latter in kt.

    Raises:
        BadInput: if there is no such case.
    """
    change = wind_change(cases, lead)
    usable = np.isfinite(change)
    if not usable.any():
        raise BadInput(f"cases: no wind is known both now and {lead} h later; take longer storms")
    return chosen(cases["predictors"], names)[usable], change[usable]


def _deviation(terms: FloatArray, coefficients: FloatArray) -> FloatArray:
    """Standard deviation, kt, shape (case,)."""
    return np.maximum(np.exp(terms @ coefficients), _SMALLEST)
