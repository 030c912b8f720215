"""What a published mixture of field forecasters achieved: errors by lead, with intervals."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr

from sciml.core.errors import BadInput
from sciml.data.netcdf import open_netcdf
from sciml.weather.scores.bootstrap import Draws, Interval, blocks_of_days, bootstrap_difference

BLOCK_DAYS = 15  # errors of neighbouring days are alike; weather forgets within two weeks
MIXTURE, SIMPLE = "mixture", ("persistence", "damped persistence", "climatology")
_DRAWS = Draws(seed=0, number=2000)


class Margin(NamedTuple):
    """How the mixture compares with its best expert at a lead."""

    lead: int
    mixture: float  # root-mean-square error, in the unit of the field
    best: str  # the expert with the smallest error on the same forecasts
    expert: float  # its error
    difference: Interval  # of the mean squared errors, mixture less expert


def read_errors(record: Path) -> xr.DataArray:
    """The squared errors of a record.

    Args:
        record: Folder with ``errors.nc``.

    Returns:
        Squared error (forecaster, time, lead) in squared units of the field.

    Raises:
        BadInput: if there is no such file.
    """
    return open_netcdf(record / "errors.nc")["squared_error"].astype(np.float64)


def experts_in(errors: xr.DataArray) -> list[str]:
    """The forecasters that take part in the mixture, and those simpler than it.

    Args:
        errors: From :func:`read_errors`.

    Returns:
        Names, all that are no mixtures.
    """
    names = [str(name) for name in errors["forecaster"].values]
    return [name for name in names if not name.startswith(MIXTURE)]


def rmse(errors: xr.DataArray) -> xr.DataArray:
    """Root-mean-square errors over all forecasts that are due.

    Args:
        errors: From :func:`read_errors`.

    Returns:
        Shape (forecaster, lead).
    """
    return errors.mean("time") ** 0.5


def margins(errors: xr.DataArray) -> list[Margin]:
    """The mixture against its best expert at each lead, in blocks of days.

    Args:
        errors: From :func:`read_errors`.

    Returns:
        One margin for each lead. The best expert is found on the same forecasts, which favours
        the expert.
    """
    table = rmse(errors)
    names, found = experts_in(errors), []
    for lead in errors["lead"].values.tolist():
        at = table.sel(lead=lead)
        best = min(names, key=lambda name, at=at: float(at.sel(forecaster=name)))
        found.append(
            Margin(
                lead,
                float(at.sel(forecaster=MIXTURE)),
                best,
                float(at.sel(forecaster=best)),
                difference(errors, MIXTURE, best, lead),
            )
        )
    return found


def difference(errors: xr.DataArray, one: str, other: str, lead: int) -> Interval:
    """By how much one forecaster's mean squared error exceeds another's.

    Args:
        errors: From :func:`read_errors`.
        one: A forecaster.
        other: What it is compared with on the same forecasts.
        lead: Steps ahead.

    Returns:
        Difference and its interval from blocks of days.

    Raises:
        BadInput: if a forecaster is not in the record.
    """
    names = [str(name) for name in errors["forecaster"].values]
    for name in (one, other):
        if name not in names:
            raise BadInput(f"record: no forecaster '{name}'; there are {names}")
    pair = errors.sel(forecaster=[one, other], lead=lead)
    due = pair.dropna("time")
    first, second = due.values
    blocks = blocks_of_days(due["time"].values, BLOCK_DAYS)
    return bootstrap_difference(first, second, blocks, _DRAWS)
