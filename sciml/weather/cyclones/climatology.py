"""Where earlier storms went from about here at about this time of year."""

# Not strict: xarray types what it holds as unknown.
# pyright: standard
from collections.abc import Sequence

import numpy as np
import xarray as xr
from pydantic import PositiveFloat

from sciml.core.axes import FloatArray
from sciml.core.settings import Settings
from sciml.weather.cyclones.track import observed_displacement
from sciml.weather.sphere import great_circle_distance

_AT_ONCE = 250  # cases; bounds the memory of a comparison with all earlier ones
_DAYS_PER_YEAR = 365.25
_PRIOR = 0.1  # earlier cases' worth of the overall mean, so that nothing is divided by zero


class ClimatologySettings(Settings):
    """How near in place and season an earlier storm has to be."""

    distance: PositiveFloat = 300.0  # km, standard deviation of the weight
    days: PositiveFloat = 30.0  # standard deviation of the weight


class Climatology:
    """The mean way of earlier storms, weighted by nearness in place and season.

    This is what a forecaster knows who has not seen where the storm came from. Where no storm was
    near, it says what storms did on the whole.

    Source:
        Nadaraya (1964) and Watson (1964): regression by kernel-weighted means.
    """

    def __init__(self, settings: ClimatologySettings | None = None) -> None:
        """Keep the settings."""
        self._settings = settings or ClimatologySettings()
        self._leads: tuple[int, ...] = ()
        self._places: FloatArray = np.empty((0, 3))
        self._ways: FloatArray = np.empty((0, 0, 2))

    def fit(self, cases: xr.Dataset, leads: Sequence[int], _seed: int, /) -> None:
        """See :class:`sciml.weather.cyclones.expert.Expert`."""
        self._leads = tuple(leads)
        self._places = _places(cases)
        self._ways = observed_displacement(cases, leads)

    def predict(self, cases: xr.Dataset, /) -> FloatArray:
        """See :class:`sciml.weather.cyclones.expert.Expert`."""
        known = np.isfinite(self._ways[..., 0])  # (earlier case, lead)
        ways = np.nan_to_num(self._ways)
        flat = ways.reshape(len(ways), -1)
        overall = ways.sum(axis=0) / np.maximum(known.sum(axis=0), 1)[:, None]
        places = _places(cases)
        mean = np.empty((len(places), len(self._leads), 2))
        for first in range(0, len(places), _AT_ONCE):
            part = slice(first, first + _AT_ONCE)
            weight = self._weights(places[part])  # (case, earlier case)
            total = (weight @ known)[..., None]
            way = (weight @ flat).reshape(-1, len(self._leads), 2)
            mean[part] = (way + _PRIOR * overall) / (total + _PRIOR)
        return mean

    def _weights(self, places: FloatArray) -> FloatArray:
        """How much each earlier case counts for each place, shape (case, earlier case)."""
        lat, lon, day = (column[:, None] for column in places.T)
        distance = great_circle_distance(lat, lon, self._places[:, 0], self._places[:, 1])
        apart = np.abs(day - self._places[:, 2])
        days = np.minimum(apart, _DAYS_PER_YEAR - apart)
        scaled = (distance / self._settings.distance) ** 2 + (days / self._settings.days) ** 2
        return np.exp(-scaled / 2)


def _places(cases: xr.Dataset) -> FloatArray:
    """Latitude, longitude and day of the year, shape (case, 3)."""
    day = cases["time"].dt.dayofyear.values
    return np.stack([cases["lat"].values, cases["lon"].values, day], axis=1).astype(np.float64)
