"""The linear part by least squares: against evaluated forces, and where it must not go."""

from dataclasses import replace

import numpy as np
import pytest

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.materials.ace.couplings import couplings
from sciml.materials.ace.frames import LossSettings
from sciml.materials.ace.model import AcePotential, AceSettings, feature_rates, layers, pairs_of
from sciml.materials.ace.moments import pair_rates
from sciml.materials.ace.refit import RefitSettings, refitted
from sciml.materials.structures import Structure
from tests.materials.ace.test_kernels import crystal
from tests.materials.ace.test_model import EACH_KIND, potential
from tests.materials.ace.test_training import labelled

LOSS = LossSettings(energy=3.0, forces=1.0, stress=50.0)


def moved(given: AcePotential, seed: int) -> AcePotential:
    """With other linear weights and energies of the elements."""
    rng, old = np.random.default_rng(seed), given.weights
    linear = old.linear + 0.3 * rng.normal(size=old.linear.shape)
    energies = old.element_energy + rng.normal(size=old.element_energy.shape)
    return replace(given, weights=old._replace(linear=linear, element_energy=energies))


def worst(given: AcePotential, structures: list[Structure]) -> float:
    """Largest error of any force, eV/Å."""
    errors = [
        np.abs(found.forces - one.forces).max()
        for one, found in zip(structures, given.evaluate(structures), strict=True)
        if one.forces is not None
    ]
    return float(max(errors))


@EACH_KIND
def test_rates_of_features_against_finite_differences(settings: AceSettings) -> None:
    given, structure, step = potential(settings=settings), crystal(3), 1e-5
    edges = pairs_of([structure], given.elements, settings)
    shift = np.random.default_rng(1).normal(size=(len(structure), 3))
    drift, lists = pair_rates(edges, shift, np.zeros((1, 6))), couplings(settings.couplings)
    values, rates = feature_rates(edges, given.weights, lists, drift)
    np.testing.assert_allclose(values, layers(edges, given.weights, lists).features, rtol=1e-10)

    def after(size: float) -> FloatArray:
        there = replace(structure, positions=structure.positions + size * shift)
        return layers(pairs_of([there], given.elements, settings), given.weights, lists).features

    slope = (after(step) - after(-step)) / (2 * step)
    np.testing.assert_allclose(rates, slope, atol=1e-6 * np.abs(slope).max())


@EACH_KIND
@pytest.mark.parametrize("offset", [0.0, 0.02])
def test_labels_that_other_linear_weights_gave_are_met(
    settings: AceSettings, offset: float
) -> None:
    """From half of the force components, energies and stresses of few frames."""
    given = potential(4, settings)
    truth = moved(given, 5)
    structures = labelled(truth, range(40), offset)
    before = worst(given, structures)
    found = refitted(
        given,
        structures,
        LOSS,
        np.ones(40),
        settings=RefitSettings(rows=8, ridge=1e-12),
        stress_offset=offset,
    )
    assert found.gain > 0.999
    assert worst(found.potential, structures) < 1e-3 * before
    fresh = labelled(truth, range(50, 53))
    assert worst(found.potential, fresh) < 1e-2 * worst(given, fresh)
    energies = [[one.energy for one in each.evaluate(fresh)] for each in (found.potential, truth)]
    np.testing.assert_allclose(energies[0], energies[1], atol=0.05)


def test_a_ridge_holds_the_weights() -> None:
    """The larger, the less they move; the smaller, the less is left of the loss."""
    given, loss = potential(6), LossSettings(stress=0.0)
    structures = labelled(moved(given, 7), range(12))
    moves, gains = [], []
    for ridge in (1e12, 1e4, 1e-4):
        settings = RefitSettings(ridge=ridge)
        found = refitted(given, structures, loss, np.ones(12), settings=settings)
        moves.append(np.abs(found.potential.weights.linear - given.weights.linear).mean())
        gains.append(found.gain)
    assert moves[0] < 1e-6
    assert moves == sorted(moves)
    assert gains == sorted(gains)
    assert gains[-1] > 0.99


def test_a_ridge_below_rounding_is_told() -> None:
    given = potential(6)
    structures = labelled(given, range(2))
    with pytest.raises(BadInput, match="raise it"):
        refitted(given, structures, LOSS, np.ones(2), settings=RefitSettings(ridge=1e-300))


def test_a_frame_without_weight_does_not_count() -> None:
    given = potential(8)
    structures = labelled(moved(given, 9), range(24))
    wrong = [replace(one, energy=1e6, forces=np.ones_like(one.positions)) for one in structures[:4]]
    both, weights = [*structures, *wrong], np.repeat([1.0, 0.0], [24, 4])
    found = refitted(given, both, LOSS, weights, settings=RefitSettings(ridge=1e-12))
    assert worst(found.potential, structures) < 1e-2 * worst(given, structures)


def test_a_missing_label_is_told() -> None:
    structures = labelled(potential(1), range(8))
    structures[3] = replace(structures[3], stress=None)
    with pytest.raises(BadInput, match="has no stress"):
        refitted(potential(2), structures, LOSS, np.ones(8), settings=RefitSettings())
