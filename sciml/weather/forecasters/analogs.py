"""Forecasts from what came after similar days of the past."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from pydantic import Field, PositiveFloat, PositiveInt

from sciml.core.axes import FloatArray, IntArray
from sciml.core.errors import BadInput
from sciml.core.settings import Settings
from sciml.weather.forecast import field_forecast_dataset, whole_windows
from sciml.weather.forecasters.anomalies import Anomalies, AnomalyForecaster, recent_days
from sciml.weather.forecasters.linear import ComponentRegression, LinearSettings
from sciml.weather.forecasters.seasons import year_phase

_YEAR = 365.2425  # days
_APART = 30  # steps between a day and what may count as its analog while learning
_FEWEST = 20  # candidates in the season, below which there is nothing to choose from


class AnalogSettings(Settings):
    """Which days count as similar, and what is taken from them."""

    components: PositiveInt = 15  # in which days are compared
    tendency: PositiveFloat = 0.5  # weight of the change since the day before
    season: PositiveFloat = 45.0  # days of the year on both sides
    neighbours: PositiveInt = 100  # most similar days that are kept
    width: PositiveFloat = 1.0  # of the kernel, over the distance of the last neighbour
    corrected: bool = True  # take what the linear forecast missed on those days, not what came
    members: int = Field(default=0, ge=0)  # neighbours that are returned as an ensemble
    harmonics: int = Field(default=2, ge=0)  # of the seasonal cycle


class Analogs(AnomalyForecaster):
    """The weighted mean of what came after similar days of the same season, and its spread.

    Corrected, it is the linear forecast plus the weighted mean of what the linear forecast missed
    on those days: the analogs then tell only what is not linear, and how certain the flow is.

    Source:
        Analogs: Lorenz, J. Atmos. Sci. 26 (1969); kernel weights: Nadaraya, Theory Probab. Appl.
        9 (1964); analog ensembles: Delle Monache et al., Mon. Weather Rev. 141 (2013).
    """

    name = "analog"

    def __init__(self, leads: Sequence[int], settings: AnalogSettings | None = None) -> None:
        """Choose what counts as similar.

        Args:
            leads: Steps ahead, all that will be asked for.
            settings: What counts as similar.

        Raises:
            BadInput: if more members are asked for than neighbours are kept.
        """
        self.settings = settings or AnalogSettings()
        if self.settings.members > self.settings.neighbours:
            raise BadInput(
                f"analogs: {self.settings.members} members of {self.settings.neighbours} "
                "neighbours; keep more neighbours"
            )
        linear = LinearSettings()
        super().__init__(leads, history=linear.history, harmonics=self.settings.harmonics)
        self._linear = ComponentRegression(leads, linear)

    def _learn(self, anomalies: Anomalies) -> dict[str, float]:
        self._linear.fit(anomalies)
        self._learnt = anomalies
        self._library = whole_windows(anomalies.times, self.history, max(self.leads))
        self._features = self._compared(anomalies, self._library)
        self._targets = {lead: self._taken(anomalies, lead) for lead in self.leads}
        return {"days in the library": float(len(self._library))}

    def _taken(self, anomalies: Anomalies, lead: int) -> FloatArray:
        """What a day of the library tells of the days after it. Shape (day, place)."""
        if not self.settings.corrected:
            return _flat(anomalies.values[self._library + lead])
        due, missed = self._linear.left_out(anomalies, lead)
        return _flat(missed[np.searchsorted(due, self._library + lead)])

    def _compared(self, anomalies: Anomalies, issues: IntArray) -> FloatArray:
        """What makes days similar: leading components and their change. Shape (issue, feature)."""
        basis, kept = self._linear.basis, self.settings.components
        amplitudes = basis.amplitudes(anomalies.values)[:, :kept]
        return recent_days(amplitudes, issues, 2, self.settings.tendency)

    def _weights(self, anomalies: Anomalies, issues: IntArray, *, learning: bool) -> FloatArray:
        """How much each day of the library counts; rows add up to 1. Shape (issue, day)."""
        one, other = self._compared(anomalies, issues), self._features
        square = np.sum(one**2, axis=1)[:, None] + np.sum(other**2, axis=1) - 2 * one @ other.T
        now, then = anomalies.times[issues], self._learnt.times[self._library]
        turn = np.abs(year_phase(now)[:, None] - year_phase(then)) / (2 * np.pi)
        usable = np.minimum(turn, 1 - turn) * _YEAR <= self.settings.season
        if learning:
            usable &= np.abs(now[:, None] - then) > _APART * self._grid.step
        fewest = int(usable.sum(axis=1).min())
        if fewest < _FEWEST:
            raise BadInput(
                f"analogs: {fewest} days of the past lie within {self.settings.season:g} days of "
                f"some season, expected {_FEWEST}; widen the season or give a longer record"
            )
        square = np.where(usable, np.clip(square, 0, None), np.inf)
        kept = min(self.settings.neighbours, fewest)
        last = np.partition(square, kept - 1, axis=1)[:, kept - 1 : kept]
        scale = np.maximum(last * self.settings.width**2, np.finfo(float).tiny)
        # Over the nearest day's weight: with a narrow kernel that day is all that counts.
        further = square - square.min(axis=1, keepdims=True)
        weights = np.where(square <= last, np.exp(-further / (2 * scale)), 0.0)
        return weights / weights.sum(axis=1, keepdims=True)

    def predict(self, inputs: xr.DataArray, leads: Sequence[int]) -> xr.Dataset:
        """Forecast, with members where they are asked for; see :class:`AnomalyForecaster`."""
        answer = super().predict(inputs, leads)
        if not self.settings.members:
            return answer
        field = self._grid.check(inputs, history=self.history)
        anomalies = Anomalies(
            field.values - self._cycle.at(field["time"].values),
            field["time"].values,
            field["lat"].values,
        )
        issues = np.arange(self.history - 1, len(anomalies.times))
        weights = self._weights(anomalies, issues, learning=False)
        best = np.argsort(-weights, axis=1, kind="stable")[:, : self.settings.members]
        around = answer["forecast"].values
        members = np.empty((*around.shape[:2], best.shape[1], *around.shape[2:]))
        for index, lead in enumerate(answer["lead"].values.tolist()):
            taken = self._targets[lead]
            departures = taken[best] - (weights @ taken)[:, None]
            scaled = self._inflation[lead] * departures
            members[:, index] = around[:, index, None] + scaled.reshape(members[:, index].shape)
        return field_forecast_dataset(
            around,
            field,
            leads,
            standard_deviation=answer["standard_deviation"].values,
            members=members,
            step=self._grid.step,
        )

    def _ahead(self, anomalies: Anomalies, issues: IntArray, lead: int) -> FloatArray:
        mean = self._trust[lead] * self._told(anomalies, issues, lead, learning=False)[0]
        if self.settings.corrected:
            mean = mean + self._linear.ahead(anomalies, issues, lead)
        return mean

    def _told(
        self, anomalies: Anomalies, issues: IntArray, lead: int, *, learning: bool
    ) -> tuple[FloatArray, FloatArray]:
        """Mean and deviation of what similar days tell. Shapes (issue, lat, lon)."""
        weights = self._weights(anomalies, issues, learning=learning)
        taken = self._targets[lead]
        mean, square = weights @ taken, weights @ taken**2
        deviation = np.sqrt(np.clip(square - mean**2, 0, None))
        shape = (len(issues), *anomalies.values.shape[1:])
        return mean.reshape(shape), deviation.reshape(shape)

    def _learn_spread(self, anomalies: Anomalies) -> None:
        """Learn how far to trust the analogs, on days that were not their own.

        What they say is damped by the least-squares slope of what came on it, and their spread
        scaled to the errors.
        """
        self._trust, self._inflation = {}, {}
        for lead in self.leads:
            mean, deviation = self._told(anomalies, self._library, lead, learning=True)
            told, came = _flat(mean), self._targets[lead]
            slope = np.sum(told * came) / np.sum(told**2)
            self._trust[lead] = float(np.clip(slope, 0.0, 1.0))
            missed = came - self._trust[lead] * told
            self._inflation[lead] = float(np.sqrt(np.mean(missed**2) / np.mean(deviation**2)))

    def _deviation(self, anomalies: Anomalies, issues: IntArray, lead: int) -> FloatArray:
        return self._inflation[lead] * self._told(anomalies, issues, lead, learning=False)[1]


def _flat(fields: FloatArray) -> FloatArray:
    """Fields as rows. Shape (issue, place)."""
    return fields.reshape(len(fields), -1)
