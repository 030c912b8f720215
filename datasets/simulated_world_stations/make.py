"""Stations in a generated world and eight imperfect forecasts for them, in a file."""

from collections.abc import Mapping
from pathlib import Path

import xarray as xr

from sciml.data.netcdf import write_netcdf
from sciml.weather.world.ensemble import FIRST_DAY, LEAD_HOURS, simulated_station_ensemble

DAYS = 6 * 365 + 1  # 2004 is a leap year
COMPRESSION = {"zlib": True, "complevel": 9, "shuffle": True}
MEANINGS = {
    "temperature": ("air_temperature", "K", 273.0),
    "precipitation": ("precipitation_amount", "mm", 0.0),
}
DIGITS = {"observation": 0.1, "forecast": 0.01}  # K or mm; what is stored is a multiple of it


def make(originals: Mapping[str, Path], target: Path) -> None:
    """Build the dataset, which takes some seconds.

    Args:
        originals: Not used: the data are simulated.
        target: The netCDF file to write.

    Raises:
        OSError: if the file cannot be written.
    """
    assert not originals
    data = described(simulated_station_ensemble(DAYS))
    write_netcdf(target, data, encoding=packing())


def packing() -> dict[str, dict[str, object]]:
    """How each variable is stored: values as whole numbers of digits, gaps as the fill value.

    Returns:
        Encodings as xarray takes them.
    """
    encoding: dict[str, dict[str, object]] = {
        f"{quantity}_{kind}": COMPRESSION
        | {"dtype": "int16", "scale_factor": digit, "add_offset": offset, "_FillValue": -(2**15)}
        for quantity, (_, _, offset) in MEANINGS.items()
        for kind, digit in DIGITS.items()
    }
    encoding["time"] = {"units": f"hours since {FIRST_DAY} 00:00:00", "dtype": "int32"}
    return encoding


def described(data: xr.Dataset) -> xr.Dataset:
    """The dataset with CF attributes.

    Args:
        data: From :func:`sciml.weather.world.ensemble.simulated_station_ensemble`.

    Returns:
        The same values.
    """
    for quantity, (standard_name, units, _) in MEANINGS.items():
        for kind in ("observation", "forecast"):
            data[f"{quantity}_{kind}"].attrs = {
                "standard_name": standard_name,
                "units": units,
                "long_name": f"{kind} of {quantity}",
            }
    data = data.assign_coords({"member": data["member"].astype(str)})
    data["time"].attrs = {"standard_name": "time", "long_name": "valid time"}
    data["member"].attrs = {"long_name": "centre of weather prediction"}
    data["station"].attrs = {"long_name": "station", "cf_role": "timeseries_id"}
    return data.assign_attrs(
        Conventions="CF-1.11",
        title="Stations in a generated world and eight imperfect forecasts for them",
        license="CC0-1.0",
        lead_hours=LEAD_HOURS,
    )
