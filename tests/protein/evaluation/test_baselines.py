"""Baselines find what they should: oracles by plain search, and the same twice."""

import re

import numpy as np
import pytest

from sciml.protein.alphabet import LETTERS, Codes, decoded, encoded
from sciml.protein.evaluation.baselines import (
    BytePairs,
    PeerStrings,
    first_residues,
    frequent_spaced_words,
    preferred_spaced_words,
)
from sciml.protein.evaluation.places import covered
from sciml.protein.evaluation.spaced import best, expected, offsets, preference, support
from sciml.protein.sequences import Protein
from sciml.protein.sources import PeerWords
from sciml.protein.word import Word


def random_proteins(seed: int, count: int = 60, planted: str = "") -> list[Codes]:
    """Random proteins; each with letters planted once, ``.`` leaving a residue as it is."""
    generator, found = np.random.default_rng(seed), []
    for _ in range(count):
        codes = generator.integers(0, 20, int(generator.integers(30, 90))).astype(np.uint8)
        start = int(generator.integers(0, len(codes) - len(planted)))
        for place, letter in enumerate(planted):
            if letter != ".":
                codes[start + place] = LETTERS.index(letter)
        found.append(codes)
    return found


def test_support_is_that_of_a_search_in_each_protein() -> None:
    proteins, shapes = random_proteins(0, planted="C..CH"), offsets(3)
    seen = support(proteins, shapes)
    generator = np.random.default_rng(1)
    for shape in generator.integers(0, len(shapes), 10):
        word = int(np.argmax(seen[shape]))
        letters = [LETTERS[word // 20**k % 20] for k in (3, 2, 1, 0)]
        steps = np.diff(shapes[shape])
        pattern = letters[0] + "".join(
            "." * (step - 1) + letter for step, letter in zip(steps, letters[1:], strict=True)
        )
        assert seen[shape, word] == sum(bool(re.search(pattern, decoded(one))) for one in proteins)


def test_expected_words_add_up_to_all_words() -> None:
    proteins = random_proteins(2)
    assert expected(proteins).sum() == pytest.approx(
        sum(len(one) - 3 for one in proteins), rel=1e-4
    )


def test_shuffled_proteins_support_words_as_often_as_expected() -> None:
    generator = np.random.default_rng(3)
    letters = np.array([1, 1, 1, 2, 3, 4])  # few, so that words come often
    proteins = [generator.choice(letters, 40).astype(np.uint8) for _ in range(50)]
    shapes, rounds = offsets(1), 200
    total = np.zeros(20**4)
    for _ in range(rounds):
        total += support([generator.permutation(one) for one in proteins], shapes)[0]
    chance = expected(proteins)
    word = 2 * 8000 + 3 * 400 + 4 * 20 + 2  # no letter twice in a row: support is occurrences
    assert total[word] / rounds == pytest.approx(chance[word], rel=0.25)


def test_what_is_planted_is_preferred_most() -> None:
    proteins = random_proteins(4, planted="W.CH..M")
    words = preferred_spaced_words(proteins, 1)
    found = words(proteins)
    for protein in range(len(proteins)):
        here = found.residues.reshape(-1, 4)[found.protein == protein]
        assert any(decoded(proteins[protein][row]) == "WCHM" for row in here)


def test_places_spell_words_of_the_vocabulary() -> None:
    proteins = random_proteins(5, planted="G.GK")
    words = frequent_spaced_words(proteins, 50)
    found = words(random_proteins(6))
    rows = found.residues.reshape(-1, 4)
    shapes = {tuple(row) for row in words.offsets.tolist()}
    assert words.size == 50
    assert {tuple((row - row[0]).tolist()) for row in rows} <= shapes


def test_the_best_words_are_those_with_the_highest_scores() -> None:
    proteins, shapes = random_proteins(7), offsets(1)
    scores = preference(support(proteins, shapes), expected(proteins))
    held = best(scores, shapes, 30).held
    assert scores[held].min() >= scores[~held].max()


def test_byte_pairs_are_the_same_twice_and_cut_proteins_whole() -> None:
    proteins = random_proteins(8, planted="WCHMKY")
    one, two = BytePairs(proteins, 120), BytePairs(proteins, 120)
    assert one.words() == two.words()
    assert len(one.words()) == 120
    unseen = random_proteins(9)
    for mask in covered(one.longer(1)(unseen), [len(codes) for codes in unseen]):
        assert mask.all()


def test_byte_pairs_leave_out_unknown_letters_and_short_words() -> None:
    words = BytePairs([encoded("WCHM" * 20)] * 5, 40)
    assert not words.longer(1)([encoded("X")]).size
    found = words.longer(3)([encoded("WCHMWCHM")])
    assert (np.diff(found.first) >= 3).all()


def peer() -> PeerWords:
    """Two words, one of which has a gap."""
    protein = Protein("P1", "", "AAIKDEGGC")
    return PeerWords((protein,), [[Word((2, 3, 4, 5), (), 0.0), Word((3, 4, 8), (), 0.0)]])


def test_peer_strings_match_by_class_and_only_without_gaps() -> None:
    words = PeerStrings(peer())
    assert len(words) == 1
    (mask,) = covered(words([encoded("MVREDMKDXXXC")]), [12])
    assert mask.tolist() == [False] + [True] * 4 + [False] * 7


def test_first_residues_are_covered_whatever_they_are() -> None:
    places = first_residues(3)([encoded("MKVL"), encoded("A"), encoded("")])
    masks = covered(places, [4, 1, 0])
    assert [mask.tolist() for mask in masks] == [[True, True, True, False], [True], []]
