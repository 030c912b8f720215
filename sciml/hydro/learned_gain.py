"""A Kalman filter whose gain and confidence are learnt, under the contract of the forecasters.

The state follows a known linear model; a small recurrent network that sees the innovations says
how far to follow the sensors and how sure the forecasts are. Its last layers start at zero, so an
untrained network *is* the stationary Kalman filter, and training only leaves it where the model
or the noise is not what the filter takes it for.
"""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import paddle
import xarray as xr
from numpy.typing import NDArray
from paddle import nn
from pydantic import Field, NonNegativeInt, PositiveInt

from sciml.core.axes import FloatArray, IntArray
from sciml.core.errors import BadInput
from sciml.core.nearest import nearest
from sciml.core.seeds import seed_everything
from sciml.core.settings import Settings
from sciml.data.scaling import Scaling
from sciml.data.windows import WindowSettings
from sciml.hydro.cases import Case, Cases
from sciml.hydro.dmd import DynamicModes
from sciml.hydro.forecast import (
    Plan,
    check_fitted,
    check_leads,
    forecast_dataset,
    numbered_controls,
    with_gaps,
)
from sciml.hydro.gain_model import (
    Course,
    LinearModel,
    Stationary,
    course_of,
    identified_model,
    stationary_filter,
    stationary_states,
)
from sciml.hydro.saved import Description, described, read_forecaster, write_forecaster
from sciml.training.feed import Batch, Feed, to_tensor
from sciml.training.fit import FitResult, FitSettings, Problem, fit
from sciml.training.optimiser import layer_arrays, load_layer

_UNIT = math.log(math.e - 1)  # softplus of it is 1


class GainSettings(Settings):
    """Identification of the linear model and size of the network."""

    controls: tuple[str, ...] = ()  # channels that drive the others and are not filtered
    known_controls: bool = False  # whether the controls' future is known when forecasts are made
    delays: PositiveInt = 20  # samples of a channel in a state of the dynamic modes
    control_delays: PositiveInt = 20  # samples of a control that act in a step
    rank: PositiveInt | Literal["optimal"] = "optimal"  # states of the filter
    ridge: float = Field(default=1e-3, ge=0)  # of the dynamic modes
    hidden: PositiveInt = 32  # state of the network
    bound: float = Field(default=0.5, gt=0, le=1)  # of what is added to the gain, see GainNetwork
    sensor_dropout: float = Field(default=0.0, ge=0, lt=1)  # share of samples hidden in training
    burn_in: NonNegativeInt = 10  # samples at the start of a stretch that are not learnt from
    warm_up: PositiveInt = 20  # samples before the first forecast


class Filtered(NamedTuple):
    """What the network made of stretches of runs."""

    states: paddle.Tensor  # after each sample, (batch, time, state)
    means: paddle.Tensor  # forecasts of the sensors, (batch, time, lead, sensor)
    factors: paddle.Tensor  # Cholesky factors of their covariances, (batch, time, lead, sensor, ·)


class GainNetwork(nn.Layer):
    """The gain and the covariances of a filter, from its innovations.

    The added gain is ``bound`` times tanh of the network's word in the units of √P_ii / √S_jj, in
    which no optimal gain exceeds 1: however wild the data, the gain stays finite and near the
    stationary one. That is a bound on each update, no proof of stability for every F.

    The idea of a network in the place of the gain: Revach et al., IEEE Trans. Signal Processing
    70 (2022) 1532-1547. The parametrisation around the stationary filter and the covariance of
    each lead are our own.
    """

    def __init__(self, model: LinearModel, filtered: Stationary, settings: GainSettings) -> None:
        """Start as the stationary filter.

        Args:
            model: The scaled model.
            filtered: Its stationary filter, for the leads wanted.
            settings: Size and bound.
        """
        super().__init__()
        lead, m, n = filtered.maps.shape
        self._sizes = {"sensor": m, "state": n, "lead": lead}
        self._settings = settings
        scale = np.sqrt(np.diag(filtered.prior))
        innovation = np.linalg.cholesky(model.H @ filtered.prior @ model.H.T + model.R)
        spread = np.sqrt(np.sum(innovation**2, axis=1))
        constants = {
            "F": model.F,
            "H": model.H,
            "h": model.h,
            "gain": filtered.gain,
            "reach": settings.bound * scale[:, None] / spread,
            "maps": filtered.maps,
            "factors": filtered.factors,
            "whitening": np.linalg.inv(innovation),
            "scale": scale,
        }
        for name, array in constants.items():
            tensor = paddle.to_tensor(np.ascontiguousarray(array), "float64")
            self.register_buffer(f"_{name}", tensor, persistable=False)
        self.cell = nn.GRUCell(2 * m + n, settings.hidden)
        self.gain_head = nn.Linear(settings.hidden, n * m)
        self.spread_head = nn.Linear(settings.hidden, lead * m * (m + 1) // 2)
        for head in (self.gain_head, self.spread_head):
            head.weight.set_value(paddle.zeros_like(head.weight))
            head.bias.set_value(paddle.zeros_like(head.bias))
        # A filter's errors cancel over many steps; single precision would leave 1e-4 of them.
        self.to(dtype="float64")

    def forward(self, batch: Batch) -> Filtered:
        """Filter stretches of runs and forecast from every sample.

        Args:
            batch: ``sensors`` (batch, time, sensor), any number where one is missing; ``present``
                the same shape, 1 where there is a value and else 0; ``drive`` (batch, time,
                state); ``known`` (batch, time, lead, sensor); ``start``, the state before the
                first sample, (batch, state). See :class:`sciml.hydro.gain_model.Course`.

        Returns:
            States, forecasts and their Cholesky factors, all scaled.
        """
        sensors, present, drive = batch["sensors"], batch["present"], batch["drive"]
        if self.training and self._settings.sensor_dropout:
            kept = paddle.rand(present.shape, "float64") >= self._settings.sensor_dropout
            present = present * kept.astype("float64")
        state, update = batch["start"], paddle.zeros_like(batch["start"])
        memory = paddle.zeros([len(state), self._settings.hidden], "float64")
        states, memories = [], []
        for t in range(sensors.shape[1]):
            prior = state @ self._F.T + drive[:, t]
            innovation = (sensors[:, t] - prior @ self._H.T - self._h) * present[:, t]
            signs = [innovation @ self._whitening.T, update / self._scale]
            # asinh: an outlier is told from a large innovation, but does not swamp the rest.
            features = [paddle.asinh(paddle.concat(signs, 1)), present[:, t]]
            memory = self.cell(paddle.concat(features, 1), memory)[0]
            update = self._updated(memory, innovation)
            state = prior + update
            states.append(state)
            memories.append(memory)
        return self._forecast(paddle.stack(states, 1), paddle.stack(memories, 1), batch["known"])

    def _updated(self, memory: paddle.Tensor, innovation: paddle.Tensor) -> paddle.Tensor:
        """K times the innovation. Shape (batch, state)."""
        said = self.gain_head(memory).reshape([-1, self._sizes["state"], self._sizes["sensor"]])
        gain = self._gain + self._reach * paddle.tanh(said)
        return (gain @ innovation.unsqueeze(-1)).squeeze(-1)

    def _forecast(
        self, states: paddle.Tensor, memories: paddle.Tensor, known: paddle.Tensor
    ) -> Filtered:
        """Means and Cholesky factors at the leads."""
        m, lead = self._sizes["sensor"], self._sizes["lead"]
        moved = states @ self._maps.reshape([lead * m, -1]).T
        means = moved.reshape(known.shape) + known
        said = self.spread_head(memories).reshape([*memories.shape[:2], lead, -1])
        rows, k = [], 0
        for row in range(m):
            below, here = said[..., k : k + row], said[..., k + row : k + row + 1]
            positive = nn.functional.softplus(here + _UNIT)
            nothing = paddle.zeros([*said.shape[:3], m - row - 1], "float64")
            rows.append(paddle.concat([below, positive, nothing], -1))
            k += row + 1
        return Filtered(states, means, self._factors @ paddle.stack(rows, -2))


def negative_log_likelihood(
    means: paddle.Tensor, factors: paddle.Tensor, truth: paddle.Tensor, present: paddle.Tensor
) -> paddle.Tensor:
    """Gaussian negative log-likelihood of the sensors that have a value.

    Args:
        means: Forecasts. Shape (..., sensor).
        factors: Lower Cholesky factors of their covariances. Shape (..., sensor, sensor).
        truth: What came; any number where a sensor is missing. Shape (..., sensor).
        present: 1 where there is a value, else 0. Shape (..., sensor).

    Returns:
        -log p, in nats; zero where no sensor has a value. Shape (...).
    """
    gaps = ((truth - means) * present).unsqueeze(-1)
    if means.shape[-1] == 1:
        root = factors * present.unsqueeze(-1) + (1 - present.unsqueeze(-1))
        white = gaps / root
    else:
        # A missing sensor is given the variance 1 and no error: what remains is the marginal.
        both = present.unsqueeze(-1) * present.unsqueeze(-2)
        missing = paddle.diag_embed(1 - present)
        covariance = (factors @ factors.transpose(_swapped(factors))) * both + missing
        root = paddle.linalg.cholesky(covariance)
        white = paddle.linalg.triangular_solve(root, gaps, upper=False)
    logs = paddle.log(paddle.diagonal(root, axis1=-2, axis2=-1)).sum(-1)
    constant = 0.5 * math.log(2 * math.pi) * present.sum(-1)
    return 0.5 * (white**2).sum([-2, -1]) + logs + constant


def _swapped(tensor: paddle.Tensor) -> list[int]:
    """The order of axes with the last two exchanged."""
    order = list(range(len(tensor.shape)))
    return [*order[:-2], order[-1], order[-2]]


class Stretches:
    """Stretches of runs for truncated back-propagation, each with the state that it starts from."""

    def __init__(
        self, courses: Sequence[Course], starts: Sequence[FloatArray], window: WindowSettings
    ) -> None:
        """Cut runs.

        Args:
            courses: The runs.
            starts: States before each sample of each run. Shape (time, state).
            window: ``history`` is the length of a stretch, ``stride`` the samples between two.

        Raises:
            BadInput: if no run is long enough.
        """
        self._courses, self._starts, self._window = courses, starts, window
        needed = window.history + max(window.leads)
        self._places = [
            (number, first)
            for number, course in enumerate(courses)
            for first in range(0, len(course.sensors) - needed + 1, window.stride)
        ]
        if not self._places:
            raise BadInput(
                f"learned gain: no run has the {needed} samples of a stretch and its leads"
            )

    def __len__(self) -> int:
        """The number of stretches."""
        return len(self._places)

    def gather(self, indices: IntArray) -> dict[str, NDArray[Any]]:
        """The stretches of a batch, as :meth:`GainNetwork.forward` and the loss want them."""
        leads = np.array(self._window.leads)
        parts: list[dict[str, FloatArray]] = []
        for index in indices:
            number, first = self._places[index]
            course, here = self._courses[number], slice(first, first + self._window.history)
            due = np.arange(here.start, here.stop)[:, None] + leads
            part = _fed(course, here) | _truth(course.sensors[due])
            parts.append(part | {"start": self._starts[number][first]})
        return {name: np.stack([part[name] for part in parts]) for name in parts[0]}


def _fed(course: Course, here: slice) -> dict[str, FloatArray]:
    """What the network is fed in a part of a run."""
    sensors = course.sensors[here]
    present = np.isfinite(sensors)
    return {
        "sensors": np.where(present, sensors, 0.0),
        "present": present.astype(np.float64),
        "drive": course.drive[here],
        "known": course.known[here],
    }


def _truth(future: FloatArray) -> dict[str, FloatArray]:
    """What came, and where it came."""
    came = np.isfinite(future)
    return {"future": np.where(came, future, 0.0), "came": came.astype(np.float64)}


class LearnedGain:
    """Filters a run with a learnt gain and forecasts with standard deviations."""

    name = "learned gain"

    def __init__(
        self,
        window: WindowSettings,
        settings: GainSettings,
        training: FitSettings | None = None,
        *,
        model: LinearModel | None = None,
        validation: Sequence[str] = (),
        seed: int = 0,
    ) -> None:
        """Choose model, network and training.

        Args:
            window: Leads, and the stretches that back-propagation reaches over (``history``).
            settings: Identification and network.
            training: Epochs, batch size, optimiser. None leaves the stationary Kalman filter.
            model: A known model in the units of the channels, whose sensors are the channels that
                are no controls, in order; None identifies one by dynamic modes.
            validation: Training runs by which the best epoch is chosen; they are not learnt from.
            seed: Seed of the initial weights, the order of the stretches and the dropout.
        """
        self._window, self._settings, self._training = window, settings, training
        self._given, self._validation, self._seed = model, tuple(validation), seed
        self.result: FitResult | None = None  # how the training went

    def fit(
        self, train: Cases, folder: Path | None = None, recipe: dict[str, Any] | None = None
    ) -> dict[str, float]:
        """Identify the model if none was given, and train the network.

        Args:
            train: Runs to learn from, those for validation among them.
            folder: Folder of the run; a run that was stopped goes on. None keeps nothing.
            recipe: Settings that checkpoints must have been made with.

        Returns:
            The validation's numbers at the best epoch; without training or validation, none.

        Raises:
            BadInput: if a validation run is not there, no forecast is due in any of them, or the
                model does not fit the channels.
        """
        for name in self._validation:
            if name not in train.cases:
                remedy = nearest(name, train.cases)
                raise BadInput(f"validation: no training run '{name}'; {remedy}")
        learnt = train.without(self._validation)
        self._prepare(learnt)
        if self._training is None:
            return {}
        problem = self._problem(learnt, train.chosen(self._validation), self._training)
        # The scaling goes into every checkpoint: data that changed are noticed on resume.
        identity = {**(recipe or {}), "scaling": json.loads(self._scaling.to_json())}
        self.result = fit(problem, self._training, seed=self._seed, folder=folder, recipe=identity)
        return self.result.best

    def problem(self, train: Cases, held_out: Cases, training: FitSettings) -> Problem:
        """The training as :func:`sciml.training.fit.fit` takes it.

        Args:
            train: Runs to learn from.
            held_out: Runs to choose the epoch by; none gives no validation.
            training: Epochs, batch size, optimiser.

        Returns:
            A fresh network, its loss, its stretches and its validation.
        """
        self._prepare(train)
        return self._problem(train, held_out, training)

    def _problem(self, train: Cases, held_out: Cases, training: FitSettings) -> Problem:
        """See :meth:`problem`; the model is there."""
        courses = [self._active_course(case, train) for case in train.cases.values()]
        starts: list[FloatArray] = []
        for course in courses:
            states = stationary_states(self._model, self._stationary.gain, course)[0]
            starts.append(np.concatenate([np.zeros((1, states.shape[1])), states[:-1]]))
        feed = Feed(Stretches(courses, starts, self._window), training.batch_size, self._seed)
        judged = self._judged_courses(held_out) if held_out.cases else []

        def loss(layer: nn.Layer, batch: Batch) -> paddle.Tensor:
            found: Filtered = layer(batch)
            each = negative_log_likelihood(
                found.means, found.factors, batch["future"], batch["came"]
            )
            return each[:, min(self._settings.burn_in, each.shape[1] - 1) :].mean()

        def validate(layer: nn.Layer) -> dict[str, float]:
            return self._likelihoods(layer, judged)

        return Problem(self._layer, loss, feed, validate if judged else None)

    def _prepare(self, train: Cases) -> None:
        """Scaling, model, stationary filter and a network that is that filter."""
        self._controls = numbered_controls(self._settings.controls, train)
        self._scaling, self._targets = train.scaling(), train.targets
        if self._given is None:
            model = self._identified(train)
        else:
            sensors, controls = self._scaling.only(self._sensors), self._control_scaling
            known = self._given.checked(len(self._sensors), len(self._controls))
            model = known.scaled(sensors, controls)
        self._set(model)
        seed_everything(self._seed)
        self._layer = GainNetwork(self._model, self._stationary, self._settings)
        self._layer.eval()

    def _identified(self, train: Cases) -> LinearModel:
        """The model of the dynamic modes of the runs; stable, to last through missing sensors."""
        settings = self._settings
        modes = DynamicModes(
            settings.delays,
            controls=settings.controls,
            control_delays=settings.control_delays,
            rank=settings.rank,
            ridge=settings.ridge,
            stable=True,
        )
        modes.fit(train)
        return identified_model(modes, train, self._scaling)

    def _set(self, model: LinearModel) -> None:
        """Take a scaled model and its stationary filter."""
        self._model = model
        self._stationary = stationary_filter(model, self._window.leads)

    @property
    def _sensors(self) -> list[str]:
        return [name for name in self._scaling.channels if name not in self._settings.controls]

    @property
    def _control_scaling(self) -> Scaling:
        return self._scaling.only(self._settings.controls)

    def _course(self, inputs: FloatArray, planned: Plan | None) -> Course:
        leads = self._window.leads
        return course_of(self._model, self._scaling, self._controls, inputs, leads, planned)

    def _active_course(self, case: Case, cases: Cases) -> Course:
        """The part of a run that counts, with the plan that forecasts will have."""
        plan = {name: case.values[:, cases.channels.index(name)] for name in self._controls}
        course = self._course(case.values, plan if self._settings.known_controls else None)
        whole = Course(*(part[: case.active.stop] for part in course))
        # The state at rest is a guess only at the very start; the filter has left it by then.
        states = stationary_states(self._model, self._stationary.gain, whole)[0]
        first = case.active.start
        cut = Course(*(part[first:].copy() for part in whole))
        if 0 < first < len(whole.sensors):
            cut.drive[0] += self._model.F @ states[first - 1]
        return cut

    def _judged_courses(self, cases: Cases) -> list[Course]:
        """The parts of runs that count, without those too short for any forecast to be due."""
        courses = [self._active_course(case, cases) for case in cases.cases.values()]
        judged = [course for course in courses if self._due(course).size]
        if not judged:
            raise BadInput(
                f"{self.name}: no forecast is due in any run to judge by; one needs more than "
                f"{self._settings.warm_up + max(self._window.leads)} samples, the warm-up and the "
                "longest lead"
            )
        return judged

    def _due(self, course: Course) -> IntArray:
        """The samples of a run whose forecasts are judged at all leads."""
        return np.arange(self._settings.warm_up, len(course.sensors) - max(self._window.leads))

    def _likelihoods(self, layer: nn.Layer, courses: Sequence[Course]) -> dict[str, float]:
        """Mean negative log-likelihood of whole runs: over the leads, and at each."""
        leads, totals, count = self._window.leads, np.zeros(len(self._window.leads)), 0
        for course in courses:
            found = _whole(layer, course)
            due = self._due(course)
            future = _truth(course.sensors[due[:, None] + np.array(leads)])
            each = negative_log_likelihood(
                found.means[0, due[0] : due[-1] + 1],
                found.factors[0, due[0] : due[-1] + 1],
                to_tensor(future["future"]),
                to_tensor(future["came"]),
            )
            totals += each.numpy().sum(axis=0)
            count += len(due)
        named = {f"nll_lead_{n}": float(x / count) for n, x in zip(leads, totals, strict=True)}
        return {"nll": float(totals.mean() / count)} | named

    def likelihoods(self, cases: Cases) -> dict[str, float]:
        """Mean negative log-likelihood of runs, in nats for each scaled sample: less is better.

        Args:
            cases: Runs to judge on.

        Returns:
            ``nll`` over all leads and ``nll_lead_<lead>`` at each.

        Raises:
            BadInput: if no forecast is due in any run.
        """
        courses = self._judged_courses(cases)
        with paddle.no_grad():
            return self._likelihoods(self._layer, courses)

    def predict(
        self, inputs: FloatArray, leads: Sequence[int], planned: Plan | None = None
    ) -> xr.Dataset:
        """Forecast one run; see :class:`sciml.hydro.forecast.Forecaster`.

        Args:
            inputs: All channels of the run, in their units; NaN or masked where a sensor is
                missing. Shape (time, channel).
            leads: Samples ahead.
            planned: The controls' future; None holds them.

        Returns:
            ``forecast`` and ``standard_deviation``, each (time, lead, target), in the units of
            the targets. The deviation is right for plans as in training (``known_controls``).

        Raises:
            BadInput: if the network was not fitted, or not made for a lead, a value is infinite,
                or the run is shorter than the warm-up.
        """
        check_leads(leads)
        check_fitted(self, "_layer")
        inputs = with_gaps(inputs, f"{self.name}: inputs", self._scaling.channels)
        unknown = [lead for lead in leads if lead not in self._window.leads]
        if unknown:
            raise BadInput(f"{self.name}: made for leads {self._window.leads}, asked for {unknown}")
        first = self._settings.warm_up - 1
        if len(inputs) <= first:
            raise BadInput(f"{self.name}: needs {first + 1} samples of history, got {len(inputs)}")
        with paddle.no_grad():
            found = _whole(self._layer, self._course(inputs, planned))
        rows = [self._window.leads.index(lead) for lead in leads]
        columns = [self._sensors.index(name) for name in self._targets]
        means = found.means.numpy()[0, first:][:, rows][:, :, columns]
        variances = np.sum(found.factors.numpy()[0, first:] ** 2, axis=-1)
        spreads = np.sqrt(variances[:, rows][:, :, columns])
        scaling = self._scaling.only(self._targets)
        answer = forecast_dataset(scaling.invert(means), first, leads, self._targets)
        return answer.assign(standard_deviation=answer["forecast"].copy(data=spreads * scaling.std))

    def save(self, folder: Path) -> list[Path]:
        """Write weights, model and description; :meth:`load` makes the same forecaster of them.

        Args:
            folder: Where to; two small files.

        Returns:
            The files.
        """
        arrays = {f"network:{name}": a for name, a in layer_arrays(self._layer).items()}
        arrays |= {f"model:{name}": array for name, array in self._model._asdict().items()}
        description = described(self._window, self._settings, self._targets, self._scaling)
        return write_forecaster(folder, arrays, description)

    @classmethod
    def load(cls, folder: Path) -> "LearnedGain":
        """Read what :meth:`save` wrote.

        Raises:
            BadInput: if a file is missing, or the weights are a pickle.
            DamagedFile: if the weights are cut short or do not fit the description.
        """
        weights, description, scaling = read_forecaster(folder, Description[GainSettings])
        made = cls(description.window, description.model)
        made._scaling, made._targets = scaling, description.targets
        channels = made._scaling.channels
        made._controls = {name: channels.index(name) for name in description.model.controls}
        groups: dict[str, dict[str, NDArray[Any]]] = {"network": {}, "model": {}}
        for key, array in weights.items():
            group, _, name = key.partition(":")
            groups[group][name] = array
        made._set(LinearModel(**groups["model"]))
        made._layer = GainNetwork(made._model, made._stationary, made._settings)
        load_layer(made._layer, groups["network"])
        made._layer.eval()
        return made


def _whole(layer: nn.Layer, course: Course) -> Filtered:
    """A whole run through the network, as a batch of one."""
    fed = {name: to_tensor(array[None]) for name, array in _fed(course, slice(None)).items()}
    start = paddle.zeros([1, course.drive.shape[1]], "float64")
    return layer(fed | {"start": start})
