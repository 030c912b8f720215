"""Checks of one frame at a time, and of frames against others of their kind."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from sciml.core.axes import FloatArray
from sciml.materials.elements import covalent_radius
from sciml.materials.labels.findings import (
    Finding,
    Report,
    Unjudged,
    by_group,
    finite,
    joined,
    names_of,
)
from sciml.materials.neighbours import neighbours
from sciml.materials.splits import TRAIN, twins
from sciml.materials.structures import Structure

CLOSE = 0.5  # of the sum of the covalent radii
LARGEST_NET_FORCE = 5e-3  # eV/Å for each atom; sums of converged forces are smaller
LARGEST_TORQUE = 2e-2  # eV for each atom of a molecule
OUTLIER = 12.0  # robust standard deviations
LEAST_OUTLIER = 0.1  # eV/atom
FEWEST = 8  # frames for a median to mean something
MUCH_WORSE = 5.0  # how much better the wrong reading of energies must fit to be believed
SIZE_RATIO = 1.5  # of the numbers of atoms, without which surfaces and vacancies would mislead
FRAMES_OF_A_SIZE = 64  # that are compared with those of other sizes


class _Kind(NamedTuple):
    """One way for a frame to be wrong."""

    what: str
    unit: str  # of the number that says how wrong, empty if there is none
    expected: str
    next_step: str


_BROKEN = _Kind(
    "label not finite", "", "numbers as energy, forces and stress", "Leave these frames out."
)
_CLOSE = _Kind(
    "atoms too close",
    "of the sum of the covalent radii between two atoms",
    f"{CLOSE} or more",
    "Look at the positions and their unit; leave the frames out if they are wrong.",
)
_ASK = "Ask how forces were computed, and whether all atoms are in the frame."
_PULLED = _Kind("net force", "eV/Å an atom", f"at most {LARGEST_NET_FORCE:g} eV/Å an atom", _ASK)
_TURNED = _Kind("net torque", "eV an atom", f"at most {LARGEST_TORQUE:g} eV an atom", _ASK)
_FAR = _Kind(
    "energy outlier",
    "eV/atom from the median of the group",
    f"within {OUTLIER:g} robust standard deviations",
    "Look at these frames: another calculation, another phase, or a slip.",
)
_TWIN = _Kind(
    "twin of a training frame",
    "",
    "frames that are no turned, mirrored or shifted training frames",
    "Report errors with and without them: data.split: {kind: twin_free}.",
)


def check_numbers(structures: Sequence[Structure]) -> Report:
    """Labels that are not finite, and atoms that are too close for any calculation.

    Returns:
        "label not finite" and "atoms too close".
    """
    broken = [(one, 0.0) for one in structures if not finite(one)]
    close = [(one, gap) for one in structures if (gap := _gap(one)) < CLOSE]
    close.sort(key=lambda pair: pair[1])
    return joined([_told(_BROKEN, broken, "all frames"), _told(_CLOSE, close, "all frames")])


def check_forces(structures: Sequence[Structure]) -> Report:
    """Forces that do not add up to zero, and torques on molecules.

    A frame whose forces have a sum was not converged, had atoms held fixed, or lost atoms.

    Returns:
        "net force" and "net torque", by group.
    """
    reports = []
    for group, members in by_group([one for one in structures if one.forces is not None]).items():
        for kind, measure, largest in (
            (_PULLED, _net_force, LARGEST_NET_FORCE),
            (_TURNED, _torque, LARGEST_TORQUE),
        ):
            found = [(one, size) for one in members if (size := measure(one)) > largest]
            reports.append(_told(kind, _worst_first(found), group, of=len(members)))
    return joined(reports)


def check_totals(structures: Sequence[Structure]) -> Report:
    """Energies per atom that are taken for energies of all atoms.

    A total energy is nearly a sum over the atoms, an energy per atom nearly an average. Which of
    the two fits tells where frames of different sizes are compared.

    Returns:
        "energy per atom", or that frames of like sizes cannot tell.
    """
    usable = [one for one in structures if one.energy is not None and np.isfinite(one.energy)]
    solid = [one for one in usable if one.periodic.all()]
    # Lone atoms and molecules have other energies an atom than solids.
    compared = solid if _sizes_differ(solid) else usable
    if not _sizes_differ(compared):
        reason = f"frames have like numbers of atoms; a ratio of {SIZE_RATIO:g} is needed"
        return Report([], [Unjudged("energy per atom", "all frames", reason)])
    energies = np.array([one.energy for one in compared], dtype=float)
    atoms = np.array([len(one) for one in compared])
    as_totals = _share_left(compared, energies / atoms)
    as_averages = _share_left(compared, energies)
    if as_averages * MUCH_WORSE >= as_totals:
        return Report([], [])
    finding = Finding(
        "energy per atom",
        "all frames",
        f"energies of {atoms.min()} to {atoms.max()} atoms differ by {100 * as_averages:.0f} %, "
        f"and by {100 * as_totals:.0f} % if they are divided by the number of atoms",
        "energies that grow with the number of atoms",
        "Multiply each energy with its number of atoms.",
        as_totals / max(as_averages, 1e-12),
    )
    return Report([finding], [])


def check_outliers(structures: Sequence[Structure]) -> Report:
    """Energies far from those of all others of a group, composition allowed for.

    Returns:
        "energy outlier" by group; groups of few frames are unjudged.
    """
    usable = [one for one in structures if one.energy is not None and np.isfinite(one.energy)]
    reports = []
    for group, members in by_group(usable).items():
        if len(members) < FEWEST:
            reason = f"{len(members)} frames, {FEWEST} needed"
            reports.append(Report([], [Unjudged("energy outlier", group, reason)]))
            continue
        far = _distances(members)
        found = [(one, size) for one, size in zip(members, far, strict=True) if size > 0]
        reports.append(_told(_FAR, _worst_first(found), group, of=len(members)))
    return joined(reports)


def check_copies(splits: Mapping[str, Sequence[Structure]]) -> Report:
    """Test frames that are training frames but for a turn, a reflection or a shift.

    Returns:
        "twin of a training frame" by split.
    """
    train = [one for one in splits.get(TRAIN, []) if one.energy is not None]
    reports = []
    for name, frames in splits.items():
        usable = [one for one in frames if one.energy is not None]
        if name == TRAIN or not usable or not train:
            continue
        known = {pair.other for pair in twins(train, usable)}
        found = [(usable[place], 0.0) for place in sorted(known)]
        reports.append(_told(_TWIN, found, name, of=len(usable)))
    return joined(reports)


def _told(
    kind: _Kind, found: list[tuple[Structure, float]], where: str, of: int | None = None
) -> Report:
    """A finding for frames and their numbers, the worst first; nothing for none."""
    if not found:
        return Report([], [])
    names = names_of([one for one, _ in found])
    worst = found[0][1] if kind.unit else float(len(found))
    measured = f"{len(found)}" + (f" of {of}" if of else "") + f" frames ({names})"
    measured += f"; the worst: {worst:.3g} {kind.unit}" if kind.unit else ""
    return Report([Finding(kind.what, where, measured, kind.expected, kind.next_step, worst)], [])


def _worst_first(found: list[tuple[Structure, float]]) -> list[tuple[Structure, float]]:
    return sorted(found, key=lambda pair: -pair[1])


def _gap(one: Structure) -> float:
    """The shortest distance over the sum of covalent radii; infinite without neighbours."""
    radii = np.array([covalent_radius(int(z)) for z in one.numbers])
    pairs = neighbours(one, 2 * CLOSE * float(radii.max()))
    if not len(pairs.centre):
        return np.inf
    lengths = np.linalg.norm(pairs.vector, axis=1)
    return float(np.min(lengths / (radii[pairs.centre] + radii[pairs.other])))


def _net_force(one: Structure) -> float:
    """eV/Å for each atom."""
    assert one.forces is not None
    return float(np.linalg.norm(one.forces.sum(axis=0))) / len(one)


def _torque(one: Structure) -> float:
    """Of a molecule about its centre, eV for each atom; 0 for what is periodic."""
    assert one.forces is not None
    if one.periodic.any():
        return 0.0
    arms = one.positions - one.positions.mean(axis=0)
    return float(np.linalg.norm(np.cross(arms, one.forces).sum(axis=0))) / len(one)


def _shares(structures: Sequence[Structure]) -> FloatArray:
    """The share of each element among the atoms, (frame, element)."""
    elements = sorted({int(z) for one in structures for z in one.numbers})
    return np.array([[np.mean(one.numbers == z) for z in elements] for one in structures])


def _left_over(structures: Sequence[Structure], values: FloatArray) -> FloatArray:
    """What the composition does not explain of a value of each frame."""
    shares = _shares(structures)
    return values - shares @ np.linalg.lstsq(shares, values, rcond=1e-6)[0]


def _sizes_differ(structures: Sequence[Structure]) -> bool:
    sizes = [len(one) for one in structures]
    return len(sizes) > 1 and max(sizes) >= SIZE_RATIO * min(sizes)


def _share_left(structures: Sequence[Structure], values: FloatArray) -> float:
    """What the composition does not explain, over the values; each size counts alike."""
    sizes = np.array([len(one) for one in structures])
    places = [np.flatnonzero(sizes == size) for size in np.unique(sizes)]
    # As many frames of each size, so that the many of one size do not speak for all.
    chosen = [np.linspace(0, len(here) - 1, FRAMES_OF_A_SIZE).astype(int) for here in places]
    alike = np.concatenate([here[some] for here, some in zip(places, chosen, strict=True)])
    rest = _left_over([structures[place] for place in alike], values[alike])
    usual = float(np.median(np.abs(values[alike])))
    return float(np.median(np.abs(rest))) / max(usual, 1e-12)


def _distances(members: Sequence[Structure]) -> FloatArray:
    """How far an energy is from the median, eV/atom; 0 if that is not strange."""
    rest = _left_over(members, np.array([(one.energy or 0.0) / len(one) for one in members]))
    far = np.abs(rest - np.median(rest))
    room = max(OUTLIER * 1.4826 * float(np.median(far)), LEAST_OUTLIER)
    return np.where(far > room, far, 0.0)
