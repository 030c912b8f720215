"""Forecasters of loads from measured history: persistence, linear autoregression, LSTM.

All obey one contract, so that any of them can be a baseline, an expert or a part of a hybrid:
``fit(train)`` once, then ``predict(inputs, leads)`` for any case.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import xarray as xr

from sciml.core.axes import FloatArray, axes
from sciml.core.errors import BadInput
from sciml.data.scaling import Scaling


class Case(NamedTuple):
    """The series of one run of an experiment or a simulation."""

    values: FloatArray  # (time, channel), in the units of the channels
    start: int  # first sample of the part that counts
    stop: int  # last sample of the part that counts


class Cases(NamedTuple):
    """Runs that share channels and sampling."""

    cases: Mapping[str, Case]
    channels: tuple[str, ...]
    targets: tuple[int, ...]  # the channels to forecast
    rate: float  # Hz

    def chosen(self, names: Sequence[str]) -> "Cases":
        """The named runs only."""
        return self._replace(cases={name: self.cases[name] for name in names})

    @property
    def target_names(self) -> list[str]:
        """The names of the forecast channels."""
        return [self.channels[index] for index in self.targets]


class Forecaster(Protocol):
    """What every forecaster can do."""

    name: str

    def fit(self, train: Cases) -> dict[str, float]:
        """Learn from training runs; returns numbers for the record."""
        ...

    def predict(self, inputs: FloatArray, leads: Sequence[int]) -> xr.Dataset:
        """Forecast one run from each time at which there is enough history.

        Args:
            inputs: All channels of the run, in their units. Shape (time, channel).
            leads: Samples ahead.

        Returns:
            ``forecast`` (time, lead, target) in the units of the targets; ``time`` holds the
            sample at which the forecast is issued, ``lead`` the samples ahead.
        """
        ...


def forecast_dataset(
    values: FloatArray, first: int, leads: Sequence[int], targets: Sequence[str]
) -> xr.Dataset:
    """The answer of a forecaster.

    Args:
        values: Forecasts. Shape (time, lead, target).
        first: Sample at which the first forecast is issued.
        leads: Samples ahead.
        targets: Names of the forecast channels.

    Returns:
        A dataset with the variable ``forecast``.
    """
    axes(values, "time lead target", "forecast", lead=len(leads), target=len(targets))
    coordinates = {
        "time": first + np.arange(len(values)),
        "lead": list(leads),
        "target": list(targets),
    }
    data = xr.DataArray(values, coordinates, ("time", "lead", "target"), name="forecast")
    data["time"].attrs["long_name"] = "sample at which the forecast is issued"
    data["lead"].attrs["long_name"] = "samples ahead"
    return data.to_dataset()


class Persistence:
    """The load stays what it is: the forecast that any other must beat."""

    name = "persistence"

    def fit(self, train: Cases) -> dict[str, float]:
        """Remember which channels are forecast."""
        self._targets, self._names = list(train.targets), train.target_names
        return {}

    def predict(self, inputs: FloatArray, leads: Sequence[int]) -> xr.Dataset:
        """Repeat the present value at every lead; see :class:`Forecaster`."""
        present = inputs[:, None, self._targets]
        values = np.repeat(present, len(leads), axis=1)
        return forecast_dataset(values, 0, leads, self._names)


class Autoregression:
    """Linear regression of the loads at each lead on the recent history (direct, with ridge).

    On the loads alone it is the classical autoregression; on all channels, wave probes included,
    the vector autoregression with exogenous inputs.

    Source:
        Direct multi-step forecasts: Marcellino, Stock & Watson, J. Econometrics 135 (2006).
    """

    def __init__(self, order: int, leads: Sequence[int], *, all_channels: bool, ridge: float):
        """Choose the regression.

        Args:
            order: Samples of history.
            leads: Samples ahead, all that will be asked for.
            all_channels: Whether to regress on all channels or on the forecast ones alone.
            ridge: Penalty on the squared coefficients of scaled channels, per sample.
        """
        self.name = "vector autoregression" if all_channels else "autoregression"
        self._order, self._leads = order, tuple(leads)
        self._all, self._ridge = all_channels, ridge

    def fit(self, train: Cases) -> dict[str, float]:
        """Solve the normal equations over the part of each run that counts."""
        self._targets, self._names = list(train.targets), train.target_names
        self._used = list(range(len(train.channels))) if self._all else self._targets
        runs = train.cases.values()
        self._scaling = Scaling.fit(np.concatenate([case.values for case in runs]))
        self._weights = {lead: self._solved(train, lead) for lead in self._leads}
        return {"coefficients": float(sum(w.size for w in self._weights.values()))}

    def _solved(self, train: Cases, lead: int) -> FloatArray:
        """Coefficients of one lead. Shape (order x channel, target)."""
        size = self._order * len(self._used)
        gram, cross, samples = np.zeros((size, size)), np.zeros((size, len(self._targets))), 0
        for case in train.cases.values():
            scaled = self._scaling.apply(case.values)
            last = min(case.stop - lead, len(scaled) - lead)
            issued = np.arange(max(case.start + 1, self._order - 1), last)
            history = self._history(scaled)[issued - self._order + 1]
            future = scaled[issued + lead][:, self._targets]
            gram += history.T @ history
            cross += history.T @ future
            samples += len(issued)
        if samples == 0:
            raise BadInput(f"{self.name}: no run is longer than {self._order} samples and the lead")
        return np.linalg.solve(gram + self._ridge * samples * np.eye(size), cross)

    def _history(self, scaled: FloatArray) -> FloatArray:
        """Every stretch of history as a row. Shape (issued, order x channel)."""
        windows = np.lib.stride_tricks.sliding_window_view(
            scaled[:, self._used], self._order, axis=0
        )
        return windows.reshape(len(windows), -1)

    def predict(self, inputs: FloatArray, leads: Sequence[int]) -> xr.Dataset:
        """Apply the regression of each lead; see :class:`Forecaster`."""
        unknown = set(leads) - set(self._leads)
        if unknown:
            raise BadInput(f"{self.name}: fitted for leads {self._leads}, asked for {unknown}")
        history = self._history(self._scaling.apply(inputs))
        scaled = np.stack([history @ self._weights[lead] for lead in leads], axis=1)
        values = self._scaling.select(self._targets).invert(scaled)
        return forecast_dataset(values, self._order - 1, leads, self._names)


def normalised_errors(
    forecaster: Forecaster, cases: Cases, leads: Sequence[int], settling: int
) -> xr.DataArray:
    """Root-mean-square error over the standard deviation: 1 is as bad as predicting the mean.

    Squared errors and squared deviations from each run's mean are summed over the runs before
    the ratio is taken, for each load, and the ratios are averaged over the loads.

    Args:
        forecaster: A fitted forecaster.
        cases: Runs to judge on.
        leads: Samples ahead.
        settling: Samples after a run's start that do not count.

    Returns:
        Normalised error, dimensionless. Shape (lead,).
    """
    errors = np.zeros((len(leads), len(cases.targets)))
    spread = np.zeros_like(errors)
    for case in cases.cases.values():
        forecast = forecaster.predict(case.values, leads)["forecast"]
        truth = case.values[:, list(cases.targets)]
        for index, lead in enumerate(leads):
            due = forecast["time"].values + lead
            counts = (due >= case.start + settling) & (due <= case.stop) & (due < len(truth))
            expected = truth[due[counts]]
            gap = forecast.values[counts, index] - expected
            errors[index] += np.sum(gap**2, axis=0)
            spread[index] += np.sum((expected - expected.mean(axis=0)) ** 2, axis=0)
    score = np.sqrt(errors / spread).mean(axis=1)
    return xr.DataArray(score, {"lead": list(leads)}, ("lead",), name="normalised_error")
