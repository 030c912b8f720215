"""What a station sees at this time of the year and the day, whatever the members say."""

import numpy as np

from sciml.core.axes import BoolArray, FloatArray, IntArray
from sciml.weather.post_processing.table import StationTable
from sciml.weather.values import levels

WINDOW = 45.0  # days of the year to either side
ENOUGH = 20  # values; with fewer, all stations' differences from their means are taken
_YEAR, _BLOCK = 365.25, 5.0  # days; seasons are told apart by so many


class Climatology:
    """Past observations of the station at the hour, in the season; of all where it has too few."""

    name = "climatology"

    def fit(self, past: StationTable) -> None:
        """Keep the observations by station, hour and day of the year."""
        self._station, self._season = past.series, _day_of_year(past)
        self._values = past.observation
        count = int(past.series.max()) + 1
        total = np.bincount(past.series, past.observation, count)
        seen = np.bincount(past.series, minlength=count)
        overall = float(past.observation.mean())
        self._usual = (total + overall) / (seen + 1.0)  # drawn to the mean of all
        self._overall = overall

    def predict(self, cases: StationTable) -> FloatArray:
        """Quantiles of what was seen."""
        found = np.empty((len(cases.day), len(levels())))
        block = np.floor(_day_of_year(cases) / _BLOCK)
        for one in np.unique(block):
            gap = np.abs(self._season - _BLOCK * (one + 0.5))
            near = np.minimum(gap, _YEAR - gap) <= WINDOW
            stations, which = np.unique(cases.series[block == one], return_inverse=True)
            found[block == one] = self._quantiles(stations, near)[which]
        return np.maximum(found, 0.0) if cases.nonnegative else found

    def _quantiles(self, stations: IntArray, near: BoolArray) -> FloatArray:
        """Of some stations, from what was seen in the season."""
        near = near if near.any() else np.ones_like(near)
        values, home = self._values[near], self._station[near]
        common = np.quantile(values - self._usual[home], levels(), method="hazen")
        order = np.argsort(home, kind="stable")
        values, home = values[order], home[order]
        found = np.empty((len(stations), len(common)))
        for number, station in enumerate(stations):
            own = values[slice(*np.searchsorted(home, [station, station + 1]))]
            if len(own) >= ENOUGH:
                found[number] = np.quantile(own, levels(), method="hazen")
            else:
                known = station < len(self._usual)
                found[number] = common + (self._usual[station] if known else self._overall)
        return found


def _day_of_year(cases: StationTable) -> FloatArray:
    """Days since the beginning of the year."""
    return (cases.time - cases.time.astype("datetime64[Y]")) / np.timedelta64(1, "D")
