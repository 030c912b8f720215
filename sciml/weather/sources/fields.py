"""Regional fields over years: one variable, regular in time, on a regular grid."""

# Not strict: xarray types coordinates and attributes as unknown.
# pyright: standard
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from sciml.core.errors import DamagedFile
from sciml.weather.sources.grids import centred_grid, checked_field
from sciml.weather.sources.stored import opened

NCEP_SLP = "ncep_slp_north_atlantic"
NCEP_AIR = "ncep_air_north_america"

SEA_LEVEL_PRESSURE = {
    "units": "Pa",
    "standard_name": "air_pressure_at_mean_sea_level",
    "long_name": "sea level pressure, mean of a day",
    "cell_methods": "time: mean",
}
AIR_TEMPERATURE = {
    "units": "K",
    "standard_name": "air_temperature",
    "long_name": "air temperature at sigma level 0.995",
    "cell_methods": "time: point",
}

# The published numbers are whole multiples of the scale: packing loses nothing.
_WHOLE = {"dtype": "int16", "_FillValue": -32768}
_PRESSURE_PACKING = _WHOLE | {"scale_factor": 0.5, "add_offset": 101000.0}
_TEMPERATURE_PACKING = _WHOLE | {"scale_factor": 0.01, "add_offset": 270.0}
_REANALYSIS = "NCEP/NCAR Reanalysis 1"


def open_ncep_slp() -> xr.DataArray:
    """Pressure at sea level over the North Atlantic, each day of 2001 to 2010.

    Returns:
        Pa, shape (time, lat, lon); 2.5°, 30 to 70 °N, 70 °W to 10 °E. Years to train, validate
        and test on: :func:`split_years`.

    Raises:
        DatasetMissing: if the data are not on this machine.

    Source:
        Kalnay et al. (1996), Bull. Amer. Meteor. Soc. 77, 437.
    """
    return checked_field(opened(NCEP_SLP)["sea_level_pressure"], NCEP_SLP)


def open_ncep_air() -> xr.DataArray:
    """Air temperature near the ground over North America, every 6 hours of 2013 and 2014.

    Returns:
        K, shape (time, lat, lon); 2.5°, 15 to 75 °N, 160 to 30 °W. Years to train and test on:
        :func:`split_years`.

    Raises:
        DatasetMissing: if the data are not on this machine.

    Source:
        Kalnay et al. (1996), Bull. Amer. Meteor. Soc. 77, 437.
    """
    return checked_field(opened(NCEP_AIR)["air_temperature"], NCEP_AIR)


def published_pressure(content: Mapping[str, Any]) -> xr.Dataset:
    """The sea level pressure of climate4R.datasets.

    Args:
        content: The list `NCEP_slp_2001_2010` of the R package.

    Returns:
        As :func:`converted_pressure`.

    Raises:
        DamagedFile: if the list is not as published.
    """
    try:
        starts = [str(start).removesuffix(" GMT") for start in content["Dates"]["start"]]
        grid = content["xyCoords"]
        field = xr.DataArray(
            np.asarray(content["Data"], dtype=np.float64),
            dims=("time", "lat", "lon"),
            coords={
                "time": pd.to_datetime(starts, format="%Y-%m-%d"),
                "lat": np.asarray(grid["y"]),
                "lon": np.asarray(grid["x"]),
            },
        )
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedFile(f"NCEP_slp_2001_2010: not as published ({error!r})") from error
    return _pressure(field)


def converted_pressure(data: xr.Dataset) -> xr.Dataset:
    """The sea level pressure of a netCDF file that was converted from climate4R.datasets.

    Args:
        data: Has the variable ``msl``, Pa.

    Returns:
        ``sea_level_pressure``, Pa, shape (time, lat, lon).

    Raises:
        BadInput: if the grid is not sound.
    """
    return _pressure(data["msl"])


def converted_air_temperature(data: xr.Dataset) -> xr.Dataset:
    """The air temperature of a netCDF file that was converted from a zarr store.

    Args:
        data: Has the variable ``t_sig995``, K.

    Returns:
        ``air_temperature``, K, shape (time, lat, lon).

    Raises:
        BadInput: if the grid is not sound.
    """
    return _packed(data["t_sig995"], "air_temperature", AIR_TEMPERATURE, _TEMPERATURE_PACKING)


def _pressure(field: xr.DataArray) -> xr.Dataset:
    """The built form of the sea level pressure."""
    return _packed(field, "sea_level_pressure", SEA_LEVEL_PRESSURE, _PRESSURE_PACKING)


def _packed(
    field: xr.DataArray, name: str, attributes: Mapping[str, str], packing: Mapping[str, Any]
) -> xr.Dataset:
    """A field in one form of grid, to be stored as whole numbers."""
    placed = centred_grid(field.drop_attrs().drop_encoding(), name)
    placed["time"].attrs = {"standard_name": "time", "axis": "T"}
    placed.attrs = dict(attributes)
    placed.encoding = dict(packing)
    return placed.to_dataset(name=name, promote_attrs=False).assign_attrs(source=_REANALYSIS)
