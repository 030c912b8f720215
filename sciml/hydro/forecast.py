"""Forecasters from measured history: persistence and linear autoregression; the contract of all.

All obey it, networks too (:mod:`sciml.hydro.lstm`), so that any of them can be a baseline, an
expert or a part of a hybrid: ``fit(train)`` once, then ``predict(inputs, leads)`` for any run.
"""

from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Any, Protocol

import numpy as np
import xarray as xr

from sciml.core.axes import FloatArray, IntArray, axes
from sciml.core.errors import BadInput
from sciml.core.nearest import nearest
from sciml.data.checks import numbers, require_finite
from sciml.hydro.cases import Case, Cases
from sciml.hydro.regression import histories, pooled_ridge

Plan = Mapping[str, FloatArray]  # series of controls by channel, sample by sample, known ahead


class Forecaster(Protocol):
    """What every forecaster can do."""

    name: str

    def fit(self, train: Cases) -> dict[str, float]:
        """Learn from training runs; returns numbers for the record."""
        ...

    def predict(
        self, inputs: FloatArray, leads: Sequence[int], planned: Plan | None = None
    ) -> xr.Dataset:
        """Forecast one run from each time at which there is enough history.

        The forecast issued at sample t for t + lead depends on ``inputs`` up to t and on
        ``planned`` up to t + lead, and on nothing else.

        Args:
            inputs: All channels of the run, in their units. Shape (time, channel). A value that
                is NaN or masked is missing; a forecaster that does not say how it bears this
                refuses it.
            leads: Samples ahead.
            planned: Channels whose future is known, such as a valve's schedule: the series of
                each from the first sample of the run, at least as long as the run; beyond its end
                the last value holds. A forecaster takes those that it was made to use and leaves
                the others. None: the controls hold the value that they have when the forecast is
                issued.

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


def check_leads(leads: Sequence[Any]) -> None:
    """Refuse leads that are not ahead.

    Args:
        leads: Samples ahead.

    Raises:
        BadInput: if there are none, or one is not a whole number of at least 1.
    """
    whole = all(isinstance(lead, int | np.integer) and lead >= 1 for lead in leads)
    if len(leads) == 0 or not whole:
        raise BadInput(f"leads: expected whole numbers of samples ahead, from 1, got {list(leads)}")


def check_fitted(forecaster: Forecaster, learnt: str) -> None:
    """Refuse to forecast before anything was learnt.

    Args:
        forecaster: Any.
        learnt: An attribute that it has once it is fitted.

    Raises:
        BadInput: if it has not.
    """
    if not hasattr(forecaster, learnt):
        raise BadInput(f"{forecaster.name}: not fitted; call fit first")


def with_gaps(inputs: FloatArray, source: str, channels: Sequence[str]) -> FloatArray:
    """A run in which NaN marks whatever is missing, masked values among it.

    Args:
        inputs: All channels, in their units. Shape (time, channel).
        source: What the caller calls the run, for the error text.
        channels: Names of the channels.

    Returns:
        The run as a plain array of the same shape.

    Raises:
        BadInput: if the number of channels differs, or a value is infinite or no number.
    """
    values = numbers(inputs, source)
    axes(values, "time channel", source, channel=len(channels))
    infinite = np.argwhere(np.isinf(values))
    if infinite.size:
        sample, channel = infinite[0]
        raise BadInput(
            f"{source}: variable '{channels[channel]}' is infinite at sample {sample}; mark a "
            "missing value by NaN"
        )
    return values


def controls_ahead(
    inputs: FloatArray,
    controls: Mapping[str, int],
    horizon: int,
    planned: Plan | None,
) -> FloatArray:
    """The controls at the samples that follow each sample: as planned, else held.

    Args:
        inputs: All channels of the run, in their units. Shape (time, channel).
        controls: Names of the controls and their numbers among the channels.
        horizon: Samples ahead.
        planned: See :class:`Forecaster`.

    Returns:
        The controls at t + 1, ..., t + horizon for each t. Shape (time, horizon, control).

    Raises:
        BadInput: if a control is not planned, or its plan is shorter than the run or has gaps.
    """
    if planned is None:
        held = inputs[:, None, list(controls.values())]
        return np.repeat(held, horizon, axis=1)
    ahead = np.empty((len(inputs), horizon, len(controls)))
    for number, name in enumerate(controls):
        if name not in planned:
            raise BadInput(f"planned: no control '{name}'; {nearest(name, planned)}")
        series = numbers(planned[name], f"planned: {name}").astype(np.float64)
        axes(series, "time", f"planned: {name}")
        require_finite(series[:, None], "planned", [name])
        if len(series) < len(inputs):
            raise BadInput(
                f"planned: {name}: expected at least the run's {len(inputs)} samples, "
                f"got {len(series)}; a plan begins with the first sample of the run"
            )
        held = np.concatenate([series, np.repeat(series[-1:], horizon)])
        windows = np.lib.stride_tricks.sliding_window_view(held[1:], horizon)
        ahead[:, :, number] = windows[: len(inputs)]
    return ahead


def numbered_controls(names: Sequence[str], train: Cases) -> dict[str, int]:
    """The numbers of the controls among the channels.

    Args:
        names: The controls.
        train: Runs that have them.

    Returns:
        Number of the channel by name.

    Raises:
        BadInput: if a control is no channel, or is to be forecast.
    """
    for name in names:
        if name not in train.channels:
            raise BadInput(f"controls: no channel '{name}'; {nearest(name, train.channels)}")
        if name in train.targets:
            raise BadInput(f"controls: '{name}' is to be forecast, so it cannot be known ahead")
    return {name: train.channels.index(name) for name in names}


class Persistence:
    """The load stays what it is: the forecast that any other must beat."""

    name = "persistence"

    def fit(self, train: Cases) -> dict[str, float]:
        """Remember which channels are forecast."""
        self._targets, self._names = train.target_indices, train.targets
        self._channels = train.channels
        return {}

    def predict(
        self,
        inputs: FloatArray,
        leads: Sequence[int],
        planned: Plan | None = None,  # noqa: ARG002 - the present value knows no controls
    ) -> xr.Dataset:
        """Repeat the present value at every lead; see :class:`Forecaster`.

        Raises:
            BadInput: if it is not fitted, a lead is not ahead, or a value is not finite.
        """
        check_leads(leads)
        check_fitted(self, "_channels")
        axes(inputs, "time channel", "inputs", channel=len(self._channels))
        require_finite(inputs, f"{self.name}: inputs", self._channels)
        present = inputs[:, None, self._targets]
        values = np.repeat(present, len(leads), axis=1)
        return forecast_dataset(values, 0, leads, self._names)


class Autoregression:
    """Linear regression of the loads at each lead on the recent history (direct, with ridge).

    On the loads alone it is the classical autoregression; on all channels, wave probes included,
    the vector autoregression with exogenous inputs. Controls whose future is planned join the
    regression with their samples up to the lead.

    Source:
        Direct multi-step forecasts: Marcellino, Stock & Watson, J. Econometrics 135 (2006).
    """

    def __init__(
        self,
        order: int,
        leads: Sequence[int],
        *,
        all_channels: bool,
        ridge: float,
        planned: Sequence[str] = (),
    ) -> None:
        """Choose the regression.

        Args:
            order: Samples of history.
            leads: Samples ahead, all that will be asked for.
            all_channels: Whether to regress on all channels or on the forecast ones alone.
            ridge: Penalty on the squared coefficients of scaled channels, per sample.
            planned: Channels whose samples from now to the lead are regressed on, too.

        Raises:
            BadInput: if the order or a lead is below 1, or the penalty negative.
        """
        check_leads(leads)
        if order < 1 or not ridge >= 0:
            raise BadInput(
                "Autoregression: expected an order of at least 1 and a ridge of 0 or more, "
                f"got order {order}, ridge {ridge}"
            )
        self.name = "vector autoregression" if all_channels else "autoregression"
        self._order, self._leads = order, tuple(leads)
        self._all, self._ridge = all_channels, ridge
        self._planned = tuple(planned)

    def fit(self, train: Cases) -> dict[str, float]:
        """Solve the normal equations over the part of each run that counts.

        Raises:
            BadInput: if a planned channel is not there or is to be forecast, a value is not
                finite, no run is long enough, or without a ridge the runs do not determine the
                coefficients.
        """
        self._controls = numbered_controls(self._planned, train)
        self._targets, self._names = train.target_indices, train.targets
        self._used = list(range(len(train.channels))) if self._all else self._targets
        self._scaling = train.scaling()
        self._weights = {lead: self._solved(train, lead) for lead in self._leads}
        return {"coefficients": float(sum(w.size for w in self._weights.values()))}

    def _solved(self, train: Cases, lead: int) -> FloatArray:
        """Coefficients of one lead. Shape (order x channel + lead x control, target)."""
        learnt = [case for case in train.cases.values() if self._issued(case, lead).size]
        if not learnt:
            raise BadInput(f"{self.name}: no run is longer than {self._order} samples and the lead")
        return pooled_ridge((self._pair(case, lead) for case in learnt), self._ridge, self.name)

    def _issued(self, case: Case, lead: int) -> IntArray:
        """The samples of a run whose forecasts are learnt from."""
        return np.arange(max(case.active.start, self._order - 1), case.active.stop - lead)

    def _pair(self, case: Case, lead: int) -> tuple[FloatArray, FloatArray]:
        """Regressors and outcomes of the samples of a run that count."""
        issued = self._issued(case, lead)
        plan = {name: case.values[:, index] for name, index in self._controls.items()}
        past = self._regressors(case.values, lead, plan)[issued - self._order + 1]
        return past, self._scaling.apply(case.values)[issued + lead][:, self._targets]

    def _regressors(self, inputs: FloatArray, lead: int, planned: Plan | None) -> FloatArray:
        """History and the controls up to the lead. Shape (issued, order x channel + ...)."""
        scaled = self._scaling.apply(inputs)[:, self._used]
        history = histories(scaled, self._order)[self._order - 1 :]
        if not self._controls:
            return history
        ahead = controls_ahead(inputs, self._controls, lead, planned)[self._order - 1 :]
        known = self._scaling.only(self._planned).apply(ahead)
        return np.concatenate([history, known.reshape(len(history), -1)], axis=1)

    def predict(
        self, inputs: FloatArray, leads: Sequence[int], planned: Plan | None = None
    ) -> xr.Dataset:
        """Apply the regression of each lead; see :class:`Forecaster`.

        Raises:
            BadInput: if it is not fitted or not for a lead, a value is not finite, the run is
                shorter than the history, or a control is not planned.
        """
        check_leads(leads)
        check_fitted(self, "_weights")
        unknown = sorted(set(leads) - set(self._leads))
        if unknown:
            raise BadInput(f"{self.name}: fitted for leads {self._leads}, asked for {unknown}")
        axes(inputs, "time channel", "inputs", channel=len(self._scaling.channels))
        require_finite(inputs, f"{self.name}: inputs", self._scaling.channels)
        if len(inputs) < self._order:
            raise BadInput(
                f"{self.name}: needs {self._order} samples of history, got {len(inputs)}"
            )
        answers = [self._regressors(inputs, lead, planned) @ self._weights[lead] for lead in leads]
        scaled = np.stack(answers, axis=1)
        values = self._scaling.only(self._names).invert(scaled)
        return forecast_dataset(values, self._order - 1, leads, self._names)


def normalised_errors(
    forecaster: Forecaster, cases: Cases, leads: Sequence[int], planned: Sequence[str] = ()
) -> xr.DataArray:
    """Root-mean-square error over the standard deviation: 1 is as bad as predicting the mean.

    Squared errors and squared deviations from each run's mean are summed over the runs before
    the ratio is taken, for each target, and the ratios are averaged over the targets.

    Args:
        forecaster: A fitted forecaster.
        cases: Runs to judge on.
        leads: Samples ahead.
        planned: Channels whose future the forecaster is told; see :class:`Forecaster`.

    Returns:
        Normalised error, dimensionless. Shape (lead,).

    Raises:
        BadInput: if a lead is below 1, a truth is missing, no forecast is due in the judged part
            of any run, or a target is constant.
    """
    check_leads(leads)
    errors = np.zeros((len(leads), len(cases.targets)))
    spread = np.zeros_like(errors)
    due = 0
    for name, case in cases.cases.items():
        _require_truths(name, case, cases)
        forecast = told(forecaster, case, cases, leads, planned)["forecast"]
        for index, lead in enumerate(leads):
            expected, truth = judged(forecast[:, index], case, cases.target_indices, lead)
            if len(truth):
                errors[index] += np.sum((expected - truth) ** 2, axis=0)
                spread[index] += np.sum((truth - truth.mean(axis=0)) ** 2, axis=0)
            due += len(truth)
    if due == 0:
        raise BadInput(f"{forecaster.name}: no forecast is due in the judged part of the runs")
    if not np.all(spread > 0):
        constant = [n for n, s in zip(cases.targets, spread.min(axis=0), strict=True) if s == 0]
        raise BadInput(f"{', '.join(constant)}: constant in the judged part; nothing to forecast")
    score = np.sqrt(errors / spread).mean(axis=1)
    return xr.DataArray(score, {"lead": list(leads)}, ("lead",), name="normalised_error")


def coverage(
    forecaster: Forecaster,
    cases: Cases,
    leads: Sequence[int],
    planned: Sequence[str] = (),
    share: float = 0.9,
) -> xr.DataArray:
    """How often the truth lies within the central interval of forecasts with deviations.

    Args:
        forecaster: A fitted forecaster that also gives ``standard_deviation``.
        cases: Runs to judge on.
        leads: Samples ahead.
        planned: Channels whose future the forecaster is told; see :class:`Forecaster`.
        share: Probability that the interval claims, under a normal law.

    Returns:
        Share of the truths inside, over runs, times and targets. Shape (lead,).

    Raises:
        BadInput: if the share is no probability between 0 and 1, a lead is below 1, a truth is
            missing, or no forecast is due in the judged part of any run.
    """
    check_leads(leads)
    if not 0 < share < 1:
        raise BadInput(f"share: expected a probability between 0 and 1, got {share}")
    width = NormalDist().inv_cdf(0.5 + share / 2)
    inside, due = np.zeros(len(leads)), np.zeros(len(leads))
    for run, case in cases.cases.items():
        _require_truths(run, case, cases)
        answer = told(forecaster, case, cases, leads, planned)
        for index, lead in enumerate(leads):
            (expected, truth), (spread, _) = (
                judged(answer[name][:, index], case, cases.target_indices, lead)
                for name in ("forecast", "standard_deviation")
            )
            inside[index] += np.sum(np.abs(expected - truth) <= width * spread)
            due[index] += truth.size
    if due.min() == 0:
        raise BadInput(f"{forecaster.name}: no forecast is due in the judged part of the runs")
    return xr.DataArray(inside / due, {"lead": list(leads)}, ("lead",), name="coverage")


def _require_truths(name: str, case: Case, cases: Cases) -> None:
    """Refuse a run whose targets are not known wherever forecasts are judged."""
    truths = np.zeros((len(case.values), len(cases.targets)))
    targets = numbers(case.values, f"run '{name}'")[:, cases.target_indices]
    truths[case.judged] = targets[case.judged]
    require_finite(truths, f"run '{name}'", cases.targets)


def told(
    forecaster: Forecaster,
    case: Case,
    cases: Cases,
    leads: Sequence[int],
    planned: Sequence[str] = (),
) -> xr.Dataset:
    """The forecast of a run whose planned channels came out as planned.

    Args:
        forecaster: A fitted forecaster.
        case: The run.
        cases: Where it is from.
        leads: Samples ahead.
        planned: Channels whose future the forecaster is told; see :class:`Forecaster`.

    Returns:
        The forecaster's answer.
    """
    plan = {name: case.values[:, cases.channels.index(name)] for name in planned} or None
    return forecaster.predict(case.values, leads, planned=plan)


def judged(
    answer: xr.DataArray, case: Case, targets: Sequence[int], lead: int
) -> tuple[FloatArray, FloatArray]:
    """The forecasts that are due in the judged part of a run, and what came.

    Args:
        answer: At one lead, a forecast or what belongs to it; shape (time, target, ...).
        case: The run.
        targets: Numbers of the forecast channels.
        lead: Samples ahead.

    Returns:
        The answers that count, shape (time, target, ...), and the truths, shape (time, target).
    """
    due = answer["time"].values + lead
    counts = (due >= case.judged.start) & (due < min(case.judged.stop, len(case.values)))
    return answer.values[counts], case.values[due[counts]][:, list(targets)]
