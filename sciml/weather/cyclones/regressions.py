"""Track experts that are regressions: products of two predictors, kernels, boosted trees."""

# Not strict: scikit-learn and xarray type what they hold as unknown.
# pyright: standard
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from pydantic import Field, PositiveFloat, PositiveInt
from scipy.linalg import cho_factor, cho_solve

from sciml.core.axes import FloatArray
from sciml.core.settings import Settings
from sciml.weather.cyclones.features import chosen
from sciml.weather.cyclones.track import (
    AROUND,
    BASIC,
    TRACK,
    Standard,
    learnable,
    moving,
    steady_displacement,
)

_JITTER = 1e-6  # keeps the matrix of landmarks invertible


class QuadraticSettings(Settings):
    """The quadratic regression, like CLIPER."""

    ridge: PositiveFloat = 30.0  # penalty on squared coefficients of standardised terms


class Quadratic:
    """Regression on the products of two of a few predictors, as the CLIPER models have it."""

    def __init__(
        self, settings: QuadraticSettings | None = None, predictors: Sequence[str] = BASIC
    ) -> None:
        """Keep settings and predictors."""
        self._settings, self._predictors = settings or QuadraticSettings(), tuple(predictors)
        self._fitted: list[tuple[Standard, Any]] = []
        self._leads: tuple[int, ...] = ()

    def fit(self, cases: xr.Dataset, leads: Sequence[int], _seed: int, /) -> None:
        """See :class:`sciml.weather.cyclones.expert.Expert`."""
        from sklearn.linear_model import Ridge

        self._leads, self._fitted = tuple(leads), []
        for lead in leads:
            values, target = learnable(cases, lead, self._predictors)
            first = Standard.fit(values)
            model = Ridge(self._settings.ridge)
            model.fit(products(first.apply(values)), target)
            self._fitted.append((first, model))

    def predict(self, cases: xr.Dataset, /) -> FloatArray:
        """See :class:`sciml.weather.cyclones.expert.Expert`."""
        values = chosen(cases["predictors"], self._predictors)
        departures = [model.predict(products(s.apply(values))) for s, model in self._fitted]
        return steady_displacement(cases, self._leads) + np.stack(departures, axis=1)


class KernelSettings(Settings):
    """The kernel regression."""

    width: PositiveFloat = 0.003  # γ of exp(-γ |x - x'|²) between standardised predictors
    ridge: PositiveFloat = 0.3  # variance of what no predictor explains, over that of the rest
    landmarks: PositiveInt = 800  # cases that stand for all, drawn at random


class Kernel:
    """Regression by likeness to earlier cases: a Gaussian process on a subset of regressors.

    Source:
        Rasmussen & Williams, Gaussian Processes for Machine Learning (2006), section 8.3.1.
    """

    def __init__(
        self, settings: KernelSettings | None = None, predictors: Sequence[str] = TRACK
    ) -> None:
        """Keep settings and predictors."""
        self._settings, self._predictors = settings or KernelSettings(), tuple(predictors)
        self._leads: tuple[int, ...] = ()
        self._standard: Standard | None = None
        self._landmarks: FloatArray = np.empty((0, 0))
        self._weights: list[FloatArray] = []  # of each lead, (landmark, 2)

    def fit(self, cases: xr.Dataset, leads: Sequence[int], seed: int, /) -> None:
        """See :class:`sciml.weather.cyclones.expert.Expert`."""
        self._leads, self._weights = tuple(leads), []
        values = chosen(cases["predictors"], self._predictors)[moving(cases)]
        self._standard = Standard.fit(values)
        number = min(self._settings.landmarks, len(values))
        drawn = np.random.default_rng(seed).choice(len(values), number, replace=False)
        self._landmarks = self._standard.apply(values[np.sort(drawn)])
        between = self._likeness(self._landmarks) + _JITTER * np.eye(number)
        for lead in leads:
            values, target = learnable(cases, lead, self._predictors)
            alike = self._likeness(self._standard.apply(values))
            precision = alike.T @ alike + self._settings.ridge * between
            self._weights.append(cho_solve(cho_factor(precision), alike.T @ target))

    def predict(self, cases: xr.Dataset, /) -> FloatArray:
        """See :class:`sciml.weather.cyclones.expert.Expert`."""
        assert self._standard is not None
        alike = self._likeness(self._standard.apply(chosen(cases["predictors"], self._predictors)))
        departures = [alike @ weights for weights in self._weights]
        return steady_displacement(cases, self._leads) + np.stack(departures, axis=1)

    def _likeness(self, values: FloatArray) -> FloatArray:
        """exp(-γ |x - x'|²) between cases and landmarks, shape (case, landmark)."""
        squares = (values**2).sum(axis=1)[:, None] + (self._landmarks**2).sum(axis=1)
        return np.exp(-self._settings.width * (squares - 2 * values @ self._landmarks.T))


class TreeSettings(Settings):
    """The boosted trees."""

    iterations: PositiveInt = 500
    learning_rate: PositiveFloat = 0.03
    leaves: PositiveInt = 12
    smallest_leaf: PositiveInt = 30
    ridge: PositiveFloat = 5.0
    share: float = Field(default=0.3, gt=0, le=1)  # of the predictors that a split may choose from


class Trees:
    """Boosted regression trees on the track and, where it is known, the environment."""

    def __init__(
        self, settings: TreeSettings | None = None, predictors: Sequence[str] = (*TRACK, *AROUND)
    ) -> None:
        """Keep settings and predictors."""
        self._settings, self._predictors = settings or TreeSettings(), tuple(predictors)
        self._fitted: list[list[Any]] = []
        self._leads: tuple[int, ...] = ()

    def fit(self, cases: xr.Dataset, leads: Sequence[int], seed: int, /) -> None:
        """See :class:`sciml.weather.cyclones.expert.Expert`."""
        self._leads, self._fitted = tuple(leads), []
        for lead in leads:
            values, target = learnable(cases, lead, self._predictors)
            pair = [boosted_trees(self._settings, seed).fit(values, side) for side in target.T]
            self._fitted.append(pair)

    def predict(self, cases: xr.Dataset, /) -> FloatArray:
        """See :class:`sciml.weather.cyclones.expert.Expert`."""
        values = chosen(cases["predictors"], self._predictors)
        departures = [
            np.stack([side.predict(values) for side in pair], axis=1) for pair in self._fitted
        ]
        return steady_displacement(cases, self._leads) + np.stack(departures, axis=1)


def boosted_trees(settings: TreeSettings, seed: int, **others: Any) -> Any:
    """Boosted trees of scikit-learn that have not learnt yet.

    Args:
        settings: Size and number of the trees.
        seed: Of the predictors that a split may choose from.
        **others: Further arguments of scikit-learn's regressor, such as its loss.

    Returns:
        The regressor; it takes NaN as it is.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(
        max_iter=settings.iterations,
        learning_rate=settings.learning_rate,
        max_leaf_nodes=settings.leaves,
        min_samples_leaf=settings.smallest_leaf,
        l2_regularization=settings.ridge,
        max_features=settings.share,
        early_stopping=False,  # pyright: ignore[reportArgumentType] - or "auto"
        random_state=seed,
        **others,
    )


def products(values: FloatArray) -> FloatArray:
    """All predictors, and all products of two, shape (case, term)."""
    first, second = np.triu_indices(values.shape[1])
    return np.concatenate([values, values[:, first] * values[:, second]], axis=1)
