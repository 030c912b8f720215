"""Builders of the mlearn benchmark against frames that somebody else converted."""

from pathlib import Path

import numpy as np
import pytest

from sciml.data.cards import read_card
from sciml.data.digest import content_digest
from sciml.materials.extended_xyz import read_structures
from sciml.materials.structures import Structure
from tests.built import all_originals, maker, opened, part

SIZES = {
    "mlearn_silicon": {"train": 214, "test": 25},
    "mlearn_lithium": {"train": 241, "test": 29},
    "mlearn_molybdenum": {"train": 194, "test": 23},
    "mlearn_copper": {"train": 240, "test": 31},
    "mlearn_nickel": {"test": 31},
}


def built(name: str, folder: Path) -> Path:
    """The file as our builder makes it of the originals."""
    target = folder / f"{name}.extxyz.gz"
    maker(name).make(all_originals(name), target)
    return target


def converted(file: str) -> list[Structure]:
    """Frames of a part, which is ours neither in code nor in hand."""
    return read_structures(part(file), ("energy", "forces", "stress"))


@pytest.mark.parametrize("name", SIZES)
def test_card_and_builder_name_the_same_parts(name: str) -> None:
    assert [part.file for part in read_card(name).parts] == list(maker(name).PARTS)


@pytest.mark.realdata
@pytest.mark.parametrize("name", SIZES)
def test_the_built_file_is_the_one_of_the_card(name: str, tmp_path: Path) -> None:
    assert content_digest(built(name, tmp_path)) == read_card(name).built.content_sha256


@pytest.mark.realdata
@pytest.mark.parametrize("name", SIZES)
def test_the_builder_agrees_with_an_independent_conversion(name: str, tmp_path: Path) -> None:
    ours = read_structures(built(name, tmp_path))
    theirs = [frame for file in maker(name).PARTS for frame in converted(file)]
    for our, their in zip(ours, theirs, strict=True):
        for label in ("numbers", "positions", "cell", "energy", "forces", "stress"):
            np.testing.assert_allclose(getattr(our, label), getattr(their, label), atol=1e-8)
        for key in ("group", "description", "temperature_K", "strain_mode", "strain"):
            assert our.about.get(key) == their.about.get(key)


@pytest.mark.realdata
@pytest.mark.parametrize("name", SIZES)
def test_frames_are_complete_and_split_as_published(name: str) -> None:
    splits = opened(name)
    assert {split: len(frames) for split, frames in splits.items()} == SIZES[name]
    for frame in (one for frames in splits.values() for one in frames):
        assert frame.stress is not None
        assert frame.forces is not None
        np.testing.assert_allclose(frame.forces.sum(axis=0), 0, atol=1e-6)
        assert ("temperature_K" in frame.about) <= (frame.about["group"] != "Elastic")


@pytest.mark.realdata
@pytest.mark.parametrize("name", SIZES)
def test_a_sheared_cube_is_stressed_in_the_plane_of_its_shear(name: str) -> None:
    """A law that needs no other program: it tells the order of components and the sign."""
    checked = 0
    for frame in (one for frames in opened(name).values() for one in frames):
        cell = frame.cell / frame.volume ** (1 / 3) + frame.cell.T / frame.volume ** (1 / 3)
        shear = np.array([cell[1, 2], cell[0, 2], cell[0, 1]])
        if frame.about["group"] != "Elastic" or np.abs(shear).max() < 4e-3:
            continue
        assert frame.stress is not None
        plane = np.abs(shear).argmax()
        assert np.abs(frame.stress[3:]).argmax() == plane
        # Its card says so: the energies of lithium rise with the shear, the labels push it on.
        wrong = name == "mlearn_lithium" and abs(shear[plane]) < 0.015
        assert (frame.stress[3 + plane] * shear[plane] > 0) is not wrong
        checked += 1
    assert checked >= 3
