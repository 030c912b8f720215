"""What ``sciml.training.fit.fit`` costs over a bare Paddle loop, on the task of a recipe.

Bursts of both are interleaved in one process and take the same batches, so that a busy machine
slows both alike; process CPU time is compared, pair by pair, and the median pair counts. What
else the machine does only ever adds time, so the least of each is given beside it. The bare loop
is what a careful person writes by hand: it keeps no checkpoints, no history and no seeds.
"""

import argparse
import itertools
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import sciml  # noqa: F401 - makes the process settings, which must precede Paddle

# isort: split
import numpy as np
import paddle
from numpy.typing import NDArray
from paddle import nn
from reporting import Row, report

from sciml.core.paths import project_root
from sciml.core.seeds import seed_everything
from sciml.data.windows import Windows
from sciml.hydro.cases import TRAIN
from sciml.hydro.histories import simulated_cavities
from sciml.hydro.tasks import ForecastRecipe
from sciml.nn.recurrent import LSTMForecast
from sciml.training.feed import Batch, Feed
from sciml.training.fit import FitSettings, Problem, fit
from sciml.training.optimiser import layer_arrays, learning_rate
from sciml.training.recipe import read_recipe

RECIPE = project_root() / "recipes/hydro/cavity-pressure-lstm.yaml"
EPOCHS = 1  # in a burst
CHECKPOINT_STEPS = 50  # in a burst of 94 steps two checkpoints; the recipe has one every 49 steps
BAR = 1.05  # CPU time of fit over that of the bare loop

Arrays = dict[str, NDArray[np.float32]]
Weights = Mapping[str, NDArray[np.float32]]


class Task:
    """The recipe's network, windows and settings, for bursts of a few epochs."""

    def __init__(self) -> None:
        burst = (f"training.epochs={EPOCHS}", f"training.checkpoint_steps={CHECKPOINT_STEPS}")
        self.recipe = read_recipe(RECIPE, ForecastRecipe, burst)
        train = simulated_cavities()[TRAIN].without(self.recipe.data.validation)
        scaling, runs = train.scaling(), train.cases.values()
        self.windows = Windows(
            [scaling.apply(case.values) for case in runs],
            self.recipe.window,
            train.target_indices,
            [(case.active.start, case.active.stop) for case in runs],
        )
        self.sizes = (len(train.channels), self.recipe.window.history)
        self.outputs = (len(self.recipe.window.leads), len(train.targets))
        self.arrays: Arrays = self.windows.gather(np.arange(len(self.windows)))

    def layer(self) -> LSTMForecast:
        """A network with the recipe's initial weights."""
        seed_everything(self.recipe.seed)
        return LSTMForecast(*self.sizes, *self.outputs, self.recipe.model)

    @property
    def training(self) -> FitSettings:
        """The settings of a burst."""
        return self.recipe.training

    @property
    def steps(self) -> int:
        """Optimiser steps in a burst."""
        return EPOCHS * -(-len(self.windows) // self.training.batch_size)


def with_fit(task: Task, folder: Path | None) -> Weights:
    """Train by ``fit``; the validation costs nothing, so that fit's own work around one counts."""
    layer = task.layer()
    feed = Feed(task.windows, task.training.batch_size, task.recipe.seed)
    problem = Problem(layer, _squared_error, feed, lambda _: {"rmse": 0.0} if folder else {})
    if folder is None:
        problem = problem._replace(validate=None)
    fit(problem, task.training, seed=task.recipe.seed, folder=folder)
    return layer_arrays(layer)


def with_bare_loop(task: Task) -> tuple[Weights, list[float]]:
    """Train by hand: the same optimiser, clipping, schedule and average of the weights."""
    layer, settings = task.layer(), task.training.optimiser
    weights = list(layer.parameters())
    optimiser = paddle.optimizer.AdamW(
        settings.learning_rate,
        parameters=weights,
        weight_decay=settings.weight_decay,
        grad_clip=nn.ClipGradByGlobalNorm(settings.clip_norm or 1.0),
    )
    decay = settings.average_decay or 0.0
    averages = [weight.clone().detach() for weight in weights]
    x, y, size = task.arrays["history"], task.arrays["future"], task.training.batch_size
    losses = []
    for epoch in range(EPOCHS):
        order = np.random.default_rng([task.recipe.seed, epoch]).permutation(len(x))
        for start in range(0, len(x), size):
            chosen = order[start : start + size]
            optimiser.set_lr(learning_rate(settings, len(losses), task.steps))
            inputs, truth = paddle.to_tensor(x[chosen]), paddle.to_tensor(y[chosen])
            loss = nn.functional.mse_loss(layer(inputs), truth)
            loss.backward()
            optimiser.step()
            optimiser.clear_grad()
            losses.append(loss.item())
            with paddle.no_grad():
                for average, weight in zip(averages, weights, strict=True):
                    average.scale_(decay)
                    average.add_(weight * (1 - decay))
    names = layer_arrays(layer)
    return dict(zip(names, (average.numpy() for average in averages), strict=True)), losses


def _squared_error(layer: nn.Layer, batch: Batch) -> paddle.Tensor:
    return nn.functional.mse_loss(layer(batch["history"]), batch["future"])


def cpu_seconds(burst: Callable[[], object]) -> float:
    """CPU time of the whole process during a burst."""
    started = time.process_time()
    burst()
    return time.process_time() - started


def measured(task: Task, repetitions: int) -> dict[str, list[float]]:
    """CPU seconds of interleaved bursts; which one goes first rotates."""
    with tempfile.TemporaryDirectory() as scratch:
        folders = (Path(scratch) / f"run-{number}" for number in itertools.count())
        bursts: dict[str, Callable[[], object]] = {
            "bare": lambda: with_bare_loop(task),
            "kept": lambda: with_fit(task, next(folders)),
            "unkept": lambda: with_fit(task, None),
        }
        seconds: dict[str, list[float]] = {name: [] for name in bursts}
        for repetition in range(-1, repetitions):  # the first round warms up
            names = list(bursts)
            turn = repetition % len(names)
            for name in names[turn:] + names[:turn]:
                spent = cpu_seconds(bursts[name])
                if repetition >= 0:
                    seconds[name].append(spent)
    return seconds


def same_weights(task: Task) -> float:
    """1 when both loops end with the same bits: they do the same arithmetic."""
    bare, _ = with_bare_loop(task)
    fitted = with_fit(task, None)
    return float(all(np.array_equal(bare[name], array) for name, array in fitted.items()))


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=21)
    repetitions = parser.parse_args().repetitions
    task = Task()
    equal = same_weights(task)
    seconds = measured(task, repetitions)

    def over_bare(name: str) -> float:
        pairs = zip(seconds[name], seconds["bare"], strict=True)
        return statistics.median(spent / bare for spent, bare in pairs)

    def least_over_bare(name: str) -> float:
        return min(seconds[name]) / min(seconds["bare"])

    rates = {name: task.steps / statistics.median(spent) for name, spent in seconds.items()}
    report(
        f"fit over a bare loop: {RECIPE.stem}, {repetitions} pairs of {task.steps} steps",
        [
            Row("CPU of fit over bare loop", over_bare("kept"), "ratio", BAR, "less", 1.0),
            Row("the same, least of each over least", least_over_bare("kept"), "ratio"),
            Row("CPU of fit without checkpoints over bare loop", over_bare("unkept"), "ratio"),
            Row("steps, fit", rates["kept"], "1/CPU s", None, "more", rates["bare"]),
            Row("final weights bit-equal to the bare loop's", equal, "1 = yes", 1.0, "more"),
        ],
    )


if __name__ == "__main__":
    main()
