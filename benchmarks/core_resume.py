"""Training that is killed again and again ends with the weights of training that was not.

A training runs in a process of its own. It is sent SIGKILL at random moments, each time a new
process goes on from what lies on the disk, and at the end all tensors are compared by SHA-256 with
those of a run that nobody disturbed. The moments are drawn over the length of the undisturbed
run, counted from the first optimiser step of each process, since importing Paddle alone takes
longer than many a gap between two kills. Checkpoints are so frequent that some kills hit one
while it is being written; these are counted by the half-written folders they leave.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from reporting import Row, report

if TYPE_CHECKING:
    from sciml.training.fit import FitSettings, Problem

CHECKPOINT_STEPS = 3  # optimiser steps between checkpoints
LAST_KILL = 0.85  # of the undisturbed run's length: a faster machine must not outrun the kills
STARTED, FINISHED = "started", "finished.json"
STARTING = 120.0  # s, longest wait for the first step of a process


class Network(NamedTuple):
    """A training under test; it is made in the training's own process."""

    title: str
    problem: Callable[[], "tuple[Problem, FitSettings]"]


def lstm_problem() -> "tuple[Problem, FitSettings]":
    """An LSTM with dropout on simulated cavities, with averaged weights and a validation."""
    from sciml.data.windows import Windows, WindowSettings
    from sciml.hydro.cases import INSIDE, TRAIN, Cases
    from sciml.hydro.histories import simulated_cavities
    from sciml.nn.recurrent import LSTMForecast, LSTMSettings

    splits, shape = simulated_cavities(), WindowSettings(history=30, leads=(1, 10), stride=3)
    scaling = splits[TRAIN].scaling()

    def windows(cases: Cases) -> Windows:
        series = [scaling.apply(case.values) for case in cases.cases.values()]
        return Windows(series, shape, cases.target_indices)

    model = LSTMSettings(hidden=24, layers=2, dropout=0.1, input_noise=0.01)
    layer = LSTMForecast(len(scaling.channels), shape.history, len(shape.leads), 1, model)
    judged = windows(splits[INSIDE])
    arrays = (windows(splits[TRAIN]).gather, judged.gather(np.arange(len(judged))))
    size = len(windows(splits[TRAIN]))
    seen = arrays[0](np.arange(size))
    return _problem(layer, seen, arrays[1], {"average_decay": 0.98, "warmup_steps": 20}, epochs=8)


def convolutional_problem() -> "tuple[Problem, FitSettings]":
    """A small conv net with batch norm and dropout on random images."""
    from paddle import nn

    generator = np.random.default_rng(0)
    images = generator.normal(size=(800, 3, 12, 12)).astype(np.float32)
    truth = images[:, :1] * images[:, 1:2] + 0.1
    layer = nn.Sequential(
        nn.Conv2D(3, 16, 3, padding=1),
        nn.BatchNorm2D(16),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Conv2D(16, 16, 3, padding=1),
        nn.BatchNorm2D(16),
        nn.ReLU(),
        nn.Conv2D(16, 1, 3, padding=1),
    )
    seen = {"history": images[:640], "future": truth[:640]}
    judged = {"history": images[640:], "future": truth[640:]}
    return _problem(layer, seen, judged, {"method": "adam"}, epochs=20)


def _problem(
    layer: Any,
    seen: dict[str, Any],
    judged: dict[str, Any],
    optimiser: dict[str, Any],
    *,
    epochs: int,
) -> "tuple[Problem, FitSettings]":
    """A regression of `future` on `history`, validated at the end of each epoch."""
    import paddle
    from paddle import nn

    from sciml.training.feed import Arrays, Batch, Feed
    from sciml.training.fit import FitSettings, Problem

    def loss(layer: nn.Layer, batch: Batch) -> paddle.Tensor:
        return nn.functional.mse_loss(layer(batch["history"]), batch["future"])

    def validate(layer: nn.Layer) -> dict[str, float]:
        tensors = {name: paddle.to_tensor(array) for name, array in judged.items()}
        return {"mse": loss(layer, tensors).item()}

    settings = FitSettings.model_validate(
        {
            "epochs": epochs,
            "batch_size": 32,
            "checkpoint_steps": CHECKPOINT_STEPS,
            "optimiser": optimiser,
        }
    )
    return Problem(layer, loss, Feed(Arrays(**seen), 32, seed=1), validate), settings


NETWORKS = {
    "lstm": Network("LSTM", lstm_problem),
    "conv": Network("conv net", convolutional_problem),
}


def train(name: str, folder: Path) -> None:
    """What a child does: train or go on, say when the first step is done, leave the digest."""
    from sciml.core.seeds import seed_everything
    from sciml.training.fit import fit
    from sciml.training.optimiser import layer_arrays

    seed_everything(7)
    problem, settings = NETWORKS[name].problem()
    calls = 0

    def loss(layer: Any, batch: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:  # the first step of this process is done
            (folder / STARTED).touch()
        return problem.loss(layer, batch)

    made = problem._replace(loss=loss)
    result = fit(made, settings, seed=7, folder=folder / "run", recipe={"network": name})
    digest = _digest(layer_arrays(problem.layer))
    content = {"sha256": digest, "steps": result.steps, "best": result.best}
    (folder / FINISHED).write_text(json.dumps(content), encoding="utf-8")


def _digest(arrays: dict[str, Any]) -> str:
    """SHA-256 over names, shapes and bits of all tensors."""
    import hashlib

    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


class Trial(NamedTuple):
    """How a training in one folder went."""

    finished: dict[str, Any]
    seconds: float  # from the first step of the last process to its end
    kills: int
    kills_while_writing: int  # of a checkpoint
    kept: tuple[int, ...]  # steps in the newest checkpoint at each kill


def tried(name: str, folder: Path, gaps: Sequence[float]) -> Trial:
    """Run a training, kill it after each gap, and let the last process finish."""
    folder.mkdir()
    checkpoints = folder / "run/checkpoints"
    kills, writing, kept = 0, 0, []
    for gap in gaps:
        leftovers = set(checkpoints.glob(".part-*"))
        if not _killed(name, folder, gap):
            break
        kills += 1
        writing += bool(set(checkpoints.glob(".part-*")) - leftovers)
        kept.append(max((int(p.name.split("-")[1]) for p in checkpoints.glob("step-*")), default=0))
    seconds = 0.0
    if not (folder / FINISHED).exists():
        child = _started(name, folder)
        begun = time.perf_counter()
        if child.wait() != 0:
            raise SystemExit(f"{name}: the training ended with exit code {child.returncode}")
        seconds = time.perf_counter() - begun
    finished = json.loads((folder / FINISHED).read_text(encoding="utf-8"))
    return Trial(finished, seconds, kills, writing, tuple(kept))


def _started(name: str, folder: Path) -> "subprocess.Popen[bytes]":
    """A training process that has done its first step."""
    mark = folder / STARTED
    mark.unlink(missing_ok=True)
    command = [sys.executable, __file__, "--train", name, str(folder)]
    child = subprocess.Popen(command, env=os.environ | {"SCIML_QUIET": "1"})
    limit = time.perf_counter() + STARTING
    while not mark.exists() and child.poll() is None:
        if time.perf_counter() > limit:
            child.kill()
            raise SystemExit(f"{name}: no step within {STARTING:g} s")
        time.sleep(0.0005)
    return child


def _killed(name: str, folder: Path, gap: float) -> bool:
    """Start or go on, kill after the gap; False if the training ended before."""
    child = _started(name, folder)
    time.sleep(gap)
    child.send_signal(signal.SIGKILL)
    return child.wait() == -signal.SIGKILL


def compared(name: str, seed: int, kills: int, scratch: Path) -> list[Row]:
    """Train undisturbed, then with kills, and compare."""
    title = NETWORKS[name].title
    whole = tried(name, scratch / f"{name}-whole", [])
    generator = np.random.default_rng([seed, *name.encode()])
    moments = np.sort(generator.uniform(0, LAST_KILL * whole.seconds, kills))
    killed = tried(name, scratch / f"{name}-killed", np.diff(moments, prepend=0.0).tolist())
    print(f"\n{title}: {whole.finished['steps']} steps in {whole.seconds:.1f} s undisturbed")
    print(f"  seed {seed}; moments of the kills, s: {' '.join(f'{m:.3f}' for m in moments)}")
    print(f"  newest checkpoint at each kill, step: {' '.join(map(str, killed.kept))}")
    print(f"  sha256 undisturbed {whole.finished['sha256']}")
    print(f"  sha256 killed      {killed.finished['sha256']}")
    histories = [(scratch / f"{name}-{run}/run/history.jsonl").read_bytes() for run in RUNS]
    equal = whole.finished == killed.finished
    return [
        Row(f"final weights bit-equal, {title}", float(equal), "1 = yes", 1.0, "more"),
        Row(
            f"histories equal, {title}", float(histories[0] == histories[1]), "1 = yes", 1.0, "more"
        ),
        Row(f"kills, {title}", killed.kills, "1", kills, "more"),
        Row(f"of these while a checkpoint was written, {title}", killed.kills_while_writing, "1"),
    ]


RUNS = ("whole", "killed")


def main() -> None:
    """Compare both networks, or be the training process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=None, help="of the moments; drawn if not given")
    parser.add_argument("--train", nargs=2, metavar=("NETWORK", "FOLDER"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.train:
        train(given.train[0], Path(given.train[1]))
        return
    seed = (
        given.seed if given.seed is not None else int(np.random.SeedSequence().generate_state(1)[0])
    )
    with tempfile.TemporaryDirectory() as scratch:
        rows = [
            row for name in NETWORKS for row in compared(name, seed, given.kills, Path(scratch))
        ]
    report(f"SIGKILL at {given.kills} random moments of a training, seed {seed}", rows)


if __name__ == "__main__":
    main()
