"""Relatives: found where letters are shared, and nowhere else."""

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.protein.alphabet import UNKNOWN, Codes, encoded
from sciml.protein.grammar import composition
from sciml.protein.relatives import RunIndex, families, without_relatives


def natural(draw: np.random.Generator, length: int) -> Codes:
    return draw.choice(UNKNOWN, length, p=composition()).astype(np.uint8)


def relative(draw: np.random.Generator, protein: Codes, identity: float) -> Codes:
    """A protein with another letter at some of its places."""
    other = protein.copy()
    count = round((1 - identity) * len(protein))
    places = draw.permutation(len(protein))[:count]
    other[places] = (other[places] + draw.integers(1, UNKNOWN, count)) % UNKNOWN
    return other


def found(identity: float, length: int, proteins: int = 400) -> float:
    """The share of proteins that are found by a relative."""
    draw = np.random.default_rng(1)
    ones = [natural(draw, length) for _ in range(proteins)]
    index = RunIndex(ones)
    hits = [k in index.relatives(relative(draw, one, identity)) for k, one in enumerate(ones)]
    return float(np.mean(hits))


@pytest.mark.parametrize(
    ("identity", "length", "least", "most"),
    [
        (0.5, 300, 0.92, 0.98),
        (0.4, 300, 0.28, 0.42),
        (0.5, 100, 0.20, 0.35),
        (0.5, 500, 0.98, 1),
        (0.7, 100, 0.98, 1),
        (0.3, 300, 0, 0.05),
    ],
)
def test_relatives_are_found_as_often_as_is_said(identity, length, least, most):
    assert least <= found(identity, length) <= most


@pytest.mark.parametrize("seed", range(3))
def test_shuffled_proteins_have_no_relatives(seed):
    draw = np.random.default_rng(seed)
    ones = [natural(draw, 300) for _ in range(1000)]
    index = RunIndex(ones)
    for one in ones[:200]:
        assert len(index.relatives(draw.permutation(one))) == 0


def test_runs_and_shifts_agree_with_an_alignment_without_gaps():
    """The slow way: every shift of every pair, runs of equal letters one by one."""
    draw = np.random.default_rng(4)
    ones = [draw.integers(0, 6, length).astype(np.uint8) for length in (40, 12, 25, 5, 60, 33)]
    index = RunIndex(ones)
    for query in [*ones, *(draw.integers(0, 6, 30).astype(np.uint8) for _ in range(40))]:
        slow = [k for k, one in enumerate(ones) if shared_letters(query, one) >= 12]
        assert index.relatives(query).tolist() == slow


def shared_letters(one: Codes, other: Codes) -> int:
    """Letters in runs of five with three kinds at least, at the best shift."""
    best = 0
    for shift in range(-len(one), len(other)):
        start, stop = max(0, -shift), min(len(one), len(other) - shift)
        covered = set()
        for place in range(start, stop - 4):
            run = one[place : place + 5]
            if (run == other[place + shift : place + shift + 5]).all() and len(set(run)) > 2:
                covered |= set(range(place, place + 5))
        best = max(best, len(covered))
    return best


def test_an_insertion_does_not_hide_a_relative():
    draw = np.random.default_rng(2)
    one = natural(draw, 300)
    longer = np.concatenate([one[:150], natural(draw, 20), one[150:]])
    assert RunIndex([longer]).relatives(one).tolist() == [0]


def test_relatives_of_relatives_are_one_family_and_strangers_are_not():
    draw = np.random.default_rng(3)
    proteins, truth = [], []
    for number in range(30):
        member = natural(draw, 300)
        for _ in range(4):  # each a relative of the one before
            proteins.append(member)
            truth.append(number)
            member = relative(draw, member, 0.7)
    order = draw.permutation(len(proteins))
    found = families([proteins[k] for k in order])
    kind = np.array(truth)[order]
    np.testing.assert_array_equal(found[:, None] == found, kind[:, None] == kind)
    # A family has the number of its first protein.
    assert all(kind[number] == kind[k] and number <= k for k, number in enumerate(found))


@pytest.mark.parametrize("stretch", ["Q" * 60, "GA" * 30, "GPPGPPPGGP" * 6, "X" * 60, "KX" * 30])
def test_low_complexity_does_not_join_strangers(stretch):
    draw = np.random.default_rng(5)
    one, two = (np.concatenate([natural(draw, 150), encoded(stretch)]) for _ in range(2))
    assert families([one, two]).tolist() == [0, 1]


def test_unknown_letters_are_not_shared():
    draw = np.random.default_rng(6)
    one = natural(draw, 60)
    hidden = one.copy()
    hidden[::4] = UNKNOWN  # no run of five is left
    assert RunIndex([one]).relatives(hidden).tolist() == []


def test_short_and_empty_proteins_are_nobodys_relatives():
    ones = [encoded(one) for one in ("", "M", "MKVLAGWYCHE", "MKVLAGWYCHER")]
    index = RunIndex(ones)
    assert [index.relatives(one).tolist() for one in ones] == [[], [], [], [3]]
    assert families(ones).tolist() == [0, 1, 2, 3]
    assert families([]).tolist() == []
    assert RunIndex([]).relatives(ones[3]).tolist() == []


def test_what_is_free_of_relatives_has_none_among_the_judged():
    draw = np.random.default_rng(7)
    judged = [natural(draw, 200) for _ in range(20)]
    learnt = [natural(draw, 200) for _ in range(50)]
    close = [relative(draw, one, 0.8) for one in judged[:5]]
    free = without_relatives([*learnt, *close], judged)
    assert free.tolist() == [True] * 50 + [False] * 5
    index = RunIndex(judged)
    kept = [one for one, alone in zip([*learnt, *close], free, strict=True) if alone]
    assert all(len(index.relatives(one)) == 0 for one in kept)


def test_many_copies_of_one_protein_are_relatives(monkeypatch):
    monkeypatch.setattr("sciml.protein.relatives._CROWD", 10)
    draw = np.random.default_rng(10)
    strangers, one = [natural(draw, 100) for _ in range(5)], natural(draw, 100)
    copies = [np.concatenate([one, natural(draw, 5)]) for _ in range(40)]
    assert families([*strangers, *copies]).tolist() == [0, 1, 2, 3, 4] + [5] * 40
    assert without_relatives([*strangers, *copies], [one]).tolist() == [True] * 5 + [False] * 40
    assert len(RunIndex(copies).stretches(one).other) == 10  # which are read, and no more


def test_relatives_are_mutual():
    draw = np.random.default_rng(8)
    ones = [natural(draw, 120) for _ in range(20)]
    ones += [relative(draw, one, 0.6) for one in ones]
    index = RunIndex(ones)
    table = np.zeros((40, 40), bool)
    for k, one in enumerate(ones):
        table[k, index.relatives(one)] = True
    np.testing.assert_array_equal(table, table.T)
    assert table.diagonal().all()


def test_the_end_of_a_giant_counts_like_its_beginning():
    draw = np.random.default_rng(9)
    giant, small = natural(draw, 100_000), [natural(draw, 200) for _ in range(50)]
    small.append(relative(draw, giant[-200:], 0.8))
    small.append(relative(draw, giant[:200], 0.8))
    index = RunIndex(small)
    assert index.relatives(giant).tolist() == [50, 51]
    assert [k for k, one in enumerate(small) if len(RunIndex([giant]).relatives(one))] == [50, 51]


def test_a_genome_is_refused():
    with pytest.raises(BadInput, match="at most 1,048,576 residues, got 1,048,577; is it a genome"):
        RunIndex([]).relatives(np.zeros((1 << 20) + 1, np.uint8))


def test_stretches_are_the_best_ones_without_a_gap():
    """The slow way: every first and last place of every pair of relatives at its shift."""
    draw = np.random.default_rng(6)
    ones = [natural(draw, 60) for _ in range(12)]
    others = [np.concatenate([natural(draw, 7), relative(draw, one, 0.6)]) for one in ones]
    index, seen = RunIndex(ones), 0
    for query in others:
        for other, shift, first, end, equal in zip(*index.stretches(query), strict=True):
            assert shift == -7
            same = np.array([query[k] == ones[other][k + shift] for k in range(7, 67)])
            worth = np.cumsum(np.concatenate([[0], np.where(same, 3, -1)]))
            best = max(worth[b] - worth[a] for a in range(61) for b in range(a, 61))
            assert worth[end - 7] - worth[first - 7] == best
            assert equal == same[first - 7 : end - 7].sum()
            seen += 1
    assert seen >= 4


def test_a_protein_is_like_itself_from_end_to_end():
    one = natural(np.random.default_rng(7), 200)
    found = RunIndex([one]).stretches(one)
    assert (found.first.tolist(), found.end.tolist(), found.equal.tolist()) == ([0], [200], [200])
    assert found.identity == 1
