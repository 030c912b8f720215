"""The recurrent network against one written out by hand, and what is random in it."""

import math

import numpy as np
import paddle
import pytest
from pydantic import ValidationError

from sciml.core.errors import BadInput
from sciml.nn.recurrent import LSTMForecast, LSTMSettings
from sciml.training.optimiser import layer_arrays

CHANNELS, HISTORY, LEADS, TARGETS = 3, 6, 2, 4
_PARTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
X = np.random.default_rng(0).normal(size=(5, HISTORY, CHANNELS)).astype(np.float32)


def network(**given: float) -> LSTMForecast:
    paddle.seed(2)
    settings = LSTMSettings.model_validate({"hidden": 7} | given)
    return LSTMForecast(CHANNELS, HISTORY, LEADS, TARGETS, settings)


def outputs(layer: LSTMForecast, x: np.ndarray = X) -> np.ndarray:
    return layer(paddle.to_tensor(x)).numpy()


def by_hand(weights: dict[str, np.ndarray], x: np.ndarray, layers: int) -> np.ndarray:
    """Gate by gate and sample by sample, in double precision: gates i, f, g, o."""
    w = {name: array.astype(np.float64) for name, array in weights.items()}
    series = x.astype(np.float64)
    for number in range(layers):
        w_x, w_h, b_x, b_h = (w[f"recurrent.{part}_l{number}"] for part in _PARTS)
        h = c = np.zeros((len(x), w_h.shape[1]))
        states = []
        for t in range(series.shape[1]):
            gates = series[:, t] @ w_x.T + b_x + h @ w_h.T + b_h
            i, f, g, o = np.split(gates, 4, axis=1)
            c = c / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
            h = np.tanh(c) / (1 + np.exp(-o))
            states.append(h)
        series = np.stack(states, axis=1)
    return (h @ w["head.weight"] + w["head.bias"]).reshape(len(x), LEADS, TARGETS)


@pytest.mark.parametrize("layers", [1, 2])
def test_it_computes_what_the_equations_say(layers: int) -> None:
    layer = network(layers=layers)
    layer.eval()
    np.testing.assert_allclose(outputs(layer), by_hand(layer_arrays(layer), X, layers), atol=1e-5)


def test_a_sample_does_not_see_the_others_of_its_batch() -> None:
    layer = network(dropout=0.5, input_noise=0.1)
    layer.eval()
    alone = np.concatenate([outputs(layer, X[i : i + 1]) for i in range(len(X))])
    np.testing.assert_allclose(outputs(layer), alone, atol=1e-6)


@pytest.mark.parametrize("given", [{"dropout": 0.5}, {"input_noise": 0.1}])
def test_noise_and_dropout_act_in_training_alone_and_follow_the_seed(
    given: dict[str, float],
) -> None:
    layer = network(**given)
    layer.train()
    paddle.seed(1)
    first, second = outputs(layer), outputs(layer)
    assert np.abs(first - second).max() > 1e-4
    paddle.seed(1)
    np.testing.assert_array_equal(outputs(layer), first)
    layer.eval()
    np.testing.assert_array_equal(outputs(layer), outputs(layer))


def test_the_noise_has_the_standard_deviation_that_was_asked_for() -> None:
    layer = network(input_noise=0.3)
    seen: list[np.ndarray] = []
    layer.recurrent.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].numpy()))
    layer.train()
    still = np.zeros((2000, HISTORY, CHANNELS), np.float32)
    outputs(layer, still)
    assert seen[0].std() == pytest.approx(0.3, rel=5 / math.sqrt(2 * still.size))


def test_a_history_of_another_length_is_refused() -> None:
    with pytest.raises(BadInput) as error:
        outputs(network(), X[:, 1:])
    assert str(error.value) == (
        "history: expected axes (batch, time=6, channel=3), got shape (5, 5, 3)"
    )


@pytest.mark.parametrize(
    "given", [{"hidden": 0}, {"layers": 0}, {"dropout": 1.0}, {"input_noise": -0.1}, {"hiden": 4}]
)
def test_settings_out_of_range_are_refused(given: dict[str, float]) -> None:
    with pytest.raises(ValidationError, match=next(iter(given))):
        LSTMSettings.model_validate(given)
