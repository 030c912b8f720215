"""From a grid to stations: bilinear interpolation as a sparse matrix, and a step to the ground.

The matrix H gives what stations would report of a field, Hx; its transpose spreads what is known
at stations over the grid, which is what fusion and assimilation need.
"""

from typing import Literal

import numpy as np
import xarray as xr
from scipy import sparse

from sciml.core.axes import Array, BoolArray, FloatArray, IntArray, axes
from sciml.core.errors import BadInput

# K/m, mean fall of the temperature with height in the troposphere (ISO 2533, standard atmosphere).
LAPSE_RATE = 0.0065

_CLOSED = 1e-6  # of a spacing: how far a ring of longitudes may be from 360 degrees
_SAME = 1e-9  # degrees; as far outside, a station still counts as on the edge

Outside = Literal["refuse", "mask"]


class ObservationOperator:
    """Bilinear interpolation from a grid of latitudes and longitudes to stations."""

    def __init__(
        self,
        lat: FloatArray,
        lon: FloatArray,
        station_lat: FloatArray,
        station_lon: FloatArray,
        *,
        outside: Outside = "refuse",
    ) -> None:
        """Prepare the weights.

        Args:
            lat: Latitudes of the grid, degrees north, ascending or descending. Shape (lat,).
            lon: Longitudes of the grid, degrees east, ascending. Shape (lon,). If one more would
                come back to the first, the grid is periodic.
            station_lat: Shape (station,).
            station_lon: Any turn of the circle: -10 and 350 are the same. Shape (station,).
            outside: Stations off the grid are refused, or their reports masked with NaN.

        Raises:
            BadInput: if the grid is not one, or a station is off it and refused.
        """
        stations = axes(station_lat, "station", "station_lat")["station"]
        axes(station_lon, "station", "station_lon", station=stations)
        self.grid = {"lat": lat, "lon": lon}
        self._stations, self._cells = stations, len(lat) * len(lon)
        rows, row_weights, row_inside = _brackets(*_ascending(lat), station_lat)
        columns, column_weights, column_inside = _brackets(*_around(lon, station_lon))
        columns %= len(lon)
        self.inside: BoolArray = row_inside & column_inside
        if outside == "refuse" and not self.inside.all():
            first = int(np.argmin(self.inside))
            raise BadInput(
                f"station {first} at {station_lat[first]:g} N, {station_lon[first]:g} E is off the "
                f"grid, which spans {np.min(lat):g} to {np.max(lat):g} N and {lon[0]:g} to "
                f"{lon[-1]:g} E; leave it out, or ask for outside='mask'"
            )
        cells = rows[:, :, None] * len(lon) + columns[:, None, :]  # (station, 2, 2)
        weights = row_weights[:, :, None] * column_weights[:, None, :]
        weights[~self.inside] = 0.0
        station = np.repeat(np.arange(stations), 4)
        entries = (weights.ravel(), (station, cells.ravel()))
        matrix = sparse.csr_array(entries, shape=(stations, self._cells))
        matrix.eliminate_zeros()  # so that NaN in a cell without weight does not spread
        self.matrix = matrix

    def __call__(self, field: xr.DataArray) -> xr.DataArray:
        """What stations would report of a field.

        Args:
            field: Dimensions lat and lon, which must be those of the operator, and any others.

        Returns:
            The others and ``station``. NaN at a masked station, and where a cell that counts for
            the station is NaN.

        Raises:
            BadInput: if the field is on another grid.
        """
        _require_grid(field, self.grid)
        others = [name for name in field.dims if name not in self.grid]
        ordered = field.transpose(*others, "lat", "lon")
        sizes = [ordered.sizes[name] for name in others]
        flat = ordered.values.astype(np.float64).reshape(-1, self._cells)
        values = np.asarray(self.matrix @ flat.T).T.reshape(*sizes, self._stations)
        values[..., ~self.inside] = np.nan
        coordinates = {name: field[name] for name in others if name in field.coords}
        return xr.DataArray(values, coordinates, (*others, "station"), field.name, field.attrs)

    def adjoint(self, values: xr.DataArray) -> xr.DataArray:
        """Spread values at stations over the grid: the transpose of the interpolation.

        Args:
            values: Dimension ``station`` and any others; those of masked stations do not count.

        Returns:
            The others, lat and lon, such that <Hx, y> = <x, Hᵀy>.

        Raises:
            BadInput: if the number of stations is another.
        """
        if values.sizes.get("station") != self._stations:
            raise BadInput(
                f"values: expected a dimension station of {self._stations}, "
                f"got {dict(values.sizes)}"
            )
        others = [name for name in values.dims if name != "station"]
        ordered = values.transpose(*others, "station")
        seen = np.where(self.inside, ordered.values, 0.0).reshape(-1, self._stations)
        spread = np.asarray(self.matrix.T @ seen.T).T
        sizes = [ordered.sizes[name] for name in others]
        coordinates = {name: values[name] for name in others if name in values.coords} | self.grid
        grid = spread.reshape(*sizes, *map(len, self.grid.values()))
        return xr.DataArray(grid, coordinates, (*others, "lat", "lon"), values.name, values.attrs)


def operator_for(
    field: xr.DataArray, stations: xr.Dataset, *, outside: Outside = "refuse"
) -> ObservationOperator:
    """The operator from the grid of a field to stations.

    Args:
        field: With coordinates lat and lon.
        stations: With ``latitude`` and ``longitude`` (station,), degrees.
        outside: See :class:`ObservationOperator`.

    Returns:
        The operator.
    """
    lat, lon = (field[name].values.astype(np.float64) for name in ("lat", "lon"))
    places = (stations[name].values.astype(np.float64) for name in ("latitude", "longitude"))
    return ObservationOperator(lat, lon, *places, outside=outside)


def at_elevation(
    temperature: xr.DataArray,
    grid_elevation: xr.DataArray | Array,
    elevation: xr.DataArray | Array,
    lapse_rate: float = LAPSE_RATE,
) -> xr.DataArray:
    """Temperature carried from the ground of a model to the ground of a station.

    Args:
        temperature: At the elevation of the model's ground, K.
        grid_elevation: Elevation of the model's ground at the station, m; interpolate the
            model's own with the same operator.
        elevation: Elevation of the station, m.
        lapse_rate: Fall of the temperature with height, K/m.

    Returns:
        T + Γ (z_grid - z_station), K.
    """
    moved = temperature + lapse_rate * (grid_elevation - elevation)
    return moved.assign_attrs(temperature.attrs).rename(temperature.name)


def _ascending(lat: FloatArray) -> tuple[FloatArray, IntArray]:
    """Latitudes from south to north, and where each stands on the grid."""
    axes(lat, "lat", "lat")
    order = np.argsort(lat, kind="stable")
    steps = np.diff(lat)
    if len(lat) < 2 or not (np.all(steps > 0) or np.all(steps < 0)):
        raise BadInput(
            "lat: expected at least two latitudes that ascend or descend, "
            f"got {_shortened(lat)}; a grid with one latitude cannot be interpolated"
        )
    return lat[order], order


def _around(lon: FloatArray, station_lon: FloatArray) -> tuple[FloatArray, IntArray, FloatArray]:
    """Longitudes, closed when they go round; their numbers; stations in the same turn."""
    axes(lon, "lon", "lon")
    steps = np.diff(lon)
    if len(lon) < 2 or not np.all(steps > 0) or lon[-1] - lon[0] > 360:
        raise BadInput(
            "lon: expected at least two longitudes that ascend within one turn, "
            f"got {_shortened(lon)}; sort the grid, for example with field.sortby('lon')"
        )
    turned = lon[0] + np.mod(station_lon - lon[0], 360.0)
    numbers = np.arange(len(lon))
    gap = lon[0] + 360.0 - lon[-1]
    if abs(gap - steps[-1]) < _CLOSED * steps[-1]:
        return np.append(lon, lon[0] + 360.0), np.append(numbers, len(lon)), turned
    # A hair west of the first longitude is almost a whole turn east of it.
    return lon, numbers, np.where(turned > lon[0] + 360.0 - _SAME, lon[0], turned)


def _brackets(
    nodes: FloatArray, numbers: IntArray, places: FloatArray
) -> tuple[IntArray, FloatArray, BoolArray]:
    """The two nodes around each place with their weights (station, 2), and whether it is inside."""
    inside = (places >= nodes[0] - _SAME) & (places <= nodes[-1] + _SAME)  # False for NaN
    held = np.clip(np.where(inside, places, nodes[0]), nodes[0], nodes[-1])
    low = np.clip(np.searchsorted(nodes, held, side="right") - 1, 0, len(nodes) - 2)
    share = (held - nodes[low]) / (nodes[low + 1] - nodes[low])
    pair = np.stack([numbers[low], numbers[low + 1]], axis=1)
    return pair, np.stack([1.0 - share, share], axis=1), inside


def _require_grid(field: xr.DataArray, grid: dict[str, FloatArray]) -> None:
    """Refuse a field on another grid."""
    for name, nodes in grid.items():
        if field.sizes.get(name) != len(nodes):
            raise BadInput(
                f"field: expected {len(nodes)} along {name}, got {dict(field.sizes)}; "
                "make an operator for its grid"
            )
        if name in field.coords and not np.array_equal(field[name].values, nodes):
            raise BadInput(
                f"field: {name} is {_shortened(field[name].values)}, the operator was made for "
                f"{_shortened(nodes)}; make an operator for its grid"
            )


def _shortened(values: FloatArray) -> str:
    """A few numbers for an error text."""
    shown = ", ".join(f"{value:g}" for value in values[:4])
    return f"{shown}, ..." if len(values) > 4 else shown or "none"
