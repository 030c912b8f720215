"""Heatwaves against the published event off Western Australia, and the time that a grid takes.

The numbers of the event are those that the documentation of heatwaveR prints for the series and
base period of the figure `weather/heatwave-western-australia`. The grid is generated: 40 years at
500 points, threshold and events together, the best of three runs.
"""

import time
from datetime import date

import numpy as np
from reporting import Row, report

from sciml.weather.figures.heatwaves import PUBLISHED, STATION
from sciml.weather.heatwaves import find_heatwaves
from sciml.weather.percentiles import Baseline, climatology_and_threshold
from sciml.weather.red_noise import generated_temperature
from sciml.weather.sources.series import open_oisst

START, PEAK, DAYS = "2010-12-24", "2011-02-28", 105
LARGEST, TOTAL = 6.5798, 293.2107  # K, K day
YEARS, POINTS, RUNS = 40, 500, 3


def event_rows() -> list[Row]:
    """The published event, number by number; 1 means that all printed digits agree."""
    series = open_oisst()["sea_surface_temperature"].sel(station=STATION)
    events = find_heatwaves(series, climatology_and_threshold(series, PUBLISHED))
    one = events.isel(event=int(events["intensity_max"].argmax("event")))
    start, peak = (str(one[name].values)[:10] for name in ("start", "peak"))
    duration = int(one["duration"])
    largest, total = (float(one[f"intensity_{name}"]) for name in ("max", "cumulative"))
    print(f"  event {start} to {str(one['end'].values)[:10]}, peak {peak}")
    agreed = {
        f"start {START}": start == START,
        f"peak {PEAK}": peak == PEAK,
        f"duration {DAYS} d": duration == DAYS,
        f"I_max {LARGEST} K": f"{largest:.4f}" == str(LARGEST),
        f"cumulative {TOTAL} K d": f"{total:.4f}" == str(TOTAL),
    }
    rows = [Row(f"{what} agrees", float(same), "1", 1.0, "more") for what, same in agreed.items()]
    return [
        *rows,
        Row("duration", duration, "d", None, "less", DAYS),
        Row("I_max", largest, "K", None, "less", LARGEST),
        Row("cumulative intensity", total, "K d", None, "less", TOTAL),
    ]


def grid_rows() -> list[Row]:
    """Seconds for climatology, threshold and events of a grid."""
    series = generated_temperature(8.0, YEARS, POINTS, seed=0)
    plan = Baseline(first=date(1981, 1, 1), last=date(2010, 12, 31))
    wall, processor = [], []
    for _ in range(RUNS):
        began = time.perf_counter(), time.process_time()
        found = find_heatwaves(series, climatology_and_threshold(series, plan))
        wall.append(time.perf_counter() - began[0])
        processor.append(time.process_time() - began[1])
    what = f"{YEARS} years at {POINTS} points"
    per_year = found.sizes["event"] / (YEARS * POINTS)
    return [
        Row(f"{what}, wall time", float(np.min(wall)), "s", 10.0),
        Row(f"{what}, processor time", float(np.min(processor)), "s"),
        Row(f"{what}, heatwaves in a year", per_year, "1"),
    ]


def main() -> None:
    """Print the rows."""
    report("Heatwaves: the published event, and the cost of a grid", [*event_rows(), *grid_rows()])


if __name__ == "__main__":
    main()
