"""Forward in time: every forecast is made from what was known when it was issued, and nothing else.

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

from sciml.core.axes import BoolArray, FloatArray
from sciml.core.errors import BadInput
from sciml.core.settings import Settings
from sciml.weather.pooling import GateSettings
from sciml.weather.post_processing.experts import Expert
from sciml.weather.post_processing.mixture import Seen, fit_mixture, seen
from sciml.weather.post_processing.table import StationTable
from sciml.weather.values import levels

_MOST_BLOCKS = 20  # for which experts learn anew, unless the recipe says how often
_MEMORY = 0.2  # of the record: in it cases lose weight for the gate
_MOST_CASES = 50_000  # from which gate and calibration learn
_LEAST_CASES = 20  # that experts can learn from


class WalkSettings(Settings):
    """How to go through the record."""

    warm_up: float = 0.2  # share of the dates from which experts learn before they first forecast
    test: str | float = 0.5  # first date that is judged, such as 2015-01-01, or a share of dates
    refit_days: float | None = None  # how often experts learn anew; None: 20 times in all
    window_days: float | None = None  # how far back they look; None: to the beginning
    mixture_days: float | None = None  # in which cases lose weight for the gate; None: a fifth


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
        BadInput: if the test begins before or after all forecasts, or nothing was known before.
    """
    dates = np.unique(table.day)
    first = dates[min(int(np.ceil(settings.warm_up * len(dates))), len(dates) - 1)]
    test = _test_start(table, dates, settings)
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


def _blocks(
    dates: FloatArray, first: float, test: float, settings: WalkSettings
) -> Iterator[tuple[float, float]]:
    """Beginning and end of each block; none reaches over the beginning of the test."""
    step = settings.refit_days
    if step is None:
        step = max((dates[-1] - min(first, test)) / _MOST_BLOCKS, 1e-3)
    bounds = [min(first, test), test, dates[-1] + 1e-3]
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
    known = table.known & (table.day <= block[0] - table.lead + 1e-9)
    if settings.window_days is not None:
        known &= table.day > block[0] - table.lead - settings.window_days
    if known.sum() < _LEAST_CASES:
        raise BadInput(
            f"walk: {int(known.sum())} cases were known {table.lead:g} days before "
            f"{table.time[cases[0]]}, expected at least {_LEAST_CASES}; raise walk.warm_up, begin "
            "walk.test later, or give a longer record"
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
