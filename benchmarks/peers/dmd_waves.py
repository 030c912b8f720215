"""Errors of PyDMD on the wave loads, for ``benchmarks/hydro_forecast.py``.

One decomposition of the delay-embedded training runs, its snapshots paired within each run.
"""

import json
import sys

import numpy as np

# This folder is not on the path (python -I), so the name is the package's.
from pydmd import DMD

DELAYS, RANK = 50, 80

given = np.load(sys.argv[1], allow_pickle=False)
targets, leads = given["targets"].astype(int), given["leads"].astype(int)
channels = given["train"].shape[1]


def runs(part: str) -> list[np.ndarray]:
    """The runs of a part."""
    return np.split(given[part], np.cumsum(given[f"{part}_lengths"].astype(int))[:-1])


def embedded(run: np.ndarray) -> np.ndarray:
    """Delays as columns, the newest sample last. Shape (delay x channel, time)."""
    windows = np.lib.stride_tricks.sliding_window_view(run, DELAYS, axis=0)
    return windows.transpose(2, 1, 0).reshape(DELAYS * channels, -1)


states = [embedded(run) for run in runs("train")]
model = DMD(svd_rank=RANK)
model.fit(np.hstack([s[:, :-1] for s in states]), np.hstack([s[:, 1:] for s in states]))
project, newest = np.linalg.pinv(model.modes), -channels + targets

answer = {}
for part in ("in", "out"):
    errors, spread = np.zeros((len(leads), len(targets))), np.zeros((len(leads), len(targets)))
    for run, (start, stop) in zip(runs(part), given[f"{part}_judged"].astype(int), strict=True):
        amplitudes = project @ embedded(run)
        for number, lead in enumerate(leads):
            due = np.arange(start, min(stop, len(run)))
            issued = due - lead - DELAYS + 1
            now = amplitudes[:, issued] * model.eigs[:, None] ** lead
            truth = run[due][:, targets]
            errors[number] += np.sum(((model.modes[newest] @ now).real.T - truth) ** 2, axis=0)
            spread[number] += np.sum((truth - truth.mean(axis=0)) ** 2, axis=0)
    for lead, value in zip(leads, np.sqrt(errors / spread).mean(axis=1), strict=True):
        answer[f"error {part} {lead}"] = float(value)
print(json.dumps(answer))
