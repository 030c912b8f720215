"""How far each atom's surroundings are from those that a potential was trained on."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sciml.core.axes import FloatArray, IntArray
from sciml.core.errors import BadInput
from sciml.materials.elements import symbol
from sciml.materials.structures import Structure

FEWEST_ATOMS = 2  # of each element, for a spread
_RIDGE = 1e-6  # of the mean variance: directions that training never saw count as this narrow


class Grade(NamedTuple):
    """Mahalanobis distance in the channel sums, by element.

    A grade of 1 is that of the training atom farthest from the centre; above it, the potential
    extrapolates.

    Source:
        Lysogorskiy et al., Phys. Rev. Materials 7 (2023) 043801 (a grade of 1 as the border).
    """

    centre: FloatArray  # (element, channel)
    whitening: FloatArray  # (element, channel, channel)

    def of(self, sums: FloatArray, element: IntArray) -> FloatArray:
        """Grades of atoms.

        Args:
            sums: Channel sums, (atom, channel).
            element: Which element each atom is, (atom,).

        Returns:
            Dimensionless, (atom,).
        """
        found = np.empty(len(sums))
        for number, (centre, whitening) in enumerate(zip(*self, strict=True)):
            mine = element == number
            found[mine] = np.linalg.norm((sums[mine] - centre) @ whitening, axis=1)
        return found


def require_atoms(structures: Sequence[Structure], elements: Sequence[int]) -> None:
    """Refuse structures that have too few atoms of an element to define its grade.

    Args:
        structures: Those of a training.
        elements: Atomic numbers.

    Raises:
        BadInput: if an element has fewer than two atoms.
    """
    numbers = np.concatenate([one.numbers for one in structures])
    for element in elements:
        count = int(np.sum(numbers == element))
        if count < FEWEST_ATOMS:
            raise BadInput(
                f"grade: {symbol(element)} has {count} atom{'s' * (count != 1)} in training, "
                f"expected {FEWEST_ATOMS} or more; add frames that have it, or leave out those "
                "that do."
            )


def graded(sums: FloatArray, element: IntArray, elements: int) -> Grade:
    """The grade that training atoms define.

    Args:
        sums: Their channel sums, (atom, channel).
        element: Which element each atom is, (atom,).
        elements: How many elements there are; each has two atoms or more.

    Returns:
        A grade of at most 1 for each of them.
    """
    parts = [_of_element(sums[element == number]) for number in range(elements)]
    return Grade(*(np.stack(each) for each in zip(*parts, strict=True)))


def _of_element(sums: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Centre and whitening of one element's atoms."""
    assert len(sums) >= FEWEST_ATOMS
    centre = sums.mean(axis=0)
    variances, axes = np.linalg.eigh(np.cov(sums - centre, rowvar=False))
    floor = _RIDGE * variances.mean() + np.finfo(float).tiny
    whitening = axes / np.sqrt(np.maximum(variances, floor))
    farthest = np.linalg.norm((sums - centre) @ whitening, axis=1).max()
    return centre, whitening / max(farthest, np.finfo(float).tiny)
