"""Named axes: the shape of an array, checked once at the door of a public function."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sciml.core.errors import BadInput

Array = NDArray[np.float64] | float
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


class HasShape(Protocol):
    """Anything with a shape: NumPy, xarray and Paddle arrays."""

    @property
    def shape(self) -> Sequence[int]:
        """The size of each axis."""
        ...


def axes(array: HasShape, spec: str, name: str = "array", **known: int) -> dict[str, int]:
    """Check that an array has the named axes and return the sizes it saw.

    Args:
        array: A NumPy, xarray or Paddle array.
        spec: Axis names and fixed sizes separated by spaces, such as ``"atom 3"``;
            a leading ``...`` allows any number of axes in front.
        name: What the caller calls the array, for the error text.
        **known: Sizes that a named axis must have.

    Returns:
        The size of each named axis, the known ones included.

    Raises:
        BadInput: if the number of axes or one of the sizes differs.
    """
    shape = tuple(int(size) for size in array.shape)
    words = spec.split()
    tail = shape
    if words and words[0] == "...":
        words = words[1:]
        tail = shape[max(len(shape) - len(words), 0) :]
    sizes: dict[str, int] = dict(known)
    fits = len(tail) == len(words)
    for word, size in zip(words, tail, strict=False):
        expected = int(word) if word.isdigit() else sizes.setdefault(word, size)
        fits = fits and expected == size
    if not fits:
        raise BadInput(f"{name}: expected axes ({_described(spec, known)}), got shape {shape}")
    return sizes


def _described(spec: str, known: dict[str, Any]) -> str:
    """The axis specification with the sizes that were given."""
    return ", ".join(f"{w}={known[w]}" if w in known else w for w in spec.split())
