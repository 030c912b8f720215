"""How far a potential is from its labels: by part of the data, and by group within it."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.materials.potential import Evaluation, Potential
from sciml.materials.structures import GPA, Structure

Judged = tuple[Structure, Evaluation]


class Accuracy(NamedTuple):
    """Root mean square errors; NaN where no label is."""

    energy: float  # meV/atom
    forces: float  # eV/Å, over components
    stress: float  # GPa, over six components, a constant part of xx, yy and zz removed if asked
    stress_offset: float  # GPa, what was removed, or 0
    frames: int


def accuracy(
    potential: Potential, structures: Sequence[Structure], *, offset: bool = False
) -> Accuracy:
    """Errors over structures.

    Args:
        potential: What is judged.
        structures: With at least an energy each.
        offset: Whether a constant hydrostatic part of the stress error is removed.

    Returns:
        The errors.

    Raises:
        BadInput: if no structure is given or one has no energy.
    """
    pairs = _judged(structures, potential.evaluate(structures))
    return _summed(pairs, _offset(pairs) if offset else 0.0)


def accuracy_by_group(
    potential: Potential, structures: Sequence[Structure], *, offset: bool = False
) -> dict[str, Accuracy]:
    """The same for each ``group`` that the structures name, and for all under ``all``.

    One offset is removed from all groups, that of all structures.
    """
    pairs = _judged(structures, potential.evaluate(structures))
    removed = _offset(pairs) if offset else 0.0
    names = sorted({one.group for one in structures} - {"all"})
    parts = {"all": pairs} | {name: [p for p in pairs if p[0].group == name] for name in names}
    return {name: _summed(part, removed) for name, part in parts.items()}


def _judged(structures: Sequence[Structure], found: Sequence[Evaluation]) -> list[Judged]:
    """Labels beside evaluations."""
    if not structures:
        raise BadInput("accuracy: no structures were given; look at the split.")
    return list(zip(structures, found, strict=True))


def _offset(pairs: Sequence[Judged]) -> float:
    """The mean error of xx, yy and zz, GPa; 0 if no stress has a label."""
    errors = _stress_errors(pairs)
    return float(np.mean(errors[:, :3])) if len(errors) else 0.0


def _stress_errors(pairs: Sequence[Judged]) -> FloatArray:
    """GPa, (frame, 6), of frames that have the label and repeat in three directions."""
    errors = [
        (found.stress - one.stress) / GPA
        for one, found in pairs
        if one.stress is not None and one.periodic.all()
    ]
    return np.array(errors).reshape(-1, 6)


def _summed(pairs: Sequence[Judged], offset: float) -> Accuracy:
    """Errors of evaluations that are there already."""
    energy = np.array([_energy_error(one, this) for one, this in pairs])
    forces = [(this.forces - one.forces).ravel() for one, this in pairs if one.forces is not None]
    stress = _stress_errors(pairs) - offset * np.array([1, 1, 1, 0, 0, 0])
    return Accuracy(1e3 * _rms(energy), _rms(_all(forces)), _rms(stress), offset, len(pairs))


def _energy_error(one: Structure, found: Evaluation) -> float:
    """eV/atom."""
    if one.energy is None:
        raise BadInput(f"{one.name}: has no energy to compare with; leave it out.")
    return (found.energy - one.energy) / len(one)


def _all(parts: Sequence[FloatArray]) -> FloatArray:
    return np.concatenate(parts) if parts else np.zeros(0)


def _rms(errors: FloatArray) -> float:
    return float(np.sqrt(np.mean(errors**2))) if errors.size else float("nan")
