"""What a step of each filter costs, beside filterpy in the same call (``make peers``).

Eight states and three sensors. Records are filtered whole; the fastest of several runs counts,
ours and theirs, for other work on the machine can only slow a run down.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
from peers import peer
from reporting import Row, report

from sciml.core.axes import FloatArray
from sciml.hydro.filters.ensemble import EnsembleModel, run_ensemble
from sciml.hydro.filters.gaussian import gaussian
from sciml.hydro.filters.models import LinearModel, NonlinearModel
from sciml.hydro.filters.sequential import run_filter
from sciml.hydro.filters.smoothing import smooth

STATES, SENSORS, MEMBERS, BATCH = 8, 3, 50, 64
TIMES = 500  # samples of a record
ENSEMBLE_BAR, RATIO_BAR, KALMAN_BAR = 40.0, 20.0, 10.0  # µs, times, µs
MICRO = 1e6

RNG = np.random.default_rng(0)
START = gaussian(np.zeros(STATES), np.eye(STATES))
Q, R = 0.1 * np.eye(STATES), np.eye(SENSORS)


def stable_matrix() -> FloatArray:
    """A random transition whose largest eigenvalue is 0.95."""
    F = RNG.normal(size=(STATES, STATES))
    return 0.95 * F / np.abs(np.linalg.eigvals(F)).max()


def fastest(work: Callable[[], object], steps: int, repetitions: int) -> float:
    """Microseconds per step."""
    work()  # compiled and warm
    best = np.inf
    for _ in range(repetitions):
        begun = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - begun)
    return best / steps * MICRO


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=15)
    repetitions = parser.parse_args().repetitions
    F, H = stable_matrix(), RNG.normal(size=(SENSORS, STATES))
    records = RNG.normal(size=(BATCH, TIMES, SENSORS))
    short = records[:, : TIMES // 10]
    linear = LinearModel(F, H, Q, R)

    def nonlinear(rule: str) -> NonlinearModel:
        slopes = [lambda x, _, A=A: np.broadcast_to(A, (len(x), *A.shape)) for A in (F, H)]
        return NonlinearModel(lambda x, _: x @ F.T, lambda x, _: x @ H.T, Q, R, rule, *slopes)

    def cost(name: str, observations: FloatArray) -> float:
        if name == "kalman":
            work = lambda: run_filter(linear, observations, START)  # noqa: E731
        elif name in {"square-root", "stochastic"}:
            ensemble = EnsembleModel(nonlinear("extended"), name)
            work = lambda: run_ensemble(ensemble, observations, START, MEMBERS)  # noqa: E731
        else:
            model = nonlinear(name)
            work = lambda: run_filter(model, observations, START)  # noqa: E731
        return fastest(work, observations.shape[1], repetitions)

    single = {
        name: cost(name, records[:1])
        for name in ("kalman", "extended", "unscented", "square-root", "stochastic")
    }
    many = {
        name: cost(name, records if name == "kalman" else short)
        for name in ("kalman", "extended", "unscented", "square-root", "stochastic")
    }
    filtered = run_filter(linear, short, START)
    smoothing = fastest(lambda: smooth(linear, filtered), short.shape[1], repetitions)
    arrays = {"F": F, "H": H, "Q": Q, "R": R, "record": records[0], "members": np.array(MEMBERS)}
    theirs = {name: value * MICRO for name, value in peer("filterpy", **arrays).items()}
    other = theirs.get
    faster = {
        name: theirs["ensemble"] / cost if theirs else None
        for name, cost in (
            ("stochastic", single["stochastic"]),
            ("square-root", single["square-root"]),
            ("batch", many["stochastic"] / BATCH),
        )
    }
    report(
        f"filters, {STATES} states, {SENSORS} sensors, {MEMBERS} members; peer: filterpy 2.0.0, "
        "which has no batch",
        [
            Row("batched ensemble filter, 50 members, state 8: time per step",
                single["square-root"], "µs", ENSEMBLE_BAR, "less", other("ensemble")),
            Row("the same, stochastic", single["stochastic"], "µs", ENSEMBLE_BAR, "less",
                other("ensemble")),
            Row("ensemble filter at batch 64, per member", many["square-root"] / BATCH, "µs", None,
                "less", other("ensemble")),
            Row("ensemble filter: times faster than filterpy, both stochastic",
                faster["stochastic"], "times", RATIO_BAR, "more"),
            Row("the same, ours square-root", faster["square-root"], "times", None, "more"),
            Row("the same, both stochastic, ours at batch 64, per member", faster["batch"],
                "times", RATIO_BAR, "more"),
            Row("Kalman step, one record", single["kalman"], "µs", None, "less", other("kalman")),
            Row("Kalman step at batch 64", many["kalman"], "µs", KALMAN_BAR, "less"),
            Row("EKF step, one record", single["extended"], "µs", None, "less", other("extended")),
            Row("EKF step at batch 64, per member", many["extended"] / BATCH, "µs", None, "less",
                other("extended")),
            Row("UKF step, one record", single["unscented"], "µs", None, "less",
                other("unscented")),
            Row("UKF step at batch 64, per member", many["unscented"] / BATCH, "µs", None, "less",
                other("unscented")),
            Row("smoother step at batch 64, per member", smoothing / BATCH, "µs"),
        ],
    )  # fmt: skip


if __name__ == "__main__":
    main()
