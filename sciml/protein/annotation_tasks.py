"""The recipe that finds every word of a finished vocabulary in any number of proteins."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from pydantic import PositiveInt

from sciml.core.errors import BadInput
from sciml.core.user_files import user_file
from sciml.core.writing import sha256_of
from sciml.protein.alphabet import Codes
from sciml.protein.grammar import GrammarSettings, speak
from sciml.protein.sequences import ReadingReport
from sciml.protein.sources import GRAMMAR, named_proteins, source_sha256, told_changes
from sciml.protein.vocabulary.occurrences import Tally, write_occurrences
from sciml.protein.vocabulary.store import read_vocabulary
from sciml.training.recipe import Recipe
from sciml.training.run import Outcome, RecipeTask

OCCURRENCES_FILE: Final = "occurrences.parquet"


class AnnotateRecipe(Recipe):
    """Annotate proteins with a vocabulary."""

    sequences: str = GRAMMAR  # or a FASTA file, or protein_corpus
    vocabulary: str  # a Parquet file that a recipe of vocabularies has left
    grammar: GrammarSettings = GrammarSettings()  # of simulated_grammar
    spoken: PositiveInt = 200  # proteins of the grammar


def annotate(recipe: AnnotateRecipe, folder: Path) -> Outcome:
    """Write every occurrence of every word; a run that was killed starts anew.

    Args:
        recipe: The settings.
        folder: Folder of the run.

    Returns:
        Numbers of proteins, residues and occurrences, how many words and proteins have one, and
        the share of residues that belong to one; of a user's file, what is not as it stood there.
        The table, see :mod:`sciml.protein.vocabulary.occurrences`.

    Raises:
        BadInput: if there is no such file, it is no FASTA or no vocabulary, or has no protein or
            no word.
        DatasetMissing: if the corpus is asked for and not on this machine.
        DamagedFile: if a file was cut off or altered.
        WriteFailed: if the disk is full.
    """
    started = time.perf_counter(), time.process_time()
    vocabulary = user_file(recipe.vocabulary, "vocabulary")
    keys = read_vocabulary(vocabulary).keys
    if not keys:
        raise BadInput(f"vocabulary: {recipe.vocabulary}: has no word; make one that has")
    sha256 = {
        recipe.vocabulary: sha256_of(vocabulary),
        **source_sha256(recipe.sequences, "sequences"),
    }
    report = ReadingReport()
    tally = write_occurrences(
        folder / OCCURRENCES_FILE, keys, _proteins(recipe, report), {"inputs": sha256}
    )
    if not tally.proteins:
        raise BadInput(f"sequences: {recipe.sequences}: no protein to annotate")
    metrics = {**_metrics(tally), **told_changes(recipe.sequences, report)}
    seconds = {"wall": time.perf_counter() - started[0], "cpu": time.process_time() - started[1]}
    return Outcome("finished", metrics, sha256, [folder / OCCURRENCES_FILE], seconds)


def _proteins(recipe: AnnotateRecipe, report: ReadingReport) -> Iterator[tuple[str, Codes]]:
    """Ids and codes, one protein after another."""

    def spoken() -> Sequence[Codes]:
        # Another part than the one that the recipes of vocabularies count.
        return speak(recipe.grammar, recipe.spoken, recipe.seed, part=1).proteins

    return named_proteins(recipe.sequences, "sequences", spoken, report)


def _metrics(tally: Tally) -> dict[str, float]:
    """What was found."""
    return {
        "proteins": tally.proteins,
        "residues": tally.residues,
        "occurrences": tally.occurrences,
        "proteins_with_a_word": tally.proteins_with_a_word,
        "words": len(tally.found),
        "words_found": int(tally.found.sum()),
        "coverage": tally.covered / tally.residues,
    }


ANNOTATION_TASKS = {"protein/annotate": RecipeTask(AnnotateRecipe, annotate)}
