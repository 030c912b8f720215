"""Global fields: one state of ERA5, ten members of its ensemble, a block over Europe, and the sea.

They are small and for tests: a state to start a model from, members to score, a height anomaly to
find a block in, and months of sea surface temperature.
"""

# Not strict: xarray types coordinates and attributes as unknown.
# pyright: standard
from typing import NamedTuple

import numpy as np
import xarray as xr

from sciml.weather.sources.checks import require_plausible
from sciml.weather.sources.grids import centred_grid, checked_field
from sciml.weather.sources.stored import opened

ERA5_STATE = "era5_state_1959"
ERA5_MEMBERS = "era5_members"
ERA5_Z500 = "era5_z500_2016"
ERSST = "ersst_v5"

LEVEL = {"units": "hPa", "standard_name": "air_pressure", "positive": "down", "axis": "Z"}

_ERA5 = "ERA5 reanalysis (Copernicus Climate Change Service)"
_TIME = {"standard_name": "time", "axis": "T"}
_ORDER = ("member", "time", "level", "lat", "lon")


class Meaning(NamedTuple):
    """What a variable is, in words of the CF conventions."""

    units: str
    standard_name: str
    long_name: str


_GEOPOTENTIAL = Meaning("m2 s-2", "geopotential", "geopotential")
_TEMPERATURE = Meaning("K", "air_temperature", "temperature")
_STATE = {
    "u_component_of_wind": Meaning("m s-1", "eastward_wind", "eastward wind"),
    "v_component_of_wind": Meaning("m s-1", "northward_wind", "northward wind"),
    "geopotential": _GEOPOTENTIAL,
    "temperature": _TEMPERATURE,
    "specific_humidity": Meaning("1", "specific_humidity", "specific humidity"),
    "specific_cloud_ice_water_content": Meaning(
        "1", "mass_fraction_of_cloud_ice_in_air", "ice of clouds over the mass of air"
    ),
    "specific_cloud_liquid_water_content": Meaning(
        "1", "mass_fraction_of_cloud_liquid_water_in_air", "water of clouds over the mass of air"
    ),
    "sea_surface_temperature": Meaning("K", "sea_surface_temperature", "sea surface temperature"),
    "sea_ice_cover": Meaning("1", "sea_ice_area_fraction", "share of the sea under ice"),
}
_MEMBERS = {"geopotential": _GEOPOTENTIAL, "temperature": _TEMPERATURE}
_HEIGHT = Meaning("m", "geopotential_height_anomaly", "height of 500 hPa over its usual height")
_SEA = Meaning("degC", "sea_surface_temperature", "sea surface temperature, mean of a month")


def open_era5_state() -> xr.Dataset:
    """The atmosphere of 1959-01-02 00 UTC on a coarse grid of the whole earth.

    Returns:
        Winds, geopotential, temperature, humidity and cloud water, shape (level, lat, lon), sea
        surface temperature and ice, shape (lat, lon); 37 levels (hPa), 32 Gaussian latitudes, 64
        longitudes; the coordinate ``time`` is a single date.

    Raises:
        DatasetMissing: if the data are not on this machine.

    Source:
        Hersbach et al. (2020), Q. J. R. Meteorol. Soc. 146, 1999.
    """
    return _checked(opened(ERA5_STATE), ERA5_STATE)


def open_era5_members() -> xr.Dataset:
    """Ten equally likely states of the atmosphere, 2017-01-01 and 02, every 12 hours.

    Returns:
        Geopotential and temperature at 500 and 850 hPa, shape (member, time, level, lat, lon), 3°.

    Raises:
        DatasetMissing: if the data are not on this machine.

    Source:
        Hersbach et al. (2020), Q. J. R. Meteorol. Soc. 146, 1999.
    """
    return _checked(opened(ERA5_MEMBERS), ERA5_MEMBERS)


def open_era5_z500() -> xr.DataArray:
    """How far 500 hPa lay above its usual height, each day from 2016-10-02 to 12.

    Returns:
        m, shape (time, lat, lon), 1°, the whole earth.

    Raises:
        DatasetMissing: if the data are not on this machine.

    Source:
        Steinfeld (2020), ConTrack; Hersbach et al. (2020), Q. J. R. Meteorol. Soc. 146, 1999.
    """
    return checked_field(opened(ERA5_Z500)["geopotential_height_anomaly"], ERA5_Z500)


def open_ersst() -> xr.DataArray:
    """Temperature of the sea in each month from January 2010 to August 2020.

    Returns:
        degC, shape (time, lat, lon), 2°, the whole earth; NaN on land.

    Raises:
        DatasetMissing: if the data are not on this machine.

    Source:
        Huang et al. (2017), J. Climate 30, 8179.
    """
    return checked_field(opened(ERSST)["sea_surface_temperature"], ERSST)


def converted_state(data: xr.Dataset) -> xr.Dataset:
    """One state of ERA5, from the file that was converted from neuralgcm's.

    Args:
        data: The converted file.

    Returns:
        Its variables, shape (level, lat, lon) or (lat, lon).

    Raises:
        BadInput: if the grid is not sound.
    """
    return _described(data, _STATE, ERA5_STATE)


def converted_members(data: xr.Dataset) -> xr.Dataset:
    """Members of ERA5, from the file that was converted from cfgrib's sample.

    Args:
        data: The converted file.

    Returns:
        Its variables, shape (member, time, level, lat, lon), levels ascending in pressure.

    Raises:
        BadInput: if the grid is not sound.
    """
    names = {"number": "member", "isobaricInhPa": "level", "z": "geopotential", "t": "temperature"}
    return _described(data.rename(names).sortby("level"), _MEMBERS, ERA5_MEMBERS)


def converted_height_anomaly(data: xr.Dataset) -> xr.Dataset:
    """The height anomaly of ConTrack's test file.

    Args:
        data: The file.

    Returns:
        ``geopotential_height_anomaly``, shape (time, lat, lon).

    Raises:
        BadInput: if the grid is not sound.
    """
    renamed = data.rename(anom="geopotential_height_anomaly")
    return _described(renamed, {"geopotential_height_anomaly": _HEIGHT}, ERA5_Z500)


def converted_sea(data: xr.Dataset) -> xr.Dataset:
    """The months of ERSST from the file of xarray's tutorial.

    Args:
        data: The file.

    Returns:
        ``sea_surface_temperature``, shape (time, lat, lon).

    Raises:
        BadInput: if the grid is not sound.
    """
    described = _described(
        data.rename(sst="sea_surface_temperature"), {"sea_surface_temperature": _SEA}, ERSST
    )
    return described.assign_attrs(source="NOAA Extended Reconstructed SST V5")


def _checked(data: xr.Dataset, source: str) -> xr.Dataset:
    """A dataset on one form of grid with values that can be in their units."""
    placed = centred_grid(data, source).astype(np.float64)
    for variable in placed.data_vars.values():
        require_plausible(variable, source)
    return placed


def _described(data: xr.Dataset, meanings: dict[str, Meaning], source: str) -> xr.Dataset:
    """The named variables on one form of grid, with the given meanings and nothing else."""
    placed = centred_grid(data[list(meanings)].drop_attrs().drop_encoding(), source)
    order = [axis for axis in _ORDER if axis in placed.dims]
    for name, meaning in meanings.items():
        own = [axis for axis in order if axis in placed[name].dims]
        placed[name] = placed[name].transpose(*own).assign_attrs(meaning._asdict())
    placed["time"].attrs = dict(_TIME)
    if "level" in placed.coords:
        placed["level"].attrs = dict(LEVEL)
    if "member" in placed.coords:
        placed["member"].attrs = {"standard_name": "realization", "units": "1"}
    return placed.assign_attrs(source=_ERA5)
