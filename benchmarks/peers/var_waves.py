"""Errors and intervals of statsmodels on the wave loads, for ``benchmarks/hydro_forecast.py``.

A vector autoregression of all channels. statsmodels takes one series, so the training runs are
given to it end to end; the recursion is that of ``VARResults.forecast``, for all times at once,
and the interval that of ``forecast_interval``.
"""

import json
import sys
from statistics import NormalDist

import numpy as np

# This folder is not on the path (python -I), so the name is the package's.
from statsmodels.tsa.api import VAR

ORDER = 50

given = np.load(sys.argv[1], allow_pickle=False)
targets, leads = given["targets"].astype(int), given["leads"].astype(int)
channels = given["train"].shape[1]
found = VAR(given["train"]).fit(ORDER, trend="c")
# Oldest sample first, like the windows below. Shape (lag x channel, channel).
weights = np.concatenate([found.coefs[lag].T for lag in reversed(range(ORDER))])
width = NormalDist().inv_cdf(0.95)
covariances = found.forecast_cov(int(leads.max()))
deviations = np.sqrt(covariances[leads - 1][:, targets, targets])  # (lead, target)


def forecasts(run: np.ndarray) -> np.ndarray:
    """From each time with enough history on. Shape (time, lead, target)."""
    windows = np.lib.stride_tricks.sliding_window_view(run, ORDER, axis=0)
    history = windows.transpose(0, 2, 1).reshape(len(windows), -1)
    answers = []
    for step in range(1, int(leads.max()) + 1):
        newest = history @ weights + found.intercept
        history = np.hstack([history[:, channels:], newest])
        if step in leads:
            answers.append(newest[:, targets])
    return np.stack(answers, axis=1)


answer = {}
for part in ("in", "out"):
    shape = (len(leads), len(targets))
    errors, spread, inside, count = (np.zeros(shape) for _ in range(4))
    series = np.split(given[part], np.cumsum(given[f"{part}_lengths"].astype(int))[:-1])
    for run, (start, stop) in zip(series, given[f"{part}_judged"].astype(int), strict=True):
        told = forecasts(run)
        for number, lead in enumerate(leads):
            due = np.arange(start, min(stop, len(run)))
            truth = run[due][:, targets]
            gaps = told[due - lead - ORDER + 1, number] - truth
            errors[number] += np.sum(gaps**2, axis=0)
            spread[number] += np.sum((truth - truth.mean(axis=0)) ** 2, axis=0)
            inside[number] += np.sum(np.abs(gaps) <= width * deviations[number], axis=0)
            count[number] += len(truth)
    for number, lead in enumerate(leads):
        answer[f"error {part} {lead}"] = float(np.sqrt(errors / spread)[number].mean())
        answer[f"coverage {part} {lead}"] = float((inside / count)[number].mean())
print(json.dumps(answer))
