"""Anomalies as a network sees them: scaled, with season and time of day, gathered by issue."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sciml.core.axes import IntArray
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


class Window(NamedTuple):
    """What a network sees and what it is asked."""

    history: int  # steps looked at, the present one included
    conditions: int  # how many times season and time of day are told, from the issue on
    leads: tuple[int, ...]


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
    """Histories, starts and futures, as a source of batches."""

    def __init__(
        self,
        series: Series,
        issues: IntArray,
        starts: NDArray[np.float32],
        window: Window,
    ) -> None:
        """Choose the samples.

        Args:
            series: The record.
            issues: Positions of the times of issue, shape (sample,).
            starts: What is corrected, shape (sample, lead, lat, lon).
            window: What is seen and asked.
        """
        self._series, self.issues, self._starts, self._window = series, issues, starts, window

    def __len__(self) -> int:
        """The number of samples."""
        return len(self.issues)

    def known(self, indices: IntArray) -> dict[str, NDArray[Any]]:
        """``history``, ``start`` and ``conditions`` of the given samples."""
        seen = self._series.histories(
            self.issues[indices], self._window.history, self._window.conditions
        )
        return seen | {"start": self._starts[indices]}

    def gather(self, indices: IntArray) -> dict[str, NDArray[Any]]:
        """What is known of the given samples, and the ``future``."""
        future = self._series.futures(self.issues[indices], self._window.leads)
        return self.known(indices) | {"future": future}
