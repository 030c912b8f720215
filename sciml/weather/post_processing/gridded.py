"""From ensembles of fields to cases at stations: what every expert of a mixture starts from."""

import numpy as np
import xarray as xr

from sciml.core.errors import BadInput
from sciml.weather.observation_operator import LAPSE_RATE, at_elevation, operator_for
from sciml.weather.stations import CaseLabels, station_ensemble

_FIELD_AXES, _REPORT_AXES = ("member", "time", "lat", "lon"), ("time", "station")
_PLACES = ("latitude", "longitude", "elevation")


def members_at_stations(
    members: xr.DataArray,
    reports: xr.DataArray,
    *,
    lead_hours: float,
    grid_elevation: xr.DataArray | None = None,
    lapse_rate: float = LAPSE_RATE,
) -> xr.Dataset:
    """What each member of an ensemble of fields says at each station, beside what was reported.

    Fields are interpolated bilinearly. Temperatures are carried from the ground of the model to
    that of the station where the former is given; fields of anything else take none.

    Args:
        members: Fields by valid time, NaN where a member is missing. Dimensions (member, time,
            lat, lon) in any order.
        reports: What stations reported, NaN where unknown, in the units of the fields. Dimensions
            (time, station) with coordinates ``latitude``, ``longitude`` (degrees) and, where it
            is known, ``elevation`` (m) along the station.
        lead_hours: From the issue of the forecasts to the valid time, h.
        grid_elevation: Ground of the model, m. Dimensions (lat, lon).
        lapse_rate: Fall of the temperature with height, K/m.

    Returns:
        A station ensemble of the times that both have; see :mod:`sciml.weather.stations`.
        Stations off the grid have no case.

    Raises:
        BadInput: if dimensions, coordinates or common times are missing, all stations are off
            the grid, or the ensemble is refused.
    """
    _require(members, reports, grid_elevation)
    operator = operator_for(members, reports.coords.to_dataset(), outside="mask")
    if not operator.inside.any():
        raise BadInput("reports: all stations are off the grid of the members")
    seen = operator(members)
    if grid_elevation is not None:
        ground = operator(grid_elevation).values
        seen = at_elevation(seen, ground, reports["elevation"].values, lapse_rate)
    seen, reports = xr.align(seen.drop_vars("station", errors="ignore"), reports, exclude="station")
    if not seen.sizes["time"]:
        raise BadInput("members and reports have no time in common; are both valid times?")
    return _cases(seen.isel(station=operator.inside), reports.isel(station=operator.inside),
                  lead_hours, str(members.attrs.get("units", "1")))  # fmt: skip


def _require(
    members: xr.DataArray, reports: xr.DataArray, grid_elevation: xr.DataArray | None
) -> None:
    """Refuse arrays without the axes and places that are needed."""
    for name, array, wanted in (
        ("members", members, _FIELD_AXES),
        ("reports", reports, _REPORT_AXES),
    ):
        if set(array.dims) != set(wanted):
            raise BadInput(f"{name}: expected dimensions {', '.join(wanted)}, got {array.dims}")
    needed = _PLACES if grid_elevation is not None else _PLACES[:2]
    missing = [name for name in needed if name not in reports.coords]
    if missing:
        raise BadInput(
            f"reports: no coordinate {' nor '.join(missing)} along the station; "
            "add it with assign_coords"
        )


def _cases(seen: xr.DataArray, reports: xr.DataArray, lead_hours: float, units: str) -> xr.Dataset:
    """Times and stations in one row."""
    forecast = seen.transpose("time", "station", "member").values
    observed = reports.transpose("time", "station")
    times, stations, count = observed["time"].values, observed.sizes["station"], len(observed)
    names = observed["station"].values if "station" in observed.coords else np.arange(stations)
    places = {
        name: np.tile(observed[name].values.astype(np.float64), count)
        for name in _PLACES
        if name in observed.coords
    }
    labels = CaseLabels(
        list(np.repeat(times, stations)),
        [str(name) for _ in range(count) for name in names],
        [str(name) for name in seen["member"].values],
        places,
    )
    flat = forecast.reshape(-1, forecast.shape[2])
    return station_ensemble(
        flat, observed.values.ravel(), labels, units=units, lead_hours=lead_hours
    )
