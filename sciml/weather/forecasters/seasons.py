"""The seasonal cycle of a field, and of the size of errors: harmonics of the year."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sciml.core.axes import FloatArray, IntArray
from sciml.core.errors import BadInput

_YEAR = 365.2425  # days
_SHORTEST = 330  # days of record that tell a cycle from weather: a year less two embargoes
_SMALLEST_SHARE = 0.25  # of the mean variance, under which no season's variance may fall


def year_phase(times: NDArray[Any]) -> FloatArray:
    """Where in the year each time lies, as an angle.

    Args:
        times: ``datetime64``, shape (time,).

    Returns:
        0 at the start of January, 2π at the end of December. Shape (time,).
    """
    start = times.astype("datetime64[Y]").astype(times.dtype)
    days = (times - start) / np.timedelta64(1, "D")
    return 2 * np.pi * days / _YEAR


def year_harmonics(times: NDArray[Any], harmonics: int) -> FloatArray:
    """One, and cosines and sines of the year's phase.

    Args:
        times: ``datetime64``, shape (time,).
        harmonics: How many waves fit in the year at most.

    Returns:
        Regressors, shape (time, 1 + 2 harmonics).
    """
    phase = year_phase(times)
    waves = [wave(n * phase) for n in range(1, harmonics + 1) for wave in (np.cos, np.sin)]
    return np.stack([np.ones(len(times)), *waves], axis=1)


def time_of_day(times: NDArray[Any]) -> IntArray:
    """Minutes since midnight.

    Args:
        times: ``datetime64``, shape (time,).

    Returns:
        Minutes, shape (time,).
    """
    minutes = times.astype("datetime64[m]").astype(np.int64)
    return minutes % (24 * 60)


class SeasonalCycle:
    """The mean field of each day of the year, for each time of day by itself."""

    def __init__(self, harmonics: int = 2) -> None:
        """Choose how fine the cycle is.

        Args:
            harmonics: Waves in the year at most; 0: the mean alone, for records under a year.
        """
        self.harmonics = harmonics

    def fit(self, train: xr.DataArray) -> "SeasonalCycle":
        """Regress the field on the harmonics, by least squares.

        Args:
            train: Checked field.

        Returns:
            Itself.

        Raises:
            BadInput: if the record is too short for a seasonal cycle.
        """
        times = train["time"].values
        days = (times[-1] - times[0]) / np.timedelta64(1, "D")
        if self.harmonics and days < _SHORTEST:
            raise BadInput(
                f"training field: spans {days:.0f} days, a seasonal cycle needs {_SHORTEST}; "
                "give a longer record or set harmonics to 0"
            )
        flat = train.values.reshape(len(times), -1)
        clock = time_of_day(times)
        self._shape = train.shape[1:]
        self._coefficients: dict[int, FloatArray] = {}
        for minute in np.unique(clock).tolist():
            rows = clock == minute
            regressors = year_harmonics(times[rows], self.harmonics)
            self._coefficients[minute] = np.linalg.lstsq(regressors, flat[rows], rcond=None)[0]
        return self

    def arrays(self) -> dict[str, FloatArray]:
        """What was fitted, to be stored.

        Returns:
            Coefficients (regressor, lat, lon) by minute of the day.
        """
        return {
            f"minute {minute}": found.reshape(-1, *self._shape)
            for minute, found in self._coefficients.items()
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, FloatArray]) -> "SeasonalCycle":
        """The cycle that :meth:`arrays` came from."""
        first = next(iter(arrays.values()))
        cycle = cls((len(first) - 1) // 2)
        cycle._shape = first.shape[1:]
        cycle._coefficients = {
            int(name.split()[1]): np.asarray(found, np.float64).reshape(len(found), -1)
            for name, found in arrays.items()
        }
        return cycle

    def at(self, times: NDArray[Any]) -> FloatArray:
        """The mean field at each time.

        Args:
            times: ``datetime64`` at times of day that were fitted, shape (time,).

        Returns:
            Mean field, shape (time, lat, lon).

        Raises:
            BadInput: if a time of day was not fitted.
        """
        clock = time_of_day(times)
        unknown = sorted(set(clock.tolist()) - set(self._coefficients))
        if unknown:
            known = [f"{minute // 60:02d}:{minute % 60:02d}" for minute in self._coefficients]
            raise BadInput(
                f"times: {unknown[0] // 60:02d}:{unknown[0] % 60:02d} is not among the times of "
                f"day of the training field ({', '.join(known)})"
            )
        regressors = year_harmonics(times, self.harmonics)
        answer = np.empty((len(times), *self._shape))
        for minute, coefficients in self._coefficients.items():
            rows = clock == minute
            answer[rows] = (regressors[rows] @ coefficients).reshape(-1, *self._shape)
        return answer


class SeasonalSpread:
    """How far forecasts err at each place and season, as a standard deviation."""

    def fit(self, times: NDArray[Any], residuals: FloatArray) -> "SeasonalSpread":
        """Regress squared residuals on one wave in the year.

        Args:
            times: When each residual was seen, shape (time,).
            residuals: Truth less forecast, of forecasts that had not learnt from that truth.
                Shape (time, lat, lon).

        Returns:
            Itself.
        """
        squared = residuals.reshape(len(times), -1) ** 2
        days = (times[-1] - times[0]) / np.timedelta64(1, "D")
        self._harmonics = 1 if days >= _SHORTEST else 0
        regressors = year_harmonics(times, self._harmonics)
        self._coefficients = np.linalg.lstsq(regressors, squared, rcond=None)[0]
        self._floor = _SMALLEST_SHARE * squared.mean(axis=0)
        self._shape = residuals.shape[1:]
        return self

    def arrays(self) -> dict[str, FloatArray]:
        """What was fitted, to be stored.

        Returns:
            Coefficients of the variance (regressor, lat, lon) and its least values (lat, lon).
        """
        return {
            "coefficients": self._coefficients.reshape(-1, *self._shape),
            "least": self._floor.reshape(self._shape),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, FloatArray]) -> "SeasonalSpread":
        """The spread that :meth:`arrays` came from."""
        spread = cls()
        coefficients = np.asarray(arrays["coefficients"], np.float64)
        spread._harmonics = (len(coefficients) - 1) // 2
        spread._shape = coefficients.shape[1:]
        spread._coefficients = coefficients.reshape(len(coefficients), -1)
        spread._floor = np.asarray(arrays["least"], np.float64).ravel()
        return spread

    def at(self, times: NDArray[Any]) -> FloatArray:
        """The standard deviation of errors at each time.

        Args:
            times: When the forecasts are due, shape (time,).

        Returns:
            In the units of the residuals. Shape (time, lat, lon).
        """
        variance = year_harmonics(times, self._harmonics) @ self._coefficients
        return np.sqrt(np.maximum(variance, self._floor)).reshape(len(times), *self._shape)
