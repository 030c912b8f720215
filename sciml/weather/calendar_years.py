"""Splits by calendar years: what is judged lies apart from what was learnt."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sciml.core.axes import BoolArray, IntArray
from sciml.core.errors import BadInput
from sciml.weather.forecast import step_of


def split_by_years(
    field: xr.DataArray, parts: Mapping[str, Iterable[int]], embargo: int
) -> dict[str, xr.DataArray]:
    """Cut a field into parts of whole calendar years.

    Args:
        field: A field with the axis ``time``.
        parts: The years of each part. Where two parts meet, the one that is named first gives
            way; so name the training part first and the judged part last.
        embargo: Steps left out of a part on both sides of any part named after it: the longest
            lead and history, so that no pair of the one overlaps the other.

    Returns:
        The parts, which may have gaps; times in no part are left out.

    Raises:
        BadInput: if a year stands in two parts or is not in the record, or a part is empty.
    """
    years = years_of(field["time"].values)
    numbers = {part: sorted({int(year) for year in chosen}) for part, chosen in parts.items()}
    seen: dict[int, str] = {}
    for part, chosen in numbers.items():
        for year in chosen:
            if year in seen:
                raise BadInput(f"year {year} stands in part '{seen[year]}' and again in '{part}'")
            if year not in years:
                raise BadInput(
                    f"part '{part}': the record has no year {year}; "
                    f"it runs from {years[0]} to {years[-1]}"
                )
            seen[year] = part
    members = {part: np.isin(years, chosen) for part, chosen in numbers.items()}
    found: dict[str, xr.DataArray] = {}
    names = list(members)
    for position, part in enumerate(names):
        later = np.zeros(len(years), bool)
        for other in names[position + 1 :]:
            later |= members[other]
        kept = members[part] & ~_near(later, field["time"].values, embargo)
        if not kept.any():
            raise BadInput(f"part '{part}' is empty: the embargo of {embargo} takes all of it")
        found[part] = field.isel(time=np.flatnonzero(kept))
    return found


class Fold(NamedTuple):
    """One year and all others."""

    year: int
    others: xr.DataArray  # may have a gap
    held_out: xr.DataArray


def folds_by_year(field: xr.DataArray, embargo: int, groups: int | None = None) -> Iterator[Fold]:
    """Each year in turn held out of all others.

    Args:
        field: A field of two calendar years or more.
        embargo: Steps left out of the others on both sides of the year.
        groups: Number of folds, consecutive years together; None: as many as years.

    Yields:
        The folds, in order of time; ``year`` is the first year that is held out.

    Raises:
        BadInput: if there are fewer years than folds, or fewer than two.
    """
    years = np.unique(years_of(field["time"].values))
    count = len(years) if groups is None else groups
    if not 2 <= count <= len(years):
        raise BadInput(f"folds: expected 2 to {len(years)} (the years of the record), got {count}")
    for chosen in np.array_split(years, count):
        rest = [year for year in years if year not in chosen]
        parts = split_by_years(field, {"others": rest, "held out": chosen.tolist()}, embargo)
        yield Fold(int(chosen[0]), parts["others"], parts["held out"])


def years_of(times: NDArray[np.datetime64]) -> IntArray:
    """The calendar year of each time.

    Args:
        times: Shape (time,).

    Returns:
        Years, shape (time,).
    """
    return times.astype("datetime64[Y]").astype(np.int64) + 1970


def _near(chosen: BoolArray, times: NDArray[np.datetime64], embargo: int) -> BoolArray:
    """The times within some steps of a chosen one."""
    if not chosen.any():
        return np.zeros(len(times), bool)
    centre = times[chosen]
    reach = embargo * step_of(times)
    after = np.searchsorted(centre, times)
    before = np.clip(after - 1, 0, None)
    gaps = np.minimum(
        np.abs(times - centre[before]),
        np.abs(centre[np.clip(after, None, len(centre) - 1)] - times),
    )
    return gaps <= reach
