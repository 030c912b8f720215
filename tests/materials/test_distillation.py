"""What a teacher is asked, and which of its answers are kept."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.materials.ace.model import AcePotential
from sciml.materials.committee import Committee
from sciml.materials.distillation import Taught, TeachingSettings, taught
from sciml.materials.structures import Structure
from tests.materials.ace.test_kernels import crystal
from tests.materials.ace.test_model import potential

SEEN = [crystal(seed) for seed in range(12)]


def teacher() -> AcePotential:
    return potential(1).with_grade(SEEN)


def lesson(structures: list[Structure], seed: int = 0, **settings: Any) -> Taught:
    return taught(teacher(), structures, TeachingSettings.model_validate(settings), seed=seed)


def test_labels_are_those_of_the_teacher() -> None:
    frames = lesson(SEEN, largest_grade=None).frames
    for one, found in zip(frames, teacher().evaluate(frames), strict=True):
        assert one.energy == found.energy
        np.testing.assert_array_equal(one.forces, found.forces)
        np.testing.assert_array_equal(one.stress, found.stress)


def test_copies_are_rattled_by_what_is_asked() -> None:
    frames = lesson(SEEN, copies=20, rattle=0.03, strain=0, largest_grade=None).frames
    pairs = zip(frames, [one for one in SEEN for _ in range(20)], strict=True)
    moves = np.concatenate([(copy.positions - one.positions).ravel() for copy, one in pairs])
    assert np.std(moves) == pytest.approx(0.03, rel=0.05)
    assert np.mean(moves) == pytest.approx(0, abs=0.003)


def test_strain_is_symmetric_within_its_limit_and_takes_the_atoms_along() -> None:
    frames = lesson([SEEN[0]], copies=50, rattle=0, strain=0.04, largest_grade=None).frames
    one = SEEN[0]
    strains = np.stack([np.linalg.solve(one.cell, copy.cell) - np.eye(3) for copy in frames])
    np.testing.assert_allclose(strains, strains.transpose(0, 2, 1), atol=1e-12)
    assert 0.03 < np.abs(strains).max() <= 0.04
    places = one.positions @ np.linalg.inv(one.cell)
    for copy in frames:
        np.testing.assert_allclose(copy.positions @ np.linalg.inv(copy.cell), places, atol=1e-12)


WANDERING = {"motion": {"temperature": 300, "step": 0.001, "apart": 5}, "rattle": 0, "strain": 0}


def test_copies_that_move_go_on_from_where_they_were() -> None:
    found = lesson(SEEN[:2], copies=3, largest_grade=None, **WANDERING)
    assert (len(found.frames), found.left_out) == (6, 0)
    for number, one in enumerate(SEEN[:2]):
        frames = found.frames[3 * number : 3 * number + 3]
        steps = [
            np.sqrt(np.mean((two.positions - before.positions) ** 2))
            for before, two in zip([one, *frames[:-1]], frames, strict=True)
        ]
        # 5 fs at 300 K: a silicon atom goes 0.01 Å or so.
        assert 0.002 < min(steps) <= max(steps) < 0.05
        assert all(np.array_equal(two.cell, one.cell) for two in frames)
    for one, answer in zip(found.frames, teacher().evaluate(found.frames), strict=True):
        np.testing.assert_array_equal(one.forces, answer.forces)


def test_the_first_of_a_committee_moves_the_copies_and_all_label_them() -> None:
    both = Committee((potential(1), potential(2)))
    settings = TeachingSettings.model_validate({"copies": 2, "largest_grade": None} | WANDERING)
    frames = taught(both, SEEN[:1], settings).frames
    alone = taught(both.members[0], SEEN[:1], settings).frames
    for one, two, answer in zip(frames, alone, both.evaluate(frames), strict=True):
        np.testing.assert_array_equal(one.positions, two.positions)
        np.testing.assert_array_equal(one.forces, answer.forces)


def test_copies_that_run_away_are_left_out() -> None:
    hot = WANDERING | {"motion": {"temperature": 300, "step": 0.02, "apart": 50}}
    with pytest.raises(BadInput, match=r"in all 4 frames.*motion\.temperature"):
        lesson(SEEN[:2], copies=2, largest_grade=None, **hot)


def test_an_atom_alone_does_not_move_and_is_not_lost() -> None:
    alone = replace(SEEN[0], numbers=SEEN[0].numbers[:1], positions=SEEN[0].positions[:1])
    found = lesson([alone, SEEN[1]], copies=2, largest_grade=None, **WANDERING)
    assert [len(one) for one in found.frames] == [1, 1, len(SEEN[1]), len(SEEN[1])]
    assert found.left_out == 0


@pytest.mark.parametrize("more", [{}, WANDERING])
def test_elements_that_the_teacher_does_not_know_are_named(more: dict[str, Any]) -> None:
    strange = replace(SEEN[0], numbers=np.full(len(SEEN[0]), 79))
    with pytest.raises(BadInput, match="does not know Au"):
        lesson([SEEN[1], strange], largest_grade=None, **more)


def test_the_same_seed_asks_the_same() -> None:
    one, same, other = (lesson(SEEN[:2], seed=seed).frames[0] for seed in (3, 3, 4))
    np.testing.assert_array_equal(one.positions, same.positions)
    assert not np.allclose(one.positions, other.positions)


def test_frames_in_which_the_teacher_extrapolates_are_left_out_and_counted() -> None:
    found = lesson(SEEN, copies=5, rattle=0.1, strain=0.05)
    assert found.left_out > 0
    assert len(found.frames) + found.left_out == 60
    grades = [one.grades for one in teacher().evaluate(found.frames)]
    assert np.max(grades) <= 1


def test_a_molecule_has_no_stress_and_keeps_what_is_told_of_it() -> None:
    molecule = replace(
        SEEN[0], periodic=np.zeros(3, bool), cell=np.zeros((3, 3)), about={"group": "pair"}
    )
    for one in lesson([molecule], largest_grade=None).frames:
        assert one.stress is None
        assert one.about["group"] == "pair"


def test_stresses_are_in_the_convention_of_the_labels() -> None:
    settings = TeachingSettings(largest_grade=None)
    plain, shifted = (
        taught(teacher(), SEEN[:1], settings, stress_offset=offset).frames[0].stress
        for offset in (0.0, 0.02)
    )
    assert plain is not None
    np.testing.assert_allclose(shifted, plain + 0.02 * np.array([1, 1, 1, 0, 0, 0]))


def test_a_teacher_without_grades_or_without_an_answer_is_told() -> None:
    with pytest.raises(BadInput, match=r"set teaching\.largest_grade to null"):
        taught(potential(1), SEEN, TeachingSettings())
    with pytest.raises(BadInput, match="extrapolates in all 24 frames"):
        lesson(SEEN[:6], rattle=1.0)
