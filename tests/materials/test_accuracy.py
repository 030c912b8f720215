from dataclasses import replace

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.materials.accuracy import accuracy, accuracy_by_group
from sciml.materials.structures import GPA, Structure
from sciml.materials.zbl import NuclearRepulsion


def labelled(group: str, energy: float, force: float, stress: float) -> Structure:
    """Two atoms with labels that are wrong by the given amounts."""
    one = Structure(
        np.array([14, 14]), np.array([[0, 0, 0], [1.2, 0, 0]]), 8 * np.eye(3), np.ones(3, bool)
    )
    found = NuclearRepulsion(["Si"]).evaluate([one])[0]
    return replace(
        one,
        energy=found.energy + energy,
        forces=found.forces + force,
        stress=found.stress + stress * GPA * np.array([1, 1, 1, 0, 0, 0]),
        about={"group": group},
    )


def test_errors_are_root_mean_squares_in_the_units_they_say() -> None:
    frames = [labelled("a", 0.02, 0.3, 2.0), labelled("b", 0.0, 0.4, 2.0)]
    found = accuracy_by_group(NuclearRepulsion(["Si"]), frames)
    assert found["a"].energy == pytest.approx(10.0)
    assert found["all"].energy == pytest.approx(10.0 / np.sqrt(2))
    assert found["all"].forces == pytest.approx(np.sqrt((0.09 + 0.16) / 2))
    assert found["b"].stress == pytest.approx(np.sqrt(2.0))
    assert found["all"].frames == 2


def test_a_constant_stress_offset_is_removed_and_stated() -> None:
    frames = [labelled("a", 0, 0, -2.5), labelled("a", 0, 0, -2.5)]
    found = accuracy(NuclearRepulsion(["Si"]), frames, offset=True)
    assert found.stress == pytest.approx(0, abs=1e-9)
    assert found.stress_offset == pytest.approx(2.5)


def test_one_offset_is_removed_from_all_groups() -> None:
    frames = [labelled("a", 0, 0, -2.0), labelled("b", 0, 0, -1.0)]
    found = accuracy_by_group(NuclearRepulsion(["Si"]), frames, offset=True)
    assert all(one.stress_offset == pytest.approx(1.5) for one in found.values())
    for group in "ab":
        assert found[group].stress == pytest.approx(0.5 / np.sqrt(2))


def test_a_stress_label_without_a_volume_leaves_the_others_alone() -> None:
    crystal = labelled("a", 0, 0, 2.0)
    slab = replace(crystal, periodic=np.array([True, True, False]), about={"group": "slab"})
    found = accuracy_by_group(NuclearRepulsion(["Si"]), [crystal, slab])
    assert found["all"].stress == found["a"].stress == pytest.approx(np.sqrt(2.0))
    assert np.isnan(found["slab"].stress)


def test_missing_labels() -> None:
    one = labelled("a", 0, 0, 0)
    found = accuracy(NuclearRepulsion(["Si"]), [replace(one, forces=None, stress=None)])
    assert np.isnan(found.forces)
    assert np.isnan(found.stress)
    with pytest.raises(BadInput, match="has no energy"):
        accuracy(NuclearRepulsion(["Si"]), [replace(one, energy=None)])
    with pytest.raises(BadInput, match="no structures"):
        accuracy(NuclearRepulsion(["Si"]), [])
