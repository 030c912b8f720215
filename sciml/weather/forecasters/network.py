"""Networks as forecasters of fields: they correct a simple forecast, and know how far they err."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import paddle
import xarray as xr
from numpy.typing import NDArray
from paddle import Tensor, nn

from sciml.core.axes import FloatArray, IntArray
from sciml.core.errors import BadInput, DamagedFile
from sciml.core.paths import shown
from sciml.core.seeds import seed_everything
from sciml.training.feed import Feed, to_tensor
from sciml.training.fit import FitResult, Problem, fit
from sciml.training.optimiser import layer_arrays, load_layer
from sciml.weather.forecast import (
    Grid,
    check_field,
    check_leads,
    field_forecast_dataset,
    whole_windows,
)
from sciml.weather.forecasters.anomalies import Anomalies
from sciml.weather.forecasters.kept_trainings import KeptTrainings, field_digest
from sciml.weather.forecasters.network_layer import (
    INPUTS,
    ForecastLoss,
    LeadNetwork,
    NetworkSettings,
)
from sciml.weather.forecasters.network_samples import Samples, Series, Window
from sciml.weather.forecasters.network_saved import (
    NetworkDescription,
    read_network,
    write_network,
)
from sciml.weather.forecasters.network_start import DampedStart, Start, error_of, make_start
from sciml.weather.forecasters.seasons import SeasonalCycle, SeasonalSpread
from sciml.weather.verification import area_weights

_PORTION = 64  # fields evaluated at once
_FEWEST = 30  # forecasts to learn from, and to be judged by

Outputs = tuple[Tensor, Tensor | None]  # mean and standard deviation


class _Parts(NamedTuple):
    """A training record in two: what is learnt from, and what chooses the epoch."""

    learnt: Samples
    judged: Samples
    scale: FloatArray  # error of the start where it is learnt from, (lead, lat, lon)


class NetworkForecaster:
    """A network that corrects a simple forecast of anomalies at all leads.

    The end of the training record is held out: on it the best epoch is chosen, and the spread of
    the errors is measured.
    """

    def __init__(
        self,
        leads: Sequence[int],
        settings: NetworkSettings | None = None,
        *,
        seed: int = 0,
        kept: KeptTrainings | None = None,
    ) -> None:
        """Choose leads, network and training.

        Args:
            leads: Steps ahead, all that will be asked for.
            settings: Backbone, head, training.
            seed: Of the initial weights, the order of the samples, dropout and noise.
            kept: Where trainings that were stopped go on; None keeps nothing.

        Raises:
            BadInput: if a lead is below 1.
        """
        if not leads or min(leads) < 1:
            raise BadInput(f"leads: expected steps ahead from 1 on, got {list(leads)}")
        self.leads = tuple(int(lead) for lead in leads)
        self.settings, self._seed, self._kept = settings or NetworkSettings(), seed, kept
        self.name = f"{self.settings.backbone.kind} network"
        self.result: FitResult | None = None  # how the training went
        self._start = make_start(self.settings.start, self.leads)

    @property
    def history(self) -> int:
        """Steps that a forecast looks at, the present one included."""
        return max(self.settings.history, self._start.history)

    def fit(self, train: xr.DataArray) -> dict[str, float]:
        """Train, and keep the weights that are best on the end of the record.

        Args:
            train: As :class:`sciml.weather.forecast.FieldForecaster` demands it.

        Returns:
            Of the best epoch on what was held out: the loss, near 1 where nothing is corrected,
            and the root-mean-square error at each lead in the field's units.

        Raises:
            BadInput: if the field is not one, or too short.
        """
        field = check_field(train, "training field", gaps=True)
        times, self._grid = field["time"].values, Grid.of(field)
        cut = round(len(times) * (1 - self.settings.held_out))
        self._cycle = SeasonalCycle(self.settings.harmonics).fit(field[:cut])
        anomalies = field.values - self._cycle.at(times)
        weights = area_weights(self._grid.lat)[:, None]
        self._scale = float(np.sqrt(np.mean(weights * anomalies[:cut] ** 2)))
        if not self._scale > 0:
            raise BadInput("training field: does not vary about its seasonal cycle")
        scaled = Anomalies(anomalies / self._scale, times, self._grid.lat)
        parts = self._parts(scaled, cut)
        best = self._train(parts, field_digest(field))
        self._measure_spread(parts.judged, times)
        return best

    def _parts(self, anomalies: Anomalies, cut: int) -> _Parts:
        """Samples to learn from and to be judged by, none in both, with their starts."""
        issues = whole_windows(anomalies.times, self.history, max(self.leads))
        learnt = issues[issues + max(self.leads) < cut]
        judged = issues[issues - self.history + 1 >= cut]
        for name, found in (("learn from", learnt), ("be judged by", judged)):
            if len(found) < _FEWEST:
                raise BadInput(
                    f"training field: {len(found)} forecasts to {name}, expected {_FEWEST}; "
                    "give a longer record, shorter leads, or another share held out"
                )
        early = Anomalies(anomalies.values[:cut], anomalies.times[:cut], anomalies.lat)
        self._start.fit(early, learnt)
        starts = self._start.learning(early, learnt)
        scale = error_of(starts, np.stack([early.values[learnt + n] for n in self.leads], axis=1))
        seed_everything(self._seed)
        self._layer = self._fresh_layer(early, learnt, scale)
        series = self._series(anomalies)
        ahead = self._start.ahead(anomalies, judged)
        return _Parts(
            self._samples(series, learnt, starts), self._samples(series, judged, ahead), scale
        )

    def _fresh_layer(self, early: Anomalies, learnt: IntArray, scale: FloatArray) -> LeadNetwork:
        """The network with its initial weights."""
        grid = (self._grid.lat, self._grid.lon)
        if not self.settings.rolled_out:
            return LeadNetwork(self.settings, self.leads, grid, scale)
        fading = self.settings.start == "damped persistence"
        step = (DampedStart if fading else Start)((1,))
        step.fit(early, learnt)
        ahead = step.ahead(early, learnt)
        kept = step.kept if isinstance(step, DampedStart) else np.zeros_like(ahead[0])
        error = error_of(ahead, early.values[learnt + 1][:, None])
        return LeadNetwork(self.settings, self.leads, grid, error, kept)

    def _series(self, anomalies: Anomalies) -> Series:
        """Scaled anomalies in the precision of the network."""
        return Series(anomalies.values.astype(np.float32), anomalies.times, self._grid.step)

    def _samples(self, series: Series, issues: IntArray, starts: FloatArray) -> Samples:
        """Samples issued at given positions."""
        window = Window(self.settings.history, self._layer.conditions, self.leads)
        return Samples(series, issues, starts.astype(np.float32), window)

    def _train(self, parts: _Parts, digest: str) -> dict[str, float]:
        """Train the network on the field of a digest; the numbers of the best epoch."""
        training = self.settings.training
        feed = Feed(parts.learnt, training.batch_size, self._seed)
        loss = ForecastLoss(self.settings.head, area_weights(self._grid.lat), parts.scale)

        def validate(_: nn.Layer) -> dict[str, float]:
            return self._judged(loss, parts.judged)

        problem = Problem(self._layer, loss, feed, validate)
        if self._kept is None:
            self.result = fit(problem, training, seed=self._seed)
            return self.result.best
        identity = {
            "field": digest,
            "leads": list(self.leads),
            "network": self.settings.model_dump(mode="json"),
        }
        self.result = self._kept.fit(problem, training, seed=self._seed, identity=identity)
        return self.result.best

    def _outputs(self, samples: Samples) -> Iterator[tuple[IntArray, Outputs]]:
        """What the network says of all samples, a portion at a time."""
        for first in range(0, len(samples), _PORTION):
            portion = np.arange(first, min(first + _PORTION, len(samples)))
            known = samples.known(portion)
            with paddle.no_grad():
                yield portion, self._layer(*(to_tensor(known[name]) for name in INPUTS))

    def _judged(self, loss: ForecastLoss, samples: Samples) -> dict[str, float]:
        """The loss, and the error at each lead in the field's units."""
        total, squares = 0.0, np.zeros(len(self.leads))
        for portion, (mean, deviation) in self._outputs(samples):
            future = samples.gather(portion)["future"]
            total += float(loss.of(mean, deviation, to_tensor(future))) * len(portion)
            squared = np.square(mean.numpy() - future, dtype=np.float64)
            squares += self._area_mean(squared).sum(axis=0)
        rmse = self._scale * np.sqrt(squares / len(samples))
        by_lead = {f"rmse_lead_{n}": float(e) for n, e in zip(self.leads, rmse, strict=True)}
        return {"loss": total / len(samples)} | by_lead

    def _area_mean(self, values: FloatArray) -> FloatArray:
        """Mean over the area of (..., lat, lon)."""
        return (values * area_weights(self._grid.lat)[:, None]).mean(axis=(-2, -1))

    def _measure_spread(self, judged: Samples, times: NDArray[Any]) -> None:
        """How far the forecasts err on what was held out."""
        shape = (len(judged), len(self.leads), len(self._grid.lat), len(self._grid.lon))
        errors, deviations = np.empty(shape), np.ones(shape)
        for portion, (mean, deviation) in self._outputs(judged):
            errors[portion] = judged.gather(portion)["future"] - mean.numpy()
            if deviation is not None:
                deviations[portion] = deviation.numpy()
        self._stretch = np.sqrt(self._area_mean((errors / deviations) ** 2).mean(axis=0))  # (lead,)
        self._spread = [
            SeasonalSpread().fit(times[judged.issues + lead], self._scale * errors[:, index])
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
        scaled = (field.values - self._cycle.at(times)) / self._scale
        anomalies = Anomalies(scaled, times, self._grid.lat)
        issues = np.arange(self.history - 1, len(times))
        starts = self._start.ahead(anomalies, issues)
        outputs = [
            each
            for _, each in self._outputs(self._samples(self._series(anomalies), issues, starts))
        ]
        index = [self.leads.index(lead) for lead in asked]
        mean = np.concatenate([m.numpy()[:, index] for m, _ in outputs]).astype(np.float64)
        due = times[issues][:, None] + np.array(asked) * self._grid.step
        season = self._cycle.at(due.ravel()).reshape(mean.shape)
        widths = [d.numpy()[:, index] for _, d in outputs if d is not None]
        return field_forecast_dataset(
            season + self._scale * mean,
            field,
            asked,
            standard_deviation=self._deviation(due, index, widths),
            step=self._grid.step,
        )

    def _deviation(
        self, due: NDArray[Any], index: list[int], widths: list[NDArray[np.float32]]
    ) -> FloatArray:
        """Standard deviation of errors: the network's own, stretched, or that of the season."""
        if not widths:
            each = [self._spread[i].at(due[:, n]) for n, i in enumerate(index)]
            return np.stack(each, axis=1)
        factor = self._scale * self._stretch[index][:, None, None]
        return np.concatenate(widths).astype(np.float64) * factor

    def save(self, folder: Path) -> list[Path]:
        """Write arrays and description; :meth:`load` makes the same forecaster of them.

        Args:
            folder: Where to; two files.

        Returns:
            The files.
        """
        description = NetworkDescription(
            leads=self.leads,
            settings=self.settings,
            scale=self._scale,
            units=self._grid.units,
            step_seconds=int(self._grid.step / np.timedelta64(1, "s")),
        )
        groups = {
            "layer": layer_arrays(self._layer),
            "cycle": self._cycle.arrays(),
            "start": self._start.arrays(),
            "grid": {"lat": self._grid.lat, "lon": self._grid.lon},
            "stretch": {"by lead": self._stretch},
        }
        for lead, spread in zip(self.leads, self._spread, strict=True):
            groups[f"spread {lead}"] = spread.arrays()
        return write_network(folder, groups, description)

    @classmethod
    def load(cls, folder: Path) -> "NetworkForecaster":
        """Read what :meth:`save` wrote.

        Args:
            folder: Where it is.

        Returns:
            The forecaster; it can forecast, not go on with its training.

        Raises:
            BadInput: if a file is missing, or the arrays are a pickle.
            DamagedFile: if the arrays are cut short or do not fit the description.
        """
        groups, description, grid = read_network(folder)
        made = cls(description.leads, description.settings)
        made._grid, made._scale = grid, description.scale
        try:
            made._cycle = SeasonalCycle.from_arrays(groups["cycle"])
            made._start.restore(groups.get("start", {}))
            made._stretch = groups["stretch"]["by lead"]
            made._spread = [
                SeasonalSpread.from_arrays(groups[f"spread {lead}"]) for lead in made.leads
            ]
        except KeyError as error:
            raise DamagedFile(
                f"{shown(folder)}: holds no {error} of the forecaster; train it anew"
            ) from None
        made._layer = LeadNetwork(made.settings, made.leads, (grid.lat, grid.lon))
        load_layer(made._layer, groups.get("layer", {}))
        made._layer.eval()
        return made
