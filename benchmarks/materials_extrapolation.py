"""Beyond the training's temperature: errors beside those of a fit that saw it, and their forecast.

The frames are those hotter than the training's, of the published training set and of the test set,
without dynamics with a vacancy, whose temperatures are wrong. So what is cold is crystals, and what
is hot is melts. Calibration is the rank correlation, over atoms, of the grade, of the committee's
spread and of that of the heads of one training with the true error of the force: among the hot
frames alone, and among all that the training has not seen, cold or hot, where a forecast has to
tell the one from the other; and over whole frames, by root mean squares. The length of a random
vector varies by chance, so that even a forecast that knew each error's size would not have a
correlation of 1; a row says what it had.
"""

import sciml  # noqa: F401 - makes the process settings, which must precede Paddle

# isort: split
import statistics

import numpy as np
from published import COMMITTEE, published
from reporting import Row, report

from sciml.core.axes import FloatArray
from sciml.materials.accuracy import accuracy
from sciml.materials.ace.frames import LossSettings
from sciml.materials.ace.heads import HeadSettings, headed
from sciml.materials.ace.model import AcePotential
from sciml.materials.calibration import (
    attainable_correlation,
    force_errors,
    forecasts,
    rank_correlation,
)
from sciml.materials.committee import Committee
from sciml.materials.datasets import open_structures
from sciml.materials.potential import Potential
from sciml.materials.splits import by_temperature
from sciml.materials.structures import Structure

SETS = {"silicon": ("Si", 1518.0), "molybdenum": ("Mo", 3000.0)}
UNSURE = ("Vacancy",)  # not as hot as it says (datasets/mlearn_*/card.yaml)
RATIO, CALIBRATION = 1.5, 0.7
Potentials = dict[str, Potential]


def rows_of(name: str) -> list[Row]:
    """The rows of an element."""
    symbol, highest = SETS[name]
    splits = by_temperature(open_structures(f"mlearn_{name}"), highest, unsure=UNSURE)
    cold, warm = published(f"mlearn-{name}-cold"), published(f"mlearn-{name}")
    what = f"{symbol}, force error beyond {highest:g} K, test frames"
    rows = [
        Row(f"{what}, over that of a fit to all: {who}", ratio, "", RATIO)
        for who, ratio in _ratios(cold, warm, splits["test_beyond"]).items()
    ]
    beyond = [*splits["test_beyond"], *splits["train_beyond"]]
    ranks = f"{symbol}, rank correlation with the force error"
    return [
        *rows,
        *calibration(cold, f"{ranks} beyond the training", beyond),
        heads_row(cold, f"{ranks} beyond the training", splits),
        *calibration(cold, f"{ranks} in and beyond the training", [*splits["test"], *beyond]),
    ]


def _ratios(cold: Potentials, warm: Potentials, frames: list[Structure]) -> dict[str, float | None]:
    """Error of the fits without hot frames over that of the fits with them."""
    seeds = [who for who in cold if who in warm and who != COMMITTEE]
    found: dict[str, float] = {}
    for who in seeds:
        errors = [accuracy(fits[who], frames).forces for fits in (cold, warm)]
        print(f"{who}: {errors[0]:.4f} and {errors[1]:.4f} eV/Å")
        found[who] = errors[0] / errors[1]
    mean = statistics.fmean(found.values()) if found else None
    names = f"mean of {len(seeds)} seeds", f"committees of {len(seeds)}"
    if len(seeds) < 2:
        return {names[0]: mean}
    pair = (Committee(tuple(fits[who] for who in seeds)) for fits in (cold, warm))
    together = [accuracy(one, frames).forces for one in pair]
    return dict(zip(names, (mean, together[0] / together[1]), strict=True))


def calibration(cold: Potentials, what: str, frames: list[Structure]) -> list[Row]:
    """How well grade and spread order the atoms by their errors."""
    grade = spread = perfect = by_frame = None
    if cold:
        found = cold["seed 1"].evaluate(frames)
        grade = rank_correlation(forecasts(found, "grades"), force_errors(frames, found))
    if COMMITTEE in cold:
        found = cold[COMMITTEE].evaluate(frames)
        errors = force_errors(frames, found)
        told = forecasts(found, "spread")
        spread, perfect = rank_correlation(told, errors), attainable_correlation(errors)
        by_frame = rank_correlation(*(_of_frames(each, frames) for each in (told, errors)))
    return [
        Row(f"{what}: grade", grade, "", CALIBRATION, "more"),
        Row(f"{what}: spread of {max(len(cold) - 1, 0)}", spread, "", CALIBRATION, "more"),
        Row(f"{what}: the same, of whole frames", by_frame, "", CALIBRATION, "more"),
        Row(f"{what}: a perfect forecast of the sizes of random errors", perfect, "", None, "more"),
    ]


def _of_frames(values: FloatArray, frames: list[Structure]) -> FloatArray:
    """Root mean square over the atoms of each frame, (frame,)."""
    ends = np.cumsum([len(one) for one in frames])[:-1]
    return np.array([np.sqrt(np.mean(part**2)) for part in np.split(values, ends)])


def heads_row(cold: Potentials, what: str, splits: dict[str, list[Structure]]) -> Row:
    """As of the spread, for heads that the first seed's training is given."""
    found, settings = None, HeadSettings()
    if cold:
        train, beyond = splits["train"], [*splits["test_beyond"], *splits["train_beyond"]]
        first = cold["seed 1"]
        assert isinstance(first, AcePotential)
        heads = headed(first, train, LossSettings(), np.ones(len(train)), settings=settings)
        told = heads.evaluate(beyond)
        found = rank_correlation(forecasts(told, "spread"), force_errors(beyond, told))
    return Row(f"{what}: spread of {settings.count} heads", found, "", CALIBRATION, "more")


def main() -> None:
    """Measure and report."""
    rows = [row for name in SETS for row in rows_of(name)]
    report("beyond the training's temperature; no peer extrapolates from the same frames", rows)


if __name__ == "__main__":
    main()
