"""Forecasts at stations after the mixture of experts: temperature of eight models, rain of ECMWF.

Every forecast is made from what was known when it was issued; settings were chosen on the dates
before the judged ones. Scores are read from the published records of seeds 1 to 3; ``--train``
walks through both data sets again (half an hour on one core). Published: BMA for the forecasts
valid on 2004-01-31 (ensembleBMA technical report); fitted anew here: one EMOS regression for
all stations (Gneiting et al. 2005) on the 25 dates before each of the 26.
"""

import argparse
import json

import sciml  # noqa: F401 - makes the process settings, which must precede Paddle

# isort: split
import numpy as np
from reporting import Row, report

from sciml.core.paths import project_root
from sciml.core.writing import write_json
from sciml.data.netcdf import open_netcdf
from sciml.training.run import run_recipe
from sciml.weather.post_processing.experts import fitted_deviation, normal_crps
from sciml.weather.post_processing.table import StationTable, station_table
from sciml.weather.sources import open_uwme_temperature

WINDOW = 25  # dates that the regression for all stations learns from
SEEDS = (1, 2, 3)
RECIPES = ("uwme-temperature", "frankfurt-rain")
DAY = np.datetime64("2004-01-31")
RECORD = project_root() / "benchmarks/records/weather_stations.json"
Numbers = dict[str, list[dict[str, float]]]


def trained() -> Numbers:
    """Metrics of each recipe and seed, with the score of the day that BMA was published for."""
    found: Numbers = {}
    for name in RECIPES:
        for seed in SEEDS:
            path = project_root() / f"recipes/weather/{name}.yaml"
            first = seed == SEEDS[0]
            run = run_recipe(path, [f"seed={seed}"], publish=first, fresh=True)
            metrics = dict(run.record["metrics"])
            scores = open_netcdf(run.folder / "scores.nc")
            if DAY in scores["time"].values:
                day = scores["crps"].sel(time=DAY)
                metrics["crps_mixture_2004-01-31"] = float(day.sel(forecaster="mixture"))
                metrics["crps_raw_members_2004-01-31"] = float(day.sel(forecaster="raw_members"))
            found.setdefault(name, []).append(metrics)
    return found


def regression_for_all() -> float:
    """CRPS over the 26 dates of one EMOS regression: eight coefficients, the spread's share."""
    table = station_table(open_uwme_temperature())
    dates = np.unique(table.day)
    scores = []
    for date in dates:
        before = dates[dates <= date - table.lead][-WINDOW:]
        if len(before) == WINDOW:
            past, now = table.take(np.isin(table.day, before)), table.take(table.day == date)
            weights = np.linalg.lstsq(with_one(past), past.observation, rcond=None)[0]
            error = past.observation - with_one(past) @ weights
            law = fitted_deviation(sizes(past), error, np.ones_like(error))
            off = now.observation - with_one(now) @ weights
            scores.append(normal_crps(np.exp(sizes(now) @ law), off)[0])
    return float(np.concatenate(scores).mean())


def with_one(table: StationTable) -> np.ndarray:
    """A column of ones and the members."""
    return np.concatenate([np.ones((len(table.day), 1)), table.groups], axis=1)


def sizes(table: StationTable) -> np.ndarray:
    """A column of ones and the logarithm of the members' spread."""
    spread = table.feature("log spread")
    return np.stack([np.ones_like(spread), spread], axis=1)


def line(
    numbers: list[dict[str, float]],
    key: str,
    measure: str,
    unit: str,
    bar: float | None = None,
    **more: object,
) -> list[Row]:
    """The mean over the seeds, and their spread."""
    values = [one[key] for one in numbers]
    mean = Row(f"{measure}, mean of {len(values)} seeds", float(np.mean(values)), unit, bar, **more)
    return [mean, Row(f"{measure}, spread of seeds", float(np.std(values, ddof=1)), unit)]


def rows(found: Numbers, emos: float) -> list[Row]:
    """One row for each line of what is demanded, then what is worth knowing."""
    warm, wet = found["uwme-temperature"], found["frankfurt-rain"]
    table = line(
        warm, "crps_mixture_2004-01-31", "srft, valid 2004-01-31, CRPS", "K", 1.35, peer=1.3805
    )
    table += line(warm, "crps_mixture", "srft, 26 dates rolling, CRPS", "K", 1.70, peer=emos)
    ratio, outside = "spread_over_skill_mixture", "outside_mixture"
    table += [
        Row(f"{label}, CRPS, {end} end of 95 % over dates", one[0][f"crps_mixture_{end}"], unit)
        for one, label, unit in ((warm, "srft", "K"), (wet, "Frankfurt", "mm"))
        for end in ("low", "high")
    ]
    table += line(warm, ratio, "srft, spread/skill, at least", "1", 0.95, better="more", peer=0.25)
    table += line(warm, ratio, "srft, spread/skill, at most", "1", 1.05, peer=0.25)[:1]
    share = "srft, share outside of the range of 8 members"
    table += line(warm, outside, f"{share}, at least", "1", 0.20, better="more", peer=0.74)
    table += line(warm, outside, f"{share}, at most", "1", 0.24, peer=0.74)[:1]
    raw = [one["crps_raw_members"] for one in wet]
    table += line(
        wet, "crps_mixture", "Frankfurt rain 2015-16, CRPS", "mm", 0.70, peer=float(raw[0])
    )
    raw_skill = wet[0]["brier_skill_p95_raw_members"]
    skill, slope = "brier_skill_p95_mixture", "reliability_slope_p95_mixture"
    table += [
        Row(f"Frankfurt, Brier skill at p95, {end} end of 95 %", wet[0][f"{skill}_{end}"], "1")
        for end in ("low", "high")
    ]
    table += line(
        wet, skill, "Frankfurt, Brier skill at p95", "1", 0.45, better="more", peer=raw_skill
    )
    raw_slope = wet[0]["reliability_slope_p95_raw_members"]
    for bar, better, word in ((0.9, "more", "at least"), (1.1, "less", "at most")):
        text = f"Frankfurt, reliability slope at p95, {word}"
        table += line(wet, slope, text, "1", bar, better=better, peer=raw_slope)
    return table


def main() -> None:
    """Read or make the records, and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", action="store_true", help="walk through the data again")
    if parser.parse_args().train:
        write_json(RECORD, trained())
    found = json.loads(RECORD.read_text(encoding="utf-8"))
    report(
        "Forecasts at stations, calibrated; peers: published, fitted, raw members",
        rows(found, regression_for_all()),
    )


if __name__ == "__main__":
    main()
