"""Least squares and the loss: each against a second way."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import paddle
import pytest

from sciml.core.errors import BadInput
from sciml.materials.ace.file import save_potential
from sciml.materials.ace.frames import Frames, LossSettings
from sciml.materials.ace.layer import AceLayer, loss_of
from sciml.materials.ace.model import AcePotential, AceSettings, Weights, pairs_of
from sciml.materials.ace.moments import moments, pair_rates
from sciml.materials.ace.reference import ReferencePotential
from sciml.materials.ace.start import start
from sciml.materials.structures import Structure
from sciml.materials.zbl import NuclearRepulsion
from sciml.training.feed import Feed
from tests.materials.ace.test_kernels import crystal
from tests.materials.ace.test_model import EACH_KIND, SETTINGS, crowded, potential

LOSS = LossSettings(energy=3.0, forces=1.0, stress=50.0)


def labelled(truth: AcePotential, seeds: range, offset: float = 0.0) -> list[Structure]:
    structures = [crystal(seed) for seed in seeds]
    return [
        replace(
            one,
            energy=found.energy,
            forces=found.forces,
            stress=found.stress + offset * np.array([1, 1, 1, 0, 0, 0]),
        )
        for one, found in zip(structures, truth.evaluate(structures), strict=True)
    ]


def plain_loss(guess: AcePotential, structures: list[Structure]) -> float:
    total = 0.0
    atoms = sum(len(one) for one in structures)
    for one, found in zip(structures, guess.evaluate(structures), strict=True):
        assert one.energy is not None
        assert one.forces is not None
        assert one.stress is not None
        energy = ((found.energy - one.energy) / len(one)) ** 2 / len(structures)
        force = np.sum((found.forces - one.forces) ** 2) / (3 * atoms)
        stress = np.mean((found.stress - one.stress) ** 2) / len(structures)
        total += LOSS.energy * energy + LOSS.forces * force + LOSS.stress * stress
    return float(total)


@EACH_KIND
def test_loss_and_gradient_against_the_plain_definition(settings: AceSettings) -> None:
    """Finite differences through energies, forces and stresses that NumPy evaluates."""
    structures = labelled(potential(1), range(3))
    guess = potential(2, settings)
    layer = AceLayer(guess, np.float64)
    frames = Frames(structures, guess, LOSS, dtype=np.float64)
    loss = loss_of(layer, Feed(frames, 3, 0, shuffle=False).batch(0, 0), LOSS, 0.0)
    assert float(loss) == pytest.approx(plain_loss(guess, structures), rel=1e-10)
    loss.backward()
    rng, step = np.random.default_rng(3), 1e-4
    gradients = {name: each.grad.numpy() for name, each in layer.named_parameters()}
    for name, gradient in gradients.items():
        direction = rng.normal(size=gradient.shape)
        changes = weights_of(layer, {name: direction})

        def moved(size: float, changes: dict[str, np.ndarray] = changes) -> float:
            given = guess.weights._asdict()
            weights = Weights(**{key: given[key] + size * changes[key] for key in given})
            return plain_loss(AcePotential(settings, (6, 14), weights), structures)

        # To fourth order in the step, so that rounding and bending both stay small.
        slope = (8 * (moved(step) - moved(-step)) - moved(2 * step) + moved(-2 * step)) / (
            12 * step
        )
        assert np.sum(gradient * direction) == pytest.approx(slope, rel=1e-6), name


@EACH_KIND
def test_single_precision_gives_the_loss_and_gradient_of_double(settings: AceSettings) -> None:
    guess, structures = potential(2, settings), labelled(potential(1), range(3))
    losses, gradients = [], []
    for dtype in (np.float32, np.float64):
        layer, frames = AceLayer(guess, dtype), Frames(structures, guess, LOSS, dtype=dtype)
        loss = loss_of(layer, Feed(frames, 3, 0, shuffle=False).batch(0, 0), LOSS, 0.0)
        loss.backward()
        losses.append(float(loss))
        gradients.append({name: each.grad.numpy() for name, each in layer.named_parameters()})
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    for name, exact in gradients[1].items():
        assert gradients[0][name].dtype == np.float32
        error = np.linalg.norm(gradients[0][name] - exact)
        assert error < 1e-4 * np.linalg.norm(exact), name


@EACH_KIND
def test_the_layer_has_the_energies_and_rates_of_the_plain_potential(
    settings: AceSettings, tmp_path: Path
) -> None:
    """A rate is what forces and stresses say of a motion; the layer leaves the nuclei out."""
    given, structure, rng = potential(3, settings), crowded(5), np.random.default_rng(6)
    saved = save_potential(tmp_path / "model.safetensors", given, {})
    plain = ReferencePotential.from_file(saved).evaluate([structure])[0]
    nuclei = NuclearRepulsion(["Si", "C"]).evaluate([structure])[0]
    edges = pairs_of([structure], given.elements, settings)
    shift, strain = rng.normal(size=(5, 3)), rng.normal(size=6)
    drift = pair_rates(edges, shift, strain[None])
    sums = moments(edges, 2, settings.couplings.degree)
    energies, rates = AceLayer(given, np.float64)(edges, sums, drift)
    rest = given.weights.element_energy[edges.element] + nuclei.atom_energies
    np.testing.assert_allclose(energies.numpy() + rest, plain.atom_energies, rtol=1e-10)
    work = np.sum((plain.forces - nuclei.forces) * shift)
    stretch = np.sum((plain.stress - nuclei.stress) * strain) * structure.volume
    assert float(rates.sum()) == pytest.approx(stretch - work, rel=1e-10)


def weights_of(layer: AceLayer, parameters: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What parameters alone, all others zero, are as weights; the layer keeps them."""
    for name, parameter in layer.named_parameters():
        value = parameters.get(name, np.zeros(parameter.shape))
        parameter.set_value(value.astype(layer.dtype))
    fixed = ("element_energy", "shift", "scale")
    found = layer.weights()._asdict()
    return found | {name: 0 * found[name] for name in fixed}


def test_least_squares_finds_a_linear_truth() -> None:
    first = start(labelled(potential(4), range(12)), SETTINGS, LOSS, kind="linear", seed=5)
    linear = first.potential
    again = start(labelled(linear, range(20, 60)), SETTINGS, LOSS, kind="linear", seed=5)
    fresh = labelled(linear, range(100, 103))
    for one, found in zip(fresh, again.potential.evaluate(fresh), strict=True):
        assert found.energy == pytest.approx(one.energy, abs=1e-2)
        np.testing.assert_allclose(found.forces, one.forces, atol=2e-2)


def test_a_constant_offset_of_stress_labels_is_found() -> None:
    first = start(labelled(potential(4), range(12)), SETTINGS, LOSS, kind="linear", seed=5)
    structures = labelled(first.potential, range(20, 60), offset=-0.02)
    found = start(structures, SETTINGS, LOSS, offset=True, seed=5)
    assert found.stress_offset == pytest.approx(-0.02, abs=1e-3)


def test_only_what_nuclei_leave_is_learnt() -> None:
    """If nuclei repel and do nothing else, no energy is left to learn."""
    structures = [crowded(seed) for seed in range(4)] + [crystal(9)]
    nuclei = NuclearRepulsion(["Si", "C"]).evaluate(structures)
    given = [
        replace(one, energy=found.energy, forces=found.forces, stress=found.stress)
        for one, found in zip(structures, nuclei, strict=True)
    ]
    batch = Frames(given, potential(), LOSS).gather(np.arange(len(given)))
    for name in ("energy", "forces", "stress"):
        np.testing.assert_allclose(batch[name], 0, atol=1e-12)
    begun = start(given, SETTINGS, LOSS, kind="linear").potential
    for one, found in zip(given, begun.evaluate(given), strict=True):
        np.testing.assert_allclose(found.forces, one.forces, atol=1e-9)
    assert start(given, SETTINGS, LOSS).potential.weights.element_energy == pytest.approx(0)


def test_missing_labels_are_named() -> None:
    structures = labelled(potential(), range(2))
    without = [replace(structures[0], stress=None), structures[1]]
    with pytest.raises(BadInput, match=r"has no stress.*set loss\.stress to 0"):
        Frames(without, potential(), LOSS)
    Frames(without, potential(), LossSettings(stress=0))
    with pytest.raises(BadInput, match="at least two are needed"):
        start(structures[:1], SETTINGS, LOSS)


def test_layer_gives_back_what_it_was_made_from() -> None:
    paddle.seed(0)
    kept = AceLayer(potential()).potential().weights
    for name, array in potential().weights._asdict().items():
        np.testing.assert_allclose(getattr(kept, name), array, rtol=1e-6)
