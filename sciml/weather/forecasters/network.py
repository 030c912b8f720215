"""Networks as forecasters of fields: they correct what fades, and know how far they err."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import paddle
import xarray as xr
from numpy.typing import NDArray
from paddle import Tensor, nn

from sciml.core.axes import IntArray
from sciml.core.errors import BadInput
from sciml.core.seeds import seed_everything
from sciml.training.feed import Feed, to_tensor
from sciml.training.fit import FitResult, Problem, fit
from sciml.weather.forecast import (
    Grid,
    check_field,
    check_leads,
    field_forecast_dataset,
    whole_windows,
)
from sciml.weather.forecasters.network_layer import (
    INPUTS,
    ForecastLoss,
    LeadNetwork,
    NetworkSettings,
    Start,
)
from sciml.weather.forecasters.network_samples import Samples, Series, kept_share
from sciml.weather.forecasters.seasons import SeasonalCycle, SeasonalSpread
from sciml.weather.verification import area_weights

_PORTION = 64  # fields evaluated at once
_FEWEST = 30  # forecasts to learn from, and to be judged by
_SMALLEST_ERROR = 1e-3  # of the start, over the scale of the anomalies, to divide by

Outputs = tuple[Tensor, Tensor | None]  # mean, standard deviation


class NetworkForecaster:
    """A network that corrects damped persistence of anomalies at all leads.

    The end of the training record is held out: on it the best epoch is chosen, and the spread of
    the errors is measured.
    """

    def __init__(
        self, leads: Sequence[int], settings: NetworkSettings | None = None, *, seed: int = 0
    ) -> None:
        """Choose leads, network and training.

        Args:
            leads: Steps ahead, all that will be asked for.
            settings: Backbone, head, training.
            seed: Of the initial weights, the order of the samples, dropout and noise.

        Raises:
            BadInput: if a lead is below 1.
        """
        if not leads or min(leads) < 1:
            raise BadInput(f"leads: expected steps ahead from 1 on, got {list(leads)}")
        self.leads = tuple(int(lead) for lead in leads)
        self._settings, self._seed = settings or NetworkSettings(), seed
        self.name = f"{self._settings.backbone.kind} network"
        self.result: FitResult | None = None  # how the training went

    @property
    def history(self) -> int:
        """Steps that a forecast looks at, the present one included."""
        return self._settings.history

    def fit(
        self,
        train: xr.DataArray,
        folder: Path | None = None,
        recipe: dict[str, Any] | None = None,
    ) -> dict[str, float]:
        """Train, and keep the weights that are best on the end of the record.

        Args:
            train: As :class:`sciml.weather.forecast.FieldForecaster` demands it.
            folder: Folder of the run; a run that was stopped goes on. None keeps nothing.
            recipe: Settings that checkpoints must have been made with.

        Returns:
            Of the best epoch on what was held out: the mean over the leads of the loss over that
            of the start, and the root-mean-square error at each lead in the field's units.

        Raises:
            BadInput: if the field is not one, or too short.
        """
        field = check_field(train, "training field", gaps=True)
        times, self._grid = field["time"].values, Grid.of(field)
        cut = round(len(times) * (1 - self._settings.held_out))
        self._cycle = SeasonalCycle(self._settings.harmonics).fit(field[:cut])
        anomalies = field.values - self._cycle.at(times)
        weights = area_weights(self._grid.lat)[:, None]
        self._scale = float(np.sqrt(np.mean(weights * anomalies[:cut] ** 2)))
        if not self._scale > 0:
            raise BadInput("training field: does not vary about its seasonal cycle")
        series = Series((anomalies / self._scale).astype(np.float32), times, self._grid.step)
        learnt, judged = self._issues(times, cut)
        self._train(series, learnt, judged, folder, recipe)
        self._measure_spread(series, judged)
        assert self.result is not None
        return self.result.best

    def _issues(self, times: NDArray[Any], cut: int) -> tuple[IntArray, IntArray]:
        """Times of issue to learn from, and to be judged by; no sample is in both."""
        issues = whole_windows(times, self.history, max(self.leads))
        learnt = issues[issues + max(self.leads) < cut]
        judged = issues[issues - self.history + 1 >= cut]
        for name, found in (("learn from", learnt), ("be judged by", judged)):
            if len(found) < _FEWEST:
                raise BadInput(
                    f"training field: {len(found)} forecasts to {name}, expected {_FEWEST}; "
                    "give a longer record, shorter leads, or another share held out"
                )
        return learnt, judged

    def _train(
        self,
        series: Series,
        learnt: IntArray,
        judged: IntArray,
        folder: Path | None,
        recipe: dict[str, Any] | None,
    ) -> None:
        """Fit the start, draw the weights and train them."""
        scale = self._start(series, learnt, self.leads).error
        start = self._start(series, learnt, (1,)) if self._settings.rolled_out else None
        seed_everything(self._seed)
        self._layer = self._fresh_layer(start or self._start(series, learnt, self.leads))
        samples = Samples(series, learnt, self.history, self._layer.conditions, self.leads)
        feed = Feed(samples, self._settings.training.batch_size, self._seed)
        loss = ForecastLoss(self._settings.head, area_weights(self._grid.lat), scale)

        def validate(_: nn.Layer) -> dict[str, float]:
            return self._judged(loss, series, judged)

        problem = Problem(self._layer, loss, feed, validate)
        # What was measured on the record goes into every checkpoint: data that changed are
        # noticed on resume.
        identity = {**(recipe or {}), "scale": [self._scale, float(scale.mean())]}
        self.result = fit(
            problem, self._settings.training, seed=self._seed, folder=folder, recipe=identity
        )

    def _start(self, series: Series, learnt: IntArray, leads: Sequence[int]) -> Start:
        """The damping that is corrected, and how far it errs."""
        now, kept, error = series.values[learnt].astype(np.float64), [], []
        for lead in leads:
            then = series.values[learnt + lead].astype(np.float64)
            fading = self._settings.start == "damped persistence"
            kept.append(kept_share(now, then) if fading else np.zeros(now.shape[1:]))
            error.append(np.sqrt(np.mean((then - kept[-1] * now) ** 2, axis=0)))
        return Start(np.stack(kept), np.maximum(np.stack(error), _SMALLEST_ERROR))

    def _fresh_layer(self, start: Start | None) -> LeadNetwork:
        """The network with its initial weights."""
        return LeadNetwork(self._settings, self.leads, (self._grid.lat, self._grid.lon), start)

    def _outputs(self, series: Series, issues: IntArray) -> Iterator[tuple[IntArray, Outputs]]:
        """What the network says, a portion of the issues at a time."""
        for first in range(0, len(issues), _PORTION):
            portion = issues[first : first + _PORTION]
            known = series.histories(portion, self.history, self._layer.conditions)
            with paddle.no_grad():
                yield portion, self._layer(*(to_tensor(known[name]) for name in INPUTS))

    def _judged(self, loss: ForecastLoss, series: Series, issues: IntArray) -> dict[str, float]:
        """The loss over that of the start, and the error at each lead in the field's units."""
        total, squares = 0.0, np.zeros(len(self.leads))
        for portion, (mean, deviation) in self._outputs(series, issues):
            future = series.futures(portion, self.leads)
            total += float(loss.of(mean, deviation, to_tensor(future))) * len(portion)
            gap = (mean.numpy() - future).astype(np.float64)
            squares += np.einsum("clyx,y->l", gap**2, area_weights(self._grid.lat)) / gap[0, 0].size
        rmse = self._scale * np.sqrt(squares / len(issues))
        by_lead = {f"rmse_lead_{n}": float(e) for n, e in zip(self.leads, rmse, strict=True)}
        return {"loss": total / len(issues)} | by_lead

    def _measure_spread(self, series: Series, judged: IntArray) -> None:
        """How far the forecasts err on what was held out."""
        parts = [
            (future - mean.numpy(), future if deviation is None else deviation.numpy())
            for portion, (mean, deviation) in self._outputs(series, judged)
            for future in [series.futures(portion, self.leads)]
        ]
        errors, deviations = (
            np.concatenate(each).astype(np.float64) for each in zip(*parts, strict=True)
        )
        if self._settings.head == "normal":
            squares = np.mean((errors / deviations) ** 2, axis=(0, 3)) @ area_weights(
                self._grid.lat
            )
            self._stretch = np.sqrt(squares / len(self._grid.lat))
            return
        self._spread = [
            SeasonalSpread().fit(series.times[judged + lead], self._scale * errors[:, index])
            for index, lead in enumerate(self.leads)
        ]

    def predict(self, inputs: xr.DataArray, leads: Sequence[int]) -> xr.Dataset:
        """Forecast with spread; see :class:`sciml.weather.forecast.FieldForecaster`.

        Raises:
            BadInput: if the inputs do not fit what was learnt, or a lead was not fitted.
        """
        asked = check_leads(leads, self.leads, self.name)
        field = self._grid.check(inputs, history=self.history)
        times = field["time"].values
        scaled = ((field.values - self._cycle.at(times)) / self._scale).astype(np.float32)
        issues = np.arange(self.history - 1, len(times))
        outputs = [
            each for _, each in self._outputs(Series(scaled, times, self._grid.step), issues)
        ]
        index = [self.leads.index(lead) for lead in asked]
        mean = np.concatenate([m.numpy()[:, index] for m, _ in outputs]).astype(np.float64)
        due = times[issues][:, None] + np.array(asked) * self._grid.step
        season = self._cycle.at(due.ravel()).reshape(mean.shape)
        if self._settings.head == "normal":
            widths = np.concatenate([d.numpy()[:, index] for _, d in outputs if d is not None])
            factor = self._scale * self._stretch[index][:, None, None]
            spread = widths.astype(np.float64) * factor
        else:
            spread = np.stack([self._spread[i].at(due[:, n]) for n, i in enumerate(index)], axis=1)
        return field_forecast_dataset(
            season + self._scale * mean,
            field,
            asked,
            standard_deviation=spread,
            step=self._grid.step,
        )
