import itertools

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.protein.vocabulary.counting import (
    EXAMPLES,
    Counts,
    LossyCounter,
    Sighting,
    family_weights,
    merged,
)

ERROR = 0.02


def stream(seed: int, proteins: int = 1500) -> list[tuple[str, set[int], float]]:
    """Few keys that are frequent and many that are rare, with weights."""
    draw = np.random.default_rng(seed)
    return [
        (
            f"protein {n}",
            {int(key) for key in draw.zipf(1.3, 20) if key < 10**6},
            float(draw.choice([1.0, 0.5, 0.25])),
        )
        for n in range(proteins)
    ]


def counted(proteins: list[tuple[str, set[int], float]], error: float = ERROR) -> Counts:
    counter = LossyCounter(error)
    for name, keys, weight in proteins:
        counter.add(name, {key: Sighting((key,), (key % 3, 7)) for key in keys}, weight)
    return counter.counts()


def truth(proteins: list[tuple[str, set[int], float]]) -> dict[int, float]:
    support: dict[int, float] = {}
    for _, keys, weight in proteins:
        for key in keys:
            support[key] = support.get(key, 0) + weight
    return support


def check_bound(counts: Counts, proteins: list[tuple[str, set[int], float]]) -> None:
    total = sum(weight for _, _, weight in proteins)
    assert counts.proteins == total
    for key, support in truth(proteins).items():
        assert counts.support(key) <= support <= counts.support(key) + counts.possible_error(key)
        assert counts.possible_error(key) <= ERROR * total
        assert support <= ERROR * total or key in counts.entries


@pytest.mark.parametrize("seed", range(5))
def test_a_count_lacks_at_most_the_error_and_no_frequent_pattern_is_missing(seed: int) -> None:
    proteins = stream(seed)
    counts = counted(proteins)
    check_bound(counts, proteins)
    assert len(counts.entries) < 0.5 * len(truth(proteins))


@pytest.mark.parametrize("seed", range(5))
def test_merged_shards_keep_the_bound_in_every_order_and_grouping(seed: int) -> None:
    proteins = stream(seed)
    shards = [counted(proteins[first : first + 500]) for first in range(0, 1500, 500)]
    whole = merged(shards)
    check_bound(whole, proteins)
    assert all(merged(order) == whole for order in itertools.permutations(shards))
    assert (
        merged([merged(shards[:2]), shards[2]]) == merged([shards[0], merged(shards[1:])]) == whole
    )
    assert list(whole.entries) == sorted(whole.entries)


def test_memory_does_not_grow_with_the_number_of_proteins() -> None:
    held = [len(counted(stream(0, proteins)).entries) for proteins in (500, 1000, 4000)]
    assert max(held) < 2 * held[0]


def test_without_loss_counts_are_exact() -> None:
    proteins = stream(1, 300)
    counts = counted(proteins, error=1e-9)
    assert {key: counts.support(key) for key in counts.entries} == truth(proteins)


def test_heads_and_examples_are_those_of_the_pattern() -> None:
    counts = merged([counted(stream(2, 200), 1e-9), counted(stream(3, 200), 1e-9)])
    entry = counts.entries[1]
    assert entry.heads == {1: entry.count, 7: entry.count}
    assert len(entry.examples) == EXAMPLES
    assert all(example.positions == (1,) for example in entry.examples)


def test_a_pattern_of_one_family_counts_once() -> None:
    counter = LossyCounter(1e-6)
    for number, weight in enumerate(family_weights([4, 4, 9, 4, 4])):
        counter.add(f"{number}", {5: Sighting((0,))}, weight)
    assert counter.counts().support(5) == counter.counts().proteins == 2


def test_what_may_reach_a_support_is_kept() -> None:
    proteins = stream(4)
    kept = counted(proteins).at_least(100)
    assert {key for key, support in truth(proteins).items() if support >= 100} <= set(kept.entries)
    assert all(kept.support(k) + kept.possible_error(k) >= 100 for k in kept.entries)


@pytest.mark.parametrize("error", [0.0, 1.0, -0.1])
def test_an_error_out_of_range_is_refused(error: float) -> None:
    with pytest.raises(BadInput, match="error"):
        LossyCounter(error)


def test_a_weight_of_nothing_is_refused() -> None:
    with pytest.raises(BadInput, match="weight"):
        LossyCounter(0.1).add("p", {}, 0.0)
