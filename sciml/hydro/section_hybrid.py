"""The section model corrected by data: theory identified on the runs, and a learnt residual.

Three experts forecast the cavity pressure at each lead: the identified theory driven by the
controls, planned or held; the same with a regression on how it has erred of late; and a vector
autoregression that knows the same plan. Their shares follow their errors
(:mod:`sciml.hydro.shares`), so that where the theory leaves its range, or collapses, the
regression is what stays.
"""

import math
from collections.abc import Sequence

import numpy as np
import xarray as xr
from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from sciml.core.axes import FloatArray, axes
from sciml.core.errors import BadInput
from sciml.core.settings import Settings
from sciml.hydro.cases import Case, Cases
from sciml.hydro.forecast import (
    Autoregression,
    Plan,
    check_fitted,
    check_leads,
    controls_ahead,
    forecast_dataset,
)
from sciml.hydro.identification import Identified, identify
from sciml.hydro.identification_problem import CavityTheory, Sensor
from sciml.hydro.regression import histories, pooled_ridge
from sciml.hydro.section_ensemble import simulate_cavities
from sciml.hydro.sections import SectionSettings, balanced_pressure, steady_cavity
from sciml.hydro.shares import error_shares

TARGET, CONTROLS = "cavity_pressure", ("ambient_pressure", "ventilation")
EXPERTS = ("theory", "theory and residual", "autoregression")

_STEPS_PER_LIFETIME = 60  # of the simulation
_ROWS = 200  # runs simulated at once


class SectionHybridSettings(Settings):
    """How theory is identified and the rest is learnt."""

    free: tuple[str, ...] = ("loss_coefficient",)  # numbers of the theory to identify
    order: PositiveInt = 50  # samples of history
    ridge: NonNegativeFloat = 1e-3  # per sample, of scaled channels
    memory: float = Field(default=100.0, ge=1)  # samples over which errors are forgotten
    sharpness: PositiveFloat = 2.0


class SectionHybrid:
    """Forecasts the pressure in a cavity of which ambient pressure and ventilation are known.

    The answer of :meth:`predict` has also ``share`` (time, lead, expert).
    """

    name = "section hybrid"

    def __init__(
        self,
        theory: SectionSettings,
        leads: Sequence[int],
        settings: SectionHybridSettings | None = None,
    ) -> None:
        """Choose the theory to start from.

        Args:
            theory: Disk, flow and law of gas loss.
            leads: Samples ahead, all that will be asked for.
            settings: How to identify and to learn.
        """
        self.theory, self._leads = theory, tuple(leads)
        self._settings = settings or SectionHybridSettings()
        self.identified: Identified | None = None  # how the identification went

    def fit(self, train: Cases) -> dict[str, float]:
        """Identify the theory, then learn how it errs.

        Returns:
            The identified numbers.

        Raises:
            BadInput: if a channel is missing, a value is not finite, or the theory has no cavity
                in a run.
        """
        missing = {TARGET, *CONTROLS} - set(train.channels)
        if missing or train.targets != (TARGET,):
            raise BadInput(
                f"{self.name}: needs channels {(TARGET, *CONTROLS)} with target {TARGET}, got "
                f"{train.channels} with {train.targets}"
            )
        self._channels, self._rate = train.channels, train.rate
        self._controls = {name: train.channels.index(name) for name in CONTROLS}
        self._target, self._scaling = train.channels.index(TARGET), train.scaling()
        runs = [self._run(case.values) for case in train.cases.values()]
        noise = float(np.median([_rough_noise(run[TARGET].values) for run in runs]))
        sensors = {TARGET: Sensor(noise=noise)}
        theory = CavityTheory(tunnel=self.theory)
        self.identified = identify(runs, sensors, theory, self._settings.free)
        self._learn(train)
        return dict(self.identified.values)

    def _learn(self, train: Cases) -> None:
        """The residual's regressions and the autoregression."""
        errors = [self._residual(case.values) for case in train.cases.values()]
        self._weights = {
            lead: pooled_ridge(
                (
                    self._pair(case, error, lead)
                    for case, error in zip(train.cases.values(), errors, strict=True)
                ),
                self._settings.ridge,
            )
            for lead in self._leads
        }
        self._regression = Autoregression(
            self._settings.order,
            self._leads,
            all_channels=True,
            ridge=self._settings.ridge,
            planned=CONTROLS,
        )
        self._regression.fit(train)

    def predict(
        self, inputs: FloatArray, leads: Sequence[int], planned: Plan | None = None
    ) -> xr.Dataset:
        """Forecast one run; see :class:`sciml.hydro.forecast.Forecaster`.

        Raises:
            BadInput: if it is not fitted or not for a lead, the run is shorter than the history, or
                a control is missing.
        """
        check_leads(leads)
        check_fitted(self, "_regression")
        unknown = sorted(set(leads) - set(self._leads))
        if unknown:
            raise BadInput(f"{self.name}: fitted for leads {self._leads}, asked for {unknown}")
        axes(inputs, "time channel", "inputs", channel=len(self._channels))
        scale, first = self._scale, self._settings.order - 1
        regression = self._regression.predict(inputs, leads, planned)["forecast"].values
        theory = self._ahead(inputs, max(leads), planned)[first:]  # (time, horizon)
        features = self._features(self._residual(inputs, planned))[first:]
        truth = inputs[first:, self._target, None] / scale
        values, shares = [], []
        for number, lead in enumerate(leads):
            expected = theory[:, lead - 1]
            learnt = expected + scale * (features @ self._weights[lead])[:, 0]
            opinions = np.stack([expected, learnt, regression[:, number, 0]])[..., None] / scale
            share = error_shares(
                opinions, truth, lead, self._settings.memory, self._settings.sharpness
            )
            values.append(scale * np.nansum(share[..., None] * opinions, axis=0))
            shares.append(share.T)
        told = forecast_dataset(np.stack(values, axis=1), first, leads, (TARGET,))
        told["share"] = (("time", "lead", "expert"), np.stack(shares, axis=1))
        return told.assign_coords(expert=list(EXPERTS))

    @property
    def _scale(self) -> float:
        """The standard deviation of the pressure over the training runs, Pa."""
        return float(self._scaling.std[self._target])

    @property
    def _tunnel(self) -> SectionSettings:
        """The identified theory."""
        assert self.identified is not None  # fit identifies it before anything else
        return self.identified.theory.tunnel

    def _run(self, values: FloatArray) -> xr.Dataset:
        """A run as identification wants it."""
        names = {TARGET: self._target, **self._controls}
        time = np.arange(len(values)) / self._rate
        data = {name: ("time", values[:, index]) for name, index in names.items()}
        return xr.Dataset(data, coords={"time": time})

    def _features(self, residual: FloatArray) -> FloatArray:
        """Recent residuals, scaled, and a constant; before the run the theory is right."""
        past = histories(residual[:, None] / self._scale, self._settings.order)
        return np.concatenate([past, np.ones((len(past), 1))], axis=1)

    def _pair(self, case: Case, residual: FloatArray, lead: int) -> tuple[FloatArray, FloatArray]:
        """Features and outcomes of the samples of a run that count."""
        issued = np.arange(case.active.start, case.active.stop - lead)
        due = residual[issued + lead, None] / self._scale
        return self._features(residual)[issued], due

    def _residual(self, inputs: FloatArray, planned: Plan | None = None) -> FloatArray:
        """Measured pressure less the theory's at the same time, Pa; 0 where it collapsed."""
        known = {name: inputs[:, index] for name, index in self._controls.items()}
        series = known if planned is None else {name: planned[name] for name in CONTROLS}
        theory = self._simulated(*(np.asarray(series[n])[None, : len(inputs)] for n in CONTROLS))
        return np.nan_to_num(inputs[:, self._target] - theory[0])

    def _ahead(self, inputs: FloatArray, horizon: int, planned: Plan | None) -> FloatArray:
        """The theory's pressure at t + 1, ..., t + horizon, Pa, shape (time, horizon)."""
        if planned is None:
            return self._held_ahead(inputs, horizon)
        ahead = controls_ahead(inputs, self._controls, horizon, planned)
        whole = [
            np.concatenate([np.asarray(planned[name])[: len(inputs)], ahead[-1, :, number]])
            for number, name in enumerate(CONTROLS)
        ]
        theory = self._simulated(*(series[None] for series in whole))[0]
        return np.lib.stride_tricks.sliding_window_view(theory[1:], horizon)

    def _held_ahead(self, inputs: FloatArray, horizon: int) -> FloatArray:
        """The same without a plan: each forecast is a run of its own that holds its controls."""
        answers = np.empty((len(inputs), horizon))
        for first in range(0, len(inputs), _ROWS):
            issued = np.arange(first, min(first + _ROWS, len(inputs)))
            at = np.minimum(np.arange(issued[-1] + 1 + horizon), issued[:, None])  # (run, time)
            theory = self._simulated(*(inputs[:, index][at] for index in self._controls.values()))
            windows = np.lib.stride_tricks.sliding_window_view(theory[:, 1:], horizon, axis=1)
            answers[issued] = windows[issued - first, issued]
        return answers

    def _simulated(self, ambient: FloatArray, ventilation: FloatArray) -> FloatArray:
        """The theory's pressure from the balance of the first sample on, Pa, (run, time)."""
        tunnel, count = self._tunnel, ambient.shape[1]
        start = balanced_pressure(tunnel, float(ambient[0, 0]), float(ventilation[0, 0]))
        lifetime = steady_cavity(tunnel, float(ambient[0, 0]), start).lifetime
        substeps = max(1, math.ceil(_STEPS_PER_LIFETIME / (lifetime * self._rate)))
        samples = np.arange(count)
        fine = np.arange((count - 1) * substeps + 1) / substeps
        pressure, gas = (
            np.stack([np.interp(fine, samples, one) for one in series])
            for series in (ambient, ventilation)
        )
        found = simulate_cavities([tunnel] * len(ambient), fine / self._rate, pressure, gas)
        return found["cavity_pressure"].values[:, ::substeps]


def _rough_noise(series: FloatArray) -> float:
    """Standard deviation of white noise on a smooth series, by third differences."""
    return float(np.std(np.diff(series, n=3)) / math.sqrt(20.0))
