"""Links: mutual neighbours, and how many are false."""

import numpy as np
import pytest

from sciml.core.axes import FloatArray
from sciml.protein.words.links import (
    Links,
    count_links,
    expected_links,
    joined,
    mutual,
    significant,
)
from sciml.protein.words.null import STEPS, NullTables


def links(head: list[int], pair: list[tuple[int, int]], log10_p: list[float]) -> Links:
    return Links(
        np.array(head, np.int32),
        np.array(pair, np.int32).reshape(-1, 2),
        np.array(log10_p, np.float32),
    )


@pytest.mark.parametrize("seed", range(5))
def test_a_link_is_among_the_closest_of_both_its_residues(seed: int) -> None:
    draw, residues, neighbours = np.random.default_rng(seed), 20, 3
    first, second = np.triu_indices(residues, 1)
    chosen = draw.random(len(first)) < 0.5
    pairs = np.stack([first[chosen], second[chosen]], 1).astype(np.int32)
    log10_p = -draw.random(len(pairs)).astype(np.float32)
    kept = mutual(pairs, log10_p, residues, neighbours)
    closest = {
        residue: set(np.flatnonzero((pairs == residue).any(1))[
            np.argsort(log10_p[(pairs == residue).any(1)])
        ][:neighbours].tolist())
        for residue in range(residues)
    }  # fmt: skip
    expected = [k for k, (a, b) in enumerate(pairs) if k in closest[a] and k in closest[b]]
    np.testing.assert_array_equal(kept, expected)


def test_counts_are_of_links_at_least_as_significant_as_each_step() -> None:
    found = count_links(links([0, 0, 1], [(0, 1)] * 3, [-2.05, -3.0, -99.0]), 2)
    np.testing.assert_array_equal(found[0], (STEPS <= 2.05 + 1e-6) + 1.0 * (STEPS <= 3.0 + 1e-6))
    np.testing.assert_array_equal(found[1], np.ones(len(STEPS)))


def test_beyond_what_was_counted_chance_falls_as_p() -> None:
    by_step = np.zeros(len(STEPS))
    by_step[:6] = 10.0 ** -np.arange(6)
    found = expected_links(by_step, np.array([-1.5, -1.6, -2.0, -3.0], np.float32))
    np.testing.assert_allclose(found, [1, 0.1, 1e-5, 1e-6], rtol=1e-4)
    assert (expected_links(np.zeros(len(STEPS)), np.zeros(2, np.float32)) == 0).all()


def null_tables(links_by_step: FloatArray) -> NullTables:
    nothing = np.zeros((len(links_by_step), 1))
    tails = (nothing[..., None].astype("f4"), nothing.astype("i8"), nothing, nothing)
    return NullTables(100, *tails, links_by_step, *tails)


@pytest.mark.parametrize("signal", [0, 40])
def test_no_more_than_the_nominal_share_of_links_is_false(signal: int) -> None:
    residues, rate, trials = 100, 0.1, 400
    chance = 10.0 ** -(STEPS - 0.5)  # links for each residue up to each step
    tables, used = null_tables(chance[None]), np.ones(1, bool)
    draw, shares, caught = np.random.default_rng(signal), [], 0
    for _ in range(trials):
        count = draw.poisson(residues * chance[0])
        noise = -(STEPS[0] - np.log10(draw.random(count)))  # uniform p below the first step
        given = np.concatenate([noise, np.full(signal, -6.0)])
        one = links([0] * len(given), [(0, 1)] * len(given), given.tolist())
        found = significant(one, tables, used, residues, rate)
        true = int((found.log10_p == -6.0).sum())
        shares.append((len(found.head) - true) / max(len(found.head), 1))
        caught += true
    assert np.mean(shares) < rate * 1.2
    assert caught == signal * trials


def test_heads_that_are_not_used_do_not_count() -> None:
    given = links([0, 1], [(0, 1), (2, 3)], [-9.0, -9.0])
    tables = null_tables(np.full((2, len(STEPS)), 1e-6))
    found = significant(given, tables, np.array([False, True]), 10, 0.05)
    np.testing.assert_array_equal(found.head, [1])
    assert len(significant(given, tables, np.zeros(2, bool), 10, 0.05).head) == 0


def test_nothing_joined_is_nothing() -> None:
    assert joined([]).pair.shape == (0, 2)
