"""Linear regression of principal components to come on those of the last days."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sciml.core.axes import FloatArray, IntArray
from sciml.core.errors import BadInput
from sciml.weather.forecast import whole_windows
from sciml.weather.forecasters.anomalies import Anomalies, AnomalyForecaster
from sciml.weather.forecasters.blocks import apart_from, best_ridge, time_blocks
from sciml.weather.forecasters.components import Components
from sciml.weather.forecasters.seasons import year_phase

RIDGES = (1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2)


class _Regression(NamedTuple):
    """Coefficients of one lead, and the errors of those learnt without each block."""

    weights: FloatArray  # (regressor, component)
    ridge: float
    due: IntArray
    residuals: FloatArray  # (issue, component)


class LinearComponents(AnomalyForecaster):
    """Ridge regression at each lead (direct), on the components of several days.

    The penalty of each lead is the one that errs least on blocks of time left out; the errors on
    those blocks give the spread.

    Source:
        Linear inverse models and their direct forms: Penland & Magorian, J. Clim. 6 (1993);
        ridge: Hoerl & Kennard, Technometrics 12 (1970).
    """

    name = "linear"

    def __init__(
        self,
        leads: Sequence[int],
        *,
        components: int = 80,
        history: int = 3,
        seasonal: float = 0.0,
        ridges: Sequence[float] = RIDGES,
        blocks: int = 8,
        harmonics: int = 2,
    ) -> None:
        """Choose the regression.

        Args:
            leads: Steps ahead, all that will be asked for.
            components: Principal components of each day.
            history: Days that it looks at.
            seasonal: How freely coefficients vary over the year: the prior deviation of their
                annual wave over that of their mean; 0 keeps them the same all year.
            ridges: Penalties to choose from, over the summed variance of the regressors.
            blocks: Of time, each left out in turn to choose.
            harmonics: Of the seasonal cycle.
        """
        super().__init__(leads, history=history, harmonics=harmonics)
        if not ridges or min(ridges) <= 0:
            raise BadInput(f"ridges: expected positive numbers, got {list(ridges)}")
        self._components, self._seasonal = components, seasonal
        self._ridges, self._blocks = tuple(ridges), blocks

    def _learn(self, anomalies: Anomalies) -> dict[str, float]:
        self._basis = Components(self._components).fit(anomalies.values, anomalies.lat)
        self._regressions = {lead: self._regression(anomalies, lead) for lead in self.leads}
        return {f"ridge at lead {lead}": found.ridge for lead, found in self._regressions.items()}

    def _regressors(self, anomalies: Anomalies, issues: IntArray) -> FloatArray:
        """Components of the last days, and their products with the annual wave."""
        amplitudes = self._basis.amplitudes(anomalies.values)
        days = np.concatenate([amplitudes[issues - day] for day in range(self.history)], axis=1)
        if not self._seasonal:
            return days
        phase = year_phase(anomalies.times[issues])[:, None]
        waves = [self._seasonal * np.cos(phase) * days, self._seasonal * np.sin(phase) * days]
        return np.concatenate([days, *waves], axis=1)

    def _regression(self, anomalies: Anomalies, lead: int) -> _Regression:
        """The regression of a lead, with the penalty that blocks left out prefer."""
        issues = whole_windows(anomalies.times, self.history, lead)
        x = self._regressors(anomalies, issues)
        y = self._basis.amplitudes(anomalies.values[issues + lead])
        unit = float(np.mean(x**2)) * x.shape[1] * len(x)
        left_out = {ridge: np.empty_like(y) for ridge in self._ridges}
        times = anomalies.times[issues]
        block = time_blocks(times, self._blocks)
        for number in range(self._blocks):
            inside = block == number
            apart = apart_from(times, block, number, lead + self.history - 1)
            gram, cross = x[apart].T @ x[apart], x[apart].T @ y[apart]
            share = unit * apart.mean()
            for ridge, errors in left_out.items():
                errors[inside] = y[inside] - x[inside] @ _solved(gram, cross, ridge * share)
        chosen = best_ridge({ridge: errors**2 for ridge, errors in left_out.items()})
        weights = _solved(x.T @ x, x.T @ y, chosen * unit)
        return _Regression(weights, chosen, issues + lead, left_out[chosen])

    def _ahead(self, anomalies: Anomalies, issues: IntArray, lead: int) -> FloatArray:
        answer = self._regressors(anomalies, issues) @ self._regressions[lead].weights
        return self._basis.fields(answer)

    def _residuals(self, anomalies: Anomalies, lead: int) -> tuple[IntArray, FloatArray]:
        found = self._regressions[lead]
        truth = anomalies.values[found.due]
        known = self._basis.amplitudes(truth) - found.residuals
        return found.due, truth - self._basis.fields(known)


def _solved(gram: FloatArray, cross: FloatArray, ridge: float) -> FloatArray:
    """Coefficients of the penalised normal equations."""
    return np.linalg.solve(gram + ridge * np.eye(len(gram)), cross)
