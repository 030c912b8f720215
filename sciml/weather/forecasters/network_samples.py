"""Anomalies as a network sees them: scaled, with season and time of day, gathered by issue."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sciml.core.axes import FloatArray, IntArray
from sciml.weather.forecasters.seasons import time_of_day, year_phase

_MINUTES = 24 * 60  # of a day


class Series(NamedTuple):
    """Scaled anomalies of a record."""

    values: NDArray[np.float32]  # (time, lat, lon)
    times: NDArray[Any]  # (time,)
    step: np.timedelta64

    def histories(self, issues: IntArray, history: int, steps: int) -> dict[str, NDArray[Any]]:
        """What is known when forecasts are issued.

        Args:
            issues: Positions of the times of issue, shape (batch,).
            history: Steps looked at, the present one included.
            steps: How many times the conditions are asked for, from the issue on.

        Returns:
            ``history`` (batch, history, lat, lon), the latest first, and ``conditions``
            (batch, step, condition).
        """
        moments = self.times[issues][:, None] + np.arange(steps) * self.step
        conditions = conditions_at(moments.ravel()).reshape(*moments.shape, -1)
        return {
            "history": self.values[issues[:, None] - np.arange(history)],
            "conditions": conditions,
        }

    def futures(self, issues: IntArray, leads: Sequence[int]) -> NDArray[np.float32]:
        """What came. Shape (batch, lead, lat, lon)."""
        return self.values[issues[:, None] + np.array(leads, np.int64)]


def conditions_at(times: NDArray[Any]) -> NDArray[np.float32]:
    """Season and time of day, as points on two circles.

    Args:
        times: ``datetime64``, shape (time,).

    Returns:
        Shape (time, condition).
    """
    year, day = year_phase(times), 2 * np.pi * time_of_day(times) / _MINUTES
    circles = [np.sin(year), np.cos(year), np.sin(day), np.cos(day)]
    return np.stack(circles, axis=1).astype(np.float32)


class Samples:
    """Histories and futures, as a source of batches."""

    def __init__(
        self, series: Series, issues: IntArray, history: int, steps: int, leads: Sequence[int]
    ) -> None:
        """Choose the samples.

        Args:
            series: The record.
            issues: Positions of the times of issue, shape (sample,).
            history: Steps looked at.
            steps: See :meth:`Series.histories`.
            leads: Steps ahead.
        """
        self._series, self._issues = series, issues
        self._history, self._steps, self._leads = history, steps, tuple(leads)

    def __len__(self) -> int:
        """The number of samples."""
        return len(self._issues)

    def gather(self, indices: IntArray) -> dict[str, NDArray[Any]]:
        """``history``, ``conditions`` and ``future`` of the given samples."""
        issues = self._issues[indices]
        known = self._series.histories(issues, self._history, self._steps)
        return known | {"future": self._series.futures(issues, self._leads)}


def kept_share(now: FloatArray, then: FloatArray) -> FloatArray:
    """The least-squares slope of a later anomaly on the present one, place by place.

    Args:
        now: Shape (issue, lat, lon).
        then: The same shape.

    Returns:
        Shape (lat, lon); 0 where the anomaly is always 0.
    """
    present = np.sum(now**2, axis=0)
    together = np.sum(now * then, axis=0)
    return np.divide(together, present, out=np.zeros_like(present), where=present > 0)
