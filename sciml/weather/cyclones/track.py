"""Track experts: what forecasts of where a storm goes have in common, and how they are judged.

Experts take cases as :mod:`sciml.weather.cyclones.cases` makes them and answer with displacements
in km, east and north on the plane that touches the present position. Most say by how far a storm
departs from a steady motion, so that one that knows nothing falls back to persistence.
"""

# Not strict: scikit-learn and xarray type what they hold as unknown.
# pyright: standard
from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import numpy as np
import xarray as xr

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.weather.cyclones.cases import known
from sciml.weather.cyclones.features import ENVIRONMENT, MOTION_HOURS, chosen, steady_motion
from sciml.weather.sphere import displaced, displacement, great_circle_distance

_KILOMETRES_PER_HOUR = 3.6  # in 1 m/s
_FURTHEST = 5.0  # standard deviations: beyond, a predictor counts as if it were there


_WAYS = ("eastward", "northward")
BASIC = (
    *("lat", "lon", "season_sin", "season_cos", "wind"),
    *(f"{way}_{hours}h" for hours in (6, 12, 24, 48) for way in _WAYS),
)
TRACK = (
    *("lat", "lon", "season_sin", "season_cos", "hour_sin", "hour_cos", "age"),
    *(f"{way}_{hours}h" for hours in MOTION_HOURS for way in _WAYS),
    *(f"{way}_change_{hours}h" for hours in (6, 12, 24) for way in _WAYS),
    *("wind", "pressure"),
    *(f"{name}_change_{hours}h" for name in ("wind", "pressure") for hours in (6, 12, 24)),
)
AROUND = (
    *(f"{name}{kind}" for name in ENVIRONMENT for kind in ("", "_change_24h", "_day")),
    *(f"{name}_change_{hours}h" for name in ENVIRONMENT for hours in (6, 12)),
    *("sea_minus_air", "pressure_deficit"),
)


class Persistence:
    """The motion of the last 12 h goes on."""

    def __init__(self) -> None:
        """Nothing is known yet of the leads."""
        self._leads: tuple[int, ...] = ()

    def fit(self, _cases: xr.Dataset, leads: Sequence[int], _seed: int, /) -> None:
        """There is nothing to learn; see :class:`sciml.weather.cyclones.expert.Expert`."""
        self._leads = tuple(leads)

    def predict(self, cases: xr.Dataset, /) -> FloatArray:
        """See :class:`sciml.weather.cyclones.expert.Expert`."""
        return steady_displacement(cases, self._leads)


class Standard(NamedTuple):
    """Predictors on one scale, with nothing missing."""

    mean: FloatArray  # (predictor,)
    std: FloatArray

    @classmethod
    def fit(cls, values: FloatArray) -> Self:
        """Mean and standard deviation of what is known; 0 and 1 for a predictor never known."""
        known_values = np.isfinite(values)
        number = np.maximum(known_values.sum(axis=0), 1)
        mean = np.where(known_values, values, 0).sum(axis=0) / number
        spread = np.where(known_values, values - mean, 0)
        std = np.sqrt((spread**2).sum(axis=0) / number)
        return cls(mean, np.where(std > 0, std, 1.0))

    def apply(self, values: FloatArray) -> FloatArray:
        """Standardised values, cut off far out; what is missing takes the mean."""
        scaled = np.clip((values - self.mean) / self.std, -_FURTHEST, _FURTHEST)
        return np.nan_to_num(scaled)


def steady_displacement(cases: xr.Dataset, leads: Sequence[int]) -> FloatArray:
    """Where the motion of the last 12 h leads, km, shape (case, lead, 2)."""
    motion = np.stack(steady_motion(cases["predictors"]), axis=1)  # (case, 2)
    hours = np.array(leads, np.float64) * _KILOMETRES_PER_HOUR
    return hours[:, None] * motion[:, None]


def observed_displacement(cases: xr.Dataset, leads: Sequence[int]) -> FloatArray:
    """Where the storm went, km, shape (case, lead, 2); NaN where that is not known."""
    later_lat, later_lon = (cases[f"later_{name}"].sel(lead=list(leads)) for name in ("lat", "lon"))
    lat, lon = (cases[name].values[:, None] for name in ("lat", "lon"))
    return np.stack(displacement(lat, lon, later_lat.values, later_lon.values), axis=-1)


def track_errors(cases: xr.Dataset, displacements: FloatArray, leads: Sequence[int]) -> FloatArray:
    """Great-circle distance between forecast and storm.

    Args:
        cases: What was to be forecast.
        displacements: km, shape (case, lead, 2).
        leads: Hours ahead.

    Returns:
        km, shape (case, lead); NaN where the storm's position is not known.
    """
    lat, lon = (cases[name].values[:, None] for name in ("lat", "lon"))
    forecast = displaced(lat, lon, displacements[..., 0], displacements[..., 1])
    later_lat, later_lon = (cases[f"later_{name}"].sel(lead=list(leads)) for name in ("lat", "lon"))
    return great_circle_distance(*forecast, later_lat.values, later_lon.values)


def learnable(cases: xr.Dataset, lead: int, names: Sequence[str]) -> tuple[FloatArray, FloatArray]:
    """Predictors and departures from a steady motion of the cases that have both.

    Args:
        cases: To learn from.
        lead: Hours ahead.
        names: Predictors.

    Returns:
        Shapes (case, predictor) and (case, 2), the latter in km.

    Raises:
        BadInput: if there is no such case.
    """
    usable = known(cases, lead) & moving(cases)
    if not usable.any():
        raise BadInput(
            f"cases: none has a position {lead} h later and a motion; "
            "take longer storms or a shorter lead"
        )
    part = cases.isel(case=np.flatnonzero(usable))
    target = observed_displacement(part, [lead]) - steady_displacement(part, [lead])
    return chosen(part["predictors"], names), target[:, 0]


def moving(cases: xr.Dataset) -> Any:
    """Whether the motion of the last 12 h is known, shape (case,)."""
    return np.isfinite(cases["predictors"].sel(predictor="eastward_12h").values)
