"""Kernel ridge regression of anomalies to come on the fields of the last days, region by region."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat, PositiveInt
from scipy.linalg import get_lapack_funcs

from sciml.core.axes import FloatArray, IntArray
from sciml.core.errors import BadInput
from sciml.core.settings import Settings
from sciml.weather.forecast import whole_windows
from sciml.weather.forecasters.anomalies import Anomalies, AnomalyForecaster, recent_days
from sciml.weather.forecasters.blocks import apart_from, time_blocks
from sciml.weather.forecasters.regions import Region, regions
from sciml.weather.verification import area_weights


class KernelSettings(Settings):
    """How a kernel regression compares fields."""

    history: PositiveInt = 3  # days that it looks at
    fading: PositiveFloat = 0.4  # weight of a change over that of the change after it
    width: PositiveFloat = 2.0  # of the kernel, over the root-mean-square size of what it sees
    rows: PositiveInt = 2  # regions from south to north
    columns: PositiveInt = 4  # and from west to east
    reach: PositiveFloat = 2000.0  # of a region's view, km
    upstream: float = 0.0  # degrees of longitude by which the view lies west of the region
    ridges: tuple[PositiveFloat, ...] = Field(
        default=(0.05, 0.15, 0.5, 1.5, 5.0, 15.0, 50.0), min_length=1
    )
    blocks: int = Field(default=8, ge=2)  # of time, left out in turn to choose the penalty
    harmonics: int = Field(default=2, ge=0)  # of the seasonal cycle


class _Answer(NamedTuple):
    """What a region learnt for a lead."""

    ridge: float
    coefficients: FloatArray  # (issue, place of the region)
    left_out: FloatArray  # residuals when their block was not learnt from; same shape


class KernelRegression(AnomalyForecaster):
    """What came after fields like this one, weighed by a Gaussian kernel (a Gaussian process mean).

    Wide kernels make it the linear regression, narrow ones the analog mean; between them it
    bends as far as the data support. Each region has a regression of its own, that sees the
    field fade with the distance from its centre. The penalty of each region and lead is the one
    that errs least on blocks of time left out; the errors on those blocks give the spread.

    Source:
        Rasmussen & Williams, Gaussian Processes for Machine Learning (2006), eq. 2.25; blocks
        left out in closed form as in their eq. 5.12.
    """

    name = "kernel"

    def __init__(self, leads: Sequence[int], settings: KernelSettings | None = None) -> None:
        """Choose the regression.

        Args:
            leads: Steps ahead, all that will be asked for.
            settings: How fields are compared.
        """
        self.settings = settings or KernelSettings()
        super().__init__(leads, history=self.settings.history, harmonics=self.settings.harmonics)

    def _learn(self, anomalies: Anomalies) -> dict[str, float]:
        chosen = self.settings
        self._issues = whole_windows(anomalies.times, self.history, max(self.leads))
        self._learnt = anomalies
        self._regions = regions(
            self._grid.lat,
            self._grid.lon,
            chosen.rows,
            chosen.columns,
            chosen.reach,
            chosen.upstream,
        )
        self._units = [self._unit(region) for region in self._regions]
        self._answers = [
            self._regional(anomalies, region, unit)
            for region, unit in zip(self._regions, self._units, strict=True)
        ]
        ridges = {lead: [answer[lead].ridge for answer in self._answers] for lead in self.leads}
        return {
            f"ridge at lead {lead}, geometric mean": float(np.exp(np.mean(np.log(found))))
            for lead, found in ridges.items()
        }

    def _seen(self, anomalies: Anomalies, issues: IntArray, region: Region) -> FloatArray:
        """The last days and their changes as a region sees them. Shape (issue, day x place)."""
        root = np.sqrt(area_weights(self._grid.lat))[:, None] * region.nearness
        flat = (anomalies.values * root).reshape(len(anomalies.values), -1)
        return recent_days(flat, issues, self.history, self.settings.fading)

    def _unit(self, region: Region) -> float:
        """The mean squared size of what a region sees."""
        seen = self._seen(self._learnt, self._issues, region)
        size = float(np.mean(np.sum(seen**2, axis=1)))
        if size <= 0:
            raise BadInput("training field: does not vary about its seasonal cycle in some region")
        return size

    def _kernel(self, one: FloatArray, other: FloatArray, unit: float) -> FloatArray:
        """Likeness of fields; for a large width it tends to their product plus a constant."""
        square = np.sum(one**2, axis=1)[:, None] + np.sum(other**2, axis=1) - 2 * one @ other.T
        width = self.settings.width
        return width**2 * np.exp(-np.clip(square, 0, None) / (2 * width**2 * unit))

    def _regional(self, anomalies: Anomalies, region: Region, unit: float) -> dict[int, _Answer]:
        """The best regression of a region at each lead."""
        seen = self._seen(anomalies, self._issues, region)
        likeness = self._kernel(seen, seen, unit)
        inside = region.share > 0
        weight = np.broadcast_to(area_weights(self._grid.lat)[:, None], inside.shape)[inside]
        importance = weight * region.share[inside]
        truths = {lead: anomalies.values[self._issues + lead][:, inside] for lead in self.leads}
        best: dict[int, tuple[float, _Answer]] = {}
        for ridge in self.settings.ridges:
            inverse = _inverse(likeness + ridge * np.eye(len(likeness)))
            coefficients = inverse @ np.concatenate(list(truths.values()), axis=1)
            for lead, part in zip(
                self.leads, np.split(coefficients, len(self.leads), axis=1), strict=True
            ):
                left_out = self._left_out(inverse, part, anomalies.times[self._issues], lead)
                error = float(np.mean(left_out**2 @ importance))
                if lead not in best or error < best[lead][0]:
                    best[lead] = (error, _Answer(ridge, part.copy(), left_out))
        return {lead: answer for lead, (_, answer) in best.items()}

    def _left_out(
        self, inverse: FloatArray, coefficients: FloatArray, times: NDArray[Any], lead: int
    ) -> FloatArray:
        """Residuals of regressions that have not learnt from the block of time they are in."""
        residuals = np.empty_like(coefficients)
        block = time_blocks(times, self.settings.blocks)
        for number in range(self.settings.blocks):
            out = np.flatnonzero(~apart_from(times, block, number, lead + self.history - 1))
            missed = np.linalg.solve(inverse[np.ix_(out, out)], coefficients[out])
            inside = block == number
            residuals[inside] = missed[inside[out]]
        return residuals

    def _blended(self, parts: Sequence[FloatArray]) -> FloatArray:
        """Fields from what each region says of its places. Shape (issue, lat, lon)."""
        shape = self._regions[0].share.shape
        field = np.zeros((len(parts[0]), *shape))
        for region, part in zip(self._regions, parts, strict=True):
            inside = region.share > 0
            field[:, inside] += part * region.share[inside]
        return field

    def _ahead(self, anomalies: Anomalies, issues: IntArray, lead: int) -> FloatArray:
        return self._all_ahead(anomalies, issues, [lead])[0]

    def _foretold(
        self, anomalies: Anomalies, issues: IntArray, leads: Sequence[int]
    ) -> tuple[list[FloatArray], list[FloatArray]]:
        deviations = [self._deviation(anomalies, issues, lead) for lead in leads]
        return self._all_ahead(anomalies, issues, leads), deviations

    def _all_ahead(
        self, anomalies: Anomalies, issues: IntArray, leads: Sequence[int]
    ) -> list[FloatArray]:
        """Anomalies to come at each lead, from one likeness of each region."""
        parts: list[list[FloatArray]] = [[] for _ in leads]
        for region, unit, answer in zip(self._regions, self._units, self._answers, strict=True):
            seen = self._seen(anomalies, issues, region)
            known = self._seen(self._learnt, self._issues, region)
            likeness = self._kernel(seen, known, unit)
            for part, lead in zip(parts, leads, strict=True):
                part.append(likeness @ answer[lead].coefficients)
        return [self._blended(part) for part in parts]

    def _residuals(self, anomalies: Anomalies, lead: int) -> tuple[IntArray, FloatArray]:  # noqa: ARG002
        parts = [answer[lead].left_out for answer in self._answers]
        return self._issues + lead, self._blended(parts)


def _inverse(matrix: FloatArray) -> FloatArray:
    """The inverse of a symmetric positive matrix, at a third of the cost of any inverse."""
    factorise, invert = get_lapack_funcs(("potrf", "potri"), (matrix,))
    factor, failed = factorise(matrix, lower=True, clean=True, overwrite_a=True)
    if failed:
        raise BadInput("kernel: the matrix is not positive; choose larger ridges")
    lower, _ = invert(factor, lower=True, overwrite_c=True)
    return lower + np.tril(lower, -1).T
