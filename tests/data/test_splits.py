"""Splits: nothing in two parts, nothing forgotten, a gap between blocks of time."""

import re

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.data.splits import split_at_times, split_by_case, split_by_time

CASES = ["calm", "breeze", "gale", "storm"]
SPLITS = {"train": ["gale", "calm"], "test": ["breeze", "storm"]}


def test_every_case_is_in_exactly_one_part():
    parts = split_by_case(CASES, SPLITS)
    assert {part: [CASES[i] for i in where] for part, where in parts.items()} == {
        "train": ["calm", "gale"],
        "test": ["breeze", "storm"],
    }
    assert sorted(np.concatenate(list(parts.values()))) == [0, 1, 2, 3]


WRONG = [
    (CASES, {**SPLITS, "more": ["storn"]}, "split 'more': no case 'storn'; did you mean 'storm'?"),
    (
        CASES,
        {**SPLITS, "more": ["gale"]},
        "case 'gale' stands in split 'train' and again in 'more'; keep it in one, or what is "
        "tested was trained on",
    ),
    (CASES, {"train": ["calm", "gale"]}, "cases without a split: 'breeze', 'storm'; name each"),
    ([*CASES, "calm"], SPLITS, "cases: names must differ, but 'calm' occur more than once"),
]


@pytest.mark.parametrize(("cases", "splits", "message"), WRONG)
def test_a_leak_a_gap_or_a_typo_is_refused(cases, splits, message):
    with pytest.raises(BadInput, match=re.escape(message)):
        split_by_case(cases, splits)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("embargo", [0.0, 0.3, 2.0])
def test_blocks_are_further_apart_than_the_embargo(seed, embargo):
    times = np.cumsum(np.random.default_rng(seed).uniform(0.01, 1.0, 200))
    blocks = split_by_time(times, {"train": 0.6, "tune": 0.2, "test": 0.2}, embargo)
    train, tune, test = blocks.values()
    assert train == slice(0, 120)
    assert times[tune.start] - times[train.stop - 1] > embargo
    assert times[test.start] - times[tune.stop - 1] > embargo
    assert test.stop == 200


def test_without_embargo_blocks_are_the_shares_and_nothing_is_lost():
    blocks = split_by_time(np.arange(10.0), {"train": 0.5, "test": 0.5}, 0.0)
    assert blocks == {"train": slice(0, 5), "test": slice(5, 10)}


def test_dates_are_cut_at_dates():
    times = np.arange("2001-01", "2003-01", dtype="datetime64[M]").astype("datetime64[D]")
    starts = {"train": np.datetime64("2001-01-01"), "test": np.datetime64("2002-01-01")}
    blocks = split_at_times(times, starts, np.timedelta64(31, "D"))
    assert blocks["train"] == slice(0, 12)
    assert times[blocks["test"].start] == np.datetime64("2002-02-01")


def test_what_is_before_the_first_block_is_left_out():
    blocks = split_at_times(np.arange(10.0), {"train": 2.0, "test": 6.0}, 1.0)
    assert blocks == {"train": slice(2, 6), "test": slice(7, 10)}


HALVES = {"train": 0.5, "test": 0.5}
WRONG_TIMES = [
    (np.array([0.0, 1.0, 1.0]), HALVES, 0.0, "times: must ascend"),
    (np.array([0.0, np.nan, 1.0]), HALVES, 0.0, "times: must ascend"),
    (np.arange(9.0), {"train": 0.5, "test": 0.6}, 0.0, "shares: expected positive numbers"),
    (np.arange(9.0), HALVES, 5.0, "block 'test' is empty: the embargo of 5.0 takes all of it"),
    (np.arange(9.0), HALVES, -1.0, "embargo: must not be negative, got -1.0"),
    (np.zeros((3, 3)), HALVES, 0.0, "times: expected axes (time), got shape (3, 3)"),
]


@pytest.mark.parametrize(("times", "shares", "embargo", "message"), WRONG_TIMES)
def test_times_that_cannot_be_cut_are_refused(times, shares, embargo, message):
    with pytest.raises(BadInput, match=re.escape(message)):
        split_by_time(times, shares, embargo)


def test_blocks_that_do_not_follow_each_other_are_refused():
    with pytest.raises(BadInput, match="starts: blocks must start one after the other"):
        split_at_times(np.arange(9.0), {"train": 5.0, "test": 2.0}, 0.0)
