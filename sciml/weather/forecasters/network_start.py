"""What a network corrects: a simple forecast of anomalies, learnt before it."""

from collections.abc import Mapping
from typing import Literal

import numpy as np

from sciml.core.axes import FloatArray, IntArray
from sciml.weather.forecasters.anomalies import Anomalies
from sciml.weather.forecasters.linear import ComponentRegression, LinearSettings

StartName = Literal["linear", "damped persistence", "climatology"]

_SMALLEST_ERROR = 1e-3  # of the spread of the anomalies, to divide by


class Start:
    """A simple forecast at several leads; subclasses say how it is learnt and made."""

    history = 1  # steps that it looks at, the present one included

    def __init__(self, leads: tuple[int, ...]) -> None:
        """Choose the leads, steps ahead."""
        self.leads = leads

    def fit(self, anomalies: Anomalies, issues: IntArray) -> "Start":  # noqa: ARG002
        """Learn from the anomalies of training and the positions of their times of issue."""
        return self

    def ahead(self, anomalies: Anomalies, issues: IntArray) -> FloatArray:
        """Anomalies to come. Shape (issue, lead, lat, lon)."""
        return np.zeros((len(issues), len(self.leads), *anomalies.values.shape[1:]))

    def learning(self, anomalies: Anomalies, issues: IntArray) -> FloatArray:
        """The same for what it has learnt from, as if it had not. Shape (issue, lead, lat, lon)."""
        return self.ahead(anomalies, issues)

    def arrays(self) -> dict[str, FloatArray]:
        """What was learnt, to be stored."""
        return {}

    def restore(self, arrays: Mapping[str, FloatArray]) -> None:
        """Take back what :meth:`arrays` gave."""


class DampedStart(Start):
    """Anomalies fade at each place as fast as they did on average."""

    def fit(self, anomalies: Anomalies, issues: IntArray) -> "Start":
        """See :class:`Start`."""
        now = anomalies.values[issues]
        kept = [kept_share(now, anomalies.values[issues + lead]) for lead in self.leads]
        self.kept = np.stack(kept)  # (lead, lat, lon)
        return self

    def ahead(self, anomalies: Anomalies, issues: IntArray) -> FloatArray:
        """See :class:`Start`."""
        return anomalies.values[issues][:, None] * self.kept

    def arrays(self) -> dict[str, FloatArray]:
        """See :class:`Start`."""
        return {"kept": self.kept}

    def restore(self, arrays: Mapping[str, FloatArray]) -> None:
        """See :class:`Start`."""
        self.kept = np.asarray(arrays["kept"], np.float64)


class LinearStart(Start):
    """Regression of principal components on those of the last days.

    A network learns from errors of regressions that had not seen the day: the errors that a
    regression makes on what it has learnt are too small to be corrected rightly.
    """

    history = LinearSettings().history

    def fit(self, anomalies: Anomalies, issues: IntArray) -> "Start":  # noqa: ARG002 - own windows
        """See :class:`Start`."""
        self._regression = ComponentRegression(self.leads, LinearSettings()).fit(anomalies)
        return self

    def ahead(self, anomalies: Anomalies, issues: IntArray) -> FloatArray:
        """See :class:`Start`."""
        each = [self._regression.ahead(anomalies, issues, lead) for lead in self.leads]
        return np.stack(each, axis=1)

    def learning(self, anomalies: Anomalies, issues: IntArray) -> FloatArray:
        """See :class:`Start`."""
        starts = np.empty((len(issues), len(self.leads), *anomalies.values.shape[1:]))
        for index, lead in enumerate(self.leads):
            due, errors = self._regression.left_out(anomalies, lead)
            rows = np.searchsorted(due, issues + lead)
            starts[:, index] = (anomalies.values[due] - errors)[rows]
        return starts

    def arrays(self) -> dict[str, FloatArray]:
        """See :class:`Start`."""
        return self._regression.arrays()

    def restore(self, arrays: Mapping[str, FloatArray]) -> None:
        """See :class:`Start`."""
        self._regression = ComponentRegression.from_arrays(arrays, self.leads, LinearSettings())


def make_start(name: StartName, leads: tuple[int, ...]) -> Start:
    """A start that has learnt nothing yet."""
    kinds = {"linear": LinearStart, "damped persistence": DampedStart, "climatology": Start}
    return kinds[name](leads)


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


def error_of(starts: FloatArray, futures: FloatArray) -> FloatArray:
    """How far starts err: root mean square, place by place.

    Args:
        starts: Shape (issue, lead, lat, lon).
        futures: What came, the same shape.

    Returns:
        Shape (lead, lat, lon), never quite 0.
    """
    squares = np.mean(np.square(futures - starts, dtype=np.float64), axis=0)
    return np.maximum(np.sqrt(squares), _SMALLEST_ERROR)
