"""State-space models: how the state moves on and what the sensors see of it.

A step takes the state from the sample before to sample t and then looks at it:

    x(t) = f(x(t-1), u(t)) + w(t),   w ~ N(0, Q)
    y(t) = h(x(t), u(t)) + v(t),     v ~ N(0, R)

so u(t) is the control that acts on the way to sample t. A model written as
x(t+1) = F x(t) + B u(t) is given its controls one sample later.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

import numpy as np

from sciml.core.axes import FloatArray, axes
from sciml.core.errors import BadInput
from sciml.hydro.filters import kernels
from sciml.hydro.filters.gaussian import Gaussian, check_finite, covariance_factor

Function = Callable[[FloatArray, FloatArray], FloatArray]

# Step of a central difference in units of the state: the cube root of the rounding error.
DIFFERENCE_STEP = float(np.cbrt(np.finfo(float).eps))


class Spread(NamedTuple):
    """A function of a Gaussian x = m + S z, to the order that a rule keeps.

    Its covariance is D Dᵀ, and its covariance with x is S Dₛᵀ with the first columns Dₛ of D: those
    that are paired with the columns of S. Columns beyond them are paired with nothing.
    """

    mean: FloatArray  # (batch, row)
    deviations: FloatArray  # D, (batch, row, deviation)


class Model(Protocol):
    """What the filters ask of a model."""

    @property
    def states(self) -> int:
        """Number of states."""
        ...

    @property
    def sensors(self) -> int:
        """Number of sensors."""
        ...

    @property
    def controls(self) -> int:
        """Number of controls."""
        ...

    def predicted(self, state: Gaussian, control: FloatArray, time: int) -> Spread:
        """The state after the step to sample ``time``, without its noise; controls (batch, _)."""
        ...

    def observed(self, state: Gaussian, control: FloatArray, time: int) -> Spread:
        """What the sensors show at sample ``time``, without their noise."""
        ...

    def process_factor(self, time: int) -> FloatArray:
        """Square root of Q at sample ``time``, (batch or 1, state, state)."""
        ...

    def sensor_factor(self, time: int) -> FloatArray:
        """Square root of R at sample ``time``, (batch or 1, sensor, sensor)."""
        ...


@dataclass(frozen=True)
class LinearModel:
    """x(t) = F x(t-1) + B u(t) + w,  y(t) = H x(t) + D u(t) + v.

    Each matrix is shared, (row, column), or per member, (batch, row, column), or changes in time,
    (batch or 1, time, row, column).

    Args:
        transition: F, (state, state).
        observation: H, (sensor, state).
        process_noise: Q, (state, state), positive semidefinite, per step.
        sensor_noise: R, (sensor, sensor), positive definite.
        control: B, (state, control); without it controls do not move the state.
        feedthrough: D, (sensor, control); without it the sensors do not see the controls.

    Raises:
        BadInput: if shapes disagree, a number is not finite, or a covariance is not one.
    """

    transition: FloatArray
    observation: FloatArray
    process_noise: FloatArray
    sensor_noise: FloatArray
    control: FloatArray | None = None
    feedthrough: FloatArray | None = None
    _process: FloatArray = field(init=False, repr=False, compare=False)
    _sensor: FloatArray = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        F = _four_axes(self.transition, "transition")
        H = _four_axes(self.observation, "observation")
        n = axes(F, "... state state", "transition")
        n = axes(H, "... sensor state", "observation", state=n["state"])
        Q = _four_axes(self.process_noise, "process_noise")
        R = _four_axes(self.sensor_noise, "sensor_noise")
        axes(Q, "... state state", "process_noise", state=n["state"])
        axes(R, "... sensor sensor", "sensor_noise", sensor=n["sensor"])
        named = {"transition": F, "observation": H, "process_noise": Q, "sensor_noise": R}
        if self.control is not None:
            named["control"] = B = _four_axes(self.control, "control")
            n |= axes(B, "... state control", "control", state=n["state"])
        if self.feedthrough is not None:
            named["feedthrough"] = D = _four_axes(self.feedthrough, "feedthrough")
            known = {"control": n["control"]} if "control" in n else {}
            axes(D, "... sensor control", "feedthrough", sensor=n["sensor"], **known)
        for place, word in enumerate(("batch", "time")):
            sizes = {name: value.shape[place] for name, value in named.items()}
            if len(set(sizes.values()) - {1}) > 1:
                raise BadInput(f"LinearModel: axis {word} differs between matrices: {sizes}")
        for name, value in named.items():
            check_finite(value, name)
            object.__setattr__(self, name, value)
        factor = np.ascontiguousarray(covariance_factor(Q, "process_noise"))
        object.__setattr__(self, "_process", factor)
        factor = np.ascontiguousarray(covariance_factor(R, "sensor_noise", definite=True))
        object.__setattr__(self, "_sensor", factor)

    @property
    def states(self) -> int:
        """Number of states."""
        return self.transition.shape[-1]

    @property
    def sensors(self) -> int:
        """Number of sensors."""
        return self.observation.shape[-2]

    @property
    def controls(self) -> int:
        """Number of controls."""
        matrix = self.control if self.control is not None else self.feedthrough
        return 0 if matrix is None else matrix.shape[-1]

    @property
    def batch(self) -> int:
        """Members that the matrices are given for; 1 if shared."""
        return max(len(matrix) for matrix in self._matrices())

    @property
    def times(self) -> int:
        """Samples that the matrices are given for; 1 if they do not change."""
        return max(matrix.shape[1] for matrix in self._matrices())

    def _matrices(self) -> list[FloatArray]:
        parts = (self.transition, self.observation, self._process, self._sensor)
        return [*parts, *(m for m in (self.control, self.feedthrough) if m is not None)]

    def factors(self) -> tuple[FloatArray, FloatArray]:
        """Square roots of Q and R, each (batch or 1, time or 1, row, row)."""
        return self._process, self._sensor

    def pushed(self, controls: FloatArray) -> tuple[FloatArray, FloatArray]:
        """B u and D u.

        Args:
            controls: Shape (batch, time, control).

        Returns:
            Shapes (batch, time, state) and (batch, time, sensor), or 1 where nothing acts.
        """
        moved, seen = np.zeros((1, 1, self.states)), np.zeros((1, 1, self.sensors))
        if self.control is not None:
            moved = np.einsum("btsc,btc->bts", *_matched(self.control, controls))
        if self.feedthrough is not None:
            seen = np.einsum("btsc,btc->bts", *_matched(self.feedthrough, controls))
        return np.ascontiguousarray(moved), np.ascontiguousarray(seen)

    def predicted(self, state: Gaussian, control: FloatArray, time: int) -> Spread:
        """The state after the step to sample ``time``; see :class:`Model`."""
        F = _at(self.transition, time)
        mean = _applied(F, state.mean)
        if self.control is not None:
            mean = mean + _applied(_at(self.control, time), control)
        return Spread(mean, kernels.products(F, state.factor))

    def observed(self, state: Gaussian, control: FloatArray, time: int) -> Spread:
        """What the sensors show at sample ``time``; see :class:`Model`."""
        H = _at(self.observation, time)
        mean = _applied(H, state.mean)
        if self.feedthrough is not None:
            mean = mean + _applied(_at(self.feedthrough, time), control)
        return Spread(mean, kernels.products(H, state.factor))

    def process_factor(self, time: int) -> FloatArray:
        """Square root of Q at sample ``time``."""
        return _at(self._process, time)

    def sensor_factor(self, time: int) -> FloatArray:
        """Square root of R at sample ``time``."""
        return _at(self._sensor, time)


@dataclass(frozen=True)
class NonlinearModel:
    """x(t) = f(x(t-1), u(t)) + w,  y(t) = h(x(t), u(t)) + v.

    Functions take states (..., state) and controls (..., control), work on all leading axes at
    once, and do not change what they are given.

    The rule "extended" follows the tangent at the mean. "unscented" spreads 2n points at
    m ± √(n + κ) Sᵢ and one at the mean, κ = max(3 - n, 0): no weight is negative, so no
    covariance can become indefinite, and up to three states fourth moments are right too.

    Args:
        transition: f, returns (..., state).
        observation: h, returns (..., sensor).
        process_noise: Q, (state, state) or (batch, state, state), positive semidefinite.
        sensor_noise: R, (sensor, sensor) or (batch, sensor, sensor), positive definite.
        rule: How the spread of the state goes through f and h.
        transition_jacobian: ∂f/∂x, returns (..., state, state); else central differences.
        observation_jacobian: ∂h/∂x, returns (..., sensor, state); else central differences.
        control_size: Number of controls.

    Raises:
        BadInput: if a covariance is not one, or Q and R are given for different batches.

    Source:
        Julier & Uhlmann, Proc. IEEE 92 (2004); Arasaratnam & Haykin, IEEE TAC 54 (2009) for κ = 0.
    """

    transition: Function
    observation: Function
    process_noise: FloatArray
    sensor_noise: FloatArray
    rule: Literal["extended", "unscented"] = "extended"
    transition_jacobian: Function | None = None
    observation_jacobian: Function | None = None
    control_size: int = 0
    _process: FloatArray = field(init=False, repr=False, compare=False)
    _sensor: FloatArray = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.rule not in {"extended", "unscented"}:
            raise BadInput(f"rule: expected 'extended' or 'unscented', got {self.rule!r}")
        for name, place in (("process_noise", "_process"), ("sensor_noise", "_sensor")):
            noise = np.asarray(getattr(self, name), dtype=float)
            if noise.ndim not in {2, 3}:
                raise BadInput(
                    f"{name}: expected (row, row) or (batch, row, row), got {noise.shape}"
                )
            noise = noise.reshape(-1, *noise.shape[-2:])
            factor = covariance_factor(noise, name, definite=name == "sensor_noise")
            object.__setattr__(self, name, noise)
            object.__setattr__(self, place, np.ascontiguousarray(factor))
        sizes = {name: len(getattr(self, name)) for name in ("process_noise", "sensor_noise")}
        if len(set(sizes.values()) - {1}) > 1:
            raise BadInput(f"NonlinearModel: axis batch differs between matrices: {sizes}")

    @property
    def states(self) -> int:
        """Number of states."""
        return self.process_noise.shape[-1]

    @property
    def sensors(self) -> int:
        """Number of sensors."""
        return self.sensor_noise.shape[-1]

    @property
    def controls(self) -> int:
        """Number of controls."""
        return self.control_size

    @property
    def batch(self) -> int:
        """Members that the noise is given for; 1 if shared."""
        return max(len(self.process_noise), len(self.sensor_noise))

    @property
    def times(self) -> int:
        """Always 1: the noise does not change in time."""
        return 1

    def predicted(self, state: Gaussian, control: FloatArray, time: int) -> Spread:
        """The state after the step to sample ``time``; see :class:`Model`."""
        del time
        return self._spread(self.transition, self.transition_jacobian, state, control, self.states)

    def observed(self, state: Gaussian, control: FloatArray, time: int) -> Spread:
        """What the sensors show at sample ``time``; see :class:`Model`."""
        del time
        jacobian = self.observation_jacobian
        return self._spread(self.observation, jacobian, state, control, self.sensors)

    def process_factor(self, time: int) -> FloatArray:
        """Square root of Q."""
        del time
        return self._process

    def sensor_factor(self, time: int) -> FloatArray:
        """Square root of R."""
        del time
        return self._sensor

    def _spread(
        self,
        function: Function,
        jacobian: Function | None,
        state: Gaussian,
        control: FloatArray,
        rows: int,
    ) -> Spread:
        """A function of the state by the rule."""
        if self.rule == "unscented":
            return unscented_spread(function, state, control, rows)
        mean = called(function, state.mean, control, rows)
        if jacobian is None:
            slope = difference_jacobian(function, state, control, rows)
        else:
            slope = np.asarray(jacobian(state.mean, control), dtype=float)
            axes(slope, "... row state", "jacobian", row=rows, state=self.states)
            slope = np.broadcast_to(slope, (len(mean), rows, self.states))
        return Spread(mean, kernels.products(np.ascontiguousarray(slope), state.factor))


def unscented_spread(function: Function, state: Gaussian, control: FloatArray, rows: int) -> Spread:
    """A function of a Gaussian by sigma points in pairs.

    The differences of a pair are paired with the factor of the state; the curvatures of the pairs
    and the point at the mean are not.

    Args:
        function: Vectorised over leading axes.
        state: Means (batch, state) and factors.
        control: Shape (batch, control).
        rows: Numbers that the function returns per point.

    Returns:
        Mean (batch, row) and deviations (batch, row, 2 state + 1).
    """
    n = state.mean.shape[1]
    kappa = max(3 - n, 0)
    reach, weight = np.sqrt(n + kappa), 1 / (2 * (n + kappa))
    arms = reach * state.factor.swapaxes(1, 2)  # (batch, point, state)
    centre = state.mean[:, None]
    points = np.concatenate([centre, centre + arms, centre - arms], axis=1)
    controls = np.broadcast_to(control[:, None], (*points.shape[:2], control.shape[1]))
    values = called(function, points, controls, rows)
    at_mean, ahead, behind = values[:, :1], values[:, 1 : n + 1], values[:, n + 1 :]
    # Differences from the value at the mean: the mean of large numbers would lose digits.
    ahead, behind = ahead - at_mean, behind - at_mean
    shift = weight * (ahead + behind).sum(axis=1, keepdims=True)
    odd = np.sqrt(weight / 2) * (ahead - behind)
    even = np.sqrt(weight / 2) * (ahead + behind - 2 * shift)
    still = -np.sqrt(kappa / (n + kappa)) * shift
    deviations = np.concatenate([odd, even, still], axis=1).swapaxes(1, 2)
    return Spread(at_mean[:, 0] + shift[:, 0], np.ascontiguousarray(deviations))


def difference_jacobian(
    function: Function, state: Gaussian, control: FloatArray, rows: int
) -> FloatArray:
    """∂f/∂x at the mean by central differences, each state with a step of its own size.

    Args:
        function: Vectorised over leading axes.
        state: Means (batch, state), and factors that tell how large a state without a mean is.
        control: Shape (batch, control).
        rows: Numbers that the function returns per point.

    Returns:
        Shape (batch, row, state).
    """
    n = state.mean.shape[1]
    size = np.maximum(np.abs(state.mean), state.deviation)
    size = np.where(size > 0, size, 1.0) * DIFFERENCE_STEP
    arms = size[:, :, None] * np.eye(n)  # (batch, point, state)
    centre = state.mean[:, None]
    ahead, behind = centre + arms, centre - arms
    controls = np.broadcast_to(control[:, None], (len(arms), 2 * n, control.shape[1]))
    values = called(function, np.concatenate([ahead, behind], axis=1), controls, rows)
    widths = np.einsum("bii->bi", ahead - behind)
    return ((values[:, :n] - values[:, n:]) / widths[:, :, None]).swapaxes(1, 2)


def called(function: Function, states: FloatArray, controls: FloatArray, rows: int) -> FloatArray:
    """Values of a user's function, their shape checked.

    Args:
        function: Vectorised over leading axes.
        states: Shape (..., state).
        controls: Shape (..., control).
        rows: Numbers expected per point.

    Returns:
        Shape (..., row), contiguous.

    Raises:
        BadInput: if the shape of the values differs.
    """
    values = np.ascontiguousarray(function(states, controls), dtype=float)
    expected = (*states.shape[:-1], rows)
    if values.shape != expected:
        name = getattr(function, "__name__", "function")
        raise BadInput(
            f"{name}: for states of shape {states.shape} expected values of shape {expected}, "
            f"got {values.shape}; it must work on all leading axes"
        )
    return values


def _four_axes(matrix: FloatArray, name: str) -> FloatArray:
    """A matrix with the axes batch and time in front."""
    array = np.ascontiguousarray(matrix, dtype=float)
    if array.ndim == 2:
        return array[None, None]
    if array.ndim == 3:
        return array[:, None]
    if array.ndim == 4:
        return array
    raise BadInput(
        f"{name}: expected axes (row, column), (batch, row, column) or (batch, time, row, column), "
        f"got shape {array.shape}"
    )


def _at(matrix: FloatArray, time: int) -> FloatArray:
    """The matrix of a time, (batch or 1, row, column)."""
    return np.ascontiguousarray(matrix[:, time if matrix.shape[1] > 1 else 0])


def _applied(matrix: FloatArray, vectors: FloatArray) -> FloatArray:
    """Matrices (batch or 1, row, column) times vectors (batch, column)."""
    return np.matmul(matrix, vectors[:, :, None])[:, :, 0]


def _matched(matrix: FloatArray, controls: FloatArray) -> tuple[FloatArray, FloatArray]:
    """A matrix and controls with equal batch and time."""
    batch, time = controls.shape[:2]
    return np.broadcast_to(matrix, (batch, time, *matrix.shape[2:])), controls
