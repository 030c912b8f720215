"""Seconds per step of the filters of filterpy, for ``benchmarks/hydro_filters.py``.

One record at a time, which is what filterpy has. Each filter is run several times; the fastest
counts, as for ours.
"""

import json
import sys
import time
from collections.abc import Callable

import numpy as np

# This folder is not on the path (python -I), so the name is the package's.
from filterpy.kalman import (
    EnsembleKalmanFilter,
    ExtendedKalmanFilter,
    KalmanFilter,
    MerweScaledSigmaPoints,
    UnscentedKalmanFilter,
)

REPETITIONS = 5

given = np.load(sys.argv[1], allow_pickle=False)
F, H, Q, R, record = (given[name] for name in ("F", "H", "Q", "R", "record"))
members = int(given["members"])
states, sensors = len(F), len(H)
np.random.seed(0)  # noqa: NPY002 - filterpy draws from the global generator


def kalman() -> Callable[[np.ndarray], None]:
    """A Kalman filter."""
    made = KalmanFilter(states, sensors)
    made.F, made.H, made.Q, made.R, made.x = F, H, Q, R, np.zeros((states, 1))

    def stepped(z: np.ndarray) -> None:
        made.predict()
        made.update(z)

    return stepped


def extended() -> Callable[[np.ndarray], None]:
    """An extended Kalman filter."""
    made = ExtendedKalmanFilter(states, sensors)
    made.F, made.Q, made.R, made.x = F, Q, R, np.zeros(states)

    def stepped(z: np.ndarray) -> None:
        made.predict()
        made.update(z, lambda _: H, lambda x: H @ x)

    return stepped


def unscented() -> Callable[[np.ndarray], None]:
    """An unscented filter."""
    points = MerweScaledSigmaPoints(states, alpha=1.0, beta=0.0, kappa=0.0)
    made = UnscentedKalmanFilter(
        states, sensors, 1.0, hx=lambda x: H @ x, fx=lambda x, _: F @ x, points=points
    )
    made.Q, made.R = Q, R

    def stepped(z: np.ndarray) -> None:
        made.predict()
        made.update(z)

    return stepped


def ensemble() -> Callable[[np.ndarray], None]:
    """An ensemble filter, stochastic."""
    made = EnsembleKalmanFilter(
        np.zeros(states),
        np.eye(states),
        sensors,
        1.0,
        members,
        hx=lambda x: H @ x,
        fx=lambda x, _: F @ x,
    )
    made.Q, made.R = Q, R

    def stepped(z: np.ndarray) -> None:
        made.predict()
        made.update(z)

    return stepped


def fastest(maker: Callable[[], Callable[[np.ndarray], None]]) -> float:
    """Seconds per step of the record."""
    best = np.inf
    for _ in range(REPETITIONS):
        stepped = maker()
        begun = time.perf_counter()
        for z in record:
            stepped(z)
        best = min(best, time.perf_counter() - begun)
    return float(best / len(record))


makers = {"kalman": kalman, "extended": extended, "unscented": unscented, "ensemble": ensemble}
print(json.dumps({name: fastest(maker) for name, maker in makers.items()}))
