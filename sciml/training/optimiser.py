"""Optimiser, learning-rate schedule and weight average, with states that can be saved by name."""

import math
from typing import Any, Literal

import numpy as np
import paddle
from numpy.typing import NDArray
from paddle import nn
from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat

from sciml.core.errors import DamagedFile
from sciml.core.settings import Settings
from sciml.training.soap import Soap

Optimiser = paddle.optimizer.Optimizer | Soap
Tensors = dict[str, NDArray[Any]]
_OTHER_STATE = "checkpoint: the optimiser's state is that of another optimiser."


class OptimiserSettings(Settings):
    """How weights move."""

    method: Literal["adamw", "adam", "sgd", "soap"] = "adamw"
    learning_rate: PositiveFloat = 1e-3  # the highest of the schedule
    weight_decay: NonNegativeFloat = 0.0  # of adamw and soap
    clip_norm: PositiveFloat | None = 1.0  # largest global norm of the gradient
    schedule: Literal["constant", "cosine", "linear"] = "cosine"
    warmup_steps: NonNegativeInt = 0  # steps from near zero up to learning_rate
    average_decay: float | None = Field(default=None, gt=0, lt=1)  # of the weights' running average


def make_optimiser(layer: nn.Layer, settings: OptimiserSettings) -> Optimiser:
    """The optimiser for all trainable weights of a layer."""
    if settings.method == "soap":
        named = {n: each for n, each in layer.named_parameters() if not each.stop_gradient}
        return Soap(named, settings.learning_rate, settings.clip_norm, settings.weight_decay)
    clip = nn.ClipGradByGlobalNorm(settings.clip_norm) if settings.clip_norm else None
    weights = [weight for weight in layer.parameters() if not weight.stop_gradient]
    rate = settings.learning_rate
    if settings.method == "adamw":
        decay = settings.weight_decay
        return paddle.optimizer.AdamW(rate, parameters=weights, weight_decay=decay, grad_clip=clip)
    if settings.method == "adam":
        return paddle.optimizer.Adam(rate, parameters=weights, grad_clip=clip)
    return paddle.optimizer.SGD(rate, parameters=weights, grad_clip=clip)


def learning_rate(settings: OptimiserSettings, step: int, steps: int) -> float:
    """The learning rate of a step: a pure function, so that a schedule has no state to save.

    Args:
        settings: Highest rate, form of the schedule and steps of warm-up.
        step: Number of the step, from 0.
        steps: Steps of the whole run.

    Returns:
        The rate; it rises linearly during the warm-up and ends near zero unless constant.
    """
    if step < settings.warmup_steps:
        return settings.learning_rate * (step + 1) / settings.warmup_steps
    if settings.schedule == "constant":
        return settings.learning_rate
    done = (step - settings.warmup_steps) / max(steps - settings.warmup_steps, 1)
    if settings.schedule == "linear":
        return settings.learning_rate * (1 - done)
    return settings.learning_rate * (1 + math.cos(math.pi * done)) / 2


class RunningAverage:
    """Exponential average of the weights; buffers such as batch statistics are copied."""

    def __init__(self, layer: nn.Layer, decay: float) -> None:
        self._decay = decay
        state = layer_state(layer)
        self.values = {name: weight.clone().detach() for name, weight in state.items()}
        self._pairs = [(weight, self.values[name]) for name, weight in state.items()]

    @paddle.no_grad()
    def update(self) -> None:
        """Take in the present weights."""
        for weight, average in self._pairs:
            if weight.stop_gradient:
                average.set_value(weight)
            else:
                average.scale_(self._decay)
                average.add_(weight * (1 - self._decay))


def layer_state(layer: nn.Layer) -> dict[str, paddle.Tensor]:
    """Weights and persistent buffers of a layer by name, each tensor once.

    Recurrent layers of Paddle list their weights under two names.
    """
    seen: set[int] = set()
    state: dict[str, paddle.Tensor] = {}
    for name, tensor in layer.state_dict().items():
        if id(tensor) not in seen:
            seen.add(id(tensor))
            state[name] = tensor
    return state


def layer_arrays(layer: nn.Layer) -> Tensors:
    """Copies of a layer's weights and buffers as arrays."""
    return {name: np.array(tensor.numpy()) for name, tensor in layer_state(layer).items()}


@paddle.no_grad()
def load_layer(layer: nn.Layer, arrays: Tensors) -> None:
    """Put arrays into a layer.

    Args:
        layer: The layer.
        arrays: Weights and buffers by name; all names and shapes must be those of the layer.

    Raises:
        DamagedFile: if a name is missing or too many, or a shape differs.
    """
    state = layer_state(layer)
    wrong = sorted(state.keys() ^ arrays.keys())
    if wrong:
        raise DamagedFile(
            f"weights: the names differ from the model's at {', '.join(wrong[:3])}; "
            "use the settings that the weights were made with."
        )
    for name, tensor in state.items():
        if tuple(tensor.shape) != arrays[name].shape:
            raise DamagedFile(
                f"weights: {name} has shape {arrays[name].shape}, the model wants "
                f"{tuple(tensor.shape)}; use the settings that the weights were made with."
            )
        tensor.set_value(arrays[name])


def optimiser_arrays(optimiser: Optimiser, layer: nn.Layer) -> Tensors:
    """The moments of an optimiser, named after the layer's weights.

    Paddle names them after global counters, which another process would count differently.
    """
    if isinstance(optimiser, Soap):
        return optimiser.arrays()
    return {
        name: np.array(tensor.numpy()) for name, tensor in _named_moments(optimiser, layer).items()
    }


def load_optimiser(optimiser: Optimiser, layer: nn.Layer, arrays: Tensors) -> None:
    """Put saved moments into a fresh optimiser; the weights of the layer must be loaded after it.

    A step with zero gradients makes Paddle create the moments, which are then overwritten.

    Args:
        optimiser: A fresh optimiser of the layer's weights.
        layer: The layer; this call may change its weights.
        arrays: What :func:`optimiser_arrays` returned.

    Raises:
        DamagedFile: if the moments are those of another optimiser or layer.
    """
    if isinstance(optimiser, Soap):
        try:
            optimiser.load(arrays)
        except KeyError as error:
            raise DamagedFile(_OTHER_STATE) from error
        return
    weights = [weight for weight in layer.parameters() if not weight.stop_gradient]
    paddle.add_n([(weight * 0).sum() for weight in weights]).backward()
    optimiser.step()
    optimiser.clear_grad()
    moments = _named_moments(optimiser, layer)
    if moments.keys() != arrays.keys():
        raise DamagedFile(_OTHER_STATE)
    for name, tensor in moments.items():
        tensor.set_value(arrays[name])


def _named_moments(
    optimiser: paddle.optimizer.Optimizer, layer: nn.Layer
) -> dict[str, paddle.Tensor]:
    """The optimiser's tensors by `<weight>/<moment>`."""
    names = {weight.name: name for name, weight in layer.named_parameters()}
    longest_first = sorted(names, key=len, reverse=True)
    moments: dict[str, paddle.Tensor] = {}
    for key, tensor in optimiser.state_dict().items():
        owner = next(weight for weight in longest_first if key.startswith(weight + "_"))
        # The ending counts the optimisers made so far in the process.
        moment = key[len(owner) + 1 :].rpartition("_")[0]
        moments[f"{names[owner]}/{moment}"] = tensor
    return moments
