"""What the weights of a mixture may depend on: season, place, and the state of the field."""

from typing import NamedTuple

import numpy as np
import xarray as xr
from pydantic import Field

from sciml.core.axes import FloatArray, IntArray
from sciml.core.settings import Settings
from sciml.weather.forecasters.components import Components
from sciml.weather.forecasters.seasons import SeasonalCycle, year_phase


class SituationSettings(Settings):
    """Which features a gate sees."""

    season: bool = True  # the annual wave
    place: bool = True  # a parabola in latitude and longitude
    local: bool = True  # the anomaly at the place, and its size
    components: int = Field(default=3, ge=0)  # leading components of the whole field
    harmonics: int = Field(default=2, ge=0)  # of the seasonal cycle


class _State(NamedTuple):
    """A field as a gate sees it."""

    season: FloatArray  # (time, wave)
    anomalies: FloatArray  # over the deviation at the place; (time, place)
    amplitudes: FloatArray  # over their deviation; (time, component)


class Situations:
    """Numbers of order 1 that describe a forecast's time, place and state."""

    def __init__(self, settings: SituationSettings) -> None:
        """Choose the features."""
        self.settings = settings

    def fit(self, train: xr.DataArray) -> "Situations":
        """Learn what is usual.

        Args:
            train: A checked field, may have gaps.

        Returns:
            Itself.
        """
        settings, lat = self.settings, train["lat"].values
        self._cycle = SeasonalCycle(settings.harmonics).fit(train)
        anomalies = train.values - self._cycle.at(train["time"].values)
        deviation = anomalies.std(axis=0)
        self._deviation = np.where(deviation > 0, deviation, 1.0)
        self._basis = Components(max(settings.components, 1)).fit(anomalies, lat)
        self._places = _parabola(lat, train["lon"].values)  # (place, feature)
        return self

    @property
    def names(self) -> list[str]:
        """What the features mean, in order."""
        settings = self.settings
        return [
            "constant",
            *(["cosine of the year", "sine of the year"] if settings.season else []),
            *(["y", "x", "y²", "x²", "xy"] if settings.place else []),
            *(["anomaly", "size of anomaly"] if settings.local else []),
            *(f"component {k + 1}" for k in range(self._kept)),
        ]

    @property
    def _kept(self) -> int:
        """Components that there are."""
        return min(self.settings.components, len(self._basis.deviations))

    def state(self, field: xr.DataArray) -> _State:
        """What is to be known of a field.

        Args:
            field: Checked, shape (time, lat, lon).

        Returns:
            To be given to :meth:`at`.
        """
        times = field["time"].values
        anomalies = field.values - self._cycle.at(times)
        phase = year_phase(times)
        return _State(
            np.stack([np.cos(phase), np.sin(phase)], axis=1),
            (anomalies / self._deviation).reshape(len(times), -1),
            (self._basis.amplitudes(anomalies) / self._basis.deviations)[:, : self._kept],
        )

    def at(self, state: _State, time: IntArray, place: IntArray) -> FloatArray:
        """The features of some cases.

        Args:
            state: Of the field.
            time: Position of each case's time of issue.
            place: Position of each case in the flat grid.

        Returns:
            Shape (case, feature); the first is 1.
        """
        settings = self.settings
        parts = [np.ones((len(time), 1))]
        if settings.season:
            parts.append(state.season[time])
        if settings.place:
            parts.append(self._places[place])
        if settings.local:
            here = state.anomalies[time, place][:, None]
            parts += [here, np.abs(here) - np.sqrt(2 / np.pi)]  # the mean size of a normal one
        parts.append(state.amplitudes[time])
        return np.concatenate(parts, axis=1)


def _parabola(lat: FloatArray, lon: FloatArray) -> FloatArray:
    """Polynomials of the place that are uncorrelated with a constant. Shape (place, 5)."""
    y, x = np.meshgrid(np.linspace(-1, 1, len(lat)), np.linspace(-1, 1, len(lon)), indexing="ij")
    columns = np.stack([y, x, y**2, x**2, x * y], axis=-1).reshape(-1, 5)
    return columns - columns.mean(axis=0)
