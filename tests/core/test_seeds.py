"""One seed governs Python, NumPy and Paddle."""

import json
import random

import numpy as np
import paddle
import pytest

from sciml.core.errors import BadInput
from sciml.core.seeds import (
    random_state,
    restore_random_state,
    seed_everything,
    seeded,
    step_seed,
)


def draws() -> tuple[float, float, float]:
    return random.random(), float(np.random.rand()), paddle.rand([1]).item()


def test_the_same_seed_gives_the_same_draws_everywhere() -> None:
    seed_everything(7)
    first = draws()
    seed_everything(7)
    assert draws() == first
    seed_everything(8)
    assert all(a != b for a, b in zip(draws(), first, strict=True))


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_out_of_range_is_refused(seed: int) -> None:
    with pytest.raises(BadInput) as error:
        seed_everything(seed)
    assert str(error.value) == f"seed: expected a whole number from 0 to 4294967295, got {seed}"


def test_a_seeded_block_leaves_no_trace_in_python_and_numpy() -> None:
    seed_everything(1)
    expected = random.random(), np.random.rand()
    seed_everything(1)
    with seeded(99):
        draws()
    assert (random.random(), np.random.rand()) == expected


def test_states_survive_json() -> None:
    seed_everything(3)
    np.random.normal()  # leaves a cached second normal number behind
    state = json.loads(json.dumps(random_state()))
    expected = random.random(), np.random.normal(), np.random.rand()
    restore_random_state(state)
    assert (random.random(), np.random.normal(), np.random.rand()) == expected


def test_step_seeds_do_not_repeat_or_follow_each_other() -> None:
    seeds = [step_seed(seed, step) for seed in range(20) for step in range(500)]
    assert len(set(seeds)) > 0.999 * len(seeds)
    bits = np.array([[int(b) for b in f"{s:032b}"] for s in seeds])
    assert np.abs(bits.mean(axis=0) - 0.5).max() < 0.03  # 10⁴ fair coins: six deviations
    changed = np.abs(np.diff(bits, axis=0)).mean()
    assert abs(changed - 0.5) < 0.01
