"""Words of residues that a language model is sure of."""

import numpy as np

from sciml.protein.alphabet import encoded
from sciml.protein.evaluation.certain_words import Certainty, certainty
from sciml.protein.evaluation.places import covered
from tests.protein.language.small_models import small_model

PROTEINS = [encoded(one) for one in ("MKVLAGWTYE" * 6, "GGSGGSNDEC" * 5, "WYFHMQRTKP" * 4)]


def test_so_many_residues_count_as_sure_as_were_asked_for() -> None:
    found = certainty(small_model(1), PROTEINS, share=0.2)
    sure = np.concatenate([found.sure(one) for one in PROTEINS])
    assert sure.sum() == round(0.2 * len(sure))
    np.testing.assert_allclose(found.usual.sum(), 1)


def test_words_are_all_sure_residues_and_break_at_wide_gaps() -> None:
    found = certainty(small_model(1), PROTEINS, share=0.2)
    places = found(PROTEINS)
    masks = covered(places, [len(one) for one in PROTEINS])
    for mask, one in zip(masks, PROTEINS, strict=True):
        np.testing.assert_array_equal(mask, found.sure(one))
    for word in range(places.size):
        residues = places.residues[places.first[word] : places.first[word + 1]]
        assert (np.diff(residues) <= 5).all()
        after = places.first[word + 1]
        if word + 1 < places.size and places.protein[word] == places.protein[word + 1]:
            assert places.residues[after] - residues[-1] > 5


def test_nothing_is_sure_where_too_much_is_asked() -> None:
    never = Certainty(small_model(1), np.full(20, 0.05), np.inf)
    assert never(PROTEINS).size == 0
    assert never.sure(encoded("")).shape == (0,)
