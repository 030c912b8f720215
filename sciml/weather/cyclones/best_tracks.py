"""Forecasts from best tracks alone: a baseline like CLIPER, and models carried to another ocean.

A best track is found after the storm from all that was observed, so who forecasts from it knows
more than a forecaster at the time did. Even so, what is not in a track, above all the winds that
steer the storm, is missing: such a forecast cannot approach those of the hurricane centres.
"""

# Not strict: xarray types what it holds as unknown.
# pyright: standard
from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from sciml.core.axes import BoolArray, FloatArray, axes
from sciml.core.errors import BadInput
from sciml.weather.cyclones.cases import cases_of, synoptic
from sciml.weather.cyclones.expert import Makers
from sciml.weather.cyclones.fixes import ABSENT, StormFixes
from sciml.weather.cyclones.regressions import (
    Kernel,
    Quadratic,
    QuadraticSettings,
    Trees,
    TreeSettings,
)
from sciml.weather.cyclones.track import moving

ATLANTIC_LEADS = (12, 24, 36, 48, 72, 96, 120)  # h, of the official forecasts
TYPHOON_LEADS = (6, 12, 24, 48, 72)  # h

# 2/3 of the official errors of 2018 to 2022 were smaller: radii of the National Hurricane Center's
# forecast cone of 2023, Atlantic, n mi.
OFFICIAL_TWO_THIRDS: Mapping[int, float] = {
    12: 26.0,
    24: 39.0,
    36: 53.0,
    48: 67.0,
    72: 99.0,
    96: 145.0,
    120: 205.0,
}

TROPICAL = ("TD", "TS", "HU", "SD", "SS")  # status in HURDAT2: tropical or subtropical cyclones
TYPHOON_GRADES = (2, 3, 4, 5)  # of RSMC Tokyo: depression to typhoon

CLIPER = (
    *("lat", "lon", "season_sin", "season_cos", "wind"),
    *("eastward_12h", "northward_12h"),
)
_WAYS = ("eastward", "northward")
# Nothing that an ocean is known by: no longitude, no season, no wind (agencies average it over
# different times). Latitude stays, which says how far the westerlies are.
ANYWHERE = (
    *(f"{way}_{hours}h" for hours in (6, 12, 18, 24, 36, 48) for way in _WAYS),
    *(f"{way}_change_{hours}h" for hours in (6, 12, 24) for way in _WAYS),
    *("speed_12h", "speed_24h", "lat"),
)


def counted_cases(tracks: xr.Dataset, counted: BoolArray, leads: Sequence[int]) -> xr.Dataset:
    """Cases at 00, 06, 12 and 18 UTC of storms that count both then and when they are verified.

    Args:
        tracks: Best tracks, along ``fix``.
        counted: Which fixes count, such as those of tropical cyclones. Shape (fix,).
        leads: Hours ahead.

    Returns:
        As :func:`sciml.weather.cyclones.cases.cases_of` gives them; only cases whose motion over
        12 h is known.

    Raises:
        BadInput: if no case is left.
    """
    axes(counted, "fix", "counted", fix=tracks.sizes["fix"])
    kept = np.flatnonzero(synoptic(tracks))
    tracks, counted = tracks.isel(fix=kept), counted[kept]
    cases, fixes = cases_of(tracks, leads), StormFixes(tracks)
    for index, lead in enumerate(leads):
        place = fixes.at(lead)
        wrong = (place == ABSENT) | ~counted[np.maximum(place, 0)]
        for name in ("later_lat", "later_lon", "later_wind"):
            cases[name].values[wrong, index] = np.nan
    usable = counted & moving(cases)
    if not usable.any():
        raise BadInput("tracks: no fix that counts has one 12 h before it; take longer storms")
    return cases.isel(case=np.flatnonzero(usable))


def atlantic_cases(
    tracks: xr.Dataset, first: int, last: int, leads: Sequence[int] = ATLANTIC_LEADS
) -> xr.Dataset:
    """Tropical and subtropical cyclones of some years, with a wind.

    Args:
        tracks: From :func:`sciml.weather.sources.open_hurdat2`.
        first: First year.
        last: Last year, included.
        leads: Hours ahead; by default those of the official forecasts.

    Returns:
        The cases.

    Raises:
        BadInput: if there is none.
    """
    years = tracks["time"].dt.year.values
    part = tracks[["wind", "pressure", "status"]].isel(
        fix=np.flatnonzero((years >= first) & (years <= last))
    )
    tropical = np.isin(part["status"].values, TROPICAL) & np.isfinite(part["wind"].values)
    return counted_cases(part, tropical, leads)


def typhoon_cases(tracks: xr.Dataset, first: int, last: int) -> xr.Dataset:
    """Depressions to typhoons of some years.

    Args:
        tracks: From :func:`sciml.weather.sources.open_jma_typhoons`.
        first: First year.
        last: Last year, included.

    Returns:
        The cases, at ``TYPHOON_LEADS``.

    Raises:
        BadInput: if there is none.
    """
    years = tracks["time"].dt.year.values
    part = tracks[["wind", "pressure", "grade"]].isel(
        fix=np.flatnonzero((years >= first) & (years <= last))
    )
    return counted_cases(part, np.isin(part["grade"].values, TYPHOON_GRADES), TYPHOON_LEADS)


def cliper(ridge: float = 1.0, wind: str = "wind") -> Quadratic:
    """A regression on place, season, strength and motion, and on their products.

    Args:
        ridge: Penalty on squared coefficients.
        wind: What tells the strength; ``pressure`` where winds of weak storms are missing.

    Returns:
        An expert that has not learnt yet.

    Source:
        The idea of Neumann (1972), NOAA Tech. Memo. NWS SR-62; the regression is our own.
    """
    names = tuple(wind if name == "wind" else name for name in CLIPER)
    return Quadratic(QuadraticSettings(ridge=ridge), names)


def portable_makers() -> Makers:
    """Experts that know nothing of the ocean that a storm is in."""
    trees = TreeSettings(iterations=200, learning_rate=0.05)
    return {
        "quadratic": lambda: Quadratic(QuadraticSettings(ridge=100.0), ANYWHERE),
        "kernel": lambda: Kernel(predictors=ANYWHERE),
        "trees": lambda: Trees(trees, ANYWHERE),
    }


def mirrored(tracks: xr.Dataset) -> xr.Dataset:
    """Storms of the southern hemisphere as if they were in the northern one.

    Args:
        tracks: Along ``fix``.

    Returns:
        The same fixes with latitudes north of the equator; poleward is northward for all.
    """
    lat: FloatArray = np.abs(tracks["lat"].values)
    return tracks.assign_coords(lat=("fix", lat, tracks["lat"].attrs))
