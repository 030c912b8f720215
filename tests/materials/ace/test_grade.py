"""The extrapolation grade: its border, and what must not change it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.materials.ace.file import load_potential, save_potential
from sciml.materials.ace.grade import graded
from tests.materials.ace.test_kernels import crystal, strained
from tests.materials.ace.test_model import TWO_LAYERS, potential


def test_training_atoms_have_at_most_one_and_strange_ones_more() -> None:
    seen = [crystal(seed) for seed in range(12)]
    known = potential(settings=TWO_LAYERS).with_grade(seen)
    inside = [found.grades for found in known.evaluate(seen)]
    assert np.max(inside) == pytest.approx(1.0)
    pressed = strained(crystal(50), np.array([-0.2, -0.2, -0.2, 0, 0, 0]))
    grades = known.evaluate([pressed])[0].grades
    assert grades is not None
    assert grades.min() > 1.5


def test_grades_do_not_depend_on_the_scale_of_the_sums() -> None:
    rng = np.random.default_rng(0)
    sums, element = rng.normal(size=(60, 4)), np.repeat([0, 1], 30)
    turn = rng.normal(size=(4, 4))
    plain = graded(sums, element, 2).of(sums, element)
    turned = graded(sums @ turn, element, 2).of(sums @ turn, element)
    np.testing.assert_allclose(turned, plain, rtol=1e-3)


def test_a_file_keeps_the_grade(tmp_path: Path) -> None:
    known = potential().with_grade([crystal(0), crystal(1)])
    saved = save_potential(tmp_path / "model.safetensors", known, {})
    before, after = (p.evaluate([crystal(2)])[0].grades for p in (known, load_potential(saved)))
    assert before is not None
    np.testing.assert_array_equal(after, before)
    assert potential().evaluate([crystal(2)])[0].grades is None


def test_an_element_that_training_did_not_have_is_named() -> None:
    silicon = replace(crystal(0), numbers=np.full(5, 14))
    with pytest.raises(BadInput, match="C has 0 atoms in training, expected 2"):
        potential().with_grade([silicon])
