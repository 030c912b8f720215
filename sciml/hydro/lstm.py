"""A long short-term memory network under the contract of the forecasters."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import paddle
import xarray as xr
from numpy.typing import NDArray
from paddle import nn

from sciml.core.axes import FloatArray, axes
from sciml.core.errors import BadInput
from sciml.core.nearest import nearest
from sciml.core.seeds import seed_everything
from sciml.data.checks import require_finite
from sciml.data.scaling import Scaling
from sciml.data.windows import Windows, WindowSettings
from sciml.hydro.cases import Cases
from sciml.hydro.forecast import Plan, check_fitted, check_leads, forecast_dataset
from sciml.hydro.saved import Description, described, read_forecaster, write_forecaster
from sciml.nn.recurrent import LSTMForecast, LSTMSettings
from sciml.training.feed import Batch, Feed
from sciml.training.fit import FitResult, FitSettings, Problem, fit
from sciml.training.optimiser import layer_arrays, load_layer

_ROWS = 2048  # windows evaluated at once


class Trained(NamedTuple):
    """What a trained forecaster is made of."""

    layer: LSTMForecast
    scaling: Scaling  # of all channels
    targets: tuple[str, ...]
    window: WindowSettings
    model: LSTMSettings


class LSTMForecaster:
    """Forecasts all leads at once from a window of all channels."""

    name = "LSTM"

    def __init__(
        self,
        window: WindowSettings,
        model: LSTMSettings,
        training: FitSettings | None = None,
        *,
        validation: Sequence[str] = (),
        seed: int = 0,
    ) -> None:
        """Choose window, network and training.

        Args:
            window: History and leads, samples.
            model: Size of the network.
            training: Epochs, batch size, optimiser; needed for :meth:`fit` alone.
            validation: Training runs by which the best epoch is chosen; they are not learnt from.
            seed: Seed of the initial weights, the order of the windows and the dropout.
        """
        self._window, self._model = window, model
        self._training = training or FitSettings()
        self._validation, self._seed = tuple(validation), seed
        self.result: FitResult | None = None  # how the training went

    def fit(
        self, train: Cases, folder: Path | None = None, recipe: dict[str, Any] | None = None
    ) -> dict[str, float]:
        """Train and keep the weights that are best on the validation runs.

        Args:
            train: Runs to learn from, those for validation among them; the scaling is fitted on
                the others alone.
            folder: Folder of the run; a run that was stopped goes on. None keeps nothing.
            recipe: Settings that checkpoints must have been made with.

        Returns:
            The validation's numbers at the best epoch; without validation runs, none.

        Raises:
            BadInput: if a validation run is not among the training runs.
        """
        for name in self._validation:
            if name not in train.cases:
                remedy = nearest(name, train.cases)
                raise BadInput(f"validation: no training run '{name}'; {remedy}")
        learnt = train.without(self._validation)
        self._prepare(learnt)
        feed = Feed(self._windows(learnt), self._training.batch_size, self._seed)
        held_out = self._windows(train.chosen(self._validation)) if self._validation else None

        def validate(layer: nn.Layer) -> dict[str, float]:
            assert held_out is not None
            return _validation_errors(layer, held_out, self._window.leads)

        problem = Problem(self._layer, _squared_error, feed, validate if held_out else None)
        # The scaling goes into every checkpoint: data that changed are noticed on resume.
        identity = {**(recipe or {}), "scaling": json.loads(self._scaling.to_json())}
        self.result = fit(problem, self._training, seed=self._seed, folder=folder, recipe=identity)
        return self.result.best

    @property
    def trained(self) -> Trained:
        """Network, scaling and settings, for those who evaluate the network in another way."""
        return Trained(self._layer, self._scaling, self._targets, self._window, self._model)

    def _prepare(self, train: Cases) -> None:
        """Fit the scaling and draw the initial weights."""
        self._scaling, self._targets = train.scaling(), train.targets
        seed_everything(self._seed)
        self._layer = self._fresh_layer()

    def _fresh_layer(self) -> LSTMForecast:
        return LSTMForecast(
            len(self._scaling.channels),
            self._window.history,
            len(self._window.leads),
            len(self._targets),
            self._model,
        )

    def _windows(self, cases: Cases) -> Windows:
        """All windows of some runs, scaled."""
        runs = cases.cases.values()
        return Windows(
            [self._scaling.apply(case.values) for case in runs],
            self._window,
            cases.target_indices,
            [(case.active.start, case.active.stop) for case in runs],
        )

    def predict(
        self,
        inputs: FloatArray,
        leads: Sequence[int],
        planned: Plan | None = None,  # noqa: ARG002 - the network was trained without plans
    ) -> xr.Dataset:
        """Forecast one run; see :class:`sciml.hydro.forecast.Forecaster`.

        Raises:
            BadInput: if the network was not trained, or not for a lead, a value is not finite, or
                the run is shorter than the history.
        """
        check_leads(leads)
        check_fitted(self, "_layer")
        axes(inputs, "time channel", "inputs", channel=len(self._scaling.channels))
        require_finite(inputs, f"{self.name}: inputs", self._scaling.channels)
        unknown = [lead for lead in leads if lead not in self._window.leads]
        if unknown:
            raise BadInput(f"LSTM: trained for leads {self._window.leads}, asked for {unknown}")
        history = self._window.history
        if len(inputs) < history:
            raise BadInput(f"LSTM: needs {history} samples of history, got {len(inputs)}")
        scaled = self._scaling.apply(inputs).astype(np.float32)
        windows = np.lib.stride_tricks.sliding_window_view(scaled, history, axis=0)
        outputs = _evaluated(self._layer, windows.transpose(0, 2, 1))  # (window, lead, target)
        chosen = outputs[:, [self._window.leads.index(lead) for lead in leads]]
        values = self._scaling.only(self._targets).invert(chosen.astype(np.float64))
        return forecast_dataset(values, history - 1, leads, self._targets)

    def save(self, folder: Path) -> list[Path]:
        """Write weights and description; :meth:`load` makes the same forecaster of them.

        Args:
            folder: Where to; two small files.

        Returns:
            The files.
        """
        description = described(self._window, self._model, self._targets, self._scaling)
        return write_forecaster(folder, layer_arrays(self._layer), description)

    @classmethod
    def load(cls, folder: Path) -> "LSTMForecaster":
        """Read what :meth:`save` wrote.

        Raises:
            BadInput: if a file is missing, or the weights are a pickle.
            DamagedFile: if the weights are cut short or do not fit the description.
        """
        weights, description, scaling = read_forecaster(folder, Description[LSTMSettings])
        made = cls(description.window, description.model)
        made._scaling, made._targets = scaling, description.targets
        made._layer = made._fresh_layer()
        load_layer(made._layer, weights)
        made._layer.eval()
        return made


def _squared_error(layer: nn.Layer, batch: Batch) -> paddle.Tensor:
    """Mean squared error of scaled targets over leads."""
    return nn.functional.mse_loss(layer(batch["history"]), batch["future"])


def _validation_errors(layer: nn.Layer, windows: Windows, leads: Sequence[int]) -> dict[str, float]:
    """Root-mean-square error of scaled targets: mean over the leads, and at each."""
    batch = windows.gather(np.arange(len(windows)))
    gap = _evaluated(layer, batch["history"]) - batch["future"]
    per_lead = np.sqrt(np.mean(np.square(gap, dtype=np.float64), axis=(0, 2)))
    named = {f"rmse_lead_{lead}": float(e) for lead, e in zip(leads, per_lead, strict=True)}
    return {"rmse": float(per_lead.mean())} | named


def _evaluated(layer: nn.Layer, history: NDArray[np.float32]) -> NDArray[np.float32]:
    """A layer's outputs for many windows, a portion at a time."""
    starts = range(0, len(history), _ROWS)
    with paddle.no_grad():
        parts = [
            layer(paddle.to_tensor(np.ascontiguousarray(history[i : i + _ROWS]))).numpy()
            for i in starts
        ]
    return np.concatenate(parts)
