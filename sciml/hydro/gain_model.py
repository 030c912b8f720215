"""Linear state models with noise, their stationary Kalman filter and its forecasts.

    x(t+1) = F x(t) + B υ(t) + c + w,    y(t) = H x(t) + h + v,

with the covariances Q of w and R of v. In :mod:`sciml.hydro.learned_gain` a network starts from
the stationary gain and learns to leave it where the model is wrong.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy import linalg

from sciml.core.axes import FloatArray, axes
from sciml.core.errors import BadInput
from sciml.data.scaling import Scaling
from sciml.hydro.cases import Cases
from sciml.hydro.dmd import DynamicModes, acting_controls
from sciml.hydro.forecast import Plan, controls_ahead

# Shares of the one-step error that may be the sensors' noise; the likelihood chooses.
_SENSOR_SHARES = (0.01, 0.1, 0.3, 0.5, 0.7, 0.85, 0.95)
_LEAST_NOISE = 1e-9  # variance of every scaled state and sensor, so that the filter exists


class LinearModel(NamedTuple):
    """A linear state model with noise, in the units of the channels or scaled."""

    F: FloatArray  # (state, state)
    B: FloatArray  # (state, control delay x control), oldest sample first
    c: FloatArray  # (state,)
    H: FloatArray  # (sensor, state)
    h: FloatArray  # (sensor,)
    Q: FloatArray  # (state, state)
    R: FloatArray  # (sensor, sensor)

    def checked(self, sensors: int, controls: int) -> "LinearModel":
        """The model itself.

        Raises:
            BadInput: if its sizes do not fit together, the sensors or the controls.
        """
        n = axes(self.F, "state state", "model: F")["state"]
        m = axes(self.H, "sensor state", "model: H", sensor=sensors, state=n)["sensor"]
        axes(self.c, "state", "model: c", state=n)
        axes(self.h, "sensor", "model: h", sensor=m)
        axes(self.Q, "state state", "model: Q", state=n)
        axes(self.R, "sensor sensor", "model: R", sensor=m)
        inputs = axes(self.B, "state input", "model: B", state=n)["input"]
        if (inputs > 0) != (controls > 0) or (controls and inputs % controls):
            raise BadInput(
                f"model: B: expected columns for whole samples of {controls} controls, got {inputs}"
            )
        return self

    def scaled(self, sensors: Scaling, controls: Scaling) -> "LinearModel":
        """The same model for scaled sensors and controls; the states stay as they are."""
        delays = self.B.shape[1] // max(len(controls.channels), 1)
        std, mean = np.tile(controls.std, delays), np.tile(controls.mean, delays)
        return self._replace(
            B=self.B * std,
            c=self.c + self.B @ mean,
            H=self.H / sensors.std[:, None],
            h=(self.h - sensors.mean) / sensors.std,
            R=self.R / np.outer(sensors.std, sensors.std),
        )


class Stationary(NamedTuple):
    """What the stationary Kalman filter of a model knows."""

    gain: FloatArray  # K, (state, sensor)
    prior: FloatArray  # covariance of the state before a sample is seen, (state, state)
    maps: FloatArray  # H Fˡ, from the state to the sensors a lead later, (lead, sensor, state)
    factors: FloatArray  # lower Cholesky factors of the forecasts' covariances, as the maps


def stationary_filter(model: LinearModel, leads: Sequence[int]) -> Stationary:
    """The Kalman filter of a model after all transients.

    Args:
        model: The model; its F need not be stable, but what is unstable must be seen.
        leads: Samples ahead.

    Returns:
        Gain, covariance and, for each lead, map and Cholesky factor of the covariance of the
        sensors' values; that of lead 1 is the covariance of the innovation.

    Raises:
        BadInput: if the model has no stationary filter.

    Source:
        Anderson & Moore, Optimal Filtering (1979), chapter 4.
    """
    F, H, Q, R = model.F, model.H, model.Q, model.R
    try:
        prior = np.asarray(linalg.solve_discrete_are(F.T, H.T, Q, R), np.float64)
    except (np.linalg.LinAlgError, ValueError) as error:
        raise BadInput(
            f"model: no stationary Kalman filter ({error}); R must be positive definite, and "
            "what F lets grow must be seen through H and moved by Q"
        ) from None
    gain = np.linalg.solve(H @ prior @ H.T + R, H @ prior).T
    covariance = prior - gain @ H @ prior
    power, maps, factors = np.eye(len(F)), {}, {}
    for lead in range(1, max(leads) + 1):
        power, covariance = F @ power, F @ covariance @ F.T + Q
        if lead in leads:
            spread = H @ covariance @ H.T + R
            maps[lead], factors[lead] = H @ power, np.linalg.cholesky((spread + spread.T) / 2)
    return Stationary(
        gain, prior, np.stack([maps[lead] for lead in leads]), np.stack([factors[n] for n in leads])
    )


class Course(NamedTuple):
    """A run as the filter sees it; all scaled."""

    sensors: FloatArray  # (time, sensor), NaN where one is missing
    drive: FloatArray  # B υ + c in the step to each sample; the first state at 0, (time, state)
    known: FloatArray  # part of each forecast that depends on no state, (time, lead, sensor)


def course_of(
    model: LinearModel,
    scaling: Scaling,
    controls: Mapping[str, int],
    inputs: FloatArray,
    leads: Sequence[int],
    planned: Plan | None,
) -> Course:
    """Prepare a run: all of it that does not depend on the gain.

    Before the run the controls are taken to have held their first values, and the state to have
    come to rest under them.

    Args:
        model: The scaled model.
        scaling: Of all channels.
        controls: Names of the controls and their numbers among the channels.
        inputs: All channels, in their units; NaN where a sensor is missing. Shape (time, channel).
        leads: Samples ahead.
        planned: See :class:`sciml.hydro.forecast.Forecaster`.

    Returns:
        Sensors, drive and the known part of the forecasts.

    Raises:
        BadInput: if a control is not finite, or the plan does not fit.
    """
    used = list(controls.values())
    if not np.isfinite(inputs[:, used]).all():
        raise BadInput(f"inputs: the controls {', '.join(controls)} must be finite; fill the gaps")
    delays = model.B.shape[1] // max(len(controls), 1)
    before = max(delays - 1, 0)
    longer = np.concatenate([np.repeat(inputs[:1], before, axis=0), inputs])
    plan = planned
    if planned is not None:
        controls_ahead(inputs, controls, 1, planned)  # refuses a plan that does not fit
        plan = {
            name: np.concatenate([np.repeat(inputs[:1, index], before), planned[name]])
            for name, index in controls.items()
            if name in planned
        }
    acting = acting_controls(longer, controls, max(delays, 1), max(leads), plan)
    acting = scaling.only(tuple(controls) * max(delays, 1)).apply(acting)
    pushes = acting @ model.B.T + model.c  # (time, step, state)
    sensors = [index for index in range(len(scaling.channels)) if index not in used]
    rest = np.linalg.lstsq(np.eye(len(model.F)) - model.F, pushes[0, 0], rcond=None)[0]
    # What acts in a step was measured before it, whatever was planned.
    drive = np.concatenate([rest[None], pushes[:-1, 0]])
    return Course(scaling.apply(inputs)[:, sensors], drive, _known(model, pushes, leads))


def _known(model: LinearModel, pushes: FloatArray, leads: Sequence[int]) -> FloatArray:
    """What drive and offset add to each forecast. Shape (time, lead, sensor)."""
    moved, found = np.zeros_like(pushes[:, 0]), {}
    for lead in range(1, max(leads) + 1):
        moved = moved @ model.F.T + pushes[:, lead - 1]
        if lead in leads:
            found[lead] = moved @ model.H.T + model.h
    return np.stack([found[lead] for lead in leads], axis=1)


def stationary_states(
    model: LinearModel, gain: FloatArray, course: Course
) -> tuple[FloatArray, FloatArray]:
    """Run a filter with a constant gain; a missing sensor says nothing.

    Args:
        model: The scaled model.
        gain: K. Shape (state, sensor).
        course: The run.

    Returns:
        States after each sample, shape (time, state), and innovations, zero where a sensor is
        missing, shape (time, sensor).
    """
    states, innovations = np.empty_like(course.drive), np.empty_like(course.sensors)
    state = np.zeros(len(model.F))
    for t, (sample, push) in enumerate(zip(course.sensors, course.drive, strict=True)):
        state = model.F @ state + push
        innovations[t] = np.nan_to_num(sample - model.H @ state - model.h)
        state = state + gain @ innovations[t]
        states[t] = state
    return states, innovations


def identified_model(modes: DynamicModes, train: Cases, scaling: Scaling) -> LinearModel:
    """The scaled model of fitted dynamic modes, with noise split between process and sensors.

    The error of the modes a step ahead has one covariance; which share of it is the sensors'
    noise is chosen by the likelihood of the stationary filter's innovations.

    Args:
        modes: Dynamic modes fitted to the runs.
        train: The runs.
        scaling: Of all channels of the runs.

    Returns:
        The model.
    """
    law, H = modes.law, modes.observation
    misses, surprises = [], []
    for case in train.cases.values():
        y, acting = modes.reduced_states(case.values), modes.acting_controls(case.values, 1)[:, 0]
        ahead = y[:-1] @ law.A.T + acting[:-1] @ law.B.T + law.c
        used = list(modes.controls.values())
        sensors = np.delete(scaling.apply(case.values), used, axis=1)[modes.history :]
        due = np.arange(modes.history, len(case.values))
        counts = (due >= case.active.start) & (due < case.active.stop)
        misses.append((y[1:] - ahead)[counts])
        surprises.append((sensors - ahead @ H.T)[counts])
    missed, surprising = np.concatenate(misses), np.concatenate(surprises)
    W = missed.T @ missed / len(missed)
    # A reduced state does not hold the whole of a sample, so this is more than the sensors' part
    # of W; the noises of the sensors are taken to be independent.
    V = np.diag(np.mean(surprising**2, axis=0))
    best, found = np.inf, None
    for share in _SENSOR_SHARES:
        Q = (1 - share) * W + _LEAST_NOISE * np.eye(len(W))
        R = share * V + _LEAST_NOISE * np.eye(len(V))
        model = LinearModel(law.A, law.B, law.c, H, np.zeros(len(H)), Q, R)
        cost = _innovation_cost(model, train, scaling, modes.controls)
        if cost < best:
            best, found = cost, model
    assert found is not None
    return found


def _innovation_cost(
    model: LinearModel, train: Cases, scaling: Scaling, controls: Mapping[str, int]
) -> float:
    """Mean negative log-likelihood of the stationary filter's innovations, without constants."""
    filtered = stationary_filter(model, (1,))
    factor, total, count = filtered.factors[0], 0.0, 0
    for case in train.cases.values():
        course = course_of(model, scaling, controls, case.values, (1,), None)
        innovations = stationary_states(model, filtered.gain, course)[1][case.active]
        total += 0.5 * float(
            np.sum(linalg.solve_triangular(factor, innovations.T, lower=True) ** 2)
        )
        count += len(innovations)
    return total / count + float(np.sum(np.log(np.diag(factor))))
