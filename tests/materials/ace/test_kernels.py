"""Moments, mixing, invariants and messages: each against a second way to the same numbers."""

from dataclasses import replace

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.materials.ace import mixing
from sciml.materials.ace.couplings import CouplingSettings, couplings
from sciml.materials.ace.edges import Edges, edges_of, joined
from sciml.materials.ace.harmonics import DEGREE, components, harmonics
from sciml.materials.ace.invariants import (
    channel_slopes,
    invariant_rates,
    invariants,
    rate_slopes,
)
from sciml.materials.ace.messages import (
    message_rate_slopes,
    message_rates,
    message_slopes,
    messages,
)
from sciml.materials.ace.moments import moments, pair_rates, pair_slopes, pull, push
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


LARGEST = 4
SEEN = components(LARGEST)
LISTS = couplings(CouplingSettings(degree=LARGEST))


def table(seed: int = 0, channels: int = 3) -> np.ndarray:
    """Weights of the shape of the mixing."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(len(ELEMENTS), LARGEST + 1, len(ELEMENTS) * RADIAL.functions, channels))


def test_moments_are_sums_over_neighbours() -> None:
    these = edges(crystal(0), crystal(1))
    found = moments(these, len(ELEMENTS), LARGEST)
    for atom in range(len(these.element)):
        mine = slice(these.first[atom], these.first[atom + 1])
        for element in range(2):
            chosen = np.flatnonzero(these.kind[mine] == element) + mine.start
            plain = harmonics(these.unit[chosen], LARGEST).T @ these.values[chosen]
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
        return moments(edges(strained(one, size * strain)), 2, LARGEST)

    these = edges(structure)
    rates = push(these, 2, LARGEST, pair_rates(these, shift, strain[None]))
    np.testing.assert_allclose(rates, (moved(step) - moved(-step)) / (2 * step), atol=1e-7)


def test_pull_is_the_transpose_of_push() -> None:
    these = edges(crystal(4), crystal(5))
    rng = np.random.default_rng(6)
    shift, strain = rng.normal(size=(10, 3)), rng.normal(size=(2, 6))
    slopes = rng.normal(size=(10, SEEN, 6))
    pulled = pull(these, pair_slopes(these, slopes))
    one = np.sum(slopes * push(these, 2, LARGEST, pair_rates(these, shift, strain)))
    other = -np.sum(pulled.forces * shift) + np.sum(pulled.strain_energy * strain)
    assert one == pytest.approx(other, rel=1e-12)


def test_mixing_against_plain_sums() -> None:
    these, weights = edges(crystal(7)), table()
    rng = np.random.default_rng(1)
    sums = moments(these, 2, LARGEST)
    by_atom = weights[these.element][:, DEGREE[:SEEN]]  # (atom, component, moment, channel)
    slopes = rng.normal(size=(5, SEEN, 3))
    found = mixing.mixed(weights, these.element, sums)
    np.testing.assert_allclose(found, np.einsum("acqk,acq->ack", by_atom, sums), atol=1e-12)
    found = mixing.moment_slopes(weights, these.element, slopes)
    np.testing.assert_allclose(found, np.einsum("acqk,ack->acq", by_atom, slopes), atol=1e-12)
    total = np.sum(slopes * mixing.mixed(weights, these.element, sums))
    by_weight = mixing.weight_slopes(weights, these.element, sums, slopes)
    assert np.sum(by_weight * weights) == pytest.approx(total, rel=1e-12)


def test_invariants_against_plain_products() -> None:
    channels = np.random.default_rng(7).normal(size=(5, SEEN, 3))
    found = invariants(LISTS, channels)
    mine = DEGREE[:SEEN]
    lengths = [np.sum(channels[:, degree == mine] ** 2, axis=1) for degree in range(LARGEST + 1)]
    np.testing.assert_allclose(found[:, 0], channels[:, 0], rtol=1e-12)
    np.testing.assert_allclose(found[:, 1 : LARGEST + 2], np.stack(lengths, axis=1), rtol=1e-12)


def test_slopes_by_channels() -> None:
    rng, step = np.random.default_rng(9), 1e-6
    start, direction = rng.normal(size=(2, 5, SEEN, 3))
    weight = rng.normal(size=invariants(LISTS, start).shape)

    def total(size: float) -> float:
        return float(np.sum(weight * invariants(LISTS, start + size * direction)))

    exact = np.sum(channel_slopes(LISTS, start, weight) * direction)
    assert exact == pytest.approx((total(step) - total(-step)) / (2 * step), rel=1e-7)


def test_rates_of_invariants_and_their_slopes() -> None:
    rng, step = np.random.default_rng(11), 1e-6
    start, rates, along, along_rates = rng.normal(size=(4, 5, SEEN, 3))
    values, changes = invariant_rates(LISTS, start, rates)
    np.testing.assert_allclose(values, invariants(LISTS, start), rtol=1e-12)
    up, down = (invariants(LISTS, start + s * rates) for s in (step, -step))
    np.testing.assert_allclose(changes, (up - down) / (2 * step), rtol=1e-5, atol=1e-4)
    slopes = rng.normal(size=values.shape), rng.normal(size=values.shape)

    def total(size: float) -> float:
        parts = invariant_rates(LISTS, start + size * along, rates + size * along_rates)
        return float(np.sum(slopes[0] * parts[0]) + np.sum(slopes[1] * parts[1]))

    found = rate_slopes(LISTS, (start, rates), slopes)
    exact = np.sum(found[0] * along) + np.sum(found[1] * along_rates)
    assert exact == pytest.approx((total(step) - total(-step)) / (2 * step), rel=1e-6)


def test_messages_of_equal_charges_are_mixed_moments() -> None:
    """If all neighbours count as one, the second layer sees what the first sees."""
    these, weights = edges(crystal(20), crystal(21)), table()
    found = messages(these, np.ones((10, 3)), weights)
    plain = mixing.mixed(weights, these.element, moments(these, 2, LARGEST))
    np.testing.assert_allclose(found, plain, atol=1e-12)


def test_slopes_of_messages() -> None:
    structure, weights, step = crystal(22), table(), 1e-6
    rng = np.random.default_rng(23)
    charges, along = rng.normal(size=(2, 5, 3))
    slopes, shift, strain = (
        rng.normal(size=(5, SEEN, 3)),
        rng.normal(size=(5, 3)),
        rng.normal(size=6),
    )

    def total(size: float) -> float:
        one = replace(structure, positions=structure.positions + size * shift)
        these = edges(strained(one, size * strain))
        return float(np.sum(slopes * messages(these, charges + size * along, weights)))

    these = edges(structure)
    by_charge, by_pair = message_slopes(these, charges, weights, slopes)
    drift = pair_rates(these, shift, strain[None])
    exact = np.sum(by_charge * along) + np.sum(by_pair * drift)
    assert exact == pytest.approx((total(step) - total(-step)) / (2 * step), rel=1e-6)
    values, rates = message_rates(these, drift, (charges, along), weights)
    np.testing.assert_allclose(values, messages(these, charges, weights), atol=1e-12)
    assert np.sum(slopes * rates) == pytest.approx(exact, rel=1e-10)


def test_slopes_of_the_rates_of_messages() -> None:
    these, weights, step = edges(crystal(24), crystal(25)), table(), 1e-6
    rng = np.random.default_rng(26)
    charges, rates, along, along_rates = rng.normal(size=(4, 10, 3))
    drift, slopes = rng.normal(size=these.unit.shape), rng.normal(size=(2, 10, SEEN, 3))
    change = rng.normal(size=weights.shape)

    def total(size: float) -> float:
        pair = charges + size * along, rates + size * along_rates
        found = message_rates(these, drift, pair, weights + size * change)
        return float(np.sum(slopes[0] * found[0]) + np.sum(slopes[1] * found[1]))

    by_charge, by_rate, by_weight = message_rate_slopes(
        these, drift, (charges, rates), weights, (slopes[0], slopes[1])
    )
    exact = np.sum(by_charge * along) + np.sum(by_rate * along_rates) + np.sum(by_weight * change)
    assert exact == pytest.approx((total(step) - total(-step)) / (2 * step), rel=1e-6)


def test_far_ends_of_one_kind_come_together() -> None:
    """Which the compiled sums need to be fast."""
    these = edges(crystal(12))
    for start, stop in zip(these.first[:-1], these.first[1:], strict=True):
        assert (np.diff(these.kind[start:stop]) >= 0).all()


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
