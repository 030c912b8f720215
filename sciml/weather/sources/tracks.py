"""Tracks of tropical cyclones: best tracks of two oceans, and one set joined with reanalysis.

Every reader gives a dataset along ``fix``, a storm at a time, ordered by storm and then by time,
with the coordinates storm, time, lat and lon, and the variables ``wind`` (kt) and ``pressure``
(hPa). Other variables differ from source to source.
"""

# Not strict: pandas and xarray type what they hold as unknown.
# pyright: standard
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from sciml.core.errors import BadInput
from sciml.weather.sources.grids import LATITUDE, LONGITUDE, centred_longitude
from sciml.weather.sources.rsmc_format import Position
from sciml.weather.sources.stored import opened
from sciml.weather.sources.tables import require_columns

HURDAT2 = "hurdat2_atlantic"
JMA = "jma_typhoons"

MISSING_WIND = -99  # kt, in HURDAT2
WIND_THRESHOLDS = (34, 50, 64)  # kt
QUADRANTS = ("ne", "se", "sw", "nw")

WIND = {"units": "kt", "standard_name": "tropical_cyclone_maximum_sustained_wind_speed"}
PRESSURE = {"units": "hPa", "standard_name": "air_pressure_at_mean_sea_level"}

_STRONGEST = 250.0  # kt, beyond every observed storm
_HURDAT2_COLUMNS = (
    *("id", "name", "datetime", "record_id", "sys_status", "lat", "lon", "wind_max_sus"),
    *("min_pres", "wind_max_radius"),
    *(f"wind_{threshold}kt_{q}" for threshold in WIND_THRESHOLDS for q in QUADRANTS),
)


def open_hurdat2() -> xr.Dataset:
    """Best tracks of all Atlantic storms from 1851 to 2023.

    Returns:
        Fixes with wind (kt, mean of a minute), pressure (hPa), the storm's ``name``, its
        ``status`` (TD, TS, HU, EX, SD, SS, LO, WV or DB), the ``record`` identifier (L for a
        landfall) and the radii of three wind speeds in four quadrants (n mi). NaN where nothing
        was recorded.

    Raises:
        DatasetMissing: if the data are not on this machine.

    Source:
        Landsea & Franklin (2013), Mon. Wea. Rev. 141, 3576.
    """
    return checked_tracks(opened(HURDAT2), HURDAT2)


def open_jma_typhoons() -> xr.Dataset:
    """Best tracks of the storms of the western North Pacific from 2015 to 2021.

    Returns:
        Fixes with wind (kt, mean of 10 minutes; NaN below 35 kt and for former cyclones), pressure
        (hPa), ``name``, ``grade`` of RSMC Tokyo, longest and shortest radius of winds of 50 and of
        30 kt (n mi), the direction of the longest, and ``landfall``.

    Raises:
        DatasetMissing: if the data are not on this machine.

    Source:
        RSMC Tokyo - Typhoon Center, best track data.
    """
    return checked_tracks(opened(JMA), JMA)


def checked_tracks(tracks: xr.Dataset, source: str = "tracks", repeats: bool = False) -> xr.Dataset:
    """Tracks that forecasters and scores can take, or an error that says why they are none.

    Storms with one fix pass: nothing moves in them, so :func:`longer_storms` leaves them out where
    a motion is needed.

    Args:
        tracks: Along ``fix``, with the coordinates storm, time, lat and lon, and ``wind`` in kt.
            Longitudes from 0 to 360 are welcome.
        source: What the reader of the error can look for.
        repeats: Whether a storm may have two fixes at one time, as in one published table.

    Returns:
        The same fixes, longitudes from -180 to 180.

    Raises:
        BadInput: if a coordinate is missing, the fixes of a storm are not together or not in the
            order of time, a storm has two fixes at one time, or a position or wind is impossible.
    """
    missing = [name for name in ("storm", "time", "lat", "lon") if name not in tracks.coords]
    if missing or "wind" not in tracks or tracks["wind"].attrs.get("units") != "kt":
        raise BadInput(
            f"{source}: expected the coordinates storm, time, lat and lon and the variable wind "
            f"with units 'kt'; missing: {', '.join(missing) or 'wind in kt'}"
        )
    _require_order(tracks["storm"].values, tracks["time"].values, source, repeats)
    lat, wind = tracks["lat"].values, tracks["wind"].values
    if not (np.abs(lat) <= 90).all():
        raise BadInput(f"{source}: a latitude is missing or outside -90 to 90; leave that fix out")
    if ((wind < 0) | (wind > _STRONGEST)).any():
        wrong = wind[(wind < 0) | (wind > _STRONGEST)][0]
        raise BadInput(
            f"{source}: wind {wrong:g} kt is impossible; set it to NaN if it marks a missing one"
        )
    lon = centred_longitude(tracks["lon"].values)
    return tracks.assign_coords(lon=("fix", lon, tracks["lon"].attrs))


def longer_storms(tracks: xr.Dataset, fixes: int = 2) -> xr.Dataset:
    """The storms with so many fixes or more; the attribute ``storms_left_out`` counts the others.

    Args:
        tracks: Along ``fix``.
        fixes: The least number of fixes.

    Returns:
        Their fixes, in the same order.

    Raises:
        BadInput: if no storm has so many.
    """
    storms, index, counts = np.unique(
        tracks["storm"].values, return_inverse=True, return_counts=True
    )
    kept = counts >= fixes
    if not kept.any():
        raise BadInput(
            f"tracks: none of {storms.size} storms has {fixes} fixes or more; a motion needs two"
        )
    chosen = tracks.isel(fix=np.flatnonzero(kept[index]))
    return chosen.assign_attrs(storms_left_out=int((~kept).sum()))


def hurdat2_tracks(table: pd.DataFrame) -> xr.Dataset:
    """HURDAT2 as fixes.

    Args:
        table: One row for each fix, converted from the R package BigelowLab/hurdat2.

    Returns:
        Fixes; what the table leaves blank, and winds of -99, are NaN.

    Raises:
        DamagedFile: if a column is missing.
    """
    require_columns(table, _HURDAT2_COLUMNS, HURDAT2)
    tracks = fixes_of(
        {
            "storm": table["id"].to_numpy(str),
            "time": pd.to_datetime(table["datetime"]).to_numpy("datetime64[ns]"),
            "lat": table["lat"].to_numpy(float),
            "lon": table["lon"].to_numpy(float),
        },
        wind=table["wind_max_sus"].replace(MISSING_WIND, np.nan).to_numpy(np.float32),
        pressure=table["min_pres"].to_numpy(np.float32),
    )
    texts = {"name": "name", "record": "record_id", "status": "sys_status"}
    for name, column in texts.items():
        tracks[name] = ("fix", table[column].fillna("").to_numpy(str))
    columns = [[f"wind_{wind}kt_{q}" for q in QUADRANTS] for wind in WIND_THRESHOLDS]
    radii = np.stack([table[four].to_numpy(np.float32) for four in columns], axis=1)
    tracks["wind_radius"] = (("fix", "threshold", "quadrant"), radii, _radius("of winds"))
    widest = table["wind_max_radius"].to_numpy(np.float32)
    tracks["radius_of_maximum_wind"] = ("fix", widest, _radius("of the strongest wind"))
    return tracks.assign_coords(
        threshold=("threshold", list(WIND_THRESHOLDS), {"units": "kt"}), quadrant=list(QUADRANTS)
    ).assign_attrs(source="HURDAT2, National Hurricane Center")


def jma_tracks(positions: Sequence[Position]) -> xr.Dataset:
    """Positions of RSMC Tokyo as fixes.

    Args:
        positions: From :func:`sciml.weather.sources.rsmc_format.rsmc_positions`.

    Returns:
        Fixes with all that the positions say.

    Raises:
        BadInput: if there is no position, or a longitude is impossible.
    """
    if not positions:
        raise BadInput("best tracks of RSMC Tokyo: the file has no storm; get it again")
    columns: dict[str, Any] = {
        name: np.array([getattr(position, name) for position in positions])
        for name in Position._fields
    }
    tracks = fixes_of(
        {name: columns.pop(name) for name in ("storm", "time", "lat", "lon")},
        wind=columns.pop("wind").astype(np.float32),
        pressure=columns.pop("pressure").astype(np.float32),
    )
    tracks["name"] = ("fix", columns["name"])
    tracks["grade"] = (
        "fix",
        columns["grade"].astype(np.int8),
        {"long_name": "grade of RSMC Tokyo"},
    )
    tracks["landfall"] = ("fix", columns["landfall"].astype(np.int8))
    for wind in (50, 30):
        for kind in ("longest", "shortest"):
            radius = columns[f"{kind}_{wind}kt"].astype(np.float32)
            meaning = _radius(f"of winds of {wind} kt, {kind}")
            tracks[f"{kind}_radius_{wind}kt"] = ("fix", radius, meaning)
        direction = columns[f"direction_{wind}kt"].astype(np.float32)
        meaning = {"long_name": "direction of the longest radius, 1 NE to 8 N, 9 a circle"}
        tracks[f"direction_{wind}kt"] = ("fix", direction, meaning)
    return tracks.assign_attrs(source="best tracks of RSMC Tokyo - Typhoon Center")


def fixes_of(
    places: Mapping[str, np.ndarray], wind: np.ndarray, pressure: np.ndarray
) -> xr.Dataset:
    """What all tracks have.

    Args:
        places: ``storm``, ``time``, ``lat`` and ``lon`` of each fix.
        wind: kt, shape (fix,).
        pressure: hPa, shape (fix,).

    Returns:
        The dataset, longitudes from -180 to 180.

    Raises:
        BadInput: if a longitude is impossible.
    """
    return xr.Dataset(
        {"wind": ("fix", wind, WIND), "pressure": ("fix", pressure, PRESSURE)},
        coords={
            "storm": ("fix", places["storm"], {"cf_role": "trajectory_id"}),
            "time": ("fix", places["time"], {"standard_name": "time"}),
            "lat": ("fix", places["lat"], LATITUDE),
            "lon": ("fix", centred_longitude(places["lon"]), LONGITUDE),
        },
    )


def _radius(meaning: str) -> dict[str, str]:
    """Attributes of a radius."""
    return {"units": "nmile", "long_name": f"radius {meaning}"}


def _require_order(storms: np.ndarray, times: np.ndarray, source: str, repeats: bool) -> None:
    """Refuse storms in pieces, and fixes of a storm that do not ascend in time."""
    changes = np.flatnonzero(storms[1:] != storms[:-1]) + 1
    heads = storms[np.concatenate([[0], changes])]
    if len(set(heads)) != len(heads):
        name = next(name for name in heads if (heads == name).sum() > 1)
        raise BadInput(f"{source}: the fixes of storm '{name}' are not together; sort by storm")
    back = (times[1:] < times[:-1]) if repeats else (times[1:] <= times[:-1])
    back &= storms[1:] == storms[:-1]
    if back.any():
        at = int(back.argmax()) + 1
        text = "twice" if times[at] == times[at - 1] else f"after {times[at - 1]}"
        raise BadInput(
            f"{source}: storm '{storms[at]}' has a fix at {times[at]} {text}; sort the fixes of "
            "each storm by time and keep one for each"
        )
