"""Pressure over the North Atlantic forecast by a mixture of experts, against the best of them.

Experts and mixture learn on 2001 to 2008, and settings were chosen on those years, held out in
groups. The fast profile had been run on 2009 and 2010 before: after it analogs were left out, and
penalties and groups reduced, all to save time. Errors are read from the record. Intervals come
from blocks of 15 days. ``--train`` makes the record anew. Peer: the linear regression on 40
principal components of one day, learnt on 2001 to 2007, measured on the same years.
"""

import argparse
import json

import sciml  # noqa: F401 - makes the process settings, which must precede Paddle

# isort: split
import xarray as xr
from reporting import Row, report

from sciml.core.paths import project_root
from sciml.training.run import record_folder, run_recipe
from sciml.weather.field_records import MIXTURE, margins, read_errors, rmse
from sciml.weather.scores.leads import lead_of_crossing

RECIPE = "weather/slp-mixture"
LINEAR = {1: 5.19, 2: 7.53, 3: 8.48, 5: 9.17, 7: 9.51}  # hPa, the peer
BARS = {2: 7.1, 5: 9.1}  # hPa
DAY = 24.0  # hours


def margin_rows(errors: xr.DataArray) -> list[Row]:
    """The mixture's error at each lead, and how it compares with the best expert."""
    rows: list[Row] = []
    for one in margins(errors):
        gap = one.mixture - one.expert
        scale = 1 / (one.mixture + one.expert)  # of squared errors' difference, to that of roots
        low, high = scale * one.difference.low, scale * one.difference.high
        print(f"  {one.lead} d: {gap:+.3f} hPa against {one.best}, 95 % [{low:+.3f}, {high:+.3f}]")
        rows += [
            Row(f"mixture, {one.lead} d, RMSE", one.mixture, "hPa", BARS.get(one.lead), "less",
                LINEAR[one.lead]),
            Row(f"mixture less best expert ({one.best}), {one.lead} d", gap, "hPa", 0.0),
            Row(f"the same, upper end of 95 %, {one.lead} d", high, "hPa"),
        ]  # fmt: skip
    return rows


def seed_rows(errors: xr.DataArray) -> list[Row]:
    """Mixtures with one of the networks each: what its seed does."""
    table = rmse(errors)
    names = [n for n in table["forecaster"].values.tolist() if n.startswith(f"{MIXTURE} with")]
    rows: list[Row] = []
    for lead in LINEAR if names else ():
        found = table.sel(lead=lead, forecaster=names).values
        what = f"mixture with one network, {lead} d, RMSE"
        rows += [
            Row(f"{what}, mean of {len(names)} seeds", float(found.mean()), "hPa"),
            Row(f"{what}, spread of seeds", float(found.std(ddof=1)), "hPa"),
        ]
    return rows


def gained_rows(errors: xr.DataArray) -> list[Row]:
    """By how many hours the mixture's error comes later than that of the linear regression."""
    leads = list(LINEAR)
    score = rmse(errors).sel(forecaster=MIXTURE, lead=leads).values
    rows = []
    for lead in leads:
        # A forecast of the present has no error.
        reached = lead_of_crossing([0, *leads], [0.0, *score], LINEAR[lead])
        value = DAY * (reached.lead - lead) if reached.side == "crossed" else None
        rows.append(Row(f"lead gained over the linear regression's error at {lead} d", value, "h"))
    return rows


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", action="store_true", help="make the record anew")
    if parser.parse_args().train:
        run_recipe(project_root() / f"recipes/{RECIPE}.yaml", publish=True, fresh=True)
    folder = record_folder(RECIPE)
    if not (folder / "errors.nc").is_file():
        print(f"  nothing measured: no record {folder.name}; make it with --train")
        return
    errors = read_errors(folder)
    metrics = json.loads((folder / "record.json").read_text())["metrics"]
    spread = [
        Row(f"spread over error, {lead} d", metrics[f"spread_over_error_at_{lead}"], "1")
        for lead in LINEAR
    ]
    rows = [*margin_rows(errors), *gained_rows(errors), *spread, *seed_rows(errors)]
    report("pressure over the North Atlantic, 2009 and 2010; peer: linear on one day", rows)


if __name__ == "__main__":
    main()
