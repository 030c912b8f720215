"""Moments and invariants: against a plain second way and against finite differences."""

from dataclasses import replace

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.materials.ace.couplings import CouplingSettings, couplings
from sciml.materials.ace.edges import Edges, edges_of, joined
from sciml.materials.ace.harmonics import DEGREE, harmonics
from sciml.materials.ace.invariants import (
    Mixing,
    invariant_rates,
    invariants,
    mixing_by,
    moment_slopes,
    weight_slopes,
)
from sciml.materials.ace.moments import moments, pull, push
from sciml.materials.ace.radial import RadialSettings
from sciml.materials.structures import Structure

ELEMENTS = (6, 14)
RADIAL = RadialSettings(cutoff=4.0, functions=3)


def crystal(seed: int) -> Structure:
    """Two species in a skewed cell that is smaller than two cutoffs."""
    rng = np.random.default_rng(seed)
    cell = np.array([[4.6, 0, 0], [1.1, 4.4, 0], [-0.7, 0.9, 4.9]])
    places = np.array([[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5], [0.25, 0.3, 0.2]])
    positions = places @ cell + rng.normal(scale=0.1, size=(5, 3))
    numbers = np.array([14, 6, 14, 14, 6])
    return Structure(numbers, positions, cell, np.ones(3, bool))


def edges(*structures: Structure) -> Edges:
    return edges_of(structures, ELEMENTS, RADIAL)


def mixing(seed: int = 0, channels: int = 3) -> Mixing:
    rng = np.random.default_rng(seed)
    shape = (len(ELEMENTS), 4, len(ELEMENTS) * RADIAL.functions, channels)
    return mixing_by(rng.normal(size=shape), couplings(CouplingSettings()))


def test_moments_are_sums_over_neighbours() -> None:
    these = edges(crystal(0), crystal(1))
    found = moments(these, len(ELEMENTS))
    for atom in range(len(these.element)):
        mine = slice(these.first[atom], these.first[atom + 1])
        for element in range(2):
            chosen = np.flatnonzero(these.kind[mine] == element) + mine.start
            plain = harmonics(these.unit[chosen]).T @ these.values[chosen]
            part = found[atom][:, 3 * element : 3 * element + 3]
            np.testing.assert_allclose(part, plain, atol=1e-12)


def strained(structure: Structure, strain: np.ndarray) -> Structure:
    xx, yy, zz, yz, xz, xy = strain
    whole = np.eye(3) + np.array([[xx, xy / 2, xz / 2], [xy / 2, yy, yz / 2], [xz / 2, yz / 2, zz]])
    return replace(structure, positions=structure.positions @ whole, cell=structure.cell @ whole)


def test_push_is_the_rate_of_the_moments() -> None:
    structure, step = crystal(2), 1e-6
    rng = np.random.default_rng(3)
    shift, strain = rng.normal(size=(5, 3)), rng.normal(size=6)

    def moved(size: float) -> np.ndarray:
        one = replace(structure, positions=structure.positions + size * shift)
        return moments(edges(strained(one, size * strain)), 2)

    rates = push(edges(structure), 2, shift, strain[None])
    np.testing.assert_allclose(rates, (moved(step) - moved(-step)) / (2 * step), atol=1e-7)


def test_pull_is_the_transpose_of_push() -> None:
    these = edges(crystal(4), crystal(5))
    rng = np.random.default_rng(6)
    shift, strain = rng.normal(size=(10, 3)), rng.normal(size=(2, 6))
    slopes = rng.normal(size=(10, 16, 6))
    pulled = pull(these, slopes)
    one = np.sum(slopes * push(these, 2, shift, strain))
    other = -np.sum(pulled.forces * shift) + np.sum(pulled.strain_energy * strain)
    assert one == pytest.approx(other, rel=1e-12)


def test_invariants_against_plain_products() -> None:
    these, mixed = edges(crystal(7)), mixing()
    found = invariants(mixed, these.element, moments(these, 2))
    weights = mixed.weights[these.element][:, DEGREE]  # (atom, component, moment, channel)
    channels = np.einsum("acqk,acq->ack", weights, moments(these, 2))
    lengths = [np.sum(channels[:, degree == DEGREE] ** 2, axis=1) for degree in range(4)]
    np.testing.assert_allclose(found[:, 0], channels[:, 0], rtol=1e-12)
    np.testing.assert_allclose(found[:, 1:5], np.stack(lengths, axis=1), rtol=1e-12)


def test_slopes_by_moments() -> None:
    these, mixed, step = edges(crystal(8)), mixing(), 1e-6
    rng = np.random.default_rng(9)
    start = moments(these, 2)
    direction = rng.normal(size=start.shape)
    weight = rng.normal(size=invariants(mixed, these.element, start).shape)

    def total(size: float) -> float:
        return float(np.sum(weight * invariants(mixed, these.element, start + size * direction)))

    exact = np.sum(moment_slopes(mixed, these.element, start, weight) * direction)
    assert exact == pytest.approx((total(step) - total(-step)) / (2 * step), rel=1e-7)


def test_rates_and_their_slopes_by_weights() -> None:
    these, mixed, step = edges(crystal(10)), mixing(), 1e-6
    rng = np.random.default_rng(11)
    start = moments(these, 2)
    rates = rng.normal(size=start.shape)
    values, changes = invariant_rates(mixed, these.element, start, rates)
    np.testing.assert_allclose(values, invariants(mixed, these.element, start), rtol=1e-12)
    up, down = (invariants(mixed, these.element, start + s * rates) for s in (step, -step))
    np.testing.assert_allclose(changes, (up - down) / (2 * step), rtol=1e-5, atol=1e-4)

    slopes = rng.normal(size=values.shape), rng.normal(size=values.shape)
    direction = rng.normal(size=mixed.weights.shape)

    def total(size: float) -> float:
        moved = mixing_by(mixed.weights + size * direction, mixed.couplings)
        parts = invariant_rates(moved, these.element, start, rates)
        return float(np.sum(slopes[0] * parts[0]) + np.sum(slopes[1] * parts[1]))

    exact = np.sum(weight_slopes(mixed, these.element, (start, rates), slopes) * direction)
    assert exact == pytest.approx((total(step) - total(-step)) / (2 * step), rel=1e-6)


def test_joined_parts_are_the_whole() -> None:
    parts = joined([edges(crystal(12)), edges(crystal(13), crystal(14))])
    whole = edges(crystal(12), crystal(13), crystal(14))
    for name in Edges._fields:
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))


def test_an_unknown_element_is_named() -> None:
    strange = replace(crystal(15), numbers=np.array([14, 6, 79, 14, 6]))
    with pytest.raises(BadInput, match="atomic number 79 is not among the known"):
        edges(strange)


def test_two_atoms_in_one_place_are_refused() -> None:
    structure = crystal(16)
    positions = structure.positions.copy()
    positions[1] = positions[0]
    with pytest.raises(BadInput, match="Å apart"):
        edges(replace(structure, positions=positions))
