"""What the fusion network sees of a case: members, neighbours and features, scaled.

Scales are measured on the cases that are learnt from: memories of errors vary more, the longer a
record has become.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sciml.core.axes import FloatArray, IntArray
from sciml.core.errors import BadInput
from sciml.weather.post_processing.table import StationTable

_MOST = 5.0  # deviations; features further out are drawn in
UNKNOWN = 0  # row of the embedding for stations that were not learnt from
MEMBER_FEATURES = 2  # numbers that say what a member forecasts; its kind comes on top


class Scales(NamedTuple):
    """What inputs are measured in."""

    centre: FloatArray  # of the features. Shape (feature,)
    spread: FloatArray  # of the features. Shape (feature,)
    unit: float  # typical error of the ensemble mean, or the mean amount

    @classmethod
    def of(cls, past: StationTable) -> "Scales":
        """Measured on cases whose observations are known."""
        features = raw_features(past)
        error = past.observation - past.mean
        unit = past.observation.mean() if past.nonnegative else np.sqrt(np.mean(error**2))
        return cls(features.mean(axis=0), features.std(axis=0) + 1e-6, float(unit) + 1e-6)


class Inputs(NamedTuple):
    """Arrays of cases, in the precision of the network."""

    members: NDArray[np.float32]  # (case, member, feature)
    there: NDArray[np.float32]  # 1 where the member is there. Shape (case, member)
    neighbours: NDArray[np.float32]  # (case, neighbour, feature)
    heard: NDArray[np.float32]  # 1 where the neighbour has been heard of. Shape (case, neighbour)
    features: NDArray[np.float32]  # (case, feature)
    station: IntArray  # row of the embedding. Shape (case,)

    def take(self, where: IntArray) -> "Inputs":
        """Some of the cases."""
        return Inputs(**{name: array[where] for name, array in self._asdict().items()})


def raw_features(cases: StationTable) -> FloatArray:
    """Features of the table; amounts by their roots, which are less skewed. (case, feature)."""
    if not cases.nonnegative:
        return cases.features
    amounts = [n for n, name in enumerate(cases.names) if name == "mean"]
    found = cases.features.copy()
    found[:, amounts] = np.sqrt(np.maximum(found[:, amounts], 0.0))
    return found


def network_inputs(cases: StationTable, scales: Scales, stations: int) -> Inputs:
    """Everything that the network sees.

    Args:
        cases: Their observations are not looked at.
        scales: Of the cases that were learnt from.
        stations: How many stations the network has learnt of; others are unknown to it.

    Returns:
        Scaled arrays.

    Raises:
        BadInput: if a case has no member.
    """
    there = ~np.isnan(cases.forecast)
    if not there.any(axis=1).all():
        case = int(np.argmin(there.any(axis=1)))
        raise BadInput(
            f"fusion: the case of {cases.time[case]} has no member; expected at least one "
            "forecast in each case: leave those without out"
        )
    scaled = (raw_features(cases) - scales.centre) / scales.spread
    known = (cases.station < stations) & (cases.station >= 0)
    return Inputs(
        _member_features(cases, scales).astype(np.float32),
        there.astype(np.float32),
        _neighbour_features(cases, scales),
        (cases.around[:, :, _WEIGHT] > 0).astype(np.float32),
        np.clip(scaled, -_MOST, _MOST).astype(np.float32),
        np.where(known, cases.station + 1, UNKNOWN).astype(np.int64),
    )


_WEIGHT = 2  # column of a neighbour that says how much is known of it


def _member_features(cases: StationTable, scales: Scales) -> FloatArray:
    """What each member says: its difference from the mean, and its size. (case, member, 2)."""
    mean = cases.mean[:, None]
    filled = np.where(np.isnan(cases.forecast), mean, cases.forecast)
    if cases.nonnegative:
        roots = np.sqrt(np.maximum(filled, 0.0) / scales.unit)
        return np.stack([roots - np.sqrt(np.maximum(mean, 0) / scales.unit), roots / 2], axis=2)
    apart = (filled - mean) / scales.unit
    return np.stack([apart, np.abs(apart)], axis=2)


def _neighbour_features(cases: StationTable, scales: Scales) -> NDArray[np.float32]:
    """Errors in units, the rest of order 1 as it is. Shape (case, neighbour, feature)."""
    found = cases.around.astype(np.float32)
    found[:, :, :_WEIGHT] = np.clip(found[:, :, :_WEIGHT] / scales.unit, -_MOST, _MOST)
    return found
