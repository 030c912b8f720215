"""Weather with places and dates, made of Lorenz's rings: temperature and rain on a grid.

The ring lies on the circle of 45 degrees north. A slow variable above its mean is warm air, and
the farther from that circle, the less of it is felt; the fast variables are the showers that a
forecast model does not resolve. Seasons move the temperature and drive the rings harder in winter.
"""

import numpy as np
import xarray as xr

from sciml.core.axes import FloatArray, axes

LATITUDE = 45.0  # degrees north, of the ring
LATITUDES = np.arange(30.0, 61.0, 5.0)  # of the grid, degrees north

MEAN_STATE = 2.9  # X whose temperature is normal, about the mean over the year
MEAN_FORCING, FORCING_SWING = 12.0, 2.0  # F over the year; more in winter by the swing
NORMAL_TEMPERATURE = 283.0  # K, over the year, at sea level on the ring
NORTHWARD_FALL = 0.6  # K per degree of latitude
SEASONAL_SWING, SWING_GROWTH = 9.0, 0.15  # K on the ring; K more per degree of latitude
WARMTH = 1.5  # K per unit of X
REACH = 12.0  # degrees of latitude over which the weather of the ring falls by exp(-1/2)
COLDEST_DAY = 20.0  # of the year
DRY_BELOW, RAIN_RATE = 2.0, 8.0  # of U, where rain begins; mm/day one unit above

_YEAR = 365.25  # days


def winter(time: xr.DataArray) -> xr.DataArray:
    """How wintry a date is, from 1 on the coldest day of the year to -1 on the warmest.

    Rounded, because the cosines of processors differ in the last bit, which weather amplifies.
    """
    day = time.dt.dayofyear + time.dt.hour / 24
    return xr.DataArray(np.cos(2 * np.pi * (day - COLDEST_DAY) / _YEAR)).round(9)


def forcing(time: xr.DataArray, *, seasonal: bool = True) -> xr.DataArray:
    """F of Lorenz's model on a date.

    Args:
        time: Dates, ``datetime64``.
        seasonal: Whether there are seasons; otherwise the mean over the year.

    Returns:
        F, of the shape of the dates.
    """
    return MEAN_FORCING + FORCING_SWING * winter(time) * float(seasonal)


def normal_temperature(time: xr.DataArray, lat: xr.DataArray) -> xr.DataArray:
    """The temperature at sea level without weather, K, over dates and latitudes."""
    north = lat - LATITUDE
    swing = SEASONAL_SWING + SWING_GROWTH * north
    return NORMAL_TEMPERATURE - NORTHWARD_FALL * north - swing * winter(time)


def temperature_field(slow: FloatArray, time: xr.DataArray) -> xr.DataArray:
    """The temperature at sea level.

    Args:
        slow: X of the ring. Shape (time, slow).
        time: Dates. Shape (time,).

    Returns:
        K, (time, lat, lon), longitudes from -180 degrees on.
    """
    anomaly = WARMTH * (on_grid(slow, time) - MEAN_STATE)
    field = normal_temperature(time, anomaly["lat"]) + anomaly * _felt(anomaly["lat"])
    field.attrs = {"units": "K", "standard_name": "air_temperature", "long_name": "at sea level"}
    return field.transpose("time", "lat", "lon").rename("temperature")


def rain_rate(unresolved: FloatArray, *, dry_below: float = DRY_BELOW) -> FloatArray:
    """Rain from what the fast variables take, mm/day: none below a threshold, then ever more."""
    return RAIN_RATE * np.maximum(unresolved - dry_below, 0.0) ** 1.5


def rain_field(rain: FloatArray, time: xr.DataArray) -> xr.DataArray:
    """Rain on the grid.

    Args:
        rain: Amount in each sector, mm. Shape (time, slow).
        time: Dates. Shape (time,).

    Returns:
        mm, (time, lat, lon).
    """
    field = on_grid(rain, time)
    field = field * _felt(field["lat"])
    field.attrs = {"units": "mm", "standard_name": "precipitation_amount"}
    return field.transpose("time", "lat", "lon").rename("precipitation")


def on_grid(sectors: FloatArray, time: xr.DataArray) -> xr.DataArray:
    """Values of the sectors at their longitudes, the same at all latitudes.

    Args:
        sectors: Shape (time, slow).
        time: Dates. Shape (time,).

    Returns:
        The values, (time, lon, lat).
    """
    sizes = axes(sectors, "time slow", "sectors", time=time.size)
    lon = -180.0 + 360.0 / sizes["slow"] * np.arange(sizes["slow"])
    east = xr.DataArray(sectors, {"time": time.values, "lon": lon}, ("time", "lon"))
    east["lon"].attrs = {"units": "degrees_east", "standard_name": "longitude"}
    north = xr.DataArray(LATITUDES, {"lat": LATITUDES}, ("lat",))
    north["lat"].attrs = {"units": "degrees_north", "standard_name": "latitude"}
    return east.broadcast_like(north)


def _felt(lat: xr.DataArray) -> xr.DataArray:
    """Share of the ring's weather that is felt at a latitude."""
    return xr.DataArray(np.exp(-0.5 * ((lat - LATITUDE) / REACH) ** 2))
