"""Neural fusion of members, neighbouring stations and a station's own past: one more expert.

A small network looks at the set of members, whichever are there, at the set of stations around
with what is known of their errors, at the features of the case and at a few numbers learnt of
each station, and answers with a law whose CRPS it was trained by. It corrects a ridge regression
(of amounts: the members' mean), from which it starts. Several networks that differ in their seeds
are averaged, quantile by quantile.

Source:
    Networks for post-processing with station embeddings: Rasp & Lerch, Mon. Wea. Rev. 146 (2018);
    averages of quantiles of networks: Schulz & Lerch, Mon. Wea. Rev. 150 (2022).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import paddle
from numpy.typing import NDArray
from paddle import Tensor
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt

from sciml.core.axes import FloatArray, IntArray
from sciml.core.errors import BadInput, DamagedFile
from sciml.core.paths import shown
from sciml.core.seeds import seeded, step_seed
from sciml.core.settings import Settings
from sciml.core.writing import write_json
from sciml.training.checkpoint import read_tensors, write_weights
from sciml.training.feed import to_tensor
from sciml.training.optimiser import (
    OptimiserSettings,
    layer_arrays,
    learning_rate,
    load_layer,
    make_optimiser,
)
from sciml.weather.post_processing.fusion_heads import (
    Frame,
    GammaHead,
    Head,
    NormalHead,
    QuantileHead,
)
from sciml.weather.post_processing.fusion_inputs import Inputs, Scales, network_inputs
from sciml.weather.post_processing.fusion_network import FusionNetwork, FusionNetworkSettings
from sciml.weather.post_processing.table import StationTable
from sciml.weather.values import levels

_ARRAYS, _DESCRIPTION = "fusion.safetensors", "fusion.json"
_PORTION = 4096  # cases evaluated at once


class FusionSettings(Settings):
    """Network, head and training; chosen on the training dates of the UWME temperatures."""

    network: FusionNetworkSettings = FusionNetworkSettings()
    head: Literal["suited", "normal", "gamma", "quantiles"] = "suited"  # to the quantity
    networks: PositiveInt = 2  # whose quantiles are averaged
    steps: PositiveInt = 150  # of the optimiser, each on one batch
    batch_size: PositiveInt = 512
    days: PositiveFloat = 365.0  # in which the weight of past cases falls to 1/e
    learning_rate: PositiveFloat = 3e-3
    weight_decay: NonNegativeFloat = 0.5
    noise: NonNegativeFloat = 0.5  # added to features in training, deviations: against few dates
    ridge: PositiveFloat = 0.02  # penalty of the regression that the network corrects
    station_cases: PositiveInt = 60  # mean cases of a station from which on it is told apart


class Fusion:
    """The network as an expert; see :class:`sciml.weather.post_processing.experts.Expert`."""

    name = "fusion"

    def __init__(self, settings: FusionSettings | None = None, *, seed: int = 0) -> None:
        """Choose network, head and training.

        Args:
            settings: All of it.
            seed: Of the initial weights, the order of the cases, and what is dropped.
        """
        self.settings, self._seed = settings or FusionSettings(), seed
        self._layers: list[FusionNetwork] = []

    def fit(self, past: StationTable) -> None:
        """Learn from nothing else than these cases.

        Args:
            past: Cases whose observations are known.

        Raises:
            BadInput: if a case has no member, or the head does not suit the quantity.
        """
        self._scales = Scales.of(past)
        stations = int(past.station.max()) + 1
        met = len(np.unique(past.station))
        # A few cases of a station say less about it than they cost in chance.
        self._stations = stations if len(past.day) >= self.settings.station_cases * met > 1 else 0
        self._sizes = (past.features.shape[1], past.around.shape[1], self._stations)
        self._kinds, self._nonnegative = past.kinds, past.nonnegative
        inputs = network_inputs(past, self._scales, self._stations)
        weight = np.exp((past.day - past.day.max()) / self.settings.days)
        self._start = self._fitted_start(past, inputs, weight)
        self._make_layers()
        truth = (past.observation - _origin(past)) / self._scales.unit
        targets = (*self._frame(past, inputs), truth, weight / weight.mean())
        arrays = [np.ascontiguousarray(each, np.float32) for each in targets]
        for number, layer in enumerate(self._layers):
            self._train(layer, inputs, arrays, step_seed(self._seed, number))

    def _fitted_start(self, past: StationTable, inputs: Inputs, weight: FloatArray) -> FloatArray:
        """Ridge regression of the ensemble mean's error on the features, over the unit."""
        X = _with_one(inputs.features)
        if past.nonnegative:
            return np.zeros(X.shape[1])
        penalty = self.settings.ridge * weight.sum() * np.eye(X.shape[1])
        penalty[0, 0] = 1e-9
        error = (past.observation - past.mean) / self._scales.unit
        return np.linalg.solve(X.T @ (X * weight[:, None]) + penalty, X.T @ (weight * error))

    def _make_layers(self) -> None:
        """Networks with their initial weights."""
        self._head = _head_for(self.settings.head, nonnegative=self._nonnegative)
        self._layers = []
        for number in range(self.settings.networks):
            with seeded(step_seed(self._seed, number)):
                self._layers.append(
                    FusionNetwork(
                        self.settings.network, self._sizes, self._head.outputs, self._kinds
                    )
                )

    def _frame(self, cases: StationTable, inputs: Inputs) -> tuple[FloatArray, FloatArray]:
        """First guess, from the origin, and deviation of the members, both over the unit."""
        spread = np.exp(cases.feature("log spread")) / self._scales.unit
        if cases.nonnegative:
            return np.maximum(cases.mean, 0.0) / self._scales.unit, spread
        return _with_one(inputs.features) @ self._start, spread

    def _train(
        self, layer: FusionNetwork, inputs: Inputs, arrays: list[NDArray[np.float32]], seed: int
    ) -> None:
        """Make the score of batches small, step by step."""
        settings, rng = self.settings, np.random.default_rng(seed)
        plan = OptimiserSettings(
            learning_rate=settings.learning_rate, weight_decay=settings.weight_decay
        )
        optimiser = make_optimiser(layer, plan)
        layer.train()
        with seeded(seed):
            for step, chosen in enumerate(_batches(len(arrays[0]), settings, rng)):
                mean, spread, truth, weight = (to_tensor(each[chosen]) for each in arrays)
                numbers = _asked(layer, _noisy(inputs.take(chosen), settings.noise, rng))
                score = self._head.crps(numbers, Frame(mean, spread), truth)
                (weight * score).mean().backward()
                optimiser.set_lr(learning_rate(plan, step, settings.steps))
                optimiser.step()
                optimiser.clear_grad()
        layer.eval()

    def predict(self, cases: StationTable) -> FloatArray:
        """Forecast cases: the mean of the networks' quantiles.

        Args:
            cases: Their observations are not looked at.

        Returns:
            Sorted equally likely values. Shape (case, value).

        Raises:
            BadInput: if nothing has been learnt, a case has no member, or the members or
                features are others than those that were learnt from.
        """
        self._require(cases)
        found = np.zeros((len(cases.day), len(levels())))
        for first in range(0, len(found), _PORTION):
            some = cases.take(slice(first, first + _PORTION))
            inputs = network_inputs(some, self._scales, self._stations)
            arrays = self._frame(some, inputs)
            frame = Frame(*(to_tensor(each.astype(np.float32)) for each in arrays))
            with paddle.no_grad():
                each = [self._head.values(_asked(layer, inputs), frame) for layer in self._layers]
            values = np.mean(each, axis=0) * self._scales.unit + _origin(some)[:, None]
            found[first : first + _PORTION] = values
        return found

    def _require(self, cases: StationTable) -> None:
        """Refuse cases that are not like those that were learnt from."""
        if not self._layers:
            raise BadInput("fusion: nothing has been learnt yet; call fit with past cases first")
        given = (cases.features.shape[1], cases.around.shape[1], cases.kinds, cases.nonnegative)
        learnt = (*self._sizes[:2], self._kinds, self._nonnegative)
        whats = ("number of features", "number of neighbours", "kinds of members", "amounts or not")
        for what, one, other in zip(whats, given, learnt, strict=True):
            if one != other:
                raise BadInput(
                    f"fusion: {what}: expected {other}, as it was learnt from, got {one}; make "
                    "the table as that of the training was made"
                )

    def save(self, folder: Path) -> list[Path]:
        """Write weights and description; :meth:`load` makes the same expert of them.

        Args:
            folder: Where to; two files.

        Returns:
            The files.

        Raises:
            BadInput: if nothing has been learnt.
        """
        if not self._layers:
            raise BadInput("fusion: nothing has been learnt yet; there is nothing to save")
        arrays: dict[str, Any] = {
            "centre": self._scales.centre, "spread": self._scales.spread, "start": self._start
        }  # fmt: skip
        for number, layer in enumerate(self._layers):
            arrays |= {f"{number}/{name}": each for name, each in layer_arrays(layer).items()}
        write_weights(folder / _ARRAYS, arrays)
        described = _Described(
            settings=self.settings, seed=self._seed, unit=self._scales.unit,
            sizes=self._sizes, kinds=self._kinds, nonnegative=self._nonnegative,
        )  # fmt: skip
        write_json(folder / _DESCRIPTION, described.model_dump(mode="json"))
        return [folder / _ARRAYS, folder / _DESCRIPTION]

    @classmethod
    def load(cls, folder: Path) -> "Fusion":
        """Read what :meth:`save` wrote.

        Args:
            folder: Where it is.

        Returns:
            The expert.

        Raises:
            BadInput: if a file is missing, or the arrays are a pickle.
            DamagedFile: if the arrays are cut short or do not fit the description.
        """
        described = _Described.from_yaml(folder / _DESCRIPTION)  # JSON is YAML
        arrays = read_tensors(folder / _ARRAYS)
        made = cls(described.settings, seed=described.seed)
        made._sizes, made._kinds = described.sizes, described.kinds
        made._stations, made._nonnegative = described.sizes[2], described.nonnegative
        try:
            made._scales = Scales(arrays.pop("centre"), arrays.pop("spread"), described.unit)
            made._start = arrays.pop("start")
        except KeyError as error:
            raise DamagedFile(f"{shown(folder)}: holds no {error}; train the expert anew") from None
        made._make_layers()
        for number, layer in enumerate(made._layers):
            start = f"{number}/"
            own = {k.removeprefix(start): a for k, a in arrays.items() if k.startswith(start)}
            load_layer(layer, own)
            layer.eval()
        return made


class _Described(Settings):
    """What is needed beside the arrays."""

    settings: FusionSettings
    seed: int
    unit: float
    sizes: tuple[int, int, int]
    kinds: tuple[int, ...]
    nonnegative: bool


def _head_for(name: str, *, nonnegative: bool) -> Head:
    """The head that is asked for, or that suits the quantity."""
    if name == "suited":
        name = "gamma" if nonnegative else "normal"
    if name == "quantiles":
        return QuantileHead(nonnegative=nonnegative)
    if name == "gamma" and not nonnegative:
        raise BadInput("fusion: a gamma law is for amounts from zero on; take normal or quantiles")
    return GammaHead() if name == "gamma" else NormalHead()


def _asked(layer: FusionNetwork, inputs: Inputs) -> Tensor:
    """What a network says of cases."""
    return layer(*(to_tensor(np.ascontiguousarray(array)) for array in inputs))


def _origin(cases: StationTable) -> FloatArray:
    """Where laws are measured from: the ensemble mean; zero for amounts. Shape (case,)."""
    return np.zeros(len(cases.day)) if cases.nonnegative else cases.mean


def _with_one(features: NDArray[np.float32]) -> FloatArray:
    """A column of ones and the features, in double precision."""
    return np.concatenate([np.ones((len(features), 1)), features.astype(np.float64)], axis=1)


def _batches(count: int, settings: FusionSettings, rng: np.random.Generator) -> Iterator[IntArray]:
    """Cases of each step: all of them in a new order, then again."""
    size = min(settings.batch_size, count)
    order, used = rng.permutation(count), 0
    for _ in range(settings.steps):
        if used + size > count:
            order, used = rng.permutation(count), 0
        yield order[used : used + size]
        used += size


def _noisy(inputs: Inputs, noise: float, rng: np.random.Generator) -> Inputs:
    """Features blurred, so that no date is known by heart."""
    blur = rng.normal(0.0, noise, inputs.features.shape).astype(np.float32)
    return inputs._replace(features=inputs.features + blur)
