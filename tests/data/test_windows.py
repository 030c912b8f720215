"""Windows: what a slow loop over each series would cut, and nothing across two series."""

import re

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.data.windows import Windows, WindowSettings

SETTINGS = WindowSettings(history=4, leads=(1, 3), stride=1)
TARGETS = (2, 0)


def record(index: int, samples: int) -> np.ndarray:
    """A series whose values say where they are from: series, sample, channel."""
    sample, channel = np.meshgrid(np.arange(samples), np.arange(3), indexing="ij")
    return 1000.0 * index + 10.0 * sample + channel


SERIES = [record(index, samples) for index, samples in enumerate([20, 3, 7, 12])]


def cut_by_hand(settings, ranges=None):
    """The slow, obvious way."""
    histories, futures = [], []
    for index, one in enumerate(SERIES):
        start, stop = ranges[index] if ranges else (0, len(one))
        presents = range(max(start, settings.history - 1), len(one), settings.stride)
        for present in presents:
            if all(present + lead < stop for lead in settings.leads):
                histories.append(one[present - settings.history + 1 : present + 1])
                futures.append([one[present + lead][list(TARGETS)] for lead in settings.leads])
    return np.array(histories), np.array(futures)


@pytest.mark.parametrize("stride", [1, 2, 5])
@pytest.mark.parametrize("ranges", [None, [(6, 15), (0, 3), (0, 7), (1, 11)]])
def test_windows_are_those_cut_by_hand(stride, ranges):
    settings = WindowSettings(history=4, leads=(1, 3), stride=stride)
    windows = Windows(SERIES, settings, TARGETS, ranges)
    histories, futures = cut_by_hand(settings, ranges)
    batch = windows.gather(np.arange(len(windows)))
    np.testing.assert_array_equal(batch["history"], histories)
    np.testing.assert_array_equal(batch["future"], futures)


def test_no_window_reaches_into_another_series():
    windows = Windows(SERIES, SETTINGS, TARGETS)
    batch = windows.gather(np.arange(len(windows)))
    of_history = batch["history"] // 1000
    of_future = batch["future"] // 1000
    assert (of_history == windows.series[:, None, None]).all()
    assert (of_future == windows.series[:, None, None]).all()
    assert 1 not in windows.series  # too short for a window


def test_each_window_knows_its_present():
    windows = Windows(SERIES, SETTINGS, TARGETS)
    last = windows.gather(np.arange(len(windows)))["history"][:, -1, 0]
    np.testing.assert_array_equal(last, 1000 * windows.series + 10 * windows.present)


def test_a_batch_follows_the_order_asked_for():
    windows = Windows(SERIES, SETTINGS, TARGETS)
    order = np.random.default_rng(0).permutation(len(windows))
    everything, some = windows.gather(np.arange(len(windows))), windows.gather(order[:7])
    for name in ("history", "future"):
        np.testing.assert_array_equal(some[name], everything[name][order[:7]])


def test_batches_are_contiguous_writeable_single_precision_and_new():
    windows = Windows(SERIES, SETTINGS, TARGETS)
    for array in windows.gather(np.arange(5)).values():
        assert array.dtype == np.float32
        assert array.flags.c_contiguous
        assert array.flags.writeable
        array[:] = -1  # the next batch must not see this
    assert windows.gather(np.arange(5))["history"].min() >= 0
    assert windows.gather(np.arange(5))["future"].min() >= 0


WRONG = [
    ([record(0, 6)], TARGETS, None, "windows: none fits; a window takes 7 samples and the longest"),
    ([], (), None, "windows: none fits; a window takes 7 samples and the longest series has 0"),
    (SERIES, (3,), None, "targets: expected channels from 0 to 2, got (3,)"),
    (SERIES, TARGETS, [(0, 9)], "ranges: expected one for each of 4 series, got 1"),
    (SERIES[:1], TARGETS, [(5, 21)], "ranges: series 0 has 20 samples, got the range 5 to 21"),
    ([record(0, 9), np.zeros((9, 2))], TARGETS, None, "series 1: expected axes (time, channel=3)"),
]


@pytest.mark.parametrize(("series", "targets", "ranges", "message"), WRONG)
def test_windows_that_cannot_be_cut_are_refused(series, targets, ranges, message):
    with pytest.raises(BadInput, match=re.escape(message)):
        Windows(series, SETTINGS, targets, ranges)


def test_nan_is_refused_with_series_channel_and_sample():
    series = [record(0, 20), record(1, 20)]
    series[1][8, 2] = np.nan
    with pytest.raises(BadInput) as caught:
        Windows(series, SETTINGS, TARGETS)
    assert str(caught.value) == (
        "windows: series 1: variable 'channel 2' has 1 value that is not finite, at sample 8. Mend "
        "the file, or leave these samples out."
    )


def test_a_lead_that_stands_twice_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected each lead once, got \[5, 1, 5\]"):
        WindowSettings(history=3, leads=(5, 1, 5))
