"""Daily series at places: temperatures of Algiers, the sea at three points, stations and cities.

Every reader gives a dataset with the axis ``time``, a sample each day, and ``station`` where there
are several places. What the source lacks is NaN.
"""

# Not strict: pandas and xarray type what they hold as unknown.
# pyright: standard
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.weather.sources.checks import require_plausible, require_regular
from sciml.weather.sources.grids import LATITUDE, LONGITUDE, centred_longitude
from sciml.weather.sources.stored import opened
from sciml.weather.sources.tables import numbers, require_columns

ALGIERS = "algiers_temperature"
OISST = "oisst_heatwave_points"
CANADA_STATIONS = "canada_stations"
CANADA_CITIES = "canada_cities_era5"

# Columns of the converted table; places as the documentation of heatwaveR gives them.
SEA_POINTS = {
    "sst_WA": ("Western Australia", -29.375, 112.625),
    "sst_NW_Atl": ("Northwest Atlantic", 43.125, -66.875),
    "sst_Med": ("Mediterranean", 43.625, 9.125),
}


class Meaning(NamedTuple):
    """What a variable is, in words of the CF conventions."""

    units: str
    standard_name: str
    long_name: str
    cell_methods: str = "time: mean within days"


_ALGIERS = {
    "tMax": (
        "maximum_temperature",
        Meaning("degC", "air_temperature", "highest air temperature of a day", "time: maximum"),
    ),
    "tMin": (
        "minimum_temperature",
        Meaning("degC", "air_temperature", "lowest air temperature of a day", "time: minimum"),
    ),
}
_SEA = Meaning("degC", "sea_surface_temperature", "sea surface temperature", "time: mean")
_STATIONS = {
    "tasmax": _ALGIERS["tMax"],
    "pr": (
        "precipitation",
        Meaning("mm day-1", "precipitation_flux", "precipitation of a day", "time: mean"),
    ),
}

# Of the file of cities; some standard names there are not those of the values or not of CF.
_FLUX, _SNOW = "kg m-2 s-1", "surface_snow"
CITY_VARIABLES = {
    "evspsblpot": Meaning(_FLUX, "water_potential_evaporation_flux", "potential evaporation"),
    "hurs": Meaning("1", "relative_humidity", "relative humidity at 2 m"),
    "huss": Meaning("1", "specific_humidity", "specific humidity at 2 m"),
    "pr": Meaning(_FLUX, "precipitation_flux", "precipitation"),
    "prsn": Meaning(_FLUX, "solid_precipitation_flux", "snowfall"),
    "ps": Meaning("Pa", "surface_air_pressure", "pressure at the ground"),
    "psl": Meaning("Pa", "air_pressure_at_mean_sea_level", "pressure at sea level"),
    "rlds": Meaning("W m-2", "surface_downwelling_longwave_flux_in_air", "longwave, downward"),
    "rls": Meaning("W m-2", "surface_net_downward_longwave_flux", "longwave, net downward"),
    "rsds": Meaning("W m-2", "surface_downwelling_shortwave_flux_in_air", "sunlight, downward"),
    "rss": Meaning("W m-2", "surface_net_downward_shortwave_flux", "sunlight, net downward"),
    "sfcWind": Meaning("m s-1", "wind_speed", "wind speed at 10 m"),
    "sfcWindfromdir": Meaning("degree", "wind_from_direction", "where the wind at 10 m comes from"),
    "sfcWindmax": Meaning("m s-1", "wind_speed", "strongest hourly wind", "time: maximum"),
    "snd": Meaning("m", f"{_SNOW}_thickness", "depth of snow"),
    "snw": Meaning("kg m-2", f"{_SNOW}_amount", "mass of snow"),
    "sund": Meaning("s", "duration_of_sunshine", "sunshine in a day", "time: sum"),
    "swe": Meaning("m", f"lwe_thickness_of_{_SNOW}_amount", "water in the snow"),
    "tas": Meaning("K", "air_temperature", "air temperature at 2 m"),
    "tasmax": Meaning("K", "air_temperature", "highest temperature of a day", "time: maximum"),
    "tasmin": Meaning("K", "air_temperature", "lowest temperature of a day", "time: minimum"),
    "tdps": Meaning("K", "dew_point_temperature", "dew point at 2 m"),
    "uas": Meaning("m s-1", "eastward_wind", "eastward wind at 10 m"),
    "vas": Meaning("m s-1", "northward_wind", "northward wind at 10 m"),
}
_NEVER_NEGATIVE = ("pr", "prsn")  # what is below zero there is rounding, 5e-10 kg m-2 s-1 at most


def open_algiers() -> xr.Dataset:
    """Highest and lowest temperature of each day in Algiers, 1961 to 2005.

    Returns:
        ``maximum_temperature`` and ``minimum_temperature`` in degC, shape (time,); no day lacks.

    Raises:
        DatasetMissing: if the data are not on this machine.

    Source:
        Schlegel & Smit (2018), J. Open Source Softw. 3, 821 (R package heatwaveR).
    """
    return checked_series(opened(ALGIERS), ALGIERS)


def open_oisst() -> xr.Dataset:
    """Temperature of the sea at three points known for marine heatwaves, 1982 to 2022.

    Returns:
        ``sea_surface_temperature`` in degC, shape (time, station); stations are Western Australia,
        Northwest Atlantic and Mediterranean; no day lacks.

    Raises:
        DatasetMissing: if the data are not on this machine.

    Source:
        NOAA OISST v2.1; Hobday et al. (2016), Prog. Oceanogr. 141, 227; R package heatwaveR.
    """
    return checked_series(opened(OISST), OISST)


def open_canada_stations() -> xr.Dataset:
    """Highest temperature and precipitation of each day at three stations of Canada, 1950 to 2013.

    Returns:
        ``maximum_temperature`` in degC and ``precipitation`` in mm/day, shape (time, station), for
        Vancouver, Kugluktuk and Amos. Every 29 February is missing.

    Raises:
        DatasetMissing: if the data are not on this machine.

    Source:
        Vincent et al. (2012), J. Geophys. Res. 117, D18110; Mekis & Vincent (2011), Atmos.-Ocean
        49, 163.
    """
    return checked_series(opened(CANADA_STATIONS), CANADA_STATIONS)


def open_canada_cities() -> xr.Dataset:
    """The weather of each day in five cities of Canada, 1990 to 1993, from the ERA5 reanalysis.

    Returns:
        The 24 variables of :data:`CITY_VARIABLES`, shape (time, station), for Halifax, Montréal,
        Iqaluit, Saskatoon and Victoria.

    Raises:
        DatasetMissing: if the data are not on this machine.

    Source:
        Hersbach et al. (2020), Q. J. R. Meteorol. Soc. 146, 1999.
    """
    return checked_series(opened(CANADA_CITIES), CANADA_CITIES)


def checked_series(data: xr.Dataset, source: str = "series") -> xr.Dataset:
    """Series that heatwaves and scores can take, or an error that says why they are none.

    Args:
        data: Variables along ``time`` and maybe ``station``, with ``units`` and ``standard_name``.
        source: What the reader of the error can look for.

    Returns:
        The same, float64.

    Raises:
        BadInput: if there is no axis time, it has a gap or does not ascend, a value cannot be in
            its unit, or a variable has no value at all.
    """
    if "time" not in data.coords:
        raise BadInput(f"{source}: expected a coordinate time; assign the dates of the samples")
    require_regular(data["time"], source)
    for name, variable in data.data_vars.items():
        require_plausible(variable, source)
        if not variable.notnull().any():
            raise BadInput(f"{source}: variable '{name}' has no value; leave it out")
    return data.astype(np.float64)


def algiers_series(table: pd.DataFrame) -> xr.Dataset:
    """The temperatures of Algiers as a dataset.

    Args:
        table: Converted from `Algiers` of the R package.

    Returns:
        The two variables along time.

    Raises:
        DamagedFile: if a column is missing.
    """
    require_columns(table, ("t", *_ALGIERS), ALGIERS)
    values = numbers(table, list(_ALGIERS))
    data = xr.Dataset(coords=_days(table))
    for column, (name, meaning) in enumerate(_ALGIERS.values()):
        data[name] = ("time", values[:, column], meaning._asdict())
    return data.assign_attrs(source="IHFR, Algeria, as published in the R package heatwaveR")


def sea_point_series(table: pd.DataFrame) -> xr.Dataset:
    """The sea at three points as a dataset.

    Args:
        table: Converted from `sst_WA`, `sst_NW_Atl` and `sst_Med` of the R package.

    Returns:
        One variable along time and station.

    Raises:
        DamagedFile: if a column is missing.
    """
    require_columns(table, ("t", *SEA_POINTS), OISST)
    names, lats, lons = zip(*SEA_POINTS.values(), strict=True)
    values = numbers(table, list(SEA_POINTS))
    data = xr.Dataset(coords=_days(table) | _places(names, np.array(lats), np.array(lons)))
    data["sea_surface_temperature"] = (("time", "station"), values, _SEA._asdict())
    return data.assign_attrs(source="NOAA OISST v2.1, as published in the R package heatwaveR")


def station_series(data: xr.Dataset) -> xr.Dataset:
    """The stations of Canada on the calendar that everybody uses.

    Args:
        data: The published file, in a calendar without 29 February.

    Returns:
        Its variables along time and station, NaN on every 29 February.

    Raises:
        BadInput: if a longitude is impossible.
    """
    whole = data.convert_calendar("standard", missing=np.nan, use_cftime=False)
    renamed = whole.rename({old: name for old, (name, _) in _STATIONS.items()})
    meanings = dict(_STATIONS.values())
    return _described(renamed, meanings).assign_attrs(
        source="Adjusted and Homogenized Canadian Climate Data (AHCCD)"
    )


def city_series(data: xr.Dataset) -> xr.Dataset:
    """The cities of Canada with names and units of CF.

    Args:
        data: The published file.

    Returns:
        Its variables along time and station; what rounding made negative is 0.

    Raises:
        BadInput: if a longitude is impossible.
    """
    cut = {name: data[name].clip(min=0.0) for name in _NEVER_NEGATIVE}
    return _described(data.assign(cut), CITY_VARIABLES).assign_attrs(
        source="ERA5 reanalysis (Copernicus Climate Change Service)"
    )


def _days(table: pd.DataFrame) -> dict[str, Any]:
    """The coordinate time of a table of days."""
    days = pd.to_datetime(table["t"], format="%Y-%m-%d").to_numpy("datetime64[ns]")
    return {"time": ("time", days, {"standard_name": "time", "axis": "T"})}


def _places(names: tuple[str, ...], lat: FloatArray, lon: FloatArray) -> dict[str, Any]:
    """The coordinates of stations."""
    return {
        "station": ("station", list(names), {"cf_role": "timeseries_id"}),
        "lat": ("station", lat, {key: LATITUDE[key] for key in ("standard_name", "units")}),
        "lon": (
            "station",
            centred_longitude(lon),
            {key: LONGITUDE[key] for key in ("standard_name", "units")},
        ),
    }


def _described(data: xr.Dataset, meanings: dict[str, Meaning]) -> xr.Dataset:
    """Variables along time and station, with the given meanings and nothing else."""
    places = _places(
        tuple(map(str, data["location"].values)),
        np.round(data["lat"].values.astype(np.float64), 3),
        np.round(data["lon"].values.astype(np.float64), 3),
    )
    time = ("time", data["time"].values, {"standard_name": "time", "axis": "T"})
    described = xr.Dataset(coords={"time": time} | places)
    for name, meaning in meanings.items():
        values = data[name].transpose("time", "location").values.astype(np.float32)
        described[name] = (("time", "station"), values, meaning._asdict())
    return described
