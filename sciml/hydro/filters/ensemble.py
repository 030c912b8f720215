"""Ensemble Kalman filters: the covariance is that of a sample which the model itself carries on.

Sensors are used one after the other, whitened so that each has unit noise of its own. The
deterministic rule shrinks all deviations alike and needs no perturbed observations:

    k = cov(x, y) / (var y + 1),   δx ← δx - k δy / (1 + √(1 / (var y + 1)))

The stochastic one draws each member to an observation of its own. All noise is drawn with zero
sample mean, so a mean carries no sampling error of its own.

Source:
    Whitaker & Hamill, Mon. Weather Rev. 130 (2002); Burgers et al., ibid. 126 (1998).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from sciml.core.axes import FloatArray, IntArray, axes
from sciml.core.errors import BadInput
from sciml.data.checks import numbers
from sciml.hydro.filters import kernels
from sciml.hydro.filters.gaussian import Gaussian, check_finite
from sciml.hydro.filters.models import NonlinearModel, called
from sciml.hydro.filters.sequential import checked_inputs

NOISE_BLOCK = 64  # samples whose noise is drawn at once


@dataclass(frozen=True)
class EnsembleModel:
    """A model and how its ensemble is treated.

    Args:
        model: Functions and noise; its rule and its Jacobians are not used.
        method: "square-root" is deterministic, "stochastic" perturbs the observations.
        inflation: Factor of the deviations before each update, at least 1.
        localisation: Weights 0 to 1 of each sensor's gain on the states, then on the sensors: shape
            (state + sensor, sensor). It needs sensors with independent noise.

    Raises:
        BadInput: if a setting is out of range.
    """

    model: NonlinearModel
    method: Literal["square-root", "stochastic"] = "square-root"
    inflation: float = 1.0
    localisation: FloatArray | None = None

    def __post_init__(self) -> None:
        if self.method not in {"square-root", "stochastic"}:
            raise BadInput(f"method: expected 'square-root' or 'stochastic', got {self.method!r}")
        if not 1 <= self.inflation < np.inf:
            raise BadInput(f"inflation: must be at least 1 and finite, got {self.inflation:g}")
        if self.localisation is None:
            return
        weights = np.asarray(self.localisation, dtype=float)
        rows = self.model.states + self.model.sensors
        axes(weights, "row sensor", "localisation", row=rows, sensor=self.model.sensors)
        if not np.all((weights >= 0) & (weights <= 1)):
            raise BadInput("localisation: all weights must lie between 0 and 1")
        noise = self.model.sensor_noise
        if np.any(noise[:, ~np.eye(self.model.sensors, dtype=bool)]):
            raise BadInput("localisation: needs sensors with independent noise, a diagonal R")

    @property
    def weights(self) -> FloatArray:
        """Localisation, 1 without it."""
        if self.localisation is None:
            return np.ones((self.model.states + self.model.sensors, self.model.sensors))
        return np.ascontiguousarray(self.localisation, dtype=float)


class EnsembleFiltered(NamedTuple):
    """What an ensemble filter knows at each sample, from the observations up to it."""

    means: FloatArray  # (batch, time, state)
    deviations: FloatArray  # standard deviations, (batch, time, state)
    innovations: FloatArray  # NaN where missing, (batch, time, sensor)
    innovation_deviations: FloatArray  # (batch, time, sensor)
    log_likelihood: FloatArray  # of each record, (batch,)
    nis: FloatArray  # (batch, time)
    seen: IntArray  # (batch, time)
    ensemble: FloatArray  # after the last sample, (batch, member, state)


def starting_ensemble(
    start: Gaussian, members: int, generators: Sequence[np.random.Generator]
) -> FloatArray:
    """Members drawn from a Gaussian, moved so that their mean is exactly its mean.

    Args:
        start: Means (batch, state) and factors.
        members: At least 2.
        generators: One per record.

    Returns:
        Shape (batch, member, state).

    Raises:
        BadInput: if there are fewer than two members.
    """
    if members < 2:
        raise BadInput(f"members: a sample covariance needs at least 2, got {members}")
    states = start.mean.shape[1]
    normals = np.stack([rng.standard_normal((members, states)) for rng in generators])
    normals -= normals.mean(axis=1, keepdims=True)
    return start.mean[:, None] + normals @ start.factor.swapaxes(1, 2)


def run_ensemble(
    model: EnsembleModel,
    observations: FloatArray,
    start: Gaussian,
    members: int = 50,
    seed: int | Sequence[int] = 0,
    controls: FloatArray | None = None,
) -> EnsembleFiltered:
    """Filter a batch of records by ensembles.

    Args:
        model: Functions, noise and rule of the update.
        observations: Shape (batch, time, sensor), NaN where missing.
        start: The state one step before the first sample.
        members: Size of each ensemble.
        seed: Of the noise; or one per record, which then does not depend on its neighbours.
        controls: u(t) acts on the way to sample t. Shape (batch, time, control).

    Returns:
        Means, deviations, innovations and likelihoods.

    Raises:
        BadInput: as :func:`~sciml.hydro.filters.sequential.run_filter`.
    """
    observed, start, controls = checked_inputs(model.model, observations, start, controls)
    batch, times, _ = observed.shape
    seeds = [[seed, b] for b in range(batch)] if isinstance(seed, int) else list(seed)
    if len(seeds) != batch:
        raise BadInput(f"seed: expected one, or one per record ({batch}), got {len(seeds)}")
    generators = [np.random.default_rng(s) for s in seeds]
    ensemble = starting_ensemble(start, members, generators)
    out, weights = _record(batch, times, model), model.weights
    acting = np.broadcast_to(controls[:, :, None], (batch, times, members, controls.shape[2]))
    for first in range(0, times, NOISE_BLOCK):
        span = min(NOISE_BLOCK, times - first)
        drawn = [_noise(model, rng, (span, members)) for rng in generators]
        moving, showing = (np.stack(parts, axis=1) for parts in zip(*drawn, strict=True))
        for t, noise in enumerate(zip(moving, showing, strict=True), start=first):
            ensemble = _moved(model, ensemble, acting[:, t], observed[:, t], noise, weights, out, t)
    seen = np.isfinite(observed).sum(axis=2)
    record = out._replace(log_likelihood=out.log_likelihood.sum(axis=1))
    return EnsembleFiltered(*record, seen, ensemble)


def step_ensemble(
    model: EnsembleModel,
    ensemble: FloatArray,
    observation: FloatArray,
    rng: np.random.Generator,
    control: FloatArray | None = None,
) -> EnsembleFiltered:
    """One step online: each member moves on by the model, then all look.

    Args:
        model: Functions, noise and rule of the update.
        ensemble: After the observation before. Shape (batch, member, state).
        observation: Shape (batch, sensor), NaN where missing.
        rng: Source of the noise.
        control: What acted since the observation before. Shape (batch, control).

    Returns:
        As :func:`run_ensemble`, for one sample; ``ensemble`` is the new one.

    Raises:
        BadInput: if shapes disagree or a number is not finite.
    """
    members = np.ascontiguousarray(ensemble, dtype=float)
    n = axes(members, "batch member state", "ensemble", state=model.model.states)
    if n["member"] < 2:
        raise BadInput(f"ensemble: a sample covariance needs at least 2 members, got {n['member']}")
    check_finite(members, "ensemble")
    seen = numbers(observation, "observation")
    axes(seen, "batch sensor", "observation", batch=n["batch"], sensor=model.model.sensors)
    dummy = Gaussian(members[:, 0], np.zeros((1, n["state"], n["state"])))
    acted = None if control is None else numbers(control, "control")[:, None]
    observed, _, controls = checked_inputs(model.model, seen[:, None], dummy, acted)
    noise = _noise(model, rng, (n["batch"], n["member"]))
    shape = (n["batch"], n["member"], controls.shape[2])
    acting = np.broadcast_to(controls[:, 0, None], shape)
    out = _record(n["batch"], 1, model)
    moved = _moved(model, members, acting, observed[:, 0], noise, model.weights, out, 0)
    record = out._replace(log_likelihood=out.log_likelihood[:, 0])
    return EnsembleFiltered(*record, np.isfinite(observed).sum(axis=2), moved)


def _noise(
    model: EnsembleModel, rng: np.random.Generator, shape: tuple[int, int]
) -> tuple[FloatArray, FloatArray]:
    """Standard normal numbers for the states and, where they are perturbed, the sensors."""
    moving = rng.standard_normal((*shape, model.model.states))
    members = shape[1] if model.method == "stochastic" else 0
    return moving, rng.standard_normal((shape[0], members, model.model.sensors))


def _record(batch: int, times: int, model: EnsembleModel) -> kernels.EnsembleRecord:
    """Room for the answer."""
    states, sensors = model.model.states, model.model.sensors
    sizes = ((states,), (states,), (sensors,), (sensors,), (), ())
    return kernels.EnsembleRecord(*(np.empty((batch, times, *size)) for size in sizes))


def _moved(  # noqa: PLR0913 - the inner loop: gathering arguments would cost as much as the step
    model: EnsembleModel,
    ensemble: FloatArray,
    controls: FloatArray,
    observed: FloatArray,
    noise: tuple[FloatArray, FloatArray],
    weights: FloatArray,
    out: kernels.EnsembleRecord,
    time: int,
) -> FloatArray:
    """The ensemble after a step and its observation; what that told goes to ``out``."""
    functions, states = model.model, ensemble.shape[2]
    ahead = called(functions.transition, ensemble, controls, states)
    moved = kernels.scatter(ahead, noise[0], functions.process_factor(time), model.inflation)
    shown = called(functions.observation, moved, controls, functions.sensors)
    noises = (functions.sensor_factor(time), noise[1])
    kernels.ensemble_update(moved, shown, observed, noises, weights, out, time)
    return moved
