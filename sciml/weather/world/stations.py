"""Stations in the generated world: where they are, and what they report, with all its faults.

A report is the field at the place (bilinear), carried to the elevation of the station, and more:
cold air that pools in sheltered places on calm winter days, showers that hit or miss, rain that
grows with elevation, the noise of a place that is not its surroundings, coarse digits, gaps.
"""

import numpy as np
import xarray as xr

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.weather.observation_operator import at_elevation, operator_for
from sciml.weather.world.atmosphere import normal_temperature, winter

LATITUDE_RANGE = (35.0, 55.0)  # degrees north
MEAN_ELEVATION = 500.0  # m, exponentially distributed
HIGHEST = 2500.0  # m
NOISE_RANGE = (0.6, 1.4)  # K, standard deviations from station to station
POOL_DEPTH = 4.0  # K, of the cold air at the most sheltered station in deep winter
CALM = 6.0  # K below normal at which the pool is full
RAIN_GROWTH = 0.4  # share more per km of elevation
SHOWER_MISSES = 0.1  # probability that a shower in the field misses the station
SHOWER_SHAPE = 5.0  # of the gamma distribution of the rest, mean 1
TRACE = 0.2  # mm; less is reported as none
THERMOMETER, GAUGE = 0.1, 0.1  # K and mm, digits of the reports
MISSING = 0.02  # share of the reports

GROUND = {
    "latitude": ("latitude", "degrees_north"),
    "longitude": ("longitude", "degrees_east"),
    "elevation": ("height above mean sea level", "m"),
    "sheltered": ("how much cold air pools there, 0 to 1", "1"),
    "noise": ("standard deviation of the noise of temperatures", "K"),
}


def random_stations(number: int, seed: int) -> xr.Dataset:
    """Stations strewn over the mid-latitudes.

    Args:
        number: How many.
        seed: Of their places.

    Returns:
        ``latitude``, ``longitude``, ``elevation`` (m), ``sheltered`` (0 to 1) and ``noise`` (K)
        along ``station``.
    """
    if number < 1:
        raise BadInput(f"random_stations: expected at least one station, got {number}")
    generator = np.random.default_rng(seed)
    high = np.minimum(generator.exponential(MEAN_ELEVATION, number), HIGHEST)
    values = {
        "latitude": generator.uniform(*LATITUDE_RANGE, number).round(2),
        "longitude": generator.uniform(-180.0, 180.0, number).round(2),
        "elevation": high.round(),
        "sheltered": generator.beta(0.5, 1.0, number).round(2),
        "noise": generator.uniform(*NOISE_RANGE, number).round(2),
    }
    names = [f"S{index + 1:02d}" for index in range(number)]
    return xr.Dataset(
        {
            name: ("station", values[name], {"long_name": meaning, "units": units})
            for name, (meaning, units) in GROUND.items()
        },
        {"station": names},
    )


def reported_temperature(field: xr.DataArray, stations: xr.Dataset, seed: int) -> xr.DataArray:
    """Thermometers in a field.

    Args:
        field: Temperature at sea level, K, (time, lat, lon).
        stations: From :func:`random_stations`.
        seed: Of noise and gaps.

    Returns:
        K, (time, station); NaN where there is no report.
    """
    generator = np.random.default_rng(seed)
    level = operator_for(field, stations)(field)
    cold = cold_pool(level, stations)
    noise = generator.normal(size=level.shape) * stations["noise"].values
    report = at_elevation(level, 0.0, stations["elevation"]) - cold + noise
    report.attrs = {"units": "K", "standard_name": "air_temperature"}
    return _with_gaps(_rounded(report, THERMOMETER), generator).rename("temperature")


def cold_pool(level: xr.DataArray, stations: xr.Dataset) -> xr.DataArray:
    """By what sheltered places are colder than their surroundings on calm winter days.

    Args:
        level: Temperature at sea level at the stations, K, (time, station).
        stations: From :func:`random_stations`.

    Returns:
        K, not negative, (time, station).
    """
    below = normal_temperature(level["time"], stations["latitude"]) - level
    calm = (below / CALM).clip(0.0, 1.0)
    depth = POOL_DEPTH * stations["sheltered"] * winter(level["time"]).clip(min=0.0)
    return (depth * calm).transpose("time", "station")


def reported_rain(field: xr.DataArray, stations: xr.Dataset, seed: int) -> xr.DataArray:
    """Rain gauges in a field.

    Args:
        field: Amount of rain, mm, (time, lat, lon).
        stations: From :func:`random_stations`.
        seed: Of showers and gaps.

    Returns:
        mm, (time, station); zero where less than ``TRACE`` fell, NaN where there is no report.
    """
    generator = np.random.default_rng(seed)
    around = operator_for(field, stations)(field)
    hit = generator.random(around.shape) >= SHOWER_MISSES
    shower = generator.gamma(SHOWER_SHAPE, 1 / SHOWER_SHAPE, around.shape)
    amount = around * (1 + RAIN_GROWTH * stations["elevation"].values / 1000)
    amount = amount * hit * shower / (1 - SHOWER_MISSES)
    report = _rounded(amount.where(amount >= TRACE, 0.0), GAUGE)
    return _with_gaps(report.assign_attrs(field.attrs), generator).rename("precipitation")


def _rounded(values: xr.DataArray, digit: float) -> xr.DataArray:
    """Values to the nearest digit that the instrument shows."""
    shown: FloatArray = np.round(values.values / digit) * digit
    return values.copy(data=shown)


def _with_gaps(reports: xr.DataArray, generator: np.random.Generator) -> xr.DataArray:
    """Reports without those that got lost."""
    return reports.where(generator.random(reports.shape) >= MISSING)
