"""What a forecast at stations is worth when models fail to arrive."""

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from sciml.core.errors import BadInput
from sciml.weather.post_processing.experts import Expert
from sciml.weather.post_processing.table import station_table
from sciml.weather.scores.ensemble import crps_of_members

RAW = "raw members"


def scores_by_members_left(
    experts: Mapping[str, Expert],
    data: xr.Dataset,
    left: Sequence[int],
    *,
    first_judged: np.datetime64,
    neighbours: int = 0,
    seed: int = 0,
) -> xr.DataArray:
    """Train experts on complete ensembles, and judge them on ensembles that lack members.

    Which members are left is drawn anew for each case. What the experts are told, such as the
    station's past errors, is computed of what is left, as it would be when forecasts are issued.

    Args:
        experts: By name; they are fitted here, on the cases before ``first_judged``.
        data: A station ensemble; see :mod:`sciml.weather.stations`.
        left: Numbers of members, each from 1 to all of them.
        first_judged: Valid time from which on cases lose members and are judged.
        neighbours: Stations around each one whose errors are told.
        seed: Of the draw.

    Returns:
        Mean CRPS in the unit of the data (forecaster, members left); the first forecaster is the
        raw members.

    Raises:
        BadInput: if a number of members is not there to be left, or no case lies before or after
            ``first_judged``.
    """
    members = data.sizes["member"]
    if not left or min(left) < 1 or max(left) > members:
        raise BadInput(f"left: expected numbers from 1 to {members}, got {list(left)}")
    whole = station_table(data, neighbours=neighbours)
    past = whole.take((whole.time < first_judged) & whole.known)
    if not 0 < len(past.day) < int(whole.known.sum()):
        raise BadInput(
            f"first_judged: {first_judged}: expected a date that divides the data, which go from "
            f"{whole.time[0]} to {whole.time[-1]}"
        )
    for expert in experts.values():
        expert.fit(past)
    scores = np.empty((1 + len(experts), len(left)))
    for column, number in enumerate(left):
        table = station_table(
            _with_members_left(data, number, first_judged, seed), neighbours=neighbours
        )
        cases = table.take((table.time >= first_judged) & table.known)
        said = [cases.forecast, *(expert.predict(cases) for expert in experts.values())]
        scores[:, column] = [crps_of_members(one, cases.observation).mean() for one in said]
    return xr.DataArray(
        scores,
        {"forecaster": [RAW, *experts], "left": list(left)},
        name="crps",
        attrs={"units": data["forecast"].attrs.get("units", "1")},
    )


def _with_members_left(
    data: xr.Dataset, number: int, first: np.datetime64, seed: int
) -> xr.Dataset:
    """Each case from a date on with so many members, drawn anew."""
    forecast = data["forecast"].transpose("case", "member").values.copy()
    numbers = np.tile(np.arange(forecast.shape[1]), (len(forecast), 1))
    drawn = np.random.default_rng(seed).permuted(numbers, axis=1)
    late = data["time"].values >= first
    forecast[late[:, None] & (drawn >= number)] = np.nan
    return data.assign(forecast=(("case", "member"), forecast, data["forecast"].attrs))
