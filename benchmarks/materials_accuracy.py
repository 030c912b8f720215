"""Errors of the published potentials on the mlearn test frames, beside SNAP and quadratic SNAP.

Everything is evaluated anew: our potentials from their records, the peers by LAMMPS with the
parameters that come with it. All were fitted to the same training frames. ``--train`` trains our
potentials again first, which takes an hour or so on two cores; it goes on where it was stopped.
"""

import argparse
import statistics
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

import sciml  # noqa: F401 - makes the process settings, which must precede Paddle

# isort: split
from published import COMMITTEE, TRIPLE, published, with_triples
from reporting import Row, report

from sciml.materials.accuracy import Accuracy, accuracy_by_group
from sciml.materials.datasets import open_structures
from sciml.materials.lammps.published import zuo_potential

RECIPES = Path(__file__).parents[1] / "recipes" / "materials"


class Element(NamedTuple):
    """What is judged, on which frames, and what is asked of it."""

    symbol: str
    dataset: str
    bars: tuple[float, float, float]  # forces eV/Å, energies meV/atom, stress GPa
    offset: bool = False  # whether the stress labels have a constant offset
    kind: str = ""  # of potential, if there are several for an element


SILICON = Element("Si", "mlearn_silicon", (0.085, 3.0, 0.25))
ELEMENTS = {  # by the end of the name of the recipe
    "silicon": SILICON,
    "silicon-local": SILICON._replace(kind=", strictly local"),
    "lithium": Element("Li", "mlearn_lithium", (0.03, 0.8, 0.1)),
    "molybdenum": Element("Mo", "mlearn_molybdenum", (0.15, 3.5, 0.6)),
    "copper": Element("Cu", "mlearn_copper", (0.012, 0.7, 0.25), offset=True),
}
Errors = dict[str, Accuracy]  # by group


def ours(name: str) -> dict[str, Errors]:
    """Errors by group of each member of the published committee, of its threes, and of itself."""
    element = ELEMENTS[name]
    frames = open_structures(element.dataset)["test"]
    return {
        who: accuracy_by_group(one, frames, offset=element.offset)
        for who, one in with_triples(published(f"mlearn-{name}")).items()
    }


@cache
def peers(symbol: str, dataset: str, offset: bool) -> dict[str, Errors]:
    """Errors of the published potentials, by group."""
    frames = open_structures(dataset)["test"]
    return {
        "SNAP": accuracy_by_group(zuo_potential(symbol, "linear"), frames, offset=offset),
        "qSNAP": accuracy_by_group(zuo_potential(symbol, "quadratic"), frames, offset=offset),
    }


def rows_of(name: str) -> list[Row]:
    """The rows of an element, and its table by group on the screen."""
    element = ELEMENTS[name]
    own, others = ours(name), peers(element.symbol, element.dataset, element.offset)
    title = element.symbol + element.kind
    show_groups(title, own | others)
    rows = []
    units = (("forces", "eV/Å"), ("energy", "meV/atom"), ("stress", "GPa"))
    for (what, unit), bar in zip(units, element.bars, strict=True):
        values = {who: getattr(found["all"], what) for who, found in own.items()}
        together = values.pop(COMMITTEE, None)
        threes = [value for who, value in values.items() if who.startswith(TRIPLE)]
        singles = [value for who, value in values.items() if not who.startswith(TRIPLE)]
        best = min(getattr(found["all"], what) for found in others.values())
        measure = f"mlearn {title} {what} RMSE"
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


def show_groups(title: str, columns: dict[str, Errors]) -> None:
    """Print forces, energies and stresses of each group."""
    print(f"\n{title}: forces eV/Å, energy meV/atom, stress GPa")
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
