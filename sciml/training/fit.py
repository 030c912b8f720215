"""The training loop: one for all domains, deterministic, and safe to kill at any moment."""

import enum
import json
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import paddle
from paddle import nn
from pydantic import PositiveInt

from sciml.core.errors import BadInput, Interrupted
from sciml.core.paths import shown
from sciml.core.seeds import random_state, restore_random_state, seed_everything, step_seed
from sciml.core.settings import Settings
from sciml.core.talk import progress, say
from sciml.core.writing import failures_explained, write_text
from sciml.training.checkpoint import Checkpoint, load_newest, save_checkpoint
from sciml.training.feed import Batch, Feed
from sciml.training.optimiser import (
    OptimiserSettings,
    RunningAverage,
    Tensors,
    layer_arrays,
    learning_rate,
    load_layer,
    load_optimiser,
    make_optimiser,
    optimiser_arrays,
)

LossFunction = Callable[[nn.Layer, Batch], paddle.Tensor]
Validation = Callable[[nn.Layer], Mapping[str, float]]

HISTORY_FILE = "history.jsonl"
_GO_ON = "run the same command to go on from there."
_NOTHING_KEPT = "nothing was kept, the same command begins anew."


class FitSettings(Settings):
    """How long and in which portions to train."""

    epochs: PositiveInt = 10
    batch_size: PositiveInt = 64
    accumulate: PositiveInt = 1  # batches whose gradients make one step
    patience: PositiveInt | None = None  # epochs without improvement before stopping early
    checkpoint_steps: PositiveInt = 500  # optimiser steps between checkpoints
    optimiser: OptimiserSettings = OptimiserSettings()


class FitEnd(enum.Enum):
    """Why a training ended."""

    FINISHED = "finished"
    STOPPED_EARLY = "stopped early"


class FitResult(NamedTuple):
    """What a training did; the layer itself holds the best weights."""

    end: FitEnd
    epochs: int
    steps: int
    best: dict[str, float]  # the validation's numbers at the best epoch
    wall_seconds: float
    cpu_seconds: float


class Problem(NamedTuple):
    """What is trained, on what, and how it is judged."""

    layer: nn.Layer
    loss: LossFunction  # mean over the samples of a batch, a scalar tensor
    feed: Feed
    validate: Validation | None = None  # its first number is the one to make small


def fit(
    problem: Problem,
    settings: FitSettings,
    *,
    seed: int,
    folder: Path | None = None,
    recipe: Mapping[str, Any] | None = None,
) -> FitResult:
    """Train a layer; with a folder, go on from the newest checkpoint in it.

    The final weights are the same, bit for bit, whether or not the run was stopped, killed and
    resumed on the way. Ctrl-C stops at the next step, after a checkpoint.

    Args:
        problem: Layer, loss, batches and validation. The layer's initial weights are the caller's.
        settings: Epochs, batch size, optimiser, checkpoints.
        seed: Seed of all that is random in a step, such as dropout.
        folder: Folder of the run, for checkpoints and the history; None keeps nothing.
        recipe: Settings that a checkpoint must have been made with.

    Returns:
        How the training ended. The layer holds the weights of the best epoch when there is a
        validation, else the last ones (averaged if the settings ask for it).

    Raises:
        BadInput: if loss or validation is not finite, or a checkpoint is of another recipe.
        Interrupted: after Ctrl-C; the same call goes on.
        WriteFailed: if a checkpoint cannot be written; earlier ones are kept.
    """
    run = _Run(problem, settings, seed, folder, dict(recipe or {}))
    run.resume()
    with _stops_on_interrupt() as asked_to_stop, run.bar() as bar:
        while not run.over():
            run.step()
            bar.update()
            run.after_step()
            if asked_to_stop.is_set():
                run.save()
                raise Interrupted(
                    f"stopped at epoch {run.epoch + 1}, step {run.steps_done}; "
                    + (_GO_ON if folder else _NOTHING_KEPT)
                )
    return run.finish()


class _Run:
    """The state of a training between steps."""

    def __init__(
        self,
        problem: Problem,
        settings: FitSettings,
        seed: int,
        folder: Path | None,
        recipe: dict[str, Any],
    ) -> None:
        self.problem, self.settings, self.seed, self.recipe = problem, settings, seed, recipe
        self.folder = folder
        self.optimiser = make_optimiser(problem.layer, settings.optimiser)
        self.steps_per_epoch = -(-len(problem.feed) // settings.accumulate)
        self.steps_done = 0
        self.best: dict[str, float] = {}
        self.best_arrays: Tensors | None = None
        self.epochs_without_gain = 0
        self.history: list[dict[str, Any]] = []  # lines not yet on the disk
        self.seconds_before = (0.0, 0.0)
        self.started = (time.perf_counter(), time.process_time())
        decay = settings.optimiser.average_decay
        self.average = RunningAverage(problem.layer, decay) if decay else None
        seed_everything(seed)
        problem.layer.train()

    @property
    def epoch(self) -> int:
        return self.steps_done // self.steps_per_epoch

    @property
    def total_steps(self) -> int:
        return self.steps_per_epoch * self.settings.epochs

    def bar(self) -> Any:
        return progress(self.total_steps, "training", self.steps_done)

    def over(self) -> bool:
        return self.steps_done >= self.total_steps or self.out_of_patience()

    def out_of_patience(self) -> bool:
        patience = self.settings.patience
        return patience is not None and self.epochs_without_gain >= patience

    def step(self) -> None:
        """One optimiser step; its randomness depends on nothing but seed and number."""
        epoch, index = divmod(self.steps_done, self.steps_per_epoch)
        paddle.seed(step_seed(self.seed, self.steps_done))
        rate = learning_rate(self.settings.optimiser, self.steps_done, self.total_steps)
        self.optimiser.set_lr(rate)
        first = index * self.settings.accumulate
        batches = range(first, min(first + self.settings.accumulate, len(self.problem.feed)))
        total = 0.0
        for number in batches:
            loss = self.problem.loss(self.problem.layer, self.problem.feed.batch(epoch, number))
            share = loss if len(batches) == 1 else loss / len(batches)
            share.backward()
            total += float(share.item().real)
        if not math.isfinite(total):
            raise BadInput(
                f"training: the loss is {total} at epoch {epoch + 1}, step {self.steps_done + 1}; "
                "lower training.optimiser.learning_rate or look at the data of that batch."
            )
        self.optimiser.step()
        self.optimiser.clear_grad()
        if self.average:
            self.average.update()
        self.steps_done += 1
        self.history.append({"step": self.steps_done, "loss": total, "learning_rate": rate})

    def after_step(self) -> None:
        """Validate at the end of an epoch; save at its end and every so many steps."""
        epoch_ends = self.steps_done % self.steps_per_epoch == 0
        if epoch_ends and self.problem.validate:
            self._validate(self.problem.validate)
        if epoch_ends or self.steps_done % self.settings.checkpoint_steps == 0:
            self.save()

    def _validate(self, validate: Validation) -> None:
        """Judge the present weights, averaged ones if there are, and keep them if they are best."""
        with self._judged_weights():
            self.problem.layer.eval()
            with paddle.no_grad():
                numbers = {
                    name: float(value) for name, value in validate(self.problem.layer).items()
                }
            self.problem.layer.train()
            for name, value in numbers.items():
                if not math.isfinite(value):
                    raise BadInput(
                        f"training: the validation's {name} is {value} after epoch {self.epoch}; "
                        "look at the validation data, or lower training.optimiser.learning_rate."
                    )
            name, value = next(iter(numbers.items()))
            if not self.best or value < self.best[name]:
                self.best, self.best_arrays = numbers, layer_arrays(self.problem.layer)
                self.epochs_without_gain = 0
            else:
                self.epochs_without_gain += 1
        self.history.append({"step": self.steps_done, "epoch": self.epoch, **numbers})

    @contextmanager
    def _judged_weights(self) -> Iterator[None]:
        """Put the averaged weights into the layer for a while, if there are any."""
        if self.average is None:
            yield
            return
        present = layer_arrays(self.problem.layer)
        load_layer(self.problem.layer, self._averaged())
        try:
            yield
        finally:
            load_layer(self.problem.layer, present)

    def _averaged(self) -> Tensors:
        values = self.average.values if self.average else {}
        return {name: value.numpy() for name, value in values.items()}

    def seconds(self) -> tuple[float, float]:
        """Wall and CPU seconds of the run so far, those before a resume included."""
        wall, cpu = self.seconds_before
        started_wall, started_cpu = self.started
        return (
            wall + time.perf_counter() - started_wall,
            cpu + time.process_time() - started_cpu,
        )

    def save(self) -> None:
        """Write the history up to here, then a checkpoint."""
        if self.folder is None:
            self.history.clear()
            return
        groups = {
            "layer": layer_arrays(self.problem.layer),
            "optimiser": optimiser_arrays(self.optimiser, self.problem.layer),
            "average": self._averaged(),
            "best": self.best_arrays or {},
        }
        tensors = {
            f"{g}:{name}": array for g, part in groups.items() for name, array in part.items()
        }
        state = {
            "best": self.best,
            "epochs_without_gain": self.epochs_without_gain,
            "seconds": self.seconds(),
            "random": random_state(),
        }
        _append_lines(self.folder / HISTORY_FILE, self.history)
        self.history.clear()
        save_checkpoint(self.folder / "checkpoints", self.steps_done, tensors, state, self.recipe)

    def resume(self) -> None:
        """Go on from the newest whole checkpoint, if there is one."""
        if self.folder is None:
            return
        checkpoint = load_newest(self.folder / "checkpoints", self.recipe)
        with failures_explained(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        _cut_history(self.folder / HISTORY_FILE, checkpoint.step if checkpoint else 0)
        if checkpoint is not None:
            self._restore(checkpoint)
            say(f"{shown(self.folder)}: going on from step {self.steps_done} of {self.total_steps}")

    def _restore(self, checkpoint: Checkpoint) -> None:
        """Put the run where the checkpoint was taken."""
        groups: dict[str, Tensors] = {"layer": {}, "optimiser": {}, "average": {}, "best": {}}
        for key, array in checkpoint.tensors.items():
            group, _, name = key.partition(":")
            groups[group][name] = array
        load_optimiser(self.optimiser, self.problem.layer, groups["optimiser"])
        load_layer(self.problem.layer, groups["layer"])
        if self.average is not None:
            for name, array in groups["average"].items():
                self.average.values[name].set_value(array)
        self.steps_done = checkpoint.step
        self.best = checkpoint.state["best"]
        self.best_arrays = groups["best"] or None
        self.epochs_without_gain = checkpoint.state["epochs_without_gain"]
        wall, cpu = checkpoint.state["seconds"]
        self.seconds_before = (wall, cpu)
        restore_random_state(checkpoint.state["random"])

    def finish(self) -> FitResult:
        """Leave the best weights in the layer, ready for use."""
        if self.best_arrays is not None:
            load_layer(self.problem.layer, self.best_arrays)
        elif self.average is not None:
            load_layer(self.problem.layer, self._averaged())
        self.problem.layer.eval()
        end = FitEnd.STOPPED_EARLY if self.out_of_patience() else FitEnd.FINISHED
        return FitResult(end, self.epoch, self.steps_done, self.best, *self.seconds())


def _append_lines(path: Path, lines: list[dict[str, Any]]) -> None:
    """Append to the history; lines beyond the last checkpoint are cut off on resume."""
    with failures_explained(path), path.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)


def _cut_history(path: Path, step: int) -> None:
    """Drop what was written after the checkpoint, a line cut short by a kill included."""
    if not path.exists():
        return
    kept = []
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
        try:
            if json.loads(line)["step"] > step:
                break
        except (ValueError, KeyError):
            break
        kept.append(line)
    write_text(path, "".join(kept))


@contextmanager
def _stops_on_interrupt() -> Iterator[threading.Event]:
    """Have Ctrl-C set a flag that is looked at between steps; a second one stops at once."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked  # signals can only be handled in the main thread
        return

    def on_interrupt(_number: int, _frame: Any) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()
        say("stopping after this step; press Ctrl-C again to stop at once")

    before = signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)
