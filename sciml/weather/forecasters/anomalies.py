"""What forecasters of anomalies share: a seasonal cycle, leads, and honest spreads."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sciml.core.axes import FloatArray, IntArray
from sciml.core.errors import BadInput
from sciml.weather.forecast import (
    Grid,
    check_field,
    check_leads,
    field_forecast_dataset,
    whole_windows,
)
from sciml.weather.forecasters.seasons import SeasonalCycle, SeasonalSpread

_FEWEST_PAIRS = 30  # of history and future, from which anything can be learnt


class Anomalies(NamedTuple):
    """A field less its seasonal cycle."""

    values: FloatArray  # (time, lat, lon)
    times: NDArray[Any]  # (time,)
    lat: FloatArray  # degrees


def recent_days(rows: FloatArray, issues: IntArray, history: int, fading: float) -> FloatArray:
    """A day and its changes from day to day before it, as regressors.

    A penalty on their coefficients says that today matters most and that the past matters through
    its change.

    Args:
        rows: Any numbers that describe each day. Shape (time, number).
        issues: Positions of the days to describe.
        history: Days that are looked at.
        fading: Weight of a change over that of the change after it.

    Returns:
        Shape (issue, history x number).
    """
    changes = [
        fading**day * (rows[issues - day + 1] - rows[issues - day]) for day in range(1, history)
    ]
    return np.concatenate([rows[issues], *changes], axis=1)


class AnomalyForecaster(ABC):
    """Learns on anomalies, forecasts anomalies at each lead, and knows how far it errs.

    A subclass says how it learns (``_learn``), what it forecasts (``_ahead``) and what errors it
    makes on truths that it has not learnt from (``_residuals``).
    """

    name: str

    def __init__(self, leads: Sequence[int], *, history: int = 1, harmonics: int = 2) -> None:
        """Choose what all share.

        Args:
            leads: Steps ahead, all that will be asked for.
            history: Steps that a forecast looks at, the present one included.
            harmonics: Of the seasonal cycle; 0 for records under a year.
        """
        if not leads or min(leads) < 1 or history < 1:
            raise BadInput(f"leads and history: expected 1 or more, got {list(leads)}, {history}")
        self.leads = tuple(int(lead) for lead in leads)
        self.history = history
        self._harmonics = harmonics

    def fit(self, train: xr.DataArray) -> dict[str, float]:
        """Learn cycle, forecast and spread; see :class:`sciml.weather.forecast.FieldForecaster`.

        Raises:
            BadInput: if the field is not one, or too short.
        """
        field = check_field(train, "training field", gaps=True)
        times = field["time"].values
        for lead in self.leads:
            pairs = len(whole_windows(times, self.history, lead))
            if pairs < _FEWEST_PAIRS:
                raise BadInput(
                    f"training field: {pairs} forecasts of lead {lead} can be learnt from, "
                    f"expected {_FEWEST_PAIRS}; give a longer record or a shorter lead"
                )
        self._grid = Grid.of(field)
        self._cycle = SeasonalCycle(self._harmonics).fit(field)
        anomalies = Anomalies(field.values - self._cycle.at(times), times, self._grid.lat)
        numbers = self._learn(anomalies)
        self._learn_spread(anomalies)
        return numbers

    def predict(self, inputs: xr.DataArray, leads: Sequence[int]) -> xr.Dataset:
        """Forecast with spread; see :class:`sciml.weather.forecast.FieldForecaster`.

        Raises:
            BadInput: if the inputs do not fit what was learnt, or a lead was not fitted.
        """
        asked = check_leads(leads, self.leads, self.name)
        field = self._grid.check(inputs, history=self.history)
        times = field["time"].values
        anomalies = Anomalies(field.values - self._cycle.at(times), times, self._grid.lat)
        issues = np.arange(self.history - 1, len(times))
        shape = (len(issues), len(asked), *field.shape[1:])
        values, spread = np.empty(shape), np.empty(shape)
        ahead, deviations = self._foretold(anomalies, issues, asked)
        for index, lead in enumerate(asked):
            due = times[issues] + lead * self._grid.step
            values[:, index] = self._cycle.at(due) + ahead[index]
            spread[:, index] = deviations[index]
        return field_forecast_dataset(
            values, field, asked, standard_deviation=spread, step=self._grid.step
        )

    @abstractmethod
    def _learn(self, anomalies: Anomalies) -> dict[str, float]:
        """Learn from anomalies, which may have gaps; returns numbers for the record."""

    @abstractmethod
    def _ahead(self, anomalies: Anomalies, issues: IntArray, lead: int) -> FloatArray:
        """Anomalies to come, from those up to each time of issue. Shape (issue, lat, lon)."""

    def _foretold(
        self, anomalies: Anomalies, issues: IntArray, leads: Sequence[int]
    ) -> tuple[list[FloatArray], list[FloatArray]]:
        """Anomalies to come and deviations of their errors, lead by lead (issue, lat, lon).

        A subclass whose leads have work in common does it here, once.
        """
        ahead = [self._ahead(anomalies, issues, lead) for lead in leads]
        return ahead, [self._deviation(anomalies, issues, lead) for lead in leads]

    def _learn_spread(self, anomalies: Anomalies) -> None:
        """Learn how far each lead errs."""
        self._spread = {
            lead: SeasonalSpread().fit(anomalies.times[due], residuals)
            for lead in self.leads
            for due, residuals in [self._residuals(anomalies, lead)]
        }

    def _deviation(self, anomalies: Anomalies, issues: IntArray, lead: int) -> FloatArray:
        """Standard deviation of the errors to come. Shape (issue, lat, lon)."""
        return self._spread[lead].at(anomalies.times[issues] + lead * self._grid.step)

    def _residuals(self, anomalies: Anomalies, lead: int) -> tuple[IntArray, FloatArray]:
        """When truths were due, and how they differed from the forecast. Shape (issue, lat, lon).

        This one is for forecasts with so few coefficients that learning does not shrink errors.
        """
        issues = whole_windows(anomalies.times, self.history, lead)
        due = issues + lead
        return due, anomalies.values[due] - self._ahead(anomalies, issues, lead)
