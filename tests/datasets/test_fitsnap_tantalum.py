"""Tantalum: unit, sign and order of its stresses by laws."""

import numpy as np
import pytest

from sciml.data.cards import read_card
from sciml.materials.structures import GPA, Structure
from tests.built import maker, opened

NAME = "fitsnap_tantalum"


def test_card_and_builder_name_the_same_parts() -> None:
    assert [part.file for part in read_card(NAME).parts] == list(maker(NAME).PARTS)


def pressure(frame: Structure) -> float:
    """GPa, positive in compression."""
    assert frame.stress is not None
    return -float(frame.stress[:3].mean()) / GPA


@pytest.mark.realdata
@pytest.mark.parametrize("group", ["Volume_BCC", "Volume_FCC", "Volume_A15"])
def test_pressures_of_a_volume_scan_are_the_slope_of_its_energies(group: str) -> None:
    frames = [one for one in opened(NAME)["train"] if one.about["group"] == group]
    frames.sort(key=lambda one: one.volume / len(one))
    volumes = np.array([one.volume / len(one) for one in frames])
    energies = np.array([(one.energy or 0.0) / len(one) for one in frames])
    slopes = -np.gradient(energies, volumes) / GPA
    labels = np.array([pressure(one) for one in frames])
    mild = (labels < 50) & (np.arange(len(labels)) > 0) & (np.arange(len(labels)) < len(labels) - 1)
    assert mild.sum() > 8
    np.testing.assert_allclose(slopes[mild], labels[mild], atol=2.5)  # the slopes' own error


@pytest.mark.realdata
def test_sheared_cells_are_stressed_in_the_planes_of_their_shear() -> None:
    shears, stresses = [], []
    for one in opened(NAME)["train"]:
        if str(one.about["group"]).startswith("Elastic_BCC"):
            assert one.stress is not None
            cell = one.cell / one.volume ** (1 / 3)
            shears.append(
                [cell[1, 2] + cell[2, 1], cell[0, 2] + cell[2, 0], cell[0, 1] + cell[1, 0]]
            )
            stresses.append(one.stress[3:] / GPA)
    modulus = np.linalg.lstsq(np.array(shears), np.array(stresses), rcond=None)[0]
    np.testing.assert_allclose(modulus, 74 * np.eye(3), atol=12)  # C44 of tantalum: 74 to 82 GPa


@pytest.mark.realdata
def test_the_frames_are_those_of_the_example() -> None:
    frames = opened(NAME)["train"]
    assert len(frames) == 363
    pressures = [pressure(one) for one in frames]
    assert min(pressures) == pytest.approx(-36, abs=1)
    assert max(pressures) == pytest.approx(2992.6, abs=0.1)
