"""Rain as radars see it: frames of minutes, for forecasts of the next hour."""

# Not strict: xarray types coordinates and attributes as unknown.
# pyright: standard
import xarray as xr

from sciml.weather.sources.grids import centred_grid, checked_field
from sciml.weather.sources.stored import opened

MRMS = "mrms_rain_2019"

RAIN_RATE = {
    "units": "mm h-1",
    "standard_name": "rainfall_rate",
    "long_name": "rate of rain at the ground, mean of 4 by 4 published cells",
    "cell_methods": "time: point area: mean",
}
_PACKING = {"dtype": "int16", "_FillValue": -32768, "scale_factor": 0.01}


def open_mrms() -> xr.DataArray:
    """Rain over an hour and ten minutes of 2019-06-10 in the Midwest of the United States.

    Returns:
        mm/h, shape (time, lat, lon): 36 frames 2 minutes apart of 128 by 128 cells of 0.04°.

    Raises:
        DatasetMissing: if the data are not on this machine.

    Source:
        Zhang et al. (2016), Bull. Amer. Meteor. Soc. 97, 621.
    """
    return checked_field(opened(MRMS)["rainfall_rate"], MRMS)


def converted_rain(data: xr.Dataset) -> xr.Dataset:
    """The rain of a netCDF file that was converted from the published GRIB files.

    Args:
        data: Has the variable ``rainfall_rate``, mm/h.

    Returns:
        ``rainfall_rate``, shape (time, lat, lon).

    Raises:
        BadInput: if the grid is not sound.
    """
    placed = centred_grid(data["rainfall_rate"].drop_attrs().drop_encoding(), MRMS)
    placed["time"].attrs = {"standard_name": "time", "axis": "T"}
    placed.attrs = dict(RAIN_RATE)
    placed.encoding = dict(_PACKING)
    rain = placed.to_dataset(name="rainfall_rate", promote_attrs=False)
    return rain.assign_attrs(source="Multi-Radar/Multi-Sensor System, NOAA/NSSL")
