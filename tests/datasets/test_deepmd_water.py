"""Liquid water: what its card says of it."""

import numpy as np
import pytest

from sciml.data.cards import read_card
from tests.built import maker, opened

NAME = "deepmd_water"


def test_card_and_builder_name_the_same_parts() -> None:
    assert [part.file for part in read_card(NAME).parts] == list(maker(NAME).PARTS)


@pytest.mark.realdata
def test_frames_are_what_the_card_says() -> None:
    splits = opened(NAME)
    systems = {split: {one.about["system"] for one in splits[split]} for split in splits}
    assert systems == {"train": {"data_0", "data_1", "data_2"}, "validation": {"data_3"}}
    assert {split: len(frames) for split, frames in splits.items()} == {
        "train": 320,
        "validation": 80,
    }
    net = [
        np.abs(one.forces.sum(axis=0)).max()
        for frames in splits.values()
        for one in frames
        if one.forces is not None
    ]
    assert len(net) == 400
    assert 0.3 < max(net) < 0.4
    for one in splits["train"]:
        assert np.bincount(one.numbers)[[1, 8]].tolist() == [128, 64]
