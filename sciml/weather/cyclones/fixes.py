"""A storm's other fixes: which one is so many hours earlier or later, and what it says.

Fixes may come in any order, with longitudes of any convention. Where a storm has two fixes at one
time, as at some landfalls, the first in the order given stands for that time.
"""

# Not strict: xarray types coordinates as unknown.
# pyright: standard
import numpy as np
import xarray as xr

from sciml.core.axes import FloatArray, IntArray
from sciml.core.errors import BadInput
from sciml.core.nearest import nearest

ABSENT = -1
_MINUTES_PER_HOUR = 60
_NEEDED = ("storm", "time", "lat", "lon")


class StormFixes:
    """Fixes that can be looked up by storm and time."""

    def __init__(self, tracks: xr.Dataset) -> None:
        """Sort the fixes, once.

        Args:
            tracks: Along ``fix``, with the coordinates ``storm``, ``time``, ``lat`` and ``lon``.

        Raises:
            BadInput: if a coordinate is missing, a time is not known, or there is no fix.
        """
        missing = [name for name in _NEEDED if name not in tracks.coords]
        if missing:
            raise BadInput(
                f"tracks: expected the coordinates {', '.join(_NEEDED)} along fix; "
                f"missing: {', '.join(missing)}"
            )
        if tracks.sizes["fix"] == 0:
            raise BadInput("tracks: there is no fix; check the seasons and the storms asked for")
        times = tracks["time"].values.astype("datetime64[m]")
        if np.isnat(times).any():
            raise BadInput("tracks: a fix has no time; leave it out")
        self.tracks = tracks
        _, self.storm = np.unique(tracks["storm"].values, return_inverse=True)
        self.minute = times.astype(np.int64) - times.min().astype(np.int64)
        self._span = int(self.minute.max()) + 1
        keys = self.storm * self._span + self.minute
        # Stable, so that the first of two fixes at one time stays in front.
        self._order = np.argsort(keys, kind="stable")
        self._keys = keys[self._order]

    def at(self, hours: float) -> IntArray:
        """For each fix, the one of the same storm so many hours later.

        Args:
            hours: Negative for earlier ones.

        Returns:
            Positions along ``fix``, ``ABSENT`` where the storm has no fix at that very time.
        """
        wanted = self.minute + round(hours * _MINUTES_PER_HOUR)
        inside = (wanted >= 0) & (wanted < self._span)
        keys = self.storm * self._span + np.clip(wanted, 0, self._span - 1)
        place = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        found = inside & (self._keys[place] == keys)
        return np.where(found, self._order[place], ABSENT)

    def value(self, name: str, hours: float = 0) -> FloatArray:
        """What a variable or coordinate is so many hours later.

        Args:
            name: Of the tracks.
            hours: Negative for earlier.

        Returns:
            Shape (fix,); NaN where the storm has no fix at that very time.

        Raises:
            BadInput: if the tracks have no such variable.
        """
        if name not in self.tracks:
            raise BadInput(f"tracks: no variable '{name}'; {nearest(name, map(str, self.tracks))}")
        values = np.asarray(self.tracks[name].values, np.float64)
        if hours == 0:
            return values
        place = self.at(hours)
        return np.where(place == ABSENT, np.nan, values[np.maximum(place, 0)])

    def age(self) -> FloatArray:
        """Hours since the first fix of the storm, shape (fix,)."""
        first = np.full(self.storm.max() + 1, self._span)
        np.minimum.at(first, self.storm, self.minute)
        return (self.minute - first[self.storm]) / _MINUTES_PER_HOUR

    def number_before(self) -> IntArray:
        """How many fixes the storm has before each, in the order of time, repeats included."""
        number = np.empty(len(self._order), np.int64)
        storms = self.storm[self._order]
        starts = np.flatnonzero(np.diff(storms, prepend=-1))
        lengths = np.diff(np.append(starts, len(storms)))
        number[self._order] = np.arange(len(storms)) - np.repeat(starts, lengths)
        return number

    def highest_so_far(self, name: str) -> FloatArray:
        """The largest value of a variable up to each fix, NaN before the first that is known."""
        values = self.value(name)[self._order]
        storms = self.storm[self._order]
        highest = np.empty_like(values)
        for start, end in _runs(storms):
            highest[start:end] = np.fmax.accumulate(values[start:end])
        unsorted = np.empty_like(highest)
        unsorted[self._order] = highest
        return unsorted


def _runs(labels: IntArray) -> list[tuple[int, int]]:
    """Start and end of each run of equal labels."""
    starts = np.flatnonzero(np.diff(labels, prepend=-1)).tolist()
    return list(zip(starts, [*starts[1:], len(labels)], strict=True))
