"""Molecules of the BOTNet datasets against frames that somebody else converted."""

import ase.io
import numpy as np
import pytest

from sciml.data import files
from sciml.data.cards import read_card
from sciml.materials.published_frames import joined
from sciml.materials.structures import Structure
from tests.built import maker, opened

SIZES = {
    "botnet_acetylacetone": {
        "train": 503,
        "train_600K": 500,
        "test_300K": 650,
        "test_600K": 650,
        "dihedral": 45,
        "hydrogen_transfer": 15,
    },
    "botnet_3bpa": {"train": 504},
}
LONE = {"botnet_acetylacetone": {1, 6, 8}, "botnet_3bpa": {1, 6, 7, 8}}


@pytest.mark.parametrize("name", SIZES)
def test_card_and_builder_name_the_same_files(name: str) -> None:
    card, builder = read_card(name), maker(name)
    assert card.upstream is not None
    assert [part.file for part in card.parts] == list(builder.PARTS)
    assert [original.path for original in card.upstream.files] == list(builder.ORIGINALS)
    assert list(builder.PARTS.values()) == list(builder.ORIGINALS.values())


@pytest.mark.realdata
@pytest.mark.parametrize("name", SIZES)
def test_what_can_be_built_equals_what_was_converted(name: str) -> None:
    """All published files but those of the lone atoms, which are not in every mirror."""
    here = files.originals_here(name)
    if not here:
        pytest.skip(f"no original of {name} is here; point SCIML_ORIGINALS at a mirror")
    origins = {path: origin for path, origin in maker(name).ORIGINALS.items() if path in here}
    ours = joined(here, origins)
    theirs: list[Structure] = []
    for split in dict.fromkeys(origin.split for origin in origins.values()):
        theirs += [one for one in opened(name)[split] if len(one) > 1]
    for our, their in zip((one for one in ours if len(one) > 1), theirs, strict=True):
        for label in ("numbers", "positions", "cell", "periodic", "energy"):
            np.testing.assert_allclose(getattr(our, label), getattr(their, label), atol=1e-8)
        assert (our.forces is None) == (their.forces is None)
        if our.forces is not None and their.forces is not None:
            np.testing.assert_allclose(our.forces, their.forces, atol=1e-8)
        assert our.about["group"] == their.about["group"]
        assert our.about.get("temperature_K") == their.about.get("temperature_K")


@pytest.mark.realdata
@pytest.mark.parametrize("name", SIZES)
def test_frames_are_split_as_published_and_forces_balance(name: str) -> None:
    splits = opened(name)
    assert {split: len(frames) for split, frames in splits.items()} == SIZES[name]
    lone = [one for one in splits["train"] if one.about["group"] == "atom"]
    assert {int(one.numbers[0]) for one in lone} == LONE[name]
    for split, frames in splits.items():
        for one in frames:
            assert not one.periodic.any()
            assert (one.forces is None) == (split in {"dihedral", "hydrogen_transfer"})
            if one.forces is not None:
                np.testing.assert_allclose(one.forces.sum(axis=0), 0, atol=1e-6)


@pytest.mark.realdata
def test_the_angles_of_the_scan_are_the_published_ones() -> None:
    path = files.originals_here("botnet_acetylacetone").get("dataset_acac/test_dihedral.xyz")
    if path is None:
        pytest.skip("the scan is not here; point SCIML_ORIGINALS at a mirror")
    published = [atoms.info["dihedral_angle"] for atoms in ase.io.read(path, ":")]
    ours = [one.about["dihedral_deg"] for one in opened("botnet_acetylacetone")["dihedral"]]
    assert ours == published
