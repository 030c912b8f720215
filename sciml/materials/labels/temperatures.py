"""Temperatures that frames say they have, against the size of their forces.

In equilibrium the mean square of the forces is k T times the mean curvature of the energy, which a
vacancy changes by some per cent. Two runs at one temperature have forces alike, then, and so have
the frames of one run.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from sciml.materials.labels.findings import Finding, Report, finite, joined, names_of
from sciml.materials.potential import Potential
from sciml.materials.properties.configurational_temperature import configurational_temperature
from sciml.materials.structures import Structure

OF_RUNS = 2.0  # by how much mean squares of runs at one temperature may differ
OF_FRAMES = 3.0  # by how much a frame may differ from the others of its run
OF_HEAT = 1.5  # by how much the temperature that forces imply may differ from what is said
MEASURED = 20  # frames of a run whose temperature is measured
FEWEST_ATOMS = 16  # of a frame; the mean square of fewer says little
FEWEST_FRAMES = 8  # of a run for one of them to be strange
_UNSURE = "Do not split by it: data.split: {kind: temperature, ..., unsure: [GROUP]}."
_NEXT = f"{_UNSURE} A good potential tells what it is: `-o potential=...`."


class Run(NamedTuple):
    """What says that it is of one motion."""

    group: str
    temperature: float  # K
    elements: tuple[int, ...]  # atomic numbers; other elements have other forces

    def __str__(self) -> str:
        """Such as ``Vacancy at 300 K``."""
        return f"{self.group} at {self.temperature:g} K"


Squares = Mapping[Run, float]  # typical mean square of a force component, (eV/Å)²


def check_temperatures(structures: Sequence[Structure]) -> Report:
    """Groups whose forces are not as large as those of others that say the same temperature.

    Returns:
        "temperature" by group and temperature, and "temperature of frames" that are not like the
        others of theirs. Nothing of frames that say none, or have no others to be compared with.
    """
    runs = runs_of(structures)
    typical = {run: float(np.median([_square(one) for one in runs[run]])) for run in runs}
    strange = [_of_run(run, typical) for run in typical]
    strays = [_of_frames(run, runs[run], typical[run]) for run in typical]
    return joined([*strange, *strays])


def temperatures(structures: Sequence[Structure], potential: Potential) -> dict[Run, float]:
    """The temperature of each run by its forces and the curvature that a potential knows.

    Args:
        structures: Of any groups; those that say no temperature are left out.
        potential: Of their elements, as good as can be had; one that was trained on them serves.

    Returns:
        K, the median over some frames of each run.

    Raises:
        BadInput: if the potential does not know an element, or its energy curves downwards.
    """
    found: dict[Run, float] = {}
    for run, frames in runs_of(structures).items():
        places = np.linspace(0, len(frames) - 1, min(len(frames), MEASURED)).astype(int)
        measured = [configurational_temperature(potential, frames[place]) for place in places]
        found[run] = float(np.median(measured))
    return found


def check_heat(found: Mapping[Run, float]) -> Report:
    """Runs that are not as hot as they say, by :func:`temperatures`.

    Returns:
        "temperature by forces" by group and temperature.
    """
    reports = []
    for run, kelvin in found.items():
        if not run.temperature / OF_HEAT <= kelvin <= run.temperature * OF_HEAT:
            expected = f"what it says, within {OF_HEAT:g} times, if these energies moved the atoms"
            told = Finding(
                "temperature by forces", str(run), f"{kelvin:.0f} K", expected, _UNSURE, kelvin
            )
            reports.append(Report([told], []))
    return joined(reports)


def runs_of(structures: Sequence[Structure]) -> dict[Run, list[Structure]]:
    """Frames by the motion that they say they are of, in order of groups and temperatures."""
    runs: dict[Run, list[Structure]] = {}
    for one in structures:
        if (run := _run_of(one)) is not None:
            runs.setdefault(run, []).append(one)
    return dict(sorted(runs.items()))


def _run_of(one: Structure) -> Run | None:
    """Which motion a frame is of; None if it does not say, or its forces say little."""
    told = one.about.get("temperature_K")
    usable = one.forces is not None and finite(one) and len(one) >= FEWEST_ATOMS
    if not usable or not isinstance(told, int | float) or not told > 0 or not _square(one) > 0:
        return None
    return Run(one.group, float(told), tuple(sorted({int(z) for z in one.numbers})))


def _of_run(run: Run, typical: Squares) -> Report:
    """A finding if the forces of a run are not like those of the most usual one at its heat."""
    alike = {one: square for one, square in typical.items() if one.elements == run.elements}
    usual = np.median([square / one.temperature for one, square in alike.items()])  # of curvature
    other = min(
        (one for one in alike if one.temperature == run.temperature),
        key=lambda one: abs(np.log(alike[one] / one.temperature / usual)),
    )
    ratio = typical[run] / typical[other]
    if 1 / OF_RUNS <= ratio <= OF_RUNS:
        return Report([], [])
    near = min(
        (one for one in alike if one.group == other.group),
        key=lambda one: abs(np.log(typical[one] / typical[run])),
    )
    measured = f"mean square forces {ratio:.2g} times those of {other}, nearest to those of {near}"
    expected = f"at most {OF_RUNS:g} times as large or as small"
    return Report([Finding("temperature", str(run), measured, expected, _NEXT, ratio)], [])


def _of_frames(run: Run, frames: Sequence[Structure], typical: float) -> Report:
    """A finding for frames that are not like the others of their run."""
    ratios = np.array([_square(one) / typical for one in frames])
    far = np.flatnonzero(np.abs(np.log(ratios)) > np.log(OF_FRAMES))
    if len(frames) < FEWEST_FRAMES or not len(far):
        return Report([], [])
    worst = far[np.argsort(-np.abs(np.log(ratios[far])))]
    names = names_of([frames[place] for place in worst])
    measured = f"{len(far)} of {len(frames)} frames ({names}); mean square forces of the worst "
    measured += f"{ratios[worst[0]]:.2g} times the median"
    expected = f"frames of one run within {OF_FRAMES:g} times"
    return Report(
        [Finding("temperature of frames", str(run), measured, expected, _NEXT, len(far))], []
    )


def _square(one: Structure) -> float:
    """Mean square of a force component, (eV/Å)²."""
    assert one.forces is not None
    return float(np.mean(one.forces**2))
