"""Kalman, extended and unscented filters in square-root form, one after the other in time.

Only factors S of the covariances P = S Sᵀ are carried. A step triangularises

    [F S  L_Q]            to  [S⁻  0]
    [H S⁻  L_R;  S⁻  0]   to  [L_e  0;  K L_e  S⁺]

by Householder reflections, which is all there is to prediction and update: no covariance is
formed, subtracted or factorised, so none can fail to be positive. The extended and the unscented
filter put the deviations of their rule in place of F S and H S⁻.

Source:
    Morf & Kailath, IEEE TAC 20 (1975); Kailath, Sayed & Hassibi, Linear Estimation (2000), ch. 12.
"""

from typing import NamedTuple

import numpy as np
from scipy import stats

from sciml.core.axes import BoolArray, FloatArray, IntArray, axes
from sciml.core.errors import BadInput
from sciml.data.checks import numbers
from sciml.hydro.filters import kernels
from sciml.hydro.filters.gaussian import Gaussian, check_finite, row_lengths
from sciml.hydro.filters.models import LinearModel, NonlinearModel, Spread


class Filtered(NamedTuple):
    """What a filter knows at each sample, from the observations up to it."""

    means: FloatArray  # (batch, time, state)
    factors: FloatArray  # (batch, time, state, state); a read-only view where members share it
    predicted_means: FloatArray  # before the sample is seen, (batch, time, state)
    predicted_factors: FloatArray  # (batch, time, state, state)
    innovations: FloatArray  # observed less predicted, NaN where missing, (batch, time, sensor)
    innovation_deviations: FloatArray  # what they were expected to be, (batch, time, sensor)
    log_likelihood: FloatArray  # of each record, (batch,)
    nis: FloatArray  # normalised innovation squared, (batch, time)
    seen: IntArray  # sensors seen, the degrees of freedom of nis, (batch, time)
    controls: FloatArray  # as given, (batch, time, control)

    @property
    def last(self) -> Gaussian:
        """The state at the last sample: where :func:`step` and :func:`forecast` go on."""
        return Gaussian(self.means[:, -1].copy(), self.factors[:, -1].copy())

    @property
    def deviations(self) -> FloatArray:
        """Standard deviations of the states, (batch, time, state)."""
        return row_lengths(self.factors)


class Stepped(NamedTuple):
    """What one observation told."""

    state: Gaussian  # after it
    predicted: Gaussian  # before it
    innovation: FloatArray  # NaN where missing, (batch, sensor)
    innovation_deviation: FloatArray  # (batch, sensor)
    log_likelihood: FloatArray  # (batch,)
    nis: FloatArray  # (batch,)


class Forecast(NamedTuple):
    """What the sensors will show, with their noise."""

    means: FloatArray  # (batch, lead, sensor)
    factors: FloatArray  # (batch, lead, sensor, sensor)

    @property
    def deviations(self) -> FloatArray:
        """Standard deviations, (batch, lead, sensor)."""
        return row_lengths(self.factors)

    def interval(self, level: float = 0.95) -> tuple[FloatArray, FloatArray]:
        """Lower and upper ends of the central interval.

        Args:
            level: Chance that the interval holds the observation.

        Returns:
            Two arrays (batch, lead, sensor).

        Raises:
            BadInput: if the level is no chance between 0 and 1.
        """
        if not 0 < level < 1:
            raise BadInput(f"level: expected a chance between 0 and 1, such as 0.95, got {level}")
        reach = float(stats.norm.ppf((1 + level) / 2)) * self.deviations
        return self.means - reach, self.means + reach


class Consistency(NamedTuple):
    """Whether a filter is as wrong as it says it is."""

    fraction_inside: float  # of samples whose NIS lies inside its central interval
    level: float  # what the fraction should be
    mean_nis: float  # per sensor seen: 1 if consistent, more if the filter is too sure of itself
    samples: int  # with at least one sensor


def run_filter(
    model: LinearModel | NonlinearModel,
    observations: FloatArray,
    start: Gaussian,
    controls: FloatArray | None = None,
) -> Filtered:
    """Filter a batch of records.

    A NaN or a masked value means that this sensor is missing at this time in this record; it is
    left out. A sensor that is NaN throughout is never used: its innovations are NaN and the filter
    runs on.

    Args:
        model: Its matrices are shared by the batch or per member.
        observations: Shape (batch, time, sensor), NaN or masked where missing.
        start: The state one step before the first sample, for one or for all members.
        controls: u(t) acts on the way to sample t; 0 without them. Shape (batch, time, control).

    Returns:
        Means, factors, innovations and likelihoods.

    Raises:
        BadInput: if shapes disagree, an observation is infinite or a control not finite.
    """
    observed, start, controls = checked_inputs(model, observations, start, controls)
    if isinstance(model, LinearModel):
        return _linear(model, observed, start, controls)
    steps: list[Stepped] = []
    state = start
    for t in range(observed.shape[1]):
        steps.append(_stepped(model, state, observed[:, t], controls[:, t], t))
        state = steps[-1].state
    return Filtered(
        means=np.stack([s.state.mean for s in steps], axis=1),
        factors=np.stack([s.state.factor for s in steps], axis=1),
        predicted_means=np.stack([s.predicted.mean for s in steps], axis=1),
        predicted_factors=np.stack([s.predicted.factor for s in steps], axis=1),
        innovations=np.stack([s.innovation for s in steps], axis=1),
        innovation_deviations=np.stack([s.innovation_deviation for s in steps], axis=1),
        log_likelihood=np.sum([s.log_likelihood for s in steps], axis=0),
        nis=np.stack([s.nis for s in steps], axis=1),
        seen=np.isfinite(observed).sum(axis=2),
        controls=controls,
    )


def step(
    model: LinearModel | NonlinearModel,
    state: Gaussian,
    observation: FloatArray,
    control: FloatArray | None = None,
) -> Stepped:
    """One step online: predict, then look. A record is the same as its steps one by one.

    Args:
        model: Its matrices must not change in time.
        state: After the observation before.
        observation: Shape (batch, sensor), NaN where missing.
        control: What acted since the observation before. Shape (batch, control).

    Returns:
        The new state and what the observation told.

    Raises:
        BadInput: as for :func:`run_filter`.
    """
    observation = numbers(observation, "observation")
    axes(observation, "batch sensor", "observation", sensor=model.sensors)
    record = None if control is None else numbers(control, "control")[:, None]
    _check_constant(model, "step")
    observed, state, controls = checked_inputs(model, observation[:, None], state, record)
    return _stepped(model, state, observed[:, 0], controls[:, 0], 0)


def forecast(
    model: LinearModel | NonlinearModel,
    state: Gaussian,
    steps: int,
    controls: FloatArray | None = None,
) -> Forecast:
    """What the sensors will show at the leads 1 to ``steps``, for interval forecasts.

    Args:
        model: Its matrices must not change in time.
        state: After the last observation.
        steps: Leads, in samples.
        controls: Of the steps ahead; 0 without them. Shape (batch, lead, control).

    Returns:
        Means and factors of the observations, the noise of the sensors included.

    Raises:
        BadInput: as for :func:`run_filter`.
    """
    if steps < 1:
        raise BadInput(f"steps: must be at least 1, got {steps}")
    _check_constant(model, "forecast")
    nothing = np.full((len(state.mean), steps, model.sensors), np.nan)
    _, state, controls = checked_inputs(model, nothing, state, controls)
    means, factors = [], []
    for lead in range(steps):
        state, _ = _predicted(model, state, controls[:, lead], 0)
        seen = model.observed(state, controls[:, lead], 0)
        means.append(seen.mean)
        factors.append(kernels.triangles(seen.deviations, model.sensor_factor(0)))
    return Forecast(np.stack(means, axis=1), np.stack(factors, axis=1))


def consistency(filtered: Filtered, level: float = 0.95) -> Consistency:
    """Compare the normalised innovations squared with the chi-square law they should follow.

    Args:
        filtered: Answer of :func:`run_filter`.
        level: Chance of the central interval.

    Returns:
        The fraction inside the interval and the mean NIS per sensor.

    Raises:
        BadInput: if nothing was observed, or the level is no chance between 0 and 1.
    """
    if not 0 < level < 1:
        raise BadInput(f"level: expected a chance between 0 and 1, such as 0.95, got {level}")
    used = filtered.seen > 0
    freedom, nis = filtered.seen[used], filtered.nis[used]
    if not freedom.size:
        raise BadInput("consistency: every observation is missing, so there is nothing to compare")
    low, high = (stats.chi2.ppf(p, freedom) for p in ((1 - level) / 2, (1 + level) / 2))
    inside = float(np.mean((nis >= low) & (nis <= high)))
    return Consistency(inside, level, float(nis.sum() / freedom.sum()), int(freedom.size))


def _predicted(
    model: LinearModel | NonlinearModel, state: Gaussian, control: FloatArray, time: int
) -> tuple[Gaussian, Spread]:
    """The state before the next observation, and the deviations it was made of."""
    spread = model.predicted(state, control, time)
    factor = kernels.triangles(spread.deviations, model.process_factor(time))
    return Gaussian(spread.mean, factor), spread


def _stepped(
    model: LinearModel | NonlinearModel,
    state: Gaussian,
    observation: FloatArray,
    control: FloatArray,
    time: int,
) -> Stepped:
    """One step of a model, unchecked."""
    before, _ = _predicted(model, state, control, time)
    seen = model.observed(before, control, time)
    innovation = observation - seen.mean
    noise = model.sensor_factor(time)
    mean, factor, spread, score, nis = kernels.updates(seen.deviations, noise, innovation, *before)
    return Stepped(Gaussian(mean, factor), before, innovation, spread, score, nis)


def _linear(
    model: LinearModel, observed: FloatArray, start: Gaussian, controls: FloatArray
) -> Filtered:
    """Filter by a linear model; members alike in all but their numbers share their triangles."""
    batch, times, sensors = observed.shape
    n, missing = model.states, np.isnan(observed)
    lengths, group = _groups(model, start, missing)
    groups = len(lengths)
    pushed = model.pushed(controls)
    record = kernels.LinearRecord(
        model.transition,
        model.observation,
        *model.factors(),
        *pushed,
        observed,
        start.mean,
        start.factor,
        np.argsort(group, kind="stable"),
        np.concatenate([[0], np.cumsum(lengths)]),
        means=np.empty((batch, times, n)),
        predicted_means=np.empty((batch, times, n)),
        factors=np.empty((groups, times, n, n)),
        predicted_factors=np.empty((groups, times, n, n)),
        innovations=np.empty(observed.shape),
        deviations=np.empty((groups, times, sensors)),
        log_likelihood=np.empty((batch, times)),
        nis=np.empty((batch, times)),
    )
    kernels.linear_record(record)
    factors, before, deviations = (
        np.broadcast_to(array, (batch, *array.shape[1:])) if groups == 1 else array[group]
        for array in (record.factors, record.predicted_factors, record.deviations)
    )
    return Filtered(
        record.means,
        factors,
        record.predicted_means,
        before,
        record.innovations,
        deviations,
        record.log_likelihood.sum(axis=1),
        record.nis,
        sensors - missing.sum(axis=2),
        controls,
    )


def _groups(model: LinearModel, start: Gaussian, missing: BoolArray) -> tuple[IntArray, IntArray]:
    """Sizes of the groups of members with the same triangles, and the group of each member."""
    batch = len(missing)
    members = np.arange(batch)
    if batch == 1:
        return np.ones(1, int), members
    F, H, (LQ, LR) = model.transition, model.observation, model.factors()
    if max(len(F), len(H), len(LQ), len(LR)) > 1:
        return np.ones(batch, int), members
    same_start = np.all(start.factor == start.factor[0])
    if same_start and not missing.any():
        return np.full(1, batch), np.zeros(batch, int)
    keys = np.packbits(missing.reshape(batch, -1), axis=1)
    if not same_start:
        bits = np.ascontiguousarray(start.factor).view(np.uint8).reshape(batch, -1)
        keys = np.concatenate([keys, bits], axis=1)
    _, group, lengths = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
    return lengths, group.reshape(-1)


def checked_inputs(
    model: LinearModel | NonlinearModel,
    observations: FloatArray,
    start: Gaussian,
    controls: FloatArray | None,
) -> tuple[FloatArray, Gaussian, FloatArray]:
    """Inputs of a filter with equal batch and time, as the kernels want them.

    Args:
        model: Tells the sizes.
        observations: Shape (batch, time, sensor); a masked value is missing, as NaN is.
        start: For one or for all members.
        controls: Shape (batch, time, control), or none.

    Returns:
        Observations, start and controls.

    Raises:
        BadInput: if they do not fit.
    """
    observed = np.ascontiguousarray(numbers(observations, "observations"), dtype=float)
    n = axes(observed, "batch time sensor", "observations", sensor=model.sensors)
    if not n["batch"] or not n["time"]:
        raise BadInput(f"observations: batch and time must not be empty, got {observed.shape}")
    if np.isinf(observed).any():
        place = tuple(int(i) for i in np.argwhere(np.isinf(observed))[0])
        raise BadInput(
            f"observations: {observed[place]} at (batch, time, sensor) = {place}; "
            "mark a missing observation by NaN"
        )
    for name, size, mine in (
        ("batch", model.batch, n["batch"]),
        ("time", model.times, n["time"]),
    ):
        if size not in {1, mine}:
            raise BadInput(f"model: axis {name} is {size}, but that of the observations is {mine}")
    mean, factor = (numbers(part, "start").astype(float, copy=False) for part in start)
    axes(mean, "batch state", "start mean", state=model.states)
    axes(factor, "batch state state", "start factor", state=model.states)
    for part, name in ((mean, "start mean"), (factor, "start factor")):
        check_finite(part, name)
        if len(part) not in {1, n["batch"]}:
            raise BadInput(
                f"{name}: axis batch is {len(part)}, but that of the observations is {n['batch']}"
            )
    start = Gaussian(*(np.repeat(p, n["batch"] // len(p), axis=0) for p in (mean, factor)))
    if controls is None:
        return observed, start, np.zeros((n["batch"], n["time"], model.controls))
    acted = np.ascontiguousarray(numbers(controls, "controls"), dtype=float)
    known = {"batch": n["batch"], "time": n["time"], "control": model.controls}
    axes(acted, "batch time control", "controls", **known)
    check_finite(acted, "controls")
    return observed, start, acted


def _check_constant(model: LinearModel | NonlinearModel, name: str) -> None:
    """Refuse a model that changes in time where there is no time."""
    if model.times > 1:
        raise BadInput(
            f"{name}: the matrices of the model change in time ({model.times} samples); "
            "make a model of the matrices that hold now"
        )
