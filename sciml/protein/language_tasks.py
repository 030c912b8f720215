"""The recipe that trains a language model of proteins."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydantic import PositiveInt, SerializerFunctionWrapHandler, model_serializer

from sciml.core.errors import BadInput
from sciml.core.seeds import seed_everything
from sciml.core.settings import Settings
from sciml.core.user_files import user_file
from sciml.core.writing import sha256_of
from sciml.protein.alphabet import UNKNOWN, encoded
from sciml.protein.grammar import GrammarSettings, speak
from sciml.protein.language.corpus import BatchSettings
from sciml.protein.language.network import LanguageModel, LanguageModelSettings
from sciml.protein.language.training import Proteins, held_out, judged, train
from sciml.protein.language.weights import load_model, save_weights
from sciml.protein.relatives import without_relatives
from sciml.protein.sources import CORPUS, GRAMMAR, Judging, corpus, drawn, judged_proteins
from sciml.training.fit import FitEnd, FitResult, FitSettings
from sciml.training.recipe import Recipe
from sciml.training.run import Outcome, RecipeTask, record_folder

WEIGHTS_FILE = "language_model.safetensors"


class CorpusData(Settings):
    """What is learnt from."""

    source: str = CORPUS  # or a FASTA file, or simulated_grammar, which needs no download
    leave_out_judged: bool | None = None  # and their relatives; none: of protein_corpus only
    validation: PositiveInt = 200  # proteins that choose the weights
    grammar: GrammarSettings = GrammarSettings()  # of simulated_grammar
    spoken: PositiveInt = 12_000  # proteins of the grammar

    @model_serializer(mode="wrap")
    def _without_the_usual(self, told: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """What is left out is told only where it was asked, so that digests stay as they were."""
        values: dict[str, Any] = told(self)
        asked = self.leave_out_judged is not None
        return {k: v for k, v in values.items() if asked or k != "leave_out_judged"}

    @property
    def leaves_out_judged(self) -> bool:
        """Whether proteins that judge, and their relatives, are left out."""
        return self.source == CORPUS if self.leave_out_judged is None else self.leave_out_judged


class LanguageRecipe(Recipe):
    """Train a language model on proteins none of which is related to one that judges vocabularies.

    The proteins that choose the weights are drawn as those that judge are, so that
    some of them are the same.
    """

    data: CorpusData = CorpusData()
    start: str | None = None  # weights to go on from, whose sizes count; none: of `model`, random
    model: LanguageModelSettings = LanguageModelSettings()
    batches: BatchSettings = BatchSettings()
    training: FitSettings | None = FitSettings()  # null judges the weights as they are
    licence: str | None = None  # of the weights, and of what they learnt from; said in their header

    @model_serializer(mode="wrap")
    def _without_the_usual(self, told: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Neither a random start nor no licence is told, so that digests stay as they were."""
        values: dict[str, Any] = told(self)
        return {k: v for k, v in values.items() if v is not None or k not in ("start", "licence")}


def language_model(recipe: LanguageRecipe, folder: Path) -> Outcome:
    """Train, and save the weights in half precision.

    Args:
        recipe: The settings.
        folder: Folder of the run.

    Returns:
        Perplexity on the validation, numbers of proteins and residues, and the file of weights.

    Raises:
        BadInput: if the weights to go on from are no model.
        DatasetMissing: if the data are not on this machine.
    """
    # What the user gave is read first: a mistake in it is told at once.
    start = None if recipe.start is None else user_file(recipe.start, "start")
    given = None if start is None else load_model(start)
    proteins, told = proteins_of(recipe.data, recipe.seed)
    seed_everything(recipe.seed)
    model = given or LanguageModel(recipe.model)
    used = {} if start is None else {str(recipe.start): sha256_of(start)}
    sha256 = told.sha256 | used
    result = _trained(model, proteins, recipe, folder, sha256)
    metrics = {
        **{f"validation_{name}": value for name, value in result.best.items()},
        "parameters": sum(int(np.prod(one.shape)) for one in model.parameters()),
        "proteins": len(proteins.learnt),
        "residues": sum(map(len, proteins.learnt)),
        "letters_alone_perplexity": letters_alone(proteins),
        "left_out_as_relatives": told.left_out,
        "steps": result.steps,
        **told.changed,
    }
    seconds = {"wall": result.wall_seconds, "cpu": result.cpu_seconds}
    about = {} if recipe.licence is None else {"licence": recipe.licence}
    weights = save_weights(folder / WEIGHTS_FILE, model, about)
    return Outcome(result.end.value, metrics, sha256, [weights], seconds)


def _trained(
    model: LanguageModel,
    proteins: Proteins,
    recipe: LanguageRecipe,
    folder: Path,
    sha256: Mapping[str, str],
) -> FitResult:
    """Train a model, or only judge it; a training of other files than these is not gone on with."""
    if recipe.training is None:
        started = time.perf_counter(), time.process_time()
        best = judged(model, held_out(proteins.validation, recipe.batches, recipe.seed))
        spent = time.perf_counter() - started[0], time.process_time() - started[1]
        return FitResult(FitEnd.FINISHED, 0, 0, best, *spent)
    return train(
        model,
        proteins,
        recipe.batches,
        recipe.training,
        seed=recipe.seed,
        folder=folder,
        recipe=recipe.model_dump(mode="json") | {"sha256": dict(sha256)},
    )


class Told(NamedTuple):
    """What a record says of the proteins."""

    sha256: dict[str, str]  # of all files that were read, by name
    left_out: int  # relatives of those that judge, or of those that choose the weights
    changed: Mapping[str, int] = {}  # what of a user's file is not as it stood there


def proteins_of(data: CorpusData, seed: int) -> tuple[Proteins, Told]:
    """What is learnt: no relative of what judges vocabularies or of what chooses the weights.

    Args:
        data: Corpus, file of the user, or grammar. Those of its proteins whose SHA-256 are smallest
            choose the weights, whether they judge vocabularies or not.
        seed: Of the grammar.

    Returns:
        Proteins, and what the record says of them.

    Raises:
        BadInput: if there is no such source, or nothing is left to learn from.
        DatasetMissing: if the data are not on this machine.
    """
    if data.source == GRAMMAR:
        learnt = speak(data.grammar, data.spoken, seed)
        others = speak(data.grammar, data.validation, seed, part=1)
        return Proteins(learnt.proteins, others.proteins), Told({}, 0)
    found = corpus(data.source)
    chosen = [encoded(one) for one in drawn(found.sequences, len(found.sequences))]
    validation, others = chosen[: data.validation], chosen[data.validation :]
    judging = judged_proteins() if data.leaves_out_judged else Judging([], {})
    judged = [encoded(one) for one in judging.sequences]
    free = without_relatives(others, [*judged, *validation])
    learnt = [one for one, alone in zip(others, free, strict=True) if alone]
    if not learnt:
        raise BadInput(
            f"data.source: {data.source}: none of {len(chosen)} different proteins is left to "
            f"learn from: {len(validation)} choose the weights, {len(others)} are related to them "
            "or to those that judge. Give more families of proteins, or less data.validation."
        )
    sha256 = found.sha256 | judging.sha256
    return Proteins(learnt, validation), Told(sha256, int((~free).sum()), found.changed)


def letters_alone(proteins: Proteins) -> float:
    """Perplexity on the validation of a model that knows how frequent letters are."""
    learnt, validation = (
        np.bincount(np.concatenate(part), minlength=UNKNOWN + 1)[:UNKNOWN] for part in proteins
    )
    shares = (learnt + 1) / (learnt + 1).sum()
    return float(np.exp(-(validation * np.log(shares)).sum() / validation.sum()))


def weights_of(name: str) -> tuple[str, Path]:
    """Weights of a recipe's published record, or of a file of the user.

    Args:
        name: ``domain/name`` of the recipe, or of the file, see
            :func:`sciml.core.user_files.user_file`.

    Returns:
        What a record calls the file, and the file.

    Raises:
        BadInput: if there is neither.
    """
    published = record_folder(name) / WEIGHTS_FILE
    if published.is_file():
        return f"{name}/{WEIGHTS_FILE}", published
    return name, user_file(name, "weights")


LANGUAGE_TASKS = {"protein/language-model": RecipeTask(LanguageRecipe, language_model)}
