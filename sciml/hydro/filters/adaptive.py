"""Filters that learn: the scale of their noise from a record, and parameters along with the state.

The scale of the noise is found by maximum likelihood over two logarithms. Matching the covariance
of the innovations step by step needs a memory to be tuned, and cannot tell Q from R; the
likelihood can, since Q makes errors that last and R errors that do not.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

import numpy as np
from scipy import optimize

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.hydro.filters.gaussian import Gaussian
from sciml.hydro.filters.models import LinearModel, NonlinearModel
from sciml.hydro.filters.sequential import run_filter

# Natural logarithms of the scales: where the search looks first, and how far it may go.
FIRST_LOOKS = (-4.0, 0.0, 4.0)
FARTHEST = 23.0  # a factor of 1e10
TOLERANCE = 1e-3  # of a logarithm

ParametricFunction = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]


class Adapted(NamedTuple):
    """A model with the noise that makes its records most likely."""

    model: LinearModel | NonlinearModel
    process_scale: float  # Q is this many times what was given
    sensor_scale: float  # R likewise
    log_likelihood: float  # of all records


def adapted(
    model: LinearModel | NonlinearModel,
    observations: FloatArray,
    start: Gaussian,
    controls: FloatArray | None = None,
    scale: Sequence[Literal["process", "sensor"]] = ("process", "sensor"),
) -> Adapted:
    """Scale Q and R so that the records become most likely.

    A coarse grid over 3.5 decades finds the basin, Nelder & Mead's simplex its bottom. A scale
    that the records do not bound ends at 1e±10, with a likelihood that no longer changes.

    Args:
        model: Gives the shapes of Q and R.
        observations: Shape (batch, time, sensor), NaN where missing.
        start: The state one step before the first sample.
        controls: Shape (batch, time, control).
        scale: What may be scaled.

    Returns:
        The scaled model, the two scales and the likelihood.

    Raises:
        BadInput: as :func:`~sciml.hydro.filters.sequential.run_filter`; if there is nothing to
            scale or nothing was observed.
    """
    chosen = tuple(dict.fromkeys(scale))
    if not chosen or not set(chosen) <= {"process", "sensor"}:
        raise BadInput(f"scale: expected 'process', 'sensor' or both, got {tuple(scale)}")
    if not np.isfinite(observations).any():
        raise BadInput("observations: every one is missing, so no noise can be estimated")

    def scales(logs: FloatArray) -> dict[str, float]:
        free = np.exp(np.clip(logs, -FARTHEST, FARTHEST))
        return {name: float(value) for name, value in zip(chosen, free, strict=True)}

    def loss(logs: FloatArray) -> float:
        tried = scaled(model, **scales(logs))
        likelihood = run_filter(tried, observations, start, controls).log_likelihood.sum()
        return -float(likelihood) if np.isfinite(likelihood) else np.inf

    looks = np.stack(np.meshgrid(*[FIRST_LOOKS] * len(chosen)), axis=-1).reshape(-1, len(chosen))
    first = min(looks, key=loss)
    options = {"xatol": TOLERANCE, "fatol": TOLERANCE}
    found = optimize.minimize(loss, first, method="Nelder-Mead", options=options)
    best = scales(found.x)
    process, sensor = best.get("process", 1.0), best.get("sensor", 1.0)
    return Adapted(scaled(model, process, sensor), process, sensor, -float(found.fun))


def scaled(
    model: LinearModel | NonlinearModel, process: float = 1.0, sensor: float = 1.0
) -> LinearModel | NonlinearModel:
    """A model with its noise covariances multiplied.

    Args:
        model: Stays as it is.
        process: Factor of Q.
        sensor: Factor of R.

    Returns:
        A new model.
    """
    return replace(
        model,
        process_noise=process * np.asarray(model.process_noise),
        sensor_noise=sensor * np.asarray(model.sensor_noise),
    )


def augmented(
    model: NonlinearModel,
    transition: ParametricFunction,
    drift: FloatArray,
    observation: ParametricFunction | None = None,
) -> NonlinearModel:
    """A model whose state carries parameters behind it, each on a random walk.

    Give positive parameters as their logarithms: a Gaussian knows no bounds.

    Args:
        model: Gives noise, rule, number of controls and, where the parameters do not matter to it,
            the observation. Jacobians are taken by differences.
        transition: f(states (..., state), parameters (..., parameter), controls) to (..., state).
        drift: Standard deviations of the walk per step, 0 for a constant. Shape (parameter,).
        observation: h of the same arguments, to (..., sensor).

    Returns:
        A model with state + parameter states.

    Raises:
        BadInput: if the drift is not a list of numbers from 0 up.
    """
    walk = np.asarray(drift, dtype=float)
    if walk.ndim != 1 or not np.all(np.isfinite(walk) & (walk >= 0)):
        raise BadInput(f"drift: expected one number from 0 up per parameter, got {walk.tolist()}")
    n = model.states

    def carried(states: FloatArray, controls: FloatArray) -> FloatArray:
        x, p = states[..., :n], states[..., n:]
        return np.concatenate([transition(x, p, controls), p], axis=-1)

    def shown(states: FloatArray, controls: FloatArray) -> FloatArray:
        x, p = states[..., :n], states[..., n:]
        return (
            model.observation(x, controls) if observation is None else observation(x, p, controls)
        )

    size = n + len(walk)
    noise = np.zeros((len(model.process_noise), size, size))
    noise[:, :n, :n], noise[:, n:, n:] = model.process_noise, np.diag(walk**2)
    return replace(
        model,
        transition=carried,
        observation=shown,
        process_noise=noise,
        transition_jacobian=None,
        observation_jacobian=None,
    )
