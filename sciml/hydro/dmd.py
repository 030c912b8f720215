"""Dynamic mode decomposition with control, from many runs, on delay-embedded states.

One linear law is fitted to all runs at once, and no step of it leads from one run into the next:

    z(t+1) = A z(t) + B υ(t) + c,

where z holds the last samples of the channels that have a life of their own and υ those of the
controls. The constant c makes the law independent of the zeros of the units.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.optimize import root_scalar

from sciml.core.axes import FloatArray, axes
from sciml.core.errors import BadInput
from sciml.data.checks import require_finite
from sciml.hydro.cases import Cases
from sciml.hydro.forecast import (
    Plan,
    check_fitted,
    check_leads,
    controls_ahead,
    forecast_dataset,
    numbered_controls,
)

_ROWS = 20_000  # snapshots that are reduced at once
_SAME_RATE = 1e-9  # relative difference below which eigenvalues count as equally fast


class LinearLaw(NamedTuple):
    """A decomposition in its own coordinates, y = Φᵀ z of scaled channels: y' = A y + B υ + c."""

    A: FloatArray  # (mode, mode)
    B: FloatArray  # (mode, control delay x control)
    c: FloatArray  # (mode,)
    basis: FloatArray  # Φ, (delay x state channel, mode), oldest sample first

    def stabilised(self) -> "LinearLaw":
        """The same law with the eigenvalues outside the unit circle moved onto it.

        The moduli become 1, the angles and the eigenvectors stay. A cluster of growing
        eigenvalues with nearly parallel eigenvectors is ill-conditioned in this respect.
        """
        eigenvalues, vectors = np.linalg.eig(self.A)
        size = np.abs(eigenvalues)
        if np.all(size <= 1):
            return self
        moved = np.where(size > 1, eigenvalues / np.maximum(size, 1.0), eigenvalues)
        A = np.linalg.solve(vectors.T, (vectors * moved).T).T.real
        return self._replace(A=A)


class DynamicModes:
    """Dynamic mode decomposition with control under the contract of the forecasters.

    The states are reduced to their leading principal directions (``rank``), in which a regression
    gives the law. It is iterated from each sample on, with the controls as planned or, if no plan
    is given, held at their present values. Any lead can be asked for.

    Source:
        Proctor, Brunton & Kutz, SIAM J. Applied Dynamical Systems 15 (2016) 142-161; delays:
        Arbabi & Mezić, ibid. 16 (2017) 2096-2126.
    """

    name = "dynamic modes with control"

    def __init__(
        self,
        delays: int = 1,
        *,
        controls: Sequence[str] = (),
        control_delays: int = 1,
        rank: int | Literal["optimal"] | None = None,
        ridge: float = 0.0,
        stable: bool = False,
    ) -> None:
        """Choose the embedding and the regression.

        Args:
            delays: Samples of each channel in a state.
            controls: Channels that drive the others and are not forecast.
            control_delays: Samples of each control that act in a step.
            rank: Principal directions kept; "optimal" keeps those above the threshold of
                :func:`optimal_rank`, None all.
            ridge: Penalty on the squared coefficients, per sample.
            stable: Whether to move growing eigenvalues onto the unit circle, so that long
                forecasts stay bounded; see :meth:`LinearLaw.stabilised`.

        Raises:
            BadInput: if a number of samples or the rank is not positive, or the ridge negative.
        """
        counts = {"delays": delays, "control_delays": control_delays}
        if isinstance(rank, int):
            counts["rank"] = rank
        for what, count in counts.items():
            if count < 1:
                raise BadInput(f"{self.name}: {what} must be positive, got {count}")
        if not ridge >= 0:
            raise BadInput(f"{self.name}: ridge must not be negative, got {ridge}")
        self._delays, self._control_delays = delays, control_delays
        self._names, self._rank, self._ridge, self._stable = tuple(controls), rank, ridge, stable

    def fit(self, train: Cases) -> dict[str, float]:
        """Fit the law over the part of each run that counts.

        Returns:
            ``rank`` and ``spectral_radius``, the largest modulus of an eigenvalue.

        Raises:
            BadInput: if a control is not there or is to be forecast, a value is not finite, no
                run is long enough, or the rank is larger than the state.
        """
        self._controls = numbered_controls(self._names, train)
        self._state = [i for i in range(len(train.channels)) if i not in self._controls.values()]
        self._targets, self._rate = train.targets, train.rate
        self._target_rows = [self._state.index(i) for i in train.target_indices]
        self._scaling = train.scaling()
        factor, samples = self._factor(train)
        basis = self._principal_directions(factor, samples)
        law = self._regressed(factor, samples, basis)
        self.law = law.stabilised() if self._stable else law
        radius = float(np.abs(np.linalg.eigvals(self.law.A)).max())
        return {"rank": float(basis.shape[1]), "spectral_radius": radius}

    @property
    def history(self) -> int:
        """Samples needed before the first forecast."""
        return max(self._delays, self._control_delays if self._controls else 1)

    @property
    def controls(self) -> dict[str, int]:
        """Names of the controls and their numbers among the channels."""
        return dict(self._controls)

    def _factor(self, train: Cases) -> tuple[FloatArray, int]:
        """R of the QR decomposition of all snapshots, run after run, and their number.

        R has all that a regression on the snapshots needs, without squaring their condition.
        """
        factor, samples = np.zeros((0, 0)), 0
        for block in self._snapshots(train):
            stacked = np.concatenate([factor, block]) if samples else block
            factor = np.asarray(np.linalg.qr(stacked, mode="r"))
            samples += len(block)
        if samples == 0:
            raise BadInput(f"{self.name}: no run is longer than {self.history} samples")
        return factor, samples

    def _snapshots(self, train: Cases) -> Iterator[FloatArray]:
        """Rows (z(t), x(t+1), υ(t), 1), a portion at a time; none reaches over two runs."""
        for case in train.cases.values():
            scaled = self._scaling.apply(case.values)
            present = np.arange(
                max(case.active.start, self.history - 1),
                min(case.active.stop, len(scaled)) - 1,
            )
            for start in range(0, len(present), _ROWS):
                chosen = present[start : start + _ROWS]
                state = scaled[:, self._state]
                successive = _delayed(state, self._delays + 1)[chosen + 1 - self._delays]
                acting = _delayed(scaled[:, list(self._controls.values())], self._control_delays)
                driven = acting[chosen + 1 - self._control_delays]
                yield np.concatenate([successive, driven, np.ones((len(chosen), 1))], axis=1)

    def _principal_directions(self, factor: FloatArray, samples: int) -> FloatArray:
        """Φ: the leading right singular vectors of the states. Shape (state, mode)."""
        size = self._delays * len(self._state)
        _, values, directions = np.linalg.svd(factor[:, :size], full_matrices=False)
        if self._rank is None:
            return np.eye(size)
        wanted = self._rank
        rank = wanted if isinstance(wanted, int) else optimal_rank(values, (samples, size))
        if rank > size:
            raise BadInput(f"{self.name}: rank {rank} is larger than the state, {size} numbers")
        return directions[:rank].T

    def _regressed(self, factor: FloatArray, samples: int, basis: FloatArray) -> LinearLaw:
        """The law between the reduced states, by least squares with ridge."""
        channel, size = len(self._state), len(basis)
        now, after = factor[:, :size] @ basis, factor[:, channel : size + channel] @ basis
        known = np.concatenate([now, factor[:, size + channel :]], axis=1)
        penalty = math.sqrt(self._ridge * samples) * np.eye(known.shape[1])
        penalty[-1, -1] = 0.0  # the constant is free
        padded = np.concatenate([after, np.zeros((len(penalty), after.shape[1]))])
        coefficients = np.linalg.lstsq(np.concatenate([known, penalty]), padded, rcond=None)[0].T
        rank = basis.shape[1]
        A, B, c = np.split(coefficients, [rank, coefficients.shape[1] - 1], axis=1)
        return LinearLaw(A, B, c[:, 0], basis)

    def predict(
        self, inputs: FloatArray, leads: Sequence[int], planned: Plan | None = None
    ) -> xr.Dataset:
        """Iterate the law from each sample on; see :class:`sciml.hydro.forecast.Forecaster`.

        Raises:
            BadInput: if it is not fitted, a lead is not ahead, a value is not finite, the run is
                too short or has other channels, or the plan lacks a control or ends before the run.
        """
        check_leads(leads)
        check_fitted(self, "law")
        axes(inputs, "time channel", "inputs", channel=len(self._scaling.channels))
        require_finite(inputs, f"{self.name}: inputs", self._scaling.channels)
        if len(inputs) < self.history:
            raise BadInput(
                f"{self.name}: needs {self.history} samples of history, got {len(inputs)}"
            )
        first, horizon = self.history - 1, max(leads)
        driven = self.acting_controls(inputs, horizon, planned)
        y = self.reduced_states(inputs)
        law, newest = self.law, self.observation
        found: dict[int, FloatArray] = {}
        for lead in range(1, horizon + 1):
            y = y @ law.A.T + driven[:, lead - 1] @ law.B.T + law.c
            if lead in leads:
                found[lead] = y @ newest[self._target_rows].T
        scaled = np.stack([found[lead] for lead in leads], axis=1)
        values = self._scaling.only(self._targets).invert(scaled)
        return forecast_dataset(values, first, leads, self._targets)

    @property
    def observation(self) -> FloatArray:
        """What turns reduced states into the newest scaled sample. Shape (state channel, mode)."""
        return self.law.basis[-len(self._state) :]

    def reduced_states(self, inputs: FloatArray) -> FloatArray:
        """Reduced states of a run from its first whole history on.

        Args:
            inputs: All channels of the run, in their units. Shape (time, channel).

        Returns:
            y = Φᵀ z, dimensionless. Shape (time - history + 1, mode).
        """
        scaled = self._scaling.apply(inputs)[:, self._state]
        return _delayed(scaled, self._delays)[self.history - self._delays :] @ self.law.basis

    def acting_controls(
        self, inputs: FloatArray, horizon: int, planned: Plan | None = None
    ) -> FloatArray:
        """The scaled controls that act in each step ahead, from the first whole history on.

        Args:
            inputs: All channels of the run, in their units. Shape (time, channel).
            horizon: Steps ahead.
            planned: See :class:`sciml.hydro.forecast.Forecaster`.

        Returns:
            υ, dimensionless. Shape (time - history + 1, horizon, control delay x control).
        """
        acting = acting_controls(inputs, self._controls, self._control_delays, horizon, planned)
        scaling = self._scaling.only(self._names * self._control_delays)
        return scaling.apply(acting[self.history - self._control_delays :])

    def modes(self) -> xr.Dataset:
        """Eigenvalues and modes, from the fastest growing to the fastest decaying.

        Returns:
            ``eigenvalue`` (mode), complex, per sample; ``frequency`` (mode), Hz, negative for the
            second of a conjugate pair; ``growth_rate`` (mode), 1/s; ``shape`` (mode, delay,
            channel), complex, the eigenvector in the units of the channels, where ``delay`` counts
            samples back from the present.
        """
        eigenvalues, vectors = np.linalg.eig(self.law.A)
        order = _fastest_growing_first(eigenvalues)
        eigenvalues, vectors = eigenvalues[order], vectors[:, order]
        shapes = (self.law.basis @ vectors).T.reshape(-1, self._delays, len(self._state))
        with np.errstate(divide="ignore"):  # an eigenvalue 0 decays at once
            rates = np.log(np.abs(eigenvalues)) * self._rate
        mode = ("mode",)
        dataset = xr.Dataset(
            {
                "eigenvalue": (mode, eigenvalues.astype(complex)),
                "frequency": (mode, np.angle(eigenvalues) / (2 * math.pi) * self._rate),
                "growth_rate": (mode, rates),
                "shape": (("mode", "delay", "channel"), shapes * self._scaling.std[self._state]),
            },
            {"delay": np.arange(self._delays)[::-1], "channel": self._state_names},
        )
        dataset["frequency"].attrs["units"] = "Hz"
        dataset["growth_rate"].attrs["units"] = "1/s"
        return dataset

    def operators(self) -> xr.Dataset:
        """The law between whole delay-embedded states, in the units of the channels.

        Returns:
            ``A`` (row, state) and ``B`` (row, input), so that z' = A z + B υ + ``c`` (row); states
            and inputs are ordered by sample, the oldest first, and within a sample by channel. A
            reduced law is lifted by its principal directions.
        """
        law = self.law
        state = np.tile(self._scaling.std[self._state], self._delays)
        means = np.tile(self._scaling.mean[self._state], self._delays)
        control = self._scaling.only(self._names)
        acting = np.tile(control.std, self._control_delays)
        A = state[:, None] * (law.basis @ law.A @ law.basis.T) / state
        B = state[:, None] * (law.basis @ law.B) / acting
        held = np.tile(control.mean, self._control_delays)
        c = means + state * (law.basis @ law.c) - A @ means - B @ held
        return xr.Dataset({"A": (("row", "state"), A), "B": (("row", "input"), B), "c": ("row", c)})

    @property
    def _state_names(self) -> list[str]:
        return [self._scaling.channels[index] for index in self._state]


def acting_controls(
    inputs: FloatArray,
    controls: Mapping[str, int],
    delays: int,
    horizon: int,
    planned: Plan | None,
) -> FloatArray:
    """The controls that act in each step ahead: the last ones measured, then those to come.

    Args:
        inputs: All channels of the run, in their units. Shape (time, channel).
        controls: Names of the controls and their numbers among the channels.
        delays: Samples of each control that act in a step.
        horizon: Steps ahead.
        planned: See :class:`sciml.hydro.forecast.Forecaster`.

    Returns:
        υ in the units of the controls, oldest sample first, from the first sample with enough of
        them before it. Shape (time - delays + 1, horizon, delay x control).
    """
    ahead = controls_ahead(inputs, controls, horizon, planned)
    past = _delayed(inputs[:, list(controls.values())], delays)
    past = past.reshape(len(past), delays, len(controls))
    both = np.concatenate([past, ahead[delays - 1 :]], axis=1)
    slots = np.arange(horizon)[:, None] + np.arange(delays)
    return both[:, slots].reshape(len(both), horizon, delays * len(controls))


def optimal_rank(values: FloatArray, shape: tuple[int, int]) -> int:
    """How many singular values stand out of white noise of unknown strength.

    Those above ω times the median count; in a delay-embedded matrix the noise is not quite
    white, since each sample appears in several places.

    Args:
        values: Singular values of the matrix, all of them. Shape (value,).
        shape: Rows and columns of the matrix.

    Returns:
        The rank that loses least, at least 1.

    Source:
        Gavish & Donoho, IEEE Trans. Information Theory 60 (2014) 5040-5053.
    """
    threshold = threshold_over_median(min(shape) / max(shape)) * float(np.median(values))
    return max(int(np.sum(values > threshold)), 1)


def threshold_over_median(aspect: float) -> float:
    """ω(β): the optimal hard threshold over the median singular value.

    Args:
        aspect: β, short side of the matrix over its long side, in (0, 1].

    Returns:
        λ*(β) / √μ(β), where μ is the median of the Marchenko-Pastur law; 2.858 for a square matrix.

    Raises:
        BadInput: if β is out of range.
    """
    if not 0 < aspect <= 1:
        raise BadInput(f"aspect: expected a ratio in (0, 1], got {aspect}")
    low, high = (1 - math.sqrt(aspect)) ** 2, (1 + math.sqrt(aspect)) ** 2
    root = math.sqrt(aspect**2 + 14 * aspect + 1)
    best = math.sqrt(2 * (aspect + 1) + 8 * aspect / (aspect + 1 + root))

    # x = low + (high - low) sin²θ takes the square roots at the ends out of the density.
    def density(angle: float) -> float:
        x = low + (high - low) * math.sin(angle) ** 2
        wave = math.sin(angle) * math.cos(angle)
        return (high - low) ** 2 * wave**2 / (math.pi * aspect * x) if x > 0 else 4 / math.pi

    def excess(angle: float) -> float:
        return quad(density, 0.0, angle)[0] - 0.5

    middle = math.sin(root_scalar(excess, bracket=(0.0, math.pi / 2)).root)
    return best / math.sqrt(low + (high - low) * middle**2)


def _delayed(series: FloatArray, count: int) -> FloatArray:
    """Every stretch of samples as a row, oldest first. Shape (stretch, sample x channel)."""
    windows = np.lib.stride_tricks.sliding_window_view(series, count, axis=0)
    return windows.transpose(0, 2, 1).reshape(len(windows), count * series.shape[1])


def _fastest_growing_first(eigenvalues: NDArray[np.complex128]) -> NDArray[np.intp]:
    """An order by modulus, then by frequency, the positive one of a pair first."""
    modulus = np.abs(eigenvalues)
    # Conjugates differ in their last bits at most, which must not decide.
    rounded = np.round(modulus / _SAME_RATE) * _SAME_RATE
    angle = np.angle(eigenvalues)
    return np.lexsort((-angle, np.abs(np.round(angle / _SAME_RATE)), -rounded))
