"""Each slip that is made on purpose is found by its name, and nothing else is."""

import numpy as np
import pytest

from sciml.materials.datasets import open_structures
from sciml.materials.labels.check import check_labels
from sciml.materials.labels.planted import SLIPS, Slip
from sciml.materials.splits import Splits


@pytest.fixture(scope="module", name="silicon")
def solid_silicon() -> Splits:
    groups = ("strained", "crystal", "vacancy")
    return {
        name: [one for one in part if one.about["group"] in groups]
        for name, part in open_structures("simulated_silicon").items()
    }


def test_without_a_slip_nothing_is_found(silicon: Splits) -> None:
    assert check_labels(silicon).findings == []


@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: slip.name)
def test_a_slip_is_named(silicon: Splits, slip: Slip) -> None:
    found = {one.what for one in check_labels(slip.make(silicon)).findings}
    assert found == set(slip.findings)


def test_a_slip_leaves_the_given_frames_alone(silicon: Splits) -> None:
    before = [np.array(one.stress) for one in silicon["train"]]
    for slip in SLIPS:
        slip.make(silicon)
    for old, one in zip(before, silicon["train"], strict=True):
        np.testing.assert_array_equal(one.stress, old)
