"""Letters and classes."""

import numpy as np

from sciml.protein.alphabet import CLASSES, LETTERS, UNKNOWN, classes_of, decoded, encoded


def test_letters_survive_the_way_there_and_back() -> None:
    assert decoded(encoded(LETTERS)) == LETTERS
    assert decoded(encoded(LETTERS.lower())) == LETTERS


def test_rare_residues_stand_for_their_likes_and_others_are_unknown() -> None:
    assert decoded(encoded("UOBZJ*-é1")) == "CKXXXXXXX"
    assert encoded("").shape == (0,)


def test_each_letter_is_in_one_class() -> None:
    assert sorted("".join(CLASSES)) == sorted(LETTERS)
    found = classes_of(encoded("ILVX"))
    np.testing.assert_array_equal(found, [0, 0, 0, len(CLASSES)])
    assert classes_of(np.array([UNKNOWN], np.uint8))[0] == len(CLASSES)
