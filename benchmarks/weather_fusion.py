"""Whether the fusion network makes the mixture at stations better, on dates before the judged ones.

The walks are those of the published recipes, cut before the first judged date, and the network is
one more expert; the mixture without it comes of the same walk. Scores count from the middle of
what the walk forecasts. Read from a record; ``--train`` makes it anew, seed by seed. Intervals:
block bootstrap over dates, first seed. Peer: the mixture without the network.
"""

import argparse
import json
from typing import NamedTuple

import sciml  # noqa: F401 - makes the process settings, which must precede Paddle

# isort: split
import numpy as np
import xarray as xr
from reporting import Row, report

from sciml.core.axes import FloatArray
from sciml.core.paths import project_root
from sciml.core.writing import write_json
from sciml.weather.pooling import GateSettings
from sciml.weather.post_processing.chosen import chosen_experts, neighbours_for
from sciml.weather.post_processing.table import station_table
from sciml.weather.post_processing.walk import Walked, WalkSettings, walk, without
from sciml.weather.scores.bootstrap import Draws, bootstrap_difference
from sciml.weather.scores.ensemble import crps_of_members
from sciml.weather.sources import open_frankfurt_precipitation, open_uwme_temperature

RECORD = project_root() / "benchmarks/records/weather_fusion.json"
SEEDS = (1, 2, 3)
Numbers = dict[str, list[dict[str, float]]]


class Case(NamedTuple):
    """A published walk, and where it is cut."""

    experts: tuple[str, ...]
    end: str  # the first judged date
    warm_up: float  # share of the dates
    refit_days: float
    unit: str


CASES = {
    "srft": Case(
        ("station-effects-5", "station-effects-20", "error-memory-15", "error-memory-60", "forest"),
        "2004-01-28", 0.4, 1.0, "K",
    ),
    "Frankfurt rain": Case(
        ("raw", "shifted-gamma", "shifted-gamma-700", "forest", "climatology"),
        "2015-01-01", 0.2, 183.0, "mm",
    ),
}  # fmt: skip


def opened(name: str) -> xr.Dataset:
    """The cases before the judged dates."""
    data = open_uwme_temperature() if name == "srft" else open_frankfurt_precipitation()
    return data.isel(case=(data["time"] < np.datetime64(CASES[name].end)).values)


def scores(walked: Walked) -> FloatArray:
    """CRPS of the mixture, case by case."""
    where = walked.test & walked.table.known
    return crps_of_members(walked.values[where], walked.table.observation[where])


def measured(name: str, seed: int) -> dict[str, float]:
    """CRPS with and without the network, that of the network alone, and its weight."""
    case = CASES[name]
    names = (*case.experts, "fusion")
    table = station_table(opened(name), neighbours=neighbours_for(names))
    settings = WalkSettings(
        warm_up=case.warm_up, test=(1 + case.warm_up) / 2, refit_days=case.refit_days
    )
    walked = walk(table, chosen_experts(names, table, seed), settings, GateSettings())
    where = walked.test & walked.table.known
    ours, theirs = scores(walked), scores(without(walked, "fusion"))
    gain = bootstrap_difference(ours, theirs, walked.table.time[where], Draws(seed=0))
    alone = crps_of_members(walked.experts[where, -1], walked.table.observation[where])
    return {
        "with": float(ours.mean()),
        "without": float(theirs.mean()),
        "alone": float(alone.mean()),
        "difference_low": gain.low,
        "difference_high": gain.high,
        "weight": float(walked.weights[where, -1].mean()),
        "cases": float(where.sum()),
    }


def train() -> None:
    """Make the record, seed by seed."""
    found: Numbers = {}
    for name in CASES:
        for seed in SEEDS:
            found.setdefault(name, []).append(measured(name, seed))
            print(f"  {name}, seed {seed}: {found[name][-1]}", flush=True)
            write_json(RECORD, found)


def rows(found: Numbers) -> list[Row]:
    """What the network adds to each mixture."""
    table: list[Row] = []
    for name, seeds in found.items():
        unit = CASES[name].unit

        def mean(key: str, seeds: list[dict[str, float]] = seeds) -> float:
            return float(np.mean([one[key] for one in seeds]))

        gaps = [one["with"] - one["without"] for one in seeds]
        what, of = f"{name}, mixture with the network", f"mean of {len(seeds)} seeds"
        table += [
            Row(f"{what}, CRPS, {of}", mean("with"), unit, peer=mean("without")),
            Row(f"{what} less without, {of}", float(np.mean(gaps)), unit, 0.0),
            Row(f"{what} less without, lower end of 95 %", seeds[0]["difference_low"], unit),
            Row(f"{what} less without, upper end of 95 %", seeds[0]["difference_high"], unit),
            Row(f"{name}, the network alone, CRPS, {of}", mean("alone"), unit),
            Row(f"{name}, mean weight of the network, {of}", mean("weight"), "1"),
        ]
        if len(gaps) > 1:
            spread = float(np.std(gaps, ddof=1))
            table.append(Row(f"{what} less without, spread of seeds", spread, unit))
    return table


def main() -> None:
    """Read or make the record, and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", action="store_true", help="walk through the data again")
    if parser.parse_args().train:
        train()
    if not RECORD.is_file():
        print("  nothing measured: make the record with --train")
        return
    title = "the fusion network in the mixture, dates before the judged ones; peer: without it"
    report(title, rows(json.loads(RECORD.read_text(encoding="utf-8"))))


if __name__ == "__main__":
    main()
