"""Whether the fusion network makes the mixture at stations better, on dates before the judged ones.

The walk is that of the published recipe for temperatures of eight models, cut before the first
judged date, and the network is one more expert; the mixture without it comes of the same walk.
Scores count from the middle of what the walk forecasts. Read from a record; ``--train`` makes it
anew, seed by seed. Intervals: block bootstrap over dates, first seed. Peer: the mixture without the
network.
"""

import argparse
import json

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
from sciml.weather.sources import open_uwme_temperature

RECORD = project_root() / "benchmarks/records/weather_fusion.json"
SEEDS = (1, 2, 3)
NAME = "srft"  # in the record
EXPERTS = (
    "station-effects-5",
    "station-effects-20",
    "error-memory-15",
    "error-memory-60",
    "forest",
)
END = np.datetime64("2004-01-28")  # the first judged date
WARM_UP = 0.4  # share of the dates
REFIT_DAYS = 1.0
Numbers = list[dict[str, float]]  # of each seed


def opened() -> xr.Dataset:
    """The cases before the judged dates."""
    data = open_uwme_temperature()
    return data.isel(case=(data["time"] < END).values)


def scores(walked: Walked) -> FloatArray:
    """CRPS of the mixture, case by case."""
    where = walked.test & walked.table.known
    return crps_of_members(walked.values[where], walked.table.observation[where])


def measured(seed: int) -> dict[str, float]:
    """CRPS with and without the network, that of the network alone, and its weight."""
    names = (*EXPERTS, "fusion")
    table = station_table(opened(), neighbours=neighbours_for(names))
    settings = WalkSettings(warm_up=WARM_UP, test=(1 + WARM_UP) / 2, refit_days=REFIT_DAYS)
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
    found: Numbers = []
    for seed in SEEDS:
        found.append(measured(seed))
        print(f"  {NAME}, seed {seed}: {found[-1]}", flush=True)
        write_json(RECORD, {NAME: found})


def rows(found: Numbers) -> list[Row]:
    """What the network adds to the mixture."""

    def mean(key: str) -> float:
        return float(np.mean([one[key] for one in found]))

    gaps = [one["with"] - one["without"] for one in found]
    what, of = f"{NAME}, mixture with the network", f"mean of {len(found)} seeds"
    table = [
        Row(f"{what}, CRPS, {of}", mean("with"), "K", peer=mean("without")),
        Row(f"{what} less without, {of}", float(np.mean(gaps)), "K", 0.0),
        Row(f"{what} less without, lower end of 95 %", found[0]["difference_low"], "K"),
        Row(f"{what} less without, upper end of 95 %", found[0]["difference_high"], "K"),
        Row(f"{NAME}, the network alone, CRPS, {of}", mean("alone"), "K"),
        Row(f"{NAME}, mean weight of the network, {of}", mean("weight"), "1"),
    ]
    if len(gaps) > 1:
        spread = float(np.std(gaps, ddof=1))
        table.append(Row(f"{what} less without, spread of seeds", spread, "K"))
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
    report(title, rows(json.loads(RECORD.read_text(encoding="utf-8"))[NAME]))


if __name__ == "__main__":
    main()
