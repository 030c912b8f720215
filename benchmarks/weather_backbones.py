"""Networks of each kind alone on pressure over the North Atlantic: graph, attention, Fourier, CNN.

Each corrects damped persistence and learns on 2005 to 2008 for a few epochs, with settings of the
fast recipe that were not chosen for any of them; all are judged on 2009 and 2010, on the same
forecasts. So this says that each of them forecasts real fields better than what it starts from,
and at what cost, not which is best when tuned. Errors are read from a record; ``--train`` makes
it anew with three seeds. Intervals come from blocks of 15 days, first seed. Peer: damped
persistence.
"""

import argparse
import json
import time

import sciml  # noqa: F401 - makes the process settings, which must precede Paddle

# isort: split
import numpy as np
import xarray as xr
from reporting import Row, report

from sciml.core.paths import project_root
from sciml.core.writing import write_json
from sciml.nn.attention import AttentionSettings
from sciml.nn.convolution import ConvolutionSettings
from sciml.nn.graph import GraphSettings
from sciml.nn.spectral import FourierSettings
from sciml.training.fit import FitSettings
from sciml.training.optimiser import OptimiserSettings
from sciml.weather.calendar_years import split_by_years
from sciml.weather.field_records import BLOCK_DAYS
from sciml.weather.field_tasks import FieldData, opened_field
from sciml.weather.forecast import FieldForecaster
from sciml.weather.forecasters.baselines import DampedPersistence
from sciml.weather.forecasters.network import NetworkForecaster
from sciml.weather.forecasters.network_layer import NetworkSettings
from sciml.weather.scores.bootstrap import Draws, blocks_of_days, bootstrap_skill
from sciml.weather.verification import squared_errors

RECORD = project_root() / "benchmarks/records/weather_backbones.json"
LEADS, SEEDS = (1, 2, 3, 5, 7), (1, 2, 3)
LEARNING, TEST = (2005, 2006, 2007, 2008), (2009, 2010)
BACKBONES = {
    "graph": GraphSettings(width=16, depth=3),
    "fourier": FourierSettings(width=8, depth=2),
    "attention": AttentionSettings(width=16, depth=2),
    "convolution": ConvolutionSettings(width=16, depth=2),
}
TRAINING = FitSettings(
    epochs=4,
    batch_size=32,
    optimiser=OptimiserSettings(
        learning_rate=4e-3, weight_decay=0.1, warmup_steps=20, average_decay=0.98
    ),
)

Found = dict[str, list[dict[str, float]]]  # by kind and seed


def parts() -> tuple[xr.DataArray, xr.DataArray]:
    """The years to learn from and those that are judged, hPa."""
    found = split_by_years(
        opened_field(FieldData())[0], {"learning": LEARNING, "test": TEST}, max(LEADS)
    )
    return found["learning"], found["test"]


def judged(forecaster: FieldForecaster, test: xr.DataArray) -> xr.DataArray:
    """Squared errors of each forecast (time, lead), hPa²."""
    return squared_errors(forecaster.predict(test, LEADS), test)


def measured() -> Found:
    """Errors, intervals and cost of each kind and seed; the record grows with each."""
    learning, test = parts()
    start = DampedPersistence(LEADS)
    start.fit(learning)
    simple = judged(start, test)
    found: Found = {}
    for seed in SEEDS:
        for kind, backbone in BACKBONES.items():
            began = time.process_time()
            settings = NetworkSettings(backbone=backbone, training=TRAINING)
            network = NetworkForecaster(LEADS, settings, seed=seed)
            network.fit(learning)
            spent = time.process_time() - began
            scores = numbers(judged(network, test), simple)
            print(f"  {kind}, seed {seed}: {spent:.0f} s", flush=True)
            found.setdefault(kind, []).append(scores | {"processor_seconds": spent})
            write_json(RECORD, found)
    return found


def numbers(errors: xr.DataArray, simple: xr.DataArray) -> dict[str, float]:
    """Errors at each lead, and the skill over what the network corrects, with its interval."""
    errors, simple = xr.align(errors, simple)
    found: dict[str, float] = {}
    for lead in LEADS:
        ours, theirs = (each.sel(lead=lead).dropna("time") for each in (errors, simple))
        blocks = blocks_of_days(ours["time"].values, BLOCK_DAYS)
        skill = bootstrap_skill(ours.values, theirs.values, blocks, Draws(seed=0))
        found |= {
            f"rmse_{lead}": float(ours.mean() ** 0.5),
            f"start_{lead}": float(theirs.mean() ** 0.5),
            f"skill_{lead}_low": skill.low,
            f"skill_{lead}_high": skill.high,
        }
    return found


def rows(found: Found) -> list[Row]:
    """The error of each kind at each lead, and what it cost."""
    table: list[Row] = []
    for kind, seeds in found.items():
        for lead in LEADS:
            values = [one[f"rmse_{lead}"] for one in seeds]
            what = f"{kind}, {lead} d"
            mean = float(np.mean(values))
            table += [
                Row(f"{what}, RMSE, mean of {len(values)} seeds", mean, "hPa",
                    peer=seeds[0][f"start_{lead}"]),
                Row(f"{what}, spread of seeds", spread_of(values), "hPa"),
                Row(f"{what}, share of squared error less, lower end of 95 %",
                    seeds[0][f"skill_{lead}_low"], "1", 0.0, "more"),
            ]  # fmt: skip
        spent = float(np.mean([one["processor_seconds"] for one in seeds]))
        table.append(Row(f"{kind}, processor time of a training", spent, "s"))
    return table


def spread_of(values: list[float]) -> float | None:
    """Standard deviation; nothing of one value."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else None


def main() -> None:
    """Read or make the record, and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", action="store_true", help="train all networks again")
    if parser.parse_args().train:
        measured()
    if not RECORD.is_file():
        print("  nothing measured: make the record with --train")
        return
    title = "networks alone, pressure over the North Atlantic 2009-10; peer: damped persistence"
    report(title, rows(json.loads(RECORD.read_text(encoding="utf-8"))))


if __name__ == "__main__":
    main()
