"""Correction of the theory with data: least squares on measured runs of a ventilated cavity.

The residuals of all sensors are in standard deviations of their noise, so that the inverse of
JᵀJ is the covariance of the coordinates. A direction of the parameter space that the measurements
hardly feel is named instead of being hidden behind a number: its singular value in J is small.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
import xarray as xr
from pydantic import NonNegativeFloat, NonNegativeInt, PositiveInt
from scipy import optimize

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.core.settings import Settings
from sciml.hydro.identification_problem import (
    CavityTheory,
    IdentificationProblem,
    ProblemSettings,
    Sensor,
)

# Standard deviation of a unit direction of coordinates above which it is not identified: the
# combination of numbers is uncertain by a factor of 1.6.
UNCERTAIN = 0.5
# Singular value over the largest one below which differences of simulations are rounding.
ROUNDING = 1e-7
# Components of a direction below this are not named.
_NAMED = 0.2
# Residual, in standard deviations, of a theory without a cavity: no step ends there.
_REFUSED = 1e4
# Change of the coordinates, and of the squares, over their size, at which a search ends.
_STEP = 1e-8
_EVALUATIONS = 60  # in a search: one that needs more wanders along what it cannot identify


class IdentificationSettings(Settings):
    """How the free numbers are searched."""

    problem: ProblemSettings = ProblemSettings()
    # Fits after which the noise of a sensor that fits worse than its noise is raised to its misfit:
    # what the theory cannot follow must not rule the numbers.
    reweightings: NonNegativeInt = 2
    loss: Literal["linear", "soft_l1", "huber", "cauchy"] = "linear"  # all but linear are robust
    starts: PositiveInt = 1  # searches, the first from the theory itself
    start_spread: NonNegativeFloat = 0.3  # of the other starts, in coordinates
    seed: NonNegativeInt = 0  # of the other starts


class Identified(NamedTuple):
    """A theory corrected by measurements, and how well they determine it."""

    theory: CavityTheory
    values: dict[str, float]
    errors: dict[str, float]  # standard errors, in the units of the values
    correlation: xr.DataArray  # of the coordinates, on axes parameter and other
    residuals: dict[str, FloatArray]  # by signal, over the noise that was given, (sample,)
    misfits: dict[str, float]  # their root mean squares; 1 if theory and noise are right
    unidentifiable: tuple[str, ...]  # directions, "drag_coefficient^0.89 growth_factor^-0.45"
    refused: int  # evaluations at which the theory had no cavity


def identify(
    runs: Sequence[xr.Dataset],
    sensors: Mapping[str, Sensor],
    theory: CavityTheory,
    free: Sequence[str],
    settings: IdentificationSettings | None = None,
) -> Identified:
    """Find the numbers of a theory by which it agrees best with noisy measured runs.

    Args:
        runs: Each with ``ambient_pressure`` in Pa and ``ventilation`` in m³/s on an even
            ``time`` in s, and measured signals on the same axis, NaN where a sample is missing.
        sensors: Signals to use and the noise of their sensors: ``cavity_pressure`` in Pa,
            ``length`` in m, ``jet_force`` and ``drag`` in N.
        theory: The theory to start from; what is not free stays as it is.
        free: Names of the numbers to find: ``loss_coefficient``, ``loss_shape``, ``expansion`` or
            ``a0`` and ``a1``, ``growth_factor``, ``drag_coefficient``, ``blockage``,
            ``pressure_bias``, ``force_coefficient``, ``delay_coefficient``, ``drag_exponent``.
        settings: How to search.

    Returns:
        The corrected theory, standard errors and what could not be identified.

    Raises:
        BadInput: if a name is unknown, a run is damaged, a sensor has read nothing, or the theory
            to start from has no cavity in a run.
    """
    settings = settings or IdentificationSettings()
    problem = IdentificationProblem(runs, sensors, theory, free, settings.problem)
    search = _Search(problem)
    spread = np.random.default_rng(settings.seed).normal(
        scale=settings.start_spread, size=(settings.starts - 1, len(problem.names))
    )
    starts = [np.zeros(len(problem.names)), *spread]
    found = [search.from_start(z, settings.loss) for z in starts]
    best = min((result for result in found if result is not None), key=lambda result: result.cost)
    for _ in range(settings.reweightings):
        search.trust(best.x)
        best = search.from_start(best.x, settings.loss) or best
    return _identified(search, best)


class _Search:
    """Least squares that step back from theories without a cavity."""

    def __init__(self, problem: IdentificationProblem) -> None:
        self.given, self.problem, self.refused = problem, problem, 0
        self._count = problem.residuals(np.zeros(len(problem.names))).size
        if self._count < len(problem.names):
            raise BadInput(
                f"{self._count} finite samples cannot determine {len(problem.names)} numbers; "
                "free fewer, or give longer runs"
            )

    def from_start(self, start: FloatArray, loss: str) -> optimize.OptimizeResult | None:
        """The nearest minimum; None where the theory has no cavity to start with."""
        try:
            self.problem.residuals(start)
        except BadInput:
            self.refused += 1
            return None
        return optimize.least_squares(
            self._residuals,
            start,
            jac=self._jacobian,  # pyright: ignore[reportArgumentType]
            bounds=self.problem.bounds,
            loss=loss,
            x_scale=1.0 / np.maximum(1.0, 1.0 / self.problem.spreads),
            xtol=_STEP,
            ftol=_STEP,
            gtol=_STEP,
            max_nfev=_EVALUATIONS,
        )

    def trust(self, z: FloatArray) -> None:
        """Raise the noises that are given to the misfits at coordinates z."""
        noises: dict[str, float] = {}
        for name, parts in self.given.residuals_by_signal(z).items():
            misfit = math.sqrt(float(np.mean(parts**2))) if parts.size else 1.0
            noises[name] = self.given.sensors[name].noise * max(misfit, 1.0)
        self.problem = self.given.trusting(noises)

    def _residuals(self, z: FloatArray) -> FloatArray:
        try:
            return np.concatenate([self.problem.residuals(z), z / self.problem.spreads])
        except BadInput:
            self.refused += 1
            return np.full(self._count + z.size, _REFUSED)

    def _jacobian(self, z: FloatArray) -> FloatArray:
        return np.concatenate([self.problem.jacobian(z), np.diag(1.0 / self.problem.spreads)])


def _identified(search: _Search, result: optimize.OptimizeResult) -> Identified:
    """What a minimum says about the numbers."""
    problem, z = search.problem, result.x
    _, strengths, directions = np.linalg.svd(result.jac, full_matrices=False)
    spreads = 1.0 / np.maximum(strengths, 1e-12 * strengths[0])
    covariance = (directions.T * spreads**2) @ directions
    deviations = np.sqrt(np.diag(covariance))
    weak = (spreads > UNCERTAIN) | (strengths < ROUNDING * strengths[0])
    names, slopes = list(problem.names), np.abs(problem.slopes(z))
    parts = search.given.residuals_by_signal(z)
    return Identified(
        theory=problem.theory_at(z),
        values=problem.values(z),
        errors=dict(zip(names, (deviations * slopes).tolist(), strict=True)),
        correlation=xr.DataArray(
            covariance / np.outer(deviations, deviations),
            coords={"parameter": names, "other": names},
            dims=("parameter", "other"),
        ),
        residuals=parts,
        misfits={name: math.sqrt(float(np.mean(part**2))) for name, part in parts.items()},
        unidentifiable=tuple(_direction(names, row) for row in directions[weak]),
        refused=search.refused,
    )


def _direction(names: Sequence[str], row: FloatArray) -> str:
    """A direction of coordinates in words, the largest component positive and first."""
    row = row * np.sign(row[np.argmax(np.abs(row))])
    order = np.argsort(-np.abs(row))
    return " ".join(f"{names[k]}^{row[k]:.2g}" for k in order if abs(row[k]) > _NAMED)
