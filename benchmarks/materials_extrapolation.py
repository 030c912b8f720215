"""Beyond the training's temperature: errors beside those of a fit that saw it, and their forecast.

The frames are those hotter than the training's, of the published training set and of the test
set. Calibration is the rank correlation, over atoms, of the grade and of the committee's spread
with the true error of the force.
"""

import sciml  # noqa: F401 - makes the process settings, which must precede Paddle

# isort: split
import numpy as np
from reporting import Row, report
from scipy.stats import spearmanr

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.materials.accuracy import accuracy
from sciml.materials.ace.file import load_potential
from sciml.materials.ace.model import AcePotential
from sciml.materials.committee import Committee
from sciml.materials.datasets import open_structures
from sciml.materials.splits import by_temperature
from sciml.materials.structures import Structure
from sciml.training.run import record_folder

SETS = {"silicon": ("Si", 1518.0), "molybdenum": ("Mo", 3000.0)}
COMMITTEE = ("", "-seed-2", "-seed-3")
RATIO, CALIBRATION = 1.5, 0.7


def published(name: str) -> AcePotential | None:
    """The potential of a record, or None with a line that says so."""
    try:
        return load_potential(record_folder(f"materials/{name}") / "potential.safetensors")
    except BadInput as error:
        print(f"left out: {error}")
        return None


def rows_of(name: str) -> list[Row]:
    """The rows of an element."""
    symbol, highest = SETS[name]
    splits = by_temperature(open_structures(f"mlearn_{name}"), highest)
    cold, warm = published(f"mlearn-{name}-cold"), published(f"mlearn-{name}")
    measure = f"{symbol}, force error beyond {highest:g} K over that of a fit to all, test frames"
    ratio = None
    if cold and warm:
        parts = [accuracy(one, splits["test_beyond"]).forces for one in (cold, warm)]
        print(f"{symbol} test frames beyond {highest:g} K: {parts[0]:.4f} and {parts[1]:.4f} eV/Å")
        ratio = parts[0] / parts[1]
    beyond = [*splits["test_beyond"], *splits["train_beyond"]]
    return [Row(measure, ratio, "", RATIO), *calibration(f"mlearn-{name}-cold", symbol, beyond)]


def calibration(recipe: str, symbol: str, frames: list[Structure]) -> list[Row]:
    """How well grade and spread order the atoms by their errors."""
    members = [one for suffix in COMMITTEE if (one := published(recipe + suffix))]
    grade = spread = None
    if members:
        found = members[0].evaluate(frames)
        errors = force_errors(frames, [one.forces for one in found])
        grades = [one.grades for one in found if one.grades is not None]
        grade = _correlation(np.concatenate(grades), errors) if grades else None
    if len(members) > 1:
        found = Committee(tuple(members)).evaluate(frames)
        errors = force_errors(frames, [one.forces for one in found])
        spreads = [one.spread for one in found if one.spread is not None]
        spread = _correlation(np.concatenate(spreads), errors)
    what = f"{symbol}, rank correlation with the force error beyond the training"
    return [
        Row(f"{what}: grade", grade, "", CALIBRATION, "more"),
        Row(f"{what}: spread of {len(members)}", spread, "", CALIBRATION, "more"),
    ]


def force_errors(frames: list[Structure], forces: list[FloatArray]) -> FloatArray:
    """Length of the error of each atom's force, eV/Å."""
    pairs = zip(frames, forces, strict=True)
    parts = [found - one.forces for one, found in pairs if one.forces is not None]
    return np.linalg.norm(np.concatenate(parts), axis=1)


def _correlation(forecast: FloatArray, errors: FloatArray) -> float:
    return float(spearmanr(forecast, errors).statistic)


def main() -> None:
    """Measure and report."""
    rows = [row for name in SETS for row in rows_of(name)]
    report("beyond the training's temperature; no peer extrapolates from the same frames", rows)


if __name__ == "__main__":
    main()
