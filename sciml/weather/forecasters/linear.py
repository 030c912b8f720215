"""Linear regression of principal components to come on those of the last days."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from pydantic import Field, PositiveFloat, PositiveInt

from sciml.core.axes import FloatArray, IntArray
from sciml.core.settings import Settings
from sciml.weather.forecast import whole_windows
from sciml.weather.forecasters.anomalies import Anomalies, AnomalyForecaster, recent_days
from sciml.weather.forecasters.blocks import apart_from, best_ridge, time_blocks
from sciml.weather.forecasters.components import Components
from sciml.weather.forecasters.seasons import year_phase


class _Regression(NamedTuple):
    """Coefficients of one lead, and the errors of those learnt without each block."""

    weights: FloatArray  # (regressor, component)
    ridge: float
    due: IntArray
    residuals: FloatArray  # (issue, component)


class LinearSettings(Settings):
    """A linear regression on components."""

    components: PositiveInt = 80  # of each day
    history: PositiveInt = 3  # days that it looks at
    fading: PositiveFloat = 0.5  # weight of a change over that of the change after it
    # How freely coefficients vary over the year: the prior deviation of their annual wave over
    # that of their mean; 0 keeps them the same all year.
    seasonal: float = Field(default=0.0, ge=0)
    # Penalties to choose from, over the summed variance of the regressors.
    ridges: tuple[PositiveFloat, ...] = Field(
        default=(1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2), min_length=1
    )
    blocks: int = Field(default=8, ge=2)  # of time, left out in turn to choose the penalty
    harmonics: int = Field(default=2, ge=0)  # of the seasonal cycle


class ComponentRegression:
    """Regression of the components of a day to come on those of the last days.

    The penalty of each lead is the one that errs least on blocks of time left out.
    """

    def __init__(self, leads: Sequence[int], settings: LinearSettings) -> None:
        """Choose leads and settings."""
        self.leads, self.settings = tuple(leads), settings

    def fit(self, anomalies: Anomalies) -> "ComponentRegression":
        """Find components and coefficients.

        Args:
            anomalies: Of the training field; may have gaps.

        Returns:
            Itself.
        """
        self.basis = Components(self.settings.components).fit(anomalies.values, anomalies.lat)
        self._regressions = {lead: self._regression(anomalies, lead) for lead in self.leads}
        return self

    def arrays(self) -> dict[str, FloatArray]:
        """What was learnt, to be stored: components and the coefficients of each lead.

        Errors on blocks left out belong to the training and are not among them.
        """
        found = {f"basis {name}": values for name, values in self.basis.arrays().items()}
        for lead, one in self._regressions.items():
            found |= {f"weights {lead}": one.weights, f"ridge {lead}": np.array([one.ridge])}
        return found

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, FloatArray], leads: Sequence[int], settings: LinearSettings
    ) -> "ComponentRegression":
        """The regression that :meth:`arrays` came from; it forecasts but has no errors left out."""
        made = cls(leads, settings)
        made.basis = Components.from_arrays(
            {name: arrays[f"basis {name}"] for name in ("projection", "patterns", "deviations")}
        )
        made._regressions = {
            lead: _Regression(
                np.asarray(arrays[f"weights {lead}"], np.float64),
                float(arrays[f"ridge {lead}"][0]),
                np.zeros(0, np.int64),
                np.zeros((0, made.basis.deviations.size)),
            )
            for lead in made.leads
        }
        return made

    @property
    def ridges(self) -> dict[int, float]:
        """The penalty of each lead."""
        return {lead: found.ridge for lead, found in self._regressions.items()}

    def ahead(self, anomalies: Anomalies, issues: IntArray, lead: int) -> FloatArray:
        """Anomalies to come.

        Args:
            anomalies: To forecast from.
            issues: Positions of the times of issue.
            lead: Steps ahead.

        Returns:
            Shape (issue, lat, lon).
        """
        return self.basis.fields(
            self._regressors(anomalies, issues) @ self._regressions[lead].weights
        )

    def left_out(self, anomalies: Anomalies, lead: int) -> tuple[IntArray, FloatArray]:
        """Errors on blocks of the training field that were left out.

        Args:
            anomalies: Those of the training.
            lead: Steps ahead.

        Returns:
            Positions of the truths, and truths less forecasts, shape (issue, lat, lon).
        """
        found = self._regressions[lead]
        truth = anomalies.values[found.due]
        known = self.basis.amplitudes(truth) - found.residuals
        return found.due, truth - self.basis.fields(known)

    def _regressors(self, anomalies: Anomalies, issues: IntArray) -> FloatArray:
        """Components of the last days, their changes, and products with the annual wave."""
        history, freedom = self.settings.history, self.settings.seasonal
        amplitudes = self.basis.amplitudes(anomalies.values)
        days = recent_days(amplitudes, issues, history, self.settings.fading)
        if not freedom:
            return days
        phase = year_phase(anomalies.times[issues])[:, None]
        waves = [freedom * np.cos(phase) * days, freedom * np.sin(phase) * days]
        return np.concatenate([days, *waves], axis=1)

    def _regression(self, anomalies: Anomalies, lead: int) -> _Regression:
        """The regression of a lead, with the penalty that blocks left out prefer."""
        settings = self.settings
        issues = whole_windows(anomalies.times, settings.history, lead)
        x = self._regressors(anomalies, issues)
        y = self.basis.amplitudes(anomalies.values[issues + lead])
        unit = float(np.sum(x**2))
        left_out = {ridge: np.empty_like(y) for ridge in settings.ridges}
        times = anomalies.times[issues]
        block = time_blocks(times, settings.blocks)
        for number in range(settings.blocks):
            inside = block == number
            apart = apart_from(times, block, number, lead + settings.history - 1)
            gram, cross = x[apart].T @ x[apart], x[apart].T @ y[apart]
            share = unit * apart.mean()
            for ridge, errors in left_out.items():
                errors[inside] = y[inside] - x[inside] @ _solved(gram, cross, ridge * share)
        chosen = best_ridge({ridge: errors**2 for ridge, errors in left_out.items()})
        weights = _solved(x.T @ x, x.T @ y, chosen * unit)
        return _Regression(weights, chosen, issues + lead, left_out[chosen])


class LinearComponents(AnomalyForecaster):
    """Ridge regression at each lead (direct), on the components of several days.

    The errors on blocks of time that were left out give the spread.

    Source:
        Linear inverse models and their direct forms: Penland & Magorian, J. Clim. 6 (1993);
        ridge: Hoerl & Kennard, Technometrics 12 (1970).
    """

    name = "linear"

    def __init__(self, leads: Sequence[int], settings: LinearSettings | None = None) -> None:
        """Choose the regression.

        Args:
            leads: Steps ahead, all that will be asked for.
            settings: Of the regression.
        """
        self.settings = settings or LinearSettings()
        super().__init__(leads, history=self.settings.history, harmonics=self.settings.harmonics)

    def _learn(self, anomalies: Anomalies) -> dict[str, float]:
        self._regression = ComponentRegression(self.leads, self.settings).fit(anomalies)
        return {f"ridge at lead {lead}": ridge for lead, ridge in self._regression.ridges.items()}

    def _ahead(self, anomalies: Anomalies, issues: IntArray, lead: int) -> FloatArray:
        return self._regression.ahead(anomalies, issues, lead)

    def _residuals(self, anomalies: Anomalies, lead: int) -> tuple[IntArray, FloatArray]:
        return self._regression.left_out(anomalies, lead)


def _solved(gram: FloatArray, cross: FloatArray, ridge: float) -> FloatArray:
    """Coefficients of the penalised normal equations."""
    return np.linalg.solve(gram + ridge * np.eye(len(gram)), cross)
