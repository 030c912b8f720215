"""Forecasts without dynamics: the season's mean, and what is now, kept or damped."""

from collections.abc import Sequence

import numpy as np

from sciml.core.axes import FloatArray, IntArray
from sciml.weather.forecast import whole_windows
from sciml.weather.forecasters.anomalies import Anomalies, AnomalyForecaster
from sciml.weather.forecasters.network_start import kept_share


class Climatology(AnomalyForecaster):
    """The mean of the season, whatever is now."""

    name = "climatology"

    def _learn(self, anomalies: Anomalies) -> dict[str, float]:  # noqa: ARG002 - knows the season
        return {}

    def _ahead(self, anomalies: Anomalies, issues: IntArray, lead: int) -> FloatArray:  # noqa: ARG002
        return np.zeros((len(issues), *anomalies.values.shape[1:]))


class Persistence(AnomalyForecaster):
    """The field stays what it is."""

    name = "persistence"

    def _learn(self, anomalies: Anomalies) -> dict[str, float]:  # noqa: ARG002 - nothing to learn
        return {}

    def _ahead(self, anomalies: Anomalies, issues: IntArray, lead: int) -> FloatArray:
        now = anomalies.times[issues]
        moved = self._cycle.at(now) - self._cycle.at(now + lead * self._grid.step)
        return anomalies.values[issues] + moved


class DampedPersistence(AnomalyForecaster):
    """The anomaly fades towards the season's mean, at each place as fast as it did on average.

    Source:
        Regression of a stationary series on its present value: Wilks, Statistical Methods in the
        Atmospheric Sciences (2019).
    """

    name = "damped persistence"

    def __init__(self, leads: Sequence[int], *, harmonics: int = 2) -> None:
        """Choose leads and the seasonal cycle; see :class:`AnomalyForecaster`."""
        super().__init__(leads, harmonics=harmonics)

    def _learn(self, anomalies: Anomalies) -> dict[str, float]:
        self._kept: dict[int, FloatArray] = {}
        for lead in self.leads:
            issues = whole_windows(anomalies.times, 1, lead)
            self._kept[lead] = kept_share(anomalies.values[issues], anomalies.values[issues + lead])
        return {f"kept at lead {lead}": float(kept.mean()) for lead, kept in self._kept.items()}

    def _ahead(self, anomalies: Anomalies, issues: IntArray, lead: int) -> FloatArray:
        return self._kept[lead] * anomalies.values[issues]
