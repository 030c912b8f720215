"""Errors of the published potentials on the mlearn test frames, beside SNAP and quadratic SNAP.

Everything is evaluated anew: our potentials from their records, the peers by LAMMPS with the
parameters that come with it. All were fitted to the same training frames. ``--train`` trains our
potentials again first, which takes an hour or so on two cores; it goes on where it was stopped.
"""

import argparse
import statistics
import subprocess
import sys
from pathlib import Path

import sciml  # noqa: F401 - makes the process settings, which must precede Paddle

# isort: split
from published import COMMITTEE, TRIPLE, published, with_triples
from reporting import Row, report

from sciml.materials.accuracy import Accuracy, accuracy_by_group
from sciml.materials.datasets import open_structures
from sciml.materials.lammps.published import zuo_potential

RECIPES = Path(__file__).parents[1] / "recipes" / "materials"
# Bars: forces eV/Å, energies meV/atom, stress GPa.
ELEMENTS = {
    "silicon": ("Si", 0.085, 3.0, 0.25),
    "lithium": ("Li", 0.03, 0.8, 0.1),
    "molybdenum": ("Mo", 0.15, 3.5, 0.6),
    "copper": ("Cu", 0.012, 0.7, 0.25),
}
OFFSET = ("copper",)  # whose stress labels have a constant offset
Errors = dict[str, Accuracy]  # by group


def ours(name: str) -> dict[str, Errors]:
    """Errors by group of each member of the published committee, of its threes, and of itself."""
    frames = open_structures(f"mlearn_{name}")["test"]
    return {
        who: accuracy_by_group(one, frames, offset=name in OFFSET)
        for who, one in with_triples(published(f"mlearn-{name}")).items()
    }


def peers(name: str) -> dict[str, Errors]:
    """Errors of the published potentials, by group."""
    frames = open_structures(f"mlearn_{name}")["test"]
    symbol = ELEMENTS[name][0]
    return {
        "SNAP": accuracy_by_group(zuo_potential(symbol, "linear"), frames, offset=name in OFFSET),
        "qSNAP": accuracy_by_group(
            zuo_potential(symbol, "quadratic"), frames, offset=name in OFFSET
        ),
    }


def rows_of(name: str) -> list[Row]:
    """The rows of an element, and its table by group on the screen."""
    own, others = ours(name), peers(name)
    symbol, *bars = ELEMENTS[name]
    show_groups(symbol, own | others)
    rows = []
    units = (("forces", "eV/Å"), ("energy", "meV/atom"), ("stress", "GPa"))
    for (what, unit), bar in zip(units, bars, strict=True):
        values = {who: getattr(found["all"], what) for who, found in own.items()}
        together = values.pop(COMMITTEE, None)
        threes = [value for who, value in values.items() if who.startswith(TRIPLE)]
        singles = [value for who, value in values.items() if not who.startswith(TRIPLE)]
        best = min(getattr(found["all"], what) for found in others.values())
        measure = f"mlearn {symbol} {what} RMSE"
        rows += [
            *_mean_and_spread(f"{measure}, {{}} of {len(singles)} seeds", singles, unit, bar, best),
            Row(f"{measure}, committee of all", together, unit, bar, "less", best),
        ]
        if threes:
            text = f"{measure}, {{}} of {len(threes)} committees of three"
            rows += _mean_and_spread(text, threes, unit, bar, best)
    return rows


def _mean_and_spread(
    measure: str, values: list[float], unit: str, bar: float, best: float
) -> list[Row]:
    """Two rows; the measure has a place for what it is."""
    mean = statistics.fmean(values) if values else None
    spread = statistics.stdev(values) if len(values) > 1 else None
    return [
        Row(measure.format("mean"), mean, unit, bar, "less", best),
        Row(measure.format("spread"), spread, unit),
    ]


def show_groups(symbol: str, columns: dict[str, Errors]) -> None:
    """Print forces, energies and stresses of each group."""
    print(f"\n{symbol}: forces eV/Å, energy meV/atom, stress GPa")
    print("  " + "group".ljust(18) + "".join(name.ljust(26) for name in columns))
    for group in next(iter(columns.values())):
        cells = [
            f"{e.forces:.4f}  {e.energy:6.2f}  {e.stress:6.3f}".ljust(26)
            for e in (found[group] for found in columns.values())
        ]
        print("  " + group.ljust(18) + "".join(cells))


def train(names: list[str]) -> None:
    """Run the recipes of elements again and publish what they give."""
    for name in names:
        recipe = RECIPES / f"mlearn-{name}.yaml"
        subprocess.run([sys.executable, "-m", "sciml", "run", recipe, "--publish"], check=True)


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", action="store_true", help="make the records anew")
    parser.add_argument("--elements", nargs="*", default=list(ELEMENTS), choices=list(ELEMENTS))
    asked = parser.parse_args()
    if asked.train:
        train(asked.elements)
    rows = [row for name in asked.elements for row in rows_of(name)]
    report("errors on the mlearn test frames; peer: the better of SNAP and quadratic SNAP", rows)


if __name__ == "__main__":
    main()
