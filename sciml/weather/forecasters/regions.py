"""Overlapping regions of a grid: each forecast from what lies near it, then blended."""

from typing import NamedTuple

import numpy as np

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.weather.sphere import great_circle_distance


class Region(NamedTuple):
    """Where a regression forecasts, and what it looks at."""

    share: FloatArray  # of this region in the blended forecast at each place; (lat, lon)
    nearness: FloatArray  # how much it looks at each place, 1 at its centre; (lat, lon)


def regions(
    lat: FloatArray,
    lon: FloatArray,
    rows: int,
    columns: int,
    reach: float,
    upstream: float = 0.0,
) -> list[Region]:
    """Cover a grid with overlapping regions.

    Args:
        lat: Latitudes, degrees, ascending. Shape (lat,).
        lon: Longitudes, degrees, ascending. Shape (lon,).
        rows: Regions from south to north.
        columns: Regions from west to east.
        reach: Distance from the centre at which nearness has fallen to exp(-1/2), km; infinite:
            every region looks at the whole grid.
        upstream: How far west of a region's centre its view is centred, degrees of longitude.

    Returns:
        The regions; their shares are 1 together at every place.

    Raises:
        BadInput: if there are more regions than places along an axis, or none.
    """
    for name, count, axis in (("rows", rows, lat), ("columns", columns, lon)):
        if not 1 <= count <= len(axis):
            raise BadInput(f"regions: expected 1 to {len(axis)} {name}, got {count}")
    if not reach > 0:
        raise BadInput(f"regions: the reach must be positive, got {reach} km")
    south, west = _centres(lat, rows), _centres(lon, columns)

    def distance(lat0: float, lon0: float) -> FloatArray:
        return great_circle_distance(lat[:, None], lon[None], lat0, lon0)

    return [
        Region(
            np.outer(_hats(south, lat)[row], _hats(west, lon)[column]),
            np.exp(-0.5 * (distance(south[row], west[column] - upstream) / reach) ** 2),
        )
        for row in range(rows)
        for column in range(columns)
    ]


def _centres(axis: FloatArray, count: int) -> FloatArray:
    """The middles of equal parts of an axis."""
    return axis[0] + (np.arange(count) + 0.5) / count * (axis[-1] - axis[0])


def _hats(centres: FloatArray, axis: FloatArray) -> FloatArray:
    """Shares that fall linearly from each centre to its neighbours. Shape (centre, place)."""
    unit = np.eye(len(centres))
    return np.stack([np.interp(axis, centres, row) for row in unit])
