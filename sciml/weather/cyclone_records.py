"""What the recipes of tropical cyclones stored, beside what came."""

# Not strict: xarray types what it holds as unknown.
# pyright: standard
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr

from sciml.core.axes import BoolArray, FloatArray
from sciml.core.errors import DamagedFile
from sciml.core.paths import shown
from sciml.data.netcdf import open_netcdf
from sciml.weather.cyclone_tasks import INTENSITY_FILE, PARTS, TRACK_FILE, counted_rapid
from sciml.weather.cyclones.cases import TEST, published
from sciml.weather.cyclones.rapid import fates
from sciml.weather.cyclones.verification import mixture_errors


class Told(NamedTuple):
    """Forecasts of a part of the table, and the cases that they are of."""

    forecast: xr.Dataset  # along case
    cases: xr.Dataset


class RapidTold(NamedTuple):
    """Probabilities of rapid intensification, what came, and whose storm it was."""

    probability: FloatArray  # (case,)
    rapid: BoolArray
    storm: np.ndarray


def track_forecasts(record: Path, table: xr.Dataset, part: str = TEST) -> Told:
    """Stored track forecasts.

    Args:
        record: Folder of a record of ``weather/cyclone-track``.
        table: From :func:`sciml.weather.cyclones.cases.table_cases`.
        part: ``val`` or ``test``.

    Returns:
        Forecasts and cases, in the same order.

    Raises:
        BadInput: if there is no record.
        DamagedFile: if it is of another table.
    """
    return _told(record / TRACK_FILE, table, part)


def intensity_forecasts(record: Path, table: xr.Dataset, part: str = TEST) -> Told:
    """Stored winds and probabilities; see :func:`track_forecasts`.

    Args:
        record: Folder of a record of ``weather/rapid-intensification``.
        table: From :func:`sciml.weather.cyclones.cases.table_cases`.
        part: ``val`` or ``test``.

    Returns:
        Forecasts and cases, in the same order.

    Raises:
        BadInput: if there is no record.
        DamagedFile: if it is of another table.
    """
    return _told(record / INTENSITY_FILE, table, part)


def counted_errors(told: Told, lead: int) -> tuple[FloatArray, np.ndarray]:
    """Errors of the mixture on the cases that published scores count, km, and their storms.

    Args:
        told: From :func:`track_forecasts`.
        lead: Hours ahead.

    Returns:
        Two arrays of shape (case,).
    """
    counted = published(told.cases, lead)
    errors = mixture_errors(told.forecast, told.cases).sel(lead=lead).values
    return errors[counted], told.cases["storm"].values[counted]


def rapid_told(told: Told, part: str = TEST) -> RapidTold:
    """Probabilities of the cases that published scores count.

    Args:
        told: From :func:`intensity_forecasts`.
        part: ``val`` or ``test``.

    Returns:
        Probability, fate and storm of each.
    """
    counted = counted_rapid(told.cases, part)
    return RapidTold(
        told.forecast["rapid"].values[counted].astype(np.float64),
        fates(told.cases).rapid[counted],
        told.cases["storm"].values[counted],
    )


def _told(path: Path, table: xr.Dataset, part: str) -> Told:
    """Forecasts of a part, and its cases."""
    stored = open_netcdf(path).drop_encoding()
    chosen = stored.isel(case=np.flatnonzero(stored["part"].values == PARTS.index(part)))
    rows, expected = chosen["row"].values, np.flatnonzero(table["split"].values == part)
    if not np.array_equal(rows, expected):
        raise DamagedFile(
            f"{shown(path)}: {rows.size} cases, the table has {expected.size}; run the recipe again"
        )
    cases = table.isel(case=rows)
    places = {name: ("case", cases[name].values) for name in ("storm", "time", "lat", "lon")}
    return Told(chosen.assign_coords(places), cases)
