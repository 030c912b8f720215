"""From arrays to Paddle: the only place where training data become tensors."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import paddle
from numpy.typing import NDArray
from paddle.utils import dlpack

from sciml.core.axes import IntArray
from sciml.core.errors import BadInput

Batch = dict[str, paddle.Tensor]


class Source(Protocol):
    """Samples that can be gathered by index, such as windows over series."""

    def __len__(self) -> int:
        """The number of samples."""
        ...

    def gather(self, indices: IntArray) -> Mapping[str, NDArray[Any]]:
        """The named arrays of the given samples, with the sample as the first axis."""
        ...


class Feed:
    """Batches as a pure function of (seed, epoch, index).

    A run that is resumed in the middle of an epoch therefore sees what the uninterrupted run
    would have seen, and no state has to be saved.
    """

    def __init__(self, source: Source, batch_size: int, seed: int, *, shuffle: bool = True) -> None:
        """Cut a source into batches.

        Args:
            source: The samples.
            batch_size: Samples in a batch; the last one of an epoch may have fewer.
            seed: Seed of the order of the samples.
            shuffle: Whether each epoch has its own order; otherwise that of the source.

        Raises:
            BadInput: if the source is empty or the batch size is not positive.
        """
        if len(source) == 0:
            raise BadInput("feed: the source has no samples; check the split and the window length")
        if batch_size < 1:
            raise BadInput(f"feed: batch_size must be positive, got {batch_size}")
        self._source = source
        self._batch_size = batch_size
        self._seed = seed
        self._shuffle = shuffle
        self._epoch = -1
        self._order: IntArray = np.arange(0)

    def __len__(self) -> int:
        """Batches in an epoch."""
        return -(-len(self._source) // self._batch_size)

    def batch(self, epoch: int, index: int) -> Batch:
        """One batch.

        Args:
            epoch: Number of the epoch, from 0.
            index: Number of the batch within the epoch, from 0.

        Returns:
            Named tensors with the sample as the first axis.
        """
        if epoch != self._epoch:
            self._order = self._ordered(epoch)
            self._epoch = epoch
        start = index * self._batch_size
        chosen = self._order[start : start + self._batch_size]
        return {name: to_tensor(array) for name, array in self._source.gather(chosen).items()}

    def _ordered(self, epoch: int) -> IntArray:
        """The order of the samples in an epoch."""
        if not self._shuffle:
            return np.arange(len(self._source))
        return np.random.default_rng([self._seed, epoch]).permutation(len(self._source))


def to_tensor(array: NDArray[Any]) -> paddle.Tensor:
    """A Paddle tensor with the content of an array, sharing its memory where that is possible.

    Args:
        array: Any numeric array; the caller must not write into it afterwards.

    Returns:
        A tensor of the same shape and type.
    """
    if array.flags.c_contiguous and array.flags.writeable and array.dtype.kind in "fi":
        return dlpack.from_dlpack(array)  # pyright: ignore[reportArgumentType] - NumPy 1 stubs
    return paddle.to_tensor(array)


class Arrays:
    """A source made of named arrays that share their first axis."""

    def __init__(self, **arrays: NDArray[Any]) -> None:
        """Keep the arrays.

        Args:
            **arrays: Arrays with the sample as the first axis.

        Raises:
            BadInput: if the numbers of samples differ.
        """
        sizes = {name: len(array) for name, array in arrays.items()}
        if len(set(sizes.values())) != 1:
            raise BadInput(f"arrays: expected the same number of samples in each, got {sizes}")
        self._arrays = arrays

    def __len__(self) -> int:
        """The number of samples."""
        return len(next(iter(self._arrays.values())))

    def gather(self, indices: IntArray) -> dict[str, NDArray[Any]]:
        """The arrays of the given samples."""
        return {name: array[indices] for name, array in self._arrays.items()}
