"""What ``sciml.training.fit.fit`` costs over a bare Paddle loop, on the task of a recipe.

The two take turns step by step in one process, on the same batches: whenever ``fit`` asks for a
loss, the bare loop does one whole step first, and its process CPU time is set apart. Bursts of
seconds would not do, since a busy machine changes by more than 5 % between two of them. The
bare loop is what a careful person writes by hand: it keeps no checkpoints, history or seeds.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

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
EPOCHS = 1  # in a repetition
CHECKPOINT_STEPS = 50  # makes two in 94 steps; the recipe, all epochs, has one every 49 steps
BAR = 1.05  # CPU time of fit over that of the bare loop

Arrays = dict[str, NDArray[np.float32]]


class Task:
    """The recipe's network, windows and settings, for a few epochs."""

    def __init__(self) -> None:
        short = (f"training.epochs={EPOCHS}", f"training.checkpoint_steps={CHECKPOINT_STEPS}")
        self.recipe = read_recipe(RECIPE, ForecastRecipe, short)
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
        """The settings of a repetition."""
        return self.recipe.training

    @property
    def steps(self) -> int:
        """Optimiser steps in a repetition."""
        return EPOCHS * -(-len(self.windows) // self.training.batch_size)


class Turns(NamedTuple):
    """A training by ``fit`` and one by the bare loop that took turns."""

    fit: float  # CPU seconds
    bare: float  # CPU seconds
    equal: bool  # whether both ended with the same bits: they do the same arithmetic


def taken_turns(task: Task, folder: Path | None) -> Turns:
    """Train by ``fit`` with a bare step before each of its own.

    With a folder it keeps checkpoints and validates, by a validation that costs nothing.
    """
    bare_weights: dict[str, paddle.Tensor] = {}
    bare_steps, bare_seconds = bare_loop(task, bare_weights), 0.0

    def loss(layer: nn.Layer, batch: Batch) -> paddle.Tensor:
        nonlocal bare_seconds
        begun = time.process_time()
        next(bare_steps)
        bare_seconds += time.process_time() - begun
        return _squared_error(layer, batch)

    started = time.process_time()
    layer = task.layer()
    feed = Feed(task.windows, task.training.batch_size, task.recipe.seed)
    problem = Problem(layer, loss, feed, (lambda _: {"rmse": 0.0}) if folder else None)
    fit(problem, task.training, seed=task.recipe.seed, folder=folder)
    seconds = time.process_time() - started - bare_seconds
    arrays = layer_arrays(layer)
    equal = all(np.array_equal(bare_weights[name].numpy(), arrays[name]) for name in arrays)
    return Turns(seconds, bare_seconds, equal)


def bare_loop(task: Task, averages: dict[str, paddle.Tensor]) -> Iterator[float]:
    """Train by hand, with the optimiser, clipping, schedule and weight average of the recipe.

    Args:
        task: What to train.
        averages: Receives the running averages of the weights by name.

    Yields:
        The loss of each step.
    """
    layer, settings = task.layer(), task.training.optimiser
    optimiser = paddle.optimizer.AdamW(
        settings.learning_rate,
        parameters=layer.parameters(),
        weight_decay=settings.weight_decay,
        grad_clip=nn.ClipGradByGlobalNorm(settings.clip_norm or 1.0),
    )
    decay = settings.average_decay or 0.0
    weights = dict(zip(layer_arrays(layer), layer.parameters(), strict=True))
    averages.update({name: weight.clone().detach() for name, weight in weights.items()})
    x, y, size = task.arrays["history"], task.arrays["future"], task.training.batch_size
    step = 0
    for epoch in range(EPOCHS):
        order = np.random.default_rng([task.recipe.seed, epoch]).permutation(len(x))
        for start in range(0, len(x), size):
            chosen = order[start : start + size]
            optimiser.set_lr(learning_rate(settings, step, task.steps))
            inputs, truth = paddle.to_tensor(x[chosen]), paddle.to_tensor(y[chosen])
            loss = nn.functional.mse_loss(layer(inputs), truth)
            loss.backward()
            optimiser.step()
            optimiser.clear_grad()
            with paddle.no_grad():
                for name, weight in weights.items():
                    averages[name].scale_(decay)
                    averages[name].add_(weight * (1 - decay))
            step += 1
            yield float(loss.item().real)


def _squared_error(layer: nn.Layer, batch: Batch) -> paddle.Tensor:
    return nn.functional.mse_loss(layer(batch["history"]), batch["future"])


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=11)
    repetitions = parser.parse_args().repetitions
    task = Task()
    taken_turns(task, None)  # memory and code are warm
    with tempfile.TemporaryDirectory() as scratch:
        pairs = [
            (taken_turns(task, Path(scratch) / f"run-{number}"), taken_turns(task, None))
            for number in range(repetitions)
        ]
    kept, unkept = ([pair[kind] for pair in pairs] for kind in range(2))
    ratios = [turns.fit / turns.bare for turns in kept]
    print("  repetitions: " + " ".join(f"{ratio:.3f}" for ratio in ratios))
    rate = task.steps / statistics.median(turns.fit for turns in kept)
    bare_rate = task.steps / statistics.median(turns.bare for turns in kept)
    equal = float(all(turns.equal for turns in kept + unkept))
    without = statistics.median(turns.fit / turns.bare for turns in unkept)
    report(
        f"fit over a bare loop: {RECIPE.stem}, {repetitions} times {task.steps} steps of each",
        [
            Row("CPU of fit over bare loop", statistics.median(ratios), "ratio", BAR, "less", 1.0),
            Row("CPU of fit without checkpoints over bare loop", without, "ratio"),
            Row("steps, fit", rate, "1/CPU s", None, "more", bare_rate),
            Row("final weights bit-equal to the bare loop's", equal, "1 = yes", 1.0, "more"),
        ],
    )


if __name__ == "__main__":
    main()
