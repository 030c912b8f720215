"""Neighbour lists against a search over all images that could matter."""

from itertools import product

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.materials.neighbours import neighbours
from sciml.materials.structures import Structure

SKEWED = np.array([[3.1, 0.0, 0.0], [1.4, 2.9, 0.0], [-0.8, 1.1, 3.3]])


def structure(cell: np.ndarray, periodic: tuple[bool, bool, bool], atoms: int = 4) -> Structure:
    rng = np.random.default_rng(atoms)
    box = np.where(
        np.array(periodic)[:, None] | cell.any(axis=1, keepdims=True), cell, 4 * np.eye(3)
    )
    # Some atoms outside the cell, as dynamics leave them.
    positions = rng.uniform(-0.5, 1.5, size=(atoms, 3)) @ box
    return Structure(np.full(atoms, 14), positions, cell, np.array(periodic))


def all_pairs(one: Structure, cutoff: float, images: int = 6) -> set[tuple[int, ...]]:
    reach = [range(-images, images + 1) if p else (0,) for p in one.periodic]
    found = set()
    for shift in product(*reach):
        moved = one.positions + np.array(shift) @ one.cell
        distance = np.linalg.norm(moved[None] - one.positions[:, None], axis=2)
        for i, j in np.argwhere(distance < cutoff):
            if i != j or any(shift):
                found.add((int(i), int(j), *shift))
    return found


CASES = {
    "crystal": (SKEWED * 2, (True, True, True), 4),
    "cell smaller than the cutoff": (SKEWED, (True, True, True), 2),
    "one atom": (SKEWED, (True, True, True), 1),
    "slab": (SKEWED, (True, True, False), 4),
    "slab on other axes": (SKEWED, (False, True, True), 4),
    "wire": (SKEWED, (False, True, False), 3),
    "molecule without a cell": (np.zeros((3, 3)), (False, False, False), 5),
    "slab without a third vector": (SKEWED * [[1], [1], [0]], (True, True, False), 3),
    "atom alone": (np.zeros((3, 3)), (False, False, False), 1),
}


@pytest.mark.parametrize("case", CASES)
def test_pairs_are_those_of_a_search_over_images(case: str) -> None:
    one, cutoff = structure(*CASES[case]), 4.7
    found = neighbours(one, cutoff)
    pairs = [
        (int(i), int(j), *map(int, s))
        for i, j, s in zip(found.centre, found.other, found.shift, strict=True)
    ]
    assert len(pairs) == len(set(pairs))
    assert set(pairs) == all_pairs(one, cutoff)
    assert pairs == sorted(pairs)
    vectors = one.positions[found.other] - one.positions[found.centre] + found.shift @ one.cell
    np.testing.assert_allclose(found.vector, vectors, atol=1e-10)


def test_a_cutoff_must_be_positive() -> None:
    with pytest.raises(BadInput, match="must be positive"):
        neighbours(structure(SKEWED, (True, True, True)), 0.0)
