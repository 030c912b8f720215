"""Forecasts of several models at stations with what was observed there: three published sets.

A case is a station at a time. Every reader gives the same form: ``forecast`` (case, member),
``observation`` (case), the time for which the forecast holds, the station, and where it is as far
as the source says.
"""

# Not strict: pandas and xarray type what they hold as unknown.
# pyright: standard
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from sciml.core.axes import FloatArray
from sciml.weather.sources.checks import require_plausible
from sciml.weather.sources.stored import opened
from sciml.weather.sources.tables import numbers, require_columns
from sciml.weather.stations import checked_stations

UWME_TEMPERATURE = "uwme_temperature"
UWME_PRECIPITATION = "uwme_precipitation"
FRANKFURT_PRECIPITATION = "frankfurt_precipitation"

TEMPERATURE_MEMBERS = ("CMCG", "ETA", "GASP", "GFS", "JMA", "NGPS", "TCWB", "UKMO")
PRECIPITATION_MEMBERS = (
    *("avn/gfs", "cent", "cmcg", "eta", "gasp"),
    *("jma", "ngps", "tcwb", "ukmo"),
)
ECMWF_MEMBERS = ("HRES", "CTR", *(f"P{number}" for number in range(1, 51)))

UNKNOWN_ELEVATION = -9999.0
MILLIMETRES = 0.254  # in 1/100 inch
_RAIN_DIGITS = 3  # of mm: to a thousandth the published numbers are whole, forecasts too

CODES = ("date", "dates", "station", "type")  # columns that are text
_PLACE = {
    "latitude": {"standard_name": "latitude", "units": "degrees_north"},
    "longitude": {"standard_name": "longitude", "units": "degrees_east"},
    "elevation": {"standard_name": "surface_altitude", "units": "m"},
}


class Quantity(NamedTuple):
    """What is forecast and observed."""

    units: str
    standard_name: str
    long_name: str
    cell_methods: str


TEMPERATURE = Quantity("K", "air_temperature", "temperature 2 m above the ground", "time: point")
PRECIPITATION = Quantity(
    "mm", "precipitation_amount", "precipitation in 24 hours", "time: sum (interval: 24 hours)"
)


def open_uwme_temperature() -> xr.Dataset:
    """Temperatures that eight models of the UW Mesoscale Ensemble foresaw two days before.

    Returns:
        A station ensemble in K, 8 members, January and February 2004, Pacific Northwest. Has
        latitude, longitude, elevation (m) and ``station_type``, the code of the network.

    Raises:
        DatasetMissing: if the data are not on this machine.

    Source:
        Berrocal, Raftery & Gneiting (2007), Mon. Wea. Rev. 135, 1386; R package ensembleBMA.
    """
    return checked_station_ensemble(opened(UWME_TEMPERATURE), UWME_TEMPERATURE)


def open_uwme_precipitation() -> xr.Dataset:
    """Rain of a day that nine models of the UW Mesoscale Ensemble foresaw two days before.

    Returns:
        A station ensemble in mm, 9 members, from December 2002. Of the place only the latitude is
        published; stations are named by it.

    Raises:
        DatasetMissing: if the data are not on this machine.

    Source:
        Sloughter et al. (2007), Mon. Wea. Rev. 135, 3209; R package ensembleBMA.
    """
    return checked_station_ensemble(opened(UWME_PRECIPITATION), UWME_PRECIPITATION)


def open_frankfurt_precipitation() -> xr.Dataset:
    """Rain of a day at Frankfurt airport that the ensemble of ECMWF foresaw the day before.

    Returns:
        A station ensemble in mm, 52 members: the high-resolution run, the control run and 50
        perturbed ones, 2007 to 2016 (and the first day of 2017). 2015 and later are to test on,
        see :func:`split_years`.

    Raises:
        DatasetMissing: if the data are not on this machine.

    Source:
        Henzi, Ziegel & Gneiting (2021), J. R. Stat. Soc. B 83, 963; R package isodistrreg.
    """
    return checked_station_ensemble(opened(FRANKFURT_PRECIPITATION), FRANKFURT_PRECIPITATION)


def checked_station_ensemble(data: xr.Dataset, source: str) -> xr.Dataset:
    """The same cases in order, after their values were found possible in their units.

    Args:
        data: A station ensemble.
        source: What the reader of the error can look for.

    Returns:
        The cases, sorted by time, then station.

    Raises:
        BadInput: see :func:`sciml.weather.stations.checked_stations`; also if a value cannot be in
            its unit.
    """
    for name in ("forecast", "observation"):
        require_plausible(data[name], source)
    return checked_stations(data)


def uwme_temperature(table: pd.DataFrame) -> xr.Dataset:
    """The temperatures of the package ensembleBMA as a station ensemble.

    Args:
        table: `srft` of the package, or the table converted from it.

    Returns:
        Cases in the order of the table; the marks of unknown elevations and the blanks after
        station names are gone.

    Raises:
        DamagedFile: if a column is missing.
    """
    columns = (*TEMPERATURE_MEMBERS, "observation", "date", "station", "type", *_PLACE)
    require_columns(table, columns, UWME_TEMPERATURE)
    cases = {
        "time": pd.to_datetime(table["date"], format="%Y%m%d%H").to_numpy("datetime64[ns]"),
        "station": table["station"].str.strip().to_numpy(str),
        "latitude": table["latitude"].to_numpy(float),
        "longitude": table["longitude"].to_numpy(float),
        "elevation": table["elevation"].replace(UNKNOWN_ELEVATION, np.nan).to_numpy(float),
        "station_type": table["type"].to_numpy(str),
    }
    values = numbers(table, (*TEMPERATURE_MEMBERS, "observation"))
    return _ensemble(values, TEMPERATURE_MEMBERS, cases, TEMPERATURE).assign_attrs(
        lead_hours=48,
        source="eight numerical models and surface stations, University of Washington",
    )


def uwme_precipitation(table: pd.DataFrame) -> xr.Dataset:
    """The rain of the package ensembleBMA as a station ensemble.

    Args:
        table: `prcpDJdata` of the package, in 1/100 inch, or the table converted from it.

    Returns:
        Cases in the order of the table, in mm to a thousandth, as the numbers were before they
        were divided by 0.254.

    Raises:
        DamagedFile: if a column is missing.
    """
    columns = (*PRECIPITATION_MEMBERS, "observations", "dates", "latitude")
    require_columns(table, columns, UWME_PRECIPITATION)
    hundredths = numbers(table, (*PRECIPITATION_MEMBERS, "observations"))
    rain = np.round(hundredths * MILLIMETRES, _RAIN_DIGITS)
    latitude = table["latitude"].to_numpy(float)
    # Two latitudes have two stations each, which the source does not tell apart.
    number = table.groupby(["dates", "latitude"]).cumcount().to_numpy()
    names = [f"{lat:.3f}N" + ("-2" if n else "") for lat, n in zip(latitude, number, strict=True)]
    cases = {
        "time": pd.to_datetime(table["dates"], format="%Y%m%d").to_numpy("datetime64[ns]"),
        "station": np.array(names, dtype=str),
        "latitude": latitude,
    }
    return _ensemble(rain, PRECIPITATION_MEMBERS, cases, PRECIPITATION).assign_attrs(
        lead_hours=48,
        source="nine numerical models and surface stations, University of Washington",
    )


def frankfurt_precipitation(table: pd.DataFrame) -> xr.Dataset:
    """The rain of the package isodistrreg as a station ensemble.

    Args:
        table: Converted from `rain` of the package.

    Returns:
        Cases in the order of the table.

    Raises:
        DamagedFile: if a column is missing.
    """
    require_columns(table, ("date", "obs", *ECMWF_MEMBERS), FRANKFURT_PRECIPITATION)
    cases = {
        "time": pd.to_datetime(table["date"], format="%Y-%m-%d").to_numpy("datetime64[ns]"),
        "station": np.full(len(table), "Frankfurt airport (10637)"),
    }
    values = numbers(table, (*ECMWF_MEMBERS, "obs"))
    return _ensemble(values, ECMWF_MEMBERS, cases, PRECIPITATION).assign_attrs(
        lead_hours=30,
        source="ensemble of ECMWF (TIGGE) and SYNOP reports of WMO station 10637",
    )


def _ensemble(
    values: FloatArray,
    members: tuple[str, ...],
    cases: dict[str, np.ndarray],
    quantity: Quantity,
) -> xr.Dataset:
    """A station ensemble of the forecasts of its members and, in the last column, what came."""
    attributes = quantity._asdict()
    coordinates = {name: ("case", along, _PLACE.get(name, {})) for name, along in cases.items()}
    return xr.Dataset(
        {
            "forecast": (("case", "member"), values[:, :-1], attributes),
            "observation": ("case", values[:, -1], attributes),
        },
        coords={**coordinates, "member": list(members)},
    )
