"""Schedules are pure functions; states are named after the layer, not after global counters."""

import itertools

import numpy as np
import paddle
import pytest
from paddle import nn

from sciml.core.errors import DamagedFile
from sciml.training.optimiser import (
    Optimiser,
    OptimiserSettings,
    layer_arrays,
    learning_rate,
    load_layer,
    load_optimiser,
    make_optimiser,
    optimiser_arrays,
)


@pytest.mark.parametrize("schedule", ["constant", "cosine", "linear"])
def test_a_schedule_rises_then_never_rises_again(schedule: str) -> None:
    settings = OptimiserSettings(learning_rate=2.0, schedule=schedule, warmup_steps=10)  # pyright: ignore[reportArgumentType]
    rates = [learning_rate(settings, step, 100) for step in range(100)]
    assert rates[:10] == pytest.approx(np.arange(1, 11) * 0.2)
    assert max(rates) == 2.0
    assert all(a >= b for a, b in itertools.pairwise(rates[10:]))
    assert rates[-1] == 2.0 if schedule == "constant" else rates[-1] < 0.05


def test_halfway_a_cosine_is_at_half() -> None:
    assert learning_rate(OptimiserSettings(learning_rate=1.0), 50, 100) == pytest.approx(0.5)


@pytest.mark.parametrize("method", ["adamw", "adam", "sgd", "soap"])
def test_moments_move_to_another_layer_with_other_global_names(method: str) -> None:
    settings = OptimiserSettings(method=method)  # pyright: ignore[reportArgumentType]

    def made() -> tuple[nn.Layer, Optimiser]:
        layer = nn.Sequential(nn.LSTM(2, 3), nn.Linear(3, 1))
        return layer, make_optimiser(layer, settings)

    def step(layer: nn.Layer, optimiser: Optimiser) -> None:
        x = paddle.ones([4, 5, 2])
        layer[1](layer[0](x)[0]).square().mean().backward()  # pyright: ignore[reportIndexIssue]
        optimiser.step()
        optimiser.clear_grad()

    old, old_optimiser = made()
    for _ in range(3):
        step(old, old_optimiser)
    new, new_optimiser = made()
    load_optimiser(new_optimiser, new, optimiser_arrays(old_optimiser, old))
    load_layer(new, layer_arrays(old))
    step(old, old_optimiser)
    step(new, new_optimiser)
    for name, array in layer_arrays(old).items():
        np.testing.assert_array_equal(layer_arrays(new)[name], array)


def test_weights_of_another_model_are_refused() -> None:
    with pytest.raises(DamagedFile, match="the names differ from the model's at"):
        load_layer(nn.Linear(2, 1), layer_arrays(nn.Sequential(nn.Linear(2, 1))))
    with pytest.raises(DamagedFile, match=r"weight has shape \(3, 1\), the model wants \(2, 1\)"):
        load_layer(nn.Linear(2, 1), layer_arrays(nn.Linear(3, 1)))
