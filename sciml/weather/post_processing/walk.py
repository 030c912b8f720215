"""Forward in time: every forecast is made from what was known when it was issued, and nothing else.

The scale of the features is the exception: the first 1000 forecasts set it, as
:func:`sciml.weather.post_processing.table.station_table` says.

The record is cut into blocks. For each block the experts learn from all cases that were known at
its issue, forecast it, and are then judged by it: gate and calibration of a block have learnt from
the blocks before. So the whole record after the first cases is a test, and the test part of it is
only where scores are counted.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import xarray as xr
from pydantic import Field, PositiveFloat, field_validator

from sciml.core.axes import BoolArray, FloatArray
from sciml.core.errors import BadInput
from sciml.core.settings import Settings
from sciml.core.talk import say
from sciml.weather.pooling import GateSettings
from sciml.weather.post_processing.experts import Expert
from sciml.weather.post_processing.mixture import Seen, fit_mixture, seen
from sciml.weather.post_processing.table import StationTable
from sciml.weather.values import levels

_MOST_BLOCKS = 20  # for which experts learn anew, unless the recipe says how often
_SHORTEST_BLOCK = 1e-3  # days
_MEMORY = 0.2  # of the record: in it cases lose weight for the gate
_MOST_CASES = 50_000  # from which gate and calibration learn
_LEAST_CASES = 20  # that experts can learn from


class WalkSettings(Settings):
    """How to go through the record."""

    warm_up: float = Field(default=0.2, ge=0, lt=1)  # share of the dates before the first forecast
    test: str | float = 0.5  # first date that is judged, such as 2015-01-01, or a share of dates
    refit_days: PositiveFloat | None = None  # how often experts learn anew; None: 20 times in all
    window_days: PositiveFloat | None = None  # how far back they look; None: to the beginning
    mixture_days: PositiveFloat | None = None  # in which cases lose weight for the gate; None: 1/5

    @field_validator("test")
    @classmethod
    def _is_date_or_share(cls, test: str | float) -> str | float:
        """Refuse numbers that are no share."""
        if not isinstance(test, str) and not 0 <= test < 1:
            raise ValueError(
                "expected a date such as 2015-01-01, or a share of the dates from 0 to below 1"
            )
        return test


class Walked(NamedTuple):
    """Forecasts of all blocks."""

    table: StationTable  # their cases
    experts: FloatArray  # equally likely values. Shape (case, expert, value)
    names: tuple[str, ...]  # of the experts
    values: FloatArray  # of the mixture. Shape (case, value)
    weights: FloatArray  # of the experts. Shape (case, expert)
    test: BoolArray  # whether a case is judged
    parts: tuple[Seen, ...]  # what the experts said, block by block
    mixing: "_Mixing"


def walk(
    table: StationTable,
    experts: Sequence[Expert],
    settings: WalkSettings,
    gate: GateSettings,
    progress: Callable[[int, int], None] = lambda done, of: None,  # noqa: ARG005
) -> Walked:
    """Forecast all blocks.

    Args:
        table: All cases.
        experts: They are fitted anew for each block.
        settings: How to go.
        gate: How the gate is trained.
        progress: Is told how many blocks are done.

    Returns:
        Forecasts of experts and mixture for every case after the warm-up.

    Raises:
        BadInput: if the test begins before or after all forecasts, or too little was known before.
    """
    dates = np.unique(table.day)
    test = _test_start(table, dates, settings)
    first = _first_forecast(table, dates, test, settings)
    blocks = list(_blocks(dates, first, test, settings))
    parts: list[Seen] = []
    for number, block in enumerate(blocks):
        parts.append(_forecast_block(table, block, experts, settings))
        progress(number + 1, len(blocks))
    memory = settings.mixture_days or max(_MEMORY * float(table.day[-1]), 1.0)
    names = tuple(expert.name for expert in experts)
    return _mixed(parts, names, _Mixing(gate, memory, test))


class _Mixing(NamedTuple):
    """How forecasts of experts become one."""

    gate: GateSettings
    days: float  # in which the weight of past cases falls to 1/e
    test: float  # day on which the judged part begins


def _mixed(parts: Sequence[Seen], names: tuple[str, ...], mixing: _Mixing) -> Walked:
    """Gate and calibration of each block from the blocks that had come when it was issued."""
    values: list[FloatArray] = []
    weights: list[FloatArray] = []
    for number, part in enumerate(parts):
        before = _known_before(parts[:number], float(part.table.day[0]) - part.table.lead)
        nothing = part.take(np.zeros(len(part.near), bool))
        past = nothing if before is None else before
        pool, shares = fit_mixture(past, mixing.gate, mixing.days).values(part)
        values.append(pool)
        weights.append(shares)
    table = joined([part.table for part in parts])
    experts = np.concatenate([part.values for part in parts])
    pooled, shared = np.concatenate(values), np.concatenate(weights)
    test = table.day >= mixing.test
    return Walked(table, experts, names, pooled, shared, test, tuple(parts), mixing)


def without(walked: Walked, expert: str) -> Walked:
    """The same walk with a mixture that has one expert less.

    Args:
        walked: From :func:`walk`.
        expert: The name of the one that is left out.

    Returns:
        The walk of the others; the experts are not fitted again.

    Raises:
        BadInput: if there is no such expert, or no other one.
    """
    if expert not in walked.names or len(walked.names) == 1:
        raise BadInput(f"without: '{expert}' is not one of several: {', '.join(walked.names)}")
    kept = [n for n, name in enumerate(walked.names) if name != expert]
    parts = [
        Seen(
            part.table,
            part.values[:, kept],
            part.near[:, kept],
            part.apart[:, kept][:, :, kept],
        )
        for part in walked.parts
    ]
    return _mixed(parts, tuple(walked.names[n] for n in kept), walked.mixing)


def _test_start(table: StationTable, dates: FloatArray, settings: WalkSettings) -> float:
    """The day on which the test begins."""
    if not isinstance(settings.test, str):
        return float(dates[min(int(np.ceil(settings.test * len(dates))), len(dates) - 1)])
    try:
        start = np.datetime64(settings.test)
    except ValueError:
        raise BadInput(f"walk.test: '{settings.test}' is neither a date nor a share") from None
    day = float((start.astype("datetime64[ns]") - table.time[0]) / np.timedelta64(1, "D"))
    if not dates[0] < day <= dates[-1]:
        raise BadInput(
            f"walk.test: {settings.test} lies outside of the record, {table.time[0]} to "
            f"{table.time[-1]}"
        )
    return day


def _first_forecast(
    table: StationTable, dates: FloatArray, test: float, settings: WalkSettings
) -> float:
    """The day of the first forecast: after the warm-up, later where too little is known by then."""
    warm = dates[min(int(np.ceil(settings.warm_up * len(dates))), len(dates) - 1)]
    wanted, judged = (dates[dates >= day][0] for day in (min(warm, test), test))
    if _known_at(table, wanted, settings).sum() >= _LEAST_CASES:
        return warm
    later = dates[dates > wanted]
    counts = np.array([_known_at(table, day, settings).sum() for day in later])
    enough = later[counts >= _LEAST_CASES]
    if not len(enough):
        raise BadInput(_never_enough(table, int(counts.max(initial=0)), settings))
    if enough[0] > judged:
        known = int(_known_at(table, judged, settings).sum())
        begin = _date(table, enough[0])
        raise BadInput(
            f"walk.test: {known} cases are known {24 * table.lead:g} h before its first date, "
            f"{_date(table, judged)}, expected at least {_LEAST_CASES} to learn from; begin it at "
            f"{begin} (-o walk.test={begin}) or later, or give a longer record"
        )
    say(
        f"the first forecast is of {_date(table, enough[0])}, not {_date(table, wanted)}: experts "
        f"learn from at least {_LEAST_CASES} cases"
    )
    return enough[0]


def _never_enough(table: StationTable, most: int, settings: WalkSettings) -> str:
    """What to tell whose record is too short for any forecast."""
    longer = "give a longer record"
    if settings.window_days is not None:
        longer = f"raise walk.window_days, which is {settings.window_days:g}, or {longer}"
    return (
        f"walk: no date has more than {most} cases that are known {24 * table.lead:g} h before it, "
        f"expected at least {_LEAST_CASES} to learn from; {longer}"
    )


def _date(table: StationTable, day: float) -> str:
    """A day of the table as a date, with the hour unless it is midnight."""
    time = table.time[np.searchsorted(table.day, day)]
    midnight = time == time.astype("datetime64[D]")
    return str(np.datetime_as_string(time, unit="D" if midnight else "m"))


def _known_at(table: StationTable, day: float, settings: WalkSettings) -> BoolArray:
    """Cases whose observation had come when a day's forecasts were issued, and are looked at."""
    issue = day - table.lead
    known = table.known & (table.day <= issue + 1e-9)
    if settings.window_days is not None:
        known &= table.day > issue - settings.window_days
    return known


def _blocks(
    dates: FloatArray, first: float, test: float, settings: WalkSettings
) -> Iterator[tuple[float, float]]:
    """Beginning and end of each block; none reaches over the beginning of the test."""
    step = settings.refit_days
    if step is None:
        step = (dates[-1] - min(first, test)) / _MOST_BLOCKS
    step = max(step, _SHORTEST_BLOCK)
    bounds = [min(first, test), test, dates[-1] + _SHORTEST_BLOCK]
    for start, end in pairwise(bounds):
        inside = dates[(dates >= start) & (dates < end)]
        while len(inside):
            until = inside[0] + step
            yield float(inside[0]), float(min(until, end))
            inside = inside[inside >= until]


def _forecast_block(
    table: StationTable,
    block: tuple[float, float],
    experts: Sequence[Expert],
    settings: WalkSettings,
) -> Seen:
    """What the experts say of a block after learning from all that was known at its issue."""
    cases = np.flatnonzero((table.day >= block[0]) & (table.day < block[1]))
    known = _known_at(table, block[0], settings)
    if known.sum() < _LEAST_CASES:
        raise BadInput(
            f"walk: {int(known.sum())} cases of the last {settings.window_days} days were known "
            f"{24 * table.lead:g} h before {_date(table, block[0])}, expected at least "
            f"{_LEAST_CASES} to learn from; raise walk.window_days"
        )
    past, now = table.take(known), table.take(cases)
    found = np.empty((len(cases), len(experts), len(levels())))
    for number, expert in enumerate(experts):
        expert.fit(past)
        found[:, number] = expert.predict(now)
    return seen(now, found)


def _known_before(parts: Sequence[Seen], issue: float) -> Seen | None:
    """Forecasts whose cases had come when a block was issued: the newest of them."""
    kept: list[Seen] = []
    for part in reversed(parts):
        come = part.take(part.table.day <= issue + 1e-9)
        if len(come.near):
            kept.insert(0, come)
        if sum(len(one.near) for one in kept) > _MOST_CASES:
            break
    if not kept:
        return None
    return Seen(
        joined([part.table for part in kept]),
        *(np.concatenate(arrays) for arrays in zip(*(part[1:] for part in kept), strict=True)),
    )


def joined(tables: Sequence[StationTable]) -> StationTable:
    """Tables one after the other.

    Args:
        tables: At least one.

    Returns:
        All cases.
    """
    arrays = {
        name: np.concatenate([getattr(one, name) for one in tables])
        for name, values in tables[0]._asdict().items()
        if isinstance(values, np.ndarray)
    }
    return tables[0]._replace(**arrays)


def walked_dataset(walked: Walked, data: xr.Dataset) -> xr.Dataset:
    """Forecasts and weights with coordinates.

    Args:
        walked: The forecasts.
        data: The station ensemble that they are of, for its names.

    Returns:
        ``forecast`` (case, level), ``weight`` (case, expert), ``observation`` and ``test`` (case).
    """
    names = np.unique(data["station"].values)
    units = data["observation"].attrs.get("units", "1")
    return xr.Dataset(
        {
            "forecast": (("case", "level"), walked.values.astype(np.float32), {"units": units}),
            "observation": ("case", walked.table.observation, {"units": units}),
            "weight": (("case", "expert"), walked.weights.astype(np.float32), {"units": "1"}),
            "test": ("case", walked.test),
        },
        {
            "time": ("case", walked.table.time),
            "station": ("case", names[walked.table.station]),
            "level": ("level", levels(), {"long_name": "probability of less", "units": "1"}),
            "expert": list(walked.names),
        },
        {"title": "calibrated forecasts at stations"},
    )
