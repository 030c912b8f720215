"""What each process setting of ``sciml.core.runtime`` is worth on CPUs.

For each workload one process for each case: all settings made, one left out by
``SCIML_RUNTIME_OFF``, none made. The six processes live side by side and do short bursts in
turn, so that a busy machine slows all alike; process CPU time is compared by its median over the
rounds. Workloads do not share a process, since what malloc does depends on what was freed before.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from reporting import Row, report

SETTINGS = ("mkl", "malloc", "stride", "blas")
ALL_ON = "all on"
CASES = {ALL_ON: ""} | {f"without {name}": name for name in SETTINGS} | {"none": ",".join(SETTINGS)}
# What a parent process may have set, and what Paddle reads.
_PREFIXES = ("SCIML_RUNTIME", "FLAGS_", "MKL_", "MALLOC_", "OMP_", "OPENBLAS_")


def matrix_product() -> Callable[[], Any]:
    """A product of two 512 x 512 matrices in single precision."""
    import paddle

    a, b = paddle.rand([512, 512]), paddle.rand([512, 512])
    return lambda: paddle.matmul(a, b)


def gather_and_chain() -> Callable[[], Any]:
    """Gather rows for 10240 edges and do four small operations on them."""
    import paddle

    state = paddle.rand([512, 64])
    senders = paddle.randint(0, 512, [10240])
    weight = paddle.rand([10240, 64])

    def step() -> None:
        with paddle.no_grad():
            message = paddle.gather(state, senders) * weight
            paddle.subtract((message + weight).tanh(), message)

    return step


def split_products() -> Callable[[], Any]:
    """Three slices of a layer's output, their products, and the gradient."""
    import paddle

    output = paddle.rand([8192, 3 * 96])
    output.stop_gradient = False

    def step() -> None:
        first, second, third = (output[:, 96 * i : 96 * (i + 1)] for i in range(3))
        (first * second + third).mean().backward()
        output.clear_grad()

    return step


def message_passing() -> Callable[[], Any]:
    """Gather along edges, a chain of small operations, sum at the nodes, and its gradient."""
    import paddle

    nodes, neighbours, features = 512, 20, 64
    state = paddle.rand([nodes, features])
    state.stop_gradient = False
    senders = paddle.randint(0, nodes, [nodes * neighbours])
    weight = paddle.rand([nodes * neighbours, features])

    def step() -> None:
        message = paddle.nn.functional.silu(paddle.gather(state, senders) * weight) + weight
        summed = message.reshape([nodes, neighbours, features]).sum(axis=1)
        summed.mean().backward()
        state.clear_grad()

    return step


def lstm_step() -> Callable[[], Any]:
    """A training step of an LSTM: batch 128, 50 samples, 64 states."""
    import paddle
    from paddle import nn

    lstm, head = nn.LSTM(3, 64), nn.Linear(64, 5)
    weights = [*lstm.parameters(), *head.parameters()]
    clip = nn.ClipGradByGlobalNorm(1.0)
    optimiser = paddle.optimizer.AdamW(1e-3, parameters=weights, grad_clip=clip)
    history, future = paddle.rand([128, 50, 3]), paddle.rand([128, 5])

    def step() -> None:
        _, (state, _) = lstm(history)
        nn.functional.mse_loss(head(state[-1]), future).backward()
        optimiser.step()
        optimiser.clear_grad()

    return step


def ridge_regressions() -> Callable[[], Any]:
    """Normal equations of 2000 samples of 100 features in double precision, solved."""
    import numpy as np

    random = np.random.default_rng(0)
    features, target = random.standard_normal((2000, 100)), random.standard_normal((2000, 8))
    penalty = np.eye(100)
    return lambda: np.linalg.solve(features.T @ features + penalty, features.T @ target)


# Workload, its maker, and how often it is done in a burst.
WORKLOADS: dict[str, tuple[Callable[[], Callable[[], Any]], int]] = {
    "fp32 matrix product 512": (matrix_product, 20),
    "gather and chain 10240 x 64": (gather_and_chain, 10),
    "message passing 512 x 20 x 64": (message_passing, 3),
    "products of slices 8192 x 96": (split_products, 3),
    "LSTM training step": (lstm_step, 5),
    "ridge regressions 2000 x 100": (ridge_regressions, 20),
}


def work(workload: str) -> None:
    """What a child does: a burst for each line on standard input."""
    import sciml.core.runtime as runtime  # before Paddle

    make, count = WORKLOADS[workload]
    step = make()
    step()  # memory and code are warm
    print(json.dumps(runtime.report()), flush=True)
    for _ in sys.stdin:
        started = time.process_time()
        for _ in range(count):
            step()
        print(json.dumps((time.process_time() - started) / count), flush=True)


def measured(workload: str, rounds: int) -> tuple[dict[str, float], dict[str, str]]:
    """Median CPU seconds of a workload by case, and what was set when all settings are on."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(_PREFIXES)}
    children = {
        case: subprocess.Popen(
            [sys.executable, __file__, "--work", workload],
            env=clean | {"SCIML_RUNTIME_OFF": off},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for case, off in CASES.items()
    }
    made = {case: _answer(child) for case, child in children.items()}
    bursts: dict[str, list[float]] = {case: [] for case in CASES}
    for _ in range(rounds):
        for case, child in children.items():
            assert child.stdin is not None
            child.stdin.write("go\n")
            child.stdin.flush()
            bursts[case].append(_answer(child))
    for child in children.values():
        child.communicate()
    return {case: statistics.median(spent) for case, spent in bursts.items()}, made[ALL_ON]


def _answer(child: "subprocess.Popen[str]") -> Any:
    """The next line of a child."""
    assert child.stdout is not None
    line = child.stdout.readline()
    if not line:
        raise SystemExit(f"a measuring process ended with exit code {child.wait()}")
    return json.loads(line)


def main() -> None:
    """Measure and report, or be a measuring process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--work", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        work(given.work)
        return
    rows, made = [], {}
    for name in WORKLOADS:
        seconds, made = measured(name, given.rounds)
        all_on = seconds.pop(ALL_ON)
        rows.append(Row(f"{name}, {ALL_ON}", 1e3 * all_on, "CPU ms"))
        rows += [Row(f"{name}, {case}", s / all_on, "x all on") for case, s in seconds.items()]
    print("\n".join(f"  {setting}: {done}" for setting, done in made.items()))
    report(f"CPU time without a process setting, {given.rounds} rounds", rows)


if __name__ == "__main__":
    main()
