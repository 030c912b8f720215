"""A mixture of whole forecasters, itself a forecaster."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from pydantic import Field, PositiveInt

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.core.settings import Settings
from sciml.weather.forecast import (
    FieldForecaster,
    Grid,
    check_field,
    check_leads,
    field_forecast_dataset,
)
from sciml.weather.mixture.cases import Cases, gathered
from sciml.weather.mixture.opinions import Makers, cross_fitted, opinions_of, pooled_deviation
from sciml.weather.mixture.situations import Situations, SituationSettings
from sciml.weather.pooling import (
    Gate,
    GateSettings,
    fit_gate,
    normal_apart,
    normal_near,
    pool_score,
)
from sciml.weather.verification import rmse_by_lead


class MixtureSettings(Settings):
    """How a mixture learns."""

    loss: Literal["crps", "squared"] = "squared"  # of the pool, or of its mean
    groups: int = Field(default=4, ge=2)  # of years, held out of the experts in turn
    embargo: PositiveInt = 10  # steps around a group that are not learnt from
    places: PositiveInt = 40  # drawn at each time for the gate
    gate: GateSettings = GateSettings()
    situations: SituationSettings = SituationSettings()


class _Lead(NamedTuple):
    """What a mixture learnt for a lead."""

    gate: Gate
    inflation: float  # of the pool's standard deviation, so that spread equals skill


class Mixture:
    """Experts weighed by a gate that was trained on years that none of them had seen.

    The gate of each lead sees season, place and state. Its forecast is the mean of the linear
    pool; the pool's spread is scaled so that it equals the error on those years.
    """

    name = "mixture"

    def __init__(
        self,
        makers: Makers,
        leads: Sequence[int],
        settings: MixtureSettings | None = None,
        *,
        seed: int = 0,
    ) -> None:
        """Choose experts and gate.

        Args:
            makers: Of fresh experts, by name; each gives standard deviations.
            leads: Steps ahead, all that will be asked for.
            settings: How to learn.
            seed: Of the places from which the gate learns.

        Raises:
            BadInput: if there is no expert.
        """
        if not makers:
            raise BadInput("mixture: expected one expert or more, got none")
        self._makers, self.leads = dict(makers), tuple(int(lead) for lead in leads)
        self.settings, self._seed = settings or MixtureSettings(), seed

    def fit(self, train: xr.DataArray) -> dict[str, float]:
        """Train the gate on years held out, then the experts on all years.

        Raises:
            BadInput: if the field is not one, or has fewer years than groups.
        """
        field = check_field(train, "training field", gaps=True)
        settings = self.settings
        self._grid = Grid.of(field)
        self._situations = Situations(settings.situations).fit(field)
        spoken = cross_fitted(self._makers, field, self.leads, settings.groups, settings.embargo)
        self.cases = gathered(spoken, field, self._situations, settings.places, self._seed)
        self.experts: dict[str, FieldForecaster] = {}
        numbers: dict[str, float] = {}
        for name, make in self._makers.items():
            self.experts[name] = make()
            found = self.experts[name].fit(field)
            numbers |= {f"{name}: {what}": value for what, value in found.items()}
        self._learn_gates()
        return numbers | {f"spread scaled at lead {k}": v.inflation for k, v in self._of.items()}

    def _learn_gates(self) -> None:
        """Train the gates of all leads on the cases."""
        self._of = {lead: _learnt(cases, self.settings) for lead, cases in self.cases.items()}

    def without(self, expert: str) -> "Mixture":
        """The mixture of the other experts, with gates of their own.

        Args:
            expert: Who is left out.

        Returns:
            A fitted mixture; the experts are shared with this one.

        Raises:
            BadInput: if it is no expert, or the only one.
        """
        return self.among([name for name in self.experts if name != expert], expert)

    def among(self, names: Sequence[str], *also_known: str) -> "Mixture":
        """The mixture of some of the experts, with gates of their own.

        Args:
            names: The experts that are kept.
            *also_known: Names that must be those of experts, too.

        Returns:
            A fitted mixture; the experts are shared with this one.

        Raises:
            BadInput: if a name is not that of an expert, or none is kept.
        """
        known = list(self.experts)
        unknown = [name for name in (*names, *also_known) if name not in known]
        if unknown or not names:
            raise BadInput(f"mixture: no expert {unknown or 'left'}; there are {known}")
        other = Mixture(
            {name: self._makers[name] for name in names}, self.leads, self.settings, seed=self._seed
        )
        other._grid, other._situations = self._grid, self._situations
        other.experts = {name: self.experts[name] for name in names}
        chosen = [known.index(name) for name in names]
        other.cases = {lead: cases.of(chosen) for lead, cases in self.cases.items()}
        other._learn_gates()
        return other

    def opinions(self, inputs: xr.DataArray, leads: Sequence[int]) -> xr.Dataset:
        """What each expert says; see :func:`sciml.weather.mixture.opinions.opinions_of`."""
        asked = check_leads(leads, self.leads, self.name)
        return opinions_of(self.experts, self._grid.check(inputs), asked)

    def weights(
        self,
        inputs: xr.DataArray,
        leads: Sequence[int],
        issued: NDArray[np.datetime64] | None = None,
    ) -> xr.DataArray:
        """How much each expert counts, where and when: the map that explains a forecast.

        Args:
            inputs: What is forecast from.
            leads: Steps ahead.
            issued: Times of issue; None: all times of ``inputs``.

        Returns:
            Weights, 1 together. Shape (time, lead, lat, lon, expert).

        Raises:
            BadInput: if the inputs do not fit, or a time is not among theirs.
        """
        asked = check_leads(leads, self.leads, self.name)
        field = self._grid.check(inputs)
        where = np.arange(field.sizes["time"])
        if issued is not None:
            where = field.indexes["time"].get_indexer(issued)
            if np.any(where < 0):
                raise BadInput("weights: a time of issue is not among those of the inputs")
        shape = (len(where), len(asked), field.sizes["lat"], field.sizes["lon"], len(self.experts))
        values = np.empty(shape, np.float32)
        places = np.arange(shape[2] * shape[3])
        features = self._situations.at(
            self._situations.state(field),
            np.repeat(where, len(places)),
            np.tile(places, len(where)),
        )
        for index, lead in enumerate(asked):
            found = self._of[lead].gate.weights(features)
            values[:, index] = found.reshape(len(where), *shape[2:])
        coordinates = {
            "time": field["time"].values[where],
            "lead": list(asked),
            "lat": field["lat"],
            "lon": field["lon"],
            "expert": list(self.experts),
        }
        dims = ("time", "lead", "lat", "lon", "expert")
        return xr.DataArray(values, coordinates, dims, "weight", {"units": "1"})

    def score(self, lead: int, weights: FloatArray | None = None) -> float:
        """The loss of the pool on the cases of the training.

        Args:
            lead: Steps ahead.
            weights: Of the experts, shape (case, expert); None: those of the gate.

        Returns:
            Mean CRPS, or mean squared error, weighed by area.
        """
        cases = self.cases[lead]
        if weights is None:
            weights = self._of[lead].gate.weights(cases.features)
        near, apart = _distances(cases, self.settings.loss)
        return float(np.average(pool_score(near, apart, weights), weights=cases.importance))

    def mean_weights(self) -> xr.DataArray:
        """How much each expert counts on average over the cases of the training.

        Returns:
            Weights, 1 together. Shape (lead, expert).
        """
        rows = [
            np.average(
                self._of[lead].gate.weights(cases.features), axis=0, weights=cases.importance
            )
            for lead, cases in self.cases.items()
        ]
        coordinates = {"lead": list(self.cases), "expert": list(self.experts)}
        return xr.DataArray(np.stack(rows), coordinates, ("lead", "expert"), "weight")

    def predict(self, inputs: xr.DataArray, leads: Sequence[int]) -> xr.Dataset:
        """Mean and calibrated spread of the pool, as a field forecaster gives them.

        Raises:
            BadInput: if the inputs do not fit what was learnt, or a lead was not fitted.
        """
        return self.blend(self.opinions(inputs, leads), inputs)

    def blend(self, opinions: xr.Dataset, inputs: xr.DataArray) -> xr.Dataset:
        """The forecast that follows from opinions.

        Args:
            opinions: From :meth:`opinions`.
            inputs: What they were made from.

        Returns:
            As :meth:`predict` gives it.
        """
        leads = opinions["lead"].values.tolist()
        issued = opinions["time"].values
        weights = self.weights(inputs, leads, issued).values
        heard = opinions.sel(expert=list(self.experts))
        forecast, deviation = (
            heard[name].values.astype(np.float64) for name in ("forecast", "standard_deviation")
        )
        weights = weights / weights.sum(axis=-1, keepdims=True)
        scale = np.array([self._of[lead].inflation for lead in leads])[:, None, None]
        return field_forecast_dataset(
            (weights * forecast).sum(axis=-1),
            inputs.sel(time=issued),
            leads,
            standard_deviation=scale * pooled_deviation(forecast, deviation, weights),
            step=self._grid.step,
        )


def _learnt(cases: Cases, settings: MixtureSettings) -> _Lead:
    """Gate and inflation of a lead."""
    near, apart = _distances(cases, settings.loss)
    gate = fit_gate(near, apart, cases.features, settings.gate, cases.importance)
    gate = _not_worse_than_one(gate, near, apart, cases)
    weights = gate.weights(cases.features)
    mean = (weights * cases.forecast).sum(axis=-1)
    spread = pooled_deviation(cases.forecast, cases.deviation, weights)
    error = np.average((cases.truth - mean) ** 2, weights=cases.importance)
    return _Lead(gate, float(np.sqrt(error / np.average(spread**2, weights=cases.importance))))


def _distances(cases: Cases, loss: str) -> tuple[FloatArray, FloatArray]:
    """E|X_k - y| and E|X_k - X_l|, or the squares of the means' distances.

    With squares the same pool formula is exactly the squared error of the pool's mean.
    """
    truth = cases.truth[:, None]
    if loss == "squared":
        gaps = cases.forecast[:, :, None] - cases.forecast[:, None, :]
        return (cases.forecast - truth) ** 2, gaps**2
    return (
        normal_near(cases.forecast, cases.deviation, truth),
        normal_apart(cases.forecast, cases.deviation),
    )


def _not_worse_than_one(gate: Gate, near: FloatArray, apart: FloatArray, cases: Cases) -> Gate:
    """The gate, or that of one expert alone where he is better on the same cases."""
    experts = near.shape[1]
    alone = np.where(np.eye(experts) > 0, 0.0, -50.0)  # logits; exp(-50) is nothing
    candidates = [gate]
    for logits in alone:
        theta = np.zeros_like(gate.theta)
        theta[0] = logits
        candidates.append(Gate(theta))
    scores = [
        np.average(pool_score(near, apart, one.weights(cases.features)), weights=cases.importance)
        for one in candidates
    ]
    return candidates[int(np.argmin(scores))]


def leave_one_out(
    mixture: Mixture, opinions: xr.Dataset, inputs: xr.DataArray, truth: xr.DataArray
) -> xr.DataArray:
    """What each expert is worth: how much larger the error is without it.

    Args:
        mixture: A fitted one of two experts or more.
        opinions: From its :meth:`Mixture.opinions`.
        inputs: What they were made from.
        truth: What came.

    Returns:
        Root-mean-square error without each expert less that with all, in the units of the field;
        shape (expert, lead).
    """
    whole = rmse_by_lead(mixture.blend(opinions, inputs), truth)
    rest = [
        rmse_by_lead(mixture.without(name).blend(opinions, inputs), truth) - whole
        for name in mixture.experts
    ]
    return xr.concat(rest, "expert").assign_coords(expert=list(mixture.experts)).rename("worth")
