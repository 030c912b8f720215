"""Masked letters: what is asked for, and that it is learnt."""

import numpy as np
import paddle
import pytest

from sciml.core.errors import BadInput
from sciml.protein.language.corpus import BatchSettings
from sciml.protein.language.network import LanguageModel, LanguageModelSettings
from sciml.protein.language.tokens import FIRST_LETTER, MASK
from sciml.protein.language.training import (
    ASKED,
    Proteins,
    held_out,
    judged,
    masked,
    masked_loss,
    train,
)
from sciml.training.fit import FitSettings
from sciml.training.optimiser import OptimiserSettings
from tests.protein.language.small_models import small_model, tokens_and_padding


def test_only_letters_are_masked_and_as_many_as_asked() -> None:
    tokens, _ = tokens_and_padding(0, (2000,))
    seen, truth = masked(tokens, seed=3)
    asked = truth >= 0
    assert abs(asked.mean() - ASKED) < 0.02
    assert (seen[asked] == MASK).all()
    np.testing.assert_array_equal(seen[~asked], tokens[~asked])
    np.testing.assert_array_equal(truth[asked], tokens[asked])
    assert (tokens[asked] >= FIRST_LETTER).all()
    assert not asked[tokens == MASK].any()


def test_a_model_without_opinion_is_undecided_among_all_tokens() -> None:
    model = small_model(0)
    for weight in model.parameters():
        weight.set_value(paddle.zeros_like(weight))
    tokens, _ = tokens_and_padding(1, (200,))
    found = judged(model, [masked(tokens, 0)])
    np.testing.assert_allclose(found["perplexity"], 33, rtol=1e-5)


def test_what_the_rest_of_a_protein_tells_is_learnt() -> None:
    given = [np.full(30, letter % 4, np.uint8) for letter in range(80)]  # one letter each
    paddle.seed(0)
    model = LanguageModel(LanguageModelSettings(layers=1, heads=2, width=16, inner=32))
    settings = FitSettings(epochs=30, optimiser=OptimiserSettings(learning_rate=0.02))
    cut = BatchSettings(tokens=256)
    best = train(model, Proteins(given[:60], given[60:]), cut, settings, seed=1).best
    assert best["perplexity"] < 1.1  # one of four letters without context is 4
    np.testing.assert_allclose(best["perplexity"], np.exp(best["loss"]))


def test_a_batch_in_which_nothing_is_masked_teaches_nothing() -> None:
    model, ends = small_model(0), paddle.to_tensor(np.array([[[0, MASK, 2]]]))  # no letter
    loss = masked_loss(model, {"tokens": ends})
    loss.backward()
    assert float(loss) == 0
    gradients = [one.grad for one in model.parameters() if one.grad is not None]
    assert gradients
    assert all((one == 0).all() for one in gradients)


def test_a_validation_passes_over_batches_in_which_nothing_is_masked() -> None:
    draw, cut = np.random.default_rng(0), BatchSettings()
    short, long = ([draw.integers(0, 20, n).astype(np.uint8)] for n in (1, 60))
    seed = next(k for k in range(9) if (np.random.default_rng(k).random((1, 3)) >= ASKED).all())
    both, alone = (held_out(given, cut, seed) for given in ([*short, *long], long))
    assert judged(small_model(0), both) == judged(small_model(0), alone)
    with pytest.raises(BadInput, match="validation: none of the letters of 1 proteins is masked"):
        held_out(short, cut, seed)
