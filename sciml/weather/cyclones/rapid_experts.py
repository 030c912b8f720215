"""Experts on rapid intensification: log-odds by a regression, by boosted trees, by a network.

One case in twenty is rapid, which is little to learn from. Reweighting cases would only bias the
odds. Instead, experts learn what makes the wind rise by less, which is several times as frequent
and has the same causes; how much less likely 30 kt are is left to the stack that calibrates them.
"""

# Not strict: scikit-learn and xarray type what they hold as unknown.
# pyright: standard
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import paddle
import xarray as xr
from paddle import nn
from pydantic import Field, PositiveFloat, PositiveInt

from sciml.core.axes import FloatArray
from sciml.core.settings import Settings
from sciml.training.feed import Arrays, Batch
from sciml.training.fit import FitSettings
from sciml.training.optimiser import OptimiserSettings
from sciml.weather.cyclones.cases import RAPID
from sciml.weather.cyclones.features import LAND_HOURS, chosen
from sciml.weather.cyclones.network import NetworkSettings, mean_output, trained_members
from sciml.weather.cyclones.regressions import products
from sciml.weather.cyclones.track import AROUND, TRACK, Standard

_RISES = np.arange(10.0, 45.0, 5.0)  # kt in a day, whose odds the network learns

_LAND = (*(f"land_{hours}h" for hours in LAND_HOURS), "land_least", "land_mean")
_STRENGTH = ("strongest", "below_strongest", "speed_12h", "speed_24h")
FEW = (
    *("lat", "lon", "season_sin", "season_cos", "age", "eastward_12h", "northward_12h"),
    *("speed_12h", "speed_24h", "wind", "wind_change_6h", "wind_change_12h", "wind_change_24h"),
    *("strongest", "below_strongest", "pressure", "pressure_change_12h"),
    *("land_0h", "land_12h", "land_24h", "land_least", "land_mean"),
)
BEST_TRACK = (*TRACK, *_STRENGTH, *_LAND)
ALL = (*BEST_TRACK, *AROUND, "potential", "potential_gap", "potential_share")


class RapidExpert(Protocol):
    """What every expert on rapid intensification can do."""

    def fit(self, cases: xr.Dataset, change: FloatArray, seed: int, /) -> None:
        """Learn from cases and from the change of their wind within a day, kt, shape (case,)."""
        ...

    def log_odds(self, cases: xr.Dataset, /) -> FloatArray:
        """Logarithm of the odds of a rise, up to scale and offset, shape (case,)."""
        ...


RapidMakers = Mapping[str, Callable[[], RapidExpert]]


class LogisticSettings(Settings):
    """The logistic regression."""

    rise: PositiveFloat = 20.0  # kt in a day, whose odds are learnt
    strength: PositiveFloat = 0.003  # inverse of the penalty, as scikit-learn has it


class Logistic:
    """Logistic regression on a few predictors and their products."""

    def __init__(self, settings: LogisticSettings | None = None) -> None:
        """Keep the settings."""
        self._settings = settings or LogisticSettings()
        self._model: Any = None

    def fit(self, cases: xr.Dataset, change: FloatArray, _seed: int, /) -> None:
        """See :class:`RapidExpert`."""
        from sklearn.linear_model import LogisticRegression

        self._standard = Standard.fit(chosen(cases["predictors"], FEW))
        self._terms = Standard.fit(self._products(cases))
        self._model = LogisticRegression(C=self._settings.strength, solver="newton-cholesky")
        self._model.fit(self._terms.apply(self._products(cases)), change >= self._settings.rise)

    def log_odds(self, cases: xr.Dataset, /) -> FloatArray:
        """See :class:`RapidExpert`."""
        return self._model.decision_function(self._terms.apply(self._products(cases)))

    def _products(self, cases: xr.Dataset) -> FloatArray:
        """Predictors and products of two."""
        return products(self._standard.apply(chosen(cases["predictors"], FEW)))


class RapidTreeSettings(Settings):
    """The boosted trees."""

    rise: PositiveFloat = 20.0  # kt in a day, whose odds are learnt
    iterations: PositiveInt = 200
    learning_rate: PositiveFloat = 0.03
    leaves: PositiveInt = 8
    smallest_leaf: PositiveInt = 40
    ridge: PositiveFloat = 10.0
    share: float = Field(default=0.5, gt=0, le=1)  # of the predictors that a split may choose from


class RapidTrees:
    """Boosted trees for the odds."""

    def __init__(
        self, predictors: Sequence[str] = ALL, settings: RapidTreeSettings | None = None
    ) -> None:
        """Keep predictors and settings."""
        self._predictors, self._settings = tuple(predictors), settings or RapidTreeSettings()
        self._model: Any = None

    def fit(self, cases: xr.Dataset, change: FloatArray, seed: int, /) -> None:
        """See :class:`RapidExpert`."""
        from sklearn.ensemble import HistGradientBoostingClassifier

        self._model = HistGradientBoostingClassifier(
            max_iter=self._settings.iterations,
            learning_rate=self._settings.learning_rate,
            max_leaf_nodes=self._settings.leaves,
            min_samples_leaf=self._settings.smallest_leaf,
            l2_regularization=self._settings.ridge,
            max_features=self._settings.share,
            early_stopping=False,  # pyright: ignore[reportArgumentType] - or "auto"
            random_state=seed,
        ).fit(chosen(cases["predictors"], self._predictors), change >= self._settings.rise)

    def log_odds(self, cases: xr.Dataset, /) -> FloatArray:
        """See :class:`RapidExpert`."""
        return self._model.decision_function(chosen(cases["predictors"], self._predictors))


RAPID_NETWORK = NetworkSettings(
    hidden=32,
    dropout=0.3,
    training=FitSettings(
        epochs=15,
        batch_size=512,
        optimiser=OptimiserSettings(learning_rate=3e-3, weight_decay=0.05),
    ),
)


class RapidNetwork:
    """A small network for the odds of rises by 10, 15 and up to 40 kt at once."""

    def __init__(
        self, predictors: Sequence[str] = ALL, settings: NetworkSettings | None = None
    ) -> None:
        """Keep predictors and settings."""
        self._predictors = tuple(predictors)
        self._settings = settings or RAPID_NETWORK

    def fit(self, cases: xr.Dataset, change: FloatArray, seed: int, /) -> None:
        """See :class:`RapidExpert`."""
        values = chosen(cases["predictors"], self._predictors)
        self._standard = Standard.fit(values)
        arrays = Arrays(
            inputs=self._standard.apply(values).astype(np.float32),
            risen=(change[:, None] >= _RISES).astype(np.float32),
        )
        self._members = trained_members(arrays, len(_RISES), self._settings, _surprise, seed)

    def log_odds(self, cases: xr.Dataset, /) -> FloatArray:
        """See :class:`RapidExpert`."""
        values = self._standard.apply(chosen(cases["predictors"], self._predictors))
        return mean_output(self._members, values)[:, _RISES.tolist().index(RAPID)]


def _surprise(layer: nn.Layer, batch: Batch) -> paddle.Tensor:
    """Mean of minus the logarithm of the probability of what came."""
    return nn.functional.binary_cross_entropy_with_logits(layer(batch["inputs"]), batch["risen"])
