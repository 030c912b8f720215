"""Station ensembles as arrays, with features that are known when each forecast is issued."""

import re
from typing import Any, NamedTuple, Self

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sciml.core.axes import BoolArray, FloatArray, IntArray
from sciml.core.errors import BadInput
from sciml.weather.amounts import begins_at_zero
from sciml.weather.post_processing.hours import hour_features, station_hours
from sciml.weather.post_processing.memory import neighbourhood, regional_memory, station_memory
from sciml.weather.post_processing.neighbours import FEATURES as NEIGHBOUR_FEATURES
from sciml.weather.post_processing.neighbours import known_around
from sciml.weather.sphere import centred
from sciml.weather.stations import checked_stations

LATEST = 1.5  # days; how long a station's errors of all hours are remembered
MEMORIES = (1.5, 5.0, 20.0, 90.0)  # days; how long errors are remembered
REGION = 150.0  # km; how far errors of the last days reach
_NO_UNITS = "1"
_DRY = 0.2  # mm; less is no rain
_LITTLE = 0.03  # of the spread of amounts in other units: as much as 0.2 mm of daily rain
_EXCHANGEABLE = 5  # so many members of one name with numbers are taken as alike
_FIRST = 1000  # cases whose forecasts say how large differences are
_HALF_TURN = 180.0  # degrees
_SEASONS = 300.0  # days; a shorter record does not show seasons
_NUMBERED = re.compile(r"^(.*?)[ _.-]?\d+$")


class StationTable(NamedTuple):
    """Cases in the order of time, and what was known when each forecast was issued."""

    time: Any  # valid time, datetime64. Shape (case,)
    day: FloatArray  # the same in days since the first case
    station: IntArray  # number of the station
    series: IntArray  # number of station and hour of the day, see :func:`station_hours`
    forecast: FloatArray  # NaN where a member is missing. Shape (case, member)
    observation: FloatArray  # NaN where unknown
    groups: FloatArray  # means of members that are alike, gaps filled. Shape (case, group)
    features: FloatArray  # finite. Shape (case, feature)
    names: tuple[str, ...]  # of the features
    around: NDArray[
        np.float32
    ]  # what neighbours know, see :func:`known_around`. (case, neighbour, 6)
    kinds: tuple[int, ...]  # the group of each member
    nonnegative: bool  # amounts such as rain: no forecast below zero
    lead: float  # days

    def take(self, where: BoolArray | IntArray | slice) -> Self:
        """Some of the cases."""
        arrays = {
            name: values[where]
            for name, values in self._asdict().items()
            if isinstance(values, np.ndarray)
        }
        return self._replace(**arrays)

    def feature(self, name: str) -> FloatArray:
        """One feature of all cases."""
        return self.features[:, self.names.index(name)]

    @property
    def known(self) -> BoolArray:
        """Cases whose observation is known: those that can be learnt from."""
        return ~np.isnan(self.observation)

    @property
    def mean(self) -> FloatArray:
        """Mean of the groups of members."""
        return self.feature("mean")


def station_table(data: xr.Dataset, *, neighbours: int = 0) -> StationTable:
    """The cases of a station ensemble that have at least one member, with their features.

    Features: ensemble mean and spread, the groups' differences from the mean, place, season, hour
    of the day, memories of the station's and the region's errors. Which of them there are, and
    their order, follow from the whole record, as do places that stand in for unknown ones. Their
    values depend on no observation that was unknown when the forecast was issued, and on no later
    forecast but for their scale: it is the deviation of the first 1000 forecasts, which each of
    these knows.

    Args:
        data: A station ensemble; see :mod:`sciml.weather.stations`.
        neighbours: Stations around each one whose errors are told, too, where places are known.

    Returns:
        The table.

    Raises:
        BadInput: if the ensemble is refused, or no case has an observation.
    """
    data = checked_stations(data)
    data = data.isel(case=data["forecast"].notnull().any("member").values)
    observation = data["observation"].values
    if np.isnan(observation).all():
        raise BadInput("station ensemble: no case has an observation; nothing can be learnt")
    time = data["time"].values
    station = np.unique(data["station"].values, return_inverse=True)[1].astype(np.int64)
    table = StationTable(
        time=time,
        day=(time - time[0]) / np.timedelta64(1, "D"),
        station=station,
        series=station_hours(time, station),
        forecast=data["forecast"].values,
        observation=observation,
        groups=np.empty((len(time), 0)),
        features=np.empty((len(time), 0)),
        names=(),
        around=np.empty((len(time), 0, NEIGHBOUR_FEATURES), np.float32),
        kinds=_kinds([str(m) for m in data["member"].values]),
        nonnegative=begins_at_zero(data),
        lead=float(data.attrs["lead_hours"]) / 24,
    )
    table = table._replace(groups=_group_means(table, [str(m) for m in data["member"].values]))
    units = str(data["observation"].attrs.get("units", _NO_UNITS))
    features = _ensemble_features(table, units) | _place_features(data)
    features |= _season_features(table) | hour_features(time)
    features |= _memory_features(table, data)
    if neighbours and _has_places(table, data):
        table = table._replace(around=_around(table, data, neighbours))
    return table._replace(features=np.stack(list(features.values()), 1), names=tuple(features))


def member_groups(names: list[str]) -> list[list[int]]:
    """Members that are alike: those whose names differ by a number only, if they are many.

    Args:
        names: Of the members, such as HRES, CTR, P1, ..., P50.

    Returns:
        Numbers of the members of each group; here the first, the second, and all others.
    """
    stems: dict[str, list[int]] = {}
    for number, name in enumerate(names):
        found = _NUMBERED.match(name)
        stems.setdefault(f"{found.group(1)}#" if found else name, []).append(number)
    groups: list[list[int]] = []
    for numbers in stems.values():
        alike = len(numbers) >= _EXCHANGEABLE
        groups += [numbers] if alike else [[number] for number in numbers]
    return groups


def _kinds(names: list[str]) -> tuple[int, ...]:
    """The number of the group of each member."""
    kind = {member: n for n, group in enumerate(member_groups(names)) for member in group}
    return tuple(kind[member] for member in range(len(names)))


def _group_means(table: StationTable, names: list[str]) -> FloatArray:
    """Means of the groups; the others' mean, less the usual difference, stands in for gaps."""
    groups = [_mean_of(table.forecast[:, group]) for group in member_groups(names)]
    means = np.stack(groups, axis=1)
    gap = np.isnan(means)
    if not gap.any():
        return means
    everywhere = np.zeros_like(table.station)
    usual = [
        station_memory(
            table.day, everywhere, difference, lead=table.lead, days=MEMORIES[-1], prior=1.0
        )[0]
        for difference in (means - _mean_of(means)[:, None]).T
    ]
    offset = np.stack(usual, axis=1)
    rest = np.where(gap, 0.0, means - offset).sum(axis=1) / (~gap).sum(axis=1)
    return np.where(gap, rest[:, None] + offset, means)


def _mean_of(values: FloatArray) -> FloatArray:
    """Mean along the last axis of what is there; NaN where nothing is."""
    here = ~np.isnan(values)
    count = here.sum(axis=-1)
    total = np.where(here, values, 0.0).sum(axis=-1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _unit(table: StationTable) -> float:
    """How large differences are at all, from the first forecasts; those after them do not count."""
    return float(np.nanstd(table.forecast[:_FIRST])) + 1e-12


def _ensemble_features(table: StationTable, units: str) -> dict[str, FloatArray]:
    """Mean, spread, differences of the groups, and the share of members without rain."""
    mean = table.groups.mean(axis=1)
    centred = table.forecast - _mean_of(table.forecast)[:, None]
    spread = np.sqrt(_mean_of(centred**2))
    floor = 0.01 * _unit(table)
    found = {"mean": mean, "log spread": np.log(spread + floor)}
    if table.groups.shape[1] > 1:
        for number in range(table.groups.shape[1]):
            found[f"group {number}"] = table.groups[:, number] - mean
    if table.nonnegative:
        little = _DRY if units == "mm" else _LITTLE * _unit(table)
        dry = np.where(np.isnan(table.forecast), np.nan, table.forecast < little)
        found["dry share"] = _mean_of(dry)
    return found


def _place_features(data: xr.Dataset) -> dict[str, FloatArray]:
    """Where the station lies, for coordinates that differ; the median stands in for gaps."""
    found: dict[str, FloatArray] = {}
    for name in ("latitude", "longitude", "elevation"):
        if name in data.coords:
            values = data[name].values.astype(np.float64)
            known = values[np.isfinite(values)]
            if name == "longitude" and known.size and np.ptp(known) > _HALF_TURN:
                # 359 and -1 are the same meridian: longitudes are counted from the usual one.
                values = centred(values - _usual_direction(known))
                known = values[np.isfinite(values)]
            if known.size and np.ptp(known) > 0:
                found[name] = np.where(np.isfinite(values), values, np.median(known))
    return found


def _usual_direction(longitude: FloatArray) -> float:
    """The mean of angles on the circle, degrees."""
    turned = np.exp(1j * np.radians(longitude))
    return float(np.degrees(np.angle(turned.mean())))


def _season_features(table: StationTable) -> dict[str, FloatArray]:
    """Cosine and sine of the day of the year, if the record is long enough to show seasons."""
    if table.day[-1] < _SEASONS:
        return {}
    start = table.time.astype("datetime64[Y]")
    angle = 2 * np.pi * ((table.time - start) / np.timedelta64(1, "D")) / 365.25
    return {"cosine of season": np.cos(angle), "sine of season": np.sin(angle)}


def _memory_features(table: StationTable, data: xr.Dataset) -> dict[str, FloatArray]:
    """What past errors of the ensemble mean were like: the station's at the hour, its region's."""
    error = table.observation - table.groups.mean(axis=1)
    about = {"lead": table.lead}
    found: dict[str, FloatArray] = {}
    for days in MEMORIES:
        if days <= table.day[-1]:
            key = f"error over {days:g} days"
            found[key] = station_memory(
                table.day, table.series, error, **about, days=days, prior=1.0
            )[0]
    usual, known = station_memory(table.day, table.series, error, **about, days=20.0, prior=1.0)
    size, weight = station_memory(
        table.day, table.series, np.abs(error - usual), **about, days=15.0, prior=0.0
    )
    typical, seen = station_memory(
        table.day, np.zeros_like(table.station), np.abs(error - usual), **about, days=15.0, prior=0
    )
    typical = np.where(seen > 0, typical, _unit(table))
    found["log size of errors"] = np.log((size * weight + 3 * typical) / (weight + 3) + 1e-12)
    found["log known"] = np.log1p(known)
    if np.any(table.series != table.station):
        # What the hours of a station have in common, and the newest hour knows best.
        found["latest errors of all hours"] = station_memory(
            table.day, table.station, error - usual, **about, days=LATEST, prior=1.0
        )[0]
    if _has_places(table, data):
        near = neighbourhood(*_station_places(data, table.station)[:2], reach=REGION)
        found["region's last error"] = regional_memory(
            table.day, table.station, error - usual, near, **about, days=2.0, prior=1.0
        )
    return found


def _has_places(table: StationTable, data: xr.Dataset) -> bool:
    """Whether there are several stations and it is known where all of them are."""
    if not {"latitude", "longitude"} <= set(data.coords) or table.station.max() == 0:
        return False
    return bool(np.isfinite(np.stack(_station_places(data, table.station)[:2])).all())


def _around(table: StationTable, data: xr.Dataset, count: int) -> NDArray[np.float32]:
    """What neighbours know."""
    error = table.observation - table.groups.mean(axis=1)
    places = _station_places(data, table.station)
    return known_around(table.day, table.station, error, places, lead=table.lead, count=count)


def _station_places(
    data: xr.Dataset, station: IntArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Latitude, longitude and elevation (0 if unknown) of each station, where first seen."""
    first = np.unique(station, return_index=True)[1]
    north, east = (data[name].values[first] for name in ("latitude", "longitude"))
    if "elevation" not in data.coords:
        return north, east, np.zeros(len(first))
    return north, east, np.nan_to_num(data["elevation"].values[first].astype(np.float64))
