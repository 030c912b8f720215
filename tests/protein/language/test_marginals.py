"""What a language model expects at hidden residues."""

import numpy as np
import paddle
import pytest

from sciml.core.errors import BadInput
from sciml.protein.alphabet import LETTERS, encoded
from sciml.protein.language.marginals import information, masked_marginals
from sciml.protein.language.tokens import FIRST_LETTER, MASK, tokens_of
from tests.protein.language.small_models import small_model

PROTEIN = encoded("MKVLAGWTYEX")


def test_expected_letters_are_probabilities() -> None:
    chances = masked_marginals(small_model(3), PROTEIN)
    assert chances.shape == (len(PROTEIN), 20)
    np.testing.assert_allclose(chances.sum(1), 1, atol=1e-5)


def test_a_residue_alone_is_hidden_where_all_are_farther_apart_than_the_protein_is_long() -> None:
    model = small_model(1)
    found = masked_marginals(model, PROTEIN, apart=len(PROTEIN))
    for place in range(len(PROTEIN)):
        tokens = tokens_of(PROTEIN)
        tokens[place + 1] = MASK
        with paddle.no_grad():
            logits = model.logits(model(paddle.to_tensor(tokens[None])))[0, place + 1]
        letters = logits.numpy()[FIRST_LETTER : FIRST_LETTER + len(LETTERS)].astype(np.float64)
        expected = np.exp(letters) / np.exp(letters).sum()
        np.testing.assert_allclose(found[place], expected, rtol=1e-4)


def test_what_stands_at_hidden_residues_does_not_matter() -> None:
    other = PROTEIN.copy()
    other[2::4] = 0
    found, again = (masked_marginals(small_model(2), one, apart=4) for one in (PROTEIN, other))
    np.testing.assert_array_equal(found[2::4], again[2::4])
    assert not np.allclose(found[0::4], again[0::4])


@pytest.mark.parametrize(("protein", "apart"), [("", 8), ("MKV", 0)])
def test_nothing_to_hide_is_refused(protein: str, apart: int) -> None:
    with pytest.raises(BadInput, match="leave empty proteins out"):
        masked_marginals(small_model(0), encoded(protein), apart)


def test_information_is_none_of_the_usual_and_most_of_what_is_rare() -> None:
    usual = np.array([0.5, 0.25, 0.25] + [0.0] * 17) + 1e-9
    certain = np.eye(20, dtype=np.float32)[:3]
    np.testing.assert_allclose(information(certain, usual), [1, 2, 2], atol=1e-6)
    np.testing.assert_allclose(information(usual[None].astype(np.float32), usual), 0, atol=1e-6)
