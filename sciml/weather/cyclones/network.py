"""A small network that forecasts the track at all leads at once, trained on distances."""

# Not strict: xarray types what it holds as unknown.
# pyright: standard
from collections.abc import Sequence

import numpy as np
import paddle
import xarray as xr
from paddle import nn
from pydantic import Field, PositiveInt

from sciml.core.axes import FloatArray
from sciml.core.seeds import seed_everything
from sciml.core.settings import Settings
from sciml.training.feed import Arrays, Batch, Feed, to_tensor
from sciml.training.fit import FitSettings, LossFunction, Problem, fit
from sciml.training.optimiser import OptimiserSettings
from sciml.weather.cyclones.features import chosen
from sciml.weather.cyclones.track import (
    TRACK,
    Standard,
    moving,
    observed_displacement,
    steady_displacement,
)

_TYPICAL = 4.0  # km/h: by so much a storm departs from a steady motion
_SMOOTH = 0.1  # of that: distances much smaller count as squares


class NetworkSettings(Settings):
    """The network and its training."""

    hidden: PositiveInt = 64
    layers: PositiveInt = 2
    dropout: float = Field(default=0.1, ge=0, lt=1)
    members: PositiveInt = 3  # networks from different starts, whose forecasts are averaged
    training: FitSettings = FitSettings(
        epochs=40,
        batch_size=512,
        optimiser=OptimiserSettings(learning_rate=3e-3, weight_decay=0.01),
    )


class Network:
    """Layers of neurons; the loss is the distance between forecast and storm."""

    def __init__(
        self, settings: NetworkSettings | None = None, predictors: Sequence[str] = TRACK
    ) -> None:
        """Keep the settings."""
        self._settings = settings or NetworkSettings()
        self._predictors = tuple(predictors)
        self._leads: tuple[int, ...] = ()
        self._standard: Standard | None = None
        self._members: list[nn.Layer] = []

    def fit(self, cases: xr.Dataset, leads: Sequence[int], seed: int, /) -> None:
        """See :class:`sciml.weather.cyclones.expert.Expert`."""
        self._leads = tuple(leads)
        departures = observed_displacement(cases, leads) - steady_displacement(cases, leads)
        reached = np.isfinite(departures).all(axis=-1)  # (case, lead)
        usable = reached.any(axis=1) & moving(cases)
        values = chosen(cases["predictors"], self._predictors)[usable]
        self._standard = Standard.fit(values)
        scaled = departures[usable] / self._scale()[:, None]
        arrays = Arrays(
            inputs=self._standard.apply(values).astype(np.float32),
            targets=np.nan_to_num(scaled).astype(np.float32),
            reached=reached[usable].astype(np.float32),
        )
        self._members = trained_members(
            arrays, 2 * len(self._leads), self._settings, _mean_distance, seed
        )

    def predict(self, cases: xr.Dataset, /) -> FloatArray:
        """See :class:`sciml.weather.cyclones.expert.Expert`."""
        assert self._standard is not None
        values = self._standard.apply(chosen(cases["predictors"], self._predictors))
        departures = mean_output(self._members, values).reshape(-1, len(self._leads), 2)
        return steady_displacement(cases, self._leads) + departures * self._scale()[:, None]

    def _scale(self) -> FloatArray:
        """The unit of the outputs at each lead, km, shape (lead,)."""
        return _TYPICAL * np.array(self._leads, np.float64)


def trained_members(
    arrays: Arrays, outputs: int, settings: NetworkSettings, loss: LossFunction, seed: int
) -> list[nn.Layer]:
    """Networks from different starts, trained on the same arrays.

    Args:
        arrays: With ``inputs`` of shape (case, predictor), and what the loss needs.
        outputs: Numbers that a network gives for a case.
        settings: Size, number and training.
        loss: Of a layer and a batch.
        seed: Of starts, order and dropout.

    Returns:
        The members, ready to be asked.
    """
    inputs = arrays.gather(np.arange(1))["inputs"].shape[1]
    members = []
    for start in range(seed * settings.members, (seed + 1) * settings.members):
        seed_everything(start)
        layer = _layers(inputs, outputs, settings)
        feed = Feed(arrays, settings.training.batch_size, start)
        fit(Problem(layer, loss, feed), settings.training, seed=start)
        layer.eval()
        members.append(layer)
    return members


def mean_output(members: Sequence[nn.Layer], values: FloatArray) -> FloatArray:
    """The mean of what the members say, shape (case, output)."""
    inputs = to_tensor(values.astype(np.float32))
    with paddle.no_grad():
        return np.mean([member(inputs).numpy().astype(np.float64) for member in members], axis=0)


def _layers(inputs: int, outputs: int, settings: NetworkSettings) -> nn.Layer:
    """Linear layers with smooth steps between them."""
    parts: list[nn.Layer] = []
    for _ in range(settings.layers):
        width = settings.hidden
        parts += [nn.Linear(inputs, width), nn.Silu(), nn.Dropout(settings.dropout)]
        inputs = width
    return nn.Sequential(*parts, nn.Linear(inputs, outputs))


def _mean_distance(layer: nn.Layer, batch: Batch) -> paddle.Tensor:
    """Mean over cases and leads of the distance between forecast and storm, in their unit."""
    outputs = layer(batch["inputs"]).reshape(batch["targets"].shape)  # (case, lead, 2)
    squared = (outputs - batch["targets"]).square().sum(axis=-1)
    distance = (squared + _SMOOTH**2).sqrt() * batch["reached"]
    return distance.sum() / batch["reached"].sum()
