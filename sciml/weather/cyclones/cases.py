"""Forecast cases: what was known at a fix, beside what came so many hours later."""

# Not strict: xarray types coordinates and attributes as unknown.
# pyright: standard
from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from sciml.core.axes import BoolArray, FloatArray
from sciml.core.errors import BadInput
from sciml.weather.cyclones.features import ENVIRONMENT, predictors
from sciml.weather.cyclones.fixes import StormFixes

LEADS = (6, 12, 24, 48)  # h
TRAIN, VALIDATION, TEST = "train", "val", "test"

# Fixes that a storm must have before a case counts in the published scores: its features look back
# 12, 24 and 48 h, which leaves 1984, 1729 and 1285 cases to test on. At 48 h nothing was published.
FIXES_BEFORE: Mapping[int, int] = {6: 2, 12: 4, 24: 8, 48: 8}
RAPID = 30.0  # kt in 24 h: rapid intensification
FIRST_RAPID_TEST = 2022  # season of the published classification; 2021 was its validation

WINDOW_NORTH, WINDOW_WEST, WINDOW_EAST = 50.0, -100.0, -10.0  # of the table, degrees
_SYNOPTIC = (0, 6, 12, 18)  # UTC


def cases_of(
    tracks: xr.Dataset, leads: Sequence[int] = LEADS, environment: Sequence[str] = ()
) -> xr.Dataset:
    """A case for each fix.

    Args:
        tracks: As :func:`sciml.weather.cyclones.features.predictors` takes them.
        leads: Hours ahead.
        environment: Further variables to predict from.

    Returns:
        Along ``case``, in the order of the fixes: ``predictors`` (case, predictor); ``later_lat``,
        ``later_lon`` and ``later_wind`` (case, lead), NaN where the storm has no fix at that very
        time, such as beyond the end of its record; the coordinates storm, time, season, lat, lon,
        and ``fixes_before``.

    Raises:
        BadInput: if a variable looks ahead or is missing, or a lead is not positive.
    """
    if not leads or min(leads) <= 0:
        raise BadInput(f"leads: expected hours ahead, got {tuple(leads)}; give positive numbers")
    fixes = StormFixes(tracks)
    known = predictors(tracks, environment).rename(fix="case")
    later = {
        f"later_{name}": (
            ("case", "lead"),
            np.stack([fixes.value(name, lead) for lead in leads], axis=1),
        )
        for name in ("lat", "lon", "wind")
    }
    along = {name: ("case", tracks[name].values) for name in ("storm", "time", "lat", "lon")}
    years = tracks["season"] if "season" in tracks else tracks["time"].dt.year
    return xr.Dataset(
        {"predictors": known, **later},
        coords={
            **along,
            "season": ("case", years.values.astype(np.int64)),
            "fixes_before": ("case", fixes.number_before()),
            "lead": ("lead", list(leads), {"units": "h"}),
        },
    )


def table_cases(table: xr.Dataset, environment: Sequence[str] = ENVIRONMENT) -> xr.Dataset:
    """The cases of the published table, with the targets that its scores count.

    The table takes as target the row so many rows on; where a storm has a gap or two fixes at one
    time, that is not so many hours on. ``on_time`` marks the others.

    Args:
        table: From :func:`sciml.weather.sources.open_cyclone_fusion`.
        environment: Variables to predict from.

    Returns:
        As :func:`cases_of` gives them, with ``on_time`` (case, lead) and the coordinate ``split``.

    Raises:
        BadInput: if a variable of the environment looks ahead or is missing.
    """
    cases = cases_of(table, LEADS, environment)
    on_time = cases["later_lat"].notnull()
    for name in ("lat", "lon"):
        columns = [table[f"{name}_next{lead}"].values.astype(float) for lead in LEADS]
        on_time &= np.isclose(cases[f"later_{name}"], np.stack(columns, axis=1))
        cases[f"later_{name}"] = (("case", "lead"), np.stack(columns, axis=1))
    for column, lead in enumerate(LEADS):
        if f"wmo_wind_next{lead}" in table:
            cases["later_wind"].values[:, column] = table[f"wmo_wind_next{lead}"].values
    return cases.assign(on_time=on_time).assign_coords(split=("case", table["split"].values))


def earlier_storms(best_tracks: xr.Dataset, first: int, last: int) -> xr.Dataset:
    """Storms of whole seasons, cut to the window and to the hours of the published table.

    Args:
        best_tracks: From :func:`sciml.weather.sources.open_hurdat2`.
        first: First season.
        last: Last season, included; a season is the year of a storm's first fix.

    Returns:
        Their fixes at 00, 06, 12 and 18 UTC within 50 °N, 100 °W and 10 °W, with ``season``.

    Raises:
        BadInput: if there is none.
    """
    years = best_tracks["time"].dt.year.values
    _, storm = np.unique(best_tracks["storm"].values, return_inverse=True)
    season = np.full(storm.max() + 1, np.iinfo(np.int64).max)
    np.minimum.at(season, storm, years)
    lat, lon = best_tracks["lat"].values, best_tracks["lon"].values
    kept = (season[storm] >= first) & (season[storm] <= last) & synoptic(best_tracks)
    kept &= (lat <= WINDOW_NORTH) & (lon >= WINDOW_WEST) & (lon <= WINDOW_EAST)
    if not kept.any():
        raise BadInput(f"seasons: no storm from {first} to {last}; the record has {years.min()} on")
    chosen = best_tracks[["wind", "pressure"]].assign_coords(season=("fix", season[storm]))
    return chosen.isel(fix=np.flatnonzero(kept))


def synoptic(tracks: xr.Dataset) -> BoolArray:
    """Whether each fix is at 00, 06, 12 or 18 UTC, shape (fix,)."""
    time = tracks["time"]
    on_the_hour = time.values == time.values.astype("datetime64[h]")
    return np.isin(time.dt.hour.values, _SYNOPTIC) & on_the_hour


def published(cases: xr.Dataset, lead: int, split: str | None = None) -> BoolArray:
    """Which cases the published scores count at a lead.

    Args:
        cases: From :func:`table_cases`.
        lead: One of ``LEADS``.
        split: ``train``, ``val`` or ``test``; None for all.

    Returns:
        Shape (case,).
    """
    counted = (cases["fixes_before"].values >= FIXES_BEFORE[lead]) & known(cases, lead)
    return counted if split is None else counted & (cases["split"].values == split)


def known(cases: xr.Dataset, lead: int) -> BoolArray:
    """Whether the position so many hours later is known, shape (case,)."""
    return np.isfinite(cases["later_lat"].sel(lead=lead).values)


def wind_change(cases: xr.Dataset, lead: int) -> FloatArray:
    """By how much the wind rises within so many hours, kt; NaN where unknown. Shape (case,)."""
    now = cases["predictors"].sel(predictor="wind").values
    return cases["later_wind"].sel(lead=lead).values - now


def together(*parts: xr.Dataset) -> xr.Dataset:
    """Cases of several sources, one after the other.

    Args:
        *parts: From :func:`cases_of`, with the same leads.

    Returns:
        All cases, with the predictors of any part; NaN where a part lacks one.
    """
    extra = ("on_time", "split")
    cut = [part.drop_vars(extra, errors="ignore") for part in parts]
    return xr.concat(cut, "case", join="outer", data_vars="minimal", coords="minimal")
