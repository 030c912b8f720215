"""What a trained potential is worth to the next one: fine-tuned, beside one from random weights.

Both learn from the same few frames in the same number of steps, with the energies of the elements
fitted at the end; the errors are medians over several draws of the frames. The second case asks
for a new element and for another truth: silicon is Stillinger and Weber's, the carbide is not.
"""

import argparse
import statistics
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import sciml  # noqa: F401 - makes the process settings, which must precede Paddle

# isort: split
import numpy as np
from reporting import Row, report

from sciml.materials.accuracy import accuracy
from sciml.materials.ace.file import save_potential
from sciml.materials.ace.model import AcePotential
from sciml.materials.datasets import open_structures
from sciml.materials.potential_training import Lesson, PotentialRecipe, trained
from sciml.materials.structures import Structure

DENSE = ("crystal", "liquid", "vacancy", "strained")  # groups without extremes
COLD, HOT = 900.0, 1500.0  # K, up to which silicon is known, and from which it is asked for
KNOWN_EPOCHS = 20


class Case(NamedTuple):
    """What is known, and what is to be learnt."""

    name: str
    known: list[Structure]
    new: list[Structure]  # a few of them are trained on
    test: list[Structure]


def cases() -> list[Case]:
    """The same element at other temperatures, and a new element."""
    silicon, carbide = (dense(f"simulated_silicon{end}") for end in ("", "_carbide"))
    cold = [one for one in silicon["train"] if temperature(one) <= COLD]
    hot, test = (
        [one for one in silicon[part] if temperature(one) >= HOT] for part in ("train", "test")
    )
    return [
        Case("hot silicon from cold", cold, hot, test),
        Case("silicon carbide from silicon", silicon["train"], carbide["train"], carbide["test"]),
    ]


def dense(source: str) -> dict[str, list[Structure]]:
    """The parts of a dataset, without lone atoms, pairs and crowds."""
    return {
        part: [one for one in frames if one.about["group"] in DENSE]
        for part, frames in open_structures(source).items()
    }


def temperature(one: Structure) -> float:
    """K; 0 for frames that no motion made."""
    return float(one.about.get("temperature_K", 0.0))


def potential(frames: Iterable[Structure], start: object, epochs: int, seed: int) -> AcePotential:
    """A small potential of one layer."""
    optimiser = {"method": "soap", "learning_rate": 0.03, "warmup_steps": 20, "average_decay": 0.99}
    recipe = PotentialRecipe.model_validate(
        {
            "task": "materials/potential",
            "title": "Transfer",
            "seed": seed,
            "data": {"source": "simulated_silicon", "tests": []},
            "model": {
                "radial": {"cutoff": 4.0, "functions": 8},
                "couplings": {"factors": 3},
                "channels": 12,
                "hidden": 12,
            },
            "start": start,
            "training": {"epochs": epochs, "batch_size": 4, "optimiser": optimiser},
        }
    )
    chosen = list(frames)
    with TemporaryDirectory() as folder:
        return trained(recipe, Lesson(chosen, np.ones(len(chosen)), []), Path(folder)).potential


def rows_of(case: Case, frames: int, epochs: int, draws: int) -> list[Row]:
    """Errors of a case: fine-tuned, and as peer from random weights."""
    errors: dict[str, list[tuple[float, float]]] = {"tuned": [], "fresh": []}
    with TemporaryDirectory() as folder:
        file = Path(folder) / "known.safetensors"
        save_potential(file, potential(case.known, "random", KNOWN_EPOCHS, seed=1), {})
        for draw in range(draws):
            chosen = np.random.default_rng(draw).choice(len(case.new), frames, replace=False)
            few = [case.new[place] for place in sorted(chosen)]
            for name, start in {"tuned": {"potential": str(file)}, "fresh": "random"}.items():
                found = accuracy(potential(few, start, epochs, seed=draw), case.test)
                errors[name].append((found.energy, found.forces))
                print(f"{case.name}, draw {draw}, {name}: {found.energy:.1f} meV/atom, ", end="")
                print(f"{found.forces:.3f} eV/Å", flush=True)
    tuned, fresh = (
        [statistics.median(each) for each in zip(*errors[name], strict=True)] for name in errors
    )
    return [
        Row(f"{case.name}, energy", tuned[0], "meV/atom", None, "less", fresh[0]),
        Row(f"{case.name}, forces", tuned[1], "eV/Å", None, "less", fresh[1]),
        Row(f"{case.name}, forces over the peer's", tuned[1] / fresh[1], "", 1.0),
    ]


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=20, help="that are trained on")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--draws", type=int, default=3, help="of the frames")
    given = parser.parse_args()
    asked = (given.frames, given.epochs, given.draws)
    rows = [row for case in cases() for row in rows_of(case, *asked)]
    title = "fine-tuned; peer: from random weights, {} frames, {} epochs, median of {}"
    report(title.format(*asked), rows)


if __name__ == "__main__":
    main()
