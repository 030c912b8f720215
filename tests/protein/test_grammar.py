"""A grammar whose words are known."""

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.protein.alphabet import LETTERS
from sciml.protein.grammar import GrammarSettings, composition, grammar_words, speak

SETTINGS = GrammarSettings()


@pytest.mark.parametrize("seed", range(3))
def test_words_are_where_they_are_said_to_be(seed: int) -> None:
    exact = SETTINGS.model_copy(update={"misspelt": 0.0})
    spoken = speak(exact, 50, seed)
    assert spoken.occurrences
    for one in spoken.occurrences:
        word = spoken.words[one.word]
        np.testing.assert_array_equal(one.positions - one.positions[0], word.offsets)
        np.testing.assert_array_equal(spoken.proteins[one.protein][one.positions], word.letters)


def test_words_do_not_share_residues() -> None:
    spoken = speak(SETTINGS, 100, 0)
    for number in range(100):
        there = [o.positions for o in spoken.occurrences if o.protein == number]
        taken = np.concatenate([np.zeros(0, int), *there])
        assert len(np.unique(taken)) == len(taken)
        assert 0 <= len(there) <= SETTINGS.words[1]


def test_as_many_letters_are_misspelt_as_asked() -> None:
    spoken = speak(SETTINGS.model_copy(update={"misspelt": 0.2}), 1000, 1)
    wrong = [
        spoken.proteins[o.protein][o.positions] != spoken.words[o.word].letters
        for o in spoken.occurrences
    ]
    # A letter that is left as it was drawn is right by chance once in about sixteen cases.
    assert abs(np.concatenate(wrong).mean() - 0.2 * (1 - (composition() ** 2).sum())) < 0.015


def test_kinds_of_words_are_as_many_as_asked() -> None:
    words = grammar_words(SETTINGS, 5)
    continuous = [word.is_continuous for word in words]
    assert continuous == [True] * SETTINGS.continuous + [False] * SETTINGS.gapped
    assert all(len(word.letters) == len(set(word.letters.tolist())) for word in words)


def test_parts_have_the_same_words_and_other_proteins() -> None:
    one, other = speak(SETTINGS, 20, 3), speak(SETTINGS, 20, 3, part=1)
    for first, second in zip(one.words, other.words, strict=True):
        np.testing.assert_array_equal(first.letters, second.letters)
    assert not any(np.array_equal(a, b) for a in one.proteins for b in other.proteins)
    again = speak(SETTINGS, 20, 3)
    assert all(np.array_equal(a, b) for a, b in zip(one.proteins, again.proteins, strict=True))


def test_letters_are_as_frequent_as_in_nature() -> None:
    shares = dict(zip(LETTERS, composition(), strict=True))
    assert max(shares, key=shares.__getitem__) == "L"
    assert min(shares, key=shares.__getitem__) == "W"
    np.testing.assert_allclose(composition().sum(), 1)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"longest_gap": 1}, "greater than or equal to 2"),
        ({"continuous": 400}, "at most 190 words"),
        ({"letters": (6, 4)}, "letters: expected the least and the most, got 6, 4"),
        ({"length": (90, 60)}, "length: expected the least and the most, got 90, 60"),
        ({"words": (4, 2)}, "words: expected the least and the most, got 4, 2"),
        ({"words": (-1, 2)}, "words: expected 0 or more"),
        ({"letters": (1, 1)}, "letters: expected 2 to 20 different ones"),
        ({"letters": (4, 21), "words": (1, 1)}, "letters: expected 2 to 20 different ones"),
        ({"letters": (6, 6), "words": (1, 1), "length": (14, 20)}, "half the shortest protein"),
    ],
)
def test_words_that_no_grammar_has_are_refused(changed: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        GrammarSettings.model_validate(changed)


def test_gaps_that_hardly_ever_fit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sciml.protein.grammar._TRIES", 1000)
    wide = GrammarSettings(letters=(20, 20), words=(1, 1), longest_gap=11)
    with pytest.raises(BadInput, match="lower longest_gap or letters"):
        grammar_words(wide, 0)


def test_the_least_settings_have_words() -> None:
    least = GrammarSettings(letters=(2, 2), longest_gap=2, length=(8, 8), words=(0, 1))
    assert len(grammar_words(least, 0)) == least.continuous + least.gapped


def test_words_that_would_fill_the_protein_are_refused() -> None:
    with pytest.raises(ValueError, match="more than half of the shortest protein"):
        GrammarSettings(length=(20, 30))
