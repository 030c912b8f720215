"""The repulsion of two bare nuclei behind their screened electrons, for atoms that nearly touch.

The universal screening function of Ziegler, Biersack and Littmark is

    E(r) = (e² / 4πε₀) Z₁ Z₂ / r · φ(r/a),   a = 0.4685 Å / (Z₁^0.23 + Z₂^0.23),

with φ a sum of four exponentials. Between an inner and an outer distance it is multiplied by
1 - 10 t³ + 15 t⁴ - 6 t⁵, t = (r - inner) / (outer - inner), so that energy, force and stiffness are
continuous and bonds are left to whatever was learnt.

Source:
    Ziegler, Biersack & Littmark, The Stopping and Range of Ions in Matter, vol. 1 (1985);
    constants as in Ziegler, Biersack & Ziegler, SRIM (2008).
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from sciml.core.axes import Array, FloatArray, IntArray
from sciml.core.errors import BadInput
from sciml.materials.elements import atomic_number, covalent_radius, unknown_elements
from sciml.materials.neighbours import neighbours
from sciml.materials.potential import Evaluation
from sciml.materials.structures import Structure

COULOMB = 14.399645  # e² / 4πε₀, eV Å, CODATA 2014
SCREENING_LENGTH = 0.46850  # Å
SCREENING_POWER = 0.23
SHARES = np.array([0.02817, 0.28022, 0.50986, 0.18175])
RATES = np.array([0.20162, 0.40290, 0.94229, 3.19980])

# Of the sum of covalent radii. Bonds are about 1 long; in liquids atoms come as near as 0.7 (copper
# at 3000 K) and 0.6 (molybdenum at 6000 K), where a learnt energy must not be disturbed.
REACH = 0.6
_INNER = 0.5  # of the reach, up to where all of the repulsion is felt

_SMALLEST_VOLUME = 1e-6  # Å³


class PairCurve(NamedTuple):
    """Energy of pairs and its slope."""

    energy: FloatArray  # eV, (pair,)
    slope: FloatArray  # dE/dr, eV/Å, (pair,)


def bare_repulsion(distance: ArrayLike, first: ArrayLike, second: ArrayLike) -> PairCurve:
    """Screened repulsion of nuclei, at any distance.

    Args:
        distance: Å, positive, shape (pair,).
        first: Atomic numbers, shape (pair,) or one for all.
        second: Atomic numbers, shape (pair,) or one for all.

    Returns:
        Energy and slope.

    Raises:
        BadInput: if a distance is not positive.
    """
    r = np.asarray(distance, dtype=np.float64)
    if not np.all(r > 0):
        raise BadInput("bare_repulsion: two atoms are at the same place; distances must be above 0")
    Z1, Z2 = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    a = SCREENING_LENGTH / (Z1**SCREENING_POWER + Z2**SCREENING_POWER)
    terms = SHARES * np.exp(-RATES * (r / a)[..., None])  # (pair, term)
    screening = terms.sum(axis=-1)
    bend = -(RATES * terms).sum(axis=-1) / a
    coulomb = COULOMB * Z1 * Z2 / r
    return PairCurve(coulomb * screening, coulomb * (bend - screening / r))


def switched_off(curve: PairCurve, distance: FloatArray, inner: Array, outer: Array) -> PairCurve:
    """Take a pair energy smoothly to nothing.

    Args:
        curve: At the distances.
        distance: Å, shape (pair,).
        inner: Å, up to where the energy is left as it is; shape (pair,) or one for all.
        outer: Å, from where it is zero; above ``inner``.

    Returns:
        The curve times a polynomial that has two continuous derivatives.
    """
    width = outer - inner
    t = np.clip((distance - inner) / width, 0.0, 1.0)
    factor = 1.0 - t**3 * (10.0 - 15.0 * t + 6.0 * t**2)
    fall = -30.0 * t**2 * (1.0 - t) ** 2 / width
    return PairCurve(curve.energy * factor, curve.slope * factor + curve.energy * fall)


@lru_cache
def switch_distances(
    numbers: tuple[int, ...], reach: float = REACH
) -> tuple[FloatArray, FloatArray]:
    """Where the repulsion of each pair of elements begins to fall, and where it ends.

    Args:
        numbers: Atomic numbers.
        reach: Where it ends, of the covalent radii of a pair.

    Returns:
        Inner and outer distances, Å, each of shape (element, element).

    Raises:
        BadInput: if there is no such element.
    """
    radii = np.array([covalent_radius(number) for number in numbers])
    outer = reach * (radii[:, None] + radii)
    return _INNER * outer, outer


class NuclearRepulsion:
    """The switched repulsion as a :class:`sciml.materials.potential.Potential`.

    Args:
        elements: Symbols that it knows.
        inner: Å, up to where a pair feels all of it, by default 0.3 of its covalent radii.
        outer: Å, from where a pair feels nothing, by default 0.6 of its covalent radii.
        reach: What takes the place of 0.6; the inner default is half of the outer one.

    Raises:
        BadInput: if an element is unknown or not 0 <= inner < outer for each pair.
    """

    def __init__(
        self,
        elements: Sequence[str],
        inner: float | None = None,
        outer: float | None = None,
        reach: float = REACH,
    ) -> None:
        self._numbers = tuple(atomic_number(name) for name in elements)
        begin, end = switch_distances(self._numbers, reach)
        self._inner = begin if inner is None else np.full(begin.shape, inner)
        self._outer = end if outer is None else np.full(end.shape, outer)
        if not self._numbers or not np.all((self._inner >= 0) & (self._inner < self._outer)):
            raise BadInput(
                f"NuclearRepulsion: expected elements and 0 <= inner < outer, got {list(elements)}"
                f", inner {inner} Å, outer {outer} Å; a default is a share of covalent radii."
            )

    @property
    def elements(self) -> tuple[int, ...]:
        """Atomic numbers that it knows."""
        return self._numbers

    @property
    def cutoff(self) -> float:
        """Å; the largest outer distance of any pair."""
        return float(self._outer.max())

    def curve(self, distance: FloatArray, first: IntArray, second: IntArray) -> PairCurve:
        """Energy and slope of pairs.

        Args:
            distance: Å, shape (pair,).
            first: Atomic numbers, shape (pair,).
            second: Atomic numbers, shape (pair,).

        Returns:
            Zero from the outer distance of each pair on.

        Raises:
            BadInput: if an element is unknown or a distance is not positive.
        """
        unknown = unknown_elements(np.append(first, second), self._numbers)
        if unknown:
            raise BadInput(f"NuclearRepulsion: it was not made for {unknown}; add it to elements.")
        place = {number: index for index, number in enumerate(self._numbers)}
        rows, columns = ([place[int(number)] for number in side] for side in (first, second))
        inner, outer = self._inner[rows, columns], self._outer[rows, columns]
        return switched_off(bare_repulsion(distance, first, second), distance, inner, outer)

    def evaluate(self, structures: Sequence[Structure]) -> list[Evaluation]:
        """Energies, forces and stresses in float64.

        Args:
            structures: In any cells.

        Returns:
            One evaluation for each; both atoms of a pair have half of its energy.

        Raises:
            BadInput: if an element is unknown or two atoms are at the same place.
        """
        return [self._evaluated(structure) for structure in structures]

    def _evaluated(self, structure: Structure) -> Evaluation:
        """One structure; each pair is met from both ends."""
        unknown = unknown_elements(structure.numbers, self._numbers)
        if unknown:
            raise BadInput(f"{structure.name}: NuclearRepulsion was not made for {unknown}.")
        pairs, atoms = neighbours(structure, self.cutoff), len(structure)
        distance = np.linalg.norm(pairs.vector, axis=-1)
        if not np.all(distance > 0):
            atom = pairs.centre[np.argmin(distance)]
            raise BadInput(
                f"{structure.name}: atom {atom} and another are at the same place; move one, or "
                "leave the frame out."
            )
        numbers = structure.numbers
        curve = self.curve(distance, numbers[pairs.centre], numbers[pairs.other])
        pull = (curve.slope / distance)[:, None] * pairs.vector  # on the centre
        forces = np.zeros((atoms, 3))
        np.add.at(forces, pairs.centre, pull)
        energies = 0.5 * np.bincount(pairs.centre, weights=curve.energy, minlength=atoms)
        virial = 0.5 * np.einsum("pi,pj->ij", pull, pairs.vector)
        volume = structure.volume if structure.volume > _SMALLEST_VOLUME else np.nan
        stress = virial[[0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]] / volume
        return Evaluation(float(energies.sum()), forces, stress, energies)
