"""What is known of a storm when a forecast is issued, as numbers that a regression can take.

Everything is computed from the fix itself and from earlier fixes of the same storm. What looks
ahead is refused by name.
"""

# Not strict: xarray types coordinates and attributes as unknown.
# pyright: standard
import re
from collections.abc import Sequence

import numpy as np
import xarray as xr

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.core.nearest import nearest
from sciml.weather.cyclones.fixes import StormFixes
from sciml.weather.land import distance_to_land
from sciml.weather.sphere import displaced, displacement

ENVIRONMENT = ("sst_c", "t2m_c", "msl_hpa", "u10", "v10", "tp")
MOTION_HOURS = (6, 12, 18, 24, 36, 48, 72)  # h back
TENDENCY_HOURS = (6, 12, 24)  # h back
LAND_HOURS = (0, 6, 12, 18, 24)  # h on, at the motion of the last 12 h

STEADY_HOURS = 12  # h back, over which the motion that a storm keeps is measured
KNOTS_PER_METRE_PER_SECOND = 1.943844
_KILOMETRES_PER_HOUR = 3.6  # in 1 m/s
_DAYS_PER_YEAR = 365.25

# Columns of published tables that tell what came later. `sample_weight` does too: it is one over
# the number of fixes that the storm was going to have.
_LOOKS_AHEAD = re.compile(r"next|within_?\d|future|ahead|later|^sample_weight$|^split$|^rw_|^ri_")


def refuse_future(names: Sequence[str]) -> None:
    """Refuse variables that tell what was not known when the forecast was issued.

    Args:
        names: Of variables that somebody wants to predict from.

    Raises:
        BadInput: if a name is one of a target, such as ``lat_next24``, ``landfall_within48`` or
            ``has_next6``, of the split, or of a weight by the length of the storm.
    """
    wrong = [name for name in names if _LOOKS_AHEAD.search(name)]
    if wrong:
        raise BadInput(
            f"predictors: {', '.join(wrong)} look(s) ahead of the forecast; "
            f"leave it out, and predict from what was known, such as {', '.join(ENVIRONMENT)}"
        )


def predictors(tracks: xr.Dataset, environment: Sequence[str] = ()) -> xr.DataArray:
    """All predictors of each fix.

    Args:
        tracks: Along ``fix`` in any order, with the coordinates storm, time, lat and lon, the
            variables ``wind`` (kt) and ``pressure`` (hPa), NaN where missing, and those of the
            environment. A storm with one fix has no motion: those predictors are NaN.
        environment: Names of further variables along ``fix``, usually ``ENVIRONMENT``. Their
            changes and means over the last day are predictors too.

    Returns:
        Dims (fix, predictor), NaN where something is not known: positions in degrees, motions in
        m/s eastward and northward, winds and their changes in kt, pressures in hPa, distances to
        land in km (negative on land), ages in h, the environment in units of its own.

    Raises:
        BadInput: if a variable looks ahead or is not in the tracks.
    """
    refuse_future(environment)
    unknown = [name for name in environment if name not in tracks]
    if unknown:
        told = nearest(unknown[0], [str(name) for name in tracks])
        raise BadInput(f"environment: no variable '{unknown[0]}' in the tracks; {told}")
    fixes = StormFixes(tracks)
    named = _position_and_motion(fixes) | _intensity(fixes) | _time(fixes)
    named |= _land(named)
    for name in environment:
        named |= _surroundings(fixes, name)
    if {"sst_c", "t2m_c", "msl_hpa"} <= set(environment):
        named |= _contrasts(named)
    values = np.stack(list(named.values()), axis=1)
    return xr.DataArray(
        values, dims=("fix", "predictor"), coords={"predictor": list(named)}, name="predictors"
    )


def potential_intensity(sea_surface_temperature: FloatArray) -> FloatArray:
    """The wind that a storm over a sea of that temperature hardly ever exceeds.

    V = A + B exp(C (T - T₀)) with A = 28.2 m/s, B = 55.8 m/s, C = 0.1813 /°C, T₀ = 30 °C.

    Args:
        sea_surface_temperature: °C; any shape.

    Returns:
        kt, of the same shape.

    Source:
        DeMaria & Kaplan (1994), J. Climate 7, 1324: Atlantic storms from 1962 to 1992.
    """
    metres = 28.2 + 55.8 * np.exp(0.1813 * (np.asarray(sea_surface_temperature) - 30.0))
    return metres * KNOTS_PER_METRE_PER_SECOND


def steady_motion(values: xr.DataArray) -> tuple[FloatArray, FloatArray]:
    """The motion that persistence keeps: that of the last 12 h.

    Args:
        values: From :func:`predictors`.

    Returns:
        Eastward and northward, m/s, shape (fix,); of the last 6 h where there is no fix 12 h back,
        and zero where there is none at all.
    """

    def known(direction: str) -> FloatArray:
        longer, shorter = (
            values.sel(predictor=f"{direction}_{hours}h").values for hours in (STEADY_HOURS, 6)
        )
        return np.nan_to_num(np.where(np.isnan(longer), shorter, longer))

    return known("eastward"), known("northward")


def _position_and_motion(fixes: StormFixes) -> dict[str, FloatArray]:
    """Where the storm is, and how it came there."""
    lat, lon = fixes.value("lat"), fixes.value("lon")
    named = {"lat": lat, "lon": lon}
    for hours in MOTION_HOURS:
        back = displacement(lat, lon, fixes.value("lat", -hours), fixes.value("lon", -hours))
        named[f"eastward_{hours}h"] = -back.east / hours / _KILOMETRES_PER_HOUR
        named[f"northward_{hours}h"] = -back.north / hours / _KILOMETRES_PER_HOUR
    for direction in ("eastward", "northward"):
        for hours in (6, 12, 24):
            # The second half of the time against the first.
            longer = named[f"{direction}_{2 * hours}h"]
            change = 2 * (named[f"{direction}_{hours}h"] - longer)
            named[f"{direction}_change_{hours}h"] = change
    for hours in (12, 24):
        speed = np.hypot(named[f"eastward_{hours}h"], named[f"northward_{hours}h"])
        named[f"speed_{hours}h"] = speed
    return named


def _intensity(fixes: StormFixes) -> dict[str, FloatArray]:
    """How strong the storm is, was and became."""
    named = {"wind": fixes.value("wind"), "pressure": fixes.value("pressure")}
    for name in ("wind", "pressure"):
        for hours in TENDENCY_HOURS:
            named[f"{name}_change_{hours}h"] = named[name] - fixes.value(name, -hours)
    strongest = fixes.highest_so_far("wind")
    return named | {"strongest": strongest, "below_strongest": strongest - named["wind"]}


def _time(fixes: StormFixes) -> dict[str, FloatArray]:
    """Season, hour and age."""
    time = fixes.tracks["time"]
    season = 2 * np.pi * time.dt.dayofyear.values / _DAYS_PER_YEAR
    hour = 2 * np.pi * time.dt.hour.values / 24
    return {
        "season_sin": np.sin(season),
        "season_cos": np.cos(season),
        "hour_sin": np.sin(hour),
        "hour_cos": np.cos(hour),
        "age": fixes.age(),
    }


def _land(named: dict[str, FloatArray]) -> dict[str, FloatArray]:
    """Distance to land now and on the way, if the storm keeps its motion."""
    east, north = named[f"eastward_{STEADY_HOURS}h"], named[f"northward_{STEADY_HOURS}h"]
    way = {}
    for hours in LAND_HOURS:
        hourly = hours * _KILOMETRES_PER_HOUR
        place = (named["lat"], named["lon"])
        if hours:
            place = displaced(*place, east * hourly, north * hourly)
        way[f"land_{hours}h"] = distance_to_land(*place)
    distances = np.stack(list(way.values()))
    # Beyond 500 km, or 200 km inland, it no longer matters how far.
    near = np.clip(distances, -200, 500)
    return way | {"land_least": distances.min(axis=0), "land_mean": near.mean(axis=0)}


def _surroundings(fixes: StormFixes, name: str) -> dict[str, FloatArray]:
    """A variable of the environment, its changes, and its mean over the last day."""
    now = fixes.value(name)
    earlier = {hours: fixes.value(name, -hours) for hours in (6, 12, 18, 24)}
    named = {name: now} | {f"{name}_change_{h}h": now - earlier[h] for h in TENDENCY_HOURS}
    day = np.stack([now, *(earlier[hours] for hours in (6, 12, 18))])
    return named | {f"{name}_day": _mean_of_known(day)}


def _mean_of_known(values: FloatArray) -> FloatArray:
    """The mean over the first axis of what is not NaN; NaN where nothing is known."""
    known = np.isfinite(values)
    with np.errstate(invalid="ignore"):
        return np.where(known, values, 0).sum(axis=0) / known.sum(axis=0)


def _contrasts(named: dict[str, FloatArray]) -> dict[str, FloatArray]:
    """What makes storms grow or change their nature."""
    potential = potential_intensity(named["sst_c"])
    return {
        "potential": potential,
        "potential_gap": potential - named["wind"],
        "potential_share": named["wind"] / potential,
        "sea_minus_air": named["sst_c"] - named["t2m_c"],
        "pressure_deficit": named["msl_hpa"] - named["pressure"],
    }


def chosen(values: xr.DataArray, names: Sequence[str]) -> FloatArray:
    """Some of the predictors as a matrix.

    Args:
        values: Dims (fix or case, predictor).
        names: Which ones, in the order wanted.

    Returns:
        Shape (case, predictor); a column of NaN for a predictor that the values lack, as best
        tracks lack the environment.
    """
    have = {str(name): index for index, name in enumerate(values["predictor"].values)}
    matrix = np.full((values.shape[0], len(names)), np.nan)
    for column, name in enumerate(names):
        if name in have:
            matrix[:, column] = values.values[:, have[name]]
    return matrix
