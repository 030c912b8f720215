"""What goes on from a trained potential, and what must not change on the way."""

from dataclasses import replace

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.materials.ace.fine_tuning import continued, with_elements, with_refitted_energies
from sciml.materials.ace.model import AceSettings
from sciml.materials.elements import covalent_radius
from sciml.materials.structures import Structure
from tests.materials.ace.test_kernels import crystal
from tests.materials.ace.test_model import SETTINGS, TWO_LAYERS, potential
from tests.materials.ace.test_training import labelled

SILICON, CARBON, TITANIUM, OXYGEN = 14, 6, 22, 8


def of_silicon(seed: int) -> Structure:
    return replace(crystal(seed), numbers=np.full(5, SILICON))


@pytest.mark.parametrize("settings", [SETTINGS, TWO_LAYERS], ids=["local", "messages"])
@pytest.mark.parametrize(
    ("elements", "structure"),
    [
        ((CARBON, OXYGEN, SILICON, TITANIUM), crystal(0)),
        ((TITANIUM, SILICON, CARBON), crystal(1)),
        ((OXYGEN, SILICON), of_silicon(2)),
    ],
    ids=["more", "in another order", "fewer"],
)
def test_known_elements_keep_energies_and_forces(
    settings: AceSettings, elements: tuple[int, ...], structure: Structure
) -> None:
    given = potential(settings=settings)
    before, after = (
        one.evaluate([structure])[0] for one in (given, with_elements(given, elements))
    )
    np.testing.assert_allclose(after.atom_energies, before.atom_energies, rtol=1e-9)
    np.testing.assert_allclose(after.forces, before.forces, atol=1e-9)
    np.testing.assert_allclose(after.stress, before.stress, atol=1e-9)


@pytest.mark.parametrize("messages", [0, 2])
def test_a_new_element_is_a_known_one_in_units_of_its_radius(messages: int) -> None:
    """Bare nuclei would tell them apart, and few functions would not bear to be stretched."""
    radial = SETTINGS.radial.model_copy(update={"functions": 16})
    update = {"core": False, "radial": radial, "messages": messages}
    random = potential(settings=SETTINGS.model_copy(update=update))
    smooth = 0.3 ** np.arange(16).reshape(1, 1, 16, 1)  # as training leaves them
    silicon = with_elements(random, [SILICON])
    weights = silicon.weights._replace(
        mixing=silicon.weights.mixing * smooth,
        message=silicon.weights.message * smooth,
    )
    silicon = replace(silicon, weights=weights)
    ratio = covalent_radius(CARBON) / covalent_radius(SILICON)
    large = of_silicon(0)
    small = replace(
        large,
        numbers=np.full(5, CARBON),
        positions=ratio * large.positions,
        cell=ratio * large.cell,
    )
    expected = silicon.evaluate([large])[0]
    found = with_elements(silicon, [CARBON]).evaluate([small])[0]
    np.testing.assert_allclose(found.atom_energies, expected.atom_energies, rtol=2e-2)
    size = np.abs(expected.forces).max()
    np.testing.assert_allclose(found.forces * ratio, expected.forces, atol=2e-2 * size)


def test_another_zero_of_energies_costs_nothing() -> None:
    """Labels that differ by a constant of each element are met before any training."""
    truth = potential(1)
    zero = np.array([-150.0, 7.0])
    shifted = [
        replace(one, energy=(one.energy or 0.0) + zero[np.searchsorted([6, 14], one.numbers)].sum())
        for one in labelled(truth, range(6))
    ]
    # One composition does not tell the elements apart.
    shifted[0] = replace(of_silicon(9), energy=truth.evaluate([of_silicon(9)])[0].energy + 35.0)
    found = continued(truth, shifted, SETTINGS, np.ones(6))
    np.testing.assert_allclose(found.weights.element_energy - truth.weights.element_energy, zero)
    for one, after in zip(shifted, found.evaluate(shifted), strict=True):
        assert after.energy == pytest.approx(one.energy)


def test_a_frame_that_does_not_count_does_not_move_energies() -> None:
    truth = potential(1)
    frames = labelled(truth, range(4))
    wrong = [replace(frames[0], energy=1e3), *frames[1:]]
    found = with_refitted_energies(truth, wrong, np.array([0.0, 1.0, 1.0, 1.0]))
    np.testing.assert_allclose(found.weights.element_energy, truth.weights.element_energy)


def test_a_potential_of_other_settings_is_refused() -> None:
    radial = SETTINGS.radial.model_copy(update={"cutoff": 4.5})
    asked = SETTINGS.model_copy(update={"radial": radial, "channels": 7, "smoothness": 1.0})
    with pytest.raises(BadInput, match=r"has radial\.cutoff 4\.0 \(model: 4\.5\), channels 3") as e:
        continued(potential(), labelled(potential(), range(2)), asked, np.ones(2))
    assert "smoothness" not in str(e.value)


def test_a_new_nucleus_must_fit_into_the_cutoff() -> None:
    radial = SETTINGS.radial.model_copy(update={"cutoff": 2.5})
    short = potential(settings=SETTINGS.model_copy(update={"radial": radial}))
    with pytest.raises(BadInput, match=r"raise radial\.cutoff"):
        with_elements(short, [6, 55])
