"""Batches are a pure function of seed, epoch and index."""

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.training.feed import Arrays, Feed, to_tensor

SOURCE = Arrays(x=np.arange(10, dtype=np.float32), y=np.arange(20).reshape(10, 2))


def seen(feed: Feed, epoch: int) -> list[float]:
    return [v for i in range(len(feed)) for v in feed.batch(epoch, i)["x"].numpy().tolist()]


def test_every_epoch_shows_each_sample_once_in_its_own_order() -> None:
    feed = Feed(SOURCE, 3, seed=1)
    assert len(feed) == 4
    assert sorted(seen(feed, 0)) == sorted(seen(feed, 1)) == list(range(10))
    assert seen(feed, 0) != seen(feed, 1)


def test_a_batch_does_not_depend_on_what_was_asked_before() -> None:
    one, other = Feed(SOURCE, 3, seed=1), Feed(SOURCE, 3, seed=1)
    for epoch in (4, 0, 2):
        seen(other, epoch)
    np.testing.assert_array_equal(one.batch(2, 1)["y"].numpy(), other.batch(2, 1)["y"].numpy())


def test_samples_stay_together() -> None:
    batch = Feed(SOURCE, 4, seed=3).batch(0, 0)
    np.testing.assert_array_equal(batch["y"].numpy()[:, 0], 2 * batch["x"].numpy())


def test_without_shuffling_the_order_is_the_sources() -> None:
    assert seen(Feed(SOURCE, 4, seed=3, shuffle=False), 5) == list(range(10))


def test_tensors_have_the_arrays_content_and_type() -> None:
    for array in (np.eye(3), np.arange(4)[::2], np.broadcast_to(np.float32(2), (2, 2))):
        tensor = to_tensor(array)
        np.testing.assert_array_equal(tensor.numpy(), array)
        assert str(array.dtype) in str(tensor.dtype)


def test_an_empty_source_is_refused_with_the_likely_cause() -> None:
    with pytest.raises(BadInput, match="no samples; check the split and the window length"):
        Feed(Arrays(x=np.zeros(0)), 4, seed=0)
    with pytest.raises(BadInput, match="batch_size must be positive, got 0"):
        Feed(SOURCE, 0, seed=0)
    with pytest.raises(BadInput, match="same number of samples"):
        Arrays(x=np.zeros(2), y=np.zeros(3))
