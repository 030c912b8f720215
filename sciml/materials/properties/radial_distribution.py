"""How atoms stand about an atom: the radial distribution function, and how alike two are."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from sciml.core.axes import FloatArray, IntArray
from sciml.core.errors import BadInput
from sciml.materials.elements import atomic_number
from sciml.materials.neighbours import neighbours
from sciml.materials.structures import Structure


def radial_distribution(
    structures: Sequence[Structure],
    cutoff: float,
    bins: int = 100,
    pair: tuple[str, str] | None = None,
) -> xr.Dataset:
    """The mean density of atoms at a distance from an atom, over the mean density of all.

    Images of an atom are neighbours of it too, so that a crystal has its shells in a cell of any
    size. Atoms placed at random show 1 - 1/N, because none meets itself.

    Args:
        structures: Frames, periodic in all directions.
        cutoff: Å; as many images are used as it takes. Beyond half the width of the cell, atoms
            and images are not independent.
        bins: Of equal width, from zero to the cutoff.
        pair: Symbols of the atom at the centre and of those about it; all atoms without it.

    Returns:
        By ``distance`` (Å, the middle of the bin): ``density_ratio`` g, and ``neighbours``, how
        many atoms are nearer than the far side of the bin.

    Raises:
        BadInput: if a structure is not periodic, has none of the elements, or there is none.
    """
    if not structures or not cutoff > 0 or bins < 1:
        raise BadInput("radial_distribution: give structures, a positive cutoff and bins.")
    edges = np.linspace(0, cutoff, bins + 1)
    shells = 4 / 3 * np.pi * np.diff(edges**3)
    ratio, within = np.zeros(bins), np.zeros(bins)
    for structure in structures:
        counts, centres, others = _counted(structure, edges, pair)
        each = counts / centres
        ratio += each / shells * structure.volume / others
        within += np.cumsum(each)
    middle = (edges[1:] + edges[:-1]) / 2
    return xr.Dataset(
        {
            "density_ratio": ("distance", ratio / len(structures), {"units": "1"}),
            "neighbours": ("distance", within / len(structures), {"units": "1"}),
        },
        {"distance": ("distance", middle, {"units": "Å"})},
    )


def overlap(one: xr.Dataset, other: xr.Dataset) -> float:
    """How much of two radial distributions is common: 1 - ∫|g₁ - g₂| dr / ∫(g₁ + g₂) dr.

    Args:
        one: From :func:`radial_distribution`.
        other: The same with the same bins.

    Returns:
        1 for equal ones, 0 for those that are nowhere both above zero.

    Raises:
        BadInput: if the bins differ or both are zero.
    """
    if not np.array_equal(one["distance"], other["distance"]):
        raise BadInput("overlap: the two have different bins; use the same cutoff and number.")
    first, second = one["density_ratio"].values, other["density_ratio"].values
    total = float(np.sum(first + second))
    if total == 0:
        raise BadInput("overlap: both are zero everywhere; use a larger cutoff.")
    return 1 - float(np.sum(np.abs(first - second))) / total


def _counted(
    structure: Structure, edges: FloatArray, pair: tuple[str, str] | None
) -> tuple[IntArray, int, int]:
    """Pairs in each bin, and how many atoms are at the centre and about it."""
    if not structure.periodic.all():
        raise BadInput(f"{structure.name}: has no density, it is not periodic in all directions.")
    found = neighbours(structure, float(edges[-1]))
    numbers = structure.numbers
    here = there = np.ones(len(numbers), dtype=np.bool_)
    if pair is not None:
        here, there = (numbers == atomic_number(name) for name in pair)
        if not (here.any() and there.any()):
            raise BadInput(f"{structure.name}: has no {'-'.join(pair)}; name elements it has.")
    wanted = here[found.centre] & there[found.other]
    distance = np.linalg.norm(found.vector[wanted], axis=1)
    counts = np.histogram(distance, edges)[0].astype(np.int64)
    return counts, int(here.sum()), int(there.sum())
