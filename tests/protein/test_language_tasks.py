"""The recipe that trains a language model."""

from pathlib import Path

import numpy as np
import pytest

from sciml.protein.alphabet import encoded
from sciml.protein.language.network import LanguageModelSettings
from sciml.protein.language.training import Proteins
from sciml.protein.language.weights import load_model
from sciml.protein.language_tasks import (
    GRAMMAR,
    WEIGHTS_FILE,
    CorpusData,
    LanguageRecipe,
    language_model,
    letters_alone,
    proteins_of,
)
from sciml.training.fit import FitSettings


def test_the_recipe_leaves_weights_and_says_what_letters_alone_would_give(tmp_path: Path) -> None:
    recipe = LanguageRecipe(
        task="protein/language-model",
        title="small",
        data=CorpusData(source=GRAMMAR, spoken=40, validation=10),
        model=LanguageModelSettings(layers=1, heads=2, width=8, inner=8),
        training=FitSettings(epochs=1),
    )
    outcome = language_model(recipe, tmp_path)
    assert outcome.outputs == [tmp_path / WEIGHTS_FILE]
    assert load_model(tmp_path / WEIGHTS_FILE).settings == recipe.model
    assert outcome.metrics["proteins"] == 40
    assert 15 < outcome.metrics["letters_alone_perplexity"] < 20


def test_letters_alone_are_undecided_among_equally_frequent_ones() -> None:
    even = [encoded("ACDEFGHIKLMNPQRSTVWY") for _ in range(200)]
    np.testing.assert_allclose(letters_alone(Proteins(even, even)), 20, rtol=1e-6)


@pytest.mark.realdata
@pytest.mark.slow
def test_nothing_that_is_learnt_has_a_relative_that_is_judged() -> None:
    from sciml.protein.relatives import RunIndex
    from sciml.protein.sources import judged_proteins

    proteins, told = proteins_of(CorpusData(), seed=1)
    assert told.left_out > 1000
    index = RunIndex(proteins.learnt)
    judged = [encoded(one) for one in judged_proteins("protein_corpus")]
    assert not any(len(index.relatives(one)) for one in [*judged, *proteins.validation])
