"""One seed for Python, NumPy and Paddle."""

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from sciml.core.errors import BadInput

_LARGEST_SEED = 2**32 - 1
_GOLDEN = 0x9E3779B97F4A7C15  # 2⁶⁴ divided by the golden ratio, odd
_WORD = 2**64 - 1


def seed_everything(seed: int) -> None:
    """Seed the global generators of Python, NumPy and, when it is loaded, Paddle.

    Args:
        seed: A whole number from 0 to 2³² - 1.

    Raises:
        BadInput: if the seed is out of range.
    """
    if not 0 <= seed <= _LARGEST_SEED:
        raise BadInput(f"seed: expected a whole number from 0 to {_LARGEST_SEED}, got {seed}")
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - libraries that we call draw from the global generator
    paddle = sys.modules.get("paddle")
    if paddle is not None:
        paddle.seed(seed)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed all generators inside a block and put Python's and NumPy's back after it.

    Paddle's generator is left seeded: its state cannot be put back without an unsafe format,
    and training seeds it before every step (see :func:`step_seed`).

    Args:
        seed: A whole number from 0 to 2³² - 1.
    """
    state = random_state()
    seed_everything(seed)
    try:
        yield
    finally:
        restore_random_state(state)


def step_seed(seed: int, step: int) -> int:
    """A seed that is a pure function of the run's seed and of the number of the step.

    Drawing each step's randomness from it makes a resumed run equal to an uninterrupted one
    without saving the state of any generator.

    Args:
        seed: The seed of the run.
        step: Number of the step, from 0.

    Returns:
        A whole number from 0 to 2³² - 1; neighbouring steps give unrelated seeds.

    Source:
        The finaliser of SplitMix64: Steele, Lea & Flood, OOPSLA (2014).
    """
    mixed = (seed * _GOLDEN + step + 1) * _GOLDEN & _WORD
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9 & _WORD
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB & _WORD
    return (mixed ^ mixed >> 31) >> 32


def random_state() -> dict[str, Any]:
    """The states of Python's and NumPy's global generators, as plain JSON types."""
    version, words, gauss = random.getstate()
    name, keys, position, has_gauss, cached = np.random.get_state(legacy=True)  # noqa: NPY002
    return {
        "python": [version, list(words), gauss],
        "numpy": [name, np.asarray(keys).tolist(), int(position), int(has_gauss), float(cached)],
    }


def restore_random_state(state: dict[str, Any]) -> None:
    """Put back the states that :func:`random_state` returned.

    Args:
        state: The states, possibly after a way through JSON.
    """
    version, words, gauss = state["python"]
    random.setstate((version, tuple(words), gauss))
    name, keys, position, has_gauss, cached = state["numpy"]
    np.random.set_state((name, np.array(keys, np.uint32), position, has_gauss, cached))  # noqa: NPY002
