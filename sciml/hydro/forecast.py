"""Forecasters from measured history: persistence and linear autoregression; the contract of all.

All obey it, networks too (:mod:`sciml.hydro.lstm`), so that any of them can be a baseline, an
expert or a part of a hybrid: ``fit(train)`` once, then ``predict(inputs, leads)`` for any run.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import xarray as xr

from sciml.core.axes import FloatArray, axes
from sciml.core.errors import BadInput
from sciml.hydro.cases import Case, Cases


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
        self._targets, self._names = train.target_indices, train.targets
        self._channels = len(train.channels)
        return {}

    def predict(self, inputs: FloatArray, leads: Sequence[int]) -> xr.Dataset:
        """Repeat the present value at every lead; see :class:`Forecaster`."""
        axes(inputs, "time channel", "inputs", channel=self._channels)
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

    def __init__(
        self, order: int, leads: Sequence[int], *, all_channels: bool, ridge: float
    ) -> None:
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
        self._targets, self._names = train.target_indices, train.targets
        self._used = list(range(len(train.channels))) if self._all else self._targets
        self._scaling = train.scaling()
        self._weights = {lead: self._solved(train, lead) for lead in self._leads}
        return {"coefficients": float(sum(w.size for w in self._weights.values()))}

    def _solved(self, train: Cases, lead: int) -> FloatArray:
        """Coefficients of one lead. Shape (order x channel, target)."""
        size = self._order * len(self._used)
        gram, cross, samples = np.zeros((size, size)), np.zeros((size, len(self._targets))), 0
        for case in train.cases.values():
            scaled = self._scaling.apply(case.values)
            first = max(case.active.start, self._order - 1)
            issued = np.arange(first, case.active.stop - lead)
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
        unknown = sorted(set(leads) - set(self._leads))
        if unknown:
            raise BadInput(f"{self.name}: fitted for leads {self._leads}, asked for {unknown}")
        axes(inputs, "time channel", "inputs", channel=len(self._scaling.channels))
        if len(inputs) < self._order:
            raise BadInput(
                f"{self.name}: needs {self._order} samples of history, got {len(inputs)}"
            )
        history = self._history(self._scaling.apply(inputs))
        scaled = np.stack([history @ self._weights[lead] for lead in leads], axis=1)
        values = self._scaling.only(self._names).invert(scaled)
        return forecast_dataset(values, self._order - 1, leads, self._names)


def normalised_errors(forecaster: Forecaster, cases: Cases, leads: Sequence[int]) -> xr.DataArray:
    """Root-mean-square error over the standard deviation: 1 is as bad as predicting the mean.

    Squared errors and squared deviations from each run's mean are summed over the runs before
    the ratio is taken, for each target, and the ratios are averaged over the targets.

    Args:
        forecaster: A fitted forecaster.
        cases: Runs to judge on.
        leads: Samples ahead.

    Returns:
        Normalised error, dimensionless. Shape (lead,).

    Raises:
        BadInput: if no forecast is due in the judged part of any run, or a target is constant.
    """
    errors = np.zeros((len(leads), len(cases.targets)))
    spread = np.zeros_like(errors)
    due = 0
    for case in cases.cases.values():
        forecast = forecaster.predict(case.values, leads)["forecast"]
        for index, lead in enumerate(leads):
            gaps, deviations = _judged(forecast[:, index], case, cases.target_indices, lead)
            errors[index] += np.sum(gaps**2, axis=0)
            spread[index] += np.sum(deviations**2, axis=0)
            due += len(gaps)
    if due == 0:
        raise BadInput(f"{forecaster.name}: no forecast is due in the judged part of the runs")
    if not np.all(spread > 0):
        constant = [n for n, s in zip(cases.targets, spread.min(axis=0), strict=True) if s == 0]
        raise BadInput(f"{', '.join(constant)}: constant in the judged part; nothing to forecast")
    score = np.sqrt(errors / spread).mean(axis=1)
    return xr.DataArray(score, {"lead": list(leads)}, ("lead",), name="normalised_error")


def _judged(
    forecast: xr.DataArray, case: Case, targets: Sequence[int], lead: int
) -> tuple[FloatArray, FloatArray]:
    """Errors of the forecasts that count, and deviations of the truth from its mean."""
    due = forecast["time"].values + lead
    counts = (due >= case.judged.start) & (due < min(case.judged.stop, len(case.values)))
    truth = case.values[due[counts]][:, list(targets)]  # (time, target)
    if len(truth) == 0:
        return truth, truth
    return forecast.values[counts] - truth, truth - truth.mean(axis=0)
