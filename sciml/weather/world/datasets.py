"""The generated world as a dataset that comes with the project: a station ensemble."""

from typing import Literal, get_args

import numpy as np
import xarray as xr

from sciml.core.errors import BadInput
from sciml.core.nearest import nearest
from sciml.data.cards import read_card
from sciml.data.files import open_dataset

STATIONS = "simulated_world_stations"
Quantity = Literal["temperature", "precipitation"]

_PLACES = ("latitude", "longitude", "elevation")


def open_simulated_world_stations(
    quantity: Quantity = "temperature", part: str | None = None
) -> xr.Dataset:
    """Forecasts of eight imperfect models for stations of the generated world, with the reports.

    Args:
        quantity: ``temperature`` (K) or ``precipitation`` (mm in the 24 hours before).
        part: ``train``, ``validation`` or ``test``, whole years each; None for all of them.

    Returns:
        A station ensemble: ``forecast`` (case, member), NaN where a member is missing, and
        ``observation`` (case), NaN where there is no report; along ``case``, by date and then by
        station, ``time`` (when the forecast is valid), ``station``, ``latitude``, ``longitude``
        and ``elevation``.

    Raises:
        BadInput: if there is no such quantity or part.
        DatasetMissing: if the file that comes with the project is not there.
    """
    if quantity not in get_args(Quantity):
        raise BadInput(f"quantity: no '{quantity}'; {nearest(quantity, get_args(Quantity))}")
    stored = of_part(open_dataset(STATIONS), part)
    names = {f"{quantity}_{kind}": kind for kind in ("forecast", "observation")}
    chosen = stored[list(names)].rename(names).assign_coords({n: stored[n] for n in _PLACES})
    cases = chosen.stack(case=("time", "station"), create_index=False)
    return cases.transpose("case", "member")


def of_part(data: xr.Dataset, part: str | None) -> xr.Dataset:
    """The years of a part of the split.

    Args:
        data: With the coordinate ``time``.
        part: As the card of the dataset names it; None for all years.

    Returns:
        The dataset at these times.

    Raises:
        BadInput: if there is no such part.
    """
    if part is None:
        return data
    splits = read_card(STATIONS).splits
    assert splits is not None
    if part not in splits.cases:
        raise BadInput(f"part: no '{part}'; {nearest(part, splits.cases)}")
    years = [int(year) for year in splits.cases[part]]
    return data.sel(time=np.isin(data["time"].dt.year.values, years))
