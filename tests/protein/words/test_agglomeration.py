"""Words that links hold together."""

import numpy as np

from sciml.protein.words.agglomeration import WordSettings, words_of
from sciml.protein.words.links import Links


def links(rows: list[tuple[int, int, int, float]]) -> Links:
    """Head, two residues and log10 p of each link."""
    return Links(
        np.array([row[0] for row in rows], np.int32),
        np.array([row[1:3] for row in rows], np.int32).reshape(-1, 2),
        np.array([row[3] for row in rows], np.float32),
    )


def clique(
    head: int, residues: tuple[int, ...], log10_p: float
) -> list[tuple[int, int, int, float]]:
    return [(head, a, b, log10_p) for k, a in enumerate(residues) for b in residues[k + 1 :]]


def test_residues_that_are_all_linked_are_a_word_with_its_gaps() -> None:
    (word,) = words_of(links(clique(3, (2, 9, 30), -5.0)), WordSettings())
    assert word.positions == (2, 9, 30)
    assert word.heads == (3,)
    np.testing.assert_allclose(word.log10_p, -5)
    assert not word.is_continuous


def test_letters_bound_by_different_heads_make_one_word() -> None:
    given = [(0, 1, 2, -6.0), (1, 2, 3, -5.0), (2, 1, 3, -4.0)]
    (word,) = words_of(links(given), WordSettings())
    assert (word.positions, word.heads) == ((1, 2, 3), (0, 1, 2))


def test_the_same_word_in_several_heads_is_one_with_all_of_them() -> None:
    given = clique(0, (1, 2, 3, 4, 5), -6.0) + clique(7, (1, 2, 3, 4), -5.0)
    (word,) = words_of(links(given), WordSettings())
    assert (word.positions, word.heads) == ((1, 2, 3, 4, 5), (0, 7))


def test_one_weak_link_does_not_join_two_words() -> None:
    given = [*clique(0, (0, 1, 2, 3), -8.0), *clique(0, (10, 11, 12, 13), -8.0)]
    found = words_of(links([*given, (0, 3, 10, -2.0)]), WordSettings(density=0.5))
    assert [word.positions for word in found] == [(0, 1, 2, 3), (10, 11, 12, 13)]


def test_words_do_not_grow_beyond_their_longest() -> None:
    given = clique(0, tuple(range(8)), -3.0)
    found = words_of(links(given), WordSettings(most=4))
    assert found
    assert max(len(word.positions) for word in found) == 4


def test_pairs_alone_are_no_words() -> None:
    assert words_of(links([(0, 1, 5, -9.0)]), WordSettings()) == []
    assert words_of(links([]), WordSettings()) == []
