"""Windows: every residue is seen, owned once, and far from a border where that is possible."""

from itertools import pairwise

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.protein.windows import CutSettings, Window, length_buckets, windows

SETTINGS = CutSettings()
LENGTHS = [1, 1021, 1022, 1023, 1500, 1788, 1789, 5038, 35_213, 40_000]


def test_a_protein_that_fits_is_one_window():
    assert windows(1022, SETTINGS) == [Window(0, 1022, 0, 1022)]
    assert windows(0, SETTINGS) == []


@pytest.mark.parametrize("length", LENGTHS)
def test_each_residue_is_owned_by_one_window_that_sees_it(length):
    owners = np.zeros(length, int)
    for one in windows(length, SETTINGS):
        assert one.start <= one.owned_start < one.owned_stop <= one.stop
        assert one.stop - one.start <= SETTINGS.longest
        owners[one.owned_start : one.owned_stop] += 1
    assert (owners == 1).all()


@pytest.mark.parametrize("length", LENGTHS)
def test_neighbours_share_at_least_the_overlap(length):
    found = windows(length, SETTINGS)
    for before, after in pairwise(found):
        assert before.stop - after.start >= SETTINGS.overlap
        # What is owned is at least half of the overlap away from a border inside of the protein.
        assert before.stop - before.owned_stop >= SETTINGS.overlap // 2
        assert after.owned_start - after.start >= SETTINGS.overlap // 2


@pytest.mark.parametrize("length", LENGTHS)
def test_one_window_less_would_not_reach(length):
    count = len(windows(length, SETTINGS))
    step = SETTINGS.longest - SETTINGS.overlap
    assert count == 1 or SETTINGS.longest + (count - 2) * step < length


def test_a_window_owns_its_residues_and_nothing_else():
    first, second = windows(1500, SETTINGS)
    edge = first.owned_stop
    assert first.owns(edge - 1)
    assert not first.owns(edge)
    assert second.owns(edge)
    assert not second.owns(edge - 0.5)


def test_windows_that_cannot_go_on_are_refused():
    with pytest.raises(BadInput, match="overlap: expected fewer residues than longest"):
        CutSettings(longest=10, overlap=10)
    with pytest.raises(BadInput, match="expected a length of 0 or more, got -1"):
        windows(-1, SETTINGS)


def test_buckets_hold_each_protein_once_and_are_no_larger_than_asked():
    lengths = np.random.default_rng(1).integers(1, 900, 500).tolist()
    buckets = length_buckets(lengths, 4000)
    assert sorted(np.concatenate(buckets).tolist()) == list(range(500))
    for bucket in buckets:
        assert len(bucket) * max(lengths[k] for k in bucket) <= 4000
    longest = [max(lengths[k] for k in bucket) for bucket in buckets]
    assert longest == sorted(longest)


def test_a_protein_longer_than_a_bucket_is_alone():
    assert [b.tolist() for b in length_buckets([5, 50, 6, 60], 12)] == [[0, 2], [1], [3]]
    assert length_buckets([], 12) == []
    with pytest.raises(BadInput, match="expected at least 1 residue, got 0"):
        length_buckets([3], 0)
