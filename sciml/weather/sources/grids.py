"""Fields on one form of grid: latitude and longitude ascending, longitude from -180 to 180."""

# Not strict: xarray types coordinates and attributes as unknown.
# pyright: standard
from typing import TypeVar

import numpy as np
import xarray as xr

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.weather.sources.checks import require_plausible, require_regular

Gridded = TypeVar("Gridded", xr.DataArray, xr.Dataset)

AXES = ("time", "lat", "lon")
LATITUDE = {"standard_name": "latitude", "units": "degrees_north", "axis": "Y"}
LONGITUDE = {"standard_name": "longitude", "units": "degrees_east", "axis": "X"}

_OTHER_NAMES = {"latitude": "lat", "longitude": "lon", "valid_time": "time"}
_LONGEST_STEP = 1.5  # of longitude, over the usual one: a grid that crosses 180° has a longer one
_DIGITS = 6  # of a degree: grids are written in single precision


def centred_longitude(longitude: FloatArray) -> FloatArray:
    """The same longitudes between -180 and 180, 180 itself as -180.

    Args:
        longitude: Degrees east, from -180 to 360; any shape.

    Returns:
        Degrees east, to a millionth of a degree.

    Raises:
        BadInput: if a longitude is outside -180 to 360 or not finite.
    """
    values = np.asarray(longitude, dtype=np.float64)
    wrong = ~((values >= -180) & (values <= 360))  # NaN is wrong too
    if wrong.any():
        raise BadInput(
            f"longitude: expected degrees east from -180 to 360, got {values[wrong].flat[0]}; "
            "are latitude and longitude exchanged, or is this the mark of a missing position?"
        )
    centred: FloatArray = np.where(values >= 180, values - 360, values)
    return centred.round(_DIGITS)


def centred_grid(data: Gridded, source: str) -> Gridded:
    """The same data with ``lat`` and ``lon`` by these names, both ascending, ``lon`` centred.

    Args:
        data: A variable or dataset with the coordinates ``lat`` and ``lon`` or ``latitude`` and
            ``longitude``, of one dimension each.
        source: What the reader of the error can look for.

    Returns:
        The same values; no interpolation.

    Raises:
        BadInput: if an axis is missing or has one value only, if a place occurs twice (-180 and
            180, or 0 and 360), or if the grid crosses 180° without going round the earth.
    """
    names = {old: new for old, new in _OTHER_NAMES.items() if old in data.coords}
    renamed = data.rename(names)
    for axis in ("lat", "lon"):
        _require_axis(renamed, axis, source)
    lat = np.round(renamed["lat"].values.astype(np.float64), _DIGITS)
    if np.abs(lat).max() > 90:
        raise BadInput(f"{source}: latitude {lat[np.abs(lat).argmax()]} is outside -90 to 90")
    lon = centred_longitude(renamed["lon"].values)
    placed = renamed.assign_coords(lat=("lat", lat, LATITUDE), lon=("lon", lon, LONGITUDE))
    placed = placed.sortby(["lat", "lon"])
    _require_distinct(placed, source)
    return placed


def checked_field(data: xr.DataArray, source: str = "field") -> xr.DataArray:
    """A field that forecasters and scores can take, or an error that says why it is none.

    Args:
        data: Values with the coordinates time, lat and lon (or time or valid_time, latitude,
            longitude) in any order, and the attributes ``units`` and ``standard_name``.
            Longitudes from 0 to 360 and descending latitudes are welcome. NaN is allowed where a
            cell has no value at any time, as land in a field of the sea.
        source: What the reader of the error can look for.

    Returns:
        The same field, shape (time, lat, lon), float64, lat and lon ascending, lon within -180 to
        180.

    Raises:
        BadInput: if an axis is missing, the times do not ascend in equal steps (or whole months),
            there is one latitude only, the values cannot be in the declared unit, or a value is
            missing at some times only.
    """
    named = data.rename({old: new for old, new in _OTHER_NAMES.items() if old in data.dims})
    if set(named.dims) != set(AXES):
        raise BadInput(
            f"{source}: expected the axes {', '.join(AXES)}, got {', '.join(map(str, data.dims))}; "
            "select one level or member, rename the axes, or add the missing one with expand_dims"
        )
    for axis in AXES:
        if axis not in named.coords:
            raise BadInput(f"{source}: axis {axis} has no coordinate; assign its values")
    require_regular(named["time"], source)
    field = centred_grid(named, source).transpose(*AXES).astype(np.float64)
    require_plausible(field, source)
    _require_constant_mask(field, source)
    return field


def _require_axis(data: xr.DataArray | xr.Dataset, axis: str, source: str) -> None:
    """Refuse a grid without an axis, or with a single row or column."""
    if axis not in data.coords or data[axis].dims != (axis,):
        raise BadInput(f"{source}: expected a coordinate {axis} with one dimension of that name")
    if data.sizes[axis] < 2:
        raise BadInput(
            f"{source}: a field needs two values of {axis} or more, got {data.sizes[axis]}; take "
            "more of the grid, or treat a single place as a series"
        )


def _require_distinct(data: xr.DataArray | xr.Dataset, source: str) -> None:
    """Refuse places that occur twice, and a window across 180°, which would be torn apart."""
    for axis in ("lat", "lon"):
        steps = np.diff(data[axis].values)
        if (steps <= 0).any():
            value = data[axis].values[int((steps <= 0).argmax())]
            raise BadInput(f"{source}: {axis} {value:g} occurs twice; leave one of the two out")
    if steps.max() > _LONGEST_STEP * np.median(steps):
        gap = int(steps.argmax())
        west, east = data["lon"].values[gap : gap + 2]
        raise BadInput(
            f"{source}: there is nothing between longitudes {west:g} and {east:g}; a window across "
            "180° would be torn apart: select one side of it, or add the missing columns"
        )


def _require_constant_mask(field: xr.DataArray, source: str) -> None:
    """Refuse values that are missing at some times and present at others."""
    missing = np.isnan(field.values)
    changing = missing & ~missing.all(axis=0)
    if changing.any():
        time, lat, lon = np.argwhere(changing)[0]
        raise BadInput(
            f"{source}: {int(changing.sum())} values are missing in places that have values at "
            f"other times, the first at time {field['time'].values[time].astype('datetime64[m]')}, "
            f"lat {field['lat'].values[lat]:g}, lon {field['lon'].values[lon]:g}; fill them, or "
            "mask these places at all times"
        )
    if missing.all():
        raise BadInput(f"{source}: all values are missing")
