"""A small penalised network for what an identified theory still misses."""

import numpy as np
import paddle
from paddle import nn
from pydantic import NonNegativeInt, PositiveInt

from sciml.core.axes import FloatArray, axes
from sciml.core.seeds import seed_everything
from sciml.core.settings import Settings
from sciml.training.feed import Arrays, Batch, Feed
from sciml.training.fit import FitSettings, Problem, fit
from sciml.training.optimiser import OptimiserSettings


class ResidualNetworkSettings(Settings):
    """Size of the network and how it is trained; the weight decay is the penalty."""

    hidden: PositiveInt = 16
    training: FitSettings = FitSettings(
        epochs=20,
        batch_size=256,
        optimiser=OptimiserSettings(learning_rate=1e-2, weight_decay=1e-2),
    )
    seed: NonNegativeInt = 0


class ResidualNetwork:
    """A correction by one hidden layer of tanh without biases: odd, and zero at rest."""

    def __init__(self, layer: nn.Layer, feature_scale: FloatArray, scale: float) -> None:
        self._layer, self._feature_scale, self._scale = layer, feature_scale, scale

    def __call__(self, features: FloatArray) -> FloatArray:
        """Correction over ½ρV², shape (time,), from features of shape (time, feature)."""
        axes(features, "time feature", "features", feature=self._feature_scale.size)
        with paddle.no_grad():
            inputs = paddle.to_tensor((features / self._feature_scale).astype(np.float32))
            outputs = self._layer(inputs).numpy()
        return self._scale * outputs[:, 0].astype(np.float64)


def fit_residual_network(
    features: FloatArray, missed: FloatArray, settings: ResidualNetworkSettings | None = None
) -> ResidualNetwork:
    """Train the network on residuals, see :func:`sciml.hydro.residual_correction.residual_targets`.

    Args:
        features: Shape (time, feature).
        missed: Residual pressure over ½ρV², shape (time,).
        settings: Size and training.

    Returns:
        The correction; the same settings and data give the same one.

    Raises:
        BadInput: if the shapes differ.
    """
    settings = settings or ResidualNetworkSettings()
    sizes = axes(features, "time feature", "features")
    axes(missed, "time", "missed", time=sizes["time"])
    # Scales without a shift: rest must stay at zero. A feature that never moves stays zero.
    feature_scale = np.sqrt(np.mean(features**2, axis=0))
    feature_scale = np.where(feature_scale > 0, feature_scale, 1.0)
    scale = float(np.sqrt(np.mean(missed**2))) or 1.0
    seed_everything(settings.seed)
    layer = nn.Sequential(
        nn.Linear(sizes["feature"], settings.hidden, bias_attr=False),
        nn.Tanh(),
        nn.Linear(settings.hidden, 1, bias_attr=False),
    )
    samples = Arrays(
        features=(features / feature_scale).astype(np.float32),
        missed=(missed[:, None] / scale).astype(np.float32),
    )
    feed = Feed(samples, settings.training.batch_size, settings.seed)
    fit(Problem(layer, _squared_error, feed), settings.training, seed=settings.seed)
    layer.eval()
    return ResidualNetwork(layer, feature_scale, scale)


def _squared_error(layer: nn.Layer, batch: Batch) -> paddle.Tensor:
    return nn.functional.mse_loss(layer(batch["features"]), batch["missed"])
