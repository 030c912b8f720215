"""The stress of a potential against finite strains of its energy."""

from dataclasses import replace

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.materials.labels.consistency import stress_consistency
from sciml.materials.potential import Evaluation
from sciml.materials.structures import Structure
from tests.materials.ace.test_model import potential


class Wrong:
    """A potential whose stress has the wrong sign."""

    def __init__(self) -> None:
        self._right = potential()
        self.elements, self.cutoff = self._right.elements, self._right.cutoff

    def evaluate(self, structures: list[Structure]) -> list[Evaluation]:
        return [one._replace(stress=-one.stress) for one in self._right.evaluate(structures)]


def crystal() -> Structure:
    rng = np.random.default_rng(0)
    cell = np.eye(3) * 3.5 + rng.normal(size=(3, 3)) * 0.3
    positions = np.array([[0.0, 0, 0], [0.45, 0.5, 0.55]]) @ cell
    return Structure(np.array([6, 14]), positions, cell, np.ones(3, bool))


def test_a_right_stress_agrees_in_all_components() -> None:
    found = stress_consistency(potential(), crystal())
    assert np.abs(found.told).min() > 1e-4
    assert found.difference < 1e-5 * np.abs(found.told).max()


def test_a_wrong_sign_shows() -> None:
    found = stress_consistency(Wrong(), crystal())
    np.testing.assert_allclose(found.told, -found.by_strain, rtol=1e-4)


def test_a_molecule_has_no_stress() -> None:
    with pytest.raises(BadInput, match="three periodic directions"):
        stress_consistency(potential(), replace(crystal(), periodic=np.zeros(3, bool)))
