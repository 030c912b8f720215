"""Training that is killed again and again ends with the weights of training that was not.

A training runs in a process of its own. It is sent SIGKILL at random moments, each time a new
process goes on from what lies on the disk, and at the end all tensors are compared by SHA-256 with
those of a run that nobody disturbed. A moment is a random step of the run plus a random delay of
a few steps' length, so that kills hit whatever a step does. Checkpoints are so frequent that some
kills hit one while it is being written; these are counted by the half-written folders they leave.
"""

import argparse
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import sciml  # noqa: F401 - makes the process settings, which must precede Paddle

# isort: split
import numpy as np
import paddle
from numpy.typing import NDArray
from paddle import nn
from reporting import Row, report

from sciml.core.seeds import seed_everything
from sciml.data.windows import Windows, WindowSettings
from sciml.hydro.cases import INSIDE, TRAIN, Cases
from sciml.nn.recurrent import LSTMForecast, LSTMSettings
from sciml.training.feed import Arrays, Batch, Feed
from sciml.training.fit import FitSettings, Problem, fit
from sciml.training.optimiser import OptimiserSettings, layer_arrays

Named = dict[str, NDArray[Any]]

CHECKPOINT_STEPS = 3  # optimiser steps between checkpoints
BATCH_SIZE = 32
LAST_KILL = 0.85  # of the steps: the delays must not push the last kill beyond the end
LONGEST_DELAY = 0.03  # s, from the chosen step to the kill; a step takes about 8 ms
STARTING = 120.0  # s, longest wait for a chosen step
REACHED, FINISHED, DATA = "reached", "finished.json", "data.npz"

_WINDOW = WindowSettings(history=30, leads=(1, 10), stride=3)  # samples at 500 Hz


def cavities() -> Named:
    """Windows over simulated cavities, scaled."""
    from sciml.hydro.histories import simulated_cavities  # seconds, and needed once

    splits = simulated_cavities()
    scaling = splits[TRAIN].scaling()

    def windows(cases: Cases) -> Named:
        series = [scaling.apply(case.values) for case in cases.cases.values()]
        made = Windows(series, _WINDOW, cases.target_indices)
        return made.gather(np.arange(len(made)))

    seen, judged = windows(splits[TRAIN]), windows(splits[INSIDE])
    return {"x": seen["history"], "y": seen["future"]} | {
        "judged_x": judged["history"],
        "judged_y": judged["future"],
    }


def images() -> Named:
    """Random images, and the products of two of their channels."""
    x = np.random.default_rng(0).normal(size=(800, 3, 12, 12)).astype(np.float32)
    y = x[:, :1] * x[:, 1:2] + np.float32(0.1)
    return {"x": x[:640], "y": y[:640], "judged_x": x[640:], "judged_y": y[640:]}


def recurrent() -> nn.Layer:
    """Two layers of LSTM with dropout and noise on the input."""
    settings = LSTMSettings(hidden=24, layers=2, dropout=0.1, input_noise=0.01)
    return LSTMForecast(3, _WINDOW.history, len(_WINDOW.leads), 1, settings)


def convolutional() -> nn.Layer:
    """Three convolutions with batch norm and dropout."""
    return nn.Sequential(
        nn.Conv2D(3, 16, 3, padding=1),
        nn.BatchNorm2D(16),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Conv2D(16, 16, 3, padding=1),
        nn.BatchNorm2D(16),
        nn.ReLU(),
        nn.Conv2D(16, 1, 3, padding=1),
    )


class Network(NamedTuple):
    """A training under test."""

    title: str
    data: Callable[[], Named]
    layer: Callable[[], nn.Layer]
    epochs: int
    optimiser: OptimiserSettings


NETWORKS = {
    "lstm": Network(
        "LSTM", cavities, recurrent, 7, OptimiserSettings(average_decay=0.98, warmup_steps=20)
    ),
    "conv": Network("conv net", images, convolutional, 40, OptimiserSettings(method="adam")),
}


def train(name: str, folder: Path, announced: int) -> None:
    """What a child does: train or go on, announce a step of its own, leave the digest."""
    network = NETWORKS[name]
    with np.load(folder.parent / f"{name}-{DATA}") as file:
        data = dict(file)
    seed_everything(7)
    layer, calls = network.layer(), 0

    def loss(layer: nn.Layer, batch: Batch) -> paddle.Tensor:
        nonlocal calls
        calls += 1
        if calls == announced + 1:
            (folder / REACHED).touch()
        return nn.functional.mse_loss(layer(batch["x"]), batch["y"])

    def validate(layer: nn.Layer) -> dict[str, float]:
        x, y = (paddle.to_tensor(data[f"judged_{part}"]) for part in "xy")
        return {"mse": float(nn.functional.mse_loss(layer(x), y).item().real)}

    settings = FitSettings(
        epochs=network.epochs,
        batch_size=BATCH_SIZE,
        checkpoint_steps=CHECKPOINT_STEPS,
        optimiser=network.optimiser,
    )
    feed = Feed(Arrays(x=data["x"], y=data["y"]), BATCH_SIZE, seed=1)
    problem = Problem(layer, loss, feed, validate)
    result = fit(problem, settings, seed=7, folder=folder / "run", recipe={"network": name})
    content = {
        "sha256": digest(layer_arrays(layer)),
        "steps": result.steps,
        "epochs": result.epochs,
        "best": result.best,
    }
    (folder / FINISHED).write_text(json.dumps(content), encoding="utf-8")


def digest(arrays: Named) -> str:
    """SHA-256 over names, types, shapes and bits of all tensors."""
    total = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        total.update(f"{name} {array.dtype} {array.shape}".encode())
        total.update(np.ascontiguousarray(array).tobytes())
    return total.hexdigest()


class Trial(NamedTuple):
    """How a training in one folder went."""

    finished: dict[str, Any]
    history: bytes
    kept: list[int]  # step of the newest checkpoint at each kill
    while_writing: int  # kills that left a half-written checkpoint


class Moment(NamedTuple):
    """When to kill a process."""

    steps: int  # done by this process
    delay: float  # s, after them


def tried(name: str, folder: Path, moments: Sequence[Moment]) -> Trial:
    """Run a training, kill it at each moment, and let the last process finish."""
    folder.mkdir()
    checkpoints = folder / "run/checkpoints"
    kept, writing = [], 0
    for moment in moments:
        before = set(checkpoints.glob(".part-*"))
        if not _killed(name, folder, moment):
            break
        writing += bool(set(checkpoints.glob(".part-*")) - before)
        kept.append(max((int(p.name[5:]) for p in checkpoints.glob("step-*")), default=0))
    if not (folder / FINISHED).exists() and _started(name, folder, 1).wait() != 0:
        raise SystemExit(f"{name}: the training failed")
    finished = json.loads((folder / FINISHED).read_text(encoding="utf-8"))
    return Trial(finished, (folder / "run/history.jsonl").read_bytes(), kept, writing)


def _started(name: str, folder: Path, steps: int) -> "subprocess.Popen[bytes]":
    """A training process that has done some steps, or has ended."""
    mark = folder / REACHED
    mark.unlink(missing_ok=True)
    command = [sys.executable, __file__, "--train", name, str(folder), str(steps)]
    child = subprocess.Popen(command, env=os.environ | {"SCIML_QUIET": "1"})
    limit = time.perf_counter() + STARTING
    while not mark.exists() and child.poll() is None:
        if time.perf_counter() > limit:
            child.kill()
            raise SystemExit(f"{name}: not at step {steps} within {STARTING:g} s")
        time.sleep(0.0005)
    return child


def _killed(name: str, folder: Path, moment: Moment) -> bool:
    """Start or go on, then kill; False if the training ended before."""
    child = _started(name, folder, moment.steps)
    time.sleep(moment.delay)
    child.send_signal(signal.SIGKILL)
    return child.wait() == -signal.SIGKILL


def drawn_moments(steps: int, kills: int, generator: np.random.Generator) -> list[Moment]:
    """Random moments over a run, each counted from the start of its process."""
    chosen = np.sort(generator.integers(1, round(LAST_KILL * steps), kills))
    own = np.maximum(np.diff(chosen, prepend=0), 1)
    delays = generator.uniform(0, LONGEST_DELAY, kills)
    return [Moment(int(step), float(delay)) for step, delay in zip(own, delays, strict=True)]


def compared(name: str, seed: int, kills: int, scratch: Path) -> list[Row]:
    """Train undisturbed, then with kills, and compare."""
    title = NETWORKS[name].title
    np.savez(scratch / f"{name}-{DATA}", **NETWORKS[name].data())
    whole = tried(name, scratch / f"{name}-whole", [])
    generator = np.random.default_rng([seed, *name.encode()])
    moments = drawn_moments(whole.finished["steps"], kills, generator)
    killed = tried(name, scratch / f"{name}-killed", moments)
    print(f"\n{title}: {whole.finished['steps']} steps")
    print("  steps done by each process, and delay in ms, before its kill: ", end="")
    print(", ".join(f"{m.steps} + {1e3 * m.delay:.1f}" for m in moments))
    print(f"  newest checkpoint at each kill, step: {', '.join(map(str, killed.kept))}")
    print(f"  sha256 undisturbed {whole.finished['sha256']}")
    print(f"  sha256 killed      {killed.finished['sha256']}")
    weights = float(whole.finished == killed.finished)
    history = float(whole.history == killed.history)
    return [
        Row(f"final weights bit-equal, {title}", weights, "1 = yes", 1.0, "more"),
        Row(f"histories equal, {title}", history, "1 = yes", 1.0, "more"),
        Row(f"kills, {title}", len(killed.kept), "1", kills, "more"),
        Row(f"kills while a checkpoint was written, {title}", killed.while_writing, "1"),
    ]


def main() -> None:
    """Compare both networks, or be the training process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=None, help="of the moments; drawn if not given")
    parser.add_argument("--train", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.train:
        name, folder, announced = given.train
        train(name, Path(folder), int(announced))
        return
    seed = given.seed
    if seed is None:
        seed = int(np.random.SeedSequence().generate_state(1)[0])
    with tempfile.TemporaryDirectory() as scratch:
        rows = [
            row for name in NETWORKS for row in compared(name, seed, given.kills, Path(scratch))
        ]
    report(f"SIGKILL at {given.kills} random moments of a training, seed {seed}", rows)


if __name__ == "__main__":
    main()
