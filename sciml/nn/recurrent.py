"""Recurrent networks for series."""

import paddle
from paddle import nn
from pydantic import Field, PositiveInt

from sciml.core.axes import axes
from sciml.core.settings import Settings


class LSTMSettings(Settings):
    """Size of a long short-term memory network that forecasts several leads at once."""

    hidden: PositiveInt = 64  # state size per layer
    layers: PositiveInt = 1
    dropout: float = Field(default=0.0, ge=0, lt=1)  # on the last state, in training only
    input_noise: float = Field(default=0.0, ge=0)  # standard deviation, in training only


class LSTMForecast(nn.Layer):
    """A long short-term memory network that reads a history and forecasts all leads at once.

    Source:
        Hochreiter & Schmidhuber, Neural Computation 9 (1997) 1735-1780.
    """

    def __init__(
        self, channels: int, history: int, leads: int, targets: int, settings: LSTMSettings
    ) -> None:
        super().__init__()
        self._sizes = {"time": history, "channel": channels}
        self._outputs = [-1, leads, targets]
        self._noise = settings.input_noise
        self.recurrent = nn.LSTM(channels, settings.hidden, num_layers=settings.layers)
        self.dropout = nn.Dropout(settings.dropout)
        self.head = nn.Linear(settings.hidden, leads * targets)

    def forward(self, history: paddle.Tensor) -> paddle.Tensor:
        """Forecast from the history.

        Args:
            history: Scaled channels up to now, dimensionless. Shape (batch, time, channel).

        Returns:
            Scaled targets at the leads. Shape (batch, lead, target).

        Raises:
            BadInput: if the history has other axes than the network was made for.
        """
        axes(history, "batch time channel", "history", **self._sizes)
        if self.training and self._noise:
            history = history + self._noise * paddle.randn(history.shape)
        _, (state, _) = self.recurrent(history)  # (layer, batch, hidden)
        return self.head(self.dropout(state[-1])).reshape(self._outputs)
