"""The recipe that trains a language model of proteins."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydantic import PositiveInt

from sciml.core.seeds import seed_everything
from sciml.core.settings import Settings
from sciml.protein.alphabet import encoded
from sciml.protein.language.corpus import BatchSettings
from sciml.protein.language.network import LanguageModel, LanguageModelSettings
from sciml.protein.language.training import Proteins, train
from sciml.protein.language.weights import save_weights
from sciml.protein.relatives import without_relatives
from sciml.protein.sources import corpus, judged_proteins
from sciml.training.fit import FitSettings
from sciml.training.recipe import Recipe
from sciml.training.run import Outcome, RecipeTask

WEIGHTS_FILE = "language_model.safetensors"


class CorpusData(Settings):
    """What is learnt from."""

    source: str = "protein_corpus"  # or simulated_grammar, which needs no download
    validation: PositiveInt = 200  # proteins that choose the weights


class LanguageRecipe(Recipe):
    """Train a language model on proteins none of which is related to one that will be judged."""

    data: CorpusData = CorpusData()
    model: LanguageModelSettings = LanguageModelSettings()
    batches: BatchSettings = BatchSettings()
    training: FitSettings = FitSettings()


def language_model(recipe: LanguageRecipe, folder: Path) -> Outcome:
    """Train, and save the weights in half precision.

    Args:
        recipe: The settings.
        folder: Folder of the run.

    Returns:
        Perplexity on the validation, numbers of proteins and residues, and the file of weights.

    Raises:
        DatasetMissing: if the data are not on this machine.
    """
    found = corpus(recipe.data.source)
    chosen = in_drawn_order(found.sequences)
    validation = [encoded(one) for one in chosen[: recipe.data.validation]]
    others = [encoded(one) for one in chosen[recipe.data.validation :]]
    judged = [encoded(one) for one in judged_proteins(recipe.data.source)]
    free = without_relatives(others, [*judged, *validation])
    proteins = [one for one, alone in zip(others, free, strict=True) if alone]
    seed_everything(recipe.seed)
    model = LanguageModel(recipe.model)
    result = train(
        model,
        Proteins(proteins, validation),
        recipe.batches,
        recipe.training,
        seed=recipe.seed,
        folder=folder,
        recipe=recipe.model_dump(mode="json"),
    )
    metrics = {
        **{f"validation_{name}": value for name, value in result.best.items()},
        "parameters": sum(int(np.prod(one.shape)) for one in model.parameters()),
        "proteins": len(proteins),
        "residues": sum(map(len, proteins)),
        "left_out_as_relatives": int((~free).sum()),
        "steps": result.steps,
    }
    seconds = {"wall": result.wall_seconds, "cpu": result.cpu_seconds}
    weights = save_weights(folder / WEIGHTS_FILE, model)
    return Outcome(result.end.value, metrics, found.sha256, [weights], seconds)


def in_drawn_order(sequences: Sequence[str]) -> list[str]:
    """Distinct sequences in an order that depends on nothing but themselves."""
    return sorted(set(sequences), key=lambda one: hashlib.sha256(one.encode()).hexdigest())


LANGUAGE_TASKS = {"protein/language-model": RecipeTask(LanguageRecipe, language_model)}
