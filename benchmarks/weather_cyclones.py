"""Tropical cyclones: tracks, rapid intensification, best tracks alone, and typhoons.

Settings were chosen on the training and validation seasons (2000 to 2018) of the published table;
its test seasons (2021 to 2024, for rapid intensification 2022 to 2024) were then forecast with
three seeds. Errors are computed anew from the stored forecasts; intervals of 95 % come from
drawing storms. ``--train`` makes the records anew, half an hour. Peers: the published trees of
smehedi35/ibtracs-era5-tc-benchmark on the same cases, persistence, and the two-thirds errors of
the National Hurricane Center's official forecasts of 2018 to 2022.
"""

import argparse
import json

import sciml  # noqa: F401 - makes the process settings, which must precede Paddle

# isort: split
import numpy as np
from reporting import Row, report

from sciml.core.axes import IntArray
from sciml.core.paths import project_root
from sciml.training.run import record_folder, run_recipe
from sciml.weather.cyclone_records import (
    RapidTold,
    Told,
    counted_errors,
    intensity_forecasts,
    rapid_told,
    track_forecasts,
)
from sciml.weather.cyclone_tasks import ELLIPSES, INTENSITY_FILE, TRACK_FILE, TRANSFER_FILE
from sciml.weather.cyclones.best_tracks import (
    ATLANTIC_LEADS,
    OFFICIAL_TWO_THIRDS,
    TYPHOON_LEADS,
    atlantic_cases,
    cliper,
)
from sciml.weather.cyclones.cases import LEADS, published, table_cases, wind_change
from sciml.weather.cyclones.rapid import calibration_error
from sciml.weather.cyclones.track import steady_displacement, track_errors
from sciml.weather.cyclones.verification import expert_errors, inside_ellipse
from sciml.weather.figures.cyclones import PUBLISHED_ERRORS
from sciml.weather.scores.bootstrap import Draws, bootstrap_mean, bootstrap_statistic
from sciml.weather.scores.probability import area_under_curve, average_precision, brier_score
from sciml.weather.sources import open_cyclone_fusion, open_hurdat2
from sciml.weather.sphere import KM_PER_NAUTICAL_MILE

SEEDS = ("", "-seed-2", "-seed-3")
TRACK, RAPID, TRANSFER = "cyclone-track", "rapid-intensification", "cyclone-transfer"
DRAWS = Draws(seed=0, number=1000)

TRACK_BARS = {6: 33.34, 12: 79.79, 24: 190.0}  # km; at 6 and 12 h the published error
PUBLISHED_CASES = {6: 1984, 12: 1729, 24: 1285}
SCORES = {
    "AUROC": area_under_curve,
    "AUPRC": average_precision,
    "Brier score": brier_score,
    "calibration error": calibration_error,
}
PUBLISHED_RAPID = {
    "AUROC": 0.8125,
    "AUPRC": 0.2365,
    "Brier score": 0.0419,
    "calibration error": 0.0274,
}
RAPID_BARS = {"AUROC": 0.83, "AUPRC": 0.27}
# Mean errors of an independent regression, of degrees instead of km; n mi, 2018 to 2022.
CLIPER_BEFORE = dict(
    zip(ATLANTIC_LEADS, (42.99, 98.85, 157.66, 215.65, 323.04, 413.22, 492.87), strict=True)
)


def track_rows(told: list[Told]) -> list[Row]:
    """Errors at each lead: of the seeds, of the experts of the first, and of persistence."""
    rows: list[Row] = []
    first = told[0]
    experts = expert_errors(first.forecast, first.cases)
    steady = track_errors(first.cases, steady_displacement(first.cases, LEADS), LEADS)
    for column, lead in enumerate(LEADS):
        counted = published(first.cases, lead)
        means = [float(counted_errors(one, lead)[0].mean()) for one in told]
        errors, storms = counted_errors(first, lead)
        found = bootstrap_mean(errors, storms, DRAWS)
        print(f"  {lead} h: seeds {', '.join(f'{mean:.2f}' for mean in means)} km; ", end="")
        print(f"first 95 % [{found.low:.1f}, {found.high:.1f}]; n = {errors.size}")
        bar, peer, what = TRACK_BARS.get(lead), PUBLISHED_ERRORS.get(lead), f"track, {lead} h"
        rows += [
            Row(f"{what}, cases", errors.size, "1", None, "less", PUBLISHED_CASES.get(lead)),
            Row(f"{what}, mean error, worst seed", max(means), "km", bar, "less", peer),
            Row(f"{what}, mean error, mean of {len(told)} seeds", float(np.mean(means)), "km"),
            Row(f"{what}, lower end of 95 % over storms", found.low, "km"),
            Row(f"{what}, upper end of 95 % over storms", found.high, "km"),
            Row(f"{what}, only targets that are on time", on_time_error(first, lead), "km"),
            Row(f"{what}, persistence", float(steady[counted, column].mean()), "km"),
        ]
        rows += [
            Row(f"{what}, {name} alone", float(one.values[counted, column].mean()), "km")
            for name, one in zip(experts["expert"].values, experts, strict=True)
        ]
    return rows


def on_time_error(told: Told, lead: int) -> float:
    """Mean error of the cases whose target is that very number of hours later."""
    on_time = told.cases["on_time"].sel(lead=lead).values[published(told.cases, lead)]
    return float(counted_errors(told, lead)[0][on_time].mean())


def ellipse_rows(told: Told) -> list[Row]:
    """Shares of storms inside the ellipses."""
    rows = []
    for share in ELLIPSES:
        inside = inside_ellipse(told.forecast, told.cases, share)
        for lead in LEADS:
            held = inside.sel(lead=lead).values[published(told.cases, lead)].mean()
            rows.append(Row(f"inside the ellipse of {share:.0%}, {lead} h", float(held), "1"))
    return rows


def rapid_rows(told: list[RapidTold]) -> list[Row]:
    """Scores of the probabilities: worst seed, mean of seeds, and interval of the first."""
    first = told[0]
    rows = [
        Row("rapid, cases", first.rapid.size, "1", None, "less", 1408),
        Row("rapid, events", int(first.rapid.sum()), "1", None, "less", 67),
    ]
    for name, score in SCORES.items():
        values = [float(score(one.probability, one.rapid)) for one in told]
        better = "more" if name in RAPID_BARS else "less"
        worst = min(values) if better == "more" else max(values)
        low, high = rapid_interval(first, name)
        print(f"  {name}: seeds {', '.join(f'{value:.4f}' for value in values)}; ", end="")
        print(f"first 95 % [{low:.4f}, {high:.4f}]")
        peer = PUBLISHED_RAPID[name]
        rows += [
            Row(f"rapid, {name}, worst seed", worst, "1", RAPID_BARS.get(name, peer), better, peer),
            Row(f"rapid, {name}, mean of {len(told)} seeds", float(np.mean(values)), "1"),
            Row(f"rapid, {name}, lower end of 95 % over storms", low, "1"),
            Row(f"rapid, {name}, upper end of 95 % over storms", high, "1"),
        ]
    return rows


def rapid_interval(told: RapidTold, name: str) -> tuple[float, float]:
    """The interval of a score over storms."""

    def of(drawn: IntArray) -> float:
        return float(SCORES[name](told.probability[drawn], told.rapid[drawn]))

    found = bootstrap_statistic(of, told.storm, DRAWS)
    return found.low, found.high


def wind_rows(told: Told) -> list[Row]:
    """Errors of the middle of the forecast wind, and the share between the outer quantiles."""
    rows = []
    now = told.cases["predictors"].sel(predictor="wind").values
    for lead in LEADS:
        later = now + wind_change(told.cases, lead)
        known = np.isfinite(later)
        one = told.forecast["wind"].sel(lead=lead).values[known]
        inside = (one[:, 0] <= later[known]) & (later[known] <= one[:, -1])
        middle = float(np.abs(one[:, 2] - later[known]).mean())
        steady = float(np.abs(now - later)[known].mean())
        rows += [
            Row(f"wind, {lead} h, mean error; peer: persistence", middle, "kt", None, "less",
                steady),
            Row(f"wind, {lead} h, between 5 % and 95 %", float(inside.mean()), "1"),
        ]  # fmt: skip
    return rows


def best_track_rows() -> list[Row]:
    """The baseline like CLIPER against the one measured before and the official forecasts."""
    tracks = open_hurdat2()
    asked, expert = atlantic_cases(tracks, 2018, 2022), cliper()
    expert.fit(atlantic_cases(tracks, 1980, 2014), ATLANTIC_LEADS, 0)
    errors = track_errors(asked, expert.predict(asked), ATLANTIC_LEADS) / KM_PER_NAUTICAL_MILE
    rows = []
    for column, lead in enumerate(ATLANTIC_LEADS):
        known = errors[np.isfinite(errors[:, column]), column]
        mean, two_thirds = float(known.mean()), float(np.quantile(known, 2 / 3))
        before, official = CLIPER_BEFORE[lead], OFFICIAL_TWO_THIRDS[lead]
        rows += [
            Row(f"like CLIPER, {lead} h, mean error", mean, "n mi", None, "less", before),
            Row(f"like CLIPER, {lead} h, off that of before", abs(mean / before - 1), "1", 0.02),
            Row(f"like CLIPER, {lead} h, 2/3 below; peer: official", two_thirds, "n mi", None,
                "less", official),
        ]  # fmt: skip
    return rows


def typhoon_rows() -> list[Row]:
    """Typhoons forecast by what was learnt in the Atlantic; peer: a CLIPER of typhoons."""
    folder = record_folder(f"weather/{TRANSFER}")
    if not (folder / TRANSFER_FILE).is_file():
        print(f"  no record {TRANSFER}; make it with --train")
        return []
    metrics = json.loads((folder / "record.json").read_text())["metrics"]
    rows = []
    for lead in TYPHOON_LEADS:
        mixture, local, steady = (
            metrics[f"error_{lead}_h_{name}"]
            for name in ("portable_mixture", "CLIPER_of_typhoons", "persistence")
        )
        rows += [
            Row(f"typhoons, {lead} h, mean error", mixture, "km", None, "less", local),
            Row(f"typhoons, {lead} h, persistence", steady, "km"),
        ]
    return rows


def records(name: str, file: str) -> list[str]:
    """The published records of a recipe's seeds that are here."""
    found = [f"weather/{name}{seed}" for seed in SEEDS]
    here = [one for one in found if (record_folder(one) / file).is_file()]
    for one in sorted(set(found) - set(here)):
        print(f"  no record {one}; make it with --train")
    return here


def train() -> None:
    """Make all records anew."""
    recipes = [f"{name}{seed}" for name in (TRACK, RAPID) for seed in SEEDS]
    for name in (*recipes, TRANSFER):
        run_recipe(project_root() / f"recipes/weather/{name}.yaml", publish=True, fresh=True)


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", action="store_true", help="make the records anew")
    if parser.parse_args().train:
        train()
    table = table_cases(open_cyclone_fusion())
    rows: list[Row] = []
    tracks = [track_forecasts(record_folder(one), table) for one in records(TRACK, TRACK_FILE)]
    if tracks:
        rows += [*track_rows(tracks), *ellipse_rows(tracks[0])]
    files = records(RAPID, INTENSITY_FILE)
    winds = [intensity_forecasts(record_folder(one), table) for one in files]
    if winds:
        rows += [*rapid_rows([rapid_told(one) for one in winds]), *wind_rows(winds[0])]
    rows += [*best_track_rows(), *typhoon_rows()]
    report("tropical cyclones: test seasons of the published table; best tracks; typhoons", rows)


if __name__ == "__main__":
    main()
