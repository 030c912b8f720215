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


class _Library:
    """Days of the past, what makes them similar to others, and what came after them."""

    def __init__(
        self, anomalies: Anomalies, leads: Sequence[int], settings: AnalogSettings
    ) -> None:
        """Learn the linear forecast, and what it missed on each day."""
        self._settings = settings
        self.linear = ComponentRegression(leads, LinearSettings()).fit(anomalies)
        self._days = whole_windows(anomalies.times, self.linear.settings.history, max(leads))
        self._times = anomalies.times[self._days]
        self._features = self._compared(anomalies, self._days)
        self.taken = {lead: self._what_came(anomalies, lead) for lead in leads}

    def __len__(self) -> int:
        return len(self._days)

    def _what_came(self, anomalies: Anomalies, lead: int) -> FloatArray:
        """What a day tells of the days after it. Shape (day, place)."""
        if not self._settings.corrected:
            return _flat(anomalies.values[self._days + lead])
        due, missed = self.linear.left_out(anomalies, lead)
        return _flat(missed[np.searchsorted(due, self._days + lead)])

    def _compared(self, anomalies: Anomalies, issues: IntArray) -> FloatArray:
        """What makes days similar: leading components and their change. Shape (issue, feature)."""
        kept = self._settings.components
        amplitudes = self.linear.basis.amplitudes(anomalies.values)[:, :kept]
        return recent_days(amplitudes, issues, 2, self._settings.tendency)

    def weights(self, anomalies: Anomalies, issues: IntArray) -> FloatArray:
        """How much each day counts; rows add up to 1. Shape (issue, day)."""
        settings = self._settings
        one, other = self._compared(anomalies, issues), self._features
        square = np.sum(one**2, axis=1)[:, None] + np.sum(other**2, axis=1) - 2 * one @ other.T
        phases = year_phase(anomalies.times[issues])[:, None], year_phase(self._times)
        turn = np.abs(phases[0] - phases[1]) / (2 * np.pi)
        usable = np.minimum(turn, 1 - turn) * _YEAR <= settings.season
        fewest = int(usable.sum(axis=1).min())
        if fewest < _FEWEST:
            raise BadInput(
                f"analogs: {fewest} days of the past lie within {settings.season:g} days of "
                f"some season, expected {_FEWEST}; widen the season or give a longer record"
            )
        square = np.where(usable, np.clip(square, 0, None), np.inf)
        kept = min(settings.neighbours, fewest)
        last = np.partition(square, kept - 1, axis=1)[:, kept - 1 : kept]
        scale = np.maximum(last * settings.width**2, np.finfo(float).tiny)
        # Over the nearest day's weight: with a narrow kernel that day is all that counts.
        further = square - square.min(axis=1, keepdims=True)
        weights = np.where(square <= last, np.exp(-further / (2 * scale)), 0.0)
        return weights / weights.sum(axis=1, keepdims=True)

    def told(self, weights: FloatArray, lead: int) -> tuple[FloatArray, FloatArray]:
        """Mean and deviation of what the weighed days tell. Shapes (issue, place)."""
        taken = self.taken[lead]
        mean, square = weights @ taken, weights @ taken**2
        return mean, np.sqrt(np.clip(square - mean**2, 0, None))

    def base(self, anomalies: Anomalies, issues: IntArray, lead: int) -> FloatArray:
        """The forecast that is corrected. Shape (issue, place)."""
        if not self._settings.corrected:
            return np.zeros((len(issues), self.taken[lead].shape[1]))
        return _flat(self.linear.ahead(anomalies, issues, lead))


class Analogs(AnomalyForecaster):
    """The weighted mean of what came after similar days of the same season, and its spread.

    Corrected, it is the linear forecast plus the weighted mean of what the linear forecast missed
    on those days: the analogs then tell only what is not linear, and how certain the flow is.
    How far to trust them is learnt by letting each half of the record tell of the other.

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
        super().__init__(leads, history=LinearSettings().history, harmonics=self.settings.harmonics)

    def _learn(self, anomalies: Anomalies) -> dict[str, float]:
        self._library = _Library(anomalies, self.leads, self.settings)
        return {"days in the library": float(len(self._library))}

    def _learn_spread(self, anomalies: Anomalies) -> None:
        """Learn on halves how far to trust the analogs and how far they err.

        What they say is damped by the least-squares slope of what came on it.
        """
        middle = len(anomalies.times) // 2
        halves = [
            anomalies._replace(values=anomalies.values[part], times=anomalies.times[part])
            for part in (slice(None, middle), slice(middle, None))
        ]
        rows: dict[int, list[tuple[FloatArray, ...]]] = {lead: [] for lead in self.leads}
        for known, other in (halves, halves[::-1]):
            library = _Library(known, self.leads, self.settings)
            issues = whole_windows(other.times, self.history, max(self.leads))
            weights = library.weights(other, issues)
            for lead in self.leads:
                mean, deviation = library.told(weights, lead)
                missed = _flat(other.values[issues + lead]) - library.base(other, issues, lead)
                rows[lead].append((mean, deviation, missed))
        self._trust, self._inflation = {}, {}
        for lead, parts in rows.items():
            mean, deviation, missed = (np.concatenate(one) for one in zip(*parts, strict=True))
            slope = float(np.sum(mean * missed) / np.sum(mean**2))
            self._trust[lead] = float(np.clip(slope, 0.0, 1.0))
            errors = missed - self._trust[lead] * mean
            self._inflation[lead] = float(np.sqrt(np.mean(errors**2) / np.mean(deviation**2)))

    def _ahead(self, anomalies: Anomalies, issues: IntArray, lead: int) -> FloatArray:
        return self._foretold(anomalies, issues, [lead])[0][0]

    def _foretold(
        self, anomalies: Anomalies, issues: IntArray, leads: Sequence[int]
    ) -> tuple[list[FloatArray], list[FloatArray]]:
        weights = self._library.weights(anomalies, issues)
        shape = (len(issues), *anomalies.values.shape[1:])
        ahead: list[FloatArray] = []
        deviations: list[FloatArray] = []
        for lead in leads:
            mean, deviation = self._library.told(weights, lead)
            answer = self._library.base(anomalies, issues, lead) + self._trust[lead] * mean
            ahead.append(answer.reshape(shape))
            deviations.append((self._inflation[lead] * deviation).reshape(shape))
        return ahead, deviations

    def predict(self, inputs: xr.DataArray, leads: Sequence[int]) -> xr.Dataset:
        """Forecast, with members where they are asked for; see :class:`AnomalyForecaster`."""
        answer = super().predict(inputs, leads)
        if not self.settings.members:
            return answer
        field = self._grid.check(inputs, history=self.history)
        times = field["time"].values
        anomalies = Anomalies(field.values - self._cycle.at(times), times, self._grid.lat)
        weights = self._library.weights(anomalies, np.arange(self.history - 1, len(times)))
        best = np.argsort(-weights, axis=1, kind="stable")[:, : self.settings.members]
        around = answer["forecast"].values
        members = np.empty((*around.shape[:2], best.shape[1], *around.shape[2:]))
        for index, lead in enumerate(answer["lead"].values.tolist()):
            taken, (mean, _) = self._library.taken[lead], self._library.told(weights, lead)
            departures = self._inflation[lead] * (taken[best] - mean[:, None])
            members[:, index] = around[:, index, None] + departures.reshape(members[:, index].shape)
        return field_forecast_dataset(
            around,
            field,
            leads,
            standard_deviation=answer["standard_deviation"].values,
            members=members,
            step=self._grid.step,
        )


def _flat(fields: FloatArray) -> FloatArray:
    """Fields as rows. Shape (issue, place)."""
    return fields.reshape(len(fields), -1)
