"""The loop: exact resume, accumulation, clipping, averaging, early stopping, interruption."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import paddle
import pytest
from paddle import nn

from sciml.core.errors import BadInput, Interrupted
from sciml.training.feed import Arrays, Batch, Feed
from sciml.training.fit import FitEnd, FitSettings, Problem, fit
from sciml.training.optimiser import OptimiserSettings, layer_arrays
from tests.laws import ResumesExactly

RNG = np.random.default_rng(5)
SERIES = RNG.normal(size=(120, 6, 3)).astype(np.float32)
IMAGES = RNG.normal(size=(60, 2, 6, 6)).astype(np.float32)
LEVEL = SERIES[:, -1, :1] * 2 + 0.1


class Recurrent(nn.Layer):
    def __init__(self) -> None:
        super().__init__()
        self.recurrent = nn.LSTM(3, 5)
        self.dropout = nn.Dropout(0.2)
        self.head = nn.Linear(5, 1)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return self.head(self.dropout(self.recurrent(x)[0][:, -1]))


def convolutional() -> nn.Layer:
    return nn.Sequential(
        nn.Conv2D(2, 4, 3, padding=1),
        nn.BatchNorm2D(4),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Conv2D(4, 1, 3, padding=1),
    )


def squared_error(layer: nn.Layer, batch: Batch) -> paddle.Tensor:
    return nn.functional.mse_loss(layer(batch["x"]), batch["y"])


def problem_of(layer: nn.Layer, x: np.ndarray, y: np.ndarray, batch: int) -> Problem:
    def validate(judged: nn.Layer) -> dict[str, float]:
        gap = judged(paddle.to_tensor(x)) - paddle.to_tensor(y)
        return {"rmse": paddle.square(gap).mean().sqrt().item(), "bias": gap.mean().item()}

    return Problem(layer, squared_error, Feed(Arrays(x=x, y=y), batch, seed=2), validate)


def settings(**given: Any) -> FitSettings:
    optimiser = OptimiserSettings(**given.pop("optimiser", {}))
    return FitSettings(**{"epochs": 3, "batch_size": 16, **given}, optimiser=optimiser)


class TestRecurrentNetwork(ResumesExactly):
    def problem(self) -> tuple[Problem, FitSettings]:
        paddle.seed(1)
        return problem_of(Recurrent(), SERIES, LEVEL, 16), settings(
            checkpoint_steps=3, optimiser={"average_decay": 0.9, "warmup_steps": 4}
        )


class TestConvolutionalNetwork(ResumesExactly):
    def problem(self) -> tuple[Problem, FitSettings]:
        paddle.seed(1)
        problem = problem_of(convolutional(), IMAGES, IMAGES[:, :1], 8)
        return problem, settings(
            checkpoint_steps=2, accumulate=3, patience=2, optimiser={"method": "adam"}
        )


def fitted(**given: Any) -> dict[str, np.ndarray]:
    """Weights of a linear layer after a fit on the last value of the series."""
    paddle.seed(3)
    layer = nn.Linear(3, 1)
    feed = Feed(Arrays(x=SERIES[:, -1], y=LEVEL), given.pop("batch", 40), seed=2)
    fit(Problem(layer, squared_error, feed), settings(**given), seed=0)
    return layer_arrays(layer)


def test_a_linear_law_is_learnt() -> None:
    weights = fitted(epochs=300, optimiser={"learning_rate": 0.05})
    np.testing.assert_allclose(weights["weight"][:, 0], [2, 0, 0], atol=1e-3)
    np.testing.assert_allclose(weights["bias"], [0.1], atol=1e-3)


def test_accumulated_batches_move_the_weights_as_one_large_batch_does() -> None:
    large = fitted(batch=40)
    small = fitted(batch=20, accumulate=2)
    for name, array in large.items():
        np.testing.assert_allclose(small[name], array, rtol=1e-5, atol=1e-6)


def test_clipping_bounds_the_step() -> None:
    paddle.seed(3)
    before = layer_arrays(nn.Linear(3, 1))
    plain = {"method": "sgd", "learning_rate": 1.0, "schedule": "constant"}
    after = fitted(batch=120, epochs=1, optimiser=plain | {"clip_norm": 0.01})
    moved = np.sqrt(sum(np.sum((after[name] - before[name]) ** 2) for name in before))
    assert moved == pytest.approx(0.01, rel=1e-4)


def test_averaged_weights_follow_their_definition() -> None:
    plain = {"method": "sgd", "learning_rate": 0.1, "schedule": "constant"}
    paddle.seed(3)
    first = layer_arrays(nn.Linear(3, 1))["weight"]
    second = fitted(batch=120, epochs=1, optimiser=plain)["weight"]
    averaged = fitted(batch=120, epochs=1, optimiser=plain | {"average_decay": 0.75})["weight"]
    np.testing.assert_allclose(averaged, 0.75 * first + 0.25 * second, rtol=1e-6)


def test_patience_stops_early_and_the_best_weights_are_kept() -> None:
    values = iter([3.0, 1.0, 2.0, 2.0, 2.0, 2.0])
    seen: list[np.ndarray] = []

    def validate(layer: nn.Layer) -> dict[str, float]:
        seen.append(layer_arrays(layer)["weight"])
        return {"error": next(values)}

    paddle.seed(3)
    layer = nn.Linear(3, 1)
    feed = Feed(Arrays(x=SERIES[:, -1], y=LEVEL), 40, seed=2)
    result = fit(
        Problem(layer, squared_error, feed, validate), settings(epochs=6, patience=2), seed=0
    )
    assert (result.end, result.epochs, result.best) == (FitEnd.STOPPED_EARLY, 4, {"error": 1.0})
    np.testing.assert_array_equal(layer_arrays(layer)["weight"], seen[1])


def test_a_loss_that_is_not_finite_stops_the_run_and_says_where() -> None:
    y = LEVEL.copy()
    y[5] = np.nan
    feed = Feed(Arrays(x=SERIES[:, -1], y=y), 120, seed=2)
    with pytest.raises(BadInput) as error:
        fit(Problem(nn.Linear(3, 1), squared_error, feed), settings(), seed=0)
    assert str(error.value) == (
        "training: the loss is nan at epoch 1, step 1; "
        "lower training.optimiser.learning_rate or look at the data of that batch."
    )


def test_ctrl_c_stops_between_steps_and_the_run_goes_on_to_the_same_end(tmp_path: Path) -> None:
    def run(folder: Path, interrupt_at: int = 0) -> dict[str, np.ndarray]:
        calls = 0

        def loss(layer: nn.Layer, batch: Batch) -> paddle.Tensor:
            nonlocal calls
            calls += 1
            if calls == interrupt_at:
                os.kill(os.getpid(), signal.SIGINT)
            return squared_error(layer, batch)

        paddle.seed(1)
        problem = problem_of(Recurrent(), SERIES, LEVEL, 16)._replace(loss=loss)
        fit(problem, settings(), seed=0, folder=folder)
        return layer_arrays(problem.layer)

    expected = run(tmp_path / "whole")
    with pytest.raises(Interrupted) as error:
        run(tmp_path / "stopped", interrupt_at=10)
    assert str(error.value) == (
        "stopped at epoch 2, step 10; run the same command to go on from there."
    )
    found = run(tmp_path / "stopped")
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array)


def test_the_history_has_a_line_for_each_step_and_each_validation(tmp_path: Path) -> None:
    paddle.seed(1)
    fit(problem_of(Recurrent(), SERIES, LEVEL, 60), settings(), seed=0, folder=tmp_path)
    lines = [json.loads(x) for x in (tmp_path / "history.jsonl").read_text().splitlines()]
    assert [x["step"] for x in lines if "loss" in x] == list(range(1, 7))
    assert [x["epoch"] for x in lines if "rmse" in x] == [1, 2, 3]


def test_without_a_folder_ctrl_c_promises_nothing() -> None:
    def loss(layer: nn.Layer, batch: Batch) -> paddle.Tensor:
        os.kill(os.getpid(), signal.SIGINT)
        return squared_error(layer, batch)

    with pytest.raises(Interrupted, match="nothing was kept, the same command begins anew"):
        fit(problem_of(Recurrent(), SERIES, LEVEL, 16)._replace(loss=loss), settings(), seed=0)


def test_every_number_of_the_validation_must_be_finite() -> None:
    feed = Feed(Arrays(x=SERIES[:, -1], y=LEVEL), 120, seed=2)
    numbers = {"error": 1.0, "skill": float("nan")}
    problem = Problem(nn.Linear(3, 1), squared_error, feed, lambda _: numbers)
    with pytest.raises(BadInput, match="the validation's skill is nan"):
        fit(problem, settings(), seed=0)


def test_a_validation_that_is_not_finite_stops_the_run_and_says_where() -> None:
    feed = Feed(Arrays(x=SERIES[:, -1], y=LEVEL), 120, seed=2)
    problem = Problem(nn.Linear(3, 1), squared_error, feed, lambda _: {"error": float("nan")})
    with pytest.raises(BadInput) as error:
        fit(problem, settings(), seed=0)
    assert str(error.value) == (
        "training: the validation's error is nan after epoch 1; "
        "look at the validation data, or lower training.optimiser.learning_rate."
    )


def test_a_layer_that_was_set_to_evaluation_is_trained_all_the_same() -> None:
    def trained(ready: bool) -> dict[str, np.ndarray]:
        paddle.seed(1)
        layer = Recurrent()
        if ready:
            layer.eval()
        fit(problem_of(layer, SERIES, LEVEL, 60), settings(epochs=1), seed=0)
        return layer_arrays(layer)

    for name, array in trained(ready=False).items():
        np.testing.assert_array_equal(trained(ready=True)[name], array)
