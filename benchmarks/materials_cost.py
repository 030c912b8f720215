"""What energy, forces and stress of silicon cost in Python, beside MACE and LAMMPS.

Processor time of one thread in float64, the neighbour list included. MACE runs in an environment
of its own (``make peers-mace``), untrained, which costs the same; SNAP and quadratic SNAP are run
by LAMMPS as :mod:`sciml.materials.lammps` does it. All take turns, and medians count, so that
other work on the machine meets all alike.
"""

import argparse
import json
import statistics
import time
from collections import defaultdict
from pathlib import Path

import sciml  # noqa: F401 - makes the process settings, which must precede Paddle

# isort: split
import numpy as np
from peers import peer
from published import published
from reporting import Row, report

from sciml.materials.lammps.published import zuo_potential
from sciml.materials.potential import Potential
from sciml.materials.structures import Structure

RECIPES = {"two layers": "mlearn-silicon", "one layer": "mlearn-silicon-local"}  # a member of each
LATTICE = 5.43  # Å
REPEATS = {64: 2, 512: 4}  # cubic cells of eight atoms along each side, by number of atoms
RATTLE = 0.05  # Å
# Ours, and the smallest MACE that is not worse (``materials_training_time``).
RIVALS = {"two layers": "32x0e, 2 layers", "one layer": "16x0e, 1 layer"}
MACE = ("16x0e, 1 layer", "32x0e, 2 layers", "64x0e, 2 layers")
LAMMPS = {"SNAP of LAMMPS": "linear", "quadratic SNAP of LAMMPS": "quadratic"}
MICRO = 1e6
RECORD = Path(__file__).parent / "records" / "materials_cost.json"

Seconds = dict[str, list[float]]  # of a potential and a number of atoms


def silicon(repeats: int) -> Structure:
    """Diamond with its atoms a little off their places."""
    basis = np.array([[0, 0, 0], [0, 2, 2], [2, 0, 2], [2, 2, 0]])
    cell = np.concatenate([basis, basis + 1]) / 4
    corners = np.stack(np.meshgrid(*[np.arange(repeats)] * 3, indexing="ij"), -1).reshape(-1, 1, 3)
    places = LATTICE * (corners + cell).reshape(-1, 3)
    places += np.random.default_rng(1).normal(scale=RATTLE, size=places.shape)
    box = LATTICE * repeats * np.eye(3)
    return Structure(np.full(len(places), 14), places, box, np.ones(3, bool))


def potentials() -> dict[str, Potential]:
    """What runs in this process, by name."""
    found: dict[str, Potential] = {name: zuo_potential("Si", form) for name, form in LAMMPS.items()}
    for name, recipe in RECIPES.items():
        members = published(recipe)
        if "seed 1" in members:
            found[name] = members["seed 1"]
    return found


def measure(
    seconds: Seconds, ours: dict[str, Potential], crystals: dict[int, Structure], repetitions: int
) -> None:
    """One turn of everybody."""
    for name, potential in ours.items():
        for count, crystal in crystals.items():
            potential.evaluate([crystal])  # compiled and warm
            for _ in range(repetitions):
                begun = time.process_time()
                potential.evaluate([crystal])
                seconds[f"{name}, {count}"].append(time.process_time() - begun)
    arrays = {f"positions_{count}": crystal.positions for count, crystal in crystals.items()}
    arrays |= {f"cell_{count}": crystal.cell for count, crystal in crystals.items()}
    told = {"counts": np.array(list(crystals)), "repetitions": np.array(repetitions)}
    for name, value in peer("mace_cost", "mace", **arrays, **told).items():
        seconds[f"MACE {name}"].append(value)


def rows_of(seconds: Seconds) -> list[Row]:
    """Microseconds per atom; ours with the rival as bar and peer."""
    cost = {
        (name, count): MICRO * statistics.median(seconds[f"{name}, {count}"]) / count
        for count in REPEATS
        for name in (*RIVALS, *(f"MACE {size}" for size in MACE), *LAMMPS)
        if seconds[f"{name}, {count}"]
    }
    rows = []
    for count in REPEATS:
        for name, rival in RIVALS.items():
            theirs = cost.get((f"MACE {rival}", count))
            what = (
                f"inference in Python, {'' if name == 'two layers' else name + ', '}{count} atoms"
            )
            rows.append(Row(what, cost.get((name, count)), "µs/atom", theirs, "less", theirs))
    rows += [
        Row(f"{name}, {count} atoms", value, "µs/atom")
        for (name, count), value in cost.items()
        if name not in RIVALS
    ]
    return rows


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repetitions", type=int, default=5, help="in each round")
    parser.add_argument("--publish", action="store_true", help="write the record that figures show")
    asked = parser.parse_args()
    ours = potentials()
    crystals = {count: silicon(repeats) for count, repeats in REPEATS.items()}
    seconds: Seconds = defaultdict(list)
    for _ in range(asked.rounds):
        measure(seconds, ours, crystals, asked.repetitions)
    rows = rows_of(seconds)
    if asked.publish:
        RECORD.write_text(json.dumps({row.measure: row.value for row in rows}, indent=1) + "\n")
    report("energy, forces and stress of silicon, one thread; bar and peer: MACE", rows)


if __name__ == "__main__":
    main()
