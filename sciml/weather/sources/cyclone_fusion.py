"""Atlantic storms joined with the reanalysis around them.

Fixes are of IBTrACS, the values around them of ERA5. The published table says for each fix what
came 6 to 48 hours later and whether the storm is to train, validate or test on.
"""

# Not strict: pandas and xarray type what they hold as unknown.
# pyright: standard
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from sciml.core.axes import FloatArray
from sciml.core.errors import DamagedFile
from sciml.weather.sources.stored import opened
from sciml.weather.sources.tracks import checked_tracks, fixes_of

CYCLONE_FUSION = "tropical_cyclone_fusion"
LEADS = (6, 12, 24, 48)  # h

_DIGITS = 3  # of degrees: positions are published with one or two


class Column(NamedTuple):
    """A column of the table: how it is stored, its unit and what it means."""

    dtype: str
    units: str
    meaning: str


def _leads(name: str, leads: tuple[int, ...], column: Column) -> dict[str, Column]:
    """The columns of a target at several leads."""
    return {
        f"{name}_next{lead}": column._replace(meaning=f"{column.meaning} {lead} h later")
        for lead in leads
    }


# Names, units and meanings follow the table's own dictionary; those in _PLACES are renamed.
COLUMNS: dict[str, Column] = {
    "season": Column("int16", "1", "year of the season"),
    "sst_c": Column("float64", "degC", "temperature of the sea surface, ERA5"),
    "t2m_c": Column("float64", "degC", "air temperature at 2 m, ERA5"),
    "msl_hpa": Column("float64", "hPa", "pressure at mean sea level, ERA5"),
    "u10": Column("float64", "m s-1", "eastward wind at 10 m, ERA5"),
    "v10": Column("float64", "m s-1", "northward wind at 10 m, ERA5"),
    "wind10": Column("float64", "m s-1", "wind speed at 10 m, ERA5"),
    "tp": Column("float64", "m", "precipitation, ERA5; see the caveats of the card"),
    **_leads("wmo_wind", (6, 12, 24), Column("float32", "kt", "wind")),
    "max_wmo_wind_next48": Column("float32", "kt", "strongest wind 6 to 48 h later"),
    **_leads("lat", LEADS, Column("float64", "degrees_north", "latitude")),
    **_leads("lon", LEADS, Column("float64", "degrees_east", "longitude")),
    **{
        f"has_next{lead}": Column("int8", "1", f"whether a fix {lead} h later exists")
        for lead in LEADS
    },
    "ri_next24": Column("int8", "1", "whether the wind rises by 30 kt or more in 24 h"),
    "rw_next24": Column("int8", "1", "whether the wind falls by 30 kt or more in 24 h"),
    "major_within48": Column("int8", "1", "whether the wind reaches 96 kt within 48 h"),
    "dissipates_within48": Column("int8", "1", "whether there is no fix 48 h later"),
    "et_within48": Column("int8", "1", "extratropical transition within 48 h; always 0"),
    "landfall_within24": Column("int8", "1", "whether it touches land within 24 h"),
    "landfall_within48": Column("int8", "1", "whether it touches land within 48 h"),
    "sample_weight": Column("float32", "1", "one over the number of fixes of the storm"),
}
_PLACES = ("storm_id", "iso_time", "lat", "lon", "wmo_wind", "wmo_pres", "split")
_VERSION = "dataset_version"


def open_cyclone_fusion() -> xr.Dataset:
    """Atlantic storms from 2000 to 2024 with the weather around them and what came next.

    Returns:
        Fixes with all columns of the published table by their published names, but ``storm``,
        ``time``, ``wind`` and ``pressure``, and ``split`` (train, val or test, by storm).
        ``repeat`` is 1 at the 17 fixes of a storm at the time of the fix before.

    Raises:
        DatasetMissing: if the data are not on this machine.

    Source:
        Mehedi (2025), IBTrACS + ERA5 Tropical Cyclone Benchmark, doi:10.5281/zenodo.17239540.
    """
    return checked_tracks(opened(CYCLONE_FUSION), CYCLONE_FUSION, repeats=True)


def cyclone_fusion_tracks(table: pd.DataFrame) -> xr.Dataset:
    """The published table as fixes.

    Args:
        table: `model_ready_2000_2024_v2`, of parquet or converted to CSV.

    Returns:
        Fixes in the order of the table.

    Raises:
        DamagedFile: if a column is missing, or there is one that this program does not know.
    """
    odd = {*COLUMNS, *_PLACES, _VERSION} ^ set(map(str, table.columns))
    if odd:
        raise DamagedFile(
            f"cyclone table: columns {', '.join(sorted(odd))} are missing or unknown; get the "
            "dataset again"
        )
    times = pd.to_datetime(table["iso_time"], utc=True).dt.tz_localize(None)
    places = {
        "storm": table["storm_id"].to_numpy(str),
        "time": times.to_numpy("datetime64[ns]"),
        "lat": _degrees(table, "lat"),
        "lon": _degrees(table, "lon"),
    }
    wind, pressure = (table[name].to_numpy(np.float32) for name in ("wmo_wind", "wmo_pres"))
    tracks = fixes_of(places, wind, pressure)
    for name, column in COLUMNS.items():
        degrees = column.units.startswith("degrees")
        values = _degrees(table, name) if degrees else table[name].to_numpy(column.dtype)
        tracks[name] = ("fix", values, {"units": column.units, "long_name": column.meaning})
    again = table.duplicated(["storm_id", "iso_time"]).to_numpy(np.int8)
    return tracks.assign(
        split=("fix", table["split"].to_numpy(str), {"long_name": "part, by storm"}),
        repeat=("fix", again, {"long_name": "whether the fix before is at the same time"}),
    ).assign_attrs(
        source="IBTrACS best tracks and ERA5 reanalysis",
        dataset_version=", ".join(sorted(set(table[_VERSION]))),
    )


def _degrees(table: pd.DataFrame, column: str) -> FloatArray:
    """Degrees as published, without the noise of single precision."""
    degrees: FloatArray = table[column].to_numpy(np.float64)
    return degrees.round(_DIGITS)
