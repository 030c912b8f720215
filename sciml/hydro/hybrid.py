"""Tracked waves plus a learnt residual: a hybrid that falls back on what has been right so far.

Six experts forecast each target at each lead. One is theory: harmonics of a tracked frequency, the
same inside and outside of the trained range (:mod:`sciml.hydro.harmonics`). Two add to it a
regression on its innovations that is learnt within the run, two one that is learnt from the
training runs, and one is a plain vector autoregression. Their shares follow their errors of late
(:mod:`sciml.hydro.shares`). Where training does not apply, its experts err, lose their shares
within about a second, and what stays is the filter.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr
from pydantic import Field, PositiveFloat, PositiveInt

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.core.nearest import nearest
from sciml.core.settings import Settings
from sciml.hydro.cases import Case, Cases
from sciml.hydro.forecast import Plan, check_fitted, check_leads, forecast_dataset, with_gaps
from sciml.hydro.harmonics import Harmonics, HarmonicSettings, track_harmonics
from sciml.hydro.regression import Belief, histories, pooled_ridge, recursive_ridge
from sciml.hydro.shares import error_shares

_ALONE = 0.01  # part of a channel's innovation that no other tells: keeps the guesses regular
_LEAST_VARIANCE = 1e-6  # over that of the channel; keeps the guess of a missing sample finite


class HybridSettings(Settings):
    """Sizes of the experts; variances are those of targets scaled to 1."""

    harmonics: HarmonicSettings = HarmonicSettings()
    # Regressions learnt within the run, on the innovations of the targets.
    run_order: PositiveInt = 30  # samples of history
    run_noise: PositiveFloat = 0.03  # variance of the outcome
    run_variances: tuple[PositiveFloat, PositiveFloat] = (0.003, 0.03)  # of the newest coefficient
    run_fading: PositiveFloat = 15.0  # samples: prior variance falls by e over this age
    # Regressions learnt from the training runs.
    target_order: PositiveInt = 10  # on the innovations of the targets
    target_ridge: PositiveFloat = 1e-4
    channel_order: PositiveInt = 50  # on those of all channels, and on all channels themselves
    channel_ridge: PositiveFloat = 1e-3
    # Shares.
    memory: float = Field(default=100.0, ge=1)  # samples over which errors are forgotten
    sharpness: PositiveFloat = 2.0


class _Seen(NamedTuple):
    """A run as the experts see it."""

    waves: Harmonics  # scaled, of all channels
    targets: list[int]
    truth: FloatArray  # scaled, NaN where missing, (time, target)


_Basis = Callable[[_Seen, int], FloatArray]  # (time, target), of a lead's number


def _harmonic(run: _Seen, number: int) -> FloatArray:
    """The forecast of theory."""
    return run.waves.forecast[:, number, run.targets]


def _nothing(run: _Seen, number: int) -> FloatArray:  # noqa: ARG001 - a basis like the other
    """No theory."""
    return np.zeros((len(run.waves.filled), len(run.targets)))


class _Trained(NamedTuple):
    """A regression of the targets, less a basis, on histories; from the training runs."""

    name: str
    basis: _Basis
    series: Callable[[_Seen], FloatArray]  # (time, channel)
    order: int
    ridge: float

    def features(self, run: _Seen) -> FloatArray:
        """Shape (time, feature)."""
        return histories(self.series(run), self.order)


class TrackedHybrid:
    """Forecasts nearly periodic loads; a missing sample (NaN) is guessed from the other channels.

    The answer of :meth:`predict` has also ``share`` (time, lead, expert), how much each expert
    counts, ``opinion`` (time, lead, target, expert), what each says, and ``frequency`` (time,), Hz.
    """

    name = "tracked hybrid"

    def __init__(
        self,
        leads: Sequence[int],
        settings: HybridSettings | None = None,
        clock: Sequence[str] | None = None,
    ) -> None:
        """Choose leads and sizes.

        Args:
            leads: Samples ahead, all that will be asked for.
            settings: Sizes of the experts.
            clock: Channels that tell the frequency; by default all.
        """
        self._leads, self._clock_names = tuple(leads), clock
        self._settings = settings or HybridSettings()
        s = self._settings
        self._trained = (
            _Trained(
                "learnt from targets",
                _harmonic,
                _target_innovations,
                s.target_order,
                s.target_ridge,
            ),
            _Trained(
                "learnt from all channels",
                _harmonic,
                _innovations,
                s.channel_order,
                s.channel_ridge,
            ),
            _Trained("autoregression", _nothing, _filled, s.channel_order, s.channel_ridge),
        )

    @property
    def experts(self) -> tuple[str, ...]:
        """Names of the experts, in the order of their shares."""
        names = (expert.name for expert in self._trained)
        return ("harmonics", "learnt in the run", "learnt fast in the run", *names)

    def fit(self, train: Cases) -> dict[str, float]:
        """Learn scaling and regressions from the training runs.

        Raises:
            BadInput: if a clock channel does not exist, a value is not finite, or no run is long
                enough.
        """
        for name in self._clock_names or ():
            if name not in train.channels:
                raise BadInput(f"clock: no channel '{name}'; {nearest(name, train.channels)}")
        names = train.channels if self._clock_names is None else self._clock_names
        self._clock = [train.channels.index(name) for name in names]
        self._rate, self._names = train.rate, train.targets
        self._targets, self._scaling = train.target_indices, train.scaling()
        self._covariance = None
        runs = [(self._seen(case.values), case) for case in train.cases.values()]
        self._covariance = self._innovation_covariance(runs)
        self._weights = {
            (expert.name, lead): pooled_ridge(
                _learnt(runs, expert, number, lead, self._targets), expert.ridge
            )
            for expert in self._trained
            for number, lead in enumerate(self._leads)
        }
        return {"coefficients": float(sum(w.size for w in self._weights.values()))}

    def predict(
        self,
        inputs: FloatArray,
        leads: Sequence[int],
        planned: Plan | None = None,  # noqa: ARG002 - waves have no controls
    ) -> xr.Dataset:
        """Forecast one run; see :class:`sciml.hydro.forecast.Forecaster`.

        Raises:
            BadInput: if it is not fitted or not for a lead, or a value is infinite.
        """
        check_leads(leads)
        check_fitted(self, "_weights")
        unknown = sorted(set(leads) - set(self._leads))
        if unknown:
            raise BadInput(f"{self.name}: fitted for leads {self._leads}, asked for {unknown}")
        inputs = with_gaps(inputs, f"{self.name}: inputs", self._scaling.channels)
        run = self._seen(inputs)
        rows = [self._leads.index(lead) for lead in leads]
        s = self._settings
        opinions = [self._opinions(run, number) for number in rows]  # (expert, time, target)
        shares = [
            error_shares(one, run.truth, lead, s.memory, s.sharpness)
            for one, lead in zip(opinions, leads, strict=True)
        ]
        mixed = [np.einsum("et,etk->tk", w, o) for w, o in zip(shares, opinions, strict=True)]
        unscaled = self._scaling.only(self._names).invert
        told = forecast_dataset(unscaled(np.stack(mixed, axis=1)), 0, leads, self._names)
        told["share"] = (("time", "lead", "expert"), np.stack(shares).transpose(2, 0, 1))
        dims = ("expert", "time", "lead", "target")
        opinion = xr.DataArray(unscaled(np.stack(opinions, axis=2)), dims=dims)
        told["opinion"] = opinion.transpose("time", "lead", "target", "expert")
        told["frequency"] = ("time", run.waves.frequency, {"units": "Hz"})
        return told.assign_coords(expert=list(self.experts))

    def _innovation_covariance(self, runs: Sequence[tuple[_Seen, Case]]) -> FloatArray:
        """Of the filter's innovations over the parts of the runs that count."""
        innovations = np.concatenate([run.waves.innovation[case.active] for run, case in runs])
        covariance = innovations.T @ innovations / len(innovations)
        alone = _ALONE * np.diag(covariance) + _LEAST_VARIANCE
        return covariance + np.diag(alone)

    def _seen(self, values: FloatArray) -> _Seen:
        """A run through the filter."""
        scaled = self._scaling.apply(values)
        settings = self._settings.harmonics
        waves = track_harmonics(
            scaled, self._rate, self._leads, settings, self._clock, self._covariance
        )
        return _Seen(waves, self._targets, scaled[:, self._targets])

    def _opinions(self, run: _Seen, number: int) -> FloatArray:
        """What each expert says at one lead. Shape (expert, time, target), scaled."""
        s, theory = self._settings, _harmonic(run, number)
        lead = self._leads[number]
        features = histories(_target_innovations(run), s.run_order)
        outcomes = np.zeros_like(theory)
        outcomes[:-lead] = run.waves.filled[lead:, self._targets] - theory[:-lead]
        age = np.tile(np.arange(s.run_order)[::-1], len(self._targets))
        fading = np.exp(-age / s.run_fading)
        within = [
            theory + recursive_ridge(features, outcomes, lead, Belief(v * fading, s.run_noise))
            for v in s.run_variances
        ]
        trained = [
            expert.basis(run, number) + expert.features(run) @ self._weights[expert.name, lead]
            for expert in self._trained
        ]
        return np.stack([theory, *within, *trained])


def _innovations(run: _Seen) -> FloatArray:
    """The filter's innovations of all channels."""
    return run.waves.innovation


def _target_innovations(run: _Seen) -> FloatArray:
    """The filter's innovations of the targets."""
    return run.waves.innovation[:, run.targets]


def _filled(run: _Seen) -> FloatArray:
    """All channels themselves."""
    return run.waves.filled


def _learnt(
    runs: Sequence[tuple[_Seen, Case]],
    expert: _Trained,
    number: int,
    lead: int,
    targets: Sequence[int],
) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Features and outcomes of an expert at the samples of each run that count."""
    for run, case in runs:
        issued = np.arange(max(case.active.start, expert.order - 1), case.active.stop - lead)
        if len(issued) == 0:
            continue
        due = run.waves.filled[issued + lead][:, list(targets)]
        yield expert.features(run)[issued], due - expert.basis(run, number)[issued]
