"""The generated worlds as data: a station ensemble that comes with the project, and fields."""

from typing import Literal, get_args

import numpy as np
import xarray as xr

from sciml.core.errors import BadInput
from sciml.core.nearest import nearest
from sciml.data.cards import read_card
from sciml.data.files import open_dataset
from sciml.weather.world.channel_weather import (
    pressure_field,
    simulated_channel,
    temperature_field,
)

STATIONS = "simulated_world_stations"
Quantity = Literal["temperature", "precipitation"]
FieldQuantity = Literal["pressure", "temperature"]
CHANNEL_DAYS = 5 * 365  # by default, which take about 15 s to simulate

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


def open_simulated_channel(
    quantity: FieldQuantity = "pressure",
    days: int = CHANNEL_DAYS,
    *,
    hours: int = 24,
    seed: int = 0,
) -> xr.DataArray:
    """Weather of the channel to forecast, simulated now; all processors simulate the same.

    Args:
        quantity: ``pressure`` at the ground (hPa) or ``temperature`` near it (K).
        days: Days of weather.
        hours: From one field to the next.
        seed: Of the state before the spin-up.

    Returns:
        A field (time, lat, lon) on 24 latitudes and 48 longitudes around the globe.

    Raises:
        BadInput: if there is no such quantity, or the times are not those of steps.
    """
    if quantity not in get_args(FieldQuantity):
        raise BadInput(f"quantity: no '{quantity}'; {nearest(quantity, get_args(FieldQuantity))}")
    weather = simulated_channel(days, hours=hours, seed=seed)
    return (pressure_field if quantity == "pressure" else temperature_field)(weather)


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
