"""Errors against the time of training, ours and MACE's, on the test frames of mlearn.

Processor minutes of one core. Each point of ours is a whole run of the recipe, of one potential
and with fewer or more epochs: start of Python, data, training and judging are all counted. The
first member of the published committee and the committee are further points, of which the training
alone is counted. MACE (32x0e, two layers, float32, with the averaged weights;
``peers/mace_training.py``) is judged many times: along one training at a constant rate, and at the
end of branches whose rate falls towards a budget; judging is not counted. At each time either side
has the least error of each kind that it had until then, MACE be it on the trunk or on a branch. Its
copper labels have no stress offset left in them.

The numbers are published in ``records``; ``--train`` makes them anew, which takes hours, and goes
on where it was stopped.
"""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import sciml  # noqa: F401 - makes the process settings, which must precede Paddle

# isort: split
import numpy as np
from peers import ROOT, environment, python_of
from reporting import Row, report

from sciml.figures.style import BLUE, TWO_COLUMNS, VERMILION, journal_style, new_picture
from sciml.materials.datasets import open_structures
from sciml.materials.structures import GPA, Structure, matrix
from sciml.training.record import read_record
from sciml.training.run import record_folder

RECORD = Path(__file__).parent / "records" / "materials_training_time.json"
WORK = ROOT / "build" / "materials_training_time"
BUDGETS = (2.5, 5.0, 10.0, 20.0, 60.0, 180.0)  # minutes, of MACE's branches
KINDS = {"forces": "eV/Å", "energy": "meV/atom", "stress": "GPa"}
LEAST = 5.0  # minutes; before, set-up counts for much
SLACK = 1.05  # by how much longer a training may take to count as of a time
LOOKS = {"ours": ("ours", BLUE), "mace": ("MACE, dotted: full rate", VERMILION)}
TICKS = (2, 5, 20, 60, 180)  # minutes
Point = dict[str, float]  # minutes, epochs and errors


class Element(NamedTuple):
    """What is trained on."""

    symbol: str
    recipe: str
    epochs: tuple[int, ...]  # of our runs


ELEMENTS = {
    "silicon": Element("Si", "mlearn-silicon", (50, 150, 310, 630)),
    "copper": Element("Cu", "mlearn-copper", (25, 60, 240)),
}


def ours(name: str) -> None:
    """Run the recipe with each number of epochs, and note what it took."""
    element = ELEMENTS[name]
    results = WORK / f"{name}-ours.jsonl"
    done = {point["epochs"] for point in points(results)}
    for epochs in element.epochs:
        if epochs in done:
            continue
        recipe = ROOT / "recipes" / "materials" / f"{element.recipe}.yaml"
        command = [sys.executable, "-m", "sciml", "run", str(recipe), "--fresh", "--json"]
        before = _seconds()
        told = subprocess.run(
            [*command, "-o", f"training.epochs={epochs}", "-o", "members=1"],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        minutes = (_seconds() - before) / 60
        errors = _errors(json.loads(told.stdout)["metrics"])
        _append(results, {"minutes": minutes, "epochs": epochs} | errors)


def _errors(metrics: dict[str, float], who: str = "") -> Point:
    return {kind: metrics[f"{who}test all {kind} {unit}"] for kind, unit in KINDS.items()}


def recorded(element: Element) -> list[Point]:
    """The first potential of the published record, with its share of the time, and them all.

    Nothing if the record was made on another kind of processor than this one.
    """
    record = read_record(record_folder(f"materials/{element.recipe}"))
    if record["made_with"]["processor"] != _processor():
        return []
    count, epochs = record["recipe"].get("members", 1), record["recipe"]["training"]["epochs"]
    minutes, metrics = record["seconds"]["cpu"] / 60, record["metrics"]
    whole = {"minutes": minutes, "epochs": epochs, "members": count} | _errors(metrics)
    if count == 1:
        return [whole]
    first = {"minutes": minutes / count, "epochs": epochs} | _errors(metrics, "member 1: ")
    return [first, whole]


def theirs(name: str) -> None:
    """Train MACE, which notes its errors itself."""
    results = WORK / f"{name}-mace.jsonl"
    python = python_of("mace")
    if python is None:
        print(f"  no MACE to compare with: `make {environment('mace')}` builds what it needs")
        return
    np.savez(WORK / f"{name}.npz", **labelled_frames(name))
    script = Path(__file__).parent / "peers" / "mace_training.py"
    command = [
        str(python),
        "-W",
        "ignore",
        "-I",
        str(script),
        str(WORK / f"{name}.npz"),
        str(results),
        str(WORK / f"{name}-mace.pt"),
    ]
    subprocess.run(command, check=True, env=os.environ | {"OMP_WAIT_POLICY": "passive"})


def labelled_frames(name: str) -> dict[str, Any]:
    """Frames of an element as arrays without objects; MACE cannot fit an offset of the labels."""
    record = read_record(record_folder(f"materials/mlearn-{name}"))
    told = (v for k, v in record["metrics"].items() if k.endswith("label stress offset GPa"))
    offset = next(told) * GPA
    splits = open_structures(f"mlearn_{name}")
    found = {"budgets": np.array(BUDGETS), "offset": np.array(offset != 0)}
    for part in ("train", "test"):
        found |= {f"{part}_{k}": v for k, v in _arrays(splits[part], offset).items()}
    return found


def _arrays(frames: list[Structure], offset: float) -> dict[str, Any]:
    """Positions and forces of all frames on end."""
    stresses = [one.stress for one in frames if one.stress is not None]
    forces = [one.forces for one in frames if one.forces is not None]
    return {
        "numbers": np.concatenate([one.numbers for one in frames]),
        "atoms": np.array([len(one) for one in frames]),
        "positions": np.concatenate([one.positions for one in frames]),
        "forces": np.concatenate(forces),
        "energies": np.array([one.energy for one in frames]),
        "cells": np.array([one.cell for one in frames]),
        "stresses": np.array([matrix(one) - offset * np.eye(3) for one in stresses]),
    }


def points(results: Path) -> list[Point]:
    """What was noted so far."""
    return (
        [json.loads(line) for line in results.read_text().splitlines()] if results.exists() else []
    )


def _append(results: Path, point: Point) -> None:
    with results.open("a", encoding="utf-8") as out:
        out.write(json.dumps(point) + "\n")


def _seconds() -> float:
    """Processor time of finished children."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def train(names: list[str]) -> None:
    """Train both sides and write the record."""
    WORK.mkdir(parents=True, exist_ok=True)
    for name in names:
        ours(name)
        theirs(name)
    publish(names)


def publish(names: list[str]) -> None:
    """Write what was noted of elements to the record, with where it was measured.

    Both sides of an element are compared on one machine; elements may come from different ones.
    """
    curves = json.loads(RECORD.read_text(encoding="utf-8"))["curves"] if RECORD.exists() else {}
    for name in names:
        element = ELEMENTS[name]
        own = [*points(WORK / f"{name}-ours.jsonl"), *recorded(element)]
        curves[element.symbol] = {
            "ours": sorted(own, key=lambda point: point["minutes"]),
            "mace": points(WORK / f"{name}-mace.jsonl"),
            "about": {
                "date": datetime.now(UTC).date().isoformat(),
                "processor": _processor(),
                "versions": {name: version(name) for name in ("sciml", "paddlepaddle", "numba")}
                | {"mace-torch": "0.3.16", "torch": "2.13.0"},
            },
        }
    about = {"command": "python benchmarks/materials_training_time.py --train"}
    RECORD.write_text(json.dumps(about | {"curves": curves}, indent=1) + "\n", encoding="utf-8")
    draw(curves)


def _processor() -> str:
    """What it calls itself."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def least_until(curve: list[Point], minutes: float) -> Point:
    """The least error of each kind that a curve had until a time."""
    past = [point for point in curve if point["minutes"] <= SLACK * minutes]
    return {kind: min(point[kind] for point in past) for kind in KINDS} if past else {}


def rows_of(symbol: str, sides: dict[str, list[Point]]) -> list[Row]:
    """The worst ratio of ours to theirs over the times of either, and the table of both."""
    print(f"\n{symbol}: {', '.join(f'{k} {unit}' for k, unit in KINDS.items())}, ours / MACE")
    last = max((point["minutes"] for point in sides["mace"]), default=0.0)
    times = sorted(point["minutes"] for side in LOOKS for point in sides[side])
    ratios: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for minutes in times:
        own, rival = (least_until(sides[side], minutes) for side in ("ours", "mace"))
        if not own or not rival or minutes > SLACK * last:
            continue
        cells = [f"{own[kind]:8.4f} /{rival[kind]:8.4f}" for kind in KINDS]
        print(f"  {minutes:5.1f} min  " + "   ".join(cells))
        for kind, found in ratios.items():
            if minutes >= LEAST:
                found.append(own[kind] / rival[kind])
    return [
        Row(f"error against training time, {symbol}, {kind}", max(found, default=None), "", 1.0)
        for kind, found in ratios.items()
    ]


def draw(curves: dict[str, dict[str, list[Point]]]) -> None:
    """The record as a picture beside it."""
    with journal_style():
        picture = new_picture(TWO_COLUMNS, 3.6)
        panels = picture.subplots(len(curves), len(KINDS), squeeze=False, sharex=True)
        for row, (symbol, sides) in zip(panels, curves.items(), strict=True):
            for panel, (kind, unit) in zip(row, KINDS.items(), strict=True):
                for side, (name, colour) in LOOKS.items():
                    ends = [p for p in sides[side] if p.get("kind") != "trunk"]
                    trunk = [p for p in sides[side] if p.get("kind") == "trunk"]
                    panel.loglog(*_line(ends, kind), "o-", color=colour, label=name)
                    panel.loglog(*_line(trunk, kind), ":", color=colour)
                panel.set_title(f"{symbol}, {kind}")
                panel.set_ylabel(unit)
        for panel in panels[-1]:
            panel.set_xlabel("processor minutes")
            panel.tick_params(axis="x", which="minor", labelbottom=False)
            panel.set_xticks(TICKS, [str(minutes) for minutes in TICKS])
        names = panels[0][0].get_legend_handles_labels()
        picture.legend(*names, loc="outside upper right", ncols=2)
        picture.savefig(RECORD.with_suffix(".png"))


def _line(curve: list[Point], kind: str) -> tuple[list[float], list[float]]:
    return [point["minutes"] for point in curve], [point[kind] for point in curve]


def main() -> None:
    """Train if asked, and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", action="store_true", help="make the record anew")
    parser.add_argument("--elements", nargs="*", default=list(ELEMENTS), choices=list(ELEMENTS))
    asked = parser.parse_args()
    if asked.train:
        train(asked.elements)
    curves = json.loads(RECORD.read_text(encoding="utf-8"))["curves"]
    rows = [row for symbol, sides in curves.items() for row in rows_of(symbol, sides)]
    report("worst ratio of errors, ours over MACE's after equal training times", rows)


if __name__ == "__main__":
    main()
