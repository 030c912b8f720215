import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from sciml.core.errors import BadInput
from sciml.materials.ace.couplings import Couplings, CouplingSettings, couplings
from sciml.materials.ace.harmonics import components, harmonics

SETTINGS = [
    CouplingSettings(degree=degree, factors=factors, fourfold_degree=fourfold)
    for degree, factors, fourfold in ((3, 2, 0), (3, 3, 0), (3, 4, 2), (1, 4, 1), (5, 4, 2))
]


def evaluated(lists: Couplings, moments: np.ndarray) -> np.ndarray:
    """The invariants, one plain step after the other."""
    nodes = list(moments)
    for a, b in zip(lists.left, lists.right, strict=True):
        nodes.append(nodes[a] * nodes[b])
    found = np.zeros(lists.invariants)
    np.add.at(found, lists.invariant, lists.coefficient * np.array(nodes)[lists.node])
    return found


def cloud(seed: int, atoms: int = 9) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(atoms, 3))
    return points / np.linalg.norm(points, axis=1, keepdims=True), rng.uniform(0.2, 1, atoms)


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("seed", range(3))
def test_rotation_changes_no_invariant(settings: CouplingSettings, seed: int) -> None:
    points, weights = cloud(seed)
    turn = Rotation.random(rng=seed).as_matrix()
    if seed == 2:
        turn = -turn  # a mirror image
    before, after = (
        evaluated(couplings(settings), weights @ harmonics(p, settings.degree))
        for p in (points, points @ turn.T)
    )
    np.testing.assert_allclose(after, before, rtol=1e-10, atol=1e-12)


def test_numbers_of_invariants() -> None:
    # Mean, four lengths, and eight triples with even sum that obey the triangle rule.
    assert [couplings(s).invariants for s in SETTINGS] == [5, 13, 22, 8, 36]


def test_invariants_are_independent() -> None:
    lists = couplings(CouplingSettings(degree=4, factors=4, fourfold_degree=3))
    samples = np.random.default_rng(0).normal(size=(300, components(4)))
    table = np.array([evaluated(lists, sample) for sample in samples])
    assert np.linalg.matrix_rank(table / np.abs(table).max(axis=0)) == lists.invariants


def test_three_factors_see_what_two_do_not() -> None:
    """Turning the vector moment against the others keeps all lengths, but no angles."""
    points, weights = cloud(5, 4)
    lists = couplings(CouplingSettings(factors=3))
    moments = weights @ harmonics(points, 3)
    turned = moments.copy()
    turned[1:4] = Rotation.random(rng=1).apply(moments[1:4])
    before, after = evaluated(lists, moments), evaluated(lists, turned)
    np.testing.assert_allclose(after[:5], before[:5], rtol=1e-12)
    assert np.abs(after[5:] - before[5:]).max() > 1e-3


def test_products_of_four_stay_within_the_degree() -> None:
    with pytest.raises(BadInput, match="fourfold_degree: is 2, more than degree 1; lower"):
        CouplingSettings(degree=1)
