"""A network that corrects a simple forecast of anomalies: its settings, its frame, its losses."""

import math
from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
import paddle
from paddle import Tensor, nn
from pydantic import Field, NonNegativeFloat, PositiveInt, model_validator

from sciml.core.axes import FloatArray
from sciml.core.settings import Settings
from sciml.nn.attention import AttentionSettings, attention_network
from sciml.nn.convolution import ConvolutionSettings, convolution_network
from sciml.nn.fields import FieldNetwork
from sciml.nn.graph import GraphSettings, graph_network
from sciml.nn.spectral import FourierSettings, fourier_network
from sciml.training.feed import Batch
from sciml.training.fit import FitSettings
from sciml.training.optimiser import OptimiserSettings
from sciml.weather.forecasters.network_start import StartName

INPUTS = ("history", "start", "conditions")  # of the network, in their order
CONDITIONS = 4  # sine and cosine of the phase of the year and of the day

Backbone = Annotated[
    FourierSettings | ConvolutionSettings | GraphSettings | AttentionSettings,
    Field(discriminator="kind"),
]


class NetworkSettings(Settings):
    """What a network forecaster sees, what it starts from, and how it is trained."""

    backbone: Backbone = FourierSettings()
    history: PositiveInt = 3  # steps that it looks at, the present one included
    start: StartName = "linear"  # the forecast that the network corrects, and sees
    head: Literal["mean", "normal"] = "mean"  # normal: a standard deviation besides, by the CRPS
    rolled_out: bool = False  # one step again and again, instead of all leads at once
    input_noise: NonNegativeFloat = 0.0  # in training only, over the spread of the anomalies
    held_out: float = Field(default=0.125, gt=0, lt=0.5)  # share of the record, at its end, for
    # choosing the epoch and measuring the spread
    harmonics: int = Field(default=2, ge=0)  # of the seasonal cycle; 0 for records under a year
    training: FitSettings = FitSettings(
        epochs=16,
        batch_size=32,
        patience=6,
        optimiser=OptimiserSettings(
            learning_rate=2e-3, weight_decay=0.1, warmup_steps=50, average_decay=0.99
        ),
    )

    @model_validator(mode="after")
    def _head_fits(self) -> "NetworkSettings":
        if self.rolled_out and (self.head == "normal" or self.start == "linear"):
            raise ValueError(
                "a rolled-out network forecasts means alone, and corrects what one step forgets; "
                "set head to mean and start to damped persistence, or rolled_out to no"
            )
        return self


class LeadNetwork(nn.Layer):
    """From the last anomalies to those at all leads, as corrections of a simple forecast."""

    def __init__(
        self,
        settings: NetworkSettings,
        leads: Sequence[int],
        grid: tuple[FloatArray, FloatArray],
        unit: FloatArray | None = None,
        kept: FloatArray | None = None,
    ) -> None:
        """Draw the weights.

        Args:
            settings: Backbone, history and head.
            leads: Steps ahead.
            grid: Latitudes and longitudes, degrees.
            unit: Of the corrections: the error of what is corrected, over the spread of the
                anomalies, at the leads, or at lead 1 when rolled out. Shape (lead, lat, lon).
            kept: Share of an anomaly that is there a step later, for a rolled-out network.
                Shape (1, lat, lon). Both are None where saved weights follow.
        """
        super().__init__()
        self.leads = tuple(leads)
        self._settings = settings
        answers = 1 if settings.rolled_out else len(leads)
        seen = settings.history + (0 if settings.rolled_out else answers)
        self.network = _network(settings, grid, seen, answers * (1 + (settings.head == "normal")))
        shape = (answers, len(grid[0]), len(grid[1]))
        self._keep("place", _places(*grid))
        self._keep("unit", np.ones(shape) if unit is None else unit)
        if settings.rolled_out:
            self._keep("kept", np.ones(shape) if kept is None else kept)

    def _keep(self, name: str, array: FloatArray) -> None:
        """Store an array with the weights."""
        self.register_buffer(name, paddle.to_tensor(array.astype(np.float32)))

    @property
    def conditions(self) -> int:
        """How many times the conditions are asked for: at the issue, or before each step."""
        return max(self.leads) if self._settings.rolled_out else 1

    def forward(
        self, history: Tensor, start: Tensor, conditions: Tensor
    ) -> tuple[Tensor, Tensor | None]:
        """Forecast.

        Args:
            history: Scaled anomalies, the latest first. Shape (batch, history, lat, lon).
            start: What is corrected, shape (batch, lead, lat, lon).
            conditions: Season and time of day, shape (batch, step, condition).

        Returns:
            Scaled anomalies at the leads, shape (batch, lead, lat, lon), and their standard
            deviation, if the head gives one.
        """
        if self.training and self._settings.input_noise:
            history = history + self._settings.input_noise * paddle.randn(history.shape)
        if self._settings.rolled_out:
            return self._rolled_out(history, conditions), None
        seen = paddle.concat([history, start], axis=1)
        correction = self.network(seen, self.place, conditions[:, 0])
        if self._settings.head == "mean":
            return start + correction * self.unit, None
        mean, width = paddle.split(correction, 2, axis=1)
        return start + mean * self.unit, paddle.exp(width.clip(-3, 3)) * self.unit

    def _rolled_out(self, history: Tensor, conditions: Tensor) -> Tensor:
        """One step again and again, each seen as measured by the next."""
        states: list[Tensor] = []
        for step in range(max(self.leads)):
            correction = self.network(history, self.place, conditions[:, step])
            states.append(history[:, :1] * self.kept + correction * self.unit)
            history = paddle.concat([states[-1], history[:, :-1]], axis=1)
        return paddle.concat([states[lead - 1] for lead in self.leads], axis=1)


def _network(
    settings: NetworkSettings, grid: tuple[FloatArray, FloatArray], seen: int, answers: int
) -> FieldNetwork:
    """The backbone that the settings ask for."""
    backbone = settings.backbone
    sizes = (seen + 2, answers, CONDITIONS)  # latitude and longitude are channels, too
    if isinstance(backbone, FourierSettings):
        return fourier_network(backbone, *sizes)
    if isinstance(backbone, ConvolutionSettings):
        return convolution_network(backbone, *sizes)
    if isinstance(backbone, GraphSettings):
        return graph_network(backbone, grid, *sizes)
    return attention_network(backbone, *sizes)


def _places(lat: FloatArray, lon: FloatArray) -> FloatArray:
    """Latitude and longitude from -1 to 1 over the grid. Shape (2, lat, lon)."""
    spans = [(2 * x - x[0] - x[-1]) / (x[-1] - x[0]) for x in (lat, lon)]
    return np.stack(np.meshgrid(*spans, indexing="ij"))


def normal_crps(mean: Tensor, deviation: Tensor, truth: Tensor) -> Tensor:
    """Continuous ranked probability score of normal distributions, small when sharp and right.

    Args:
        mean: Any shape.
        deviation: Standard deviation, positive, the same shape.
        truth: The same shape.

    Returns:
        In the unit of the truth, the same shape.

    Source:
        Gneiting et al., Monthly Weather Review 133 (2005) 1098-1118, equation 5.
    """
    z = (truth - mean) / deviation
    density = paddle.exp(-0.5 * z * z) * math.sqrt(2 / math.pi)
    return deviation * (z * paddle.erf(z * math.sqrt(0.5)) + density - 1 / math.sqrt(math.pi))


class ForecastLoss:
    """The error of forecasts, each area and each lead counting alike.

    Means are judged by their squared error over that of what is corrected, normal distributions
    by the continuous ranked probability score over the root of it.
    """

    def __init__(self, head: str, area: FloatArray, scale: FloatArray) -> None:
        """Weigh areas and leads.

        Args:
            head: See :class:`NetworkSettings`.
            area: Share of each latitude in the area, shape (lat,).
            scale: Error of what is corrected, shape (lead, lat, lon).
        """
        self._head = head
        mean_square = np.mean(scale**2 * area[:, None], axis=(1, 2))
        unit = mean_square if head == "mean" else np.sqrt(mean_square)
        weight = area[:, None] / unit[:, None, None]  # (lead, lat, 1)
        self._weight = paddle.to_tensor(weight.astype(np.float32))

    def __call__(self, layer: nn.Layer, batch: Batch) -> Tensor:
        """Mean over a batch."""
        mean, deviation = layer(*(batch[name] for name in INPUTS))
        return self.of(mean, deviation, batch["future"])

    def of(self, mean: Tensor, deviation: Tensor | None, truth: Tensor) -> Tensor:
        """Mean over forecasts. Each of shape (batch, lead, lat, lon); a scalar."""
        if deviation is None:
            return (paddle.square(mean - truth) * self._weight).mean()
        return (normal_crps(mean, deviation, truth) * self._weight).mean()
