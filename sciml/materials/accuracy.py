"""How far a potential is from its labels: by part of the data, and by group within it."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.materials.potential import Evaluation, Potential
from sciml.materials.structures import GPA, Structure


class Accuracy(NamedTuple):
    """Root mean square errors; NaN where no label is."""

    energy: float  # meV/atom
    forces: float  # eV/Å, over components
    stress: float  # GPa, over six components, the mean error of xx, yy and zz removed if asked
    stress_offset: float  # GPa, the mean that was removed, or 0
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
    return _summed(structures, potential.evaluate(structures), offset)


def accuracy_by_group(
    potential: Potential, structures: Sequence[Structure], *, offset: bool = False
) -> dict[str, Accuracy]:
    """The same for each ``group`` that the structures name, and for all under ``all``."""
    found = potential.evaluate(structures)
    groups = [str(one.about.get("group", "unnamed")) for one in structures]
    parts = {"all": list(range(len(groups)))}
    parts |= {g: [i for i, name in enumerate(groups) if name == g] for g in sorted(set(groups))}
    return {
        name: _summed([structures[i] for i in part], [found[i] for i in part], offset)
        for name, part in parts.items()
    }


def _summed(structures: Sequence[Structure], found: Sequence[Evaluation], offset: bool) -> Accuracy:
    """Errors of evaluations that are there already."""
    if not structures:
        raise BadInput("accuracy: no structures were given; look at the split.")
    pairs = list(zip(structures, found, strict=True))
    energy = np.array([_energy_error(one, this) for one, this in pairs])
    forces = [(this.forces - one.forces).ravel() for one, this in pairs if one.forces is not None]
    stress = [(this.stress - one.stress) / GPA for one, this in pairs if one.stress is not None]
    table = np.array(stress).reshape(-1, 6)
    mean = float(np.mean(table[:, :3])) if offset and len(table) else 0.0
    table = table - mean * np.array([1, 1, 1, 0, 0, 0])
    return Accuracy(1e3 * _rms(energy), _rms(_all(forces)), _rms(table), mean, len(pairs))


def _energy_error(one: Structure, found: Evaluation) -> float:
    """eV/atom."""
    if one.energy is None:
        raise BadInput(f"{one.name}: has no energy to compare with; leave it out.")
    return (found.energy - one.energy) / len(one)


def _all(parts: Sequence[FloatArray]) -> FloatArray:
    return np.concatenate(parts) if parts else np.zeros(0)


def _rms(errors: FloatArray) -> float:
    return float(np.sqrt(np.mean(errors**2))) if errors.size else float("nan")
