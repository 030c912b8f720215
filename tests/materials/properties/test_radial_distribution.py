"""Radial distributions: random atoms, shells of crystals, and how alike two are."""

from dataclasses import replace

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.materials.properties.radial_distribution import overlap, radial_distribution
from sciml.materials.simulated_crystals import SILICON_CARBIDE, crystal
from sciml.materials.structures import Structure
from tests.materials.properties.known_crystals import LENGTH, spring_crystal


def gas(seed: int, atoms: int = 100) -> Structure:
    cell = np.array([[20.0, 0, 0], [3.0, 18.0, 0], [-2.0, 4.0, 22.0]])
    places = np.random.default_rng(seed).uniform(size=(atoms, 3)) @ cell
    return Structure(np.full(atoms, 18), places, cell, np.ones(3, dtype=np.bool_))


def test_atoms_at_random_have_the_mean_density_everywhere() -> None:
    found = radial_distribution([gas(seed) for seed in range(40)], 8.0, 8)
    ratio = found["density_ratio"].values
    expected = np.diff(np.linspace(0, 8, 9) ** 3) * 4 / 3 * np.pi * 100 / gas(0).volume
    noise = 1 / np.sqrt(expected * 40 * 100 / 2)
    assert (np.abs(ratio - 0.99) < 4 * noise).all()


def test_a_crystal_has_its_shells_in_a_cell_of_any_size() -> None:
    """A face-centred cube has 12, 6 and 24 neighbours at 1, √2 and √3 lengths."""
    for cubic in (True, False):
        found = radial_distribution([spring_crystal(cubic=cubic)], 1.9 * LENGTH, 190)
        within = found["neighbours"].interp(distance=np.array([1.2, 1.6, 1.85]) * LENGTH)
        np.testing.assert_allclose(within, [12, 18, 42])
        peaks = found["distance"].values[found["density_ratio"].values > 0] / LENGTH
        np.testing.assert_allclose(np.sort(peaks)[[0, -1]], [1, np.sqrt(3)], atol=0.01)


def test_kinds_are_counted_from_the_centre_outwards() -> None:
    zincblende = crystal(SILICON_CARBIDE)
    bond = np.sqrt(3) / 4 * zincblende.cell[0, 0]
    for pair, expected in ((("Si", "C"), 4), (("C", "Si"), 4), (("Si", "Si"), 0)):
        found = radial_distribution([zincblende], 1.2 * bond, 24, pair)
        assert float(found["neighbours"][-1]) == pytest.approx(expected)


def test_partial_densities_add_up_to_the_whole() -> None:
    mixed = replace(gas(3), numbers=np.where(np.arange(100) < 30, 6, 14))
    whole = radial_distribution([mixed], 7.0, 20)["neighbours"]
    parts = {
        (a, b): radial_distribution([mixed], 7.0, 20, (a, b))["neighbours"]
        for a in ("C", "Si")
        for b in ("C", "Si")
    }
    share = {"C": 0.3, "Si": 0.7}
    total = sum(share[a] * part for (a, _), part in parts.items())
    np.testing.assert_allclose(total, whole)


def test_overlap_is_one_with_itself_and_nothing_without_common_ground() -> None:
    one = radial_distribution([spring_crystal()], 1.2 * LENGTH, 24)
    other = radial_distribution([spring_crystal(stretch=0.8)], 1.2 * LENGTH, 24)
    assert overlap(one, one) == 1
    assert overlap(one, other) == pytest.approx(overlap(other, one))
    assert overlap(one, other) == pytest.approx(0, abs=0.1)
    with pytest.raises(BadInput, match="different bins"):
        overlap(one, radial_distribution([spring_crystal()], 1.2 * LENGTH, 25))
    with pytest.raises(BadInput, match="zero everywhere"):
        overlap(*[radial_distribution([spring_crystal()], 0.5 * LENGTH, 3)] * 2)


def test_what_has_no_density_is_told() -> None:
    open_cell = replace(spring_crystal(), periodic=np.array([True, True, False]))
    with pytest.raises(BadInput, match="not periodic in all directions"):
        radial_distribution([open_cell], 3.0)
    with pytest.raises(BadInput, match="has no Si-C"):
        radial_distribution([spring_crystal()], 3.0, pair=("Si", "C"))
    with pytest.raises(BadInput, match="give structures"):
        radial_distribution([], 3.0)
