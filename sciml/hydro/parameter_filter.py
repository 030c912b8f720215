"""The theory's free numbers filtered online: an ensemble that is simulated anew for every block.

The section model is a delay system, and its gas remembers for many lifetimes. A filter that
corrected numbers and state side by side would leave a state that no theory with the new numbers
ever had. Here the state is a function of the numbers: whenever a block of samples has arrived,
the members are simulated from the start of the runs, and only numbers are corrected.

A block is assimilated by iterated posterior linearisation. The residuals r of the members are
regressed on their coordinates, r ≈ r̄ + H (z - z̄), over the spread of the posterior itself; with
the prior N(m, C) the posterior is the Gaussian of

    C'⁻¹ = C⁻¹ + τ Hᵀ H,     m' = m - C' [τ Hᵀ (r̄ + H (m - z̄))],

and the members are drawn there again, the same standard deviates each time, until m' rests. τ
rises to 1 while the first, wide prior is left. The posterior of a block is the prior of the next.

Source:
    García-Fernández, Svensson, Morelande, Särkkä: Posterior linearisation filter, IEEE Trans.
    Signal Process. 63 (2015) 5561-5573, there with sigma points (from memory, unverified).
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr
from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt
from scipy import special

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.core.settings import Settings
from sciml.hydro.identification_problem import (
    CavityTheory,
    IdentificationProblem,
    ProblemSettings,
    Sensor,
)

# Shares of the evidence in the iterations that leave the first prior; 1 from then on.
_TEMPERS = (0.01, 0.1)
# Motion of the mean, in posterior standard deviations, at which it rests.
_RESTS = 0.05


class ParameterFilterSettings(Settings):
    """Size of the ensemble and of the blocks."""

    members: PositiveInt = Field(default=32, ge=8)
    block: PositiveInt = Field(default=100, ge=2)  # samples assimilated together
    iterations: PositiveInt = 8  # of a block, at most
    problem: ProblemSettings = ProblemSettings()
    seed: NonNegativeInt = 0


class _Belief(NamedTuple):
    """A Gaussian of coordinates."""

    mean: FloatArray  # (parameter,)
    covariance: FloatArray  # (parameter, parameter)


def filter_parameters(
    runs: Sequence[xr.Dataset],
    sensors: Mapping[str, Sensor],
    theory: CavityTheory,
    spreads: Mapping[str, PositiveFloat],
    settings: ParameterFilterSettings | None = None,
) -> xr.Dataset:
    """What the measurements up to each moment say about the numbers of a theory.

    Of the forcing, a block also feels the few samples after it, through the spline between samples
    (see :meth:`IdentificationProblem.windowed`); of the measurements it knows none of them.

    Args:
        runs: As for :func:`sciml.hydro.identification.identify`; they arrive side by side.
        sensors: As there.
        theory: The centre of the prior; what is not free stays as it is.
        spreads: The free numbers, each with the standard deviation of its prior: relative for a
            positive number (of its logarithm), in its own unit for another.
        settings: Size of the ensemble and of the blocks.

    Returns:
        ``value`` and ``error`` (posterior mode and standard deviation in the number's unit),
        ``low`` and ``high`` of the central 90 % interval, on axes (time, parameter), and
        ``correlation`` of the coordinates on (time, parameter, other). Time is that of a block's
        last sample, s since the start. ``refused`` counts members whose theory had no cavity.

    Raises:
        BadInput: as ``identify``, or if most members have no cavity: the prior is too wide.
    """
    settings = settings or ParameterFilterSettings()
    known = settings.problem.model_copy(update={"spreads": dict(spreads)})
    problem = IdentificationProblem(runs, sensors, theory, tuple(spreads), known)
    if not np.all(np.isfinite(problem.spreads)):
        raise BadInput("filter_parameters: a start pressure has no prior; start from balance")
    size = len(problem.names)
    deviates = _deviates(settings.members, size, settings.seed)
    belief = _Belief(np.zeros(size), np.eye(size) * problem.spreads**2)
    stops = [*range(settings.block, problem.samples, settings.block), problem.samples]
    beliefs: list[_Belief] = []
    refused: list[int] = []
    for first, stop in zip([0, *stops[:-1]], stops, strict=True):
        tempers = _TEMPERS if first == 0 else ()
        part = problem.windowed(first, stop)
        belief, lost = _assimilated(part, belief, deviates, tempers, settings.iterations)
        beliefs.append(belief)
        refused.append(lost)
    return _dataset(problem, beliefs, refused, problem.clock[np.array(stops) - 1])


def _deviates(members: int, size: int, seed: int) -> FloatArray:
    """Standard deviates whose sample mean and covariance are exact, shape (member, parameter)."""
    if members < 2 * size + 2:
        raise BadInput(f"{members} members cannot span {size} numbers; use {2 * size + 2} or more")
    drawn = np.random.default_rng(seed).standard_normal((members, size))
    drawn -= drawn.mean(axis=0)
    factor = np.linalg.cholesky(drawn.T @ drawn / members)
    return np.linalg.solve(factor, drawn.T).T


def _assimilated(
    problem: IdentificationProblem,
    prior: _Belief,
    deviates: FloatArray,
    tempers: Sequence[float],
    iterations: int,
) -> tuple[_Belief, int]:
    """The belief after a block, and how many members had no cavity."""
    belief, lost = prior, 0
    low, high = problem.bounds
    precision = np.linalg.inv(prior.covariance)
    for temper in (*tempers, *[1.0] * iterations):
        factor = np.linalg.cholesky(belief.covariance)
        members = np.clip(belief.mean + deviates @ factor.T, low, high)
        alive, residuals = _simulated(problem, members)
        lost += len(members) - len(alive)
        if not residuals.shape[1]:
            return prior, lost  # nothing was measured in this block
        centre = alive.mean(axis=0)
        slopes, *_ = np.linalg.lstsq(alive - centre, residuals - residuals.mean(axis=0), rcond=None)
        predicted = residuals.mean(axis=0) + (prior.mean - centre) @ slopes
        covariance = np.linalg.inv(precision + temper * slopes @ slopes.T)
        covariance = (covariance + covariance.T) / 2  # else Cholesky meets rounding
        mean = prior.mean - temper * covariance @ (slopes @ predicted)
        moved = np.abs(mean - belief.mean) / np.sqrt(np.diag(covariance))
        belief = _Belief(mean, covariance)
        if temper == 1.0 and moved.max() < _RESTS:
            break
    return belief, lost


def _simulated(
    problem: IdentificationProblem, members: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The members whose theory has a cavity, (member, parameter), and residuals, (member, r)."""
    alive: list[FloatArray] = []
    residuals: list[FloatArray] = []
    reason: BadInput | None = None
    for member in members:
        try:
            residuals.append(problem.residuals(member))
        except BadInput as error:
            reason = error
        else:
            alive.append(member)
    if len(alive) < 2 * members.shape[1] + 2:
        raise BadInput(
            f"{len(alive)} of {len(members)} members have a cavity; narrow the spreads or move the "
            f"theory. The last without: {reason}"
        )
    return np.stack(alive), np.stack(residuals)


def _dataset(
    problem: IdentificationProblem,
    beliefs: Sequence[_Belief],
    refused: Sequence[int],
    clock: FloatArray,
) -> xr.Dataset:
    """Beliefs in the units of the numbers."""
    names = list(problem.names)
    deviations = np.stack([np.sqrt(np.diag(belief.covariance)) for belief in beliefs])
    reach = float(special.ndtri(0.95)) * deviations
    means = np.stack([belief.mean for belief in beliefs])
    columns = {
        name: np.stack([[*problem.values(z).values()] for z in rows])
        for name, rows in (("value", means), ("low", means - reach), ("high", means + reach))
    }
    slopes = np.stack([np.abs(problem.slopes(z)) for z in means])
    correlation = [
        belief.covariance / np.outer(spread, spread)
        for belief, spread in zip(beliefs, deviations, strict=True)
    ]
    axes_names = ("time", "parameter")
    return xr.Dataset(
        {
            **{name: (axes_names, values) for name, values in columns.items()},
            "error": (axes_names, deviations * slopes),
            "correlation": ((*axes_names, "other"), np.stack(correlation)),
            "refused": ("time", np.array(refused, dtype=np.int64)),
        },
        coords={
            "time": ("time", clock, {"units": "s", "long_name": "time", "axis": "T"}),
            "parameter": names,
            "other": names,
        },
        attrs={"Conventions": "CF-1.11", "title": "Numbers of a cavity's theory, filtered"},
    )
